"""Text as the patterns of personal data read it: one writing for dashes and blanks, and contexts that end at a mask."""

import re

Found = tuple[int, int, str]
"""First code point, code point after the last, kind."""

DASHES = "\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{MINUS SIGN}"
BLANKS = "\N{NO-BREAK SPACE}\N{EN QUAD}\N{EN SPACE}\N{FIGURE SPACE}\N{PUNCTUATION SPACE}\N{THIN SPACE}\N{HAIR SPACE}\N{NARROW NO-BREAK SPACE}"

MASK = re.compile(r"(?:\[|\A)[A-Z-]*(?: \d{1,6})?\]")
"""A mask, or the end of one where a context begins inside it."""


def level(text: str) -> str:
    """`text` with one hyphen and one blank for all of their kind; as long as before, so that offsets hold.

    >>> level("08\N{EN DASH}514\N{NO-BREAK SPACE}50 61 Åre")
    '08-514 50 61 Åre'
    """
    if text.isascii():
        return text
    for dash in DASHES:
        text = text.replace(dash, "-")
    for blank in BLANKS:
        text = text.replace(blank, " ")
    return text


def context(text: str, at: int, length: int) -> str:
    """Up to `length` code points before text[at], back to the last mask: what a mask hides says nothing of its neighbours, so that
    masking published text again finds nothing more.

    >>> context("telefon [TELEFON] 514 50 61", 18, 30)
    ' '
    >>> context("ring telefon 514 50 61", 13, 10)
    'g telefon '
    """
    before = text[max(0, at - length) : at]
    if "]" in before:
        ends = [mask.end() for mask in MASK.finditer(before)]
        return before[ends[-1] :] if ends else before
    return before
