import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Blocked, UsageError
from pipeline.train.evaluate import score_texts
from pipeline.train.load import generate, load_adapter
from pipeline.train.release import TrainingData
from pipeline.train.run import RunResult, train
from pipeline.train.settings import TrainSettings

ORIGINS = {"learning_rate": "kvarn.toml", "max_steps": "--set"}


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return []


@pytest.fixture(scope="module")
def result(
    data: TrainingData, settings: TrainSettings, tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> RunResult:
    return train(data, settings, ORIGINS, tmp_path_factory.mktemp("one"), None, lines.append)


def record_of(result: RunResult) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((result.folder / "run.json").read_text(encoding="utf-8"))
    return record


def test_a_run_releases_an_adapter_that_is_better_on_the_domain(result: RunResult) -> None:
    assert (result.name, result.released, result.verdict) == ("r4-1", True, "PASS")
    domain = record_of(result)["evaluation"]["domain"]
    assert domain["after"] < 0.95 * domain["before"]


def test_the_folder_holds_the_adapter_and_its_papers_and_no_pickle(result: RunResult) -> None:
    assert {file.name for file in result.folder.iterdir()} == {
        "adapter_model.safetensors",
        "adapter_config.json",
        "README.md",
        "curves.svg",
        "run.json",
    }
    assert [entry.name for entry in result.folder.parent.iterdir()] == ["r4-1"]


def test_the_record_names_all_that_repeats_the_run(result: RunResult, settings: TrainSettings) -> None:
    record = record_of(result)
    assert record == json.loads(json.dumps(result.record))
    assert record["release"] == {"number": 4, "digest": "ab" * 32}
    assert record["base_model"] == "tiny"
    assert len(record["base_sha256"]) == 64
    assert record["settings"]["learning_rate"] == {"value": 0.02, "origin": "kvarn.toml"}
    assert record["settings"]["rank"] == {"value": 4, "origin": "default"}
    assert record["settings"]["replay"]["value"] == "everyday.jsonl"
    assert set(record["settings"]) == set(vars(settings))
    assert set(record["seeds"].values()) == {17}
    assert {"python", "torch", "transformers", "peft"} <= set(record["versions"])
    assert record["verdict"] == "PASS"
    assert [check["verdict"] for check in record["checks"]] == ["PASS"] * 4


def test_perplexity_is_the_exponential_of_the_recorded_loss(result: RunResult) -> None:
    record = record_of(result)
    for part in ("domain", "general"):
        for when in ("before", "after"):
            loss = record["loss_nats"][part][when]
            assert record["evaluation"][part][when] == pytest.approx(math.exp(loss))


def test_the_curves_start_before_training_and_end_with_the_last_step(result: RunResult) -> None:
    curves = record_of(result)["curves"]
    assert [point["step"] for point in curves["validation"]] == [0, 6, 12]
    assert [point["step"] for point in curves["general"]] == [0, 6, 12]
    assert curves["validation"][-1]["loss"] < curves["validation"][0]["loss"]
    rates = [point["rate"] for point in curves["learning_rate"]]
    assert len(rates) == len(curves["train"]) == 12
    assert rates[0] < max(rates) > rates[-1]


def test_the_record_shows_no_folder_of_the_machine(result: RunResult, tiny: Path) -> None:
    text = (result.folder / "run.json").read_text(encoding="utf-8")
    assert str(tiny.parent) not in text
    assert str(result.folder.parent) not in text


def test_the_same_run_again_gives_the_same_record_and_the_same_weights(
    result: RunResult, data: TrainingData, settings: TrainSettings, tmp_path: Path
) -> None:
    shuffled = replace(data, train=data.train[::-1], test=data.test[::-1])
    again = train(shuffled, settings, ORIGINS, tmp_path)
    one, other = record_of(result), record_of(again)
    assert one.pop("seconds") > 0
    assert other.pop("seconds") > 0
    assert one == other
    weights = "adapter_model.safetensors"
    assert (again.folder / weights).read_bytes() == (result.folder / weights).read_bytes()
    assert (again.folder / "curves.svg").read_bytes() == (result.folder / "curves.svg").read_bytes()


def test_the_released_adapter_loads_and_scores_as_recorded(
    result: RunResult, data: TrainingData, settings: TrainSettings
) -> None:
    loaded = load_adapter(result.folder)
    score = score_texts(loaded, [text.text for text in data.test], settings.context, "float32")
    assert score.perplexity == pytest.approx(result.record["evaluation"]["domain"]["after"], rel=1e-4)
    assert score.tokens == result.record["tokens"]["test"]


def test_an_adapter_writes_the_same_text_for_the_same_seed(result: RunResult) -> None:
    loaded = load_adapter(result.folder)
    one, same, other = (
        generate(loaded, "granen", tokens=12, temperature=1.0, seed=seed) for seed in (1, 1, 2)
    )
    assert one == same != other
    assert generate(loaded, "granen", tokens=4) == generate(loaded, "granen", tokens=4)
    with pytest.raises(UsageError, match="fit into the context"):
        generate(loaded, "granen " * 60, tokens=20)


def test_every_setting_is_reported_with_its_origin_and_the_training_with_its_steps(
    result: RunResult, lines: list[str]
) -> None:
    assert result.released
    assert "learning_rate = 0.02 (kvarn.toml)" in lines
    assert "rank = 4 (default)" in lines
    assert any(line.endswith("(train.max_steps ends the run before 1 epochs)") for line in lines)
    assert any(line.startswith("step 6/12: validation loss") for line in lines)
    assert any(line.startswith("PASS domain.gain") for line in lines)


def test_a_run_that_fails_the_gate_is_recorded_but_releases_no_weights(
    data: TrainingData, settings: TrainSettings, tmp_path: Path
) -> None:
    result = train(data, replace(settings, min_domain_gain=0.99, max_steps=2), {}, tmp_path, "prov")
    assert (result.verdict, result.released) == ("FAIL", False)
    assert result.folder == tmp_path / ".failed" / "prov"
    assert {file.name for file in result.folder.iterdir()} == {"README.md", "curves.svg", "run.json"}
    assert record_of(result)["verdict"] == "FAIL"
    assert "the adapter was not released" in (result.folder / "README.md").read_text(encoding="utf-8")
    assert [entry.name for entry in tmp_path.iterdir()] == [".failed"]


def test_a_training_that_diverges_is_recorded_with_nulls_and_blocked(
    data: TrainingData, settings: TrainSettings, tmp_path: Path
) -> None:
    wild = replace(settings, learning_rate=1e18, warmup=0.0, max_steps=4, eval_every=2)
    result = train(data, wild, {}, tmp_path)
    assert not result.released
    assert result.verdict in ("FAIL", "ERROR")
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_second_run_is_compared_with_the_adapter_that_is_current(
    data: TrainingData, settings: TrainSettings, result: RunResult
) -> None:
    models = result.folder.parent
    worse = train(data, replace(settings, max_steps=1, min_domain_gain=0.0), {}, models)
    assert worse.name == "r4-2"
    assert {check.id: check.verdict for check in worse.checks}["domain.current"] == "FAIL"
    assert not worse.released
    alone = train(data, replace(settings, max_steps=1, min_domain_gain=0.0, compare_with="none"), {}, models)
    assert "domain.current" not in {check.id for check in alone.checks}


def test_too_little_data_is_refused_before_anything_is_written(
    data: TrainingData, settings: TrainSettings, tmp_path: Path
) -> None:
    with pytest.raises(Blocked, match="effective training tokens"):
        train(data, replace(settings, min_train_tokens=10**6), {}, tmp_path)
    with pytest.raises(Blocked, match="the split validation holds no text"):
        train(replace(data, validation=()), settings, {}, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"context": 128}, "tiny has a context of 64 tokens"),
        ({"target_modules": ("finns_inte",)}, r"train\.target_modules"),
        ({"base_model": "finns-inte"}, "no such model"),
    ],
)
def test_settings_that_do_not_fit_the_base_are_refused(
    data: TrainingData, settings: TrainSettings, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        train(data, replace(settings, **change), {}, tmp_path)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_describing_a_run_imports_no_torch() -> None:
    code = "import sys, pipeline.train.run, pipeline.train.settings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_all_linear_layers_and_a_stable_schedule_can_be_chosen(
    data: TrainingData, settings: TrainSettings, tmp_path: Path
) -> None:
    chosen = replace(
        settings,
        target_modules=("all-linear",),
        schedule="warmup_stable_decay",
        max_steps=6,
        min_domain_gain=0.0,
    )
    assert train(data, chosen, {}, tmp_path, "alla").released
