"""What stands on a page of a PDF, and where: pdfium's text cut into pieces of line, each with its place.

Places are asked for the first and last character of a word only: a call costs half a microsecond, and all characters would
take as long as pdfium itself takes for the page.
"""

import ctypes
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

HYPHENS = (0xFFFE, 0x02)
"""How pdfium marks a hyphen and the line end after it, both of which it would remove (seen in 5.15.2; U+0002 in older ones)."""

LINE_ENDS = (0x0A, 0x0D, 0x2028, 0x2029)

WIDE = 1.0
"""A gap in a line as wide as the line is high parts columns or cells; spaces of justified text are narrower (our choice)."""

OTHER_LINE = 0.6
"""Words whose middles are this share of the line height apart are on different lines, though pdfium may run them together
(seen where lines begin with a bullet); an index is off by a third.
"""

WORD_BY_WORD = 0.5
"""Share of words that are pieces of their own from which all are: letters set one by one leave holes for others (our choice)."""

UPRIGHT = 0.05
"""Radians by which text may be off a quarter turn and still belong to it (our choice: a crooked scan has less)."""

SIZES = (1.5, 300.0)
"""Line heights in points that can be true; some fonts declare a height of nothing, and then places mean nothing."""

LOW = 0.3
"""Share of the usual height that a word has at least (our choice; an index has .6)."""

SLANTED = -1

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(slots=True)
class Piece:
    """A line, or a part of one that a wide gap sets apart. Points; `base` grows down the page as text is read.

    `turn` is 0 for text that runs as most of the page does, 1 to 3 for quarter turns from that, SLANTED for the rest.
    """

    text: str
    left: float
    right: float
    base: float
    size: float
    line: int
    turn: int = 0

    @property
    def top(self) -> float:
        return self.base - 0.8 * self.size

    @property
    def bottom(self) -> float:
        return self.base + 0.2 * self.size


@dataclass(slots=True)
class _Words:
    """Places in the text of the words of a page, and where they stand; `turn` in quarters, absolute."""

    start: Ints
    end: Ints
    line: Ints
    left: Floats
    right: Floats
    top: Floats
    bottom: Floats
    turn: Ints


def page_pieces(text_page: Any) -> list[Piece]:
    """The pieces of one page in pdfium's order."""
    text = text_page.get_text_range(errors="surrogatepass").encode("utf-16-le", "surrogatepass")
    codes = np.frombuffer(text, np.uint16)
    start, end, line = _words(codes)
    if not len(start):
        return []
    index = _Index(text_page, len(codes))
    words = _placed(index, start, end, line)
    size = words.bottom - words.top
    if not (SIZES[0] <= np.median(size) <= SIZES[1] and np.isfinite(size + words.left + words.right).all()):
        return _without_places(text, words)
    return _pieces(text, words, index)


def _words(codes: NDArray[np.uint16]) -> tuple[Ints, Ints, Ints]:
    """First and last character of every word, and the number of its line."""
    hyphen = np.isin(codes, HYPHENS)
    ends_line = hyphen | np.isin(codes, LINE_ENDS)
    inside = ((codes > 32) & ~ends_line) | hyphen
    before, after = np.roll(inside & ~hyphen, 1), np.roll(inside, -1)
    before[:1], after[-1:] = False, False
    start = np.flatnonzero(inside & ~before)
    end = np.flatnonzero(inside & (~after | hyphen))
    return start, end, (np.cumsum(ends_line) - ends_line)[start]


class _Index:
    """Asks pdfium about characters by their place in the text; the two counts differ where pdfium left characters out."""

    def __init__(self, text_page: Any, length: int) -> None:
        import pypdfium2.raw as raw

        self.raw = raw
        self.page = text_page.raw
        self.same = text_page.count_chars() == length

    def _of(self, places: Ints) -> list[int]:
        at: list[int] = places.tolist()
        return (
            at if self.same else list(map(self.raw.FPDFText_GetCharIndexFromTextIndex, repeat(self.page), at))
        )

    def boxes(self, places: Ints) -> Floats:
        """Left, top, right, bottom of the whole place that the font gives the character, not of its ink."""
        rects = (self.raw.FS_RECTF * len(places))()
        list(map(self.raw.FPDFText_GetLooseCharBox, repeat(self.page), self._of(places), rects))
        return np.frombuffer(rects, np.float32).reshape(-1, 4).astype(np.float64)

    def turns(self, places: Ints) -> Ints:
        angles = np.array(list(map(self.raw.FPDFText_GetCharAngle, repeat(self.page), self._of(places))))
        quarters = np.round(angles / (np.pi / 2))
        straight = np.abs(angles - quarters * (np.pi / 2)) < UPRIGHT
        return np.where(straight, quarters % 4, SLANTED).astype(np.int64)

    def origins(self, places: Ints) -> Floats:
        x, y = ctypes.c_double(), ctypes.c_double()
        found = []
        for at in self._of(places):
            self.raw.FPDFText_GetCharOrigin(self.page, at, x, y)
            found.append((x.value, y.value))
        return np.array(found)


def _placed(index: _Index, start: Ints, end: Ints, line: Ints) -> _Words:
    first, last = index.boxes(start), index.boxes(end)
    left, right = np.minimum(first[:, 0], last[:, 0]), np.maximum(first[:, 2], last[:, 2])
    top, bottom = np.maximum(first[:, 1], last[:, 1]), np.minimum(first[:, 3], last[:, 3])
    # A word whose last letter stands to the right of its first one, as high, is upright; the others must be asked.
    level = np.abs(first[:, 3] - last[:, 3]) < 0.1 * (top - bottom)
    unsure = np.flatnonzero(~(level & (last[:, 0] > first[:, 0])))
    turn = np.zeros(len(start), np.int64)
    if len(unsure):
        turn[unsure] = index.turns(start[unsure])
    main = _main_turn(turn, end - start + 1)
    # Both ends of a word that does not run level span its length; its first letter has its height.
    other = turn != main
    top[other], bottom[other] = first[other, 1], first[other, 3]
    places = np.stack([left, right, -top, -bottom])
    left, right, top, bottom = _turned(places, main)
    return _Words(start, end, line, left, right, top, bottom, turn)


def _main_turn(turn: Ints, letters: Ints) -> int:
    straight = turn != SLANTED
    return int(np.bincount(turn[straight], letters[straight]).argmax()) if straight.any() else 0


def _turned(places: Floats, quarters: int) -> Floats:
    """Left, right, top and bottom (growing downwards) as a reader has them who holds the page so that its text is upright."""
    left, right, top, bottom = places
    if quarters == 1:
        return np.stack([top, bottom, -right, -left])
    if quarters == 2:
        return np.stack([-right, -left, -bottom, -top])
    if quarters == 3:
        return np.stack([-bottom, -top, left, right])
    return places


def _pieces(text: bytes, words: _Words, index: _Index) -> list[Piece]:
    letters = words.end - words.start + 1
    size = words.bottom - words.top
    # Some fonts give their spaces or signs no height.
    size = np.maximum(size, LOW * np.median(size))
    main = _main_turn(words.turn, letters)
    cut = _cuts(words, size, main)
    begin = np.flatnonzero(np.concatenate([[True], cut]))
    finish = np.concatenate([begin[1:], [len(words.start)]]) - 1
    places = index.origins(words.start[begin])
    _, _, base, _ = _turned(np.stack([places[:, 0], places[:, 0], -places[:, 1], -places[:, 1]]), main)
    columns = (
        words.start[begin],
        words.end[finish],
        np.minimum.reduceat(words.left, begin),
        np.maximum.reduceat(words.right, begin),
        base,
        np.add.reduceat(size * letters, begin) / np.add.reduceat(letters, begin),
        words.line[begin],
        np.where(words.turn[begin] == SLANTED, SLANTED, (words.turn[begin] - main) % 4),
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [Piece(_text(text, start, end), *place) for start, end, *place in rows]


def _cuts(words: _Words, size: Floats, main: int) -> NDArray[np.bool_]:
    """Between which words a piece ends. Words may run to the left, as Hebrew does."""
    left, right, middle = words.left, words.right, (words.top + words.bottom) / 2
    gap = np.maximum(left[1:] - right[:-1], left[:-1] - right[1:])
    wide = gap > WIDE * np.minimum(size[1:], size[:-1])
    apart = np.abs(np.diff(middle)) > OTHER_LINE * np.maximum(size[1:], size[:-1])
    cut = (wide | apart) & (words.turn[1:] == main)
    cut |= (words.line[1:] != words.line[:-1]) | (words.turn[1:] != words.turn[:-1])
    return cut if np.sum(cut) <= WORD_BY_WORD * len(cut) else np.ones_like(cut)


def _text(text: bytes, start: int, end: int) -> str:
    """Characters from start to end; half a pair of surrogates is left out."""
    piece = text[2 * start : 2 * end + 2].decode("utf-16-le", "ignore")
    return f"{piece[:-1]}-" if piece[-1:] in ("\ufffe", "\x02") else piece


def _without_places(text: bytes, words: _Words) -> list[Piece]:
    """Pdfium's lines as they come, one below the other."""
    begin = np.flatnonzero(np.concatenate([[True], words.line[1:] != words.line[:-1]]))
    finish = np.concatenate([begin[1:], [len(words.start)]]) - 1
    return [
        Piece(_text(text, int(words.start[a]), int(words.end[b])), 0.0, 500.0, 12.0 * number, 10.0, number)
        for number, (a, b) in enumerate(zip(begin, finish, strict=True))
    ]
