"""Parts of a file that can be left out: members of an archive, pages of a web archive, messages of a mailbox.

A reader calls `enter` before it parses the next part. Parts are counted in the order in which they lie in the file, so that a
number means the same part each time. Whoever reads files that have killed their reader says which parts to leave out.
"""

from collections.abc import Callable, Mapping

from pipeline.storage.readers.record import Found, broken


def _nobody(_: int) -> None:
    """Stands for a listener where nobody waits."""


class _Now:
    """The file that this process reads: one at a time."""

    number = 0
    left_out: Mapping[int, tuple[str, str]] = {}
    tell: Callable[[int], None] = staticmethod(_nobody)


def begin(
    left_out: Mapping[int, tuple[str, str]] | None = None, tell: Callable[[int], None] = _nobody
) -> None:
    """A new file. `left_out`: part -> reason code and message; `tell` hears the number of each part before it is parsed."""
    _Now.number, _Now.left_out, _Now.tell = 0, left_out or {}, staticmethod(tell)


def enter() -> Found | None:
    """The next part begins. The broken record that stands in its place if it is left out, else None."""
    _Now.number += 1
    _Now.tell(_Now.number)
    fault = _Now.left_out.get(_Now.number)
    return broken(*fault) if fault else None


def here() -> int:
    """The part that is read now; 0 before the first."""
    return _Now.number
