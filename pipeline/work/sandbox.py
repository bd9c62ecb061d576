"""A pool of long-lived, confined worker processes: a document may crash, hang or fill the memory of its worker, and no more.

A worker that dies is replaced, and its job ends in WorkerDied, which names the file it was at. The caller decides whether to
try again without that file.
"""

import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pipeline.errors import ConfigError, KvarnError
from pipeline.work import confine
from pipeline.work.frames import Frames
from pipeline.work.heartbeat import now_at

__all__ = ["JobFailed", "SandboxLimits", "SandboxPool", "WorkerDied", "now_at"]

J = TypeVar("J")
R = TypeVar("R")

CRASH, TIMEOUT, MEMORY = "read.crash", "read.timeout", "read.memory"

LOOK = 0.2
"""Seconds between looks at a working process's clock and memory."""

START_SECONDS = 300.0
"""For imports and the first compilation of all kernels on a slow machine."""

_BOOT = "import json,sys;sys.path[:]=json.loads(sys.argv[2]);from pipeline.work.nursery import main;main()"


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Bounds of one worker. Both times count from the last beat: they bound a record, or the measures of a table, not a job.

    A document that computes for ever meets `cpu_seconds`, which a slow disk or a busy machine does not use up: that much of it is
    the document's own fault. `wall_seconds` ends what waits for ever. Half of it: a worker that gets half a core meets both at once.
    The slowest honest table of measures takes 10 s (our choice; see BATCH_ROWS in pipeline/work/measure.py).
    """

    wall_seconds: float = 120.0
    cpu_seconds: float = 60.0
    resident_bytes: int = 1 << 30
    address_bytes: int = 4 << 30

    def __post_init__(self) -> None:
        if (
            min(self.wall_seconds, self.cpu_seconds) <= 0
            or self.resident_bytes < 64 << 20
            or self.address_bytes < self.resident_bytes
        ):
            raise ConfigError(
                f"sandbox limits {self} cannot work: wall_seconds and cpu_seconds above 0, resident_bytes at least 64 MiB, "
                "address_bytes at least resident_bytes"
            )


class WorkerDied(KvarnError):
    """A job's worker crashed, hung or took too much memory. `at` is the file it was at, None before the first one.

    `part` is the part of that file, 0 where no part of it could be left out. `passing`: the cause may be the machine's, and gone
    tomorrow; otherwise the same bytes will do the same again. `detail` holds no measured number: it is written into the release,
    which must come out the same each time.
    """

    def __init__(
        self, code: str, at: str | None, detail: str, *, part: int = 0, passing: bool = False
    ) -> None:
        super().__init__(f"a worker died at {at or 'the start of its job'}: {detail}")
        self.code = code
        self.at = at
        self.detail = detail
        self.part = part
        self.passing = passing


class JobFailed(KvarnError):
    """The function raised; the message is its error (with the traceback where it was a bug)."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(slots=True)
class _Worker:
    pid: int
    frames: Frames
    network: str


@dataclass(slots=True)
class _Watch:
    """What is known of a running job."""

    deadline: float
    # CPU seconds of the worker at the first look after the last beat; reading it at each beat would cost more than a small file.
    used: float | None = None
    next_look: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class _End:
    """How a worker ended, and where it was: file and part."""

    status: int
    at: str | None
    part: int

    def death(self, code: str, detail: str, *, passing: bool = False) -> WorkerDied:
        return WorkerDied(code, self.at, detail, part=self.part, passing=passing)


def _as_is(result: Any) -> Any:
    return result


class SandboxPool(Generic[J, R]):
    """Runs `function(job)` in worker processes. `submit` may be called from any number of threads.

    `function` and `warm_up` are named as "package.module:name"; `warm_up()` runs once, before any worker is forked. A job must
    pickle. The function returns what JSON can carry, or a dataclass of it; `result` turns that (dataclasses arrive as dicts)
    into what `submit` returns.
    """

    def __init__(
        self,
        workers: int,
        function: str,
        limits: SandboxLimits | None = None,
        *,
        warm_up: str | None = None,
        result: Callable[[Any], R] = _as_is,
    ) -> None:
        if workers < 1:
            raise ConfigError(f"workers = {workers} is not possible; allowed: 1 or more")
        self._limits = limits or SandboxLimits()
        self._result = result
        self._lock = threading.Lock()
        self._slots: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        self.workers = workers
        self._network = "unknown"
        self._nursery, self._control = _start_nursery()
        self._control.send_json({"function": function, "warm_up": warm_up})
        self._ready = False
        for _ in range(workers):
            self._slots.put(None)

    def submit(self, job: J) -> R:
        """The job's result; waits for a free worker. Raises WorkerDied, or JobFailed where the function raised."""
        worker = self._slots.get()
        keep: _Worker | None = None
        try:
            worker = worker or self._fork()
            answer = self._run(worker, pickle.dumps(job))
            if "result" in answer or "error" in answer:
                keep = worker
        finally:
            self._slots.put(keep)
        if "error" in answer:
            raise JobFailed(str(answer["error"]), int(answer.get("exit_code", 1)))
        return self._result(answer["result"])

    def describe(self) -> dict[str, object]:
        """What holds the workers in, for `kvarn doctor` and the log; starts one worker where none has run yet."""
        if self._network == "unknown":
            worker = self._slots.get()
            self._slots.put(worker or self._fork())
        return {
            "workers": self.workers,
            "network": self._network,
            "wall_seconds": self._limits.wall_seconds,
            "cpu_seconds": self._limits.cpu_seconds,
            "resident_bytes": self._limits.resident_bytes,
            "address_bytes": self._limits.address_bytes if sys.platform.startswith("linux") else None,
        }

    def close(self) -> None:
        """End all workers, busy or not."""
        self._control.close()
        while not self._slots.empty():
            idle = self._slots.get()
            if idle is not None:
                idle.frames.close()
        try:
            self._nursery.wait(5)
        except subprocess.TimeoutExpired:
            self._nursery.kill()
            self._nursery.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, worker: _Worker, body: bytes) -> dict[str, Any]:
        watch = _Watch(time.monotonic() + self._limits.wall_seconds)
        try:
            worker.frames.send(body)
            while True:
                try:
                    message = worker.frames.receive_json(LOOK)
                except TimeoutError:
                    message = {}
                if message is None or "died" in message:
                    self._bury(worker, memory=message is not None)
                elif "at" in message:
                    watch.used = None
                    watch.deadline = time.monotonic() + self._limits.wall_seconds
                elif message:
                    return message
                self._look(worker, watch)
        except ConnectionError:
            self._bury(worker, memory=False)
            raise

    def _look(self, worker: _Worker, watch: _Watch) -> None:
        """Raises WorkerDied after ending a worker that is over time or memory."""
        now = time.monotonic()
        if now < watch.next_look:
            return
        watch.next_look = now + LOOK
        used = confine.cpu_seconds(worker.pid)
        if watch.used is None:
            watch.used = used
        if used - watch.used > self._limits.cpu_seconds:
            raise self._end(worker).death(*self._cpu())
        if confine.resident_bytes(worker.pid) > self._limits.resident_bytes:
            raise self._end(worker).death(*self._memory())
        if now > watch.deadline:
            wall, cpu = self._limits.wall_seconds, self._limits.cpu_seconds
            detail = f"no answer within {wall:g} s, of which it computed for less than {cpu:g}"
            raise self._end(worker).death(TIMEOUT, detail, passing=True)

    def _bury(self, worker: _Worker, *, memory: bool) -> None:
        """A worker that is gone, or said that it is out of memory. Always raises WorkerDied."""
        end = self._end(worker)
        if memory:
            raise end.death(*self._memory())
        if end.status == -signal.SIGXCPU:
            raise end.death(*self._cpu())
        if end.status == -signal.SIGKILL:
            # Nobody of us killed it: the kernel does so when the machine runs out of memory.
            detail = "killed from outside, most likely for want of memory"
            raise end.death(MEMORY, detail, passing=True)
        raise end.death(CRASH, f"ended with status {end.status} (negative: a signal)")

    def _cpu(self) -> tuple[str, str]:
        return TIMEOUT, f"more than {self._limits.cpu_seconds:g} s of CPU time"

    def _memory(self) -> tuple[str, str]:
        """The same words whichever of the two bounds was met first: that is chance."""
        resident, address = self._limits.resident_bytes >> 20, self._limits.address_bytes >> 20
        return MEMORY, f"more memory than {resident} MiB, or addresses than {address} MiB"

    def _fork(self) -> _Worker:
        with self._lock:
            self._await_nursery()
            try:
                limits = {
                    "address_bytes": self._limits.address_bytes,
                    "cpu_seconds": self._limits.cpu_seconds,
                }
                self._control.send_json(limits)
                self._control.connection.settimeout(START_SECONDS)
                _, handles, _, _ = socket.recv_fds(self._control.connection, 1, 1)
                born = self._control.receive_json(START_SECONDS)
            except OSError as error:
                raise KvarnError(f"no worker can be started: {error}; run again") from error
        if born is None or not handles:
            raise KvarnError(
                "no worker can be started: the process that forks them ended; run again, free memory if short"
            )
        frames = Frames(socket.socket(fileno=handles[0]))
        hello = frames.receive_json(START_SECONDS)
        if hello is None:
            raise KvarnError("a worker ended while it started; check the limits on memory of this machine")
        self._network = str(hello.get("network"))
        return _Worker(int(born["pid"]), frames, self._network)

    def _await_nursery(self) -> None:
        """The first worker waits for imports and warm-up, so that the caller can do its own start meanwhile."""
        if self._ready:
            return
        try:
            self._ready = self._control.receive_json(START_SECONDS) is not None
        except TimeoutError as error:
            raise KvarnError(f"workers were not ready after {START_SECONDS:g} s") from error
        if not self._ready:
            raise KvarnError("workers cannot start: the process that forks them failed; its error is above")

    def _end(self, worker: _Worker) -> _End:
        """Kill a worker if it still lives."""
        worker.frames.close()
        with self._lock:
            try:
                self._control.send_json({"end": worker.pid})
                answer = self._control.receive_json(START_SECONDS)
            except OSError:
                answer = None
        if answer is None:
            raise KvarnError("the process that forks workers ended; run again")
        return _End(int(answer["status"]), answer["at"], int(answer["part"]))


def _start_nursery() -> tuple[subprocess.Popen[bytes], Frames]:
    import json

    ours, theirs = socket.socketpair()
    # One thread a worker: the pool itself uses all cores.
    single = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
    )
    with theirs:
        nursery = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            # -P: the working folder never becomes a place to import from.
            [sys.executable, "-P", "-c", _BOOT, str(theirs.fileno()), json.dumps(sys.path)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **single},
            # Ctrl-C is for the main process, which ends its workers itself.
            start_new_session=True,
        )
    return nursery, Frames(ours)
