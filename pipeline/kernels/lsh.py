"""Locality-sensitive hashing: rows that agree in all values of a band of their signatures are candidates.

A band is one sorted array of entries: the key of the band in the upper bits, the row in the lower ones. Equal keys lie side by
side, so buckets are runs, the order of the input does not matter, and eight bytes a row are all that has to be kept. The key loses
as many bits as rows take; what that joins wrongly, verification parts.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.shingles import mix64

ROW_BITS = 28
"""Lower bits of an entry that hold its row. 36 bits of the key are left: among 20 million rows some 3 000 pairs a band meet by chance."""

MOST_ROWS = 1 << ROW_BITS
"""Different texts of one comparison: 268 million."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_S32, _SHIFT = np.uint64(32), np.uint64(ROW_BITS)
_ROW = np.uint64(MOST_ROWS - 1)
_SIMD = 16


@njit(cache=True, nogil=True)
def band_keys(signatures: NDArray[np.uint32], bands: int, rows: int, keys: NDArray[np.uint64]) -> None:
    """Write one 64-bit key per band and document to keys, uint64[bands, n]; signatures are uint32[n, >= bands * rows]."""
    for i in range(len(signatures)):
        for band in range(bands):
            # A sum of products is as good as a chain of mixes here, since its collisions are found out by verification.
            key, factor = np.uint64(band), _FACTOR
            for row in range(band * rows, (band + 1) * rows):
                key += np.uint64(signatures[i, row]) * factor
                factor *= _FACTOR
            keys[band, i] = mix64(key)


def entries(keys: NDArray[np.uint64], rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Sorted entries of one band: keys uint64[n] of these rows. Raises ValueError for a row beyond MOST_ROWS."""
    if len(rows) and rows.max() >= MOST_ROWS:
        raise ValueError(f"{rows.max() + 1:,} texts do not fit in one comparison; the limit is {MOST_ROWS:,}")
    packed: NDArray[np.uint64] = (keys & ~_ROW) | rows.astype(np.uint64)
    packed.sort()
    return packed


def rows_of(packed: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Row of each entry."""
    return (packed & _ROW).astype(np.int64)


def keys_of(packed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Key of each entry, 36 bits."""
    keys: NDArray[np.uint64] = packed >> _SHIFT
    return keys


def with_rows(packed: NDArray[np.uint64], rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The entries with other rows."""
    changed: NDArray[np.uint64] = (packed & ~_ROW) | rows.astype(np.uint64)
    return changed


def in_buckets(packed: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The entries of these buckets; both are sorted, and no key stands twice."""
    starts = np.searchsorted(packed, keys << _SHIFT)
    stops = np.searchsorted(packed, (keys << _SHIFT) | _ROW, "right")
    sizes = stops - starts
    before = np.cumsum(sizes) - sizes
    found: NDArray[np.uint64] = packed[np.repeat(starts - before, sizes) + np.arange(sizes.sum())]
    return found


@njit(cache=True, nogil=True)
def _run_end(packed: NDArray[np.uint64], start: int) -> int:
    end = start + 1
    while end < len(packed) and packed[end] >> _SHIFT == packed[start] >> _SHIFT:
        end += 1
    return end


@njit(cache=True, nogil=True)
def _with_room(out: NDArray[np.uint64], used: int, more: int) -> NDArray[np.uint64]:
    if used + more <= len(out):
        return out
    grown = np.empty(2 * (used + more), np.uint64)
    grown[:used] = out[:used]
    return grown


@njit(cache=True, nogil=True)
def bucket_pairs(
    packed: NDArray[np.uint64],
    rank: NDArray[np.int64],
    is_new: NDArray[np.bool_],
    limits: tuple[int, int],
    is_hot: NDArray[np.bool_],
) -> NDArray[np.uint64]:
    """Pairs (smaller row << 32 | larger) of the runs of equal keys in sorted entries, repeats possible.

    limits = (full, leaders). A bucket of at most `full` entries gives every pair in which a row is new. A larger one is hot: its
    first `leaders` rows by `rank` are paired with all of it and the others in a chain, new or not, so that cost stays linear; its
    rows are marked in `is_hot`.
    """
    full, leaders = limits
    out = np.empty(1024, np.uint64)
    used, start = 0, 0
    while start < len(packed):
        end = _run_end(packed, start)
        size = end - start
        if size > 1:
            members = (packed[start:end] & _ROW).astype(np.int64)
            hot = size > full
            if hot:
                # Sorted as numbers with the row below: compiling argsort costs a second more.
                order = (rank[members].astype(np.uint64) << _SHIFT) | members.astype(np.uint64)
                members = (np.sort(order) & _ROW).astype(np.int64)
                is_hot[members] = True
            for x in range(size):
                stop = min(x + 2, size) if hot and x >= leaders else size
                out = _with_room(out, used, stop - x)
                for y in range(x + 1, stop):
                    i, j = members[x], members[y]
                    if i != j and (hot or is_new[i] or is_new[j]):
                        out[used] = (np.uint64(min(i, j)) << _S32) | np.uint64(max(i, j))
                        used += 1
        start = end
    return out[:used]


def long_runs(packed: NDArray[np.uint64], full: int) -> NDArray[np.uint64]:
    """Keys of the buckets of more than `full` entries, sorted."""
    if len(packed) <= full:
        return packed[:0]
    keys = keys_of(packed)
    return np.unique(keys[:-full][keys[full:] == keys[:-full]])


def sorted_unique(parts: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """The distinct values of all parts, sorted."""
    joined = np.concatenate([np.zeros(0, np.uint64), *parts])
    joined.sort()
    return joined[np.concatenate([np.ones(1, bool), joined[1:] != joined[:-1]])] if len(joined) else joined


def ends(pairs: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows (i, j), i < j, of packed pairs."""
    return (pairs >> _S32).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)


def packed_pairs(i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Pairs of rows, in any order, as (smaller << 32 | larger)."""
    small, large = np.minimum(i, j).astype(np.uint64), np.maximum(i, j).astype(np.uint64)
    packed: NDArray[np.uint64] = (small << _S32) | large
    return packed


def bands_for(permutations: int, threshold: float, recall: float) -> tuple[int, int]:
    """(bands, rows): the most selective shape within so many permutations that finds a pair at the threshold with at least this
    probability, with the fewest bands that do; more only to fill a signature up to a multiple of 16 values, which cost nothing.

    >>> bands_for(128, 0.8, 0.999)
    (19, 5)
    >>> bands_for(128, 0.7, 0.999)
    (28, 4)
    """
    for rows in range(permutations, 0, -1):
        chance = threshold**rows
        bands = 1 if chance >= recall else math.ceil(math.log(1 - recall) / math.log1p(-chance))
        if bands * rows <= permutations:
            filled = min(-(-bands * rows // _SIMD) * _SIMD, permutations)
            return filled // rows, rows
    return permutations, 1
