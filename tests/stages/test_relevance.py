"""Relevance: exemplars pull like texts above others; the model is a value; laws of batches; domains of the shared data are told."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import build
from pipeline.errors import ConfigError
from pipeline.stage import run_measure
from pipeline.stages.relevance import Relevance, RelevanceConfig, RelevanceModel, fit, relevance_rules

ROOT = Path(__file__).resolve().parents[2]
RAW = ROOT.parent / "shared" / "data" / "raw"

FOREST = [
    "Granarna står tätt i skogen och gallras om tio år.",
    "Skogen avverkas och marken planteras med gran.",
]
GENERAL = ["Soppan kokas i en timme och serveras med bröd.", "Tåget gick i tid och kom fram på kvällen."]
CONFIG = RelevanceConfig(exemplars=("x",), buckets=5000)


def relevance(texts: list[str], model: RelevanceModel) -> list[float]:
    ids = pa.array([str(i) for i in range(len(texts))], pa.string())
    table = pa.table({"doc_id": ids, "text": pa.array(texts, pa.large_string())})
    return list(run_measure(Relevance(model), table)["relevance"].to_pylist())


def test_what_is_like_the_exemplars_lies_above_what_is_not() -> None:
    near, far = relevance(["Skogen gallras.", "Soppan kokas med bröd."], fit(FOREST, GENERAL, CONFIG))
    assert near > max(far, 0)


def test_length_does_not_count() -> None:
    model = fit(FOREST, GENERAL, CONFIG)
    one, many = relevance([FOREST[0], " ".join([FOREST[0]] * 50)], model)
    assert one == pytest.approx(many, abs=0.1)


def test_without_exemplars_and_without_words_it_is_nan() -> None:
    assert all(map(math.isnan, relevance(["Skogen", ""], RelevanceModel())))
    assert math.isnan(relevance(["..."], fit(FOREST, GENERAL, CONFIG))[0])


def test_the_model_depends_on_content_and_not_on_order() -> None:
    one = fit(FOREST, GENERAL, CONFIG)
    assert one == fit(FOREST[::-1], GENERAL[::-1], CONFIG)
    assert one.digest != fit(FOREST[:1], GENERAL, CONFIG).digest
    assert RelevanceModel(ngrams=1).digest == RelevanceModel(ngrams=3).digest == ""


def test_capitals_and_odd_letters_are_folded() -> None:
    model = fit([*FOREST, "İstanbul ΣΑΣ"], GENERAL, CONFIG)
    upper, lower = relevance(["SKOGEN GALLRAS", "skogen gallras"], model)
    assert upper == lower
    assert not math.isnan(relevance(["İSTANBUL"], model)[0])


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_rows_do_not_depend_on_their_batch(texts: list[str]) -> None:
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    model = fit(FOREST, GENERAL, CONFIG)
    single = [relevance([text], model)[0] for text in clean]
    assert np.array_equal(relevance(clean, model), single, equal_nan=True)


def test_it_judges_only_where_a_limit_is_set() -> None:
    assert relevance_rules(CONFIG) == ()
    (rule,) = relevance_rules(RelevanceConfig(exemplars=("x",), min_relevance=0.1, below="drop"))
    values = pa.table({"relevance": pa.array([0.0, 0.2, math.nan], pa.float32())})
    (finding,) = rule(values)
    assert (finding.code, finding.action, finding.rows.tolist()) == (
        "relevance.low", "drop", [True, False, False],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ngrams": 4}, "relevance.ngrams = 4"),
        ({"buckets": 10}, "relevance.buckets = 10"),
        ({"smoothing": 0.0}, "relevance.smoothing = 0.0"),
        ({"min_relevance": 0.5}, "min_relevance is set without relevance.exemplars"),
        ({"below": "keep"}, "relevance.below = 'keep' is not allowed"),
    ],
)
def test_bad_settings_are_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        build(RelevanceConfig, values, "relevance", "kvarn.toml")


@pytest.mark.data
def test_statutes_are_told_from_handbooks_by_ten_exemplars() -> None:
    if not RAW.is_dir():
        pytest.skip(f"{RAW}: not here")
    statutes = _texts(RAW / "sfs_md")
    others = [*_texts(RAW / "digg_md"), *_texts(ROOT / "raw" / "handbok")]
    general = [
        json.loads(line)["text"]
        for name in ("sv", "en")
        for line in (ROOT / "pipeline" / "train" / "general" / f"general-{name}.jsonl")
        .read_text(encoding="utf-8")
        .split("\n")
        if line
    ]
    model = fit(statutes[:10], general, RelevanceConfig(exemplars=("x",)))
    high, low = np.array(relevance(statutes[10:], model)), np.array(relevance(others, model))
    assert (high[:, None] > low[None, :]).mean() > 0.98


def _texts(folder: Path) -> list[str]:
    found = [path.read_text(encoding="utf-8") for path in folder.glob("*.md")]
    return sorted(found, key=lambda text: hashlib.sha256(text.encode()).hexdigest())
