"""Text as the patterns of personal data read it: one writing for dashes and blanks, edges of numbers, and contexts that end at a mask."""

import re

from pipeline.kernels.number_words import BEFORE

Found = tuple[int, int, str]
"""First code point, code point after the last, kind."""

DASHES = "\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{MINUS SIGN}"
BLANKS = "\N{NO-BREAK SPACE}\N{EN QUAD}\N{EN SPACE}\N{FIGURE SPACE}\N{PUNCTUATION SPACE}\N{THIN SPACE}\N{HAIR SPACE}\N{NARROW NO-BREAK SPACE}"

CONTEXT = BEFORE
"""Characters before a number in which a word may say what it is."""

EDGE_BEFORE = r"(?<![^\W_])(?<![^\s(*]-)(?<!\d[.:/])"
"""No word or number goes on in front: a hyphen may stand there alone, as in lists, and a low line, as in names of files."""
EDGE_AFTER = r"(?![^\W_]|[-/.:]\d|,\d{1,2}(?!\d))"
"""No word or number goes on behind, nor decimals."""

REFERENCE = re.compile(
    r"(?i)(?:\bd(?:iarie)?n(?:umme)?r|\bref(?:erens)?\w*|ärende\w*|\bmål\b|\bart(?:ikel)?\.?(?:n(?:umme)?r)?|journaln\w*|faktura\w*|order\w*"
    r"|kundn\w*|\bprop|\bsou|\bsfs|\bisbn|\bissn|\bserie\w*|\bpostn\w*|\bversion\w*)[^\d\n]{0,12}\Z"
)
"""Numbers of cases, orders and books, which may have the shape of a phone or organisation number, right behind what says so."""

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


def is_said(words: re.Pattern[str], text: str, at: int) -> bool:
    """One of the words stands in the context before text[at]."""
    return words.search(context(text, at, CONTEXT)) is not None
