"""MinHash signatures, equal to datasketch 2.0's scheme affine32 for the same 32-bit shingle hashes and seed.

datasketch mixes a hash once with MurmurHash3's 32-bit finalizer, then takes for each permutation the smallest
`a * h + b` modulo 2**32 over the set, with `a` odd. The empty set's signature is all ones.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.shingles import mix64, next_windows, only_window, scratch_for

EMPTY = np.uint32(0xFFFFFFFF)
# Finalizer of MurmurHash3, 32 bits (Appleby, public domain).
_MIX_1 = np.uint32(0x85EBCA6B)
_MIX_2 = np.uint32(0xC2B2AE35)
_S13, _S16, _S32 = np.uint32(13), np.uint32(16), np.uint64(32)
_ODD = np.uint32(1 << 31)
# Odd numbers with well spread bits: multiples of the golden ratio and primes of xxHash.
_DIGEST_1, _DIGEST_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_DIGEST_3, _DIGEST_4 = np.uint64(0x165667B19E3779F9), np.uint64(0x27D4EB2F165667C5)
_BLOCK = 8


def permutations(count: int, seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """(a, b), uint32[count] each: drawn as datasketch draws them (legacy generator, so the same for every numpy)."""
    draw = np.random.RandomState(seed)
    a = draw.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return a, draw.randint(0, 1 << 32, count, dtype=np.uint32)


@njit(cache=True, nogil=True)
def _mix32(value: np.uint32) -> np.uint32:
    value = np.uint32(value ^ (value >> _S16))
    value = np.uint32(value * _MIX_1)
    value = np.uint32(value ^ (value >> _S13))
    value = np.uint32(value * _MIX_2)
    return np.uint32(value ^ (value >> _S16))


@njit(cache=True, nogil=True)
def _mix32_of_four(hashes: NDArray[np.uint32], at: int) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    return _mix32(hashes[at]), _mix32(hashes[at + 1]), _mix32(hashes[at + 2]), _mix32(hashes[at + 3])


@njit(cache=True, nogil=True)
def sign(
    hashes: NDArray[np.uint32], a: NDArray[np.uint32], b: NDArray[np.uint32], row: NDArray[np.uint32]
) -> None:
    """Lower row, uint32[k], to the signature of its set joined with these 32-bit hashes (repeats allowed).

    A row of EMPTY is the signature of the empty set.
    """
    at, count = 0, len(hashes)
    # Eight shingles a sweep: the sweep over k is bound by loads, so each load of a, b and row serves eight products
    # (measured: four took a quarter longer).
    while at + _BLOCK <= count:
        h0, h1, h2, h3 = _mix32_of_four(hashes, at)
        h4, h5, h6, h7 = _mix32_of_four(hashes, at + 4)
        for k in range(len(row)):
            v0, v1 = np.uint32(a[k] * h0 + b[k]), np.uint32(a[k] * h1 + b[k])
            v2, v3 = np.uint32(a[k] * h2 + b[k]), np.uint32(a[k] * h3 + b[k])
            v4, v5 = np.uint32(a[k] * h4 + b[k]), np.uint32(a[k] * h5 + b[k])
            v6, v7 = np.uint32(a[k] * h6 + b[k]), np.uint32(a[k] * h7 + b[k])
            low, high = min(min(v0, v1), min(v2, v3)), min(min(v4, v5), min(v6, v7))
            row[k] = min(row[k], min(low, high))
        at += _BLOCK
    while at < count:
        h0 = _mix32(hashes[at])
        for k in range(len(row)):
            row[k] = min(row[k], np.uint32(a[k] * h0 + b[k]))
        at += 1


@njit(cache=True, nogil=True)
def _upper(shingles: NDArray[np.uint64], count: int, upper: NDArray[np.uint32]) -> None:
    for i in range(count):
        upper[i] = np.uint32(shingles[i] >> _S32)


@njit(cache=True, nogil=True)
def _add_to_digest(
    shingles: NDArray[np.uint64], count: int, before: int, sums: tuple[np.uint64, np.uint64]
) -> tuple[np.uint64, np.uint64]:
    """Two sums of products over a sequence: no chain of multiplications, and the order counts."""
    first, second = sums
    for i in range(count):
        place = np.uint64(2 * (before + i))
        first += shingles[i] * (_DIGEST_1 + _DIGEST_2 * place)
        second += shingles[i] * (_DIGEST_3 + _DIGEST_4 * place)
    return first, second


@njit(cache=True, nogil=True)
def _finish_digest(sums: tuple[np.uint64, np.uint64], count: int) -> tuple[np.uint64, np.uint64]:
    first = mix64(sums[0] ^ np.uint64(count))
    return first, mix64(sums[1] ^ first)


@njit(cache=True, nogil=True)
def digests_of_sequences(bounds: NDArray[np.int64], shingles: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The digests, uint64[n, 2], of n sequences of shingles, as `sketch_documents` gives them."""
    n = len(bounds) - 1
    digests = np.empty((n, 2), np.uint64)
    for i in range(n):
        mine = shingles[bounds[i] : bounds[i + 1]]
        sums = _add_to_digest(mine, len(mine), 0, (np.uint64(0), np.uint64(0)))
        digests[i, 0], digests[i, 1] = _finish_digest(sums, len(mine))
    return digests


@njit(cache=True, nogil=True)
def sketch_documents(
    texts: tuple[NDArray[np.int64], NDArray[np.uint8]],
    fold: NDArray[np.uint32],
    factors: NDArray[np.uint64],
    permuted: tuple[NDArray[np.uint32], NDArray[np.uint32]],
    few: int,
    signatures: NDArray[np.uint32],
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.bool_], NDArray[np.int64], NDArray[np.uint64]]:
    """Signatures of n documents (offsets, data); signatures (uint32[n, k]) are filled in.

    Returns the number of windows of each (int64[n]), a digest of each sequence of shingles (uint64[n, 2]), which documents are
    odd (these count as without words, see pipeline.kernels.tokens), and the shingles of those with at most `few` windows, in
    reading order with repeats: offsets (int64[n + 1]) and hashes.
    """
    offsets, data = texts
    n = len(offsets) - 1
    counts, few_bounds = np.zeros(n, np.int64), np.zeros(n + 1, np.int64)
    digests, odd = np.zeros((n, 2), np.uint64), np.zeros(n, np.bool_)
    scratch = scratch_for(offsets, data)
    windows = np.empty(len(scratch[2]), np.uint64)
    upper = np.empty(len(scratch[2]), np.uint32)
    few_hashes = np.empty(n * few, np.uint64)
    for i in range(n):
        signatures[i] = EMPTY
        at, held, used = offsets[i], 0, 0
        sums = (np.uint64(0), np.uint64(0))
        while at < offsets[i + 1] and not odd[i]:
            at, held, seen, found = next_windows(
                data, (at, offsets[i + 1], held), fold, factors, scratch, windows
            )
            odd[i] = seen >= _ODD
            if at == offsets[i + 1] and used + found == 0 and held:
                windows[0], found = only_window(scratch[2], held, factors), 1
            _upper(windows, found, upper)
            sign(upper[:found], permuted[0], permuted[1], signatures[i])
            sums = _add_to_digest(windows, found, used, sums)
            if used + found <= few:
                few_hashes[few_bounds[i] + used : few_bounds[i] + used + found] = windows[:found]
            used += found
        few_bounds[i + 1] = few_bounds[i]
        if odd[i]:
            continue
        counts[i] = used
        digests[i, 0], digests[i, 1] = _finish_digest(sums, used)
        if used <= few:
            few_bounds[i + 1] += used
    return counts, digests, odd, few_bounds, few_hashes[: few_bounds[n]].copy()
