"""From a sealed candidate to a release, or to a candidate that waits for a person."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import Blocked, CheckNotRun, KvarnError, StoreDamaged, UsageError
from pipeline.storage.files import discard, disk_error, sync_folder, write_bytes
from pipeline.storage.manifest import FileEntry, read_manifest
from pipeline.storage.paths import Store
from pipeline.storage.releases import (
    Commit,
    Release,
    add_commit,
    changed,
    get,
    late_faults,
    late_files,
    latest,
    next_number,
    publish,
    remove_uncommitted,
)
from pipeline.storage.releases import verify as verify_release


@dataclass(frozen=True, slots=True)
class CandidateState:
    """What is known of a candidate beside its bytes: candidates/<digest>.json."""

    verdict: str
    """Worst verdict of the checks."""
    verdict_after_waivers: str
    needs_approval: bool
    """A person must approve before it can be published."""
    waivers: Sequence[Mapping[str, Any]] = ()
    approvals: Sequence[Mapping[str, Any]] = ()
    time: str = field(default_factory=lambda: now())
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    """Report and validation as they were when the candidate was held: what a person approves is what is published."""

    @property
    def blocked(self) -> bool:
        """Only PASS and WARN publish."""
        return self.verdict_after_waivers not in {"PASS", "WARN"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sealed candidate that is not published."""

    digest: str
    folder: Path
    state: CandidateState

    def late(self, name: str) -> bytes:
        """A file that the state vouches for, as report.json. Raises StoreDamaged where it is not the one that was held."""
        path = self.folder / name
        faults = [
            fault for fault in late_faults(self.folder, self.state.files) if fault.startswith(f"{path}:")
        ]
        if faults:
            raise changed(faults)
        return path.read_bytes()


def now() -> str:
    """UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def hold(store: Store, digest: str, state: CandidateState) -> Candidate:
    """Move the sealed build folder to candidates/<digest>/ and write its state beside it.

    An approval names a digest, so that of an earlier refresh which ended in the same bytes still counts. Candidates that
    this one leaves behind are removed. Raises ContractError for a build without report or validation.
    """
    state = replace(state, files=late_files(store.build))
    folder = store.candidates / digest
    earlier = store.candidates / f"{digest}.json"
    if earlier.is_file() and not state.approvals:
        state = replace(state, approvals=_read_state(earlier).approvals)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        store.build.rename(folder)
        sync_folder(store.candidates)
    except OSError as error:
        raise disk_error(error, folder, 4096) from error
    save_state(store, digest, state)
    sweep(store)
    return Candidate(digest, folder, state)


def save_state(store: Store, digest: str, state: CandidateState) -> None:
    """Write the state of a candidate."""
    data = json.dumps(asdict(state), sort_keys=True, ensure_ascii=False, indent=2)
    write_bytes(store.candidates / f"{digest}.json", f"{data}\n".encode())


def unpublished(store: Store) -> list[Candidate]:
    """Every candidate, oldest first; also such as a later release has superseded."""
    found = []
    for path in store.candidates.glob("*.json") if store.candidates.is_dir() else ():
        folder = path.with_suffix("")
        if folder.is_dir():
            found.append(Candidate(folder.name, folder, _read_state(path)))
    return sorted(found, key=lambda item: (item.state.time, item.digest))


def waiting(store: Store) -> list[Candidate]:
    """Candidates that were made on the newest release, oldest first: the others can never be published.

    Raises StoreDamaged for one whose manifest is not the one that was audited.
    """
    base = _digest_of(latest(store))
    return [item for item in unpublished(store) if read_manifest(item.folder, item.digest).parent == base]


def foremost(store: Store) -> Candidate | None:
    """The candidate that is the news of this store: the newest that waits, unless a release is newer (after a rollback)."""
    held, newest = waiting(store), latest(store)
    if not held or (newest is not None and newest.commit.time > held[-1].state.time):
        return None
    return held[-1]


def choose(store: Store, start: str | None) -> Candidate:
    """The candidate whose digest starts with `start`, or the newest that waits. Raises UsageError listing what there is."""
    fits = waiting(store) if start is None else _starting(store, start)
    if not fits or (start is not None and len(fits) > 1):
        known = ", ".join(item.digest[:12] for item in waiting(store)) or "none"
        raise UsageError(f"{store.candidates}: no single candidate {start or ''}; waiting: {known}")
    return fits[-1]


def _starting(store: Store, start: str) -> list[Candidate]:
    return [item for item in unpublished(store) if item.digest.startswith(start)]


def sweep(store: Store) -> None:
    """Remove what can never be published: candidates made on another release than the newest, and halves of one.

    The caller holds the lock. What cannot be removed now is tried again next time: it waits for nobody meanwhile.
    """
    # A crash at a commit may have left an approved candidate among the releases: it comes back first.
    remove_uncommitted(store)
    base = _digest_of(latest(store))
    for path in sorted(store.candidates.iterdir()):
        folder = path.with_name(path.name.removesuffix(".json"))
        if not _may_be_published(folder, base):
            shutil.rmtree(folder, ignore_errors=True)
            discard(path if path.is_file() else folder.with_name(f"{folder.name}.json"))


def _may_be_published(folder: Path, base: str | None) -> bool:
    if not folder.is_dir() or not folder.with_name(f"{folder.name}.json").is_file():
        return False
    try:
        return read_manifest(folder, folder.name).parent == base
    except StoreDamaged:
        # Of no use to anybody; the next refresh makes it again.
        return False


def _digest_of(release: Release | None) -> str | None:
    return release.commit.digest if release else None


def publish_candidate(store: Store, candidate: Candidate) -> Release:
    """Publish. The caller holds the lock.

    Raises Blocked where the gate or a missing approval forbids it, CheckNotRun where a check has no answer, StoreDamaged
    where the candidate or its report is not what was audited.
    """
    state = candidate.state
    short = candidate.digest[:12]
    if state.blocked:
        raise _refusal(short, state.verdict_after_waivers)
    if state.needs_approval and not state.approvals:
        raise Blocked(
            f"candidate {short} waits for a person: `kvarn gate approve {short}`, then `kvarn publish {short}`"
        )
    _require_its_report(store, candidate)
    made_on = read_manifest(candidate.folder, candidate.digest).parent
    if made_on != _digest_of(latest(store)):
        raise Blocked(
            f"candidate {short} was made on another release than the newest; run `kvarn refresh` again"
        )
    number = next_number(store)
    commit = Commit(
        number=number,
        folder=f"{number:06d}",
        digest=candidate.digest,
        parent=made_on,
        verdict=state.verdict,
        verdict_after_waivers=state.verdict_after_waivers,
        waivers=list(state.waivers),
        approvals=list(state.approvals),
        time=now(),
        files=state.files,
    )
    release = publish(store, candidate.folder, commit)
    sweep(store)
    return release


def _refusal(short: str, verdict: str) -> KvarnError:
    if verdict == "FAIL":
        return Blocked(
            f"candidate {short}: verdict FAIL; see `kvarn gate show`, mend the data, then refresh again"
        )
    return CheckNotRun(
        f"candidate {short}: verdict {verdict or 'unknown'}; see `kvarn gate show` for the check that has no answer, "
        "mend what broke it, then refresh again"
    )


def _require_its_report(store: Store, candidate: Candidate) -> None:
    """Raise StoreDamaged unless report, verdict and approvals are of this candidate, and as they were when it was held."""
    state, digest = candidate.state, candidate.digest
    faults = late_faults(candidate.folder, state.files)
    if faults:
        raise changed(faults)
    path = candidate.folder / "report.json"
    wanted = {"digest": digest, "verdict": state.verdict, "after": state.verdict_after_waivers}
    report = _object(path)
    if {name: report.get(name) for name in wanted} != wanted:
        told = ", ".join(f"{name} {report.get(name)!s:.12}" for name in wanted)
        raise changed([f"{path}: tells of {told}, but the candidate is {digest[:12]}, {state.verdict}"])
    if any(approval.get("digest") != digest for approval in state.approvals):
        raise StoreDamaged(
            f"{store.candidates / digest}.json: an approval names another candidate than {digest[:12]}; "
            "delete the file, run `kvarn refresh` again and let a person approve"
        )


def _object(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise changed([f"{path}: no report ({error})"]) from error


def rollback(store: Store, number: int, reason: str) -> Release:
    """A new commit that names the folder of release `number`. The caller holds the lock.

    Raises UsageError without a reason, StoreDamaged where the old release is not whole.
    """
    if len(reason.strip()) < 5:
        raise UsageError("--reason: say in a few words why; it is kept in the commit")
    old = get(store, number)
    faults = verify_release(old)
    if faults:
        raise StoreDamaged(f"release {number} is damaged, so nothing was rolled back: " + "; ".join(faults))
    remove_uncommitted(store)
    newest = latest(store)
    assert newest is not None
    commit = Commit(
        number=newest.number + 1,
        folder=old.commit.folder,
        digest=old.commit.digest,
        parent=newest.commit.digest,
        verdict=old.commit.verdict,
        verdict_after_waivers=old.commit.verdict_after_waivers,
        waivers=old.commit.waivers,
        approvals=old.commit.approvals,
        time=now(),
        files=old.commit.files,
        reason=f"rollback to release {number}: {reason.strip()}",
    )
    return add_commit(store, commit)


def _read_state(path: Path) -> CandidateState:
    try:
        content = json.loads(path.read_bytes())
        content["files"] = {name: FileEntry(**item) for name, item in content.get("files", {}).items()}
        return CandidateState(**content)
    except (ValueError, TypeError, AttributeError) as error:
        raise StoreDamaged(
            f"{path}: not a candidate's state ({error}); delete it and run `kvarn refresh` again"
        ) from error
