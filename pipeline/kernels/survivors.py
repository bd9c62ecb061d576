"""Greedy choice of survivors: in policy order, each item stays unless one that stays already is alike."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


def neighbours(
    n: int, i: NDArray[np.int64], j: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Both directions of the edges (i[k], j[k]) as offsets (int64[n + 1]), neighbours and values, by row."""
    one, other = np.concatenate([i, j]), np.concatenate([j, i])
    order = np.argsort(one, kind="stable")
    offsets = np.searchsorted(one[order], np.arange(n + 1))
    return offsets, other[order], np.concatenate([values, values])[order]


@njit(cache=True, nogil=True)
def survivors(
    order: NDArray[np.int64],
    copy_of: NDArray[np.int64],
    may_remove: NDArray[np.bool_],
    edges: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The row that each row is removed for (-1: it stays) and how alike they are (NaN where it stays).

    `order` lists all rows, best first. Copies (rows with one first row in `copy_of`) are alike by 1.0; `edges` are as `neighbours`
    makes them, between first rows. Only rows that stay and `may_remove` remove others. Of several such rows it is the one most alike,
    then the best in order.
    """
    n = len(order)
    offsets, others, values = edges
    removed_for, alike = np.full(n, -1), np.full(n, np.nan)
    # Of each copy set at most one row stays that may remove: all others are its copies.
    staying, place = np.full(n, -1), np.zeros(n, np.int64)
    for at in range(n):
        row = order[at]
        place[row] = at
        first = copy_of[row]
        best, value = staying[first], 1.0
        if best < 0:
            value = -1.0
            for k in range(offsets[first], offsets[first + 1]):
                other = staying[others[k]]
                if other >= 0 and (values[k] > value or (values[k] == value and place[other] < place[best])):
                    best, value = other, values[k]
        if best >= 0:
            removed_for[row], alike[row] = best, value
        elif may_remove[row]:
            staying[first] = row
    return removed_for, alike
