"""CPU time of a document is bounded, from outside and by the kernel, and a death says whose fault it was."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigError
from pipeline.work import confine
from pipeline.work.sandbox import SandboxLimits, SandboxPool, WorkerDied

Pool = SandboxPool[dict[str, Any], Any]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    sys.path.insert(0, str(Path(__file__).parent))
    limits = SandboxLimits(
        wall_seconds=300.0, cpu_seconds=0.5, resident_bytes=300 << 20, address_bytes=2 << 30
    )
    with SandboxPool[dict[str, Any], Any](1, "sandbox_jobs:perform", limits) as made:
        yield made
    sys.path.pop(0)


@pytest.mark.parametrize("how", ["burn", "burn unbound"])
def test_a_document_that_computes_for_ever_is_ended_by_its_cpu_time(pool: Pool, how: str) -> None:
    with pytest.raises(WorkerDied, match=r"fil\.html: more than 0\.5 s of CPU time") as died:
        pool.submit({"do": how, "files": ["fil.html"], "seconds": 20})
    assert (died.value.code, died.value.passing) == ("read.timeout", False)


def test_the_kernel_ends_it_where_nobody_looks(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "cpu_seconds", lambda pid: 0.0)
    with pytest.raises(WorkerDied, match=r"fil\.html: more than 0\.5 s of CPU time") as died:
        pool.submit({"do": "burn", "files": ["fil.html"], "seconds": 200})
    assert (died.value.code, died.value.passing) == ("read.timeout", False)


def test_cpu_time_counts_anew_with_every_file_and_every_job(pool: Pool) -> None:
    burn = {"do": "burn", "files": list("abcdefgh"), "seconds": 0.25}
    assert pool.submit(burn) == 8
    assert pool.submit(burn) == 8


def test_waiting_uses_no_cpu_time(pool: Pool) -> None:
    assert pool.submit({"do": "files", "files": ["a"], "each": 1.0}) == 1


@pytest.mark.parametrize(
    ("number", "code", "passing"),
    [
        (signal.SIGKILL, "read.memory", True),
        (signal.SIGSEGV, "read.crash", False),
        (signal.SIGABRT, "read.crash", False),
        (signal.SIGXCPU, "read.timeout", False),
    ],
)
def test_a_death_names_the_part_and_whether_the_machine_may_be_to_blame(
    pool: Pool, number: signal.Signals, code: str, passing: bool
) -> None:
    with pytest.raises(WorkerDied) as died:
        pool.submit({"do": "die in part", "at": "a.warc", "part": 12, "signal": int(number)})
    assert (died.value.code, died.value.part, died.value.passing) == (code, 12, passing)


def test_a_part_of_an_earlier_job_is_forgotten(pool: Pool) -> None:
    assert pool.submit({"do": "at part", "part": 3}) == 3
    with pytest.raises(WorkerDied) as died:
        pool.submit({"do": "segfault", "at": "b.txt"})
    assert died.value.part == 0


def test_a_file_of_an_earlier_job_is_forgotten(pool: Pool) -> None:
    assert pool.submit({"do": "at part", "part": 3, "at": "a.warc"}) == 3
    with pytest.raises(WorkerDied, match="the start of its job") as died:
        pool.submit({"do": "segfault"})
    assert died.value.at is None


def test_a_wait_that_ends_by_the_clock_may_be_the_machines() -> None:
    limits = SandboxLimits(wall_seconds=0.5, cpu_seconds=60)
    sys.path.insert(0, str(Path(__file__).parent))
    with (
        SandboxPool[dict[str, Any], Any](1, "sandbox_jobs:perform", limits) as short,
        pytest.raises(
            WorkerDied, match=r"no answer within 0\.5 s, of which it computed for less than 60"
        ) as died,
    ):
        short.submit({"do": "sleep", "seconds": 60, "at": "a.txt"})
    sys.path.pop(0)
    assert (died.value.code, died.value.passing) == ("read.timeout", True)


def test_a_cpu_limit_that_cannot_work_is_refused() -> None:
    with pytest.raises(ConfigError, match="cpu_seconds"):
        SandboxLimits(cpu_seconds=0)
