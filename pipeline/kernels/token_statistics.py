"""What the words of a document are made of, which ones they are, and how often each occurs."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.characters import DIGIT, LETTER, LOWER, NOT_LATIN, VOWEL
from pipeline.kernels.hash_table import number_of, table_mask
from pipeline.kernels.text_scan import CAPITAL, IN_URL, INNER_UPPER, LONG_RUN, W_FLAGS, W_HASH, W_LENGTH
from pipeline.kernels.vocabulary import FILLER_BIT, LANGUAGES, SCRIPT_BIT, STOP_BITS, look_up

(
    W_ALPHA,
    W_PROSE,
    W_NUMBERS,
    W_CAPITAL,
    W_MIXED,
    W_SINGLE,
    W_ODD,
    W_FILLER,
    W_SCRIPT,
    W_STOP,
    W_STOP_DISTINCT,
    W_DISTINCT,
    W_TOP,
    WORD_TOTALS,
) = range(14)

I_NUMBER, I_TIMES, I_OUTSIDE, I_BITS, I_CONTENT, INDEX_FIELDS = range(6)
"""Rows of the index: number of the word at each place; and by number: how often it occurs, how often outside addresses of
pages, bits of the vocabulary, whether it can be a keyword (a content word)."""

VOWELLESS = 3
"""Letters from which on a lower-case word without any vowel is odd; two-letter abbreviations are common."""
CONTENT_LENGTH = 4
"""Letters from which on a word that is no function word counts as a content word."""


@njit(cache=True, nogil=True)
def _odd(flags: int, length: int) -> bool:
    """A word that scanning errors make: no vowel, an impossible run of consonants, a capital after a small letter."""
    if flags & NOT_LATIN or flags & DIGIT or not flags & LOWER:
        return False
    return bool(flags & (LONG_RUN | INNER_UPPER)) or (length >= VOWELLESS and not flags & VOWEL)


@njit(cache=True, nogil=True)
def word_totals(words: NDArray[np.int64], n_words: int, totals: NDArray[np.int64]) -> None:
    """Add up what the words are made of. All but W_ALPHA count only words outside addresses of pages, W_PROSE many: law
    texts link each section.
    """
    alpha, prose, numbers, capital, mixed, single, odd = 0, 0, 0, 0, 0, 0, 0
    for i in range(n_words):
        flags, length = words[W_FLAGS, i], words[W_LENGTH, i]
        letter, digit, outside = (flags & LETTER) != 0, (flags & DIGIT) != 0, (flags & IN_URL) == 0
        alpha += letter
        prose += outside
        numbers += outside & (not letter)
        capital += outside & ((flags & CAPITAL) != 0)
        mixed += outside & letter & digit
        single += outside & letter & (length == 1)
        odd += outside & _odd(flags, length)
    totals[W_ALPHA], totals[W_PROSE], totals[W_NUMBERS] = alpha, prose, numbers
    totals[W_CAPITAL], totals[W_MIXED], totals[W_SINGLE], totals[W_ODD] = capital, mixed, single, odd


@njit(cache=True, nogil=True)
def index_words(
    words: NDArray[np.int64],
    n_words: int,
    vocabulary: NDArray[np.int64],
    table: NDArray[np.int64],
    stamp: int,
    index: NDArray[np.int32],
) -> int:
    """Number the different words and count them; returns how many there are."""
    mask, known = table_mask(n_words), 0
    for i in range(n_words):
        key = words[W_HASH, i]
        number = number_of(table, mask, stamp, key, known)
        if number == known:
            known += 1
            slot = look_up(vocabulary, key)
            bits = vocabulary[slot, 1] if slot >= 0 else 0
            is_word = words[W_LENGTH, i] >= CONTENT_LENGTH and (words[W_FLAGS, i] & LETTER) != 0
            index[I_BITS, number] = bits
            index[I_CONTENT, number] = is_word and not bits & STOP_BITS
            index[I_TIMES, number], index[I_OUTSIDE, number] = 0, 0
        index[I_NUMBER, i] = number
        index[I_TIMES, number] += 1
        index[I_OUTSIDE, number] += (words[W_FLAGS, i] & IN_URL) == 0
    return known


@njit(cache=True, nogil=True)
def listed_words(index: NDArray[np.int32], known: int, totals: NDArray[np.int64]) -> None:
    """Add up the words of the vocabulary outside addresses of pages, and set W_DISTINCT (different words) and W_TOP (times the
    most frequent content word occurs). The language with most function words speaks for all.
    """
    stops, distinct = np.zeros(len(LANGUAGES), np.int64), np.zeros(len(LANGUAGES), np.int64)
    top, filler, script = 0, 0, 0
    for number in range(known):
        if index[I_CONTENT, number]:
            top = max(top, int(index[I_TIMES, number]))
        bits, times = int(index[I_BITS, number]), int(index[I_OUTSIDE, number])
        if bits == 0 or times == 0:
            continue
        filler += times if bits & FILLER_BIT else 0
        script += times if bits & SCRIPT_BIT else 0
        for language in range(len(LANGUAGES)):
            if bits >> language & 1:
                stops[language] += times
                distinct[language] += 1
    totals[W_FILLER], totals[W_SCRIPT] = filler, script
    totals[W_STOP], totals[W_STOP_DISTINCT] = stops.max(), distinct.max()
    totals[W_DISTINCT], totals[W_TOP] = known, top
