"""From candidate to release: only what passed its gate, on the release it was made on, once."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_store import World, article, held, seal, write, write_report

from pipeline.errors import Blocked, ContractError, KvarnError, StoreDamaged, UsageError
from pipeline.storage.lock import exclusive
from pipeline.storage.manifest import LATE
from pipeline.storage.releases import latest, list_releases, remove_uncommitted, verify
from pipeline.work.publish import (
    Candidate,
    CandidateState,
    choose,
    foremost,
    hold,
    publish_candidate,
    rollback,
    save_state,
    waiting,
)


def changed(world: World, number: int = 300) -> World:
    """The same world with one new file."""
    write(world.raw / "blad" / f"ny-{number}.txt", article(number))
    return world


def eva(candidate: Candidate) -> dict[str, str]:
    """The approval of a person."""
    return {"by": "Eva", "digest": candidate.digest}


def test_a_passing_candidate_becomes_the_next_release(world: World) -> None:
    candidate = held(changed(world).refresh())
    release = publish_candidate(world.store, candidate)
    assert (release.number, release.commit.digest) == (2, candidate.digest)
    assert release.commit.parent == list_releases(world.store)[0].commit.digest
    assert set(release.commit.files) == set(LATE)
    assert waiting(world.store) == []
    assert verify(release) == []
    assert not list(world.store.candidates.iterdir())


@pytest.mark.parametrize(
    ("verdict", "code"), [("FAIL", 3), ("ERROR", 4), ("NOT_RUN", 4), ("", 4), ("pass", 4)]
)
def test_no_other_verdict_than_pass_and_warn_publishes(world: World, verdict: str, code: int) -> None:
    candidate = held(changed(world).refresh(), verdict)
    with pytest.raises(KvarnError, match="kvarn gate show") as blocked:
        publish_candidate(world.store, candidate)
    assert blocked.value.exit_code == code
    assert len(list_releases(world.store)) == 1
    assert [item.digest for item in waiting(world.store)] == [candidate.digest]


def test_a_candidate_that_needs_a_person_waits_for_one(world: World) -> None:
    candidate = held(changed(world).refresh(), "WARN", needs_approval=True)
    with pytest.raises(Blocked, match="waits for a person: `kvarn gate approve"):
        publish_candidate(world.store, candidate)
    approved = replace(candidate.state, approvals=[eva(candidate)])
    save_state(world.store, candidate.digest, approved)
    release = publish_candidate(world.store, choose(world.store, candidate.digest[:8]))
    assert list(release.commit.approvals) == [eva(candidate)]


def test_a_candidate_made_on_another_release_is_refused(world: World) -> None:
    publish_candidate(world.store, held(changed(world, 300).refresh()))
    candidate = held(changed(world, 301).refresh())
    rollback(world.store, 1, "provning av återgång")
    with pytest.raises(Blocked, match="made on another release than the newest"):
        publish_candidate(world.store, choose(world.store, candidate.digest))
    assert len(list_releases(world.store)) == 3


def test_a_candidate_waits_only_while_the_release_it_was_made_on_is_the_newest(world: World) -> None:
    publish_candidate(world.store, held(changed(world, 300).refresh()))
    candidate = held(changed(world, 301).refresh(), "FAIL", time="9999-01-01")
    news = foremost(world.store)
    assert news is not None
    assert news.digest == candidate.digest
    rollback(world.store, 1, "provning av återgång")
    assert (waiting(world.store), foremost(world.store)) == ([], None)
    with pytest.raises(UsageError, match="waiting: none"):
        choose(world.store, None)
    rollback(world.store, 2, "provning av återgång")
    assert [item.digest for item in waiting(world.store)] == [candidate.digest]


def test_a_release_that_is_newer_than_what_waits_is_the_news(world: World) -> None:
    held(changed(world).refresh(), "FAIL", time="2026-01-01T00:00:00+00:00")
    assert len(waiting(world.store)) == 1
    assert foremost(world.store) is None


def test_publishing_removes_every_candidate_that_it_supersedes(world: World) -> None:
    blocked = held(changed(world, 300).refresh(), "FAIL", time="2026-01-01")
    passing = held(changed(world, 301).refresh(), time="2026-01-02")
    assert [item.digest for item in waiting(world.store)] == [blocked.digest, passing.digest]
    publish_candidate(world.store, passing)
    assert list(world.store.candidates.iterdir()) == []


def test_holding_removes_superseded_candidates_and_halves_but_no_other(world: World) -> None:
    publish_candidate(world.store, held(changed(world, 300).refresh()))
    superseded = held(changed(world, 301).refresh(), "FAIL")
    rollback(world.store, 1, "provning av återgång")
    waits = held(changed(world, 302).refresh(), "FAIL")
    assert not superseded.folder.exists()
    damaged = held(changed(world, 303).refresh(), "FAIL")
    (damaged.folder / "manifest.json").write_bytes(b"{}")
    (world.store.candidates / f"{'0' * 64}.json").write_text("{}")
    (world.store.candidates / ("1" * 64)).mkdir()
    newest = held(changed(world, 304).refresh(), "FAIL")
    left = {f"{item.digest}{end}" for item in (waits, newest) for end in ("", ".json")}
    assert {path.name for path in world.store.candidates.iterdir()} == left


def test_holding_does_not_lose_an_approved_candidate_that_a_crash_left_at_its_commit(world: World) -> None:
    candidate = held(changed(world).refresh(), needs_approval=True)
    save_state(world.store, candidate.digest, replace(candidate.state, approvals=[eva(candidate)]))
    candidate.folder.rename(world.store.releases / "000002")
    held(changed(world, 301).refresh(), "FAIL")
    assert list(choose(world.store, candidate.digest).state.approvals) == [eva(candidate)]


def test_a_candidate_with_a_changed_byte_is_refused(world: World) -> None:
    candidate = held(changed(world).refresh())
    (candidate.folder / "ledger.parquet").write_bytes(b"x")
    with pytest.raises(StoreDamaged, match="changed after its audit"):
        publish_candidate(world.store, candidate)
    assert len(list_releases(world.store)) == 1


def test_the_newest_candidate_is_chosen_unless_a_digest_says_otherwise(world: World) -> None:
    first = held(changed(world, 300).refresh(), time="2026-01-02")
    second = held(changed(world, 301).refresh(), time="2026-01-01")
    assert [item.digest for item in waiting(world.store)] == [second.digest, first.digest]
    assert choose(world.store, None).digest == first.digest
    assert choose(world.store, second.digest[:10]).digest == second.digest
    with pytest.raises(UsageError, match=f"waiting: .*{first.digest[:12]}"):
        choose(world.store, "g")
    with pytest.raises(UsageError, match="no single candidate"):
        choose(world.store, "")


def test_where_nothing_waits_that_is_said(world: World) -> None:
    with pytest.raises(UsageError, match="waiting: none"):
        choose(world.store, None)
    shutil.rmtree(world.store.candidates)
    assert waiting(world.store) == []


@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b'{"verdict": "PASS", "wrong": 1}'])
def test_a_torn_state_is_named(world: World, torn: bytes) -> None:
    candidate = held(changed(world).refresh())
    (world.store.candidates / f"{candidate.digest}.json").write_bytes(torn)
    with pytest.raises(StoreDamaged, match=r"not a candidate's state .* run `kvarn refresh` again"):
        waiting(world.store)


def test_a_candidate_is_held_again_in_place_of_its_earlier_self(world: World) -> None:
    first = held(changed(world).refresh())
    (first.folder / "left-over").write_text("x")
    again = held(world.refresh())
    assert again.digest == first.digest
    assert not (again.folder / "left-over").exists()


def test_an_approval_survives_a_second_refresh_of_the_same_bytes(world: World) -> None:
    first = held(changed(world).refresh(), needs_approval=True)
    save_state(world.store, first.digest, replace(first.state, approvals=[eva(first)]))
    again = held(world.refresh(), needs_approval=True)
    assert again.digest == first.digest
    assert list(again.state.approvals) == [eva(first)]
    assert publish_candidate(world.store, choose(world.store, None)).number == 2


@pytest.mark.parametrize("name", LATE)
def test_nothing_is_held_without_its_report(world: World, name: str) -> None:
    digest = seal(changed(world).refresh()).digest
    write_report(world.store.build, digest)
    (world.store.build / name).unlink()
    with pytest.raises(ContractError, match=f"{name} missing: no candidate goes on without its report"):
        hold(world.store, digest, CandidateState("PASS", "PASS", needs_approval=False))
    assert waiting(world.store) == []


@pytest.mark.parametrize("name", LATE)
@pytest.mark.parametrize("edit", [b'{"digest": "0"}', None])
def test_a_report_that_changed_since_it_was_held_is_not_published(
    world: World, name: str, edit: bytes | None
) -> None:
    candidate = held(changed(world).refresh())
    (candidate.folder / name).unlink() if edit is None else (candidate.folder / name).write_bytes(edit)
    with pytest.raises(StoreDamaged, match=f"changed after its audit.*{name}"):
        publish_candidate(world.store, candidate)
    assert len(list_releases(world.store)) == 1


def test_a_state_that_vouches_for_no_report_publishes_nothing(world: World) -> None:
    candidate = held(changed(world).refresh())
    save_state(world.store, candidate.digest, replace(candidate.state, files={}))
    with pytest.raises(StoreDamaged, match=r"report\.json: no checksum of it was kept"):
        publish_candidate(world.store, choose(world.store, None))


@pytest.mark.parametrize(
    "report",
    [
        {"digest": "0" * 64, "verdict": "PASS", "after": "PASS"},
        {"digest": None, "verdict": "FAIL", "after": "PASS"},
        {"digest": None, "verdict": "PASS", "after": "FAIL"},
        [],
        {},
    ],
)
def test_a_report_about_another_candidate_or_verdict_publishes_nothing(world: World, report: Any) -> None:
    digest = seal(changed(world).refresh()).digest
    write_report(world.store.build, digest)
    if report and report["digest"] is None:
        report = report | {"digest": digest}
    (world.store.build / "report.json").write_text(json.dumps(report))
    candidate = hold(world.store, digest, CandidateState("PASS", "PASS", needs_approval=False))
    with pytest.raises(StoreDamaged, match=r"report\.json: tells of digest"):
        publish_candidate(world.store, candidate)
    assert len(list_releases(world.store)) == 1


def test_a_report_that_is_no_json_publishes_nothing(world: World) -> None:
    digest = seal(changed(world).refresh()).digest
    write_report(world.store.build, digest)
    (world.store.build / "report.json").write_text("{")
    candidate = hold(world.store, digest, CandidateState("PASS", "PASS", needs_approval=False))
    with pytest.raises(StoreDamaged, match=r"report\.json: no report"):
        publish_candidate(world.store, candidate)


@pytest.mark.parametrize("approval", [{"by": "Eva"}, {"by": "Eva", "digest": "0" * 64}])
def test_an_approval_of_another_candidate_is_none_of_this_one(world: World, approval: dict[str, str]) -> None:
    candidate = held(changed(world).refresh(), needs_approval=True)
    save_state(world.store, candidate.digest, replace(candidate.state, approvals=[eva(candidate), approval]))
    with pytest.raises(StoreDamaged, match="an approval names another candidate"):
        publish_candidate(world.store, choose(world.store, None))
    assert len(list_releases(world.store)) == 1


def test_a_candidate_between_rename_and_commit_waits_again(world: World) -> None:
    """As after a kill or a full disk at the commit: an approved candidate must not be lost."""
    candidate = held(changed(world).refresh(), needs_approval=True)
    approved = replace(candidate.state, approvals=[eva(candidate)])
    save_state(world.store, candidate.digest, approved)
    candidate.folder.rename(world.store.releases / "000002")
    assert waiting(world.store) == []
    with exclusive(world.store):
        assert remove_uncommitted(world.store) == []
        assert publish_candidate(world.store, choose(world.store, None)).number == 2


def test_a_left_folder_that_nobody_waits_for_is_removed(world: World) -> None:
    candidate = held(changed(world).refresh())
    candidate.folder.rename(world.store.releases / "000002")
    (world.store.candidates / f"{candidate.digest}.json").unlink()
    (world.store.releases / "000003").mkdir()
    (world.store.releases / ".000002.json.77.tmp").write_text("{")
    assert remove_uncommitted(world.store) == ["000002", "000003"]
    assert sorted(path.name for path in world.store.releases.iterdir()) == ["000001", "000001.json"]


def test_a_rollback_is_a_new_commit_that_names_the_old_folder(world: World) -> None:
    first = latest(world.store)
    assert first is not None
    second = publish_candidate(world.store, held(changed(world).refresh()))
    back = rollback(world.store, 1, " provning av återgång ")
    assert (back.number, back.folder) == (3, first.folder)
    assert (back.commit.digest, back.commit.parent) == (first.commit.digest, second.commit.digest)
    assert back.commit.reason == "rollback to release 1: provning av återgång"
    assert verify(back) == []
    assert latest(world.store) == back
    third = publish_candidate(world.store, held(changed(world, 301).refresh()))
    assert (third.number, third.commit.parent) == (4, first.commit.digest)


def test_a_rollback_needs_a_reason_and_a_whole_release(world: World) -> None:
    with pytest.raises(UsageError, match="--reason: say in a few words why"):
        rollback(world.store, 1, "  x ")
    with pytest.raises(UsageError, match="no release 9; there are: 1"):
        rollback(world.store, 9, "provning av återgång")
    (world.store.releases / "000001" / "ledger.parquet").write_bytes(b"x")
    with pytest.raises(StoreDamaged, match="so nothing was rolled back"):
        rollback(world.store, 1, "provning av återgång")
    assert len(list_releases(world.store)) == 1


def test_the_state_on_disk_is_the_state(world: World) -> None:
    candidate = held(changed(world).refresh(), "WARN", needs_approval=True)
    (found,) = waiting(world.store)
    assert isinstance(found, Candidate)
    assert found.state.verdict == "WARN"
    assert found.state.needs_approval
    path = world.store.candidates / f"{candidate.digest}.json"
    assert json.loads(path.read_bytes())["time"] == "2026-01-01"
    manifest = (found.folder / "manifest.json").read_bytes()
    assert hashlib.sha256(manifest).hexdigest() == found.digest


def test_a_number_that_was_taken_meanwhile_is_not_overwritten(world: World) -> None:
    candidate = held(changed(world).refresh())
    commit = world.store.releases / "000001.json"
    other = json.loads(commit.read_bytes()) | {"number": 2}

    def thief(path: Path, data: bytes) -> bool:
        path.write_text(json.dumps(other))
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.storage.releases.put_if_absent", thief)
        with pytest.raises(StoreDamaged, match="another publisher was here without the lock"):
            publish_candidate(world.store, candidate)
    assert json.loads((world.store.releases / "000002.json").read_bytes()) == other
