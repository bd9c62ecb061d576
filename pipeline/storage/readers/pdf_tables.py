"""Rows of pieces become lines of text; the cells of a table are set apart as the HTML reader does it."""

import re
from collections.abc import Sequence
from itertools import pairwise

from pipeline.storage.readers.pdf_words import Piece

SEPARATOR = " | "

EDGE = 3.0
"""Points by which the left or right edges of a column's cells may differ (our choice)."""

ROWS = 3
"""Rows with cells one below the other that make a table; in two justified lines gaps may meet by chance (our choice)."""

MARKER = re.compile(r"[•▪●○◦\uf0b7\uf0a7*o\u2013\u2014-]|\(?\w{1,3}[.):]|§ ?\d+|\d+(\.\d+)*\.?|.*:")
"""Cells that belong to the next one: bullets, numbers of items and headings, names of fields."""

LEADER = ". . "
"""Dots between a heading and its page."""

NUMBER = re.compile(r"[-\u2013]?\d[\d ., %]*")


def with_cells(rows: Sequence[list[Piece]]) -> list[Piece]:
    """One line for each row."""
    cells = [_cells(row) for row in rows]
    lines: list[Piece] = []
    for first, last in _runs(cells):
        separator = SEPARATOR if _is_table(cells[first:last]) else " "
        lines += [_line(row, separator) for row in cells[first:last]]
    return lines


def _cells(row: list[Piece]) -> list[Piece]:
    """The row's pieces; a bullet or number before the first cell is part of it."""
    if len(row) == 1 or not MARKER.fullmatch(row[0].text):
        return row
    return [_line(row[:2], " "), *row[2:]]


def _line(row: Sequence[Piece], separator: str) -> Piece:
    if len(row) == 1:
        return row[0]
    text = separator.join(piece.text for piece in row)
    size = max(piece.size for piece in row)
    return Piece(text, row[0].left, row[-1].right, row[0].base, size, row[0].line, row[0].turn)


def _runs(rows: Sequence[list[Piece]]) -> list[tuple[int, int]]:
    """Rows that share an edge of a cell with the row before, as first and last + 1."""
    cuts = [at for at, (a, b) in enumerate(pairwise(rows), 1) if not _share_an_edge(a, b)]
    return list(pairwise([0, *cuts, len(rows)])) if rows else []


def _share_an_edge(a: Sequence[Piece], b: Sequence[Piece]) -> bool:
    return any(
        abs(one.left - other.left) < EDGE or (_is_number(one, other) and abs(one.right - other.right) < EDGE)
        for one in a[1:]
        for other in b[1:]
    )


def _is_number(*cells: Piece) -> bool:
    return all(NUMBER.fullmatch(cell.text) for cell in cells)


def _is_table(rows: Sequence[list[Piece]]) -> bool:
    return len(rows) >= ROWS and not _is_contents(rows)


def _is_contents(rows: Sequence[list[Piece]]) -> bool:
    """Headings with their page numbers, which grow."""
    last = [row[-1].text for row in rows]
    if not all(text.isascii() and text.isdigit() for text in last):
        return False
    plain = all(len(row) == 2 for row in rows) or any(LEADER in piece.text for row in rows for piece in row)
    return plain and all(int(a) <= int(b) for a, b in pairwise(last))
