"""Groups of rows: equal sequences of hashes, and connected components (union-find)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_ONE = np.uint64(1)


@njit(cache=True, nogil=True)
def _find(parent: NDArray[np.int64], x: int) -> int:
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@njit(cache=True, nogil=True)
def components(n: int, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.int64]:
    """Smallest row of each row's connected component, int64[n]; edges are (i[k], j[k])."""
    parent = np.arange(n)
    for k in range(len(i)):
        a, b = _find(parent, i[k]), _find(parent, j[k])
        # The smaller root wins, so that labels do not depend on the order of the edges.
        if a < b:
            parent[b] = a
        elif b < a:
            parent[a] = b
    for x in range(n):
        parent[x] = _find(parent, x)
    return parent


@njit(cache=True, nogil=True)
def _equal(offsets: NDArray[np.int64], hashes: NDArray[np.uint64], i: int, j: int) -> bool:
    length = offsets[i + 1] - offsets[i]
    if offsets[j + 1] - offsets[j] != length:
        return False
    k = 0
    while k < length and hashes[offsets[i] + k] == hashes[offsets[j] + k]:
        k += 1
    return bool(k == length)


@njit(cache=True, nogil=True)
def equal_sequences(
    offsets: NDArray[np.int64], hashes: NDArray[np.uint64], digests: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """First row with the same sequence of hashes, int64[n]; rows without hashes stay alone.

    Digests only say where to look: sequences are compared hash by hash.
    """
    n = len(digests)
    size = 4
    while size < 2 * n:
        size *= 2
    table = np.full(size, -1, np.int64)
    mask = np.uint64(size - 1)
    first = np.arange(n)
    for i in range(n):
        if offsets[i] == offsets[i + 1]:
            continue
        slot = digests[i] & mask
        while table[slot] >= 0:
            held = table[slot]
            if digests[held] == digests[i] and _equal(offsets, hashes, held, i):
                first[i] = held
                break
            slot = (slot + _ONE) & mask
        if table[slot] < 0:
            table[slot] = i
    return first
