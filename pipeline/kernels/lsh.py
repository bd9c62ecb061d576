"""Locality-sensitive hashing: rows that agree in all values of a band of their signatures are candidates.

Keys of a band are sorted with the row in their lower bits, so equal keys lie side by side and the order of the input does
not matter. The key loses as many of its bits as the row number takes; what that joins wrongly, verification parts.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.shingles import mix64

_SEED = np.uint64(0x9E3779B97F4A7C15)
_S1 = np.uint64(1)


@njit(cache=True, nogil=True)
def band_keys(signatures: NDArray[np.uint32], bands: int, rows: int, keys: NDArray[np.uint64]) -> None:
    """Write one 64-bit key per band and document to keys, uint64[bands, n]; signatures are uint32[n, >= bands * rows]."""
    for i in range(len(signatures)):
        for band in range(bands):
            key = _SEED
            for row in range(band * rows, (band + 1) * rows):
                key = mix64(key ^ np.uint64(signatures[i, row]))
            keys[band, i] = key


@njit(cache=True, nogil=True)
def _bucket_pairs(
    packed: NDArray[np.uint64], ranks: NDArray[np.int64], bits: int, full: int, leaders: int
) -> NDArray[np.uint64]:
    """Pairs (smaller member << 32 | larger) of the runs of equal keys in `packed`, sorted (key, position in rank order)."""
    shift = np.uint64(bits)
    low = (_S1 << shift) - _S1
    out = np.empty(1024, np.uint64)
    used, start = 0, 0
    while start < len(packed):
        end = start + 1
        while end < len(packed) and packed[end] >> shift == packed[start] >> shift:
            end += 1
        for x in range(start, end):
            # A bucket in full: everything after x. A hot one: the leaders with all, the others with the next only.
            in_full = end - start <= full or x - start < leaders
            stop = end if in_full else min(x + 2, end)
            if used + stop - x > len(out):
                grown = np.empty(2 * (used + stop - x), np.uint64)
                grown[:used] = out[:used]
                out = grown
            for y in range(x + 1, stop):
                i, j = ranks[np.int64(packed[x] & low)], ranks[np.int64(packed[y] & low)]
                small, large = np.uint64(min(i, j)), np.uint64(max(i, j))
                out[used] = (small << np.uint64(32)) | large
                used += 1
        start = end
    return out[:used]


def candidates(
    keys: NDArray[np.uint64], order: NDArray[np.int64], full: int, leaders: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs (i, j), i < j, sorted, of documents that share a bucket in some band; keys are uint64[bands, n].

    `order` lists the documents to compare (others are left out), best first. A bucket of more than `full` documents is
    hot: its first `leaders` documents are paired with all of it and the others in a chain, so that cost stays linear.
    """
    bits = max(len(order).bit_length(), 1)
    if bits > 32:
        raise ValueError(f"{len(order)} documents do not fit in one comparison; limit 2**32")
    low = (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    positions = np.arange(len(order), dtype=np.uint64)
    found = np.zeros(0, np.uint64)
    for band in keys:
        packed = (band[order] & ~low) | positions
        packed.sort()
        fresh = _bucket_pairs(packed, order, bits, full, leaders)
        if len(fresh):
            found = np.unique(np.concatenate([found, fresh]))
    return (found >> np.uint64(32)).astype(np.int64), (found & np.uint64(0xFFFFFFFF)).astype(np.int64)


def bands_for(permutations: int, threshold: float, recall: float) -> tuple[int, int]:
    """(bands, rows): the most selective shape that finds a pair at the threshold with at least this probability.

    >>> bands_for(224, 0.8, 0.999)
    (32, 7)
    >>> bands_for(224, 0.7, 0.999)
    (44, 5)
    """
    for rows in range(permutations, 0, -1):
        bands = permutations // rows
        if 1 - (1 - threshold**rows) ** bands >= recall:
            return bands, rows
    return permutations, 1
