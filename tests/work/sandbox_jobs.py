"""Functions that workers of tests run."""

import ctypes
import os
import resource
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.storage.readers import mail, text, warc
from pipeline.work.heartbeat import at_part, now_at
from pipeline.work.markers import Marker
from pipeline.work.read import ReadJob, read_job


@dataclass(frozen=True)
class Answer:
    value: int


def perform(job: dict[str, Any]) -> Any:
    if "at" in job:
        now_at(job["at"])
    return ACTIONS[job["do"]](job)


def _hog(job: dict[str, Any]) -> int:
    held = []
    while True:
        held.append(bytearray(8 << 20))
        time.sleep(0.01 if job.get("slowly") else 0)


def _connect(job: dict[str, Any]) -> str:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except OSError as error:
        return type(error).__name__
    return "open"


def _start(job: dict[str, Any]) -> str:
    try:
        subprocess.run(["/bin/true"], check=False)
    except OSError as error:
        return type(error).__name__
    return "started"


def _trace(job: dict[str, Any]) -> int:
    """The error number of PTRACE_ATTACH to the nursery."""
    libc = ctypes.CDLL(None, use_errno=True)
    return 0 if libc.ptrace(16, os.getppid(), None, None) == 0 else ctypes.get_errno()


def _write_into(job: dict[str, Any]) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    return 0 if libc.process_vm_writev(os.getppid(), None, 0, None, 0, 0) == 0 else ctypes.get_errno()


def _files(job: dict[str, Any]) -> int:
    for uri in job["files"]:
        now_at(uri)
        time.sleep(job["each"])
    return len(job["files"])


def _burn(job: dict[str, Any]) -> int:
    """Compute for `seconds` of CPU time, in as many files as named."""
    for uri in job["files"]:
        now_at(uri)
        _compute(job["seconds"])
    return len(job["files"])


def _compute(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def _at_part(job: dict[str, Any]) -> int:
    at_part(job["part"])
    return int(job["part"])


def _burn_unbound(job: dict[str, Any]) -> int:
    """As a parser that was taken over, which has lifted the bound that it may lift."""
    now_at(job["files"][0])
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
    _compute(job["seconds"])
    return 0


def _die_in_part(job: dict[str, Any]) -> None:
    for number in range(1, job["part"] + 1):
        at_part(number)
    os.kill(os.getpid(), job["signal"])


def read_with_traps(job: ReadJob) -> Marker:
    """As `read_job`, with parsers that hang, crash, or take all memory where a document says so."""
    for module, name in ((text, "read_text"), (warc, "_page"), (mail, "_message")):
        setattr(module, name, _trapped(getattr(module, name)))
    return read_job(job)


def _trapped(parse: Any) -> Any:
    if hasattr(parse, "trapped"):
        # A long-lived worker has its traps already.
        return parse

    def trap(source: Any, **more: Any) -> Any:
        told = _told(source)
        if b"burn" in told:
            _compute(60)
        elif b"segfault" in told:
            ctypes.string_at(0)
        elif b"hog" in told:
            _hog({})
        elif b"kill" in told:
            os.kill(os.getpid(), 9)
        return parse(source, **more)

    trap.trapped = True  # type: ignore[attr-defined]
    return trap


def _told(source: Any) -> bytes:
    """The beginning of a document, without using it up: of a file, a message, or the address of a page."""
    if isinstance(source, bytes):
        return source
    if hasattr(source, "stream"):
        return bytes(source.stream.peek(100))
    return str(source.headers["WARC-Target-URI"]).encode()


def _raise(job: dict[str, Any]) -> None:
    raise UsageError("so not")


ACTIONS: dict[str, Any] = {
    "square": lambda job: job["n"] ** 2,
    "answer": lambda job: Answer(job["n"]),
    "pid": lambda job: os.getpid(),
    "sleep": lambda job: time.sleep(job["seconds"]),
    "segfault": lambda job: ctypes.string_at(0),
    "exit": lambda job: os._exit(7),
    "hog": _hog,
    "connect": _connect,
    "start": _start,
    "trace": _trace,
    "write into": _write_into,
    "files": _files,
    "burn": _burn,
    "burn unbound": _burn_unbound,
    "die in part": _die_in_part,
    "at part": _at_part,
    "raise": _raise,
    "bug": lambda job: 1 // 0,
    "together": lambda job: _together(job),
}


def _together(job: dict[str, Any]) -> bool:
    """True when the other job runs at the same time: each leaves a file and waits for the other's."""
    mine, other = Path(job["folder"], job["me"]), Path(job["folder"], job["other"])
    mine.touch()
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if other.exists():
            return True
        time.sleep(0.01)
    return False
