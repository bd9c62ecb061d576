"""Lines of UTF-8 texts, with the counts that judge them: where a line is, how many letters and words it holds.

A line is a run of bytes between line feeds that is not blank. Offsets come in bytes and in Unicode code points, because
kernels read bytes and everything that people and scorers see counts code points.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

LINE_FEED = 10
START, END, CP_START, LETTERS, WORDS, CASED = range(6)
"""Columns of the table of lines: first byte, byte after the last, first code point, letters, words,
case (1 lower-case letters seen, 2 capitals only, 0 neither)."""
LINE_COLUMNS = 6


@njit(cache=True, nogil=True)
def count_lines(data: NDArray[np.uint8], start: int, end: int) -> int:
    """How many line feeds + 1 lie in data[start:end]: the most lines that `find_lines` can find."""
    lines = 1
    for i in range(start, end):
        if data[i] == LINE_FEED:
            lines += 1
    return lines


LEAD, LETTER, IDEOGRAPH, INK = 1, 2, 4, 8


def _traits() -> NDArray[np.uint8]:
    """Bits of every byte. LEAD: begins a character. LETTER: ASCII letters and every lead byte from U+00C0 on; the signs
    U+0080..U+00BF and U+2000..U+2FFF are none. IDEOGRAPH: lead bytes of U+3000..U+D7FF, scripts without spaces between
    words, where one character counts as one word. INK: neither white space nor control.
    """
    byte = np.arange(256)
    traits = np.where((byte & 0xC0) != 0x80, LEAD, 0)
    letter = ((byte | 0x20) >= 97) & ((byte | 0x20) <= 122) & (byte < 0x80) | (byte >= 0xC3) & (byte != 0xE2)
    traits |= np.where(letter, LETTER, 0)
    traits |= np.where((byte >= 0xE3) & (byte <= 0xED), IDEOGRAPH, 0)
    traits |= np.where(byte > 32, INK, 0)
    return traits.astype(np.uint8)


TRAITS = _traits()


@njit(cache=True, nogil=True)
def line_case(data: NDArray[np.uint8], start: int, end: int) -> int:
    """1: holds a lower-case letter, or letters beyond Latin-1 (never folded); 2: capitals only; 0: no cased letter."""
    case = 0
    for i in range(start, end):
        byte = data[i]
        if 97 <= byte <= 122 or byte >= 0xC4:
            return 1
        if 65 <= byte <= 90:
            case = 2
        elif byte == 0xC3 and i + 1 < end:
            if data[i + 1] >= 0x9F and data[i + 1] != 0xB7:
                return 1
            if data[i + 1] != 0x97:
                case = 2
    return case


@njit(cache=True, nogil=True)
def find_lines(
    data: NDArray[np.uint8], start: int, end: int, lines: NDArray[np.int64]
) -> tuple[np.int64, np.int64]:
    """Fill `lines` (n, LINE_COLUMNS) with the lines of data[start:end] that are not blank.

    Returns their number and the code points of data[start:end].
    """
    found, point, letters, words = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    line_start, line_point = start, np.int64(0)
    ink, inside = np.int64(0), np.int64(0)  # inside: the character before is a letter
    for i in range(start, end + 1):
        byte = data[i] if i < end else LINE_FEED
        if byte == LINE_FEED:
            if ink:
                lines[found, START], lines[found, END], lines[found, CP_START] = line_start, i, line_point
                lines[found, LETTERS], lines[found, WORDS] = letters, words
                lines[found, CASED] = line_case(data, line_start, i)
                found += 1
            point += 1
            line_start, line_point = i + 1, point
            ink, inside, letters, words = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
            continue
        traits = np.int64(TRAITS[byte])
        lead, letter, ideograph = traits & LEAD, (traits >> 1) & 1, (traits >> 2) & 1
        point += lead
        letters += letter
        words += letter & ((1 - inside) | ideograph)
        inside = letter if lead else inside
        ink |= traits & INK
    return found, point - 1
