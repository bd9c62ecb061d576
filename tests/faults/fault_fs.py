"""A file system that fails at the N-th operation of a piece of code, or kills it there."""

import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

Fault = Literal["ENOSPC", "EIO", "ENOSPC for good", "killed before", "killed after", "half a write"]

FAULTS: tuple[Fault, ...] = (
    "ENOSPC", "EIO", "ENOSPC for good", "killed before", "killed after", "half a write",
)  # fmt: skip


class Killed(BaseException):
    """The process ended here: nothing catches it, and no operation after it does anything."""


@dataclass
class FaultFS:
    """Counts operations; the one at `at` meets its fault. `at` 0 never comes: that run only counts."""

    at: int = 0
    fault: Fault = "EIO"
    count: int = 0
    fired: str = ""
    dead: bool = field(default=False, init=False)

    def run(self, name: str, operation: Callable[[], Any], half: Callable[[], Any] | None = None) -> Any:
        """Carry out one operation, or what the fault makes of it."""
        if self.dead:
            raise Killed
        self.count += 1
        again = self.fault == "ENOSPC for good" and bool(self.fired) and not name.startswith("remove")
        if self.count != self.at and not again:
            return operation()
        self.fired = self.fired or name
        if self.fault in ("killed before", "killed after", "half a write"):
            if self.fault == "killed after":
                made = operation()
                if name == "open":
                    made.close()
            elif self.fault == "half a write" and half is not None:
                half()
            self.dead = True
            raise Killed
        number = errno.EIO if self.fault == "EIO" else errno.ENOSPC
        raise OSError(number, os.strerror(number))

    @contextmanager
    def mounted(self) -> Iterator["FaultFS"]:
        """Every operation that the store makes goes through here."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ("fsync", "link", "rename", "replace"):
                patch.setattr(os, name, self._wrapped(getattr(os, name), name))
            for name in ("unlink", "rmdir"):
                patch.setattr(os, name, self._wrapped(getattr(os, name), "remove"))
            patch.setattr(io, "open", self._opening(io.open))
            yield self

    def _wrapped(self, operation: Callable[..., Any], word: str) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            return self.run(word, lambda: operation(*arguments, **options))

        return wrapped

    def _opening(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def opening(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            if "w" not in mode:
                return operation(file, mode, *arguments, **options)
            opened = self.run("open", lambda: operation(file, mode, *arguments, **options))
            return _Written(opened, self)

        return opening


class _Written:
    """A file that is open for writing; each write is an operation that may stop half-way."""

    def __init__(self, file: Any, faults: FaultFS) -> None:
        self._file = file
        self._faults = faults

    def write(self, data: bytes) -> int:
        def half() -> None:
            self._file.write(data[: len(data) // 2])
            self._file.flush()

        return int(self._faults.run("write", lambda: self._file.write(data), half))

    def flush(self) -> None:
        self._faults.run("flush", self._file.flush)

    def fileno(self) -> int:
        return int(self._file.fileno())

    def __enter__(self) -> "_Written":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
