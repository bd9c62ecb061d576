"""Phone numbers, by shape and by the words around them; phonenumbers only says what is possible at all.

phonenumbers' POSSIBLE alone finds thousands of false phones in statutes, VALID misses a third of the real ones by shape. So a
number counts if it is written as only phones are (area code and hyphen, country code, mobile), or if a word says phone.
"""

import re
from collections.abc import Iterator

CONTEXT = 30
PHONE_BEFORE = re.compile(
    r"(?i)(?:\btele?fon\w*|\btel\b|\btfn\b|\btlf\b|\btelnr\b|mobil\w*|\bmob\b|\bring(?:a|er)?\b|\bfax\b|telefax|växel\w*|\bjour(?:en|nummer|telefon)?\b|\bnås på\b"
    r"|\bsms\b|swish\w*|\bphone\b|\bcall (?:me|us)?\b|\bcell\b|\bdesk\b|answering at|registered|\bdial\b)[^\d\n]{0,20}$"
)
PHONE_AFTER = re.compile(r"(?i)\s{0,2}\(?(?:office|fax|mobile|cell|home|work|mobil|växel|hem|arbete)\b")

REFERENCE_BEFORE = re.compile(
    r"(?i)(?:\bd(?:iarie)?n(?:umme)?r|\bref(?:erens)?\w*|ärende\w*|\bmål\b|\bart(?:ikel)?\.?(?:n(?:umme)?r)?|journaln\w*|faktura\w*|order\w*"
    r"|kundn\w*|\bprop|\bsou|\bsfs|\bisbn|\bissn)[^\d\n]{0,12}\Z"
)
"""Case, order and book numbers, which may have the shape of a phone number."""
NATIONAL = re.compile(
    r"(?<![\w+-])(?<!\d[.:/])\(?0(?:8|[1-9]\d{1,2})\)?(?: ?[-\N{EN DASH}/] ?)\d{2,4}(?:[ -]?\d{2,4}){1,3}(?!\w|[-/.:]\d|,\d{1,2}(?!\d))"
)
MOBILE = re.compile(
    r"(?<![\w+-])(?<!\d[.:/])07[02369]\d?[ -]?\d{1,3}(?:[ -]?\d{2,3}){2}(?!\w|[-/.:]\d|,\d{1,2}(?!\d))"
)
INTERNATIONAL = re.compile(
    r"(?<![\w+-])(?<!\d[.,:/])(?:\+|00 ?)[1-9]\d{0,2}[ .-]?(?:\(\d{1,4}\)|\d)(?:[ ./-]{0,2}\(?\d{1,4}\)?){2,7}(?![\w])"
)
ANY = re.compile(
    r"(?<![\w+-])(?<!\d[.,:/])(?:\+|\(\d)?\d(?:[ ().\N{EN DASH}/-]{0,3}\d){5,14}(?:x\d{1,5})?(?![\w]|[-/:]\d)"
)


def phones(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Phone numbers that begin in text[start:end] (or at the sign before it)."""
    begin = start
    while begin > 0 and start - begin < 2 and text[begin - 1] in "+(":
        begin -= 1
    stop = min(len(text), end + 7)
    if REFERENCE_BEFORE.search(text, max(0, begin - CONTEXT), begin):
        return
    for pattern, least, most in ((INTERNATIONAL, 8, 15), (NATIONAL, 7, 11), (MOBILE, 10, 10)):
        for match in pattern.finditer(text, begin, stop):
            if match.start() < end and least <= digits(match[0]) <= most and possible(match[0]):
                yield match.start(), match.end() - unopened(match[0]), "phone"
    for match in ANY.finditer(text, begin, stop):
        said = PHONE_BEFORE.search(text, max(0, match.start() - CONTEXT), match.start()) or PHONE_AFTER.match(
            text, match.end()
        )
        if said and match.start() < end and 6 <= digits(match[0]) <= 15:
            yield match.start(), match.end(), "phone"


def digits(shown: str) -> int:
    return sum(character.isdigit() for character in shown)


def unopened(shown: str) -> int:
    """1 where the last character closes a bracket that was never opened."""
    return int(shown.endswith(")") and "(" not in shown)


def possible(shown: str) -> bool:
    """Whether phonenumbers can read it as a number of a country, Sweden if none is said. Numbers that are short for their
    area count, because real texts hold them; not so after 00, which also opens case numbers.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(shown, "SE")
    except phonenumbers.NumberParseException:
        return False
    if shown.startswith("00"):
        return bool(phonenumbers.is_possible_number(number))
    return len(str(number.national_number)) >= 6
