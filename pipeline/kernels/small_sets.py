"""Candidates among small sets that miss no pair: prefix filtering on pairs of elements.

Order the elements of both sets by their hash. If the sets share at least `a` elements, the two smallest of these are among the
first `|x| - a + 2` of each (Chaudhuri, Ganti, Kaushik 2006, "A primitive operator for similarity joins", with two elements instead
of one, as in Wang, Li, Feng 2012, "Can we beat the prefix filtering?"). So every two elements of that prefix make a key, and sets
that are alike share a key. Only where two sets can be alike by one shared element are single elements keys as well.

MinHash estimates a set of a few shingles as well as any other, but with few shingles one word changes much, and a corpus of short
texts is made of nothing else: there chance should play no part.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.shingles import mix64

SMALL = 20
"""Sets of fewer elements are compared without chance (at thresholds from LEAST_THRESHOLD on)."""

LEAST_THRESHOLD = 0.5
"""Below it prefixes are nearly whole sets and keys as many as the pairs of elements."""

_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


def reach(threshold: float) -> int:
    """Largest set that can be alike to a small one; 0 where small sets are left to MinHash.

    >>> reach(0.8), reach(0.5), reach(0.4)
    (23, 38, 0)
    """
    return int((SMALL - 1) / threshold + 1e-9) if threshold >= LEAST_THRESHOLD else 0


@njit(cache=True, nogil=True)
def _distinct_sorted(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    ordered = np.sort(hashes)
    count = 0
    for at in range(len(ordered)):
        if at == 0 or ordered[at] != ordered[at - 1]:
            ordered[count] = ordered[at]
            count += 1
    return ordered[:count]


@njit(cache=True, nogil=True)
def _prefix(size: int, threshold: float) -> int:
    """Elements of a set of this size of which two are shared with any set that is alike and shares two at least."""
    overlap = max(int(np.ceil(threshold * size - 1e-9)), 2)
    return size - overlap + 2


@njit(cache=True, nogil=True)
def _one_may_do(size: int, threshold: float) -> bool:
    """Can a set of this size be alike to another one by a single shared element?"""
    partner = max(int(np.ceil(threshold * size - 1e-9)), 1)
    return size + partner <= (1 + threshold) / threshold + 1e-9


@njit(cache=True, nogil=True)
def small_set_keys(
    bounds: NDArray[np.int64], hashes: NDArray[np.uint64], threshold: float
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Keys of n sets, hashes[bounds[i]:bounds[i + 1]] with repeats, and the row of each key. Empty sets have none."""
    n = len(bounds) - 1
    keys, rows = np.empty(256, np.uint64), np.empty(256, np.int64)
    used = 0
    for i in range(n):
        if bounds[i] == bounds[i + 1]:
            continue
        values = _distinct_sorted(hashes[bounds[i] : bounds[i + 1]])
        size = len(values)
        prefix = min(_prefix(size, threshold), size)
        needed = used + size + prefix * prefix
        if needed > len(keys):
            more_keys, more_rows = np.empty(2 * needed, np.uint64), np.empty(2 * needed, np.int64)
            more_keys[:used], more_rows[:used] = keys[:used], rows[:used]
            keys, rows = more_keys, more_rows
        if _one_may_do(size, threshold):
            for x in range(size):
                keys[used], rows[used] = mix64(values[x]), i
                used += 1
        for x in range(prefix):
            for y in range(x + 1, prefix):
                keys[used], rows[used] = mix64(values[x] * _FIRST + values[y] * _SECOND), i
                used += 1
    return keys[:used].copy(), rows[:used].copy()
