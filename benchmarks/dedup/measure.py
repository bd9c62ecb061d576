"""One command measured: wall, CPU seconds of its whole process tree, and peak memory of the tree, on chosen cores."""

import ctypes
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

INTERVAL = 0.2
ORPHANS_WAIT = 10.0
"""Seconds that helpers of a finished command (fork servers, managers) get to end by themselves."""
_PR_SET_CHILD_SUBREAPER = 36
THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS",
    "POLARS_MAX_THREADS", "TOKIO_WORKER_THREADS", "ARROW_IO_THREADS",
)  # fmt: skip
QUIET = {
    "DO_NOT_TRACK": "1",
    "DAFT_ANALYTICS_ENABLED": "0",
    "SCARF_NO_ANALYTICS": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Nothing that is measured may report home or look for anything there."""


@dataclass(frozen=True, slots=True)
class Measured:
    wall: float
    cpu: float
    """User and system seconds of every process of the tree, also of those that outlived the command."""
    pss_mb: float
    """Peak of the sampled sum of proportional set sizes; sees what lasts a fifth of a second or longer."""
    rss_mb: float
    """Largest resident set of any one process, from the kernel."""
    code: int
    output: str
    errors: str

    def numbers(self) -> dict[str, float]:
        return {k: v for k, v in asdict(self).items() if k in ("wall", "cpu", "pss_mb", "rss_mb")}


def measure(
    command: list[str], cores: int, scratch: Path, env: dict[str, str] | None = None, limit: float = 7200
) -> Measured:
    """Run a command on so many cores with as many threads. Only one may run at a time: all children are waited for here."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    cpus = _idlest(cores)
    variables = {**os.environ, **QUIET, **dict.fromkeys(THREAD_VARIABLES, str(cores)), **(env or {})}
    scratch.mkdir(parents=True, exist_ok=True)
    with (scratch / "stdout").open("w+b") as out, (scratch / "stderr").open("w+b") as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            ["taskset", "-c", ",".join(map(str, cpus)), *command],
            stdout=out, stderr=err, env=variables, start_new_session=True, cwd=scratch,
        )  # fmt: skip
        code, wall, usages, pss = _watch(process.pid, start, limit)
        process.returncode = code
        output, errors = ((scratch / name).read_text("utf-8", "replace") for name in ("stdout", "stderr"))
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    rss = max(usage.ru_maxrss for usage in usages) / 1024
    return Measured(round(wall, 3), round(cpu, 3), round(pss, 1), round(rss, 1), code, output, errors[-4000:])


def _watch(root: int, start: float, limit: float) -> tuple[int, float, list, float]:
    """Exit code and wall of the root, usage of it and of its orphans (which come to us as subreaper), peak PSS in MB."""
    usages = []
    peak, next_sample, code, wall = 0.0, 0.0, None, 0.0
    deadline = start + limit
    while True:
        pid, status, usage = _reap()
        now = time.perf_counter()
        if pid:
            usages.append(usage)
            if pid == root:
                code, wall = os.waitstatus_to_exitcode(status), now - start
                deadline = now + ORPHANS_WAIT
            continue
        members = _session(root) if now >= next_sample or code is not None else [root]
        if code is not None and not members:
            return code, wall, usages, peak
        if now > deadline:
            _kill(members)
        if now >= next_sample:
            peak = max(peak, sum(map(_pss_mb, members)))
            # Walking the page tables of a large process takes time: never more than a twentieth of it.
            next_sample = now + max(INTERVAL, 20 * (time.perf_counter() - now))
        time.sleep(0.005)


def _reap() -> tuple[int, int, "os.struct_rusage | None"]:  # type: ignore[name-defined]
    try:
        return os.wait4(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0, None


def _kill(members: list[int]) -> None:
    for pid in members:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _session(root: int) -> list[int]:
    """Processes of the command's own session that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == root and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def _pss_mb(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def _idlest(cores: int) -> list[int]:
    """The least busy of the allowed cores, over a third of a second."""
    allowed = sorted(os.sched_getaffinity(0))
    before = _idle_ticks()
    time.sleep(0.3)
    after = _idle_ticks()
    return sorted(sorted(allowed, key=lambda cpu: before[cpu] - after[cpu])[:cores])


def _idle_ticks() -> dict[int, int]:
    ticks = {}
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith("cpu") and line[3].isdigit():
            fields = line.split()
            ticks[int(fields[0][3:])] = int(fields[4])
    return ticks
