"""Phone numbers, by shape and by the words around them; phonenumbers only says what is possible at all.

phonenumbers' POSSIBLE alone finds thousands of false phones in statutes, VALID misses a third of the real ones by shape. So a
number counts if it is written as only phones are (area code and hyphen, country code, mobile), or if a word says phone.
"""

import re
from collections.abc import Iterator

from pipeline.stages.pii_text import REFERENCE, Found, context

CONTEXT = 30
PHONE_WORDS = (
    r"(?i)(?:\btele?fon\w*|\btel\b|\btfn\b|\btlf\b|\btelnr\b|mobil\w*|\bmob\b|\bgsm\b|\bring(?:a|er)?\b|\bfax\b|telefax|växel\w*|\bjour(?:en|nummer|telefon)?\b|\bnås på\b"
    r"|\bsms\b|swish\w*|\bpuh\b|puhelin\w*|matkapuh\w*|\bphone\b|\bcall (?:me|us)?\b|\bcell\b|\bdesk\b|answering at|registered|\bdial\b)"
)
PHONE_WORD = re.compile(PHONE_WORDS)
PHONE_BEFORE = re.compile(PHONE_WORDS + r"[^\d\n]{0,20}$")
PHONE_AFTER = re.compile(r"(?i)\s{0,2}\(?(?:office|fax|mobile|cell|home|work|mobil|växel|hem|arbete)\b")

OPENING = r"(?<![^\W_])(?<![^\s(*][-_])(?<!\+)"
"""No word goes on in front; a hyphen or low line may stand there alone, as in lists and around emphasis."""
BEFORE = OPENING + r"(?<!\d[.:/])"
"""Nor does a number; a comma parts it from the one before, but for those that may have decimals themselves."""
EDGE_AFTER = r"(?![^\W_]|[-.:]\d|/\d(?!\d(?!\d))|,\d{1,2}(?!\d))"
"""No number goes on. A slash and two digits may: "/68" behind a number is its twin of other last digits."""
EDGE = re.compile(EDGE_AFTER)
NATIONAL = re.compile(
    rf"{BEFORE}(?:\(0(?:8|[1-9]\d{{1,2}})\) ?-? ?|0(?:8|[1-9]\d{{1,2}}) ?[-/] ?)\d{{2,4}}(?:[ -]?\d{{2,4}}){{1,4}}"
)
MOBILE = re.compile(rf"{BEFORE}07[02369]\d?(?: ?- ?| )?\d{{1,3}}(?:[ -]?\d{{2,3}}){{2}}")
INTERNATIONAL = re.compile(
    rf"{OPENING}(?<!\d[.,:/])(?:\(\+[1-9]\d{{0,2}}\)|(?:\+|00 ?)[1-9]\d{{0,2}})[ .-]{{0,3}}(?:\(\d{{1,4}}\)|\d)"
    r"(?:[ ./-]{0,3}\(?\d{1,4}\)?){2,9}"
)
SPACED = re.compile(rf"{BEFORE}0(?:8|[1-9]\d{{1,2}})([ .])\d{{2,4}}\1\d{{2,3}}(?:\1\d{{2,3}})?{EDGE_AFTER}")
"""Blanks or dots alone: counts if the numbering plan has it, for sums and dates are written so too."""
SHAPES = ((INTERNATIONAL, 8, 15), (NATIONAL, 7, 11), (MOBILE, 10, 10), (SPACED, 9, 10))
"""Pattern, least and most digits."""
ROW_BEFORE = re.compile(r"\d \Z")
GROUP = re.compile(r"\d+\)?")
AMERICAN = re.compile(r"\d{3}-\d\d-\d{4}")
"""The notation of American social security numbers, which no phone has: hyphens between all groups, four digits last."""
ANY = re.compile(
    rf"{OPENING}(?<!\d[.,:/])(?:\+|\(\d)?\d(?:[ ()./-]{{0,3}}\d){{5,14}}(?:x\d{{1,5}})?(?![^\W_]|[-/:]\d)"
)
TIME = re.compile(
    r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./ -](?:19|20)?\d\d|\d{1,2}[.]\d\d ?- ?\d{1,2}[.]\d\d|(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d"
)
"""Dates, hours and spans of years, which stand behind words for phones too."""


def says_phone(text: str, end: int, before: str) -> bool:
    """Whether a word in `before`, or behind text[end], says phone."""
    return bool(PHONE_WORD.search(before) or PHONE_AFTER.match(text, end))


def phones(text: str, start: int, end: int, *, said: bool) -> Iterator[Found]:
    """Phone numbers that begin in text[start:end] (or at the sign before it); by words alone only where one is `said`."""
    begin = start
    while begin > 0 and start - begin < 2 and text[begin - 1] in "+(":
        begin -= 1
    if REFERENCE.search(context(text, begin, CONTEXT)):
        return
    stop = min(len(text), end + 7)
    for first, last in _shaped(text, begin, stop):
        if first < end:
            yield first, last - unopened(text[first:last]), "phone"
    for match in ANY.finditer(text, begin, stop) if said else ():
        told = PHONE_BEFORE.search(context(text, match.start(), CONTEXT)) or PHONE_AFTER.match(
            text, match.end()
        )
        if told and match.start() < end and 6 <= digits(match[0]) <= 15 and not TIME.fullmatch(match[0]):
            yield match.start(), match.end(), "phone"


def _shaped(text: str, begin: int, stop: int) -> Iterator[tuple[int, int]]:
    for pattern, least, most in SHAPES:
        before = -1
        for match in pattern.finditer(text, begin, stop):
            first, planned = match.start(), pattern is SPACED
            # A row of sums goes on; a number behind a number does not.
            if planned and first != before + 1 and ROW_BEFORE.search(text, max(0, first - 2), first):
                continue
            if last := _whole(text, (first, match.end()), (least, most), planned=planned):
                before = last
                yield first, last


def _whole(text: str, span: tuple[int, int], sizes: tuple[int, int], *, planned: bool) -> int:
    """Where a number that begins at span[0] ends, at span[1] at most: numbers of other things may follow it. 0: it is none.

    At the last group with which the numbering plan of its country has it; else at the last of all, if it is possible and no number
    goes on behind it.
    """
    first, most = span
    ends = [first + group.end() for group in GROUP.finditer(text[first:most])]
    if text[most : most + 1].isdigit():
        ends = ends[:-1]
    shown = [text[first:end] for end in ends if not text[end : end + 1].isalpha()]
    fitting = [one for one in reversed(shown) if sizes[0] <= digits(one) <= sizes[1]]
    for one in fitting:
        if possible(one, planned=True):
            return first + len(one)
    whole = not planned and fitting and possible(fitting[0]) and EDGE.match(text, first + len(fitting[0]))
    return first + len(fitting[0]) if whole else 0


def digits(shown: str) -> int:
    return sum(character.isdigit() for character in shown)


def unopened(shown: str) -> int:
    """1 where the last character closes a bracket that was never opened."""
    return int(shown.endswith(")") and shown.count(")") > shown.count("("))


def possible(shown: str, *, planned: bool = False) -> bool:
    """Whether phonenumbers can read it as a number of a country, Sweden if none is said. Numbers that are short for their
    area count, because real texts hold them; not so after 00, which also opens case numbers, nor where it must be `planned`.
    """
    import phonenumbers

    if AMERICAN.fullmatch(shown):
        return False
    try:
        number = phonenumbers.parse(shown, "SE")
    except phonenumbers.NumberParseException:
        return False
    if planned:
        return bool(phonenumbers.is_valid_number(number))
    if shown.startswith("00"):
        return bool(phonenumbers.is_possible_number(number))
    return len(str(number.national_number)) >= 6
