"""What commands print: facts as JSON for programs, or plain lines for people. Texts from documents never reach a terminal raw."""

import json
import math
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def emit(facts: Mapping[str, Any] | Sequence[Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Print `facts` as one JSON value, or `lines` as they are."""
    out = [_json(facts)] if as_json else lines
    try:
        for line in out:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a pipe has seen enough (`kvarn why X | head`); nor may the interpreter complain of it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _json(facts: Mapping[str, Any] | Sequence[Any]) -> str:
    return json.dumps(_plain(facts), ensure_ascii=False, indent=2, default=str, allow_nan=False)


def _plain(value: Any) -> Any:
    """JSON knows no NaN: a measure that does not apply is null."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def safe(text: object) -> str:
    r"""`text` without characters that steer a terminal or hide: controls, escapes, direction marks.

    >>> safe("namn\x1b[31m")
    'namn\\x1b[31m'
    """
    return "".join(_visible(char) for char in str(text))


def _visible(char: str) -> str:
    if char in "\t ":
        return " "
    if unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs"}:
        return char.encode("unicode_escape", "surrogatepass").decode()
    return char


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> list[str]:
    """Rows as aligned columns under a head; numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[at]) for row in [list(head), *cells]) for at in range(len(head))]
    numeric = [
        bool(rows) and all(isinstance(row[at], int | float) for row in rows) for at in range(len(head))
    ]

    def line(row: Sequence[str]) -> str:
        aligned = (
            c.rjust(w) if right else c.ljust(w) for c, w, right in zip(row, widths, numeric, strict=True)
        )
        return "  ".join(aligned).rstrip()

    return [line(head), line(["-" * width for width in widths]), *map(line, cells)]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return safe(value)
