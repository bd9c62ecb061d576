"""Hashes of word shingles: every window of five consecutive words, or one shingle of all words where there are fewer.

The 64-bit hash of a shingle is made from the hashes of its words, so that a window moves on in constant time:

    word     fmix64 of the sum of code[i] * factor[i], modulo 2**64
    window   sum of word[i] * RADIX ** (width - 1 - i), modulo 2**64
    shingle  fmix64(window); 0 is replaced by 1, since 0 marks an empty slot elsewhere

A sum of products needs no chain of multiplications and, with no branch at a word's end, runs about 1.5 times as fast as FNV-1a.
`shingle_hash` says the same in plain Python, over the words joined by single spaces: what datasketch takes as hashfunc.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.tokens import ODD, decode

# Finalizer of MurmurHash3, 64 bits (Appleby, public domain).
_MIX_1, _MIX_2 = 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53
# Any odd number with well spread bits will do: 2**64 divided by the golden ratio.
_RADIX = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
MAX_WIDTH = 16
"""Longest window, in words."""


def _fmix64(value: int) -> int:
    value = ((value ^ (value >> 33)) * _MIX_1) & _MASK
    value = ((value ^ (value >> 33)) * _MIX_2) & _MASK
    return value ^ (value >> 33)


# Odd numbers with well spread bits, one for each place in a word; after every 64 places another even number turns them into
# new ones. They come round after 4096 characters, which is no word any more: there only, moved characters can go unseen.
_FACTORS = [_fmix64(_RADIX * (at + 1) & _MASK) | 1 for at in range(64)]
_TURNS = [0] + [_fmix64(_RADIX * (at + 65) & _MASK) & (_MASK - 1) for at in range(63)]

_U_FACTORS, _U_TURNS = np.array(_FACTORS, np.uint64), np.array(_TURNS, np.uint64)
_U_RADIX, _U_MIX_1, _U_MIX_2 = np.uint64(_RADIX), np.uint64(_MIX_1), np.uint64(_MIX_2)
_U_LAST = np.uint64(63)
_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
# A table, since LLVM turns a choice between two values back into a branch (measured: half the speed).
_KEEP = np.array([0, _MASK], np.uint64)
_S6, _S33 = np.uint64(6), np.uint64(33)
_ASCII_END, _TWO_BYTES_END = np.uint64(0x80), np.uint64(0xE0)
_LEAD_BITS, _NEXT_BITS = np.uint64(0x1F), np.uint64(0x3F)


def shingle_hash(shingle: bytes) -> int:
    """64-bit hash of one shingle: lower-cased words joined by single spaces, UTF-8.

    >>> hex(shingle_hash("lag om ändring i skogsvårdslagen".encode()))
    '0xdbcdea5d37798259'
    """
    window = 0
    for word in shingle.decode().split(" "):
        value = 0
        for place, character in enumerate(word):
            factor = _FACTORS[place % 64] ^ _TURNS[place // 64 % 64]
            value = (value + ord(character) * factor) & _MASK
        window = (window * _RADIX + _fmix64(value)) & _MASK
    return _fmix64(window) or 1


def shingle_hash32(shingle: bytes) -> int:
    """The upper half of `shingle_hash`: give it to `datasketch.MinHash(hashfunc=...)`, scheme affine32."""
    return shingle_hash(shingle) >> 32


@njit(cache=True, nogil=True)
def mix64(value: np.uint64) -> np.uint64:
    """Finalizer of MurmurHash3: a bijection that lets every input bit reach every output bit."""
    value = (value ^ (value >> _S33)) * _U_MIX_1
    value = (value ^ (value >> _S33)) * _U_MIX_2
    return value ^ (value >> _S33)


@njit(cache=True, nogil=True)
def word_sums(
    data: NDArray[np.uint8], bounds: tuple[int, int], fold: NDArray[np.uint32], words: NDArray[np.uint64]
) -> int:
    """Write the sum of each word of data[bounds[0]:bounds[1]] to words, not yet mixed. Returns how many there are, or -1
    where the document is odd (see pipeline.kernels.tokens). `words` needs room for one more than there are.

    The end of a word is arithmetic, not a branch: text is unpredictable there.
    """
    # Unsigned throughout: a signed index costs a test for negative ones.
    at, end = np.uint64(bounds[0]), np.uint64(bounds[1])
    count, place, value = _ZERO, _ZERO, _ZERO
    seen = np.uint32(0)
    while at < end:
        code = np.uint64(data[at])
        if code >= _ASCII_END:
            if code < _TWO_BYTES_END:
                code = ((code & _LEAD_BITS) << _S6) | (np.uint64(data[at + _ONE]) & _NEXT_BITS)
                at += _TWO
            else:
                long_code, size = decode(data, np.int64(at))  # type: ignore[arg-type]
                code = np.uint64(long_code)
                at += np.uint64(size)
        else:
            at += _ONE
        folded = fold[code]
        seen |= folded
        words[count] = value
        count += np.uint64(folded == 0 and place > _ZERO)
        going_on = _KEEP[np.int64(folded != 0)]
        factor = _U_FACTORS[place & _U_LAST] ^ _U_TURNS[(place >> _S6) & _U_LAST]
        value = (value + np.uint64(folded) * factor) & going_on
        place = (place + _ONE) & going_on
    words[count] = value
    count += np.uint64(place > _ZERO)
    # numba makes a float of what may be signed or unsigned.
    total: int = np.int64(count)  # type: ignore[assignment]
    return -1 if seen >= ODD else total


@njit(cache=True, nogil=True)
def window_hashes(words: NDArray[np.uint64], count: int, width: int, out: NDArray[np.uint64], at: int) -> int:
    """Write the hashes of the windows over words[:count] (sums, mixed here in place) to out[at:]; returns their end.

    They stand in reading order, repeats included.
    """
    if count == 0:
        return at
    for i in range(count):
        words[i] = mix64(words[i])
    leaving = _ONE
    for _ in range(width):
        leaving *= _U_RADIX
    window = _ZERO
    for i in range(min(width, count)):
        window = window * _U_RADIX + words[i]
    out[at] = max(mix64(window), _ONE)
    for i in range(width, count):
        at += 1
        window = window * _U_RADIX + words[i] - words[i - width] * leaving
        out[at] = max(mix64(window), _ONE)
    return at + 1


@njit(cache=True, nogil=True)
def most_words(start: int, end: int) -> int:
    """Upper bound of the words in so many bytes: each has a byte and, but for the last, one that ends it."""
    return (end - start + 1) // 2
