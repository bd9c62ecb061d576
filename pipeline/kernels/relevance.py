"""Hashed n-grams against a table of weights: DSIR's bag of hashed unigrams and bigrams (Xie et al. 2023, arXiv 2302.03169).

A word is a run of letters, digits and underscores, lower case (see pipeline.kernels.tokens); the paper's tokenizer keeps marks as
tokens of their own, which say more of the form of a text than of its matter. An n-gram of words w is hashed like a shingle and its
bucket is the upper half of the hash times the number of buckets, over 2**32.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.shingles import mix64, next_windows, powers, scratch_for

MAX_NGRAM = 3
"""Longest n-gram, in words."""

_RADIX = np.uint64(0x9E3779B97F4A7C15)
_S32 = np.uint64(32)
_ODD = np.uint32(1 << 31)

Scratch = tuple[
    tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.uint32], NDArray[np.uint64]
]


@njit(cache=True, nogil=True)
def _bucket(value: np.uint64, buckets: np.uint64) -> np.uint64:
    return ((mix64(value) >> _S32) * buckets) >> _S32


@njit(cache=True, nogil=True)
def _score(
    data: NDArray[np.uint8],
    bounds: tuple[int, int],
    fold: NDArray[np.uint32],
    model: tuple[NDArray[np.float32], int],
    scratch: tuple[NDArray[np.uint64], NDArray[np.uint64], Scratch],
) -> tuple[float, int, bool]:
    """Sum of the weights of all n-grams, how many there are, and whether the document is odd (the sum then says nothing)."""
    weights, longest = model
    one, hashes, own = scratch
    buckets = np.uint64(len(weights))
    at, total, grams, words = bounds[0], 0.0, 0, 0
    first = second = np.uint64(0)
    while at < bounds[1]:
        at, _, seen, count = next_windows(data, (at, bounds[1], 0), fold, one, own, hashes)
        if seen >= _ODD:
            return 0.0, 0, True
        for i in range(count):
            word = hashes[i]
            total += weights[_bucket(word, buckets)]
            grams += 1
            if longest > 1 and words > 0:
                total += weights[_bucket(second * _RADIX + word, buckets)]
                grams += 1
            if longest > 2 and words > 1:
                total += weights[_bucket((first * _RADIX + second) * _RADIX + word, buckets)]
                grams += 1
            first, second, words = second, word, words + 1
    return total, grams, False


@njit(cache=True, nogil=True)
def _score_all(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    fold: NDArray[np.uint32],
    model: tuple[NDArray[np.float32], int],
    one: NDArray[np.uint64],
    out: NDArray[np.float32],
    odd: NDArray[np.bool_],
) -> None:
    own = scratch_for(offsets, data)
    scratch = (one, np.empty(len(own[2]), np.uint64), own)
    for i in range(len(offsets) - 1):
        total, grams, odd[i] = _score(data, (offsets[i], offsets[i + 1]), fold, model, scratch)
        out[i] = total / grams if grams else np.nan


@njit(cache=True, nogil=True)
def _count_all(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    fold: NDArray[np.uint32],
    one: NDArray[np.uint64],
    longest: int,
    counts: NDArray[np.int64],
) -> None:
    own = scratch_for(offsets, data)
    hashes = np.empty(len(own[2]), np.uint64)
    buckets = np.uint64(len(counts))
    for i in range(len(offsets) - 1):
        at, words = offsets[i], 0
        first = second = np.uint64(0)
        while at < offsets[i + 1]:
            at, _, _, count = next_windows(data, (at, offsets[i + 1], 0), fold, one, own, hashes)
            for k in range(count):
                word = hashes[k]
                counts[_bucket(word, buckets)] += 1
                if longest > 1 and words > 0:
                    counts[_bucket(second * _RADIX + word, buckets)] += 1
                if longest > 2 and words > 1:
                    counts[_bucket((first * _RADIX + second) * _RADIX + word, buckets)] += 1
                first, second, words = second, word, words + 1


def mean_weights(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    fold: NDArray[np.uint32],
    weights: NDArray[np.float32],
    longest: int,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Mean weight of the n-grams of 1 to `longest` words of every document, float32, NaN where there is none; and which documents
    are odd: these must be settled first (pipeline.kernels.tokens) and scored with `settled_table`.
    """
    out = np.full(len(offsets) - 1, np.nan, np.float32)
    odd = np.zeros(len(out), np.bool_)
    offsets = np.ascontiguousarray(offsets, np.int64)
    _score_all(offsets, data, fold, (weights, longest), powers(1), out, odd)
    return out, odd


def gram_counts(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], fold: NDArray[np.uint32], buckets: int, longest: int
) -> NDArray[np.int64]:
    """How often an n-gram of 1 to `longest` words of settled documents falls into each bucket: int64[buckets].

    >>> from pipeline.kernels.tokens import settled_table
    >>> text = np.frombuffer(b"en skog av gran", np.uint8)
    >>> int(gram_counts(np.array([0, len(text)]), text, settled_table(), 100, 2).sum())
    7
    """
    counts = np.zeros(buckets, np.int64)
    _count_all(np.ascontiguousarray(offsets, np.int64), data, fold, powers(1), longest, counts)
    return counts
