"""kill -9 at any moment: no process is left behind, no half release, and the next run ends in the same bytes."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PATIENCE = 60


def marked(mark: str) -> list[int]:
    """Processes that carry the mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                # Ended between the listing and the look, or not ours.
                continue
            if mark.encode() in environment:
                found.append(int(entry.name))
    return found


def write_corpus(raw: Path) -> None:
    for source in ("a", "b", "c"):
        (raw / source).mkdir(parents=True)
        for number in range(12):
            text = "\n\n".join(
                f"Stycke {k} i text {number} från {source}: skogen växer, och den som äger den tänker på framtiden, år {number * 31 + k}."
                for k in range(6)
            )
            (raw / source / f"{number}.txt").write_text(text, encoding="utf-8")


def start(raw: Path, store: Path, mark: str) -> "subprocess.Popen[bytes]":
    environment = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
    command = [sys.executable, "-P", "-m", "flows.cli", "refresh", "--raw", str(raw), "--curated", str(store)]
    return subprocess.Popen(
        command,
        env={**environment, "KVARN_MARK": mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_until(what: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release that nobody killed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    write_corpus(folder / "raw")
    assert start(folder / "raw", folder / "curated", "undisturbed").wait(300) == 0
    return folder / "curated" / "releases" / "000001"


@pytest.mark.parametrize("moment", ["workers run", "a shard is measured", "the candidate is built"])
def test_kill_9_leaves_nothing_behind_and_the_next_run_ends_in_the_same_bytes(
    tmp_path: Path, undisturbed: Path, moment: str
) -> None:
    raw, store = tmp_path / "raw", tmp_path / "curated"
    write_corpus(raw)
    mark = f"kvarn-{uuid.uuid4()}"
    child = start(raw, store, mark)
    reached = {
        "workers run": lambda: len(marked(mark)) >= 4,
        "a shard is measured": lambda: any(store.glob(".work/shards/m-*/done.json")),
        "the candidate is built": lambda: (store / ".work" / "build" / "ledger.parquet").exists(),
    }[moment]
    assert wait_until(reached), f"the run never came to: {moment}"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert wait_until(lambda: not marked(mark), 15), f"processes left behind: {marked(mark)}"
    assert not list(store.glob("releases/*.json"))
    assert start(raw, store, mark).wait(300) == 0
    release = store / "releases" / "000001"
    names = sorted(path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file())
    assert names == sorted(
        path.relative_to(undisturbed).as_posix() for path in undisturbed.rglob("*") if path.is_file()
    )
    assert all((release / name).read_bytes() == (undisturbed / name).read_bytes() for name in names)
    assert wait_until(lambda: not marked(mark), 15), f"processes left behind: {marked(mark)}"
