"""Lets code that runs in a worker say which file it is at, so that a file which kills its worker is known by name.

File and part go into a page of memory that the process which buries the worker reads too, so that neither thousands of small
files nor millions of records need a message each. A message a tenth of a second says that the worker lives.
"""

import dataclasses
import struct
import time
from collections.abc import Callable
from mmap import mmap
from typing import Any

BEAT_SECONDS = 1.0
"""Between two beats about the same file: often against any limit in seconds, rare against thousands of records a second."""

PAGE_BYTES = 1 << 16
"""Of a worker's page, for two names of files: a path has 4,096 bytes at most, each of which an escape may make four."""

_PART = struct.Struct("=q")
_SLOT = struct.Struct("=q")
_NAME = struct.Struct("=q")
_NAMES = (16, PAGE_BYTES // 2)
"""Where the two names begin, after the part and the number of the valid one: a worker may die in the middle of writing one."""

_LONGEST = PAGE_BYTES // 2 - 16 - _NAME.size

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


def note(page: mmap, uri: str) -> None:
    """Write which file is read now; the page says the old name or the new one, never half of each."""
    name = uri.encode("utf-8", "backslashreplace")[:_LONGEST]
    (slot,) = _SLOT.unpack_from(page, 8)
    at = _NAMES[1 - (slot & 1)]
    _NAME.pack_into(page, at, len(name))
    page[at + _NAME.size : at + _NAME.size + len(name)] = name
    _SLOT.pack_into(page, 8, 1 - (slot & 1))


def place_in(page: mmap) -> tuple[str | None, int]:
    """File and part that the writer of this page was at last. Whatever is in it: a worker may have been taken over."""
    (number,), (slot,) = _PART.unpack_from(page, 0), _SLOT.unpack_from(page, 8)
    at = _NAMES[slot & 1]
    (length,) = _NAME.unpack_from(page, at)
    name = page[at + _NAME.size : at + _NAME.size + min(max(0, length), _LONGEST)]
    return name.decode("utf-8", "replace") or None, int(number)


def plain(result: Any) -> Any:
    """What JSON can carry: dataclasses become objects."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.asdict(result)
    return result
