"""Hashes of word shingles: every window of five consecutive words, or one shingle of all words where there are fewer.

The 64-bit hash of a shingle is made from the hashes of its words, so that a window moves on in constant time:

    word     FNV-1a over its code points, then fmix64
    window   sum of word[i] * RADIX ** (width - 1 - i), modulo 2**64
    shingle  fmix64(window); 0 is replaced by 1, since 0 marks an empty slot elsewhere

`shingle_hash` says the same in plain Python, over the words joined by single spaces: what datasketch takes as hashfunc.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.tokens import FOLDED, ODD, decode

# FNV-1a, 64 bits (Fowler, Noll, Vo; RFC 9923).
_FNV_BASIS = np.uint64(0xCBF29CE484222325)
_FNV_PRIME = np.uint64(0x100000001B3)
# Finalizer of MurmurHash3, 64 bits (Appleby, public domain).
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_S33 = np.uint64(33)
# Any odd number with well spread bits will do: 2**64 divided by the golden ratio.
_RADIX = np.uint64(0x9E3779B97F4A7C15)
_S32 = np.uint64(32)
_ONE = np.uint64(1)
MAX_WIDTH = 16
"""Longest window, in words (the ring of the last word hashes has this size)."""
_MASK = (1 << 64) - 1


def shingle_hash(shingle: bytes) -> int:
    """64-bit hash of one shingle: lower-cased words joined by single spaces, UTF-8.

    >>> hex(shingle_hash("lag om ändring i skogsvårdslagen".encode()))
    '0x32e8081005f7c6e3'
    """
    window = 0
    for word in shingle.decode().split(" "):
        value = int(_FNV_BASIS)
        for character in word:
            value = ((value ^ ord(character)) * int(_FNV_PRIME)) & _MASK
        window = (window * int(_RADIX) + _fmix64(value)) & _MASK
    return _fmix64(window) or 1


def shingle_hash32(shingle: bytes) -> int:
    """The upper half of `shingle_hash`: give it to `datasketch.MinHash(hashfunc=...)`, scheme affine32."""
    return shingle_hash(shingle) >> 32


def _fmix64(value: int) -> int:
    value = ((value ^ (value >> 33)) * int(_MIX_1)) & _MASK
    value = ((value ^ (value >> 33)) * int(_MIX_2)) & _MASK
    return value ^ (value >> 33)


@njit(cache=True, nogil=True)
def mix64(value: np.uint64) -> np.uint64:
    """Finalizer of MurmurHash3: a bijection that lets every input bit reach every output bit."""
    value = (value ^ (value >> _S33)) * _MIX_1
    value = (value ^ (value >> _S33)) * _MIX_2
    return value ^ (value >> _S33)


@njit(cache=True, nogil=True)
def shingle_document(
    data: NDArray[np.uint8],
    bounds: tuple[int, int],
    fold: NDArray[np.uint32],
    width: int,
    out: NDArray[np.uint64],
    at: int,
) -> int:
    """Write the shingle hashes of data[bounds[0]:bounds[1]] to out[at:], in reading order, repeats included.

    Returns the end of what was written, or -1 where the document is odd (see pipeline.kernels.tokens).
    """
    ring = np.zeros(MAX_WIDTH, np.uint64)
    leaving = _ONE
    for _ in range(width):
        leaving *= _RADIX
    window, words, slot = np.uint64(0), 0, 0
    position, end = bounds
    while position < end:
        value, length = _FNV_BASIS, 0
        while position < end:
            code, size = int(data[position]), 1
            if code >= 0x80:
                code, size = decode(data, position)
            folded = fold[code]
            if folded >= ODD:
                return -1
            position += size
            if folded == 0:
                break
            value = (value ^ np.uint64(folded)) * _FNV_PRIME
            length += 1
        if length == 0:
            continue
        value = mix64(value)
        window = window * _RADIX + value - ring[slot] * leaving
        ring[slot] = value
        slot = slot + 1 if slot + 1 < width else 0
        words += 1
        if words >= width:
            out[at] = max(mix64(window), _ONE)
            at += 1
    if 0 < words < width:
        out[at] = max(mix64(window), _ONE)
        at += 1
    return at


@njit(cache=True, nogil=True)
def most_shingles(start: int, end: int) -> int:
    """Upper bound of the shingles in so many bytes: each word has a byte and, but for the last, one that ends it."""
    return (end - start + 1) // 2


__all__ = [
    "FOLDED",
    "MAX_WIDTH",
    "mix64",
    "most_shingles",
    "shingle_document",
    "shingle_hash",
    "shingle_hash32",
]
