"""Identity numbers of Norway, Denmark and Finland, and of the United States where a word says so.

Check digits come from python-stdnum; its `validate` compares with today's date, which no stage may read, knows no synthetic
numbers of Tenor (month + 80), and takes any date with four digits for a Danish number. Those gaps are closed here.
"""

import re
from collections.abc import Callable, Iterator

from pipeline.stages.identity_numbers import is_date
from pipeline.stages.pii_text import EDGE_AFTER, EDGE_BEFORE, Found, is_said

NORWEGIAN = re.compile(rf"{EDGE_BEFORE}(\d\d)(\d\d)(\d\d)[ -]?(\d{{3}}) ?(\d\d){EDGE_AFTER}")
NORWEGIAN_CONTEXT = re.compile(
    r"(?i)f[øo]dsels?-?n|person-?n(?:umme)?r|\bf\.?nr|\bd-?n(?:umme)?r|identitetsn|\bfødt\b"
)
SYNTHETIC_MONTHS = (0, 40, 80)
"""Added to the month: nothing; 40 for aid numbers of hospitals and synthetic numbers of NAV; 80 for those of Skatteetaten's
test register Tenor (navikt/fnrvalidator issue 116 has examples of all).
"""

DANISH = re.compile(rf"{EDGE_BEFORE}(\d\d)(\d\d)(\d\d)(?P<sign> ?- ?| )?(\d{{4}}){EDGE_AFTER}")
DANISH_CONTEXT = re.compile(r"(?i)\bcpr\b|\bcpr-?n(?:umme)?r")

FINNISH = re.compile(
    rf"{EDGE_BEFORE}(\d\d)(\d\d)(\d\d)([-+A-FU-Y])(\d{{3}})([0-9A-FHJ-NPR-Y])(?![^\W_])(?!-\d)"
)
FINNISH_CONTEXT = re.compile(
    r"(?i)henkil[öo]tunnu|henkil[öo]numero|\bhetu\b|\bhetu-|personbeteckning|\bsyntymäaika"
)
FINNISH_CENTURIES = {"+": 1800, **dict.fromkeys("-YXWVU", 1900), **dict.fromkeys("ABCDEF", 2000)}
"""Signs of the century, those of the reform of 2023 included (Finlex 128/2010 as changed)."""

AMERICAN = re.compile(rf"{EDGE_BEFORE}(?!000|666|9)\d{{3}}[- ](?!00)\d\d[- ](?!0000)\d{{4}}{EDGE_AFTER}")
AMERICAN_CONTEXT = re.compile(r"(?i)\bssn\b|social security")

Spoken = Callable[[int], str]
"""Language of the text at a code point; "" where it is not known."""


def nordic_identities(text: str, start: int, end: int, spoken: Spoken, *, said: bool) -> Iterator[Found]:
    """Identity numbers of the neighbours in text[start:end]; American ones only where a word is `said` at all."""
    for match in NORWEGIAN.finditer(text, start, end):
        if kind := norwegian_kind("".join(match.groups()), is_said(NORWEGIAN_CONTEXT, text, match.start())):
            yield match.start(), match.end(), kind
    for match in DANISH.finditer(text, start, end):
        if _is_danish(text, match, spoken):
            yield match.start(), match.end(), "personnummer"
    for match in FINNISH.finditer(text, start, end + 1):
        plain = match[4] in "+-" and match[6].isdigit()
        said = not plain or spoken(match.start()) == "fi" or is_said(FINNISH_CONTEXT, text, match.start())
        if said and is_finnish(match):
            yield match.start(), match.end(), "personnummer"
    for match in AMERICAN.finditer(text, start, end) if said else ():
        if is_said(AMERICAN_CONTEXT, text, match.start()):
            yield match.start(), match.end(), "personnummer"


def norwegian_kind(number: str, said: bool) -> str | None:
    """`personnummer`, `samordningsnummer` for a D-number (day + 40), or None where date or check digits are wrong.

    Months of aid numbers and synthetic ones count only where a word says what the number is (`said`): with them, one of 400
    numbers of eleven digits would pass, without them one of 1,800.

    >>> norwegian_kind("15108695088", False), norwegian_kind("53097248016", False)
    ('personnummer', 'samordningsnummer')
    >>> norwegian_kind("17912099997", True), norwegian_kind("17912099997", False)
    ('personnummer', None)
    >>> norwegian_kind("15108695077", True)
    """
    from stdnum.no import fodselsnummer

    if number[9] != fodselsnummer.calc_check_digit1(number) or number[10] != fodselsnummer.calc_check_digit2(
        number
    ):
        return None
    day, month, year = int(number[:2]), int(number[2:4]), int(number[4:6])
    foreign = day > 40
    century = _norwegian_century(year, int(number[6:9]))
    months = SYNTHETIC_MONTHS if said else SYNTHETIC_MONTHS[:1]
    if not any(is_date(century + year, month - added, day - 40 * foreign) for added in months):
        return None
    return "samordningsnummer" if foreign else "personnummer"


def _norwegian_century(year: int, individual: int) -> int:
    """From the individual number, as the register gives them out; -9999 for none, which makes no date."""
    if individual < 500:
        return 1900
    if individual < 750 and year >= 54:
        return 1800
    if year < 40:
        return 2000
    return 1900 if individual >= 900 else -9999


def _is_danish(text: str, match: re.Match[str], spoken: Spoken) -> bool:
    """A valid date, and enough besides: a CPR number has had no check digit since 2007.

    In Danish text the notation with a hyphen is enough, or the check digit of old; elsewhere the word CPR says it, or hyphen
    and check digit together. Not so in Swedish and Norwegian text, where case numbers have the same shape.
    """
    from stdnum.dk import cpr
    from stdnum.exceptions import ValidationError

    number = match[1] + match[2] + match[3] + match[5]
    try:
        cpr.get_birth_date(number)
    except ValidationError:
        return False
    if is_said(DANISH_CONTEXT, text, match.start()):
        return True
    checked, hyphen = cpr.checksum(number) == 0, "-" in (match["sign"] or "")
    language = spoken(match.start())
    if language == "da":
        return hyphen or (checked and not match["sign"])
    return checked and hyphen and language not in ("sv", "nb", "nn", "no")


def is_finnish(match: re.Match[str]) -> bool:
    """Date, individual number (002 to 999; from 900 on they are temporary or for tests) and check character.

    >>> is_finnish(FINNISH.search("131052-308T")), is_finnish(FINNISH.search("010594Y9032"))
    (True, True)
    >>> is_finnish(FINNISH.search("310252-308Y")), is_finnish(FINNISH.search("131052-308U"))
    (False, False)
    """
    from stdnum.fi import hetu

    return bool(hetu.is_valid(match[0], allow_temporary=True))
