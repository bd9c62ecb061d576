"""MinHash signatures, equal to datasketch 2.0's scheme affine32 for the same 32-bit shingle hashes and seed.

datasketch mixes a hash once with MurmurHash3's 32-bit finalizer, then takes for each permutation the smallest
`a * h + b` modulo 2**32 over the set, with `a` odd. The empty set's signature is all ones.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.shingles import mix64, most_words, window_hashes, word_sums

EMPTY = np.uint32(0xFFFFFFFF)
# Finalizer of MurmurHash3, 32 bits (Appleby, public domain).
_MIX_1 = np.uint32(0x85EBCA6B)
_MIX_2 = np.uint32(0xC2B2AE35)
_S13, _S16, _S32 = np.uint32(13), np.uint32(16), np.uint64(32)
_DIGEST_A = np.uint64(0x9E3779B97F4A7C15)
_DIGEST_B = np.uint64(0xC2B2AE3D27D4EB4F)
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
    """Write the signature of the set with these 32-bit hashes (repeats allowed) to row, uint32[k]."""
    row[:] = EMPTY
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
def sketch_documents(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    fold: NDArray[np.uint32],
    width: int,
    permuted: tuple[NDArray[np.uint32], NDArray[np.uint32]],
    signatures: NDArray[np.uint32],
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.uint64], NDArray[np.bool_]]:
    """Shingles and signatures of n documents, data[offsets[i]:offsets[i + 1]]; signatures (uint32[n, k]) are filled in.

    Returns shingle offsets (int64[n + 1]), shingle hashes (in reading order, with repeats), a digest of each sequence
    (uint64[n]) and which documents are odd: these are left without shingles (see pipeline.kernels.tokens).
    """
    n = len(offsets) - 1
    a, b = permuted
    bounds = np.zeros(n + 1, np.int64)
    digests = np.zeros(n, np.uint64)
    odd = np.zeros(n, np.bool_)
    room, longest = 0, 0
    for i in range(n):
        most = most_words(offsets[i], offsets[i + 1])
        room += most
        longest = max(longest, most)
    # Memory that is never written is never resident, so a generous bound costs address space only.
    shingles = np.empty(room, np.uint64)
    words = np.empty(longest + 1, np.uint64)
    upper = np.empty(longest, np.uint32)
    for i in range(n):
        start = bounds[i]
        count = word_sums(data, (offsets[i], offsets[i + 1]), fold, words)
        odd[i] = count < 0
        end = window_hashes(words, max(count, 0), width, shingles, start)
        bounds[i + 1] = end
        first, second = np.uint64(end - start), np.uint64(0)
        for j in range(start, end):
            upper[j - start] = np.uint32(shingles[j] >> _S32)
            # A sum of products needs no chain of multiplications; equality is checked hash by hash afterwards.
            first += shingles[j] * (_DIGEST_A + _DIGEST_B * np.uint64(2 * (j - start)))
            second ^= first
        digests[i] = mix64(first ^ mix64(second))
        sign(upper[: end - start], a, b, signatures[i])
    return bounds, shingles[: bounds[n]].copy(), digests, odd
