r"""Gopher's repetition measures (arXiv 2112.11446, table A1), by the formulae of datatrove's GopherRepetitionFilter.

Differences from datatrove, on purpose: words are lower-cased runs of `\w` (datatrove asks a tokenizer and counts
punctuation), and an n-gram that occurs once is no repetition (datatrove scores the first n-gram of a text without any).
Hashes of 61 bits stand for n-grams: two different ones among a million collide with probability 2e-7.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.text_scan import L_CHARS, L_END, L_START, W_END_CHARS, W_HASH
from pipeline.kernels.vocabulary import HASH_MASK, HASH_PRIME, HASH_SEED, slot_of

T_KEY, T_STAMP, T_COUNT, T_FIRST, TABLE_FIELDS = 0, 1, 2, 3, 4
"""Slots of the scratch table; a slot belongs to the current question only if its stamp does, so nothing is cleared."""

_MIX = 0x9E3779B97F4A7C15 & HASH_MASK


@njit(cache=True, nogil=True)
def table_mask(items: int) -> int:
    """Slots - 1 of a table at most half full.

    >>> table_mask(5), table_mask(0)
    (15, 7)
    """
    size = 8
    while size < 2 * items:
        size *= 2
    return size - 1


@njit(cache=True, nogil=True)
def find_slot(table: NDArray[np.int64], mask: int, stamp: int, key: int) -> int:
    """Slot that holds `key`, or the free one where it belongs (its stamp differs)."""
    slot = slot_of(key, mask)
    while table[slot, T_STAMP] == stamp and table[slot, T_KEY] != key:
        slot = (slot + 1) & mask
    return slot


@njit(cache=True, nogil=True)
def grams_of(words: NDArray[np.int64], n_words: int, n: int, grams: NDArray[np.int64]) -> None:
    """Grow the (n-1)-grams in `grams` by one word each; n = 1 starts them. Fills the first n_words - n + 1 places."""
    if n == 1:
        for i in range(n_words):
            grams[i] = words[i, W_HASH]
        return
    for i in range(n_words - n + 1):
        mixed = int(grams[i]) ^ (int(grams[i]) >> 31)
        grams[i] = (mixed * _MIX + int(words[i + n - 1, W_HASH])) & HASH_MASK


@njit(cache=True, nogil=True)
def chars_between(words: NDArray[np.int64], first: int, last: int) -> int:
    """Code points of the words first..last, without the spaces between."""
    before = 0 if first == 0 else int(words[first - 1, W_END_CHARS])
    return int(words[last, W_END_CHARS]) - before


@njit(cache=True, nogil=True)
def top_gram(
    words: NDArray[np.int64],
    grams: NDArray[np.int64],
    n_words: int,
    n: int,
    table: NDArray[np.int64],
    stamp: int,
) -> int:
    """Code points covered by the most frequent n-gram (spaces inside it count); 0 where none occurs twice.

    Of equally frequent ones the first in the text counts, as in datatrove.
    """
    mask = table_mask(n_words)
    best, best_count = -1, 1
    for i in range(n_words - n + 1):
        slot = find_slot(table, mask, stamp, grams[i])
        if table[slot, T_STAMP] != stamp:
            table[slot, T_KEY] = grams[i]
            table[slot, T_STAMP] = stamp
            table[slot, T_COUNT] = 1
            table[slot, T_FIRST] = i
            continue
        table[slot, T_COUNT] += 1
        count, first = int(table[slot, T_COUNT]), int(table[slot, T_FIRST])
        if count > best_count or (count == best_count and first < best):
            best, best_count = first, count
    if best < 0:
        return 0
    return (chars_between(words, best, best + n - 1) + n - 1) * best_count


@njit(cache=True, nogil=True)
def duplicate_grams(
    words: NDArray[np.int64],
    grams: NDArray[np.int64],
    n_words: int,
    n: int,
    table: NDArray[np.int64],
    stamp: int,
) -> int:
    """Code points in n-grams that occurred before, reading on behind each repeated one (no character counts twice)."""
    mask = table_mask(n_words)
    repeated, i = 0, 0
    while i < n_words - n + 1:
        slot = find_slot(table, mask, stamp, grams[i])
        if table[slot, T_STAMP] == stamp:
            repeated += chars_between(words, i, i + n - 1)
            i += n
            continue
        table[slot, T_KEY] = grams[i]
        table[slot, T_STAMP] = stamp
        i += 1
    return repeated


@njit(cache=True, nogil=True)
def word_repetition(
    words: NDArray[np.int64],
    n_words: int,
    grams: NDArray[np.int64],
    table: NDArray[np.int64],
    stamp: int,
    found: NDArray[np.int64],
) -> int:
    """Fill found[0:3] with the code points of the top 2- to 4-grams and found[3:9] of repeated 5- to 10-grams.

    Returns the last stamp used. Stops as soon as no n-gram repeats: then no longer one can.
    """
    found[:] = 0
    grams_of(words, n_words, 1, grams)
    for n in range(2, 11):
        if n > n_words:
            return stamp
        grams_of(words, n_words, n, grams)
        stamp += 1
        if n <= 4:
            found[n - 2] = top_gram(words, grams, n_words, n, table, stamp)
        else:
            found[n - 2] = duplicate_grams(words, grams, n_words, n, table, stamp)
        if found[n - 2] == 0:
            return stamp
    return stamp


@njit(cache=True, nogil=True)
def hash_bytes(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Hash of a line as it stands, case and spaces included."""
    value = HASH_SEED & HASH_MASK
    for at in range(start, end):
        value = ((value ^ int(data[at])) * HASH_PRIME) & HASH_MASK
    return value


@njit(cache=True, nogil=True)
def _repeat(
    table: NDArray[np.int64], mask: int, stamp: int, key: int, chars: int, so_far: tuple[int, int]
) -> tuple[int, int]:
    """Number and code points of repeated elements after one more element `key` of `chars` code points."""
    slot = find_slot(table, mask, stamp, key)
    known = table[slot, T_STAMP] == stamp
    table[slot, T_KEY] = key
    table[slot, T_STAMP] = stamp
    if known:
        return so_far[0] + 1, so_far[1] + chars
    return so_far


@njit(cache=True, nogil=True)
def line_repetition(
    data: NDArray[np.uint8],
    lines: NDArray[np.int64],
    n_lines: int,
    table: NDArray[np.int64],
    stamp: int,
    found: NDArray[np.int64],
) -> int:
    """Fill found with repeated lines, their code points, paragraphs, repeated ones, their code points. Returns the stamp used.

    `table` has at least table_mask(2 * n_lines) + 1 slots. A paragraph is a run of lines with no blank line between; the first occurrence of either is not repeated.
    """
    found[:] = 0
    # Lines and paragraphs share the table: a paragraph's key is a product of its lines' keys, so they do not meet.
    mask = table_mask(2 * n_lines)
    stamp += 1
    paragraph, chars = 0, -1
    for i in range(n_lines):
        key = hash_bytes(data, lines[i, L_START], lines[i, L_END])
        found[0], found[1] = _repeat(table, mask, stamp, key, lines[i, L_CHARS], (found[0], found[1]))
        paragraph = ((paragraph ^ key) * _MIX) & HASH_MASK
        chars += lines[i, L_CHARS] + 1
        if i + 1 == n_lines or lines[i + 1, L_START] > lines[i, L_END] + 1:
            found[2] += 1
            found[3], found[4] = _repeat(table, mask, stamp, paragraph, chars, (found[3], found[4]))
            paragraph, chars = 0, -1
    return stamp
