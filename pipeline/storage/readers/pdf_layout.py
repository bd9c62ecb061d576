"""The order in which the pieces of a page are read.

Pdfium gives text in the order in which it was written, and most producers write in reading order: that order stands unless the
places contradict it. They do where text jumps up over what it has just passed, and where lines run on across a gutter.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from pipeline.storage.readers.pdf_gutters import SIDE_BY_SIDE, Gutter, find_gutters
from pipeline.storage.readers.pdf_tables import with_cells
from pipeline.storage.readers.pdf_words import OTHER_LINE, SLANTED, WIDE, Piece

SAME_LINE = 0.4
"""Line heights by which two baselines of one line may differ (our choice; indices and fractions are off by .3)."""

SPACE = 0.12
"""A gap of this share of the line height is a space; Helvetica's is .22 of it, and kerning stays below .05 (our choice)."""

WORD_BY_WORD = 0.6
"""Share of one-word lines from which a page was set word by word (our choice)."""

FEW_LINES = 10
"""With fewer lines a page of single words may be a title page (our choice)."""

COLUMN_GAP = 2.5
"""Line heights of white space after which a column is at its end (our choice; headings have less above them)."""

NEXT_LINE = 1.7
"""Line heights to the next line of a block; where it is more, a line that was written elsewhere may stand between (our choice)."""

WATERMARK = 2.0
"""Slanted text that is this many times as large as the page's text lies over it and is left out (our choice)."""


def in_reading_order(pieces: Sequence[Piece]) -> list[Piece]:
    """Lines of the page as they are read; turned text comes last."""
    upright = _whole_lines([piece for piece in pieces if not piece.turn])
    gutters = find_gutters(upright) if _is_doubtful(upright) else []
    rows = list(_rows(upright, gutters))
    if gutters:
        rows = _by_columns(_from_the_top(rows), gutters)
    elif _jumps_up([row[0] for row in rows]):
        blocks = {id(block[0][0]): block for block in _blocks(rows)}
        first = _from_the_top([block[0] for block in blocks.values()])
        rows = [row for start in first for row in blocks[id(start[0])]]
    return with_cells(rows) + _turned(pieces, upright)


def _is_doubtful(pieces: Sequence[Piece]) -> bool:
    """Whether the page is worth a search for columns."""
    beside = sum(abs(a.base - b.base) < a.size and b.left > a.right for a, b in pairwise(pieces))
    return beside >= SIDE_BY_SIDE or _jumps_up(pieces) or _jumps_back(pieces)


def _jumps_up(pieces: Sequence[Piece]) -> bool:
    """Whether a piece stands above the one before it, in the same column."""
    return any(b.bottom < a.top and b.left < a.right and a.left < b.right for a, b in pairwise(pieces))


def _jumps_back(pieces: Sequence[Piece]) -> bool:
    """Whether a piece stands above the one before it and to the left."""
    return any(b.bottom < a.top and b.right < a.left for a, b in pairwise(pieces))


def _whole_lines(pieces: list[Piece]) -> list[Piece]:
    """Pieces of one line that pdfium broke apart are one again; on a page set word by word they may come in any order."""
    single = sum(" " not in piece.text for piece in pieces)
    if len(pieces) >= FEW_LINES and single > WORD_BY_WORD * len(pieces):
        pieces = [piece for row in _lines_across(pieces) for piece in row]
    whole: list[Piece] = []
    for piece in pieces:
        if whole and _continues(whole[-1], piece):
            whole[-1] = _joined(whole[-1], piece)
        else:
            whole.append(piece)
    return whole


def _continues(a: Piece, b: Piece) -> bool:
    size = min(a.size, b.size)
    return abs(a.base - b.base) < SAME_LINE * size and -0.3 * size < b.left - a.right < WIDE * size


def _joined(a: Piece, b: Piece) -> Piece:
    space = " " if b.left - a.right > SPACE * min(a.size, b.size) else ""
    size = max(a.size, b.size)
    return Piece(
        a.text + space + b.text, min(a.left, b.left), max(a.right, b.right), a.base, size, b.line, a.turn
    )


def _lines_across(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces at one height, from the left; heights from the top."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.base):
        if lines and piece.base - lines[-1][0].base < SAME_LINE * min(piece.size, lines[-1][0].size):
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return [sorted(line, key=lambda piece: piece.left) for line in lines]


def _rows(pieces: Sequence[Piece], gutters: Sequence[Gutter]) -> Iterator[list[Piece]]:
    """Pieces that are read in one go: side by side as they were written, unless a gutter is between them."""
    row: list[Piece] = []
    for piece in pieces:
        if row and not _is_beside(row[-1], piece, gutters):
            yield row
            row = []
        row.append(piece)
    if row:
        yield row


def _is_beside(a: Piece, b: Piece, gutters: Sequence[Gutter]) -> bool:
    """Whether b goes on where a ends. Pdfium's own line ends do not tell: it parts cells of a row and joins short lines."""
    near = OTHER_LINE * max(a.size, b.size) if a.line == b.line else SAME_LINE * min(a.size, b.size)
    level = abs(a.base - b.base) < near and b.left > a.right - a.size
    return level and not any(gutter.parts(a, b) for gutter in gutters)


def _blocks(rows: Sequence[list[Piece]]) -> Iterator[list[list[Piece]]]:
    """Rows that were written one below the other; they stay together."""
    block: list[list[Piece]] = []
    for row in rows:
        if block and not _follows(block[-1], row):
            yield block
            block = []
        block.append(row)
    if block:
        yield block


def _follows(above: Sequence[Piece], below: Sequence[Piece]) -> bool:
    a, b = above[0], below[0]
    return (
        0 <= b.base - a.base < NEXT_LINE * max(a.size, b.size)
        and b.left < above[-1].right
        and a.left < below[-1].right
    )


def _from_the_top(rows: Sequence[list[Piece]]) -> list[list[Piece]]:
    """Rows by height, and from the left where they are at one height."""
    by_first = {id(row[0]): row for row in rows}
    return [by_first[id(piece)] for line in _lines_across([row[0] for row in rows]) for piece in line]


def _by_columns(rows: Sequence[list[Piece]], gutters: Sequence[Gutter]) -> list[list[Piece]]:
    """Rows from the top, but beside a gutter all of the left column before the right one."""
    if not gutters:
        return list(rows)
    gutter, *others = gutters
    top, bottom = _reach(rows, gutter)
    ordered: list[list[Piece]] = []
    for beside, band in groupby(
        rows, lambda row: top <= row[0].base <= bottom and not gutter.is_crossed(row)
    ):
        part = list(band)
        if beside:
            ordered += _by_columns([row for row in part if row[-1].right <= gutter.at], others)
            part = [row for row in part if row[-1].right > gutter.at]
        ordered += _by_columns(part, others)
    return ordered


def _reach(rows: Sequence[list[Piece]], gutter: Gutter) -> tuple[float, float]:
    """How far up and down the columns beside a gutter go: one of them is often longer."""
    top, bottom = gutter.top, gutter.bottom
    for row in rows:
        if row[0].base > bottom:
            if gutter.is_crossed(row) or row[0].top - bottom > COLUMN_GAP * row[0].size:
                break
            bottom = row[0].base
    for row in reversed(rows):
        if row[0].base < top:
            if gutter.is_crossed(row) or top - row[0].base > COLUMN_GAP * row[0].size:
                break
            top = row[0].base
    return top, bottom


def _turned(pieces: Sequence[Piece], upright: Sequence[Piece]) -> list[Piece]:
    """Text in the margin and the like, without what is written large across the page."""
    size = max((piece.size for piece in upright), default=0.0)
    return [
        piece
        for piece in pieces
        if piece.turn and not (piece.turn == SLANTED and piece.size > WATERMARK * size)
    ]
