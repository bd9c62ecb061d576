"""Documents and their edited copies, drawn from a pool by number: the same number always gives the same bytes.

A copy draws its source anew from the source's number, so that copies may refer to any earlier document of 10 GB without any
text being kept. Words are int32: number of the word * 2, plus 1 where a paragraph ends after it.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_SPACE, _LINE = np.uint8(32), np.uint8(10)
MIN_BYTES, MAX_BYTES = 1_000, 20_000
MAX_WORDS = MAX_BYTES + 100
"""A word takes two bytes at least, with its space."""


@njit(cache=True, nogil=True, inline="always")
def _next(state: NDArray[np.uint64]) -> np.uint64:
    """splitmix64: ours, so that no library's change of generator changes the corpus."""
    state[0] += _GOLDEN
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * _MIX1
    z = (z ^ (z >> np.uint64(27))) * _MIX2
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True, inline="always")
def _below(state: NDArray[np.uint64], limit: int) -> int:
    return np.int64((_next(state) >> np.uint64(11)) % np.uint64(limit))


@njit(cache=True, nogil=True)
def _seeded(seed: int, number: int, purpose: int, state: NDArray[np.uint64]) -> None:
    state[0] = np.uint64(seed) * _MIX1 ^ np.uint64(number) * _MIX2 ^ np.uint64(purpose) * _GOLDEN
    _next(state)
    state[0] = _next(state)


@njit(cache=True, nogil=True)
def _draw(wanted, word_at, stream, start, state, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Sentences until `wanted` bytes, every seventh word replaced so that no two documents are alike. Returns words."""
    phase, size, n = _below(state, 7), 0, 0
    while size < wanted:
        sentence = _below(state, len(start) - 1)
        for at in range(start[sentence], start[sentence + 1]):
            word = stream[at]
            if n % 7 == phase:
                word = stream[_below(state, len(stream))]
            out[n] = 2 * word
            n += 1
            size += word_at[word + 1] - word_at[word] + 1
            if size >= wanted:
                break
        if _below(state, 4) == 0:
            out[n - 1] |= 1
    return n


@njit(cache=True, nogil=True)
def _edit(out, n, words, cut, stream, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Replace a share of the words and cut one stretch of a share of the document, in place. Returns words."""
    if words > 0:
        for _ in range(max(1, round(n * words))):
            out[_below(state, n)] = 2 * stream[_below(state, len(stream))]
    if cut > 0:
        length = min(max(1, round(n * cut)), n - 1)
        begin = _below(state, n - length + 1)
        for at in range(begin, n - length):
            out[at] = out[at + length]
        n -= length
    return n


@njit(cache=True, nogil=True)
def _flip_case(buffer, begin, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Case of ASCII letters and of the Latin-1 letters of UTF-8's two-byte form, where both cases have the same length."""
    for at in range(begin, end):
        byte = buffer[at]
        ascii_letter = 65 <= byte <= 90 or 97 <= byte <= 122
        if ascii_letter or (at > begin and buffer[at - 1] == 0xC3 and byte not in (0x97, 0xB7, 0x9F, 0xBF)):
            buffer[at] = byte ^ 32


@njit(cache=True, nogil=True)
def _emit(out, n, layout, letters, word_at, state, buffer, at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """UTF-8 of the words. `layout`: other white space, case and punctuation, with not a word changed."""
    for k in range(n):
        word = out[k] >> 1
        dice = _below(state, 100) if layout else 100
        if dice < 3:
            buffer[at] = 40  # (
            at += 1
        begin = at
        for letter in range(word_at[word], word_at[word + 1]):
            buffer[at] = letters[letter]
            at += 1
        if 3 <= dice < 10:
            _flip_case(buffer, begin, at)
        if 10 <= dice < 14:
            buffer[at] = 44  # ,
            at += 1
        if 14 <= dice < 20:
            buffer[at] = _SPACE
            at += 1
        if k < n - 1:
            buffer[at] = _LINE if (out[k] & 1) ^ (20 <= dice < 26) else _SPACE
            at += 1
    return at


@njit(cache=True, nogil=True)
def draw_documents(seed, first, source, wanted, edits, letters, word_at, stream, start, buffer, offsets):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write documents first, first + 1, … as UTF-8 to buffer and their bounds to offsets.

    Document k has source[k] (its own number: an original) and wanted[k], the size its source was drawn with;
    edits[k] = (share of words replaced, share cut out, layout 0 or 1).
    """
    state = np.empty(1, np.uint64)
    out = np.empty(MAX_WORDS, np.int32)
    at = 0
    offsets[0] = 0
    for k in range(len(source)):
        _seeded(seed, source[k], 1, state)
        n = _draw(wanted[k], word_at, stream, start, state, out)
        if source[k] != first + k:
            _seeded(seed, first + k, 2, state)
            n = _edit(out, n, edits[k, 0], edits[k, 1], stream, state)
        at = _emit(out, n, edits[k, 2] > 0, letters, word_at, state, buffer, at)
        offsets[k + 1] = at
