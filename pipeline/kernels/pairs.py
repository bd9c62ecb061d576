"""Pairs of rows written out from pairs of copy sets."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


def members_of(copy_of: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """All rows, set by set in order, and by first row of a set where its rows start there and how many they are."""
    n = len(copy_of)
    members = np.argsort(copy_of, kind="stable")
    sizes = np.bincount(copy_of, minlength=n)
    return members, np.cumsum(sizes) - sizes, sizes


@njit(cache=True, nogil=True)
def pairs_within(
    members: NDArray[np.int64], starts: NDArray[np.int64], sizes: NDArray[np.int64], full: int
) -> NDArray[np.int64]:
    """Every pair of rows of one set, int64[m, 2], smaller row first; of a set of more than `full` rows those with its first row."""
    count = 0
    for size in sizes:
        count += size * (size - 1) // 2 if size <= full else size - 1
    out = np.empty((count, 2), np.int64)
    at = 0
    for first in range(len(sizes)):
        start, size = starts[first], sizes[first]
        for x in range(size if size <= full else 1):
            for y in range(x + 1, size):
                out[at, 0], out[at, 1] = members[start + x], members[start + y]
                at += 1
    return out


@njit(cache=True, nogil=True)
def pairs_between(
    edges: tuple[NDArray[np.int64], NDArray[np.int64]],
    members: NDArray[np.int64],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    full: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every pair of a row of one set and a row of the other, int64[m, 2], smaller row first, and the edge it comes from, int64[m].

    `edges` are first rows of sets. A set of more than `full` rows takes part with its first row.
    """
    i, j = edges
    count = 0
    for k in range(len(i)):
        left, right = sizes[i[k]], sizes[j[k]]
        count += (left if left <= full else 1) * (right if right <= full else 1)
    out, edge = np.empty((count, 2), np.int64), np.empty(count, np.int64)
    at = 0
    for k in range(len(i)):
        left, right = sizes[i[k]], sizes[j[k]]
        for x in range(left if left <= full else 1):
            for y in range(right if right <= full else 1):
                a, b = members[starts[i[k]] + x], members[starts[j[k]] + y]
                out[at, 0], out[at, 1], edge[at] = min(a, b), max(a, b), k
                at += 1
    return out, edge
