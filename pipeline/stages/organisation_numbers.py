"""Organisation numbers of Sweden and, where a word says so, of Norway, Denmark and Finland."""

import re
from collections.abc import Iterator

from pipeline.stages.identity_numbers import is_organisation_number
from pipeline.stages.pii_text import Found, context

EDGE_BEFORE = r"(?<![\w-])(?<!\d[.:/])"
EDGE_AFTER = r"(?!\w|[-/.:]\d|,\d{1,2}(?!\d))"
CONTEXT = 40
SWEDISH = re.compile(rf"{EDGE_BEFORE}(?:16)?(\d{{6}})(-?)(\d{{4}}){EDGE_AFTER}")
SPACED = re.compile(rf"{EDGE_BEFORE}(\d{{6}})( ?- ?| )(\d{{4}}){EDGE_AFTER}")
SWEDISH_CONTEXT = re.compile(r"(?i)org(?:anisations)?\.?\s?-?n(?:umme)?r")

NEIGHBOURS = (
    (
        "no",
        re.compile(rf"{EDGE_BEFORE}[89]\d\d ?\d{{3}} ?\d{{3}}{EDGE_AFTER}"),
        re.compile(r"(?i)org(?:anisasjons)?\.?\s?-?n(?:umme)?r|foretaks(?:n|reg)|enhetsreg|\bmva\b|\bNO\s?\Z"),
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


def organisations(text: str, start: int, end: int) -> Iterator[Found]:
    """Organisation numbers in text[start:end]."""
    for match in SWEDISH.finditer(text, start, end):
        said = match[2] or SWEDISH_CONTEXT.search(context(text, match.start(), CONTEXT))
        if said and is_organisation_number(match):
            yield match.start(), match.end(), "orgnr"
    for match in SPACED.finditer(text, start, end):
        if is_organisation_number(match) and SWEDISH_CONTEXT.search(context(text, match.start(), CONTEXT)):
            yield match.start(), match.end(), "orgnr"
    for country, shape, words in NEIGHBOURS:
        for match in shape.finditer(text, start, end):
            if words.search(context(text, match.start(), CONTEXT)) and _checked(country, match[0]):
                yield match.start(), match.end(), "orgnr"


def _checked(country: str, shown: str) -> bool:
    from stdnum.dk import cvr
    from stdnum.fi import ytunnus
    from stdnum.no import orgnr

    modules = {"no": orgnr, "dk": cvr, "fi": ytunnus}
    return bool(modules[country].is_valid(shown))
