"""Lets code that runs in a worker say which file it is at, so that a file which kills its worker is known by name."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

BEAT_SECONDS = 1.0
"""Between two beats about the same file: often against any limit in seconds, rare against thousands of records a second."""

_beat: list[Callable[[str], None]] = []


class _Last:
    """What the last beat said, and when, in seconds of the monotonic clock."""

    uri = ""
    time = 0.0


def beat_through(send: Callable[[str], None]) -> None:
    """From now on `now_at` calls `send`; workers do this once."""
    _beat[:] = [send]


def now_at(uri: str) -> None:
    """Tell the main process that work on `uri` begins: its clock starts anew. Outside of a worker nothing happens."""
    for send in _beat:
        _Last.uri, _Last.time = uri, time.monotonic()
        send(uri)


def go_on() -> None:
    """Tell that work on the file last named goes on: a record was read, or measured. May be called as often as one likes."""
    if _beat and time.monotonic() - _Last.time >= BEAT_SECONDS:
        now_at(_Last.uri)


def plain(result: Any) -> Any:
    """What JSON can carry: dataclasses become objects."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.asdict(result)
    return result
