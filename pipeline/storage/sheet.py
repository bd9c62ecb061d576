"""Small tables that people write by hand or save from a spreadsheet: glossaries, labels. Documents come through the readers instead."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import KvarnError

_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def read_text(path: Path, refuse: type[KvarnError]) -> str:
    """The text without the mark of byte order that Windows writes. Raises `refuse` where it is not UTF-8 or cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse(f"{path}: not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise refuse(f"{path}: cannot be read: {error.strerror}; correct the name") from error


def read_rows(path: Path, marks: str, refuse: type[KvarnError]) -> Iterator[tuple[str, dict[str, str]]]:
    """Where each row ends ("FILE: line 3") and its cells by the names in the head; what parts them is the one of `marks` of which the
    head holds most, the first of several.

    Columns without a name and without a cell, as spreadsheets leave them, are passed over. Raises `refuse` naming file and line for
    names that stand twice, cells without a column, and what is not CSV.
    """
    text = read_text(path, refuse)
    head = _QUOTED.sub("", text.split("\n", 1)[0])
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=max(marks, key=head.count), strict=True)
    try:
        names = [name.strip() for name in next(rows, [])]
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if twice:
            raise refuse(f"{path}: line 1: column {twice[0]!r} stands twice; join both, or rename one")
        for cells in rows:
            if cells:
                where = f"{path}: line {rows.line_num}"
                yield where, _named(names, [cell.strip() for cell in cells], where, refuse)
    except csv.Error as error:
        raise refuse(f"{path}: line {rows.line_num}: not CSV: {error}") from error


def _named(names: list[str], cells: list[str], where: str, refuse: type[KvarnError]) -> dict[str, str]:
    nameless = [cell for at, cell in enumerate(cells) if cell and not (at < len(names) and names[at])]
    if nameless:
        raise refuse(
            f"{where}: {nameless[0]!r} stands in no column of the head; put cells that hold the separator in quotes"
        )
    return {name: cell for name, cell in zip(names, cells, strict=False) if name}
