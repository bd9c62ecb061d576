"""True Jaccard of candidate pairs over sets of 64-bit shingle hashes, by one hash table per first document of a pair.

A table of at most half its slots filled, with the hash itself as its slot, is built once for all pairs of a document and
probed with the others: cheaper than sorting both sets, since most documents are in few pairs. 0 marks an empty slot.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_ZERO = np.uint64(0)


@njit(cache=True, nogil=True)
def _insert(table: NDArray[np.uint64], mask: np.uint64, value: np.uint64) -> bool:
    """Put value in the table; False where it was there already."""
    slot = value & mask
    while True:
        held = table[slot]
        if held == value:
            return False
        if held == _ZERO:
            table[slot] = value
            return True
        slot = (slot + np.uint64(1)) & mask


@njit(cache=True, nogil=True)
def _holds(table: NDArray[np.uint64], mask: np.uint64, value: np.uint64) -> bool:
    slot = value & mask
    while table[slot] != _ZERO:
        if table[slot] == value:
            return True
        slot = (slot + np.uint64(1)) & mask
    return False


@njit(cache=True, nogil=True)
def _slots(count: int) -> int:
    """Size of a table for so many values: the power of two that leaves it at most half full."""
    size = 4
    while size < 2 * count:
        size *= 2
    return size


@njit(cache=True, nogil=True)
def distinct(offsets: NDArray[np.int64], hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Move each document's distinct hashes to the front of its part of `hashes`, in place; returns how many, int64[n]."""
    n = len(offsets) - 1
    counts = np.zeros(n, np.int64)
    longest = 0
    for i in range(n):
        longest = max(longest, offsets[i + 1] - offsets[i])
    table = np.zeros(_slots(longest), np.uint64)
    for i in range(n):
        size = _slots(offsets[i + 1] - offsets[i])
        mask = np.uint64(size - 1)
        table[:size] = _ZERO
        end = offsets[i]
        for at in range(offsets[i], offsets[i + 1]):
            if _insert(table, mask, hashes[at]):
                hashes[end] = hashes[at]
                end += 1
        counts[i] = end - offsets[i]
    return counts


@njit(cache=True, nogil=True)
def _shared(table: NDArray[np.uint64], mask: np.uint64, values: NDArray[np.uint64], needed: int) -> int:
    """How many of the values the table holds; gives up with -1 as soon as fewer than `needed` can be reached."""
    spare = len(values) - needed
    if spare < 0:
        return -1
    missed = 0
    for value in values:
        if not _holds(table, mask, value):
            missed += 1
            if missed > spare:
                return -1
    return len(values) - missed


@njit(cache=True, nogil=True)
def jaccard_of_pairs(
    i: NDArray[np.int64],
    j: NDArray[np.int64],
    offsets: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    counts: NDArray[np.int64],
    threshold: float,
) -> NDArray[np.float64]:
    """Jaccard of the pairs, float64[m]; -1 where it is below the threshold. Sets are as `distinct` left them.

    Pairs sorted by i share a table. Empty sets are below every threshold.
    """
    out = np.full(len(i), -1.0)
    longest = 0
    for at in range(len(i)):
        longest = max(longest, counts[i[at]])
    table = np.zeros(_slots(longest), np.uint64)
    mask = np.uint64(0)
    held = -1
    for at in range(len(i)):
        first, second = i[at], j[at]
        a, b = counts[first], counts[second]
        if min(a, b) == 0 or min(a, b) < threshold * max(a, b) * (1 - 1e-9):
            continue
        if first != held:
            size = _slots(a)
            mask = np.uint64(size - 1)
            table[:size] = _ZERO
            for k in range(offsets[first], offsets[first] + a):
                _insert(table, mask, hashes[k])
            held = first
        # J >= t means shared >= t / (1 + t) * (a + b); rounded down a little, the division below decides.
        needed = int(np.ceil(threshold / (1 + threshold) * (a + b) - 1e-6))
        values = hashes[offsets[second] : offsets[second] + b]
        shared = _shared(table, mask, values, needed)
        if shared >= 0 and shared / (a + b - shared) >= threshold:
            out[at] = shared / (a + b - shared)
    return out


@njit(cache=True, nogil=True)
def _own(
    values: NDArray[np.uint64], templates: NDArray[np.uint64], mask: np.uint64, out: NDArray[np.uint64]
) -> int:
    """Copy the values that are not in the table `templates` to out; how many."""
    count = 0
    for value in values:
        if not _holds(templates, mask, value):
            out[count] = value
            count += 1
    return count


@njit(cache=True, nogil=True)
def table_of(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash table of the values (none of them 0), for `content_of_pairs`; its size is a power of two."""
    table = np.zeros(_slots(len(values)), np.uint64)
    for value in values:
        _insert(table, np.uint64(len(table) - 1), value)
    return table


@njit(cache=True, nogil=True)
def content_of_pairs(
    i: NDArray[np.int64],
    j: NDArray[np.int64],
    offsets: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    counts: NDArray[np.int64],
    templates: NDArray[np.uint64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Jaccard of the pairs without the values in the table `templates` (see table_of), and the size of the smaller set that is left.

    Sets are as `distinct` left them; NaN where neither set has anything left.
    """
    shares, sizes = np.full(len(i), np.nan), np.zeros(len(i), np.int64)
    longest = 0
    for at in range(len(i)):
        longest = max(longest, counts[i[at]], counts[j[at]])
    one, other = np.empty(longest, np.uint64), np.empty(longest, np.uint64)
    table = np.zeros(_slots(longest), np.uint64)
    template_mask = np.uint64(len(templates) - 1)
    for at in range(len(i)):
        first, second = offsets[i[at]], offsets[j[at]]
        a = _own(hashes[first : first + counts[i[at]]], templates, template_mask, one)
        b = _own(hashes[second : second + counts[j[at]]], templates, template_mask, other)
        sizes[at] = min(a, b)
        if a + b == 0:
            continue
        size = _slots(a)
        mask = np.uint64(size - 1)
        table[:size] = _ZERO
        for k in range(a):
            _insert(table, mask, one[k])
        shared = 0
        for k in range(b):
            shared += int(_holds(table, mask, other[k]))
        shares[at] = shared / (a + b - shared)
    return shares, sizes
