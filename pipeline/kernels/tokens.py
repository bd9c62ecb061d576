r"""Word tokens of UTF-8 text: `re.findall(r"\w+", unicodedata.normalize("NFC", s).lower())` without a Python string.

ASCII and Latin-1 letters, nearly all of Nordic text, are told and folded by arithmetic on bytes, dozens at a time; for all other
characters one table over all code points says what they become. Some things cannot be said character by character and mark
their document as odd, to be normalised and lower-cased by Python first: characters that NFC may change or join, U+0130
(its lower case is two characters), U+03A3 (its lower case depends on the end of the word), and letters whose lower case takes
another number of bytes.
"""

import re
import sys
import unicodedata
from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.bits import load64, trailing_zeros

ODD = np.uint32(1 << 31)
"""Flag in a fold entry: the character cannot be folded alone. The other 31 bits hold what it is once Python has folded it."""
FOLDED = np.uint32(ODD - 1)

_WORD = re.compile(r"\w+")
_DOTTED_CAPITAL_I, _CAPITAL_SIGMA = 0x130, 0x3A3
# Hangul vowels and finals join with what stands before them, by arithmetic and not by the tables (Unicode 3.12).
_JOINING_JAMO = (range(0x1161, 0x1176), range(0x11A8, 0x11C3))
# Latin-1 in UTF-8: the lead byte of U+00C0 to U+00FF, and what follows it: the two signs among letters, the last capital.
_LATIN, _TIMES, _DIVIDED, _LAST_CAPITAL = np.uint8(0xC3), np.uint8(0x97), np.uint8(0xB7), np.uint8(0x9E)
_ONE_BYTE_EACH = np.uint64(0x0101010101010101)
_S7, _S3 = np.uint64(7), np.uint64(3)

CHUNK = 1 << 15
"""Bytes of text folded at once: with its scratch it stays in the first two caches (measured: 16 to 64 KiB alike)."""

PAD = 80
"""Bytes of scratch behind a chunk: words are read 8 bytes, and edges 64 bytes at a time."""

FRONT = 8
"""Bytes of scratch before a chunk, so that its first byte has one before it."""

# No character above has a decomposition or a combining class (planes 4 to 16 are empty, tags, selectors or private use).
_LAST_COMPOSABLE = 0x3FFFF


@cache
def fold_table() -> NDArray[np.uint32]:
    """uint32[0x110000]: 0 where the character ends a word, else its lower case, plus ODD where that is not the whole story.

    Built in about 0.1 s from Python's own Unicode tables, so that both always agree; needed once a process.
    """
    everything = bytes(np.arange(sys.maxunicode + 1, dtype="<u4")).decode("utf-32-le", "surrogatepass")
    # str.lower() looks at neighbours only for sigma; the two irregular letters are set below.
    plain = everything.replace(chr(_CAPITAL_SIGMA), chr(_CAPITAL_SIGMA + 32))
    plain = plain.replace(chr(_DOTTED_CAPITAL_I), "i")
    lower = plain.lower()
    table = np.zeros(sys.maxunicode + 1, np.uint32)
    codes = np.frombuffer(lower.encode("utf-32-le", "surrogatepass"), "<u4")
    # A letter's lower case may be a word character where the letter itself is, so the words are sought after folding.
    for word in _WORD.finditer(lower):
        table[word.start() : word.end()] = codes[word.start() : word.end()]
    for code in (_CAPITAL_SIGMA, _DOTTED_CAPITAL_I, *_touched_by_nfc()):
        table[code] |= ODD
    table.setflags(write=False)
    return table


@cache
def settled_table() -> NDArray[np.uint32]:
    """`fold_table` for text that Python has normalised and lower-cased: nothing in it is odd."""
    return fold_table() & FOLDED


def settle(text: str) -> str:
    """What the tokens of an odd document are made from."""
    return unicodedata.normalize("NFC", text).lower()


def _touched_by_nfc() -> set[int]:
    """Code points that NFC may replace, reorder or join with the one before: a superset of the quick check's No and Maybe."""
    touched = {code for jamo in _JOINING_JAMO for code in jamo}
    for code in range(0xC0, _LAST_COMPOSABLE + 1):
        character = chr(code)
        if unicodedata.combining(character):
            touched.add(code)
        parts = unicodedata.decomposition(character)
        if parts and parts[0] != "<":
            if unicodedata.normalize("NFC", character) != character:
                touched.add(code)
            touched.update(int(part, 16) for part in parts.split()[1:])
    return touched


@njit(cache=True, nogil=True)
def decode(data: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """Code point of the valid UTF-8 sequence that starts at `at` with a byte >= 0x80, and its length in bytes."""
    lead = int(data[at])
    if lead < 0xE0:
        return ((lead & 0x1F) << 6) | (int(data[at + 1]) & 0x3F), 2
    middle = int(data[at + 1]) & 0x3F
    if lead < 0xF0:
        return ((lead & 0x0F) << 12) | (middle << 6) | (int(data[at + 2]) & 0x3F), 3
    low = ((int(data[at + 2]) & 0x3F) << 6) | (int(data[at + 3]) & 0x3F)
    return ((lead & 0x07) << 18) | (middle << 12) | low, 4


@njit(cache=True, nogil=True)
def chunk_end(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Where a chunk of data[start:end] may stop without parting a word: behind white space, at about CHUNK bytes if there is any."""
    stop = start + CHUNK
    if stop >= end:
        return end
    for at in range(stop, start, -1):
        if data[at - 1] <= 32:
            return at
    while stop < end and data[stop] > 32:
        stop += 1
    return stop


@njit(cache=True, nogil=True)
def longest_chunk(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> int:
    """Bytes of the longest chunk of the documents: how much scratch is needed."""
    longest = 0
    for i in range(len(offsets) - 1):
        at = offsets[i]
        while at < offsets[i + 1]:
            stop = chunk_end(data, at, offsets[i + 1])
            longest = max(longest, stop - at)
            at = stop
    return longest


@njit(cache=True, nogil=True)
def fold_chunk(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    fold: NDArray[np.uint32],
    scratch: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]],
) -> np.uint32:
    """Fold data[start:end]. Of `scratch` (raw, folded, mask; FRONT + length + PAD bytes each, mask without FRONT) `folded`
    holds the text in lower case from FRONT on, `mask` 255 for each byte of a word and 0 between words.

    Returns fold entries or-ed together: ODD is set where the document must be settled by Python.
    """
    raw, folded, mask = scratch
    size = end - start
    raw[FRONT - 1] = 0
    raw[FRONT : FRONT + size] = data[start:end]
    raw[FRONT + size : FRONT + size + PAD] = 0
    folded[FRONT + size : FRONT + size + PAD] = 0
    mask[size : size + PAD] = 0
    _fold_latin(
        (raw[FRONT - 1 : FRONT - 1 + size], raw[FRONT : FRONT + size], raw[FRONT + 1 : FRONT + 1 + size]),
        folded[FRONT : FRONT + size],
        mask[:size],
    )
    return _fold_others(raw, size, fold, folded, mask)


@njit(cache=True, nogil=True)
def _fold_latin(
    shifted: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]],
    folded: NDArray[np.uint8],
    mask: NDArray[np.uint8],
) -> None:
    """ASCII and U+00C0..U+00FF; lead bytes of other characters get mask 1. `shifted`: the bytes before, at, and after.

    No branch and no index but i, so that LLVM makes vector code of it (measured: 7 GB/s; with a table 0.8).
    """
    before, here, after = shifted
    for i in range(len(mask)):
        byte = here[i]
        lower = byte | np.uint8(0x20)
        letter = (lower >= np.uint8(97)) & (lower <= np.uint8(122))
        digit = ((byte >= np.uint8(48)) & (byte <= np.uint8(57))) | (byte == np.uint8(95))
        latin = (before[i] == _LATIN) & (byte != _TIMES) & (byte != _DIVIDED)
        lead = (byte == _LATIN) & (after[i] != _TIMES) & (after[i] != _DIVIDED)
        other = (byte >= np.uint8(0xC2)) & (byte != _LATIN)
        mask[i] = np.uint8(255) * np.uint8(letter | digit | latin | lead) + np.uint8(other)
        capital = letter | (latin & (byte <= _LAST_CAPITAL))
        folded[i] = byte | (np.uint8(32) * np.uint8(capital))


@njit(cache=True, nogil=True)
def _fold_others(
    raw: NDArray[np.uint8],
    size: int,
    fold: NDArray[np.uint32],
    folded: NDArray[np.uint8],
    mask: NDArray[np.uint8],
) -> np.uint32:
    """The characters that _fold_latin left: their fold entries or-ed together, ODD added where the length would change."""
    at, end = np.uint64(0), np.uint64(size)
    seen = np.uint32(0)
    while at < end:
        found = load64(mask, at)
        found = found & _ONE_BYTE_EACH & ~(found >> _S7)
        if found == 0:
            at += np.uint64(8)
            continue
        at += trailing_zeros(found) >> _S3
        place = np.int64(at)
        code, length = decode(raw, place + FRONT)  # type: ignore[arg-type]
        entry = fold[code]
        seen |= entry
        lower = np.int64(entry & FOLDED)
        inside = np.uint8(255) if lower else np.uint8(0)
        for k in range(length):
            mask[place + k] = inside
        if lower and lower != code:
            seen |= _replace(folded, place + FRONT, lower, length)  # type: ignore[arg-type]
        at += np.uint64(length)
    return seen


@njit(cache=True, nogil=True)
def _replace(folded: NDArray[np.uint8], at: int, code: int, length: int) -> np.uint32:
    """Write another character of so many bytes; ODD where it takes another number of them (or four, which is rare)."""
    if length == 2 and 0x80 <= code < 0x800:
        folded[at], folded[at + 1] = 0xC0 | (code >> 6), 0x80 | (code & 0x3F)
        return np.uint32(0)
    if length == 3 and 0x800 <= code < 0x10000:
        folded[at], folded[at + 1] = 0xE0 | (code >> 12), 0x80 | ((code >> 6) & 0x3F)
        folded[at + 2] = 0x80 | (code & 0x3F)
        return np.uint32(0)
    return ODD
