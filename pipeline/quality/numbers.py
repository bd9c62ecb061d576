"""Numbers as people write them, in Swedish and in English. No locale of the machine is asked."""

import math
import re
from typing import Literal

from pipeline.quality.verdicts import Check, Value

Language = Literal["sv", "en"]
LANGUAGES: tuple[Language, ...] = ("sv", "en")

THIN = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"

_LIMIT_WORDS = {
    "warn": "varna",
    "block": "stoppa",
    "beyond": "utanför",
    "of last": "av förra",
    "times": "gånger",
    "at least": "minst",
    "of rows": "av raderna",
}
"""The words that the checks write limits with."""


def number(value: float, language: Language, digits: int = 0) -> str:
    """With a thin space or comma between thousands.

    >>> number(1204331, "sv").replace(THIN, "_"), number(1234.5, "en", 1)
    ('1_204_331', '1,234.5')
    """
    text = f"{value:,.{digits}f}"
    if language == "sv":
        text = text.replace(",", THIN).replace(".", ",")
    return text.replace("-", MINUS)


def share(value: float, language: Language) -> str:
    r"""Per cent with as many decimals as the size asks for; less than a thousandth of a per cent in ppm.

    >>> share(0.98123, "sv"), share(0.0007, "en"), share(0.000004, "en")
    ('98,1\u202f%', '0.07\u202f%', '4\u202fppm')
    """
    size = abs(value)
    if 0 < size < 1e-5:
        return f"{number(value * 1e6, language, 0 if size >= 1e-6 else 2)}{THIN}ppm"
    digits = 1 if size >= 0.01 else 2 if size >= 1e-4 else 3
    digits = (
        0 if value in (0, 1) or (size >= 0.01 and round(value * 100, 6) == round(value * 100)) else digits
    )
    return f"{number(value * 100, language, digits)}{THIN}%"


def change(now: float, last: float, language: Language) -> str:
    r"""Signed relative change; what came from nothing is "ny" (new).

    >>> change(110, 100, "sv"), change(5, 0, "en"), change(0, 0, "en")
    ('+10\u202f%', 'new', '±0')
    """
    if not last:
        return ("ny" if language == "sv" else "new") if now else "±0"
    moved = (now - last) / last
    return "±0" if moved == 0 else ("+" if moved > 0 else "") + share(moved, language)


def value_text(value: Value, check: Check, language: Language) -> str:
    """The value of a check in its unit."""
    if value is None or isinstance(value, str):
        return value or NONE
    if math.isnan(value):
        return NONE
    if check.unit == "share":
        return share(value, language)
    if check.unit == "count" or isinstance(value, int) or float(value).is_integer():
        return number(value, language)
    return number(value, language, 3)


def limit_text(check: Check, language: Language) -> str:
    r"""The limit of a check in words of the language.

    >>> limit_text(Check("x", "", "", "PASS", limit="warn < 0.98; block < 0.95", unit="share"), "sv")
    'varna <\xa098\u202f%; stoppa <\xa095\u202f%'
    """
    text = check.limit
    if language == "sv":
        for english, swedish in _LIMIT_WORDS.items():
            text = text.replace(english, swedish)
    return re.sub(
        r"([<>≥≤=±-]? ?)(\d+(?:\.\d+)?(?:e-?\d+)?)", lambda found: _bound(found, check, language), text
    )


def _bound(found: re.Match[str], check: Check, language: Language) -> str:
    """One number of a limit, tied to the sign before it. A number after ± is a relative change: always in per cent."""
    sign, value = found[1], float(found[2])
    in_percent = check.unit == "share" or sign == "±"
    text = share(value, language) if in_percent else number(value, language, 0 if value.is_integer() else 3)
    comma = "," if language == "sv" else "."
    text = re.sub(rf"(\{comma}\d*?)0+(?!\d)", r"\1", text).replace(f"{comma}{THIN}", THIN).removesuffix(comma)
    return sign.replace(" ", "\N{NO-BREAK SPACE}").replace("-", MINUS) + text
