"""Lets code that runs in a worker say which file it is at, so that a file which kills its worker is known by name."""

import dataclasses
from collections.abc import Callable
from typing import Any

_beat: list[Callable[[str], None]] = []


def beat_through(send: Callable[[str], None]) -> None:
    """From now on `now_at` calls `send`; workers do this once."""
    _beat[:] = [send]


def now_at(uri: str) -> None:
    """Tell the main process that work on `uri` begins: its clock starts anew. Outside of a worker nothing happens."""
    for send in _beat:
        send(uri)


def plain(result: Any) -> Any:
    """What JSON can carry: dataclasses become objects."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.asdict(result)
    return result
