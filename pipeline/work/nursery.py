"""A small single-threaded process that imports everything once and then forks workers on demand.

The main process has threads (Prefect's, a progress bar's) and must not fork: a child of it could inherit a lock that no thread
will ever open. The nursery has none, so its children are sound, and start in milliseconds because the imports are done.
"""

import importlib
import mmap
import os
import pickle
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.errors import KvarnError
from pipeline.work import confine, heartbeat
from pipeline.work.frames import Frames

TELL_SECONDS = 0.1
"""Between two messages of a worker: nothing against the limits, rare against thousands of small files a second, which cost a sixth
of all CPU time when each was a message.
"""

PARENT_POLL = 1.0
"""Seconds between looks at whether the main process still lives; its end closes the socket, so this is a second net."""


def main() -> None:
    """Serve `argv[1]` (a socket's number): start with the names of function and warm-up, then fork and end workers as told."""
    control = Frames(socket.socket(fileno=int(sys.argv[1])))
    parent = os.getppid()
    start = control.receive_json()
    if start is None:
        return
    with _ending_with(parent):
        function = load(start["function"])
        if start["warm_up"]:
            load(start["warm_up"])()
    control.send_json({"ready": True})
    pages: dict[int, mmap.mmap] = {}
    while os.getppid() == parent:
        if not select.select([control.connection], [], [], PARENT_POLL)[0]:
            continue
        order = control.receive_json()
        if order is None:
            return
        if "end" in order:
            control.send_json(_end(order["end"], pages.pop(order["end"])))
        else:
            pid, page = _fork(control, function, order["address_bytes"], order["cpu_seconds"])
            pages[pid] = page


@contextmanager
def _ending_with(parent: int) -> Iterator[None]:
    """Compiling takes up to a minute, in which nobody reads the socket: a thread looks for the parent, and is gone before a fork.

    Not by a death signal: that follows the thread that started this process, which may end before the main process does.
    """
    over = threading.Event()

    def look() -> None:
        while not over.wait(PARENT_POLL):
            if os.getppid() != parent:
                os._exit(1)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def load(path: str) -> Callable[..., Any]:
    """The function that "package.module:name" names."""
    module, name = path.split(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def _fork(
    control: Frames, function: Callable[..., Any], address_bytes: int, cpu_seconds: float
) -> tuple[int, mmap.mmap]:
    """The worker's number, and the page in which it notes its place: shared memory, so it can be read after the worker's death."""
    ours, theirs = socket.socketpair()
    nursery, page = os.getpid(), mmap.mmap(-1, heartbeat.PAGE_BYTES)
    pid = os.fork()
    if pid == 0:
        control.close()
        ours.close()
        confine.die_with(nursery)
        confine.limit_resources(address_bytes)
        _work(Frames(theirs), function, cpu_seconds, page)
    theirs.close()
    socket.send_fds(control.connection, [b"f"], [ours.fileno()])
    ours.close()
    control.send_json({"pid": pid})
    return pid, page


def _end(pid: int, page: mmap.mmap) -> dict[str, Any]:
    """Kill and bury a worker. What it died of (a negative signal number, or an exit code), at which file, and which part of it."""
    # Not yet waited for, so the number cannot belong to another process meanwhile.
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with page:
        at, part = heartbeat.place_in(page)
        return {"status": os.waitstatus_to_exitcode(status), "at": at, "part": part}


def _work(frames: Frames, function: Callable[..., Any], cpu_seconds: float, page: mmap.mmap) -> None:
    """The life of a worker; never returns."""
    told = 0.0

    def beat(uri: str) -> None:
        nonlocal told
        heartbeat.note(page, uri)
        if time.monotonic() - told >= TELL_SECONDS:
            told = time.monotonic()
            confine.limit_cpu(cpu_seconds)
            frames.send_json({"at": uri})

    heartbeat.beat_through(beat, page)
    frames.send_json({"network": "blocked" if confine.forbid_calls() else "open"})
    while (body := frames.receive()) is not None:
        told = 0.0
        confine.limit_cpu(cpu_seconds)
        heartbeat.note(page, "")
        heartbeat.at_part(0)
        answer = _answer(function, body)
        frames.send_json(answer)
        if answer.get("died"):
            break
    # Not sys.exit: the exit handlers belong to the nursery.
    os._exit(0)


def _answer(function: Callable[..., Any], body: bytes) -> dict[str, Any]:
    try:
        # From our own parent process, never from a document.
        result = function(pickle.loads(body))  # noqa: S301
    except MemoryError:
        return {"died": "memory"}
    except KvarnError as error:
        return {"error": str(error), "exit_code": error.exit_code}
    except Exception:  # noqa: BLE001 - a bug in a stage is told to the main process, which shows it; the worker lives on
        return {"error": traceback.format_exc(), "exit_code": 1}
    return {"result": heartbeat.plain(result)}
