"""Swedish identity numbers: checksums from python-stdnum, and the gaps that it leaves closed.

stdnum's personnummer accepts serial 000, dates beyond the calendar of its century, and knows no interim numbers.
Interim numbers carry a letter for the serial's first digit, which counts as 1 in the checksum (Skatteverket's
rule as the personnummer packages implement it).
"""

import re
from datetime import date

IDENTITY = re.compile(
    r"(?<![\w-])(?<!\d[.:/])(?P<century>18|19|20)?(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d)"
    r"(?P<sign> ?[-+] ?| )?(?P<serial>\d{3}|[TRSUWXJKLMN]\d\d)(?P<check>\d)(?!\w|[-/.:]\d|,\d{1,2}(?!\d))"
)
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
