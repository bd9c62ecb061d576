import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "quality"))
from builders import Item, corpus, data, intake, kept, ledger, withheld

from expectations import resolve_suites, validate
from pipeline.quality.checks import SUITES
from pipeline.quality.verdicts import Check, Verdict, overall

GOOD = corpus()
ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


def candidate(folder: Path, items: list[Item], edit: dict[str, object] | None = None) -> Path:
    """A candidate folder with the packaged suites; `edit` replaces suites by name."""
    for part in ("data", "withheld"):
        (folder / part).mkdir(parents=True)
    for split in ("train", "validation", "test"):
        pq.write_table(data(kept(items, split)), folder / f"data/{split}-0.parquet")
    pq.write_table(withheld(items, "dropped"), folder / "withheld/dropped-0.parquet")
    pq.write_table(ledger(items), folder / "ledger.parquet")
    (folder / "suites").mkdir()
    for name, path in resolve_suites(None).items():
        (folder / "suites" / f"{name}.json").write_bytes(path.read_bytes())
    for name, content in (edit or {}).items():
        (folder / "suites" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def run(folder: Path, items: list[Item]) -> list[Check]:
    found = validate(folder, folder / "suites", intake(items), folder / "validation.json", 120)
    assert json.loads((folder / "validation.json").read_bytes()) == found
    return [Check(**check) for check in found]


def test_a_healthy_candidate_passes_every_packaged_suite(tmp_path: Path) -> None:
    checks = run(candidate(tmp_path, GOOD), GOOD)
    assert [(check.id, check.note) for check in checks if check.verdict is not Verdict.PASS] == []
    assert overall(checks, [f"gx.{suite}" for suite in SUITES]) is Verdict.PASS
    assert all(check.n for check in checks)
    limits = {check.id: check.limit for check in checks}
    assert limits["gx.documents.expect_column_values_to_be_between.words"] == "= 0"
    assert limits["gx.documents.expect_column_values_to_not_match_regex.text"] == "at least 0.999 of rows"
    assert limits["gx.documents.expect_column_letter_share_to_be_between.text.å"] == "≥ 0.004; ≤ 0.06"
    assert limits["gx.release.expect_table_row_count_to_equal"] == "= 1"


def test_what_the_library_lets_through_is_a_fault_here(tmp_path: Path) -> None:
    """One child for many faults: its start is the cost."""
    hostile = replace(GOOD[0], text="<script>alert(1)</script> skog \N{REPLACEMENT CHARACTER}")
    items = [hostile, replace(GOOD[1], name="0001b.txt", text=GOOD[2].text), *GOOD[1:]]
    entries = [
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "date", "value_set": ["x"]}},
        {"type": "expect_column_values_to_be_uniqe", "kwargs": {"column": "date"}},
        {"type": "expect_column_values_to_be_unique", "kwargs": {"colum": "date"}},
        {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "nowhere"}},
        {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "text_sha256"}},
        {
            "type": "expect_column_values_to_not_match_regex",
            "kwargs": {"column": "text", "regex": "<script"},
            "severity": "warning",
        },
        {
            "type": "expect_column_values_to_not_match_regex",
            "kwargs": {"column": "text", "regex": "<script"},
            "severity": "info",
        },
    ]
    edit: dict[str, object] = {
        "documents": {"expectations": entries},
        "splits": {"expectations": []},
        "intake": {"expectations": [{"type": "x", "severity": "urgent"}]},
        "own": {"meta": {"table": "nothing"}, "expectations": [entries[0]]},
        "removed": {"meta": {"table": "withheld"}, "expectations": [entries[0]]},
    }
    folder = candidate(tmp_path, items, edit)
    (folder / "suites/release.json").unlink()
    checks = {check.id: check for check in run(folder, items)}
    assert {name: str(check.verdict) for name, check in checks.items()} == {
        "gx.documents": "PASS",
        "gx.documents.expect_column_values_to_be_in_set.date": "ERROR",
        "gx.documents.expect_column_values_to_be_uniqe.date": "ERROR",
        "gx.documents.expect_column_values_to_be_unique": "ERROR",
        "gx.documents.expect_column_values_to_be_unique.nowhere": "ERROR",
        "gx.documents.expect_column_values_to_be_unique.text_sha256": "FAIL",
        "gx.documents.expect_column_values_to_not_match_regex.text": "WARN",
        "gx.documents.expect_column_values_to_not_match_regex.text#2": "PASS",
        "gx.intake": "ERROR",
        "gx.own": "ERROR",
        "gx.release": "NOT_RUN",
        "gx.removed": "FAIL",
        "gx.splits": "ERROR",
    }
    copies = checks["gx.documents.expect_column_values_to_be_unique.text_sha256"]
    assert copies.examples == ("b/0001b.txt", "c/0002.txt")
    assert "critical, warning, info" in checks["gx.intake"].note
    assert "script" not in json.dumps([check.examples for check in checks.values()])


def test_a_child_that_hangs_is_an_error_of_every_suite(tmp_path: Path) -> None:
    found = validate(candidate(tmp_path, GOOD), tmp_path / "suites", {}, tmp_path / "out.json", 0.01)
    assert [check["verdict"] for check in found] == ["ERROR"] * len(SUITES)
    assert "longer than 0.01 s" in found[0]["note"]


def test_a_child_that_crashes_is_an_error_of_every_suite(tmp_path: Path) -> None:
    folder = candidate(tmp_path, GOOD)
    (folder / "ledger.parquet").write_bytes(b"torn")
    # The first suite that is left reads the ledger: the child ends before it loads the library.
    (folder / "suites/documents.json").unlink()
    checks = run(folder, GOOD)
    assert [check.verdict for check in checks] == [Verdict.ERROR] * len(SUITES)
    assert "ended with code" in checks[0].note


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    folder = candidate(tmp_path, GOOD)
    call = (
        "import sys; from pathlib import Path; from expectations import validate; "
        "folder = Path(sys.argv[1]); validate(folder, folder / 'suites', {}, folder / 'out.json', 60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", call, str(folder)], cwd=ROOT)
    child = eventually(lambda: running_child(parent.pid))
    parent.kill()
    parent.wait()
    # It has several seconds of work left: gone within one means that it was ended.
    eventually(lambda: not is_running(child), seconds=1)


def running_child(pid: int) -> int | None:
    """The child once it is past its start and imports the library, which loads scipy."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    loaded = listed and "/scipy/" in Path(f"/proc/{listed[0]}/maps").read_text()
    return int(listed[0]) if loaded else None


def is_running(pid: int | None) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def eventually(question: Callable[[], T], seconds: float = 20) -> T:
    """The first answer that is true."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return answer


def test_suites_of_the_project_win_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "expectations").mkdir()
    own = tmp_path / "expectations" / "documents.json"
    own.write_text("{}", encoding="utf-8")
    found = resolve_suites(tmp_path)
    assert found["documents"] == own
    assert set(SUITES) <= set(found)
    assert resolve_suites(None)["documents"] != own


@pytest.mark.parametrize("path", resolve_suites(None).values(), ids=lambda path: path.stem)
def test_every_packaged_expectation_has_words_in_both_languages(path: Path) -> None:
    for entry in json.loads(path.read_bytes())["expectations"]:
        assert entry["meta"]["sv"]
        assert entry["meta"]["en"]
        assert entry["severity"] in {"critical", "warning", "info"}
