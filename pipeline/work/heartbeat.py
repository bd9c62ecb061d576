"""Lets code that runs in a worker say which file it is at, so that a file which kills its worker is known by name.

A file goes up as a message. Which part of it is read goes into a page of memory that the process which buries the worker reads
too: no message for each of millions of records.
"""

import dataclasses
import struct
import time
from collections.abc import Callable
from mmap import mmap
from typing import Any

BEAT_SECONDS = 1.0
"""Between two beats about the same file: often against any limit in seconds, rare against thousands of records a second."""

_PART = struct.Struct("=q")

_beat: list[Callable[[str], None]] = []
_page: list[mmap] = []


class _Last:
    """What the last beat said, and when, in seconds of the monotonic clock."""

    uri = ""
    time = 0.0


def beat_through(send: Callable[[str], None], page: mmap | None = None) -> None:
    """From now on `now_at` calls `send` and `at_part` writes to `page`; workers do this once."""
    _beat[:] = [send]
    _page[:] = [page] if page is not None else []


def now_at(uri: str) -> None:
    """Tell the main process that work on `uri` begins: its clocks start anew. Outside of a worker nothing happens."""
    for send in _beat:
        _Last.uri, _Last.time = uri, time.monotonic()
        send(uri)


def go_on() -> None:
    """Tell that work on the file last named goes on: a record was read, or measured. May be called as often as one likes."""
    if _beat and time.monotonic() - _Last.time >= BEAT_SECONDS:
        now_at(_Last.uri)


def at_part(number: int) -> None:
    """Note which part of the file last named is read now; 0: none that could be left out. May be called for every record."""
    for page in _page:
        _PART.pack_into(page, 0, number)


def part_in(page: mmap) -> int:
    """The part that the writer of this page was at last. No more than a number: a worker may have been taken over."""
    (number,) = _PART.unpack_from(page, 0)
    return int(number)


def plain(result: Any) -> Any:
    """What JSON can carry: dataclasses become objects."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.asdict(result)
    return result
