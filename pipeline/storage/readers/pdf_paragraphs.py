"""Lines of pages become one text: line ends stay, blank lines part paragraphs, and pages are joined."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from pipeline.storage.readers.pdf_words import Piece

MORE = 1.25
"""White space of so many times the usual distance of lines begins a paragraph (our choice: producers add a quarter of a line
or more between paragraphs, and the distance within one varies by less than a tenth where fonts are mixed).
"""

MUCH_MORE = 1.7
"""The same before a line that goes on with a small letter, which is rarely a new paragraph (our choice)."""

ENOUGH = 0.9, 1.1
"""The same where the size of the text changes, which makes a heading by itself: before a capital and a small letter (our choice)."""

OTHER_SIZE = 1.15
"""A line so much larger or smaller than the one before is a heading or the text after it (our choice)."""

SAME_SIZE = 1.08
"""Lines whose heights differ by less are of one size: fonts are mixed in a line, and each has its own height (our choice)."""

FEW = 5
"""Distances of lines from which the usual one can be told (our choice)."""

DENSEST = 0.15
"""Where no line goes on with a small letter, the distance that this share of the lines keeps or undercuts (our choice)."""

ENDS = ".:!?…)]\"'”»*"


def as_text(pages: Sequence[list[Piece]]) -> str:
    """The text of all pages."""
    usual = _usual_distances(pages)
    text: list[str] = []
    before: Piece | None = None
    for page in pages:
        for at, line in enumerate(page):
            if before is not None:
                text.append(_between(before, line, usual) if at else _over_a_page(before, line))
            text.append(line.text)
            before = line
    return "".join(text)


def _usual_distances(pages: Sequence[list[Piece]]) -> dict[float, float]:
    """Distance of the lines of a paragraph by size of the text; a size of which too little was seen is left out."""
    seen = sorted(
        (below.size, below.base - above.base, below.text[:1].islower()) for above, below in _neighbours(pages)
    )
    sizes = [size for size, _, _ in seen]
    usual = {}
    for size in {_class(line) for page in pages for line in page}:
        near = seen[bisect_left(sizes, size / SAME_SIZE) : bisect_right(sizes, size * SAME_SIZE)]
        wrapped = [distance for _, distance, goes_on in near if goes_on]
        if len(wrapped) >= FEW:
            usual[size] = median(wrapped)
        elif len(near) >= FEW:
            usual[size] = sorted(distance for _, distance, _ in near)[int(DENSEST * len(near))]
    return usual


def _neighbours(pages: Sequence[list[Piece]]) -> Iterator[tuple[Piece, Piece]]:
    """Lines of one size, one close below the other."""
    for page in pages:
        for above, below in pairwise(page):
            near = 0.6 < (below.base - above.base) / below.size < 3
            if near and not above.turn and not below.turn and not _differ_in_size(above, below):
                yield above, below


def _class(line: Piece) -> float:
    return round(line.size, 1)


def _differ_in_size(a: Piece, b: Piece) -> bool:
    return max(a.size, b.size) > OTHER_SIZE * min(a.size, b.size)


def _between(above: Piece, below: Piece, usual: dict[float, float]) -> str:
    """What parts two lines of a page."""
    if above.turn or below.turn:
        return "\n" if above.turn == below.turn and above.line == below.line else "\n\n"
    distance = below.base - above.base
    if distance < -above.size or below.left > above.right:
        return _over_a_page(above, below)
    expected = usual.get(_class(below)) or usual.get(_class(above)) or 1.3 * below.size
    more = distance / expected
    goes_on = below.text[:1].islower()
    limits = ENOUGH if _differ_in_size(above, below) else (MORE, MUCH_MORE)
    return "\n\n" if more > limits[goes_on] else "\n"


def _over_a_page(above: Piece, below: Piece) -> str:
    """What parts the last line of a page or column from the first of the next: a sentence may go on, or a divided word."""
    goes_on = below.text[:1].islower() and above.text[-1:] not in ENDS and not above.turn
    return "\n" if goes_on else "\n\n"
