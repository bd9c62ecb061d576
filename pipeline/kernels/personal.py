"""One look at every byte: which runs of bytes could be personal data.

Python sees these candidates only. The scan errs on the side of suspicion: check digits, shapes and words around them are
for the exact patterns to judge.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

NUMBER, AT_SIGN, IBAN, STREET, COLONS = range(5)
"""Kinds of candidate. NUMBER: a run of digits and separators with at least MIN_DIGITS digits or three dots; IBAN: two letters
and two digits; STREET: the number after a word that ends like a street; COLONS: inside a run like an IPv6 address."""
MIN_DIGITS = 7
MAX_GAP = 3
"""Separators in a row inside one number: " (0" has three before the digit in "+46 (0)8"."""

STREET_ENDINGS = (
    *(
        "gatan",
        "gata",
        "vägen",
        "stigen",
        "gränd",
        "gränden",
        "torget",
        "torg",
        "allén",
        "backen",
        "plan",
        "platsen",
    ),
    *(
        "stranden",
        "kajen",
        "leden",
        "esplanaden",
        "liden",
        "ringen",
        "slingan",
        "gade",
        "vej",
        "veien",
        "vegen",
        "katu",
    ),
)
"""Swedish first; Danish, Norwegian and Finnish streets as far as their endings are as clear."""
_ENDINGS = [ending.encode() for ending in STREET_ENDINGS]
ENDING_BYTES = np.frombuffer(b"".join(_ENDINGS), np.uint8)
ENDING_BOUNDS = np.cumsum([0, *map(len, _ENDINGS)]).astype(np.int64)


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
def number_run(data: NDArray[np.uint8], start: int, end: int) -> tuple[int, int, int, int]:
    """From the digit at `start`: byte after the last digit, code points until there, digits, dots."""
    last, points, digits, dots, gap, seen_points, seen_dots = start, 0, 0, 0, 0, 0, 0
    i = start
    while i < end:
        byte = data[i]
        if is_digit(byte) or interim_letter(data, i, end, digits):
            digits += 1
            gap = 0
            seen_points += 1
            last, points, dots = i + 1, seen_points, seen_dots
            i += 1
            continue
        gap += 1
        if gap > MAX_GAP:
            break
        if byte == 0xE2 and i + 2 < end and data[i + 1] == 0x80 and data[i + 2] == 0x93:  # en dash
            i += 3
        elif byte == 32 or byte == 40 or byte == 41 or byte == 43 or 45 <= byte <= 47:
            seen_dots += byte == 46
            i += 1
        else:
            break
        seen_points += 1
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
    return 97 <= second <= 122 and (is_word_byte(data[i + 4]) or data[i + 4] == 32)


@njit(cache=True, nogil=True)
def kind_of_number(data: NDArray[np.uint8], start: int, i: int, digits: int, dots: int) -> int:
    """NUMBER, STREET or -1 for the run at i with so many digits and dots; start: first byte of the text."""
    if digits >= MIN_DIGITS or dots >= 3:
        return NUMBER
    if i > start + 1 and data[i - 1] == 32 and ends_like_a_street(data, start, i - 1):
        return STREET
    return -1


@njit(cache=True, nogil=True)
def kind_of_sign(data: NDArray[np.uint8], i: int, end: int) -> int:
    """AT_SIGN, COLONS, IBAN or -1 for the byte at i, which is an at sign, a colon or a letter that opens a word."""
    if data[i] == 64:
        return AT_SIGN
    if data[i] == 58:
        return COLONS if opens_colons(data, i, end) else -1
    return IBAN if opens_iban(data, i, end) else -1


OTHER, DIGIT, SIGN, LETTER, INNER = range(5)


def _classes() -> NDArray[np.uint8]:
    """Class of every byte; INNER: continues a character."""
    classes = np.zeros(256, np.uint8)
    classes[48:58] = DIGIT
    classes[[58, 64]] = SIGN
    classes[65:91] = classes[97:123] = LETTER
    classes[0x80:0xC0] = INNER
    return classes


CLASSES = _classes()
WORD_BYTE = np.array([byte == 95 or byte >= 0x80 or chr(byte).isalnum() for byte in range(256)], np.bool_)


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
        kind, step, points, what = -1, 1, 1, CLASSES[byte]
        if what == INNER:
            points = 0
        elif what == DIGIT and not inside:
            last, points, digits, dots = number_run(data, i, end)
            step = last - i
            kind = kind_of_number(data, start, i, digits, dots)
        elif (what == SIGN and (inside or byte == 58)) or (
            what == LETTER and not inside and i + 2 < end and CLASSES[data[i + 2]] == DIGIT
        ):
            kind = kind_of_sign(data, i, end)
        if kind >= 0:
            if at < out.shape[0]:
                out[at, 0], out[at, 1], out[at, 2], out[at, 3] = document, kind, point, point + points
            at += 1
        i += step
        point += points
        inside = WORD_BYTE[byte]
    return at


@njit(cache=True, nogil=True)
def find_all_candidates(offsets: NDArray[np.int64], data: NDArray[np.uint8], out: NDArray[np.int64]) -> int:
    """`find_candidates` over all documents of a batch; returns the rows needed."""
    at = 0
    for d in range(offsets.shape[0] - 1):
        at = find_candidates(data, (offsets[d], offsets[d + 1]), d, out, at)
    return at


def candidates(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Rows (document, kind, first code point, code point after the last), in order: (m, 4)."""
    out = np.empty((max(1024, len(offsets) * 4), 4), np.int64)
    needed = find_all_candidates(offsets, data, out)
    if needed > len(out):
        out = np.empty((needed, 4), np.int64)
        find_all_candidates(offsets, data, out)
    return out[:needed]
