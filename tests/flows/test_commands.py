"""Every command as the command line calls it: facts as JSON, words for people, and errors that say what to do."""

import json
import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer
from in_process import Say, Suites, changed, facts, played, refresh
from small_store import DirectPool, World, write
from typer.testing import CliRunner

from flows import cli
from flows.commands import gate, measure, publish, releases, train
from flows.commands import refresh as refreshing
from flows.commands.context import check_out, context
from pipeline.errors import Blocked, StoreDamaged, UsageError
from pipeline.quality.verdicts import Verdict
from pipeline.storage.releases import get, latest
from pipeline.work.publish import waiting

# context


def test_folders_of_the_command_line_win_over_those_of_the_project(world: World, tmp_path: Path) -> None:
    where = context(None)
    assert (where.raw, where.store, where.models) == (world.raw, world.store, world.raw.parent / "models")
    other = context(None, tmp_path / "r", tmp_path / "c", tmp_path / "m")
    assert (other.raw, other.store.root, other.models) == (tmp_path / "r", tmp_path / "c", tmp_path / "m")


def test_an_output_must_be_able_to_be_a_file(tmp_path: Path) -> None:
    check_out(tmp_path / "out.parquet")
    for bad in (tmp_path, tmp_path / "nowhere" / "out.parquet"):
        with pytest.raises(UsageError, match="name a Parquet file in an existing folder"):
            check_out(bad)


# refresh


def run_refresh(workers: int = 1, *, plan_only: bool = False, as_json: bool = False) -> int:
    return refreshing.run(None, None, None, workers, plan_only=plan_only, as_json=as_json)


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flow without a server."""
    from flows import refresh as module

    monkeypatch.setattr("flows.server.prefect_api", lambda home: nullcontext("http://nowhere"))
    monkeypatch.setattr(module, "refresh", module.refresh.fn)


def test_nothing_new_is_said_with_what_was_skipped(world: World, capsys: Say) -> None:
    assert run_refresh() == 0
    told = capsys.readouterr().out
    assert "nothing new: 17 files" in told
    assert "those of release 1" in told
    assert "skipped: reading" in told
    assert run_refresh(as_json=True) == 0
    assert facts(capsys)["files"] == 17


def test_a_plan_says_what_is_new_and_does_nothing(world: World, capsys: Say) -> None:
    before = sorted(path for path in world.store.root.rglob("*") if path.is_file())
    changed(world)
    assert run_refresh(plan_only=True, as_json=True) == 0
    told = facts(capsys)
    size = (world.raw / "brev" / "ny-300.txt").stat().st_size
    assert (told["files"], told["changes"], told["new_bytes"]) == (18, ["1 file new"], size)
    assert run_refresh(plan_only=True) == 0
    assert "changed since the newest release: 1 file new" in capsys.readouterr().out
    assert sorted(path for path in world.store.root.rglob("*") if path.is_file()) == before


def test_the_plan_of_a_first_release_counts_every_byte(world: World, tmp_path: Path, capsys: Say) -> None:
    assert refreshing.run(None, None, tmp_path / "new", 0, plan_only=True, as_json=True) == 0
    told = facts(capsys)
    assert told["new_bytes"] == told["bytes"] > 0
    assert told["workers"] == len(os.sched_getaffinity(0))


def test_a_refresh_runs_the_flow_and_tells_its_outcome(world: World, flow: None, capsys: Say) -> None:
    changed(world)
    with played():
        assert run_refresh() == 0
    assert "release 2 published" in capsys.readouterr().out
    changed(world, 301)
    with played(Suites(Verdict.FAIL)):
        assert run_refresh(as_json=True) == 3
    assert facts(capsys)["state"] == "blocked"
    with played(Suites(Verdict.ERROR)):
        assert run_refresh() == 4


# releases, verify, report


def test_releases_are_listed_oldest_first(world: World, tmp_path: Path, capsys: Say) -> None:
    refresh(changed(world))
    releases.show_list(None, None, as_json=True)
    told = facts(capsys)
    assert [row["number"] for row in told] == [1, 2]
    assert told[1]["parent"] == told[0]["digest"]
    kept = pq.read_table(world.store.releases / "000002" / "ledger.parquet")["fate"].to_pylist().count("kept")
    assert told[1]["kept"] == kept
    releases.show_list(None, None, as_json=False)
    assert len(capsys.readouterr().out.splitlines()) == 4
    releases.show_list(None, tmp_path / "empty", as_json=False)
    assert "no release yet; `kvarn refresh` makes the first" in capsys.readouterr().out


def test_verify_reads_all_releases_or_one(world: World, capsys: Say) -> None:
    refresh(changed(world))
    releases.verify_all(None, None, None, as_json=False)
    assert "2 release(s)" in capsys.readouterr().out
    releases.verify_all(2, None, None, as_json=True)
    assert facts(capsys) == {"releases": [2], "faults": []}


@pytest.mark.parametrize("as_json", [True, False])
def test_verify_names_every_damaged_file(world: World, capsys: Say, as_json: bool) -> None:
    for name in ("ledger.parquet", "report.html"):
        (world.store.releases / "000001" / name).write_bytes(b"x")
    with pytest.raises(StoreDamaged, match="2 of the published files") as damage:
        releases.verify_all(None, None, None, as_json=as_json)
    assert damage.value.exit_code == 5
    assert "ledger.parquet" in str(damage.value)
    out = capsys.readouterr().out
    assert (len(json.loads(out)["faults"]) == 2) if as_json else not out


def test_the_report_of_what_waits_comes_first(world: World, tmp_path: Path, capsys: Say) -> None:
    releases.show_report(None, None, None, None, as_json=True)
    assert facts(capsys)["number"] == 1
    held = refresh(changed(world), suites=Suites(Verdict.FAIL))
    releases.show_report(None, None, None, None, as_json=True)
    assert facts(capsys)["digest"] == held["digest"]
    adapter = world.raw.parent / "models" / "r1-1"
    write(adapter / "README.md", "card")
    releases.show_report(1, None, None, None, as_json=False)
    told = capsys.readouterr().out
    assert "in 20 = " in told
    assert "report.html" in told
    assert str(adapter) in told
    with pytest.raises(UsageError, match="no release yet"):
        releases.show_report(None, None, tmp_path / "empty", None, as_json=False)


# gate, publish, rollback


def test_the_gate_shows_every_check_and_answers_with_the_verdict(
    world: World, tmp_path: Path, capsys: Say
) -> None:
    assert gate.show(None, None, None, as_json=True) == 0
    checks = facts(capsys)["checks"]
    assert gate.show("1", None, None, as_json=False) == 0
    told = capsys.readouterr().out
    assert all(check["id"] in told for check in checks)
    held = refresh(changed(world), suites=Suites(Verdict.FAIL))
    assert gate.show(None, None, None, as_json=False) == 3
    assert gate.show(held["digest"][:10], None, None, as_json=False) == 3
    unknown = refresh(changed(world, 301), suites=Suites(Verdict.NOT_RUN))
    assert gate.show(unknown["digest"], None, None, as_json=False) == 4
    with pytest.raises(UsageError, match="run `kvarn refresh`"):
        gate.show(None, None, tmp_path / "empty", as_json=False)


def held_first(world: World) -> str:
    """A first release that waits for a person; its digest."""
    (world.raw.parent / "kvarn.toml").write_text('[gate]\nfirst_release = "approve"\n')
    for path in [*world.store.releases.glob("*.json")]:
        path.unlink()
    return str(refresh(world)["digest"])


def test_an_approved_candidate_is_published_and_names_who_approved(world: World, capsys: Say) -> None:
    digest = held_first(world)
    with pytest.raises(Blocked, match="waits for a person"):
        publish.publish_candidate(None, None, None, as_json=False)
    gate.approve(None, "Eva\x1b[31m", "läst", None, None, as_json=False)
    assert "approved by Eva\\x1b[31m (claimed)" in capsys.readouterr().out
    publish.publish_candidate(digest[:9], None, None, as_json=True)
    assert facts(capsys)["digest"] == digest
    release = latest(world.store)
    assert release is not None
    (approval,) = release.commit.approvals
    assert (approval["identity"], approval["reason"], approval["digest"]) == ("claimed", "läst", digest)


def test_who_approves_is_the_user_of_the_machine_unless_named(
    world: World, capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_first(world)
    monkeypatch.setattr("getpass.getuser", lambda: "operator")
    gate.approve(None, None, "", None, None, as_json=True)
    assert facts(capsys)["by"] == "operator"


def test_an_approved_candidate_outlives_a_crash_at_its_commit(world: World, capsys: Say) -> None:
    digest = held_first(world)
    gate.approve(None, "Eva", "läst", None, None, as_json=False)
    (candidate,) = waiting(world.store)
    for path in world.store.releases.iterdir():
        path.rename(world.store.root / f"gone-{path.name}")
    candidate.folder.rename(world.store.releases / "000001")
    publish.publish_candidate(None, None, None, as_json=False)
    assert latest(world.store).commit.digest == digest  # type: ignore[union-attr]
    assert "release 1 published" in capsys.readouterr().out


def test_what_the_gate_forbids_nobody_approves(world: World) -> None:
    refresh(changed(world), suites=Suites(Verdict.FAIL))
    with pytest.raises(UsageError, match="verdict FAIL cannot be approved away"):
        gate.approve(None, "Eva", "läst", None, None, as_json=False)
    with pytest.raises(Blocked, match="verdict FAIL"):
        publish.publish_candidate(None, None, None, as_json=False)


def test_a_rollback_is_told(world: World, capsys: Say) -> None:
    refresh(changed(world))
    publish.rollback_to(1, "provning av återgång", None, None, as_json=False)
    assert "release 3 now is what release 1 was" in capsys.readouterr().out
    assert get(world.store, 3).commit.digest == get(world.store, 1).commit.digest


# train


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the training was called with; the training itself is tested elsewhere."""
    calls: list[Any] = []

    def play(data: Any, settings: Any, origins: Any, models: Path, name: str | None, report: Any) -> Any:
        calls.append((data, origins, name))
        report("tränar\x1b[31m")
        scores = {part: {"before": 20.0, "after": 10.0} for part in ("domain", "general")}
        record = {"evaluation": scores, "verdict": "PASS"}
        return SimpleNamespace(
            name=name or "r1-1", folder=models / "r1-1", released=name != "bad", verdict="PASS", record=record
        )

    monkeypatch.setattr("pipeline.train.run.train", play)
    return calls


def test_training_takes_the_newest_release_and_its_splits(
    world: World, trained: list[Any], capsys: Say
) -> None:
    (world.raw.parent / "kvarn.toml").write_text("[train]\nseed = 7\n")
    assert train.run(None, None, None, None, None, as_json=False) == 0
    ((data, origins, name),) = trained
    rows = pq.read_table(world.store.releases / "000001" / "ledger.parquet").to_pylist()
    for split in ("train", "validation", "test"):
        wanted = {row["content_id"] for row in rows if row["split"] == split}
        assert {text.content_id for text in getattr(data, split)} == wanted
    assert [(source.name, source.licence) for source in data.sources] == [("blad", "CC0-1.0"), ("brev", "")]
    assert (origins, name, data.release) == ({"seed": "kvarn.toml"}, None, 1)
    told = capsys.readouterr()
    assert "domain: perplexity 20.00 → 10.00" in told.out
    assert "tränar\\x1b[31m" in told.err


def test_an_adapter_that_the_model_gate_refuses_is_exit_3(
    world: World, trained: list[Any], capsys: Say
) -> None:
    assert train.run(1, None, None, None, "bad", as_json=True) == 3
    told = capsys.readouterr()
    assert json.loads(told.out)["released"] is False
    assert told.err == ""
    assert train.run(1, None, None, None, "bad", as_json=False) == 3
    assert "NOT released" in capsys.readouterr().out


def test_a_damaged_release_or_a_failing_one_never_trains(world: World, trained: list[Any]) -> None:
    release = latest(world.store)
    assert release is not None
    failing = replace(release, commit=replace(release.commit, verdict_after_waivers="FAIL"))
    with pytest.raises(Blocked, match="verdict FAIL; training needs PASS or WARN"):
        train.require_publishable(failing)
    (release.folder / "ledger.parquet").write_bytes(b"x")
    with pytest.raises(StoreDamaged, match="nothing was trained"):
        train.run(None, None, None, None, None, as_json=False)
    assert trained == []


def test_without_a_release_there_is_nothing_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no release to train on"):
        train.run(None, None, tmp_path / "empty", None, None, as_json=False)


def test_a_release_trains_where_its_raw_folder_is_gone(flown: World, tmp_path: Path) -> None:
    data = train.training_data(get(flown.store, 1), tmp_path / "nowhere")
    assert {source.licence for source in data.sources} == {""}


# The command line itself


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("refresh --plan --workers 1", 0, "changed since the newest release: nothing"),
        ("extract raw/blad/artikel-00.txt", 0, "Plantering i trakten 0"),
        ("dedup raw -o pairs.parquet --threshold 0.9", 0, "1 verified pairs at Jaccard ≥ 0.9"),
        ("why b-0", 0, "Release 1: b-0"),
        ("report", 0, "in 20 = "),
        ("releases", 0, "release"),
        ("verify", 0, "every byte is as published"),
        ("rollback 1 --reason provning", 0, "release 2 now is what release 1 was"),
        ("diff 1 1", 0, "0 documents changed"),
        ("gate show", 0, "accounting.rest"),
        ("refresh --workers 999", 2, "less than or equal to 256"),
    ],
)
def test_every_command_is_wired_to_its_work(world: World, line: str, code: int, said: str) -> None:
    done = CliRunner().invoke(cli.app, line.split())
    assert done.exit_code == code, done.exception
    assert said in done.output


def test_commands_that_make_a_release_or_an_adapter_answer_with_their_code(
    world: World, trained: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "open_pool", lambda workers: nullcontext(DirectPool()))
    assert CliRunner().invoke(cli.app, ["measure", "raw/brev", "-o", "m.parquet"]).exit_code == 0
    assert CliRunner().invoke(cli.app, ["train", "--name", "bad"]).exit_code == 3
    held_first(world)
    assert CliRunner().invoke(cli.app, ["gate", "approve", "--by", "Eva"]).exit_code == 0
    assert CliRunner().invoke(cli.app, ["publish"]).exit_code == 0


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("so not"), 2, "kvarn: so not"),
        (Blocked("the gate"), 3, "kvarn: the gate"),
        (StoreDamaged("a byte"), 5, "kvarn: a byte"),
        (OSError(28, "No space left on device", "/data/x"), 1, "kvarn: /data/x: No space left on device"),
        (OSError("odd"), 1, "kvarn: odd"),
    ],
)
@pytest.mark.parametrize("debug", ["", "1"])
def test_errors_are_one_line_and_a_code(
    capsys: Say, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, said: str, debug: str
) -> None:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    monkeypatch.setenv("KVARN_DEBUG", debug)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "argv", ["kvarn"])
    monkeypatch.setattr(cli, "app", app)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    told = capsys.readouterr().err
    assert said in told
    assert ("Traceback" in told) == bool(debug)


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_bug_is_told_with_what_to_do(capsys: Say, monkeypatch: pytest.MonkeyPatch, debug: str) -> None:
    monkeypatch.setenv("KVARN_DEBUG", debug)
    cli._plain_error(ZeroDivisionError, ZeroDivisionError("bug"), None)
    told = capsys.readouterr().err
    assert "this is a bug: ZeroDivisionError: bug" in told
    assert told.count("ZeroDivisionError") == 1 + bool(debug)
