"""One look at every byte: which texts could need a repair at all.

Python libraries see suspects only; clean Swedish text is looked at here and nowhere else. The scan errs on the side of
suspicion: it never misses what the exact rules would repair (a test holds it to that).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

CARRIAGE_RETURN = 1
CONTROL = 2
SPACE = 4
INVISIBLE = 8
MOJIBAKE = 16
LINE_END_HYPHEN = 32
RAGGED = 64
COMPOSITION = 128
LIGATURE = 256
ENTITY = 512
"""Bits of the suspicion of a text. RAGGED: white space at a line's end, or blank lines at the text's ends."""


@njit(cache=True, nogil=True)
def decode(data: NDArray[np.uint8], i: int, end: int) -> tuple[int, int]:
    """Code point and length of the character whose lead byte is data[i]; a broken one counts as U+FFFD of one byte."""
    lead = int(data[i])
    length = (
        1
        if lead < 0x80
        else 2
        if 0xC2 <= lead < 0xE0
        else 3
        if 0xE0 <= lead < 0xF0
        else 4
        if 0xF0 <= lead < 0xF5
        else 0
    )
    if length == 0 or i + length > end:
        return 0xFFFD, 1
    point = lead if length == 1 else lead & (0xFF >> (length + 1))
    for j in range(i + 1, i + length):
        if data[j] & 0xC0 != 0x80:
            return 0xFFFD, 1
        point = (point << 6) | (int(data[j]) & 0x3F)
    return point, length


@njit(cache=True, nogil=True)
def is_odd_space(point: int) -> bool:
    """Spaces and separators other than space, tab and line feed."""
    if point == 0xA0 or point == 0x1680 or point == 0x3000:
        return True
    return (
        (0x2000 <= point <= 0x200A)
        or point == 0x2028
        or point == 0x2029
        or point == 0x202F
        or point == 0x205F
    )


@njit(cache=True, nogil=True)
def is_invisible(point: int) -> bool:
    """Soft hyphen, zero-width characters, marks of direction, byte order marks, tags."""
    if point == 0xAD or point == 0x34F or point == 0x61C or point == 0x180E or point == 0xFEFF:
        return True
    if 0x200B <= point <= 0x200F or 0x202A <= point <= 0x202E or 0x2060 <= point <= 0x206F:
        return True
    return 0xFFF9 <= point <= 0xFFFB or 0xE0001 <= point <= 0xE007F


@njit(cache=True, nogil=True)
def is_small_letter(point: int) -> bool:
    """Small letters of Latin-1 beyond ASCII."""
    return 0xDF <= point <= 0xFF and point != 0xF7


@njit(cache=True, nogil=True)
def odd_pair(before: int, point: int) -> bool:
    """Two neighbours beyond ASCII that could be mojibake. Two small letters, or two capitals, never are (Ã and Â are
    suspicious by themselves); small letter before dash, ellipsis or apostrophe is everyday Swedish.
    """
    if is_small_letter(before):
        common = point == 0x2013 or point == 0x2014 or point == 0x2026 or point == 0x2019
        return not (is_small_letter(point) or common)
    return not (
        0xC4 <= before <= 0xDE
        and (is_small_letter(point) or 0xC4 <= point <= 0xDE)
        and before != 0xD7
        and point != 0xD7
    )


@njit(cache=True, nogil=True)
def suspicion_of_character(point: int, before: int) -> int:
    """Bits for one character beyond ASCII; `before` is the code point in front of it (0 at the start)."""
    bits = 0
    if point < 0xA0:
        bits |= CONTROL | MOJIBAKE
    if is_odd_space(point):
        bits |= SPACE
    elif is_invisible(point):
        bits |= INVISIBLE
        if point == 0xAD:
            bits |= LINE_END_HYPHEN
    if point == 0xC2 or point == 0xC3 or point == 0x152 or point == 0x153:
        bits |= MOJIBAKE
    if point == 0xAC or point == 0x2010:
        bits |= LINE_END_HYPHEN
    if 0xFB00 <= point <= 0xFB06:
        bits |= LIGATURE
    if point >= 0x300 and not (0x2010 <= point < 0x20D0) and not (0x2200 <= point < 0x2E80):
        bits |= COMPOSITION
    if before >= 0x80 and odd_pair(before, point):
        bits |= MOJIBAKE
    return bits


@njit(cache=True, nogil=True)
def is_entity(data: NDArray[np.uint8], i: int, end: int) -> bool:
    """data[i] is an ampersand that opens something like `&aring;` or `&#229;`: a semicolon within ten letters or digits."""
    for j in range(i + 1, min(i + 12, end)):
        byte = data[j]
        if byte == 59:
            return j > i + 2
        lower = byte | 0x20
        if not (97 <= lower <= 122 or 48 <= byte <= 57 or byte == 35):
            return False
    return False


@njit(cache=True, nogil=True)
def suspicion_of_control(byte: int) -> int:
    """Bits for a byte below 32 or DEL that is no line feed."""
    if byte == 13:
        return CARRIAGE_RETURN
    return 0 if byte == 9 else CONTROL


@njit(cache=True, nogil=True)
def suspicion_of_line_feed(before: int, leading: bool) -> int:
    """Bits for a line feed after the character `before`; leading: nothing but white space has come before in the text."""
    bits = 0
    if before == 32 or before == 9 or leading:
        bits |= RAGGED
    if before == 45:
        bits |= LINE_END_HYPHEN
    return bits


@njit(cache=True, nogil=True)
def suspicion(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Bits of one text, from one pass over data[start:end]."""
    bits, before, i = 0, 0, start
    leading = True  # nothing but white space so far
    while i < end:
        byte = data[i]
        step = 1
        if byte >= 0x80:
            point, step = decode(data, i, end)
            bits |= suspicion_of_character(point, before)
            before = point
        else:
            if byte == 10:
                bits |= suspicion_of_line_feed(before, leading)
            elif byte < 32 or byte == 127:
                bits |= suspicion_of_control(byte)
            elif byte == 38 and is_entity(data, i, end):
                bits |= ENTITY
            before = int(byte)
        leading = leading and (byte == 10 or byte == 32 or byte == 9)
        i += step
    if start < end and (before == 32 or before == 9 or before == 10):
        bits |= RAGGED
    return bits


@njit(cache=True, nogil=True)
def suspicions(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Bits of every text of a batch: (n,)."""
    out = np.zeros(offsets.shape[0] - 1, np.int32)
    for d in range(out.shape[0]):
        out[d] = suspicion(data, offsets[d], offsets[d + 1])
    return out


@njit(cache=True, nogil=True)
def mojibake_lines(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Numbers of the lines (from 0, between line feeds) of one text whose suspicion holds MOJIBAKE."""
    found = np.empty(16, np.int64)
    count, number, start = 0, 0, 0
    for i in range(data.shape[0] + 1):
        if i < data.shape[0] and data[i] != 10:
            continue
        if suspicion(data, start, i) & MOJIBAKE:
            if count == found.shape[0]:
                found = np.concatenate((found, np.empty(count, np.int64)))
            found[count] = number
            count += 1
        number, start = number + 1, i + 1
    return found[:count]
