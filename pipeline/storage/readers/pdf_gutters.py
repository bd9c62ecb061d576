"""White space between columns of running text, as against that between the cells of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from pipeline.storage.readers.pdf_words import WIDE, Piece

SIDE_BY_SIDE = 4
"""Lines that must stand beside others for a gutter; fewer are as well a table or signatures (our choice)."""

WORDS = 3
"""Median of words in the lines of a column; cells of tables mostly have fewer (our choice)."""

FULL = 0.5
"""Share of the column's width that its median line fills (our choice; ragged lines of narrow columns fill .7)."""

GOES_ON = 0.3
"""Share of a column's lines that begin with a small letter, since a sentence goes on; cells begin with a capital (our choice:
Swedish prose has .8 or more, headings and lists in between take some away).
"""

TRIES = 8
"""Places that are looked at; a page has at most a few columns."""

MOST = 1_000
"""Pieces of a page of text; beyond it is a map or a drawing, and comparing each with each would take long (our choice)."""

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Gutter:
    """The middle of the white space, and the heights between which it was seen."""

    at: float
    top: float
    bottom: float

    def parts(self, a: Piece, b: Piece) -> bool:
        return a.right <= self.at <= b.left and self.top <= a.base <= self.bottom

    def is_crossed(self, row: Sequence[Piece]) -> bool:
        return row[0].left < self.at < row[-1].right


def find_gutters(pieces: Sequence[Piece]) -> list[Gutter]:
    """Gutters of the page, the longest first."""
    if len(pieces) > MOST:
        return []
    left = np.array([piece.left for piece in pieces])
    right = np.array([piece.right for piece in pieces])
    beside = _neighbours(pieces, left, right)
    found: list[Gutter] = []
    for _ in range(TRIES):
        if len(beside) < SIDE_BY_SIDE:
            break
        starts, ends = right[beside[:, 0]], left[beside[:, 1]]
        over = (starts[:, None] <= starts) & (ends[:, None] > starts)
        best = over[:, over.sum(axis=0).argmax()]
        pairs = beside[best]
        if len(pairs) >= SIDE_BY_SIDE and _is_running_text(pieces, pairs):
            places = [pieces[at] for at in pairs.ravel().tolist()]
            at = (starts[best].max() + ends[best].min()) / 2
            found.append(Gutter(float(at), min(p.base for p in places), max(p.base for p in places)))
        beside = beside[~best]
    return sorted(found, key=lambda gutter: gutter.top - gutter.bottom)


def _neighbours(pieces: Sequence[Piece], left: Floats, right: Floats) -> NDArray[np.int64]:
    """Pairs of pieces of which the second is the nearest to the right of the first, at least partly at its height."""
    top, bottom = np.array([piece.top for piece in pieces]), np.array([piece.bottom for piece in pieces])
    size = np.array([piece.size for piece in pieces])
    beside = (top[:, None] < bottom) & (bottom[:, None] > top)
    gap = np.where(beside, left - right[:, None], np.inf)
    gap[gap < WIDE / 2 * size[:, None]] = np.inf
    nearest = gap.argmin(axis=1)
    some = np.flatnonzero(np.isfinite(gap[np.arange(len(pieces)), nearest]))
    return np.stack([some, nearest[some]], axis=1)


def _is_running_text(pieces: Sequence[Piece], pairs: NDArray[np.int64]) -> bool:
    for side in (0, 1):
        column = [pieces[at] for at in np.unique(pairs[:, side]).tolist()]
        width = max(piece.right for piece in column) - min(piece.left for piece in column)
        full = median(piece.right - piece.left for piece in column) >= FULL * width
        words = median(len(piece.text.split()) for piece in column) >= WORDS
        goes_on = sum(piece.text[:1].islower() for piece in column) >= GOES_ON * len(column)
        if len(column) < SIDE_BY_SIDE or not (full and words and goes_on):
            return False
    return True
