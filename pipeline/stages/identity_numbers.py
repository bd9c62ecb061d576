"""Swedish identity numbers: checksums from python-stdnum, and the gaps that it leaves closed.

stdnum's personnummer accepts serial 000, dates beyond the calendar of its century, and knows no interim numbers.
Interim numbers carry a letter for the serial's first digit, which counts as 1 in the checksum (Skatteverket's
rule as the personnummer packages implement it).
"""

import re
from collections.abc import Iterator
from datetime import date

from pipeline.stages.pii_text import EDGE_BEFORE, Found, is_said

IDENTITY = re.compile(
    rf"{EDGE_BEFORE}(?P<century>18|19|20)?(?P<year>\d\d)(?P<part>[ -]?)(?P<month>\d\d)(?P=part)(?P<day>\d\d)"
    r"(?P<sign> ?[-+] ?| )?(?P<serial>\d{3}|[TRSUWXJKLMN]\d\d)(?P<check>\d)(?![^\W_]|[-/.:]\d)"
)
DECIMALS = re.compile(r",\d{1,2}(?!\d)")
IDENTITY_CONTEXT = re.compile(r"(?i)person\s?-?n(?:umme)?r|\bp\.?nr|samordningsn|identitetsn|\bfödd\b")


def luhn(digits: str) -> bool:
    """Whether the last of the digits is the check digit of the others."""
    from stdnum import luhn as checksum

    return bool(checksum.is_valid(digits))


def identity_kind(match: re.Match[str]) -> str | None:
    """`personnummer`, `samordningsnummer`, or None where date, serial or check digit is wrong.

    >>> identity_kind(IDENTITY.search("000229-2399"))
    'personnummer'
    >>> identity_kind(IDENTITY.search("730288-9931"))
    'samordningsnummer'
    >>> identity_kind(IDENTITY.search("150916-0006"))
    """
    serial = match["serial"]
    if serial == "000":
        return None
    numeric = serial if serial.isdigit() else "1" + serial[1:]
    if not luhn(match["year"] + match["month"] + match["day"] + numeric + match["check"]):
        return None
    day = int(match["day"])
    coordination = day > 60
    centuries = [match["century"]] if match["century"] else ["19", "20", "18"]
    years = (int(century + match["year"]) for century in centuries)
    if not any(is_date(year, int(match["month"]), day - 60 * coordination) for year in years):
        return None
    return "samordningsnummer" if coordination else "personnummer"


def identities(text: str, start: int, end: int, *, mobile: bool) -> Iterator[Found]:
    """Swedish identity numbers in text[start:end]. `mobile`: ten digits that open with 07 are phones, as a word says.

    Only where a word says what it is: a blank between date and serial, or a date in parts ("1981-12-28-9874"), which are no
    notations of the authorities. Ten or twelve bare digits with decimals behind them are a sum.
    """
    for match in IDENTITY.finditer(text, start, end):
        sign = match["sign"]
        if mobile and not sign and match[0].startswith("07"):
            continue
        if not sign and DECIMALS.match(text, match.end()):
            continue
        kind = identity_kind(match)
        plain = sign != " " and not match["part"]
        if kind and (plain or is_said(IDENTITY_CONTEXT, text, match.start())):
            yield match.start(), match.end(), kind


def is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def is_organisation_number(match: re.Match[str]) -> bool:
    """Ten digits with check digit, the third at least 2, so that it can be no date of birth."""
    digits = match[1] + match[3]
    return digits[0] != "0" and digits[2] >= "2" and luhn(digits)
