"""Hashes of word shingles: every window of five consecutive words, or one shingle of all words where there are fewer.

The 64-bit hash of a shingle is made from the hashes of its words:

    word     fmix64 of its UTF-8 bytes, taken eight at a time as little-endian numbers (see `_word_hash`)
    window   sum of word[i] * RADIX ** (width - 1 - i), modulo 2**64
    shingle  fmix64(window); 0 is replaced by 1, since 0 marks an empty slot elsewhere

Words of up to eight bytes, which are most, never collide: each step for them is a bijection. `shingle_hash` says the same in plain
Python, over the words joined by single spaces: what datasketch takes as hashfunc.

Where words begin and end is read from 64 bytes at a time as bits, so that no branch depends on the text and the words can be
hashed out of order (measured: 1.15 GB/s for finding, folding and hashing words against .6 character by character).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.bits import load64, ones, trailing_zeros
from pipeline.kernels.tokens import FRONT, PAD, chunk_end, fold_chunk, longest_chunk

# Finalizer of MurmurHash3, 64 bits (Appleby, public domain).
_MIX_1, _MIX_2 = 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53
# Any odd numbers with well spread bits will do: 2**64 divided by the golden ratio, and a prime of xxHash.
_RADIX, _SECOND = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F
_MASK = (1 << 64) - 1
MAX_WIDTH = 16
"""Longest window, in words."""

_U_RADIX, _U_SECOND = np.uint64(_RADIX), np.uint64(_SECOND)
_U_MIX_1, _U_MIX_2 = np.uint64(_MIX_1), np.uint64(_MIX_2)
_ZERO, _ONE, _TWO, _EIGHT, _SIXTEEN = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(8), np.uint64(16)
_S32, _S33, _S56, _S63 = np.uint64(32), np.uint64(33), np.uint64(56), np.uint64(63)
_LOW_BITS = np.uint64(0x0101010101010101)
# Multiplied by this, the lowest bits of eight bytes meet in the top byte, the first of them lowest.
_GATHER = np.uint64(0x0102040810204080)
_KEEP = np.array([(1 << (8 * count)) - 1 for count in range(9)], np.uint64)
"""Masks that keep the first `count` bytes of eight."""


def _fmix64(value: int) -> int:
    value = ((value ^ (value >> 33)) * _MIX_1) & _MASK
    value = ((value ^ (value >> 33)) * _MIX_2) & _MASK
    return value ^ (value >> 33)


def _word_hash(word: bytes) -> int:
    parts = [int.from_bytes(word[at : at + 8], "little") for at in range(0, len(word), 8)] + [0]
    value = parts[0] * _RADIX & _MASK
    value = ((value ^ (value >> 32)) + parts[1] * _SECOND) & _MASK
    for part in parts[2:-1]:
        value ^= value >> 32
        value = (value ^ part) * _RADIX & _MASK
    return _fmix64(value)


def shingle_hash(shingle: bytes) -> int:
    """64-bit hash of one shingle: lower-cased words joined by single spaces, UTF-8.

    >>> hex(shingle_hash("lag om ändring i skogsvårdslagen".encode()))
    '0xd72e682f6dbd675a'
    """
    window = 0
    for word in shingle.split(b" "):
        window = (window * _RADIX + _word_hash(word)) & _MASK
    return _fmix64(window) or 1


def shingle_hash32(shingle: bytes) -> int:
    """The upper half of `shingle_hash`: give it to `datasketch.MinHash(hashfunc=...)`, scheme affine32."""
    return shingle_hash(shingle) >> 32


def powers(width: int) -> NDArray[np.uint64]:
    """uint64[width]: what each word of a window is multiplied by."""
    return np.array([pow(_RADIX, width - 1 - place, 1 << 64) for place in range(width)], np.uint64)


@njit(cache=True, nogil=True)
def mix64(value: np.uint64) -> np.uint64:
    """Finalizer of MurmurHash3: a bijection that lets every input bit reach every output bit."""
    value = (value ^ (value >> _S33)) * _U_MIX_1
    value = (value ^ (value >> _S33)) * _U_MIX_2
    return value ^ (value >> _S33)


@njit(cache=True, nogil=True)
def _bits_of_eight(mask: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    return ((load64(mask, at) & _LOW_BITS) * _GATHER) >> _S56


@njit(cache=True, nogil=True)
def _bits_of_64(mask: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    """Bit i says whether byte `at + i` belongs to a word."""
    bits = _ZERO
    for k in range(8):
        shift = np.uint64(8 * k)
        bits |= _bits_of_eight(mask, at + shift) << shift
    return bits


@njit(cache=True, nogil=True)
def _edges(mask: NDArray[np.uint8], size: int, places: NDArray[np.uint32]) -> int:
    """Write where words begin and end, in turn, to places; returns how many words there are."""
    found, carry, at = _ZERO, _ZERO, _ZERO
    while at <= np.uint64(size):
        bits = _bits_of_64(mask, at)
        changes = bits ^ ((bits << _ONE) | carry)
        carry = bits >> _S63
        here = found
        found += ones(changes)
        # Eight at a time, some of them in vain: one branch that the processor can foresee instead of one per edge.
        while here < found:
            for k in range(8):
                places[here + np.uint64(k)] = np.uint32(at + trailing_zeros(changes))
                changes &= changes - _ONE
            here += _EIGHT
        at += np.uint64(64)
    total: int = np.int64(found >> _ONE)  # type: ignore[assignment]
    return total


@njit(cache=True, nogil=True)
def _hash_words(
    folded: NDArray[np.uint8], places: NDArray[np.uint32], count: int, words: NDArray[np.uint64]
) -> None:
    """Write the hashes of `count` words to words."""
    front = np.uint64(FRONT)
    for i in range(count):
        start, end = np.uint64(places[2 * i]) + front, np.uint64(places[2 * i + 1]) + front
        length = end - start
        first = load64(folded, start) & _KEEP[min(length, _EIGHT)]
        second = load64(folded, start + _EIGHT) & _KEEP[min(max(length, _EIGHT) - _EIGHT, _EIGHT)]
        value = first * _U_RADIX
        value = (value ^ (value >> _S32)) + second * _U_SECOND
        at = start + _SIXTEEN
        while at < end:
            value ^= value >> _S32
            value = (value ^ (load64(folded, at) & _KEEP[min(end - at, _EIGHT)])) * _U_RADIX
            at += _EIGHT
        words[i] = value
    for i in range(count):
        words[i] = mix64(words[i])


@njit(cache=True, nogil=True)
def _windows(
    words: NDArray[np.uint64], count: int, factors: NDArray[np.uint64], out: NDArray[np.uint64]
) -> None:
    """Write the hashes of `count` windows of len(factors) words, from the first word on, to out[:count]."""
    out[:count] = _ZERO
    for k in range(len(factors)):
        factor, shifted = factors[k], words[k : k + count]
        for i in range(count):
            out[i] += shifted[i] * factor
    for i in range(count):
        out[i] = max(mix64(out[i]), _ONE)


@njit(cache=True, nogil=True)
def scratch_for(
    offsets: NDArray[np.int64], data: NDArray[np.uint8]
) -> tuple[
    tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.uint32], NDArray[np.uint64]
]:
    """Scratch for `next_windows` over these documents: (raw, folded, mask), edges of words, hashes of words.

    Memory that is never written is never resident, so generous bounds cost address space only.
    """
    size = longest_chunk(offsets, data)
    bytes_ = (
        np.empty(FRONT + size + PAD, np.uint8),
        np.empty(FRONT + size + PAD, np.uint8),
        np.empty(size + PAD, np.uint8),
    )
    return bytes_, np.empty(size + PAD, np.uint32), np.empty(size // 2 + 1 + MAX_WIDTH, np.uint64)


@njit(cache=True, nogil=True)
def next_windows(
    data: NDArray[np.uint8],
    where: tuple[int, int, int],
    fold: NDArray[np.uint32],
    factors: NDArray[np.uint64],
    scratch: tuple[
        tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.uint32], NDArray[np.uint64]
    ],
    out: NDArray[np.uint64],
) -> tuple[int, int, np.uint32, int]:
    """One chunk of a document: `where` is (start of the chunk, end of the document, words held from the chunk before).

    Writes the hashes of the windows that are now complete to `out` and returns (end of the chunk, words held for the next,
    fold entries or-ed together, number of windows).
    """
    start, end, held = where
    bytes_, places, words = scratch
    stop = chunk_end(data, start, end)
    seen = fold_chunk(data, start, stop, fold, bytes_)
    count = _edges(bytes_[2], stop - start, places)
    _hash_words(bytes_[1], places, count, words[held:])
    count += held
    windows = max(count - len(factors) + 1, 0)
    _windows(words, windows, factors, out)
    for k in range(count - windows):
        words[k] = words[windows + k]
    return stop, count - windows, seen, windows


@njit(cache=True, nogil=True)
def only_window(words: NDArray[np.uint64], count: int, factors: NDArray[np.uint64]) -> np.uint64:
    """The shingle of all words of a document that has fewer than a window: `count` held words."""
    window = _ZERO
    for i in range(count):
        window += words[i] * factors[len(factors) - count + i]
    return max(mix64(window), _ONE)


@njit(cache=True, nogil=True)
def most_words(start: int, end: int) -> int:
    """Upper bound of the words in so many bytes: each has a byte and, but for the last, one that ends it."""
    return (end - start + 1) // 2


@njit(cache=True, nogil=True)
def shingle_documents(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    fold: NDArray[np.uint32],
    factors: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.bool_]]:
    """Shingle hashes of n documents, data[offsets[i]:offsets[i + 1]], in reading order, with repeats.

    Returns offsets (int64[n + 1]), hashes, and which documents are odd: these have none (see pipeline.kernels.tokens).
    """
    n = len(offsets) - 1
    bounds = np.zeros(n + 1, np.int64)
    odd = np.zeros(n, np.bool_)
    scratch = scratch_for(offsets, data)
    room = 0
    for i in range(n):
        room += most_words(offsets[i], offsets[i + 1])
    hashes = np.empty(room, np.uint64)
    for i in range(n):
        at, held, used = offsets[i], 0, bounds[i]
        while at < offsets[i + 1] and not odd[i]:
            at, held, seen, windows = next_windows(
                data, (at, offsets[i + 1], held), fold, factors, scratch, hashes[used:]
            )
            used += windows
            odd[i] = seen >= np.uint32(1 << 31)
        if odd[i]:
            used = bounds[i]
        elif used == bounds[i] and held:
            hashes[used] = only_window(scratch[2], held, factors)
            used += 1
        bounds[i + 1] = used
    return bounds, hashes[: bounds[n]], odd
