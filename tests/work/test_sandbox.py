"""The sandbox: what one job does to its worker must not reach another job, the parent or the network."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigError, KvarnError
from pipeline.work.sandbox import JobFailed, SandboxLimits, SandboxPool, WorkerDied

HERE = str(Path(__file__).parent)
FUNCTION = "sandbox_jobs:perform"

Pool = SandboxPool[dict[str, Any], Any]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    sys.path.insert(0, HERE)
    limits = SandboxLimits(wall_seconds=1.0, resident_bytes=300 << 20, address_bytes=2 << 30)
    with SandboxPool[dict[str, Any], Any](2, FUNCTION, limits) as made:
        yield made
    sys.path.remove(HERE)


def test_every_job_gets_its_own_result(pool: Pool) -> None:
    with ThreadPoolExecutor(8) as threads:
        jobs = [{"do": "square", "n": n} for n in range(200)]
        assert list(threads.map(pool.submit, jobs)) == [n * n for n in range(200)]


def test_two_workers_run_at_the_same_time(pool: Pool, tmp_path: Path) -> None:
    pair = [{"do": "together", "folder": str(tmp_path), "me": a, "other": b} for a, b in ("ab", "ba")]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(pool.submit, pair)) == [True, True]


def test_workers_are_long_lived(pool: Pool) -> None:
    assert len({pool.submit({"do": "pid"}) for _ in range(20)}) <= 2


def test_a_dataclass_arrives_as_its_fields_and_a_converter_makes_it_whole(pool: Pool) -> None:
    assert pool.submit({"do": "answer", "n": 3}) == {"value": 3}
    with SandboxPool[dict[str, Any], int](
        1, FUNCTION, result=lambda fields: int(fields["value"])
    ) as converting:
        assert converting.submit({"do": "answer", "n": 3}) == 3


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ({"do": "segfault"}, "read.crash"),
        ({"do": "exit"}, "read.crash"),
        ({"do": "sleep", "seconds": 60}, "read.timeout"),
        ({"do": "hog", "slowly": True}, "read.memory"),
        ({"do": "hog"}, "read.memory"),
    ],
)
def test_a_job_that_kills_its_worker_is_told_by_file_and_reason_and_harms_no_other(
    pool: Pool, job: dict[str, Any], code: str
) -> None:
    with ThreadPoolExecutor(2) as threads:
        deadly = threads.submit(pool.submit, {**job, "at": "mapp/fil.pdf"})
        others = [threads.submit(pool.submit, {"do": "square", "n": n}) for n in range(10)]
        assert [other.result() for other in others] == [n * n for n in range(10)]
        with pytest.raises(WorkerDied, match=r"fil\.pdf") as died:
            deadly.result()
    assert (died.value.code, died.value.at) == (code, "mapp/fil.pdf")


def test_the_clock_starts_anew_with_every_file(pool: Pool) -> None:
    assert pool.submit({"do": "files", "files": list("abcdefgh"), "each": 0.2}) == 8


def test_an_error_of_the_function_leaves_its_worker_alive(pool: Pool) -> None:
    with pytest.raises(JobFailed, match="so not") as failed:
        pool.submit({"do": "raise"})
    assert failed.value.exit_code == 2
    with pytest.raises(JobFailed, match="ZeroDivisionError"):
        pool.submit({"do": "bug"})
    assert pool.submit({"do": "square", "n": 4}) == 16


def test_a_worker_cannot_open_an_internet_socket(pool: Pool) -> None:
    assert pool.describe()["network"] == "blocked"
    assert pool.submit({"do": "connect"}) == "PermissionError"


def test_a_worker_starts_no_program_and_touches_no_other_process(pool: Pool) -> None:
    assert pool.submit({"do": "start"}) == "PermissionError"
    assert pool.submit({"do": "trace"}) == errno.EACCES
    assert pool.submit({"do": "write into"}) == errno.EACCES


def test_closing_ends_every_worker() -> None:
    sys.path.insert(0, HERE)
    with SandboxPool[dict[str, Any], Any](1, FUNCTION) as short:
        pid = short.submit({"do": "pid"})
    sys.path.remove(HERE)
    assert _ends(pid)


def test_no_process_outlives_a_killed_parent() -> None:
    script = (
        f"import sys, time; sys.path.insert(0, {HERE!r})\n"
        "from pipeline.work.sandbox import SandboxPool\n"
        f"pool = SandboxPool(1, {FUNCTION!r})\n"
        "print(pool.submit({'do': 'pid'}), pool._nursery.pid, flush=True)\n"
        "pool.submit({'do': 'sleep', 'seconds': 60})\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert all(_ends(pid) for pid in pids)


def test_a_function_that_does_not_exist_is_told_at_the_first_job(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        SandboxPool[dict[str, Any], Any](1, "no_such_module:f") as broken,
        pytest.raises(KvarnError, match="cannot start"),
    ):
        broken.submit({})


def test_limits_that_cannot_work_are_refused() -> None:
    with pytest.raises(ConfigError, match="wall_seconds"):
        SandboxLimits(wall_seconds=0)
    with pytest.raises(ConfigError, match="workers = 0"):
        SandboxPool(0, FUNCTION)


def _ends(pid: int) -> bool:
    """Whether the process is gone within five seconds; a zombie awaiting its new parent counts as gone."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
