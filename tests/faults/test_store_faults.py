"""A fault at any file operation of a publish leaves release n or n + 1, never half of one; the next attempt succeeds."""

import errno
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from fault_fs import FAULTS, Fault, FaultFS, Killed
from small_store import DirectPool, World, article, plan_of, refresh_settings, write, write_report

from pipeline.errors import KvarnError
from pipeline.storage import parquet
from pipeline.storage.files import write_bytes
from pipeline.storage.lock import exclusive
from pipeline.storage.manifest import NAME, Manifest, entry
from pipeline.storage.paths import Store
from pipeline.storage.releases import latest, list_releases, remove_uncommitted, verify
from pipeline.work.publish import CandidateState, choose, hold, publish_candidate, waiting
from pipeline.work.refresh import Refresh

SCHEMA = pa.schema([("text", pa.string())])


def approval(digest: str) -> dict[str, str]:
    return {"by": "Eva", "digest": digest}


def state_of(digest: str) -> CandidateState:
    """A passing candidate that a person approved."""
    return CandidateState(
        "PASS", "PASS", needs_approval=True, approvals=[approval(digest)], time="2026-01-01"
    )


def build(store: Store, text: str) -> str:
    """A sealed candidate in the build folder, made on the newest release; its digest."""
    shutil.rmtree(store.build, ignore_errors=True)
    store.build.mkdir()
    parquet.write(store.build / "data.parquet", pa.table({"text": [text]}), SCHEMA)
    files = {"data.parquet": entry(store.build / "data.parquet", 1)}
    newest = latest(store)
    parent = newest.commit.digest if newest else None
    manifest = Manifest(files, (), {}, "c", {}, {}, "d", parent)
    write_bytes(store.build / NAME, manifest.to_bytes())
    write_report(store.build, manifest.digest)
    return manifest.digest


def publish(store: Store, digest: str) -> None:
    with exclusive(store):
        publish_candidate(store, hold(store, digest, state_of(digest)))


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with release 1, and a sealed candidate for release 2."""
    # Flushing is counted and may fail; to really do it some thousand times would only take time.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    store = Store(tmp_path / "prepared")
    store.create()
    publish(store, build(store, "ett"))
    build(store, "två")
    return store


def digest_of(store: Store) -> str:
    return hashlib.sha256((store.build / NAME).read_bytes()).hexdigest()


def operations_of_a_publish(prepared: Store, folder: Path) -> int:
    shutil.copytree(prepared.root, folder)
    store = Store(folder)
    with FaultFS().mounted() as faults:
        publish(store, digest_of(store))
    assert latest(store).number == 2  # type: ignore[union-attr]
    return faults.count


def whole(store: Store) -> list[str]:
    """What a reader sees: every release verified, by text."""
    releases = list_releases(store)
    assert [release.number for release in releases] == list(range(1, len(releases) + 1))
    for release in releases:
        assert verify(release) == []
    return [parquet.read(release.folder / "data.parquet")["text"][0].as_py() for release in releases]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_operation_of_a_publish_leaves_one_release_or_two_and_never_half(
    prepared: Store, tmp_path: Path, fault: Fault
) -> None:
    count = operations_of_a_publish(prepared, tmp_path / "counted")
    assert count > 15
    ends = set()
    for at in range(1, count + 1):
        store = Store(tmp_path / f"{at}")
        shutil.copytree(prepared.root, store.root)
        digest = digest_of(store)
        faults = FaultFS(at, fault)
        ended: BaseException | None = None
        with faults.mounted():
            try:
                publish(store, digest)
            except (KvarnError, Killed) as error:
                ended = error
        assert faults.fired, f"operation {at} never came"
        seen = whole(store)
        assert seen in (["ett"], ["ett", "två"]), (at, faults.fired)
        if ended is None:
            assert seen == ["ett", "två"], (at, faults.fired)
        else:
            assert isinstance(ended, Killed) == fault.startswith(("killed", "half")), ended
        ends.add(len(seen))
        _the_next_attempt_succeeds(store, digest)
        shutil.rmtree(store.root)
    assert ends == {1, 2}, "every fault came on one side of the commit"


def _the_next_attempt_succeeds(store: Store, digest: str) -> None:
    """As the next process does it: publish what waits, approved as it was; what does not wait is built again."""
    with exclusive(store):
        remove_uncommitted(store)
        if len(list_releases(store)) == 1 and waiting(store):
            candidate = choose(store, digest)
            assert list(candidate.state.approvals) == [approval(digest)]
            publish_candidate(store, candidate)
    if len(list_releases(store)) == 1:
        assert build(store, "två") == digest
        publish(store, digest)
    assert whole(store) == ["ett", "två"]
    assert list_releases(store)[1].commit.digest == digest
    publish(store, build(store, "tre"))
    assert whole(store) == ["ett", "två", "tre"]
    left = {path.name for path in store.releases.iterdir()}
    assert left == {f"00000{n}{end}" for n in (1, 2, 3) for end in ("", ".json")}


def test_a_reader_during_a_publish_sees_n_or_n_plus_1(prepared: Store) -> None:
    """A reader between any two operations of the publisher."""
    seen: list[tuple[str, ...]] = []

    class Watching(FaultFS):
        def run(self, name: str, operation: object, half: object = None) -> object:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(self, "run", lambda name, operation, half=None: operation())
                seen.append(tuple(whole(prepared)))
            return operation()  # type: ignore[operator]

    with Watching().mounted():
        publish(prepared, digest_of(prepared))
    assert set(seen) == {("ett",), ("ett", "två")}
    assert seen == sorted(seen)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def fill(folder: Path, leave: int) -> Path:
    """Take all room but `leave` bytes."""
    ballast = folder / "ballast"
    ballast.unlink(missing_ok=True)
    ballast.write_bytes(bytes(max(0, free(folder) - leave)))
    return ballast


@pytest.mark.parametrize("leave", [0, 8, 32, 64, 96, 128, 160])
def test_a_disk_that_is_really_full_stops_a_refresh_and_harms_no_release(
    made: World, small_disk: Path, tmp_path: Path, leave: int
) -> None:
    """`leave` kB are free when the second refresh begins; it needs more than that, less than the disk has."""
    raw = made.copy(tmp_path / "world").raw
    world = World(raw, Store(small_disk / "curated"))
    first = world.release()
    for number in range(300, 330):
        write(raw / "blad" / f"ny-{number}.txt", article(number))
    ballast = fill(small_disk, leave << 10)
    with pytest.raises(KvarnError, match=r"cannot write .*disk.*: the disk is full; free at least") as full:
        world.release()
    assert full.value.exit_code == 1
    assert [release.number for release in list_releases(world.store)] == [1]
    assert verify(first) == []
    ballast.unlink()
    second = world.release()
    assert second.number == 2
    assert verify(second) == verify(first) == []


def test_a_read_only_store_is_refused_before_any_work(made: World, small_disk: Path, tmp_path: Path) -> None:
    world = World(made.copy(tmp_path / "world").raw, Store(small_disk / "curated"))
    world.release()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    pool = DirectPool()
    with pytest.raises(KvarnError, match="read-only; mount it writable"), exclusive(world.store):
        Refresh(plan_of(world.raw, world.store), refresh_settings(), pool)
    assert pool.jobs == []
    assert [release.number for release in list_releases(world.store)] == [1]


def test_a_release_that_cannot_be_read_is_damage_by_name(made: World, tmp_path: Path) -> None:
    world = made.copy(tmp_path / "world")
    release = latest(world.store)
    assert release is not None
    real = Path.open

    def failing(path: Path, *arguments: object, **options: object) -> object:
        if path.name == "ledger.parquet":
            raise OSError(errno.EIO, "Input/output error")
        return real(path, *arguments, **options)  # type: ignore[call-overload]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", failing)
        assert ["ledger.parquet" in line and "Input/output error" in line for line in verify(release)] == [
            True
        ]


def test_a_left_folder_that_cannot_be_removed_is_named(made: World, tmp_path: Path) -> None:
    world = made.copy(tmp_path / "world")
    (world.store.releases / "000002").mkdir()
    with pytest.MonkeyPatch.context() as patch:

        def failing(*_: object, **__: object) -> None:
            raise OSError(errno.EACCES, "Permission denied")

        patch.setattr(shutil, "rmtree", failing)
        with pytest.raises(KvarnError, match=r"cannot write .*000002: permission denied"):
            remove_uncommitted(world.store)
