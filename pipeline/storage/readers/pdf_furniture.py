"""Headers and footers of the pages of a PDF: lines at the same place on many pages that say the same or count the pages.

Only rows at the outer edges of a page are looked at, from the edge inwards up to the first that is no furniture. A repeated head
of a table stays. So do headings that happen to go up with the pages ("1 kap.", "Bilaga 2", "§ 11", "2024"): a page number that is
left does little harm, and a heading that is lost cannot be had back.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import pairwise
from math import inf
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
"""Row heights between the outer rows and the text from which they are a strip of their own (our choice)."""

FAR = 3.0
"""Row heights to the text from which a header of a short file goes though the page number stands at the foot (our choice)."""

FEW = 4
"""A file of fewer pages says too little by what it repeats; there only page labels, and what stands with them, go (our choice)."""

MOST = 0.3
"""Share of the text that headers may be; above that, they are the text of a form or of slides (our choice)."""

SHORT = 5
"""Rows up to which a file is too short for that share to say anything (our choice)."""

ROMAN = re.compile(r"m{0,3}(?:c[md]|d?c{0,3})(?:x[cl]|l?x{0,3})(?:i[xv]|v?i{0,3})")
NUMBER = re.compile(r"\d{1,4}(?!\d)|\b[ivxlcm]{1,7}\b")
OF_TOTAL = re.compile(
    r"(?:^|(?:^|\s)(?:sidan?|sid\.?|page)\s|\s(?=\d+ ?\())\W*(\d{1,4}) ?(?:\(|/|av|of) ?(\d{1,4})\b\W*$"
)
"""Page and number of pages at the end of a row: "Sida 3 av 12", "Protokoll 3 (12)", and "3/12" if that is all."""

LABEL = re.compile(r"\W+(?:sidan? |page )?(?:\d{1,4}|[ivxlc]+)(?: ?(?:\(|/|av|of) ?\d{1,4}\)?)?\W*$")
"""A page number after the rest of a header, which is the same where the numbers change from Roman to Arabic."""

NAMED = 8
"""Letters and digits that must be left of a header without its page number to know it again (our choice)."""

LONG = 300
"""Characters from which a row is not searched for page numbers, which takes its time on a long one (our choice)."""

LARGE = 1.4
"""A row so many times as large as the text of the file is a heading, though it counts: "1" over a chapter (our choice)."""

BODY = 1.05
"""The same where other words stand with the number; producers round sizes (our choice)."""

YEARS = range(1900, 2101)
"""Numbers that are no page numbers, unless the page itself has that number in the file."""

HEADS = (
    r"(?:§+|\b(?:kap(?:itel|itlet)?|bilagan?|bild|fråg(?:a|an|or)|svar|avsnitt|avdelning|del|delen|figur|fig|tabell|tab|diagram"
    r"|punkt|p[aå]ragraf|artikel|art|rubrik|uppgift|övning|exempel|steg|dag|vecka|lektion|moment|mål|beslut|ärende|nr|nummer|no"
    r"|chapter|appendix|annex|section|part|article|figure|table|question|slide|exercise|step)\b)"
)
HEAD_BEFORE = re.compile(HEADS + r"[.:]? ?$")
HEAD_AFTER = re.compile(rf"[.:)]? ?(?:[a-z] )?{HEADS}|[.:)] ?[^\W\d]")
"""What makes a heading of the number beside it, "3 a kap." and "3. Mål" too. A wide gap, written as a tab, parts them."""

_MARKS = r"[\s\-\u2013\u2014|·•()\[\]/.,:]*"
_PAGE = r"(?:sidan?|sidnr|sid|s|page|p)\b"
LABEL_BEFORE = re.compile(rf"(?:.*[\t|·•])?{_MARKS}(?:{_PAGE}{_MARKS})?|.*\W{_PAGE}{_MARKS}")
LABEL_AFTER = re.compile(rf"{_MARKS}(?:(?:av|of)? ?\d{{1,4}}{_MARKS})?(?:[\t|·•].*)?")
TOTAL_AFTER = re.compile(rf" ?\( ?\d{{1,4}} ?\){_MARKS}")
"""What may stand around the number of a page: page words, their total, and a header that a gap or a rule sets off."""

BARE = re.compile(
    rf"{_MARKS}(?:{_PAGE}{_MARKS})?(?:\d{{1,4}}|[ivxlcm]+)(?:{_MARKS}(?:av|of)? ?\d{{1,4}})?{_MARKS}"
)
"""A page number and no word else."""

LETTERS = dict(zip("ivxlcdm", (1, 5, 10, 50, 100, 500, 1000), strict=True))


Places = dict[str, dict[int, set[int]]]
"""Pages by key, then by place."""


class Proof(IntEnum):
    """Whether a row is furniture: not at all, if it stands in a strip apart from the text, or anyhow."""

    NONE = 0
    APART = 1
    SURE = 2


class Row:
    """Pieces of one page side by side."""

    __slots__ = ("base", "keys", "labelled", "page", "pieces", "size", "text")

    def __init__(self, page: int, pieces: list[Piece]) -> None:
        self.page = page
        self.pieces = sorted(pieces, key=lambda piece: piece.left)
        self.base = pieces[0].base
        self.size = max(piece.size for piece in pieces)
        self.text = _text(self.pieces)
        self.keys: list[str] = []
        # Whether it holds a page number that other pages, or the number of pages, bear out.
        self.labelled = False


def _text(pieces: Sequence[Piece]) -> str:
    """The words in lower case, with a tab for a wide gap."""
    words = [" ".join(piece.text.lower().split()) for piece in pieces]
    gaps = ["", *("\t" if _wide(a, b) else " " for a, b in pairwise(pieces))]
    return "".join(gap + word for gap, word in zip(gaps, words, strict=True)).strip()


def _wide(a: Piece, b: Piece) -> bool:
    return b.left - a.right > WIDE * min(a.size, b.size)


def without_furniture(pages: Sequence[list[Piece]]) -> list[list[Piece]]:
    """The pages without headers, footers, page numbers and the watermark that all of them share."""
    usual = median([piece.size for page in pages for piece in page] or [0.0])
    rows = [_rows(number, pieces, usual) for number, pieces in enumerate(pages)]
    gone = {id(piece) for row in _furniture(rows) for piece in row.pieces}
    gone.update(_watermarks(pages))
    return [[piece for piece in page if id(piece) not in gone] for page in pages]


def _furniture(pages: Sequence[list[Row]]) -> list[Row]:
    """Rows of all pages that go; none where so much would go that it must be the text itself."""
    edges = [[page[::step] for page in pages] for step in (1, -1)]
    common = [_common(row for page in edge for row in page[:DEPTH]) for edge in edges]
    gone: list[Row] = []
    for number, page in enumerate(pages):
        ends = [
            (edge[number], _outer(edge[number][:DEPTH], of_edge, len(pages)))
            for edge, of_edge in zip(edges, common, strict=True)
        ]
        if len(pages) < FEW:
            ends = _labelled(ends)
        rows = dict.fromkeys(row for _, outer in ends for row in outer)
        # The number stamped on a scan is no text, but any other words may be all that the page has to say.
        if len(rows) < len(page) or all(BARE.fullmatch(row.text) for row in rows):
            gone += rows
    every = [row for page in pages for row in page]
    if len(every) > SHORT and _headers(gone) > MOST * sum(len(row.text) for row in every):
        return [row for row in gone if BARE.fullmatch(row.text)]
    return gone


def _headers(rows: Iterable[Row]) -> int:
    """Characters of what is more than a page number."""
    return sum(len(row.text) for row in rows if not BARE.fullmatch(row.text))


def _labelled(ends: Sequence[tuple[list[Row], list[Row]]]) -> list[tuple[list[Row], list[Row]]]:
    """Top and foot of a page of a short file: only what stands with a page label, or far above the text of a page with one."""
    (top, header), (foot, footer) = ends
    above, below = (any(row.labelled for row in outer) for outer in (header, footer))
    keep_header = above or (below and _is_far(top, header))
    return [(top, header if keep_header else []), (foot, footer if below else [])]


def _is_far(page: list[Row], outer: list[Row]) -> bool:
    """Whether there is room between header and text, and the header is no title in larger letters."""
    if not outer or len(outer) == len(page):
        return False
    last, text = outer[-1], page[len(outer)]
    largest = max(row.size for row in outer)
    return text.base - last.base > FAR * text.size and largest <= BODY * text.size


def _rows(number: int, pieces: Sequence[Piece], usual: float) -> list[Row]:
    """Rows of upright text from the top of the page down; those at its edges know what they have in common with others."""
    rows: list[list[Piece]] = []
    for piece in sorted((piece for piece in pieces if not piece.turn), key=lambda piece: piece.base):
        if rows and piece.base - rows[-1][-1].base < 0.4 * min(piece.size, rows[-1][-1].size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    made = [Row(number, row) for row in rows]
    for row in {*made[:DEPTH], *made[-DEPTH:]}:
        row.keys = [key for key in _keys(row.text, number) if row.size <= _largest(key) * usual]
    return made


def _largest(key: str) -> float:
    """How large a row may be, in sizes of the text, for the key to count."""
    return {"same": inf, "page": LARGE}.get(_kind(key), BODY)


def _kind(key: str) -> str:
    return key.partition(" ")[0]


def _keys(text: str, page: int) -> Iterator[str]:
    """What the row has in common with its like on other pages. The first word says how much that proves.

    "same": all of the text. "page": a page number, by itself or set off from a header. "with": a number that counts pages among
    other words. "rest": the header without its page number, which may be Roman here and Arabic there.
    """
    yield f"same {text}"
    if len(text) > LONG:
        return
    label = LABEL.search(text)
    if label and _is_named(text[: label.start()]) and not _in_heading(text, label, NUMBER.search(label[0])):
        yield f"rest {text[: label.start()]}"
    for match in [match for match in NUMBER.finditer(text) if _value(match[0])][:4]:
        before, after = text[: match.start()], text[match.end() :]
        value = _value(match[0])
        if HEAD_BEFORE.search(before) or HEAD_AFTER.match(after) or (value in YEARS and value != page + 1):
            continue
        kind = "page" if _is_label(before, after) else "with"
        if kind == "page" or _is_named(before + after):
            yield f"{kind} {before}<{'n' if match[0].isdigit() else 'r'}{value - page}>{after}"


def _is_label(before: str, after: str) -> bool:
    """Whether a number between these is that of a page, and no number of what the row speaks of."""
    if TOTAL_AFTER.fullmatch(after):
        return True
    return bool(LABEL_BEFORE.fullmatch(before) and LABEL_AFTER.fullmatch(after))


def _is_named(header: str) -> bool:
    """Whether this is enough to be a header: one word with a number, as in "Deltagare 3", may as well be a heading."""
    return sum(map(str.isalnum, header)) >= NAMED and len(header.split()) > 1


def _in_heading(text: str, label: re.Match[str], number: re.Match[str] | None) -> bool:
    start = label.start() + (number.start() if number else 0)
    return HEAD_BEFORE.search(text[:start]) is not None


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


def _outer(page: list[Row], common: Places, pages: int) -> list[Row]:
    """Furniture rows from the edge inwards, without those that would have to stand apart from the text and do not."""
    proofs: list[Proof] = []
    for at, row in enumerate(page):
        inner = page[at + 1] if at + 1 < len(page) else None
        proof = _proof(row, inner, common, pages)
        if proof is Proof.NONE:
            break
        proofs.append(proof)
    apart = max((at for at in range(len(proofs)) if _is_apart(page, at)), default=-1)
    kept = (at for at, proof in enumerate(proofs) if proof is Proof.APART and at > apart)
    return page[: next(kept, len(proofs))]


def _is_apart(page: list[Row], at: int) -> bool:
    """Whether a gap follows the row; one that nothing follows is as good as apart, and goes only if its page has more text."""
    if at + 1 == len(page):
        return True
    row, inner = page[at], page[at + 1]
    return abs(inner.base - row.base) > APART * max(row.size, inner.size)


def _counts_all_pages(row: Row, pages: int) -> bool:
    """Whether the row says which page of the file this is, and of how many: evidence enough on a single page."""
    match = OF_TOTAL.search(row.text) if len(row.text) <= LONG else None
    if match is None or HEAD_BEFORE.search(row.text[: match.start(1)]):
        return False
    return (int(match[1]), int(match[2])) == (row.page + 1, pages)


def _proof(row: Row, inner: Row | None, common: Places, pages: int) -> Proof:
    """The best that any key of the row gives."""
    if _counts_all_pages(row, pages):
        row.labelled = True
        return Proof.SURE
    place = round(row.base / SAME_PLACE)
    best = Proof.NONE
    for key in row.keys:
        if _kind(key) in ("same", "rest") and inner is not None and _head_of_table(row, inner):
            continue
        shown = set().union(*(common[key].get(near, ()) for near in (place - 1, place, place + 1)))
        proof = _often(shown, row.page, pages, _kind(key))
        row.labelled |= proof is not Proof.NONE and _kind(key) == "page"
        best = max(best, proof)
    return best


def _often(shown: set[int], page: int, pages: int, kind: str) -> Proof:
    """What it proves that these pages show a key of this kind."""
    if pages < FEW:
        # The first page is often without a number; but then two others must count.
        need = {"same": pages, "page": max(2, pages - 1)}.get(kind, inf)
        return Proof.APART if len(shown) >= max(2, need) else Proof.NONE
    if kind in ("with", "rest") and len(shown) < IN_A_ROW:
        return Proof.NONE
    parity = sum(number % 2 == page % 2 for number in shown)
    alike = len(range(page % 2, pages, 2))
    if len(shown) >= MANY * pages or parity >= max(IN_A_ROW, MANY * alike):
        return Proof.SURE if kind in ("same", "page") else Proof.APART
    if parity == alike == 2 or any(_run(shown, page, step) >= IN_A_ROW for step in (1, 2)):
        return Proof.SURE if kind == "page" else Proof.APART
    return Proof.NONE


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
    return [b.left for a, b in pairwise(row.pieces) if _wide(a, b)]


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
