"""Write, audit, publish: a release becomes visible in one atomic step, and its bytes never change.

No commit, no release: a folder whose commit is missing was left by a crash, and the next publisher removes it. `CURRENT` is
a hint for people. A rollback is a new commit that names an old folder.
"""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import ContractError, KvarnError, StoreDamaged, UsageError
from pipeline.storage.files import disk_error, put_if_absent, sha256_file, sync_folder, sync_tree, write_bytes
from pipeline.storage.manifest import LATE, NAME, FileEntry, Manifest, check_files, entry, read_manifest
from pipeline.storage.parquet import damaged
from pipeline.storage.paths import Store


@dataclass(frozen=True, slots=True)
class Commit:
    """releases/NNNNNN.json: what makes a folder a release."""

    number: int
    folder: str
    digest: str
    parent: str | None
    verdict: str
    """Worst verdict of the checks."""
    verdict_after_waivers: str
    waivers: Sequence[Mapping[str, Any]]
    approvals: Sequence[Mapping[str, Any]]
    time: str
    """UTC, ISO 8601. The only place of a release that knows the time."""
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    """The files that name the digest and so cannot be inside the manifest: report and validation."""
    reason: str | None = None
    """Why, for a rollback."""

    def to_bytes(self) -> bytes:
        return (json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, indent=2) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Release:
    """A published release: its commit, and the folder that the commit names."""

    commit: Commit
    folder: Path

    @property
    def number(self) -> int:
        return self.commit.number

    def manifest(self) -> Manifest:
        """Raises StoreDamaged where the manifest is not the committed one."""
        return read_manifest(self.folder, self.commit.digest)

    def late(self, name: str) -> bytes:
        """A file that the commit vouches for, as report.json. Raises StoreDamaged where it is not the committed one."""
        path = self.folder / name
        faults = [
            fault for fault in late_faults(self.folder, self.commit.files) if fault.startswith(f"{path}:")
        ]
        if faults:
            raise damaged(path, faults[0].removeprefix(f"{path}: "))
        return path.read_bytes()

    def files(self, prefix: str) -> list[tuple[Path, FileEntry]]:
        """Files of the manifest whose name starts with `prefix`, in order of name."""
        files = self.manifest().files
        return [(self.folder / name, files[name]) for name in sorted(files) if name.startswith(prefix)]


def list_releases(store: Store) -> list[Release]:
    """All committed releases, oldest first. Raises StoreDamaged for a commit that cannot be read."""
    if not store.releases.is_dir():
        return []
    found = [path for path in store.releases.iterdir() if re.fullmatch(r"\d{6,}\.json", path.name)]
    return [_read_commit(path) for path in sorted(found)]


def latest(store: Store) -> Release | None:
    """The newest release, or None before the first."""
    every = list_releases(store)
    return every[-1] if every else None


def get(store: Store, number: int) -> Release:
    """Release `number`. Raises UsageError listing those that exist."""
    every = list_releases(store)
    for release in every:
        if release.number == number:
            return release
    numbers = ", ".join(str(release.number) for release in every) or "none yet"
    raise UsageError(f"{store.releases}: no release {number}; there are: {numbers}")


def publish(store: Store, candidate: Path, commit: Commit) -> Release:
    """Make an audited candidate the release `commit.number`. The caller holds the store's lock.

    Every byte and name of the candidate is on disk before the rename, and the rename before the commit: a power failure
    leaves no commit of a release that is not whole. Raises StoreDamaged if a byte of the candidate is not as its manifest
    says, or the number was taken.
    """
    manifest = read_manifest(candidate, commit.digest)
    faults = check_files(candidate, manifest.files) + late_faults(candidate, commit.files)
    if faults:
        raise changed(faults)
    remove_uncommitted(store)
    sync_tree(candidate)
    target = store.releases / commit.folder
    try:
        candidate.rename(target)
        sync_folder(store.releases)
        sync_folder(candidate.parent)
    except OSError as error:
        raise disk_error(error, target, 4096) from error
    return add_commit(store, commit)


def add_commit(store: Store, commit: Commit) -> Release:
    """Create the commit; from here on the release is visible."""
    path = store.releases / f"{commit.number:06d}.json"
    if not put_if_absent(path, commit.to_bytes()):
        raise StoreDamaged(f"{path} exists already: another publisher was here without the lock; run again")
    try:
        write_bytes(store.current, f"{commit.number:06d}\n".encode())
    except KvarnError as error:
        raise KvarnError(
            f"release {commit.number} is published and whole, but not the hint: {error}"
        ) from error
    return Release(commit, store.releases / commit.folder)


def next_number(store: Store) -> int:
    """One more than the newest commit."""
    newest = latest(store)
    return newest.number + 1 if newest else 1


def remove_uncommitted(store: Store) -> list[str]:
    """Clear what a crash between rename and commit left; the caller holds the lock. Names of the folders that were removed.

    A candidate whose state still lies in candidates/ goes back there instead, with the approval that a person gave it.
    """
    named = {release.commit.folder for release in list_releases(store)}
    gone = []
    for path in sorted(store.releases.iterdir()):
        try:
            if path.is_dir() and path.name not in named:
                if not _put_back(store, path):
                    shutil.rmtree(path)
                    gone.append(path.name)
            elif path.name.endswith(".tmp"):
                path.unlink()
        except OSError as error:
            raise disk_error(error, path, 4096) from error
    return gone


def _put_back(store: Store, folder: Path) -> bool:
    manifest = folder / NAME
    digest = sha256_file(manifest) if manifest.is_file() else ""
    home = store.candidates / digest
    if not digest or home.is_dir() or not home.with_name(f"{digest}.json").is_file():
        return False
    folder.rename(home)
    sync_folder(store.candidates)
    return True


def late_files(folder: Path) -> dict[str, FileEntry]:
    """Entries of the files that the commit, not the manifest, vouches for. Raises ContractError where one was not written."""
    absent = [name for name in LATE if not (folder / name).is_file()]
    if absent:
        raise ContractError(f"{folder}: {', '.join(absent)} missing: no candidate goes on without its report")
    return {name: entry(folder / name) for name in LATE}


def late_faults(folder: Path, files: Mapping[str, FileEntry]) -> list[str]:
    """What is wrong with report and validation, one line each: a checksum that was not kept is a fault too."""
    unknown = [f"{folder / name}: no checksum of it was kept" for name in LATE if name not in files]
    return unknown + check_files(folder, files)


def changed(faults: Sequence[str]) -> StoreDamaged:
    """The error for a candidate that is not what was audited."""
    return StoreDamaged(
        "the candidate changed after its audit; run `kvarn refresh` again: " + "; ".join(faults)
    )


def verify(release: Release) -> list[str]:
    """Read every byte of a release; what is wrong, one line each. Empty: all is as published."""
    try:
        manifest = release.manifest()
    except StoreDamaged as error:
        return [str(error)]
    faults = check_files(release.folder, manifest.files) + check_files(release.folder, release.commit.files)
    known = set(manifest.files) | set(release.commit.files) | {"manifest.json"}
    for path in sorted(release.folder.rglob("*")):
        name = path.relative_to(release.folder).as_posix()
        if path.is_file() and name not in known:
            faults.append(f"{path}: is not part of the release")
    return faults


def _read_commit(path: Path) -> Release:
    try:
        content = json.loads(path.read_bytes())
        content["files"] = {name: FileEntry(**item) for name, item in content["files"].items()}
        commit = Commit(**content)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise damaged(path, f"not a commit ({error})") from error
    if path.name != f"{commit.number:06d}.json":
        raise damaged(path, f"holds the commit of release {commit.number}: files were swapped")
    return Release(commit, path.parent / commit.folder)
