"""Repeated lines and paragraphs: Gopher's measures (arXiv 2112.11446, table A1) and FineWeb's of the characters in them.

Most lines stand once. A rough key of a line's words and size tells them at once; only lines that share theirs are read byte by
byte. Hashes of 61 bits stand for those: two different ones among a million collide with probability 2e-7.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.hash_table import number_of, table_mask
from pipeline.kernels.text_scan import L_CHARS, L_END, L_START, L_VISIBLE, L_WORD
from pipeline.kernels.token_statistics import I_NUMBER
from pipeline.kernels.vocabulary import HASH_MASK, HASH_PRIME, HASH_SEED

R_LINES, R_LINE_CHARS, R_PARAGRAPHS, R_PARAGRAPHS_AGAIN, R_PARAGRAPH_CHARS, REPEATED = range(6)
"""Lines that occurred before and their code points; paragraphs; those that occurred before and their code points."""

A_NUMBER, A_TIMES = range(2)
"""Rows of the scratch: number of each line's rough key; by number: how many lines share it."""

_MIX = 0x9E3779B97F4A7C15 & HASH_MASK


@njit(cache=True, nogil=True)
def hash_bytes(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Hash of a line as it stands, case and spaces included."""
    value = HASH_SEED
    for at in range(start, end):
        value = (value ^ int(data[at])) * HASH_PRIME
    return value & HASH_MASK


@njit(cache=True, nogil=True)
def _rough_key(index: NDArray[np.int32], first: int, last: int, size: int) -> int:
    """A key that equal lines share and different ones hardly do: of their words and their size."""
    key = size
    for i in range(first, last):
        key = ((key ^ int(index[I_NUMBER, i])) * _MIX) & HASH_MASK
    return key ^ (key >> 31)


@njit(cache=True, nogil=True)
def _count_alike(
    lines: NDArray[np.int64],
    sizes: tuple[int, int],
    index: NDArray[np.int32],
    alike: NDArray[np.int32],
    table: NDArray[np.int64],
    stamp: int,
) -> int:
    """Number the lines by their rough keys and count each; returns how many there are."""
    n_words, n_lines = sizes
    mask, known = table_mask(n_lines), 0
    for i in range(n_lines):
        last = lines[i + 1, L_WORD] if i + 1 < n_lines else n_words
        size = int(lines[i, L_END] - lines[i, L_START] + (lines[i, L_VISIBLE] << 32))
        number = number_of(table, mask, stamp, _rough_key(index, lines[i, L_WORD], last, size), known)
        if number == known:
            alike[A_TIMES, number] = 0
            known += 1
        alike[A_NUMBER, i] = number
        alike[A_TIMES, number] += 1
    return known


@njit(cache=True, nogil=True)
def line_repetition(
    data: NDArray[np.uint8],
    lines: NDArray[np.int64],
    sizes: tuple[int, int],
    index: NDArray[np.int32],
    alike: NDArray[np.int32],
    table: NDArray[np.int64],
    stamp: int,
    found: NDArray[np.int64],
) -> int:
    """Fill found[:REPEATED]; returns the last stamp used.

    `sizes` are the document's numbers of words and lines, `index` says which word stands where, `alike` is scratch int32[2, n_lines], `table` has at least table_mask(2 * n_lines) + 1 slots. A paragraph is a run of lines with no blank line between; the
    first occurrence of either is not repeated.
    """
    found[:] = 0
    _count_alike(lines, sizes, index, alike, table, stamp + 1)
    # Lines and paragraphs share the table: a paragraph's key is a product of its lines' keys, so they do not meet.
    n_lines = sizes[1]
    mask, known = table_mask(2 * n_lines), 0
    paragraph, chars, whole = 0, -1, True
    for i in range(n_lines):
        chars += lines[i, L_CHARS] + 1
        if alike[A_TIMES, alike[A_NUMBER, i]] > 1:
            key = hash_bytes(data, lines[i, L_START], lines[i, L_END])
            if number_of(table, mask, stamp + 2, key, known) == known:
                known += 1
            else:
                found[R_LINES] += 1
                found[R_LINE_CHARS] += lines[i, L_CHARS]
            paragraph = ((paragraph ^ key) * _MIX) & HASH_MASK
        else:
            whole = False
        if i + 1 < n_lines and lines[i + 1, L_START] <= lines[i, L_END] + 1:
            continue
        found[R_PARAGRAPHS] += 1
        if whole:
            if number_of(table, mask, stamp + 2, paragraph, known) == known:
                known += 1
            else:
                found[R_PARAGRAPHS_AGAIN] += 1
                found[R_PARAGRAPH_CHARS] += chars
        paragraph, chars, whole = 0, -1, True
    return stamp + 2
