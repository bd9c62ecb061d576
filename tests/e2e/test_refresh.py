"""The main job, as its user runs it: raw text in, a gated release out."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.schema import DATA, LEDGER, PAIRS, WITHHELD

pytestmark = pytest.mark.slow

Kvarn = Callable[..., Any]
"""The command line as tests/e2e/conftest.py calls it."""


def ledger(folder: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(folder / "ledger.parquet").to_pylist()
    return rows


def manifest(folder: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((folder / "manifest.json").read_bytes())
    return content


def test_a_refresh_publishes_a_release_that_keeps_every_promise(
    kvarn: Kvarn, raw: Path, tmp_path: Path
) -> None:
    store = tmp_path / "curated"
    run = kvarn("refresh", "--raw", raw, "--curated", store, "--json")
    assert run.code == 0, run.err
    facts = run.facts()
    assert (facts["state"], facts["release"]) == ("published", 1)
    folder = store / "releases" / "000001"
    rows = ledger(folder)
    fates = {str(row["record_id"]): row for row in rows}
    assert len(rows) == 24 + 12 + 4 == sum(facts["fates"].values())
    assert fates["brev/avbruten.pdf"]["fate"] == "quarantined"
    assert fates["brev/brev.jsonl#3"]["reasons"] == ["read.corrupt_json"]
    assert fates["brev/english.txt"]["reasons"][0] == "language.foreign"  # type: ignore[index]
    assert fates["brev/kopia.txt"]["duplicate_of"] == "blad/artikel-04.txt"
    assert fates["brev/medlem.txt"]["fate"] == "kept"
    published = {
        row["record_id"]: row["text"]
        for path in folder.glob("data/*.parquet")
        for row in pq.read_table(path).to_pylist()
    }
    assert "070-1740605" not in published["brev/medlem.txt"]
    assert "[TELEFON]" in published["brev/medlem.txt"]
    assert set(published) == {name for name, row in fates.items() if row["fate"] == "kept"}
    assert set(Counter(row["split"] for row in rows if row["fate"] == "kept")) == {
        "train",
        "validation",
        "test",
    }
    assert pq.read_schema(folder / "ledger.parquet").equals(LEDGER)
    assert pq.read_schema(folder / "pairs.parquet").equals(PAIRS)
    assert all(pq.read_schema(path).equals(DATA) for path in folder.glob("data/*.parquet"))
    assert all(pq.read_schema(path).equals(WITHHELD) for path in folder.glob("withheld/*.parquet"))
    expected = {
        "manifest.json",
        "report.json",
        "report.html",
        "README.md",
        "croissant.json",
        "decisions.parquet",
        "measures.parquet",
    }
    assert expected <= {path.name for path in folder.iterdir()}
    assert (store / "releases" / "000001.json").is_file()
    assert kvarn("verify", "--curated", store).code == 0
    again = kvarn("refresh", "--raw", raw, "--curated", store)
    assert again.code == 0
    assert "nothing new" in again.out
    assert "skipped" in again.out
    _questions_are_answered(kvarn, store)


def _questions_are_answered(kvarn: Kvarn, store: Path) -> None:
    """why, report, releases, gate show: facts as JSON, words for people."""
    story = kvarn("why", "brev/kopia.txt", "--curated", store, "--json").facts()[0]
    assert story["duplicate_of"] == "blad/artikel-04.txt"
    assert story["reasons"][0].startswith("duplicate.")
    assert "copy of blad/artikel-04.txt" in kvarn("why", "brev/kopia.txt", "--curated", store).out
    assert kvarn("why", "nobody", "--curated", store).code == 2
    assert kvarn("releases", "--curated", store, "--json").facts()[0]["number"] == 1
    assert kvarn("gate", "show", "--curated", store).code == 0
    assert "report.html" in kvarn("report", "--curated", store).out


def test_workers_order_seed_zone_and_locale_change_no_byte(kvarn: Kvarn, raw: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert kvarn("refresh", "--raw", raw, "--curated", one, "--workers", 1).code == 0
    shuffled = tmp_path / "shuffled" / "raw"
    for path in sorted(raw.rglob("*"), reverse=True):
        if path.is_file():
            target = shuffled / path.relative_to(raw)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    strange = {"PYTHONHASHSEED": "77", "TZ": "Pacific/Auckland", "LC_ALL": "C", "LANG": "C"}
    assert kvarn("refresh", "--raw", shuffled, "--curated", two, "--workers", 2, env=strange).code == 0
    a, b = one / "releases" / "000001", two / "releases" / "000001"
    names = sorted(path.relative_to(a).as_posix() for path in a.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(b).as_posix() for path in b.rglob("*") if path.is_file())
    for name in names:
        assert (a / name).read_bytes() == (b / name).read_bytes(), name


def test_the_next_release_inherits_splits_and_shares_unchanged_files(
    kvarn: Kvarn, raw: Path, tmp_path: Path
) -> None:
    store = tmp_path / "curated"
    assert kvarn("refresh", "--raw", raw, "--curated", store).code == 0
    (raw / "brev" / "ny.txt").write_text(
        (raw / "blad" / "artikel-07.txt").read_text() + "\nTillägg på en rad.\n"
    )
    (raw / "blad" / "artikel-03.txt").unlink()
    run = kvarn("refresh", "--raw", raw, "--curated", store, "--json")
    assert run.code == 0, run.out + run.err
    old, new = store / "releases" / "000001", store / "releases" / "000002"
    before = {row["content_id"]: row["split"] for row in ledger(old) if row["split"]}
    after = {row["content_id"]: row["split"] for row in ledger(new) if row["split"]}
    assert all(after[name] == split for name, split in before.items() if name in after)
    fates = {row["record_id"]: row for row in ledger(new)}
    assert fates["brev/ny.txt"]["duplicate_of"] == "blad/artikel-07.txt"
    assert "blad/artikel-03.txt" not in fates
    assert manifest(new)["parent"] == json.loads((store / "releases" / "000001.json").read_bytes())["digest"]
    shared = [path for path in new.glob("data/*") if path.stat().st_nlink > 1]
    assert shared, "no file of the unchanged source is shared with the first release"
    moved = kvarn("diff", 1, 2, "--curated", store, "--json").facts()
    assert {item["record_id"] for item in moved["documents"]} == {"brev/ny.txt", "blad/artikel-03.txt"}
    assert moved["causes"] == {"data": 2}
    back = kvarn("rollback", 1, "--reason", "provning av återgång", "--curated", store)
    assert back.code == 0
    assert kvarn("releases", "--curated", store, "--json").facts()[-1]["digest"] == moved_digest(store, 1)


def moved_digest(store: Path, number: int) -> str:
    return str(json.loads((store / "releases" / f"{number:06d}.json").read_bytes())["digest"])


def test_decisions_of_people_are_applied_at_the_next_refresh(kvarn: Kvarn, raw: Path, tmp_path: Path) -> None:
    store = tmp_path / "curated"
    assert kvarn("refresh", "--raw", raw, "--curated", store).code == 0
    rows = {row["record_id"]: row for row in ledger(store / "releases" / "000001")}
    decisions = [
        {"content_id": rows["blad/artikel-01.txt"]["content_id"], "decision": "drop", "by": "eva", "time": "2026-02-01T10:00:00Z"},
        {"content_id": rows["brev/english.txt"]["content_id"], "decision": "keep", "by": "eva", "time": "2026-02-01T10:01:00Z"},
        {"content_id": rows["blad/artikel-02.txt"]["content_id"], "decision": "fix", "text": "Rättad text om plantering i trakten. " * 8,
         "by": "eva", "time": "2026-02-01T10:02:00Z"},
    ]  # fmt: skip
    (store / "decisions.jsonl").write_text("".join(json.dumps(item) + "\n" for item in decisions))
    assert kvarn("refresh", "--raw", raw, "--curated", store).code == 0
    new = store / "releases" / "000002"
    after = {row["record_id"]: row for row in ledger(new)}
    assert (after["blad/artikel-01.txt"]["fate"], after["blad/artikel-01.txt"]["decision"]) == (
        "dropped",
        "drop",
    )
    assert (after["brev/english.txt"]["fate"], after["brev/english.txt"]["decision"]) == ("kept", "keep")
    texts = {
        row["record_id"]: row["text"]
        for path in new.glob("data/*.parquet")
        for row in pq.read_table(path).to_pylist()
    }
    assert texts["blad/artikel-02.txt"].startswith("Rättad text")
    causes = kvarn("diff", 1, 2, "--curated", store, "--json").facts()["causes"]
    assert causes["decision"] >= 2


def test_a_first_release_can_wait_for_a_person(kvarn: Kvarn, raw: Path, tmp_path: Path) -> None:
    store = tmp_path / "curated"
    config = tmp_path / "kvarn.toml"
    config.write_text('[gate]\nfirst_release = "approve"\n')
    held = kvarn("refresh", "--raw", raw, "--curated", store, "--config", config)
    assert held.code == 3
    assert "awaiting approval" in held.out
    assert not list((store / "releases").glob("*.json"))
    assert kvarn("publish", "--curated", store, "--config", config).code == 3
    approved = kvarn(
        "gate",
        "approve",
        "--by",
        "Eva",
        "--reason",
        "läst och godkänd",
        "--curated",
        store,
        "--config",
        config,
    )
    assert approved.code == 0
    assert kvarn("publish", "--curated", store, "--config", config).code == 0
    commit = json.loads((store / "releases" / "000001.json").read_bytes())
    assert commit["approvals"][0]["by"] == "Eva"
    assert commit["approvals"][0]["identity"] == "claimed"


def test_a_source_that_vanishes_blocks_and_the_earlier_release_stays(
    kvarn: Kvarn, raw: Path, tmp_path: Path
) -> None:
    store = tmp_path / "curated"
    assert kvarn("refresh", "--raw", raw, "--curated", store).code == 0
    shutil.rmtree(raw / "brev")
    blocked = kvarn("refresh", "--raw", raw, "--curated", store, "--json")
    assert blocked.code == 3
    assert blocked.facts()["state"] == "blocked"
    assert [path.name for path in (store / "releases").glob("*.json")] == ["000001.json"]
    assert kvarn("verify", "--curated", store).code == 0
    assert kvarn("gate", "show", "--curated", store).code == 3
    assert kvarn("gate", "approve", "--curated", store).code == 2
