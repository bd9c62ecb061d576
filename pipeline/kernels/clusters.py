"""Groups of rows: equal ids, and connected components (union-find)."""

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
def first_equal(ids: NDArray[np.uint64]) -> NDArray[np.int64]:
    """First row with the same 128-bit id, int64[n]; ids are uint64[n, 2], hashes already."""
    n = len(ids)
    size = 4
    while size < 2 * n:
        size *= 2
    table = np.full(size, -1, np.int64)
    mask = np.uint64(size - 1)
    first = np.arange(n)
    for i in range(n):
        slot = ids[i, 0] & mask
        while table[slot] >= 0:
            held = table[slot]
            if ids[held, 0] == ids[i, 0] and ids[held, 1] == ids[i, 1]:
                first[i] = held
                break
            slot = (slot + _ONE) & mask
        if table[slot] < 0:
            table[slot] = i
    return first
