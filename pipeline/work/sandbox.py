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
    """Bounds of one worker. `wall_seconds` counts from the last beat: it bounds a record, or the measures of a table, not a job."""

    wall_seconds: float = 120.0
    resident_bytes: int = 1 << 30
    address_bytes: int = 4 << 30

    def __post_init__(self) -> None:
        if (
            self.wall_seconds <= 0
            or self.resident_bytes < 64 << 20
            or self.address_bytes < self.resident_bytes
        ):
            raise ConfigError(
                f"sandbox limits {self} cannot work: wall_seconds above 0, resident_bytes at least 64 MiB, "
                "address_bytes at least resident_bytes"
            )


class WorkerDied(KvarnError):
    """A job's worker crashed, hung or took too much memory. `at` is the file it was at, None before the first one."""

    def __init__(self, code: str, at: str | None, detail: str) -> None:
        super().__init__(f"a worker died at {at or 'the start of its job'}: {detail}")
        self.code = code
        self.at = at


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
    at: str | None = None
    next_look: float = field(default_factory=time.monotonic)


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
                    self._bury(worker, watch, memory=message is not None)
                elif "at" in message:
                    watch.at = str(message["at"])
                    watch.deadline = time.monotonic() + self._limits.wall_seconds
                elif message:
                    return message
                self._look(worker, watch)
        except ConnectionError:
            self._bury(worker, watch, memory=False)
            raise

    def _look(self, worker: _Worker, watch: _Watch) -> None:
        """Raises WorkerDied after ending a worker that is over time or memory."""
        now = time.monotonic()
        if now < watch.next_look:
            return
        watch.next_look = now + LOOK
        if now > watch.deadline:
            self._end(worker)
            raise WorkerDied(TIMEOUT, watch.at, f"no answer within {self._limits.wall_seconds:g} s")
        resident = confine.resident_bytes(worker.pid)
        if resident > self._limits.resident_bytes:
            self._end(worker)
            raise WorkerDied(
                MEMORY, watch.at, f"{resident} bytes of memory; the limit is {self._limits.resident_bytes}"
            )

    def _bury(self, worker: _Worker, watch: _Watch, *, memory: bool) -> None:
        """A worker that is gone, or said that it is out of memory. Always raises WorkerDied."""
        status = self._end(worker)
        if memory:
            raise WorkerDied(MEMORY, watch.at, "out of address space")
        if status == -signal.SIGKILL:
            # Nobody of us killed it: the kernel does so when the machine runs out of memory.
            raise WorkerDied(MEMORY, watch.at, "killed from outside, most likely for want of memory")
        raise WorkerDied(CRASH, watch.at, f"ended with status {status} (negative: a signal)")

    def _fork(self) -> _Worker:
        with self._lock:
            self._await_nursery()
            try:
                self._control.send_json({"address_bytes": self._limits.address_bytes})
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

    def _end(self, worker: _Worker) -> int:
        worker.frames.close()
        with self._lock:
            try:
                self._control.send_json({"end": worker.pid})
                answer = self._control.receive_json(START_SECONDS)
            except OSError:
                answer = None
        if answer is None:
            raise KvarnError("the process that forks workers ended; run again")
        return int(answer["status"])


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
