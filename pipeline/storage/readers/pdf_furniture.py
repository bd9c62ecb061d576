"""Headers and footers of the pages of a PDF: lines at the same place on many pages that say the same or count the pages.

Only rows at the outer edges of a page are looked at, from the edge inwards up to the first that is no furniture. A repeated head
of a table stays, as do lines that only look alike: "3 kap." and "4 kap." at the top of two pages count nothing.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from pipeline.storage.readers.pdf_words import WIDE, Piece

DEPTH = 6
"""Rows from the edge that may be furniture; letterheads of Swedish authorities take five (our choice)."""

SAME_PLACE = 3.0
"""Points by which the baseline may differ from page to page (our choice; producers round to less than one)."""

MANY = 0.6
"""Share of the pages, or of the odd or the even ones, that must show a row (our choice)."""

IN_A_ROW = 3
"""Pages one after another (or every other page) that must show a row where the header changes by chapter (our choice)."""

APART = 1.6
"""Row heights between the outer rows and the text from which a row on both of two pages is a header (our choice)."""

ROMAN = re.compile(r"m{0,3}(?:c[md]|d?c{0,3})(?:x[cl]|l?x{0,3})(?:i[xv]|v?i{0,3})")
NUMBER = re.compile(r"\d{1,4}(?!\d)|\b[ivxlcm]{1,7}\b")
OF_TOTAL = re.compile(
    r"(?:^|(?:^|\s)(?:sidan?|sid\.?|page)\s|\s(?=\d+ ?\())\W*(\d{1,4}) ?(?:\(|/|av|of) ?(\d{1,4})\b\W*$"
)
"""Page and number of pages at the end of a row: "Sida 3 av 12", "Protokoll 3 (12)", and "3/12" if that is all."""

LABEL = re.compile(r"\W+(?:sidan? |page )?(?:\d{1,4}|[ivxlc]+)(?: ?(?:\(|/|av|of) ?\d{1,4}\)?)?\W*$")
"""A page number after the rest of a header, which is the same where the numbers change from Roman to Arabic."""

NAMED = 8
"""Letters that must be left of a header without its page number to know it again (our choice)."""

LARGE = 1.4
"""A row so many times as large as the text of the file is a heading, though it counts: "Kapitel 1", "Kapitel 2" (our choice)."""

LETTERS = dict(zip("ivxlcdm", (1, 5, 10, 50, 100, 500, 1000), strict=True))


Places = dict[str, dict[int, set[int]]]
"""Pages by key, then by place."""


class Row:
    """Pieces of one page side by side."""

    __slots__ = ("base", "keys", "page", "pieces", "size", "text")

    def __init__(self, page: int, pieces: list[Piece]) -> None:
        self.page = page
        self.pieces = sorted(pieces, key=lambda piece: piece.left)
        self.base = pieces[0].base
        self.size = max(piece.size for piece in pieces)
        self.text = " ".join(" ".join(piece.text for piece in self.pieces).lower().split())
        self.keys: list[str] = []


def without_furniture(pages: Sequence[list[Piece]]) -> list[list[Piece]]:
    """The pages without headers, footers, page numbers and the watermark that all of them share."""
    usual = median([piece.size for page in pages for piece in page] or [0.0])
    rows = [_rows(number, pieces, LARGE * usual) for number, pieces in enumerate(pages)]
    gone: set[int] = set(_watermarks(pages))
    for step in (1, -1):
        edge = [page[::step][:DEPTH] for page in rows]
        common = _common(row for page in edge for row in page)
        for page in edge:
            for row in _outer(page, common, len(pages)):
                gone.update(map(id, row.pieces))
    return [[piece for piece in page if id(piece) not in gone] for page in pages]


def _rows(number: int, pieces: Sequence[Piece], large: float) -> list[Row]:
    """Rows of upright text from the top of the page down; those at its edges know what they have in common with others."""
    rows: list[list[Piece]] = []
    for piece in sorted((piece for piece in pieces if not piece.turn), key=lambda piece: piece.base):
        if rows and piece.base - rows[-1][-1].base < 0.4 * min(piece.size, rows[-1][-1].size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    made = [Row(number, row) for row in rows]
    for row in {*made[:DEPTH], *made[-DEPTH:]}:
        row.keys = [
            key for key in _keys(row.text, number) if row.size <= large or not key.startswith("count")
        ]
    return made


def _keys(text: str, page: int) -> Iterator[str]:
    """What the row has in common with its like on other pages: all of its text, or the text beside a number that counts pages."""
    yield f"same {text}"
    rest = LABEL.sub("", text)
    if rest != text and sum(map(str.isalpha, rest)) >= NAMED:
        yield f"same {rest}"
    found = [match for match in NUMBER.finditer(text) if _value(match[0])][:4]
    for match in found:
        offset = _value(match[0]) - page
        kind = "n" if match[0].isdigit() else "r"
        yield f"count {text[: match.start()]}<{kind}{offset}>{text[match.end() :]}"
        if match.start() == 0:
            yield f"count first {kind}{offset}"
        if match.end() == len(text):
            yield f"count last {kind}{offset}"


def _value(written: str) -> int:
    """A page number, Arabic or Roman; 0 where it is neither."""
    if written.isdigit():
        return int(written)
    if not ROMAN.fullmatch(written):
        return 0
    values = [LETTERS[letter] for letter in written]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _common(rows: Iterable[Row]) -> Places:
    """Pages of every key at every place; places are counted in steps of SAME_PLACE, and neighbours taken together later."""
    found: Places = defaultdict(lambda: defaultdict(set))
    for row in rows:
        for key in row.keys:
            found[key][round(row.base / SAME_PLACE)].add(row.page)
    return found


def _outer(page: list[Row], common: Places, pages: int) -> Iterator[Row]:
    """Furniture rows from the edge inwards."""
    for at, row in enumerate(page):
        inner = page[at + 1] if at + 1 < len(page) else None
        if not _counts_all_pages(row, pages) and not _is_furniture(row, inner, common, pages):
            return
        yield row


def _counts_all_pages(row: Row, pages: int) -> bool:
    """Whether the row says which page of the file this is, and of how many: evidence enough on a single page."""
    match = OF_TOTAL.search(row.text)
    return match is not None and (int(match[1]), int(match[2])) == (row.page + 1, pages)


def _is_furniture(row: Row, inner: Row | None, common: Places, pages: int) -> bool:
    place = round(row.base / SAME_PLACE)
    apart = inner is None or abs(inner.base - row.base) > APART * max(row.size, inner.size)
    for key in row.keys:
        shown = set().union(*(common[key].get(near, ()) for near in (place - 1, place, place + 1)))
        counts = key.startswith("count")
        if not counts and inner is not None and _head_of_table(row, inner):
            continue
        if _often(shown, row.page, pages, counts, apart):
            return True
    return False


def _often(shown: set[int], page: int, pages: int, counts: bool, apart: bool) -> bool:
    if pages < 4:
        # The first page is often without a number; but then two others must count.
        return len(shown) >= 2 and len(shown) >= pages - counts and (counts or apart)
    parity = sum(number % 2 == page % 2 for number in shown)
    alike = len(range(page % 2, pages, 2))
    if len(shown) >= MANY * pages or parity >= max(IN_A_ROW, MANY * alike):
        return True
    if parity == alike == 2:
        return counts or apart
    return any(_run(shown, page, step) >= IN_A_ROW for step in (1, 2)) and (counts or apart)


def _run(shown: set[int], page: int, step: int) -> int:
    """How many pages around this one show the row without a break."""
    run = 1
    for way in (step, -step):
        at = page + way
        while at in shown:
            run, at = run + 1, at + way
    return run


def _head_of_table(row: Row, inner: Row) -> bool:
    """Whether the next row has cells under those of this one."""
    return any(abs(cell - edge) < SAME_PLACE for cell in _cells(row) for edge in _cells(inner))


def _cells(row: Row) -> list[float]:
    """Left edges of the cells after the first; pieces with only a space between are of one cell."""
    return [b.left for a, b in pairwise(row.pieces) if b.left - a.right > WIDE * min(a.size, b.size)]


def _watermarks(pages: Sequence[list[Piece]]) -> Iterator[int]:
    """Turned text that most pages share, wherever it stands."""
    shown: dict[str, set[int]] = defaultdict(set)
    for number, pieces in enumerate(pages):
        for piece in pieces:
            if piece.turn:
                shown[piece.text].add(number)
    for pieces in pages:
        for piece in pieces:
            if piece.turn and len(shown[piece.text]) >= max(2, MANY * len(pages)):
                yield id(piece)
