"""Functions that workers of tests run."""

import ctypes
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.work.heartbeat import now_at


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


def _files(job: dict[str, Any]) -> int:
    for uri in job["files"]:
        now_at(uri)
        time.sleep(job["each"])
    return len(job["files"])


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
    "files": _files,
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
