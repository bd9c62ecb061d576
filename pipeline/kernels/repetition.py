r"""Gopher's repetition measures (arXiv 2112.11446, table A1), by the formulae of datatrove's GopherRepetitionFilter.

Differences from datatrove, on purpose: words are lower-cased runs of `\w` (datatrove asks a tokenizer and counts
punctuation), and an n-gram that occurs once is no repetition (datatrove scores the first n-gram of a text without any).
Hashes of 61 bits stand for words: two different ones among a million collide with probability 2e-7.

An n-gram can occur twice only if the two (n-1)-grams in it do. So each length looks only at the places that the one before
it left: in prose half of the words, a tenth of the pairs of words, hardly any longer run. Numbers of (n-1)-grams name an n-gram
exactly, so its key is no hash.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.hash_table import number_of, table_mask
from pipeline.kernels.text_scan import W_LENGTH
from pipeline.kernels.token_statistics import I_NUMBER, I_TIMES

P_AT, P_GRAM, P_TIMES, P_MET, PLACE_FIELDS = range(5)
"""Rows of the places: where an n-gram begins that occurs elsewhere too, in order; its number; and by number: how often it occurs,
and whether the reader has met it."""

_TOP = 4
"""Longest n-gram of which the most frequent one is sought; longer ones are read through."""
LONGEST = 10


@njit(cache=True, nogil=True)
def _chars(words: NDArray[np.int64], first: int, n: int) -> int:
    """Code points of the n words from `first` on, without the spaces between."""
    chars = 0
    for i in range(first, first + n):
        chars += words[W_LENGTH, i]
    return chars


@njit(cache=True, nogil=True)
def _repeated_words(index: NDArray[np.int32], n_words: int, places: NDArray[np.int32]) -> int:
    """Start the places: those of words that occur more than once."""
    kept = 0
    for i in range(n_words):
        # Written in any case and kept if it counts: a branch would be mispredicted every third word.
        number = index[I_NUMBER, i]
        places[P_AT, kept], places[P_GRAM, kept] = i, number
        kept += index[I_TIMES, number] > 1
    return kept


@njit(cache=True, nogil=True)
def _grow(places: NDArray[np.int32], kept: int, table: NDArray[np.int64], stamp: int) -> int:
    """Make n-grams of the `kept` (n-1)-grams that overlap, number and count them; returns at how many places."""
    pairs = 0
    for k in range(kept - 1):
        pairs += places[P_AT, k + 1] == places[P_AT, k] + 1
    mask, known, grown = table_mask(pairs), 0, 0
    for k in range(kept - 1):
        at = places[P_AT, k]
        if places[P_AT, k + 1] != at + 1:
            continue
        key = int(places[P_GRAM, k]) << 32 | int(places[P_GRAM, k + 1])
        number = number_of(table, mask, stamp, key, known)
        if number == known:
            places[P_TIMES, known] = 0
            known += 1
        places[P_TIMES, number] += 1
        places[P_AT, grown], places[P_GRAM, grown] = at, number
        grown += 1
    return grown


@njit(cache=True, nogil=True)
def _keep_repeated(places: NDArray[np.int32], grown: int) -> int:
    kept = 0
    for k in range(grown):
        number = places[P_GRAM, k]
        places[P_AT, kept], places[P_GRAM, kept] = places[P_AT, k], number
        kept += places[P_TIMES, number] > 1
    return kept


@njit(cache=True, nogil=True)
def _top_gram(words: NDArray[np.int64], n: int, places: NDArray[np.int32], kept: int) -> int:
    """Code points covered by the most frequent n-gram (spaces inside it count); 0 where none occurs twice.

    Of equally frequent ones the first in the text counts, as in datatrove.
    """
    best, most = 0, 0
    for k in range(kept):
        times = int(places[P_TIMES, places[P_GRAM, k]])
        if times > most:
            best, most = int(places[P_AT, k]), times
    return (_chars(words, best, n) + n - 1) * most


@njit(cache=True, nogil=True)
def _duplicate_grams(words: NDArray[np.int64], n: int, places: NDArray[np.int32], kept: int) -> int:
    """Code points in n-grams that occurred before, reading on behind each repeated one (no character counts twice)."""
    for k in range(kept):
        places[P_MET, places[P_GRAM, k]] = 0
    repeated, free = 0, 0
    for k in range(kept):
        at, number = int(places[P_AT, k]), places[P_GRAM, k]
        if at < free:
            continue
        if places[P_MET, number]:
            repeated += _chars(words, at, n)
            free = at + n
        places[P_MET, number] = 1
    return repeated


@njit(cache=True, nogil=True)
def word_repetition(
    words: NDArray[np.int64],
    n_words: int,
    index: NDArray[np.int32],
    places: NDArray[np.int32],
    table: NDArray[np.int64],
    stamp: int,
    found: NDArray[np.int64],
) -> int:
    """Fill found[0:3] with the code points of the top 2- to 4-grams and found[3:9] of repeated 5- to 10-grams.

    `index` says which word stands where and how often it occurs. Returns the last stamp used.
    """
    found[:] = 0
    kept = _repeated_words(index, n_words, places)
    for n in range(2, LONGEST + 1):
        if kept < 2:
            return stamp
        stamp += 1
        kept = _keep_repeated(places, _grow(places, kept, table, stamp))
        if n <= _TOP:
            found[n - 2] = _top_gram(words, n, places, kept)
        else:
            found[n - 2] = _duplicate_grams(words, n, places, kept)
    return stamp
