"""Lines of UTF-8 texts, with the counts that judge them: where a line is, how many letters and words it holds.

A line is a run of bytes between line feeds that is not blank. Offsets come in bytes and in Unicode code points, because
kernels read bytes and everything that people and scorers see counts code points.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

LINE_FEED = 10
START, END, CP_START, LETTERS, WORDS, CASED, MARKED = range(7)
"""Columns of the table of lines: first byte, byte after the last, first code point, letters, words,
case (1 lower-case letters seen, 2 capitals only, 0 neither), and whether it holds tags, addresses or code, whose letters and words
are not counted (see `prose`)."""
LINE_COLUMNS = 7


@njit(cache=True, nogil=True)
def count_lines(data: NDArray[np.uint8], start: int, end: int) -> int:
    """How many line feeds + 1 lie in data[start:end]: the most lines that `find_lines` can find."""
    lines = 1
    for i in range(start, end):
        if data[i] == LINE_FEED:
            lines += 1
    return lines


LEAD, LETTER, IDEOGRAPH, INK, MARKUP = 1, 2, 4, 8, 16


_TAG, _TAG_END, _TICK, _SLASH, _COLON, _BANG = 60, 62, 96, 47, 58, 33


def _traits() -> NDArray[np.uint8]:
    """Bits of every byte. LEAD: begins a character. LETTER: ASCII letters and every lead byte from U+00C0 on; the signs
    U+0080..U+00BF and U+2000..U+2FFF are none. IDEOGRAPH: lead bytes of U+3000..U+D7FF, scripts without spaces between
    words, where one character counts as one word. INK: neither white space nor control. MARKUP: may begin a tag, an address or code.
    """
    byte = np.arange(256)
    traits = np.where((byte & 0xC0) != 0x80, LEAD, 0)
    letter = ((byte | 0x20) >= 97) & ((byte | 0x20) <= 122) & (byte < 0x80) | (byte >= 0xC3) & (byte != 0xE2)
    traits |= np.where(letter, LETTER, 0)
    traits |= np.where((byte >= 0xE3) & (byte <= 0xED), IDEOGRAPH, 0)
    traits |= np.where(byte > 32, INK, 0)
    traits |= np.where((byte == _TAG) | (byte == _TICK) | (byte == _SLASH), MARKUP, 0)
    return traits.astype(np.uint8)


TRAITS = _traits()


@njit(cache=True, nogil=True)
def _bounds_address(byte: int) -> bool:
    """White space, or a bracket or quote around the address of a page."""
    return (
        byte <= 32
        or byte == 34
        or byte == 39
        or 40 <= byte <= 41
        or 60 <= byte <= 62
        or byte == 91
        or byte == 93
    )


@njit(cache=True, nogil=True)
def _past(data: NDArray[np.uint8], at: int, end: int, byte: int) -> int:
    """The place after the next `byte` in data[at:end]; 0 where there is none."""
    for i in range(at, end):
        if data[i] == byte:
            return i + 1
    return 0


@njit(cache=True, nogil=True)
def prose(data: NDArray[np.uint8], start: int, end: int, out: NDArray[np.uint8]) -> int:
    """Copy the line data[start:end] into `out` without tags, addresses of pages and code between backticks; returns the length.

    A blank stands for each. `out` needs end - start + 1 places. All three are English in any text, or no language.
    """
    at, size = start, 0
    tags, ticks = True, True  # until one finds no end: later ones have none either
    while at < end:
        byte = int(data[at])
        after = 0
        if byte == _TAG and tags and at + 1 < end:
            follows = int(data[at + 1]) | 0x20
            if 97 <= follows <= 122 or data[at + 1] == _SLASH or data[at + 1] == _BANG:
                after = _past(data, at + 1, end, _TAG_END)
                tags = after > 0
        elif byte == _TICK and ticks:
            fence = at + 1 < end and data[at + 1] == _TICK
            after = end if fence else _past(data, at + 1, end, _TICK)
            ticks = after > 0
        elif byte == _COLON and at + 2 < end and data[at + 1] == _SLASH and data[at + 2] == _SLASH:
            while size and not _bounds_address(int(out[size - 1])):
                size -= 1
            after = at + 3
            while after < end and not _bounds_address(int(data[after])):
                after += 1
        out[size] = 32 if after else byte
        size += 1
        at = after or at + 1
    return size


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
def _count_prose(data: NDArray[np.uint8], lines: NDArray[np.int64], number: int) -> None:
    """Count letters and words of a line anew, without what is no prose; note where there was any."""
    start, end = int(lines[number, START]), int(lines[number, END])
    copy = np.empty(end - start + 1, np.uint8)
    size = prose(data, start, end, copy)
    if size == end - start:
        return
    lines[number, MARKED], lines[number, LETTERS], lines[number, WORDS] = 1, 0, 0
    inside = 0
    for i in range(size):
        traits = int(TRAITS[copy[i]])
        letter = (traits >> 1) & 1
        lines[number, LETTERS] += letter
        lines[number, WORDS] += letter & ((1 - inside) | ((traits >> 2) & 1))
        inside = letter if traits & LEAD else inside
    lines[number, CASED] = line_case(copy, 0, size)


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
                lines[found, CASED], lines[found, MARKED] = line_case(data, line_start, i), 0
                if ink & MARKUP:
                    _count_prose(data, lines, int(found))
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
        ink |= traits & (INK | MARKUP)
    return found, point - 1
