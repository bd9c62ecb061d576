"""Commands that ask: diff, why, measure, dedup, extract."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from in_process import Say, facts, refresh
from small_store import DirectPool, World, article, write

from flows.commands import dedup, diff, extract, measure, why
from flows.settings import Settings
from pipeline.errors import KvarnError, UsageError
from pipeline.schema import PAIRS
from pipeline.storage.releases import get

# diff


def test_a_diff_gives_the_cause_of_every_change(world: World, capsys: Say) -> None:
    rows = {
        row["record_id"]: row
        for row in pq.read_table(world.store.releases / "000001" / "ledger.parquet").to_pylist()
    }
    event = {
        "content_id": rows["blad/artikel-01.txt"]["content_id"], "decision": "drop", "by": "eva", "time": "2026-02-01T10:00:00Z",
    }  # fmt: skip
    world.store.decisions.write_text(json.dumps(event) + "\n")
    write(world.raw / "brev" / "ny.txt", article(300))
    write(world.raw / "blad" / "artikel-02.txt", article(2) + "\nEn rad till om skogen.\n")
    (world.raw / "brev" / "kopia.txt").unlink()
    refresh(world)
    diff.run(1, 2, None, None, as_json=True)
    told = facts(capsys)
    by_record = {item["record_id"]: item for item in told["documents"]}
    assert by_record["blad/artikel-01.txt"]["cause"] == "decision"
    assert by_record["brev/ny.txt"]["was"] == "absent"
    assert by_record["brev/kopia.txt"]["now"] == "absent"
    assert by_record["blad/artikel-02.txt"]["cause"] == "data"
    assert sum(told["causes"].values()) == len(told["documents"])
    diff.run(1, 2, None, None, as_json=False)
    assert "documents changed" in capsys.readouterr().out


def test_a_changed_limit_is_the_cause_and_long_lists_are_cut(
    world: World, capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = world.raw.parent / "kvarn.toml"
    config.write_text('[pii]\nphone = "drop"\n')
    told = refresh(world)
    assert told["state"] == "published", told
    diff.run(1, 2, None, None, as_json=True)
    (moved,) = facts(capsys)["documents"]
    assert (moved["record_id"], moved["cause"], moved["now"]) == ("brev/medlem.txt", "limit", "dropped")
    monkeypatch.setattr(diff, "SHOWN", 0)
    diff.run(1, 2, None, None, as_json=False)
    assert "and 1 more; --json lists all" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("was", "now", "limits", "code", "cause"),
    [
        (None, {}, True, True, "data"),
        ({"content_id": "a"}, {"content_id": "b"}, True, True, "data"),
        ({"decision": None}, {"decision": "drop"}, True, True, "decision"),
        ({"duplicate_of": None}, {"duplicate_of": "x"}, True, True, "data"),
        ({}, {}, True, True, "limit"),
        ({}, {}, False, True, "code"),
        ({}, {}, False, False, "data"),
    ],
)
def test_the_nearest_cause_counts(
    was: dict[str, Any] | None, now: dict[str, Any], limits: bool, code: bool, cause: str
) -> None:
    same = {"content_id": "c", "decision": None, "duplicate_of": None}
    before = None if was is None else same | was
    assert diff._cause(before, same | now, limits=limits, code=code) == cause


def test_a_release_does_not_differ_from_itself(flown: World) -> None:
    release = get(flown.store, 1)
    assert diff.compare(release, release) == []


# why


def test_the_story_of_an_item_is_told_by_any_of_its_names(world: World, capsys: Say) -> None:
    why.run("brev/kopia.txt", None, None, as_json=True)
    (story,) = facts(capsys)
    assert story["duplicate_of"] == "blad/artikel-04.txt"
    assert [(item["record_id"], item["jaccard"]) for item in story["duplicates"]] == [
        ("blad/artikel-04.txt", 1.0)
    ]
    for name in (story["doc_id"], story["doc_id"][:8], story["uri"]):
        why.run(name, None, None, as_json=True)
        assert story["doc_id"] in [item["doc_id"] for item in facts(capsys)]
    why.run("b-0", None, None, as_json=True)
    assert facts(capsys)[0]["fate"] == "kept"


@pytest.mark.parametrize(
    ("doc", "words"),
    [
        ("brev/kopia.txt", "copy of blad/artikel-04.txt, Jaccard 1.000"),
        ("brev/kopia.txt", "verified near-duplicate: blad/artikel-04.txt"),
        ("brev/english.txt", "language.foreign"),
        ("brev/medlem.txt", "edited by pii: phone"),
        ("blad/artikel-00.txt", "kept into train"),
        ("brev/avbruten.pdf", "quarantined: read.pdf_corrupt"),
    ],
)
def test_a_story_says_what_became_of_an_item(world: World, capsys: Say, doc: str, words: str) -> None:
    why.run(doc, None, None, as_json=False)
    assert words in capsys.readouterr().out


def test_a_decision_is_part_of_the_story(world: World, capsys: Say) -> None:
    rows = pq.read_table(world.store.releases / "000001" / "ledger.parquet").to_pylist()
    content = next(row["content_id"] for row in rows if row["record_id"] == "blad/artikel-03.txt")
    event = {"content_id": content, "decision": "drop", "by": "eva", "time": "2026-02-01T10:00:00Z"}
    world.store.decisions.write_text(json.dumps(event) + "\n")
    assert refresh(world)["state"] == "published"
    why.run("blad/artikel-03.txt", None, None, as_json=False)
    said = capsys.readouterr().out
    assert "Release 1" in said
    assert "Release 2" in said
    assert "decision of a person: drop" in said


def test_the_story_shows_the_limits_of_the_source_and_language(world: World, capsys: Say) -> None:
    config = world.raw.parent / "kvarn.toml"
    config.write_text('[noise]\npreset = "fineweb2"\n[sources.brev]\nprofile = "legal"\n')
    why.run("brev/medlem.txt", None, None, as_json=True)
    (before,) = facts(capsys)
    assert refresh(world)["state"] != "nothing new"
    shown = {}
    for name in ("brev/medlem.txt", "blad/artikel-05.txt"):
        why.run(name, None, None, as_json=True)
        story = facts(capsys)[-1]
        shown[name] = {limit["reason"]: (limit["low"], limit["high"]) for limit in story["limits"]}
    assert {limit["reason"]: limit["high"] for limit in before["limits"]}["noise.noise_score"] == 0.93
    assert shown["brev/medlem.txt"]["noise.noise_score"] == (None, 0.985)
    assert "noise.line_punct" not in shown["brev/medlem.txt"]
    assert shown["blad/artikel-05.txt"]["noise.line_punct"] == (0.2, None)
    assert "noise.noise_score" not in shown["blad/artikel-05.txt"]


def test_limits_are_held_against_measures() -> None:
    verdict: Callable[..., str] = why._verdict
    assert verdict({"value": None, "low": 1.0, "high": None}) == "does not apply"
    assert verdict({"value": float("nan"), "low": 1.0, "high": None}) == "does not apply"
    assert verdict({"value": 0.5, "low": 1.0, "high": None}) == "OUT"
    assert verdict({"value": 2.0, "low": None, "high": 1.0}) == "OUT"
    assert verdict({"value": 1.0, "low": 1.0, "high": 1.0}) == "ok"
    assert verdict({"value": 0.9, "low": None, "high": 1.0, "near": 0.2}) == "near"
    assert verdict({"value": 1.1, "low": 1.0, "high": None, "near": 0.2}) == "near"
    assert verdict({"value": 0.7, "low": None, "high": 1.0, "near": 0.2}) == "ok"


def test_an_unknown_item_is_said_with_what_was_searched(world: World, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no item has this .* releases of .*: 1$"):
        why.run("nobody", None, None, as_json=False)
    with pytest.raises(UsageError, match="none yet"):
        why.run("x", None, tmp_path / "empty", as_json=False)


# measure, dedup, extract


def test_every_record_is_measured_once_with_its_fate(
    world: World, tmp_path: Path, capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "open_pool", lambda workers: nullcontext(DirectPool()))
    monkeypatch.setattr(measure, "SHARD_BYTES", 400)
    out = tmp_path / "out.parquet"
    measure.run(world.raw / "brev", out, None, 2, as_json=True)
    told = facts(capsys)
    table = pq.read_table(out)
    assert table.schema.equals(measure.output_schema(Settings()))
    assert told["records"] == table.num_rows == sum(told["fates"].values()) == 8
    by_record = {row["record_id"]: row for row in table.to_pylist()}
    assert by_record["english.txt"]["fate"] == "dropped"
    assert by_record["english.txt"]["segments"][0]["language"] == "en"
    assert "070-1740605" in by_record["medlem.txt"]["text"]
    assert by_record["medlem.txt"]["pii"][0]["kind"] == "phone"
    measure.run(world.raw / "brev" / "medlem.txt", out, None, 1, as_json=False)
    assert "1 records: 1 kept" in capsys.readouterr().out


def test_a_measure_that_fails_leaves_no_output(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(DirectPool):
        def submit(self, job: Any) -> Any:
            raise KvarnError("the disk is full")

    monkeypatch.setattr(measure, "open_pool", lambda workers: nullcontext(Failing()))
    with pytest.raises(KvarnError, match="the disk is full"):
        measure.run(world.raw, tmp_path / "out.parquet", None, 1, as_json=False)
    assert not (tmp_path / "out.parquet").exists()


def test_an_input_without_files_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no files"):
        measure.run(tmp_path / "empty", tmp_path / "o.parquet", None, 1, as_json=False)
    with pytest.raises(UsageError, match="no record could be read"):
        dedup.run(tmp_path / "empty", tmp_path / "o.parquet", None, None, as_json=False)


def test_pairs_of_a_folder_are_verified_and_clustered(world: World, tmp_path: Path, capsys: Say) -> None:
    out = tmp_path / "pairs.parquet"
    dedup.run(world.raw, out, None, None, as_json=True)
    told = facts(capsys)
    (pair,) = pq.read_table(out).to_pylist()
    assert pq.read_schema(out).equals(PAIRS)
    assert (pair["id_a"], pair["id_b"], pair["jaccard"]) == ("blad/artikel-04.txt", "brev/kopia.txt", 1.0)
    assert (told["pairs"], told["clusters"], told["threshold"]) == (1, 1, 0.8)
    dedup.run(world.raw, out, 0.3, None, as_json=False)
    assert "at Jaccard ≥ 0.3" in capsys.readouterr().out


def test_two_records_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": "a", "text": "ett"}\n{"id": "a", "text": "två"}\n')
    with pytest.raises(UsageError, match="the id 'a' names two records"):
        dedup.run(tmp_path / "in.jsonl", tmp_path / "o.parquet", None, None, as_json=False)


def test_the_text_of_a_file_is_printed_and_an_unreadable_one_is_named(world: World, capsys: Say) -> None:
    extract.run(world.raw / "brev" / "medlem.txt", None, as_json=False)
    assert "Ring mig på 070-1740605" in capsys.readouterr().out
    extract.run(world.raw / "brev", None, as_json=True)
    assert len(facts(capsys)) == 8
    with pytest.raises(UsageError, match=r"nothing could be read:\navbruten\.pdf: read\.pdf_corrupt: \w+"):
        extract.run(world.raw / "brev" / "avbruten.pdf", None, as_json=False)
