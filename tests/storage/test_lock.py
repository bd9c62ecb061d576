"""One writer a store: whoever holds the lock is named, and a crash leaves no lock behind."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import AlreadyRunning, KvarnError
from pipeline.storage.lock import exclusive
from pipeline.storage.paths import Store

HOLD = (
    "import sys; from pathlib import Path; from pipeline.storage.lock import exclusive; "
    "from pipeline.storage.paths import Store\n"
    "with exclusive(Store(Path(sys.argv[1]))):\n    print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "curated")


def holder(store: Store) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_the_holder_is_named_and_its_death_frees_the_lock(store: Store) -> None:
    with holder(store) as child:
        with pytest.raises(AlreadyRunning, match=rf"process {child.pid}\); wait for it"), exclusive(store):
            pass
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        with exclusive(store):
            assert store.lock.read_text() == f"{os.getpid()}\n"


def test_an_error_inside_frees_the_lock(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), exclusive(store):
        raise ZeroDivisionError
    with exclusive(store):
        assert store.releases.is_dir()


def test_a_lock_of_nobody_known_is_still_a_lock(store: Store) -> None:
    with exclusive(store):
        os.truncate(store.lock, 0)
        with pytest.raises(AlreadyRunning, match="process unknown"), exclusive(store):
            pass


def test_a_lock_that_cannot_be_opened_is_named(store: Store) -> None:
    store.create()
    store.lock.mkdir()
    with pytest.raises(KvarnError, match=r"cannot write .*lock"), exclusive(store):
        pass


def test_a_disk_without_room_for_the_lock_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(KvarnError, match=r"lock: the disk is full"), exclusive(store):
        pass
