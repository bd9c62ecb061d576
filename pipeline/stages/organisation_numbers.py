"""Organisation numbers of Sweden and, where a word says so, of Norway, Denmark and Finland."""

import re
from collections.abc import Iterator

from pipeline.stages.identity_numbers import is_organisation_number
from pipeline.stages.pii_text import EDGE_AFTER, EDGE_BEFORE, REFERENCE, Found, is_said

SWEDISH = re.compile(rf"{EDGE_BEFORE}(?:16)?(\d{{6}})( ?- ?| ?)(\d{{4}}){EDGE_AFTER}")
SWEDISH_CONTEXT = re.compile(r"(?i)org(?:anisations)?\.?\s?-?n(?:umme)?r")

NEIGHBOURS = (
    (
        "no",
        re.compile(rf"{EDGE_BEFORE}[89]\d\d ?\d{{3}} ?\d{{3}}{EDGE_AFTER}"),
        re.compile(
            r"(?i)org(?:anisasjons)?\.?\s?-?n(?:umme)?r|foretaks(?:n|reg)|enhetsreg|\bmva\b|\bNO\s?\Z"
        ),
    ),
    (
        "dk",
        re.compile(rf"{EDGE_BEFORE}(?:\d{{8}}|\d\d \d\d \d\d \d\d){EDGE_AFTER}"),
        re.compile(r"(?i)\bcvr\b|\bcvr-?n|\bse-?n(?:umme)?r"),
    ),
    (
        "fi",
        re.compile(rf"{EDGE_BEFORE}\d{{7}}-\d{EDGE_AFTER}"),
        re.compile(r"(?i)\by-?tunnu|\bfo-?n(?:umme)?r|business id|\bly-?tunnu"),
    ),
)
"""Country, shape, words before it. All three have check digits, but eight or nine digits with one are weak evidence."""


def organisations(text: str, start: int, end: int, *, said: bool) -> Iterator[Found]:
    """Organisation numbers in text[start:end]; with their hyphen alone where no word is `said` before the run."""
    for match in SWEDISH.finditer(text, start, end):
        if is_organisation_number(match) and _is_swedish(text, match):
            yield match.start(), match.end(), "orgnr"
    if not said:
        return
    for country, shape, words in NEIGHBOURS:
        for match in shape.finditer(text, start, end):
            if is_said(words, text, match.start()) and _checked(country, match[0]):
                yield match.start(), match.end(), "orgnr"


def _is_swedish(text: str, match: re.Match[str]) -> bool:
    """With its hyphen, unless it is said to be the number of a case; else only where a word says what it is."""
    if match[2] == "-" and not is_said(REFERENCE, text, match.start()):
        return True
    return is_said(SWEDISH_CONTEXT, text, match.start())


def _checked(country: str, shown: str) -> bool:
    from stdnum.dk import cvr
    from stdnum.fi import ytunnus
    from stdnum.no import orgnr

    modules = {"no": orgnr, "dk": cvr, "fi": ytunnus}
    return bool(modules[country].is_valid(shown))
