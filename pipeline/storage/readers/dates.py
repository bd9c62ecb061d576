"""Dates as ISO 8601 text, where what was written can mean one thing only."""

import datetime
import re
from functools import lru_cache

_ISO = re.compile(
    r"\s*([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.[0-9]+)?\s*(Z|[+-][0-9]{2}:?[0-9]{2})?)?\s*"
)
_COMPACT = re.compile(r"\s*((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})\s*")
_YEAR = re.compile(r"\s*([0-9]{4})(-[0-9]{2})?\s*")
_WORDS = re.compile(r"\s*(?:den\s+)?([0-9]{1,2})(?::?[ae])?\.?\s+([a-zA-Zåäö]+)\.?,?\s+([0-9]{4})\s*")
LONGEST = 64
"""Characters of a date. Anything longer is none, and would only cost the time of the patterns and the memory of the cache."""

# Swedish, Norwegian, Danish and English month names share their first three letters but for these.
_MONTHS = {
    name: month
    for month, names in enumerate(
        ("jan", "feb", "mar", "apr", "maj mai may", "jun", "jul", "aug", "sep", "okt oct", "nov", "dec des"),
        1,
    )
    for name in names.split()
}


def iso_date(value: object) -> str | None:
    """ISO 8601 text, or None where the value is empty or can mean more than one day.

    >>> iso_date("2010-10-11 00:00:00"), iso_date("den 3 maj 1998"), iso_date("03/04/2020"), iso_date(20240131)
    ('2010-10-11', '1998-05-03', None, '2024-01-31')
    """
    if isinstance(value, datetime.datetime):
        return iso_date(value.isoformat())
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:d}" if 0 <= value < 10**8 else ""
    text = value.strip() if isinstance(value, str) else ""
    return _iso_text(text) if len(text) <= LONGEST else None


# Records of one source share their days.
@lru_cache(maxsize=4096)
def _iso_text(text: str) -> str | None:
    if found := _ISO.fullmatch(text):
        return _full(*found.groups())
    if found := _COMPACT.fullmatch(text):
        return _day(*map(int, found.groups()))
    if found := _YEAR.fullmatch(text):
        month = found[2]
        return found[0].strip() if month is None or 1 <= int(month[1:]) <= 12 else None
    if found := _WORDS.fullmatch(text):
        month_number = _MONTHS.get(found[2][:3].lower())
        return _day(int(found[3]), month_number, int(found[1])) if month_number else None
    return None


def _full(year: str, month: str, day: str, time: str | None, zone: str | None) -> str | None:
    date = _day(int(year), int(month), int(day))
    # Midnight without a zone is what databases write for "no time known".
    if date is None or time is None or (time in ("00:00", "00:00:00") and not zone):
        return date
    hours, minutes, *seconds = map(int, time.split(":"))
    if hours > 23 or minutes > 59 or (seconds and seconds[0] > 59):
        return date
    return f"{date}T{time}{zone or ''}"


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return datetime.date(year, month, day).isoformat()
    except ValueError:
        return None
