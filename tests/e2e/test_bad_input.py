"""Bad input: a message that names file, key or record, the right exit code, and the earlier release still in place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Kvarn = Callable[..., Any]
"""The command line as tests/e2e/conftest.py calls it."""


def test_a_missing_raw_folder_is_named_with_what_to_do(kvarn: Kvarn, tmp_path: Path) -> None:
    run = kvarn("refresh", "--raw", tmp_path / "nowhere", "--curated", tmp_path / "curated")
    assert run.code == 2
    assert "nowhere does not exist; make the folder" in run.err
    assert "Traceback" not in run.err


def test_an_empty_raw_folder_is_blocked(kvarn: Kvarn, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    run = kvarn("refresh", "--raw", tmp_path / "raw", "--curated", tmp_path / "curated")
    assert run.code == 3
    assert "holds no files" in run.err


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[nois]\nmin_words = 1\n", "unknown key 'nois'; did you mean 'noise'?"),
        ("[noise]\nmin_word = 1\n", "unknown key 'noise.min_word'; did you mean 'min_words'?"),
        ("[duplicates]\nthreshold = 7\n", "duplicates.threshold = 7"),
        ('[run]\nworkers = "two"\n', "run.workers = 'two' is str; allowed: a whole number"),
        ("[run\n", "not valid TOML"),
    ],
)
def test_a_bad_setting_is_named(kvarn: Kvarn, tmp_path: Path, toml: str, message: str) -> None:
    config = tmp_path / "kvarn.toml"
    config.write_text(toml)
    run = kvarn("releases", "--config", config, "--curated", tmp_path)
    assert run.code == 2
    assert message in run.err
    assert str(config) in run.err


def test_a_bad_source_setting_is_named(kvarn: Kvarn, raw: Path, tmp_path: Path) -> None:
    (raw / "brev" / "source.toml").write_text("licens = 1\n")
    run = kvarn("refresh", "--raw", raw, "--curated", tmp_path / "curated")
    assert run.code == 2
    assert "unknown key 'licens'" in run.err
    assert "brev/source.toml" in run.err


def test_a_bad_decision_is_named_by_line(kvarn: Kvarn, raw: Path, tmp_path: Path) -> None:
    store = tmp_path / "curated"
    store.mkdir()
    (store / "decisions.jsonl").write_text('{"content_id": "x"}\n')
    run = kvarn("refresh", "--raw", raw, "--curated", store)
    assert run.code == 2
    assert "decisions.jsonl, line 1" in run.err


def test_a_damaged_release_is_exit_5_and_stops_the_training(kvarn: Kvarn, raw: Path, tmp_path: Path) -> None:
    store = tmp_path / "curated"
    assert kvarn("refresh", "--raw", raw, "--curated", store).code == 0
    path = min((store / "releases" / "000001").glob("data/train-*.parquet"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    run = kvarn("verify", "--curated", store)
    assert run.code == 5
    assert path.name in run.err
    assert kvarn("train", "--curated", store, "--models", tmp_path / "models").code == 5
    assert not (tmp_path / "models").exists()


def test_an_output_path_that_cannot_be_a_file_is_refused(kvarn: Kvarn, raw: Path, tmp_path: Path) -> None:
    run = kvarn("measure", raw, "-o", tmp_path / "no" / "out.parquet")
    assert run.code == 2
    assert "name a Parquet file in an existing folder" in run.err


def test_a_missing_input_is_named(kvarn: Kvarn, tmp_path: Path) -> None:
    for command in (("extract", tmp_path / "x"), ("dedup", tmp_path / "x", "-o", tmp_path / "o.parquet")):
        run = kvarn(*command)
        assert run.code == 2
        assert "does not exist" in run.err
