"""Hashes of lines and paragraphs, so that those which documents share are found without keeping a text.

A line is a run of bytes between line feeds that is not blank. It is hashed as `" ".join(line.split())`: trimmed, inner white
space folded, letters, digits and case kept, since "1 §" and "2 §" are two things. A paragraph is a run of lines between blank
ones; only those of more than one line are hashed, from the hashes of their lines: a paragraph of one line is that line.

FNV-1a, 64 bits (Fowler, Noll and Vo, public domain): only equality is asked of it, and one multiplication a byte is enough.
Its values are stored in releases; a change of them needs another `VERSION`.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.paragraphs import LETTER, LINE_FEED, TRAITS, count_lines

VERSION = 1
"""Of the hashes: a stored one compares only with those of the same version."""

DOCUMENT, START, END, LETTERS, PARAGRAPH = range(5)
"""Columns of the table of lines: row of its document, first code point, code point after the last, letters, number of its
paragraph in the document."""
COLUMNS = 5
FIRST, LAST = 1, 2
"""Columns of the table of paragraphs, after DOCUMENT: its first line, and the line after its last; then LETTERS."""

_BASIS, _PRIME = 0xCBF29CE484222325, 0x100000001B3
_U_BASIS, _U_PRIME, _U_SPACE = np.uint64(_BASIS), np.uint64(_PRIME), np.uint64(32)


@njit(cache=True, nogil=True)
def white(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Bytes of the white space (as `str.split` knows it) that begins at data[at]; 0 where another character does."""
    byte = data[at]
    if byte <= 32:
        return 1 if 9 <= byte <= 13 or byte >= 28 else 0
    if byte == 0xC2 and at + 1 < end:
        return 2 if data[at + 1] == 0x85 or data[at + 1] == 0xA0 else 0
    if byte < 0xE1 or byte > 0xE3 or at + 2 >= end:
        return 0
    second, third = data[at + 1], data[at + 2]
    if byte == 0xE2 and second == 0x80:
        return 3 if 0x80 <= third <= 0x8A or third == 0xA8 or third == 0xA9 or third == 0xAF else 0
    rare = (byte == 0xE1 and second == 0x9A and third == 0x80) or (
        byte == 0xE2 and second == 0x81 and third == 0x9F
    )
    return 3 if rare or (byte == 0xE3 and second == 0x80 and third == 0x80) else 0


MAY_BE_WHITE = np.array([byte <= 32 or byte == 0xC2 or 0xE1 <= byte <= 0xE3 for byte in range(256)])
"""First bytes of white space: all others are spared the question."""


@njit(cache=True, nogil=True)
def hash_lines(
    data: NDArray[np.uint8], start: int, end: int, hashes: NDArray[np.uint64], lines: NDArray[np.int64]
) -> int:
    """Write hash, START, END, LETTERS and PARAGRAPH of the lines of data[start:end]; returns their number.

    Both tables need room for `count_lines` rows. START and END are those of the line with the white space around it.
    """
    found, point, line_point, letters, paragraph = 0, 0, 0, 0, 0
    blank, gap = True, False
    value = _U_BASIS
    at = start
    while at <= end:
        byte = data[at] if at < end else LINE_FEED
        if byte == LINE_FEED:
            if blank:
                paragraph += 1
            else:
                hashes[found] = value
                lines[found, START], lines[found, END] = line_point, point
                lines[found, LETTERS], lines[found, PARAGRAPH] = letters, paragraph
                found += 1
            point += 1
            at += 1
            line_point, letters, blank, gap, value = point, 0, True, False, _U_BASIS
            continue
        if MAY_BE_WHITE[byte]:
            space = white(data, at, end)
            if space:
                gap = True
                point += 1
                at += space
                continue
        if gap and not blank:
            value = (value ^ _U_SPACE) * _U_PRIME
        gap, blank = False, False
        traits: int = np.int64(TRAITS[byte])  # type: ignore[assignment]
        point += traits & 1
        letters += traits & LETTER
        value = (value ^ np.uint64(byte)) * _U_PRIME
        at += 1
    for i in range(found):
        # LETTER is bit 1: each letter was counted twice.
        lines[i, LETTERS] //= LETTER
    return found


@njit(cache=True, nogil=True)
def hash_paragraphs(
    hashes: NDArray[np.uint64], lines: NDArray[np.int64], values: NDArray[np.uint64], found: NDArray[np.int64]
) -> int:
    """Write hash, FIRST, LAST and LETTERS of the paragraphs of more than one line among `lines`; returns their number.

    Both tables need room for half as many rows as there are lines.
    """
    count, first, total = 0, 0, len(lines)
    while first < total:
        last, letters, value = first, 0, _U_BASIS
        while (
            last < total
            and lines[last, PARAGRAPH] == lines[first, PARAGRAPH]
            and lines[last, DOCUMENT] == lines[first, DOCUMENT]
        ):
            value = (value ^ hashes[last]) * _U_PRIME
            letters += lines[last, LETTERS]
            last += 1
        if last - first > 1:
            values[count] = value
            found[count, DOCUMENT], found[count, LETTERS] = lines[first, DOCUMENT], letters
            found[count, FIRST], found[count, LAST] = first, last
            count += 1
        first = last
    return count


@njit(cache=True, nogil=True)
def _lines_of(
    offsets: NDArray[np.int64], data: NDArray[np.uint8]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    room = 0
    for i in range(len(offsets) - 1):
        room += count_lines(data, offsets[i], offsets[i + 1])
    hashes, lines = np.empty(room, np.uint64), np.empty((room, COLUMNS), np.int64)
    total = 0
    for i in range(len(offsets) - 1):
        found = hash_lines(data, offsets[i], offsets[i + 1], hashes[total:], lines[total:])
        lines[total : total + found, DOCUMENT] = i
        total += found
    return hashes[:total], lines[:total]


def lines_of(
    offsets: NDArray[np.int64], data: NDArray[np.uint8]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    r"""Hashes and table of the lines of documents, in reading order.

    >>> text = "Nästa  sida\n\nNästa sida".encode()
    >>> hashes, lines = lines_of(np.array([0, len(text)]), np.frombuffer(text, np.uint8))
    >>> len(set(hashes.tolist())), lines.tolist()
    (1, [[0, 0, 11, 9, 0], [0, 13, 23, 9, 1]])
    """
    found: tuple[NDArray[np.uint64], NDArray[np.int64]] = _lines_of(offsets, data)
    return found


def paragraphs_of(
    hashes: NDArray[np.uint64], lines: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes and table of the paragraphs of more than one line, from what `lines_of` gave."""
    values = np.empty(len(lines) // 2, np.uint64)
    found = np.zeros((len(lines) // 2, COLUMNS), np.int64)
    count = hash_paragraphs(hashes, lines, values, found)
    return values[:count], found[:count]


@njit(cache=True, nogil=True)
def among(value: np.uint64, ordered: NDArray[np.uint64]) -> bool:
    """Whether `value` is one of the sorted values."""
    at = np.searchsorted(ordered, value)
    return bool(at < len(ordered) and ordered[at] == value)


@njit(cache=True, nogil=True)
def holding(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    wanted_lines: NDArray[np.uint64],
    wanted_paragraphs: NDArray[np.uint64],
) -> NDArray[np.bool_]:
    """Documents with a line or paragraph whose hash is among the sorted ones. Holds the lines of one document at a time."""
    documents = len(offsets) - 1
    room = 0
    for i in range(documents):
        room = max(room, count_lines(data, offsets[i], offsets[i + 1]))
    hashes, lines = np.empty(room, np.uint64), np.zeros((room, COLUMNS), np.int64)
    values, found = np.empty(room // 2, np.uint64), np.zeros((room // 2, COLUMNS), np.int64)
    hit = np.zeros(documents, np.bool_)
    for i in range(documents):
        count = hash_lines(data, offsets[i], offsets[i + 1], hashes, lines)
        for k in range(count):
            hit[i] |= among(hashes[k], wanted_lines)
        if len(wanted_paragraphs) and not hit[i]:
            for k in range(hash_paragraphs(hashes[:count], lines[:count], values, found)):
                hit[i] |= among(values[k], wanted_paragraphs)
    return hit
