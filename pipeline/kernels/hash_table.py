"""An open-addressing table that numbers the different keys it is asked for: 0, 1, 2 … in the order of their first time.

A slot is two numbers, key and stamp; it belongs to the current question only if the upper half of its stamp does, so nothing
is cleared between questions, and the lower half is the number of the key.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.vocabulary import slot_of

KEY, STAMP, TABLE_FIELDS = range(3)
_LOW = (1 << 32) - 1


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
def number_of(table: NDArray[np.int64], mask: int, stamp: int, key: int, known: int) -> int:
    """Number of `key` among the keys asked for under `stamp`; `known`, how many there are so far, for a new one.

    `table` is int64[slots, 2] with more than `mask` slots; `stamp` is below 2**31 and used for no other question.

    >>> table = np.zeros((8, TABLE_FIELDS), np.int64)
    >>> number_of(table, 7, 1, 500, 0), number_of(table, 7, 1, 700, 1), number_of(table, 7, 1, 500, 2)
    (0, 1, 0)
    """
    slot = slot_of(key, mask)
    while table[slot, STAMP] >> 32 == stamp:
        if table[slot, KEY] == key:
            return int(table[slot, STAMP]) & _LOW
        slot = (slot + 1) & mask
    table[slot, KEY] = key
    table[slot, STAMP] = (stamp << 32) | known
    return known
