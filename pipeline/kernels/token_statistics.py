"""What stands between two spaces and is no prose: addresses of pages, encoded data, tags; and what words are made of."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.characters import DIGIT, LETTER, LOWER, NOT_LATIN, VOWEL
from pipeline.kernels.repetition import T_COUNT, T_KEY, T_STAMP, find_slot, table_mask
from pipeline.kernels.text_scan import (
    CAPITAL,
    CONSENT_WORD,
    IN_URL,
    INNER_UPPER,
    LONG_RUN,
    W_FLAGS,
    W_HASH,
    W_LENGTH,
)
from pipeline.kernels.vocabulary import CONSENT_BIT, FILLER_BIT, LANGUAGES, SCRIPT_BIT, STOP_BITS, look_up

B_URL, B_ENCODED, B_TAG, B_LONGEST, B_HASH, B_ELLIPSIS, B_BACKSLASH, BYTE_TOTALS = range(8)
"""Bytes in addresses, encoded runs and tags; bytes of the longest token; number signs; ellipses; backslashes."""

(
    W_ALPHA,
    W_PROSE,
    W_NUMBERS,
    W_CAPITAL,
    W_MIXED,
    W_SINGLE,
    W_ODD,
    W_LONGEST,
    W_FILLER,
    W_SCRIPT,
    W_STOP,
    W_STOP_DISTINCT,
    W_DISTINCT,
    W_TOP,
    WORD_TOTALS,
) = range(15)

ENCODED_RUN = 40
"""Bytes of an unbroken run of base64 or hexadecimal digits that no Swedish compound reaches."""
LONGEST_TAG = 300
VOWELLESS = 3
"""Letters from which on a lower-case word without any vowel is odd; two-letter abbreviations are common."""
CONTENT_LENGTH = 4
"""Letters from which on a word that is no function word counts as a content word."""


@njit(cache=True, nogil=True)
def _encoded(data: NDArray[np.uint8], start: int, end: int) -> bool:
    """A run of letters, digits, + and = that mixes capitals, small letters and digits, or hexadecimal digits only."""
    upper, lower, digit, slash, beyond_hex = 0, 0, 0, 0, 0
    for at in range(start, end):
        byte = data[at]
        if 65 <= byte <= 90:
            upper += 1
            beyond_hex += byte > 70
        elif 97 <= byte <= 122:
            lower += 1
            beyond_hex += byte > 102
        elif 48 <= byte <= 57:
            digit += 1
        elif byte == 47:
            slash += 1
    length = end - start
    if beyond_hex == 0:
        return digit * 8 >= length
    # base64 has a slash every 64th character; a path has far more.
    return upper * 8 >= length and lower * 8 >= length and digit * 24 >= length and slash * 20 <= length


_RUN, _BREAK, _BLANK, _SIGN = range(4)


def _byte_kinds() -> NDArray[np.uint8]:
    kinds = np.full(256, _BREAK, np.uint8)
    kinds[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")] = _RUN
    kinds[list(range(33))] = _BLANK
    kinds[list(b":<#\\.\xe2")] = _SIGN
    return kinds


_BYTE_KINDS = _byte_kinds()
"""What a byte means to byte_totals: part of a base64 run, the end of one, the end of a token, a sign to look at."""


@njit(cache=True, nogil=True)
def _tag_end(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Byte after the tag that opens at `at`, or `at` where none does."""
    if at + 1 >= end:
        return at
    follows = data[at + 1]
    if not (follows == 47 or follows == 33 or follows == 63 or 65 <= follows <= 90 or 97 <= follows <= 122):
        return at
    for close in range(at + 1, min(end, at + LONGEST_TAG)):
        if data[close] == 62:
            return close + 1
        if data[close] == 60:
            return at
    return at


@njit(cache=True, nogil=True)
def _is_url(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """A colon at `at`, followed by two slashes."""
    return at + 2 < end and data[at + 1] == 47 and data[at + 2] == 47


@njit(cache=True, nogil=True)
def _sign(
    data: NDArray[np.uint8], at: int, bounds: tuple[int, int], tag: int, totals: NDArray[np.int64]
) -> int:
    """Count what the sign at `at` begins. No tag begins before byte `tag`, where the last one ends; returns that byte."""
    start, end = bounds
    byte = int(data[at])
    if byte == 60 and at >= tag:
        close = _tag_end(data, at, end)
        totals[B_TAG] += close - at
        return close
    if byte == 35:
        totals[B_HASH] += 1
    elif byte == 92:
        totals[B_BACKSLASH] += 1
    elif byte == 46 and at + 2 < end and data[at + 1] == 46 and data[at + 2] == 46:
        totals[B_ELLIPSIS] += at == start or data[at - 1] != 46
    elif byte == 0xE2:
        # The ellipsis as one character, U+2026, is E2 80 A6; other characters begin with E2 as well.
        totals[B_ELLIPSIS] += data[at + 1] == 0x80 and data[at + 2] == 0xA6
    return tag


@njit(cache=True, nogil=True)
def byte_totals(data: NDArray[np.uint8], bounds: tuple[int, int], totals: NDArray[np.int64]) -> None:
    """One pass over the bytes of a document for what shows in ASCII alone."""
    totals[:] = 0
    start, end = bounds
    token, run, url, tag = start, start, -1, start
    for at in range(start, end + 1):
        kind = _BYTE_KINDS[data[at]] if at < end else _BLANK
        if kind == _RUN:
            continue
        if at - run >= ENCODED_RUN and _encoded(data, run, at):
            totals[B_ENCODED] += at - run
        run = at + 1
        if kind == _BLANK:
            totals[B_LONGEST] = max(int(totals[B_LONGEST]), at - token)
            totals[B_URL] += at - url if url >= 0 else 0
            url, token = -1, at + 1
        elif kind == _SIGN:
            if data[at] == 58 and url < 0 and _is_url(data, at, end):
                url = max(token, at - 5)
            else:
                tag = _sign(data, at, bounds, tag, totals)


@njit(cache=True, nogil=True)
def _odd(flags: int, length: int) -> bool:
    """A word that scanning errors make: no vowel, an impossible run of consonants, a capital after a small letter."""
    if flags & NOT_LATIN or flags & DIGIT or not flags & LOWER:
        return False
    return bool(flags & (LONG_RUN | INNER_UPPER)) or (length >= VOWELLESS and not flags & VOWEL)


@njit(cache=True, nogil=True)
def _add_word(flags: int, length: int, totals: NDArray[np.int64]) -> None:
    has_letter, has_digit = flags & LETTER != 0, flags & DIGIT != 0
    totals[W_PROSE] += 1
    totals[W_NUMBERS] += not has_letter
    totals[W_CAPITAL] += (flags & CAPITAL) != 0
    totals[W_MIXED] += has_letter and has_digit
    totals[W_SINGLE] += length == 1 and has_letter
    totals[W_ODD] += _odd(flags, length)


@njit(cache=True, nogil=True)
def word_totals(
    words: NDArray[np.int64],
    n_words: int,
    vocabulary: NDArray[np.int64],
    seen: NDArray[np.int64],
    totals: NDArray[np.int64],
) -> None:
    """Add up the words of one document, except W_DISTINCT and W_TOP.

    All but W_ALPHA and W_LONGEST count only words outside addresses of pages, W_PROSE many: law texts link each section.
    `seen` is int64[2, slots of the vocabulary]: how often each listed word occurs, zero at the start and left zero, and
    the slots touched. Words of consent notices get the flag CONSENT_WORD.
    """
    totals[:] = 0
    touched = 0
    for i in range(n_words):
        totals[W_ALPHA] += (words[i, W_FLAGS] & LETTER) != 0
        totals[W_LONGEST] = max(int(totals[W_LONGEST]), int(words[i, W_LENGTH]))
        if words[i, W_FLAGS] & IN_URL:
            continue
        _add_word(int(words[i, W_FLAGS]), int(words[i, W_LENGTH]), totals)
        slot = look_up(vocabulary, int(words[i, W_HASH]))
        if slot >= 0:
            if seen[0, slot] == 0:
                seen[1, touched] = slot
                touched += 1
            seen[0, slot] += 1
            words[i, W_FLAGS] |= CONSENT_WORD if vocabulary[slot, 1] & CONSENT_BIT else 0
    _listed_words(vocabulary, seen, touched, totals)


@njit(cache=True, nogil=True)
def _listed_words(
    vocabulary: NDArray[np.int64], seen: NDArray[np.int64], touched: int, totals: NDArray[np.int64]
) -> None:
    """Add up the words of the vocabulary and clear their counts. The language with most function words speaks for all."""
    for language in range(len(LANGUAGES)):
        stops, distinct = 0, 0
        for i in range(touched):
            slot = seen[1, i]
            if vocabulary[slot, 1] >> language & 1:
                stops += seen[0, slot]
                distinct += 1
        totals[W_STOP] = max(int(totals[W_STOP]), stops)
        totals[W_STOP_DISTINCT] = max(int(totals[W_STOP_DISTINCT]), distinct)
    for i in range(touched):
        slot = seen[1, i]
        bits, times = int(vocabulary[slot, 1]), int(seen[0, slot])
        totals[W_FILLER] += times if bits & FILLER_BIT else 0
        totals[W_SCRIPT] += times if bits & SCRIPT_BIT else 0
        seen[0, slot] = 0


@njit(cache=True, nogil=True)
def word_frequencies(
    words: NDArray[np.int64],
    n_words: int,
    vocabulary: NDArray[np.int64],
    table: NDArray[np.int64],
    stamp: int,
    totals: NDArray[np.int64],
) -> int:
    """Set W_DISTINCT (different words) and W_TOP (times the most frequent content word occurs). Returns the next stamp."""
    mask = table_mask(n_words)
    for i in range(n_words):
        key = int(words[i, W_HASH])
        slot = find_slot(table, mask, stamp + 1, key)
        if table[slot, T_STAMP] != stamp + 1:
            totals[W_DISTINCT] += 1
            table[slot, T_KEY] = key
            table[slot, T_STAMP] = stamp + 1
            table[slot, T_COUNT] = 0
            content = words[i, W_LENGTH] >= CONTENT_LENGTH and words[i, W_FLAGS] & LETTER
            at = look_up(vocabulary, key)
            if not content or (at >= 0 and vocabulary[at, 1] & STOP_BITS):
                table[slot, T_COUNT] = -n_words
        table[slot, T_COUNT] += 1
        totals[W_TOP] = max(int(totals[W_TOP]), int(table[slot, T_COUNT]))
    return stamp + 1
