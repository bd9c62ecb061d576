"""The recipe from raw text to release, in this process: what each outcome of the gate leads to."""

import json
import shutil
from pathlib import Path

import pytest
from in_process import Suites, refresh
from small_store import DirectPool, World, article, write

from flows.commands import gate
from flows.commands.releases import show_report
from flows.run import NoPool, open_run
from flows.steps import held_state, read_report, report_facts, report_lines
from pipeline.errors import AlreadyRunning, ContractError, StoreDamaged
from pipeline.quality.verdicts import Verdict
from pipeline.storage.lock import exclusive
from pipeline.storage.releases import get, latest, list_releases, verify
from pipeline.work.judge import JudgeJob, JudgeSettings
from pipeline.work.publish import choose, waiting


def changed(world: World) -> World:
    write(world.raw / "brev" / "ny.txt", article(300))
    return world


def test_the_flow_publishes_a_whole_release(flown: World) -> None:
    release = latest(flown.store)
    assert release is not None
    assert verify(release) == []
    names = {path.name for path in release.folder.iterdir()}
    assert {"README.md", "croissant.json", "suites", "report.json", "report.html", "validation.json"} <= names
    assert set(release.commit.files) == {"report.json", "report.html", "validation.json"}
    report = read_report(release)
    assert report.digest == release.commit.digest
    assert report.sources["blad"].licence == "CC0-1.0"
    assert sum(report.profile.fate(name) for name in ("kept", "dropped", "flagged", "quarantined")) == 20


def test_a_second_run_has_nothing_to_do_and_starts_no_worker(world: World) -> None:
    pool = DirectPool()
    facts = refresh(world, pool=pool)
    assert (facts["state"], facts["release"], facts["exit_code"]) == ("nothing new", 1, 0)
    assert pool.jobs == []
    assert len(list_releases(world.store)) == 1


def test_the_second_release_is_compared_with_the_first(world: World) -> None:
    facts = refresh(changed(world))
    assert (facts["state"], facts["release"]) == ("published", 2)
    report = read_report(get(world.store, 2))
    assert report.previous is not None
    assert report.previous.number == 1


@pytest.mark.parametrize(
    ("verdict", "state", "code"),
    [
        (Verdict.PASS, "published", 0),
        (Verdict.WARN, "published", 0),
        (Verdict.FAIL, "blocked", 3),
        (Verdict.ERROR, "not checked", 4),
        (Verdict.NOT_RUN, "not checked", 4),
    ],
)
def test_only_a_passing_gate_publishes(world: World, verdict: Verdict, state: str, code: int) -> None:
    facts = refresh(changed(world), suites=Suites(verdict))
    assert (facts["state"], facts["exit_code"]) == (state, code)
    published = code == 0
    assert len(list_releases(world.store)) == 1 + published
    assert [item.digest for item in waiting(world.store)] == ([] if published else [facts["digest"]])
    if not published:
        report = read_report(choose(world.store, facts["digest"]))
        assert held_state(report) == state
        assert "next: " in facts["next_step"]


def test_a_first_release_waits_where_a_person_must_approve(world: World) -> None:
    config = world.raw.parent / "kvarn.toml"
    config.write_text('[gate]\nfirst_release = "approve"\n')
    shutil.rmtree(world.store.root)
    facts = refresh(world, config)
    assert (facts["state"], facts["exit_code"]) == ("awaiting approval", 3)
    assert held_state(read_report(choose(world.store, facts["digest"]))) == "awaiting approval"
    assert list_releases(world.store) == []


def test_a_source_that_is_gone_blocks_unless_it_was_retired(world: World) -> None:
    shutil.rmtree(world.raw / "brev")
    blocked = refresh(world)
    assert blocked["state"] == "blocked"
    before = {check.id: check for check in read_report(choose(world.store, blocked["digest"])).checks}
    config = world.raw.parent / "kvarn.toml"
    config.write_text('[sources.brev]\nretired = "2026-05-01, arkivet drog tillbaka den"\n')
    refresh(world, config)
    newest = latest(world.store)
    assert newest is not None
    words = {check.id: check for check in read_report(newest).checks}
    assert before["sources.vanished"].verdict is Verdict.FAIL
    assert words["sources.vanished"].verdict is not Verdict.FAIL


def test_repeated_lines_are_in_the_release_and_its_report_and_cut_where_a_source_says_so(
    world: World,
) -> None:
    for number in range(12):
        write(
            world.raw / "blad" / f"artikel-{number:02d}.txt",
            f"Till startsidan för bladet\n\n{article(number)}",
        )
    config = world.raw.parent / "kvarn.toml"
    config.write_text('[sources.blad]\nlines = "cut"\n')
    refresh(world, config)
    newest = latest(world.store)
    assert newest is not None
    assert {"templates.parquet", "template_fits.parquet"} <= set(newest.manifest().files)
    found = read_report(newest).repeated["blad"]
    assert (found.top[0].text, found.top[0].documents) == ("Till startsidan för bladet", 12)
    assert (found.cut_share, found.removed.documents) == (0.4, 12)
    assert "Återkommande rader" in newest.late("report.html").decode()


def test_a_damaged_parent_is_not_built_upon(world: World) -> None:
    (world.store.releases / "000001" / "ledger.parquet").write_bytes(b"x")
    with pytest.raises(StoreDamaged, match=r"ledger\.parquet"):
        refresh(changed(world))
    assert len(list_releases(world.store)) == 1


def edited(world: World) -> None:
    """A baseline that would let anything pass, or nothing."""
    path = world.store.releases / "000001" / "report.json"
    path.write_text(path.read_text().replace('"documents"', '"documents" '))


def test_an_edited_baseline_is_not_compared_with(world: World) -> None:
    edited(world)
    with pytest.raises(StoreDamaged, match=r"releases/000001/report\.json: .* restore the file") as damage:
        refresh(changed(world))
    assert damage.value.exit_code == 5
    assert len(list_releases(world.store)) == 1


def test_an_edited_report_is_not_shown(world: World) -> None:
    edited(world)
    with pytest.raises(StoreDamaged, match=r"report\.json"):
        show_report(1, None, None, None, as_json=False)
    with pytest.raises(StoreDamaged, match=r"report\.json"):
        gate.show("1", None, None, as_json=False)


def test_an_edited_report_of_a_candidate_is_not_shown(world: World) -> None:
    facts = refresh(changed(world), suites=Suites(Verdict.FAIL))
    (Path(facts["folder"]) / "report.json").write_text("{}")
    with pytest.raises(
        StoreDamaged, match=r"changed after its audit; run `kvarn refresh` again: .*report\.json"
    ):
        gate.show(None, None, None, as_json=False)


def test_one_run_at_a_time_works_on_a_store(world: World) -> None:
    with (
        exclusive(world.store),
        pytest.raises(AlreadyRunning),
        open_run(world.raw, world.store.root, None, 1),
    ):
        pass


def test_a_run_with_nothing_new_that_is_asked_to_work_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="nothing new was asked to work"):
        NoPool().submit(JudgeJob(tmp_path, tmp_path, JudgeSettings(), {}))


def test_the_first_screen_accounts_for_every_item(flown: World) -> None:
    report = read_report(get(flown.store, 1))
    lines = report_lines(report)
    assert "in 20 = " in lines[2]
    assert "(rest 0)" in lines[2]
    assert lines[3].startswith("top reasons: ")
    assert report_facts(report)["digest"] == report.digest
    json.dumps(report_facts(report))
