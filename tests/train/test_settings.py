import ast
import inspect
import re
from dataclasses import fields
from itertools import pairwise

import pytest

from pipeline.config import build
from pipeline.errors import ConfigError
from pipeline.train.settings import TrainSettings


def test_the_defaults_are_valid_and_can_be_built_from_an_empty_section() -> None:
    assert build(TrainSettings, {}, "train", "kvarn.toml") == TrainSettings()


def test_a_toml_list_becomes_the_target_modules() -> None:
    made = build(TrainSettings, {"target_modules": ["q_proj"], "epochs": 2}, "train", "kvarn.toml")
    assert (made.target_modules, made.epochs) == (("q_proj",), 2.0)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("context", 8),
        ("rank", 0),
        ("batch", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("epochs", -1.0),
        ("dropout", 1.0),
        ("warmup", -0.1),
        ("replay_share", 1.0),
        ("max_general_loss_increase", 1.5),
        ("min_domain_gain", -0.1),
        ("min_train_tokens", 0),
        ("seed", -1),
        ("target_modules", ()),
        ("base_model", " "),
        ("replay", ""),
        ("compare_with", ""),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_the_name_of_its_key(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"train.{key} = ")):
        TrainSettings(**{key: value})  # type: ignore[arg-type]


def test_every_field_says_why_it_exists() -> None:
    (definition,) = ast.parse(inspect.getsource(TrainSettings)).body
    assert isinstance(definition, ast.ClassDef)
    described = [
        ast.unparse(field.target)
        for field, note in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign) and isinstance(note, ast.Expr) and len(ast.unparse(note)) > 30
    ]
    assert described == [field.name for field in fields(TrainSettings)]
