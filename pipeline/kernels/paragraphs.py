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


@njit(cache=True, nogil=True)
def count_code_points(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Code points of data[start:end]: every byte that does not continue a character."""
    points = 0
    for i in range(start, end):
        if (data[i] & 0xC0) != 0x80:
            points += 1
    return points


@njit(cache=True, nogil=True)
def is_letter_byte(byte: int) -> bool:
    """ASCII letters and every lead byte from U+00C0 on; U+0080..U+00BF (signs such as section and degree) are none."""
    lower = byte | 0x20
    return (97 <= lower <= 122) or (byte >= 0xC3 and byte != 0xE2)


@njit(cache=True, nogil=True)
def is_ideograph_lead(byte: int) -> bool:
    """Lead bytes of U+3000..U+D7FF: scripts that put no spaces between words; one character counts as one word."""
    return 0xE3 <= byte <= 0xED


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
def find_lines(data: NDArray[np.uint8], start: int, end: int, lines: NDArray[np.int64]) -> int:
    """Fill `lines` (n, LINE_COLUMNS) with the lines of data[start:end] that are not blank; returns their number."""
    found, point, letters, words = 0, 0, 0, 0
    line_start, line_point = start, 0
    blank, in_word = True, False
    for i in range(start, end + 1):
        byte = data[i] if i < end else LINE_FEED
        if byte == LINE_FEED:
            if not blank:
                lines[found, START], lines[found, END], lines[found, CP_START] = line_start, i, line_point
                lines[found, LETTERS], lines[found, WORDS] = letters, words
                lines[found, CASED] = line_case(data, line_start, i)
                found += 1
            point += 1
            line_start, line_point = i + 1, point
            blank, in_word, letters, words = True, False, 0, 0
            continue
        if (byte & 0xC0) == 0x80:
            continue
        point += 1
        letter = is_letter_byte(byte)
        if letter:
            letters += 1
            if not in_word or is_ideograph_lead(byte):
                words += 1
        in_word = letter
        if byte > 32:
            blank = False
    return found
