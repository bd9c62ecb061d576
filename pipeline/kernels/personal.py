"""One look at every byte: which runs of bytes could be personal data.

Python sees these candidates only. The scan errs on the side of suspicion: check digits, shapes and words around them are
for the exact patterns to judge.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.number_words import ENOUGH_DOTS, may_be_personal

NUMBER, AT_SIGN, IBAN, STREET, COLONS, SPELT_AT = range(6)
"""Kinds of candidate. NUMBER: a run of digits and separators with at least MIN_DIGITS digits or three dots that holds or has beside
it what numbers of people have (kernels.number_words); IBAN: two letters and two digits; STREET: the number after a word that ends
like a street; COLONS: inside a run like an IPv6 address; SPELT_AT: an at sign in other writing, such as "(at)" or "snabel-a"."""
MIN_DIGITS = 7
MAX_GAP = 3
"""Separators in a row inside one number: " (0" has three before the digit in "+46 (0)8"."""
SPOKEN_DOMAIN = 60
"""Bytes after a spoken "at" in which a spoken dot must follow: a long domain name and its ending."""

STREET_ENDINGS = (
    *("gatan", "gata", "vägen", "väg", "stigen", "gränd", "gränden", "torget", "torg", "allén", "allé", "backen", "backe", "plan"),
    *("platsen", "stranden", "kajen", "leden", "esplanaden", "liden", "ringen", "slingan"),
    *("gade", "vej", "vænget", "stræde", "strædet", "torvet", "torv", "plads", "pladsen", "alle", "parken", "bakken"),
    *("veien", "vegen", "vei", "veg", "gaten", "gate", "plass", "plassen", "svingen", "stien", "bakke"),
    *("katu", "tie", "kuja", "polku", "kaari", "raitti", "tori", "ranta", "rinne", "väylä"),
)  # fmt: skip
"""Swedish first, then Danish, Norwegian and Finnish. Which of them need a postcode besides is for the exact pattern to say."""
_ENDINGS = [ending.encode() for ending in STREET_ENDINGS]
ENDING_BYTES = np.frombuffer(b"".join(_ENDINGS), np.uint8)
ENDING_BOUNDS = np.cumsum([0, *map(len, _ENDINGS)]).astype(np.int64)
ENDS_A_STREET = np.isin(np.arange(256), [ending[-1] for ending in _ENDINGS])
"""Last bytes of the endings: most words are told from streets by one look."""


OTHER, DIGIT, SIGN, LETTER, INNER = range(5)


def _classes() -> NDArray[np.uint8]:
    """Class of every byte; INNER: continues a character."""
    classes = np.zeros(256, np.uint8)
    classes[48:58] = DIGIT
    classes[[37, 40, 58, 64, 91, 123]] = SIGN
    classes[65:91] = classes[97:123] = LETTER
    classes[0x80:0xC0] = INNER
    return classes


CLASSES = _classes()
WORD_BYTE = np.array([byte >= 0x80 or chr(byte).isalnum() for byte in range(256)], np.bool_)
"""Bytes that belong to a word, by the first byte of their character; 0xC2 and 0xE2 open blanks, dashes, quotes and signs. A low line
stands around emphasis and between the parts of a file's name."""
WORD_BYTE[[0xC2, 0xE2]] = False
SNABEL, SPOKEN_AT, SPOKEN_DOT, SPOKEN_PUNKT = (
    np.frombuffer(word, np.uint8) for word in (b"snabel", b"at ", b"dot ", b"punkt ")
)


@njit(cache=True, nogil=True)
def is_digit(byte: int) -> bool:
    return 48 <= byte <= 57


@njit(cache=True, nogil=True)
def is_word_byte(byte: int) -> bool:
    """ASCII letters, digits, low line, and any byte of a character beyond ASCII."""
    lower = byte | 0x20
    return is_digit(byte) or 97 <= lower <= 122 or byte == 95 or byte >= 0x80


@njit(cache=True, nogil=True)
def ends_like_a_street(data: NDArray[np.uint8], start: int, end: int) -> bool:
    """data[start:end] ends in one of STREET_ENDINGS."""
    if end <= start or not ENDS_A_STREET[data[end - 1]]:
        return False
    for e in range(ENDING_BOUNDS.shape[0] - 1):
        a, b = ENDING_BOUNDS[e], ENDING_BOUNDS[e + 1]
        if end - (b - a) < start:
            continue
        same = True
        for j in range(b - a):
            if data[end - 1 - j] != ENDING_BYTES[b - 1 - j]:
                same = False
                break
        if same:
            return True
    return False


@njit(cache=True, nogil=True)
def interim_letter(data: NDArray[np.uint8], i: int, end: int, digits: int) -> bool:
    """A capital in the place of a serial number's first digit: six or eight digits before, three after."""
    if not (65 <= data[i] <= 90) or (digits != 6 and digits != 8) or i + 3 >= end:
        return False
    return is_digit(data[i + 1]) and is_digit(data[i + 2]) and is_digit(data[i + 3])


@njit(cache=True, nogil=True)
def separator(data: NDArray[np.uint8], i: int, end: int) -> int:
    """Bytes of the separator at i, as it stands inside numbers; 0 where there is none.

    A space, bracket, plus, hyphen, dot or slash; any dash up to the en dash, the minus and the blanks of typesetters; a line break
    between digits, or between a hyphen and a digit.
    """
    byte = data[i]
    if byte == 32 or byte == 40 or byte == 41 or byte == 43 or 45 <= byte <= 47:
        return 1
    if byte == 0xC2:
        return 2 if i + 1 < end and data[i + 1] == 0xA0 else 0
    if byte == 0xE2 and i + 2 < end:
        last = data[i + 2]
        if data[i + 1] == 0x80 and (0x80 <= last <= 0x93 or last == 0xAF) and not 0x8B <= last <= 0x8F:
            return 3
        return 3 if data[i + 1] == 0x88 and last == 0x92 else 0
    inner = byte == 10 and i > 0 and i + 1 < end and is_digit(data[i + 1])
    return 1 if inner and (is_digit(data[i - 1]) or data[i - 1] == 45) else 0


@njit(cache=True, nogil=True)
def number_run(data: NDArray[np.uint8], start: int, end: int) -> tuple[int, int, int, int]:
    """From the digit at `start`: byte after the last digit, code points until there, digits, dots."""
    last, points, digits, dots, gap, seen_points, seen_dots = start, 0, 0, 0, 0, 0, 0
    i = start
    while i < end:
        if is_digit(data[i]) or interim_letter(data, i, end, digits):
            digits += 1
            gap = 0
            seen_points += 1
            last, points, dots = i + 1, seen_points, seen_dots
            i += 1
            continue
        gap += 1
        step = separator(data, i, end)
        if gap > MAX_GAP or step == 0:
            break
        seen_dots += data[i] == 46
        seen_points += 1
        i += step
    return last, points, digits, dots


@njit(cache=True, nogil=True)
def is_hex_or_colon(byte: int) -> bool:
    lower = byte | 0x20
    return is_digit(byte) or 97 <= lower <= 102 or byte == 58


@njit(cache=True, nogil=True)
def opens_colons(data: NDArray[np.uint8], i: int, end: int) -> bool:
    """The colon at i is doubled, or the first of seven in one run of hexadecimal digits."""
    if i + 1 < end and data[i + 1] == 58:
        return i + 2 < end and is_hex_or_colon(data[i + 2])
    colons = 0
    for j in range(i, min(end, i + 40)):
        if not is_hex_or_colon(data[j]):
            break
        colons += data[j] == 58
    return colons >= 7


@njit(cache=True, nogil=True)
def opens_iban(data: NDArray[np.uint8], i: int, end: int) -> bool:
    """Two letters and two digits, then a letter, digit or space."""
    if i + 4 >= end or not (is_digit(data[i + 2]) and is_digit(data[i + 3])):
        return False
    second = data[i + 1] | 0x20
    return 97 <= second <= 122 and (is_word_byte(data[i + 4]) or data[i + 4] == 32 or data[i + 4] == 45)


@njit(cache=True, nogil=True)
def says(data: NDArray[np.uint8], i: int, end: int, word: NDArray[np.uint8]) -> bool:
    """The lower-case ASCII letters `word` stand at i, in either case."""
    length = word.shape[0]
    same = 0
    while same < length and i + same < end and data[i + same] | 0x20 == word[same]:
        same += 1
    return bool(same == length)


@njit(cache=True, nogil=True)
def opens_bracketed_at(data: NDArray[np.uint8], i: int, end: int) -> bool:
    """The bracket at i opens (at), (a), (snabel-a) or (@), with or without blanks inside; or "%40" stands at i."""
    if data[i] == 37:
        return i + 2 < end and data[i + 1] == 52 and data[i + 2] == 48
    i += 1
    if i < end and data[i] == 32:
        i += 1
    if i >= end:
        return False
    if data[i] == 64 or says(data, i, end, SNABEL):
        return True
    if data[i] | 0x20 != 97:
        return False
    i += 2 if i + 1 < end and data[i + 1] | 0x20 == 116 else 1
    if i < end and data[i] == 32:
        i += 1
    return i < end and (data[i] == 41 or data[i] == 93 or data[i] == 125)


@njit(cache=True, nogil=True)
def opens_spoken_at(data: NDArray[np.uint8], i: int, end: int) -> bool:
    """The word at i is "snabel", or "at" with a spoken dot or "punkt" not far behind it."""
    if says(data, i, end, SNABEL):
        return True
    if not says(data, i, end, SPOKEN_AT):
        return False
    for j in range(i + 3, min(end, i + SPOKEN_DOMAIN)):
        if data[j] == 10:
            return False
        if data[j] == 32 and (says(data, j + 1, end, SPOKEN_DOT) or says(data, j + 1, end, SPOKEN_PUNKT)):
            return True
    return False


@njit(cache=True, nogil=True)
def follows_a_street(data: NDArray[np.uint8], start: int, i: int) -> bool:
    """A blank stands before i, and before that a word that ends like a street; start: first byte of the text."""
    if i > start + 1 and data[i - 1] == 32:
        return bool(ends_like_a_street(data, start, i - 1))
    if i > start + 2 and data[i - 1] == 0xA0 and data[i - 2] == 0xC2:
        return bool(ends_like_a_street(data, start, i - 2))
    return False


@njit(cache=True, nogil=True)
def kind_of_sign(data: NDArray[np.uint8], i: int, end: int) -> int:
    """AT_SIGN, COLONS, IBAN, SPELT_AT or -1 for the byte at i: a sign, or a letter that opens a word."""
    byte = data[i]
    if byte == 64:
        return AT_SIGN
    if byte == 58:
        return COLONS if opens_colons(data, i, end) else -1
    if CLASSES[byte] == SIGN:
        return SPELT_AT if opens_bracketed_at(data, i, end) else -1
    if CLASSES[data[i + 2]] == DIGIT:
        return IBAN if opens_iban(data, i, end) else -1
    return SPELT_AT if opens_spoken_at(data, i, end) else -1


@njit(cache=True, nogil=True)
def may_open(data: NDArray[np.uint8], i: int, end: int) -> bool:
    """The letter at i, which opens a word, could open an IBAN, "at " or "snabel"."""
    if i + 2 >= end:
        return False
    third = int(data[i + 2])
    if CLASSES[third] == DIGIT:
        return True
    first, second = int(data[i]) | 0x20, int(data[i + 1]) | 0x20
    return (first == 97 and second == 116 and third == 32) or (
        first == 115 and second == 110 and third | 0x20 == 97
    )


@njit(cache=True, nogil=True)
def find_candidates(
    data: NDArray[np.uint8], bounds: tuple[int, int], document: int, out: NDArray[np.int64], at: int
) -> int:
    """Write rows (document, kind, first code point, code point after the last) from row `at` where there is room.

    Returns the row after the last, also where it lies beyond `out`: the caller makes room and calls again.
    """
    start, end = bounds
    i, point, inside = start, 0, False  # inside: the byte before belongs to a word
    while i < end:
        byte = data[i]
        kind, step, points, what, street = -1, 1, 1, CLASSES[byte], False
        if what == INNER:
            points = 0
        elif what == DIGIT and not inside:
            last, points, digits, dots = number_run(data, i, end)
            step = last - i
            if (digits >= MIN_DIGITS or dots >= ENOUGH_DOTS) and may_be_personal(
                data, bounds, (i, last), digits, dots
            ):
                kind = NUMBER
            street = follows_a_street(data, start, i)
        elif what == SIGN or (what == LETTER and not inside and may_open(data, i, end)):
            kind = kind_of_sign(data, i, end)
        if kind >= 0:
            at = write(out, at, document, kind, point, points)
        if street:
            at = write(out, at, document, STREET, point, points)
        i += step
        point += points
        inside = inside if what == INNER else WORD_BYTE[byte]
    return at


@njit(cache=True, nogil=True)
def write(out: NDArray[np.int64], at: int, document: int, kind: int, point: int, points: int) -> int:
    """One row, where there is room; returns the next row."""
    if at < out.shape[0]:
        out[at, 0], out[at, 1], out[at, 2], out[at, 3] = document, kind, point, point + points
    return at + 1


@njit(cache=True, nogil=True)
def find_all_candidates(offsets: NDArray[np.int64], data: NDArray[np.uint8], out: NDArray[np.int64]) -> int:
    """`find_candidates` over all documents of a batch; returns the rows needed."""
    at = 0
    for d in range(offsets.shape[0] - 1):
        at = find_candidates(data, (offsets[d], offsets[d + 1]), d, out, at)
    return at


def candidates(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Rows (document, kind, first code point, code point after the last), in order: (m, 4)."""
    # One candidate in half a kilobyte is more than prose holds; 6 % of the text's own size.
    out = np.empty((max(1024, len(data) // 512), 4), np.int64)
    needed = find_all_candidates(offsets, data, out)
    if needed > len(out):
        out = np.empty((needed, 4), np.int64)
        find_all_candidates(offsets, data, out)
    return out[:needed]
