r"""One pass over a document's bytes: its words, its lines and its character counts, for all other kernels to read.

A word is a maximal run of `\w` (letters, digits, underscore), so that the section sign and punctuation are no words.
A line ends at a line feed. Scratch arrays are made once a batch and reused for each document.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.characters import (
    CLOSER,
    CODE,
    CONSONANT,
    DIGIT,
    LETTER,
    LOWER,
    MARK,
    SPACE,
    TERMINAL,
    UPPER,
    URL_END,
    WORD,
    decode,
    look_at,
)
from pipeline.kernels.vocabulary import HASH_MASK, HASH_PRIME, HASH_SEED

W_HASH, W_END_CHARS, W_FLAGS, W_LENGTH, W_LETTERS, W_DIGITS, W_UPPER, WORD_FIELDS = range(8)
"""Of a word: hash of its lower case, code points of all words up to and with it, flags, code points, letters, digits,
capitals."""

CAPITAL, LONG_RUN, INNER_UPPER, IN_URL, CONSENT_WORD = 1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 20
"""Flags of a word beside the class bits of its characters, which stand in the same number, or-ed. CONSENT_WORD is set by
token_statistics."""

CONSONANT_RUN = 6
"""Consonants in a row that Swedish does not write: "v\N{LATIN SMALL LETTER A WITH DIAERESIS}stkustskt" has five."""

L_START, L_END, L_CHARS, L_VISIBLE, L_LETTERS, L_UPPER, L_CODE, L_WORD, L_LAST, L_FIRST, LINE_FIELDS = range(
    11
)
"""Of a line: first byte, byte after it, code points, those not space, letters, capitals, code marks, index of its first
word, class bits of its last visible character, byte of its first visible character."""

C_CHARS, C_LETTERS, C_DIGITS, C_UPPER, C_MARKS, C_CODE, C_SPACES, C_NEWLINES, C_SENTENCES, COUNTS = range(10)

_FEED, _COLON, _SLASH, _QUOTE = 10, 58, 47, 34

# Functions called per word or line take the array and an index, not a row: numba counts references for every row it cuts
# out, which took four fifths of the time of this pass.


@njit(cache=True, nogil=True)
def _read_word(
    data: NDArray[np.uint8],
    at: int,
    end: int,
    table: NDArray[np.int64],
    words: NDArray[np.int64],
    number: int,
) -> int:
    """Read the word that begins at byte `at` into words[number]; returns the byte after it."""
    value, bits, extra, length, run, before = HASH_SEED & HASH_MASK, 0, 0, 0, 0, 0
    letters, digits, capitals = 0, 0, 0
    while at < end:
        code, after = decode(data, at)
        flags, small = look_at(table, code)
        if not flags & WORD:
            break
        value = ((value ^ small) * HASH_PRIME) & HASH_MASK
        run = run + 1 if flags & CONSONANT else 0
        if run >= CONSONANT_RUN:
            extra |= LONG_RUN
        if flags & UPPER:
            capitals += 1
            extra |= CAPITAL if length == 0 else 0
            extra |= INNER_UPPER if before & LOWER else 0
        letters += 1 if flags & LETTER else 0
        digits += 1 if flags & DIGIT else 0
        bits |= flags
        before = flags
        length += 1
        at = after
    words[number, W_HASH] = value
    words[number, W_FLAGS] = bits | extra
    words[number, W_LENGTH] = length
    words[number, W_LETTERS] = letters
    words[number, W_DIGITS] = digits
    words[number, W_UPPER] = capitals
    return at


@njit(cache=True, nogil=True)
def _count_word(words: NDArray[np.int64], number: int, counts: NDArray[np.int64]) -> None:
    before = words[number - 1, W_END_CHARS] if number else 0
    words[number, W_END_CHARS] = before + words[number, W_LENGTH]
    counts[C_CHARS] += words[number, W_LENGTH]
    counts[C_LETTERS] += words[number, W_LETTERS]
    counts[C_DIGITS] += words[number, W_DIGITS]
    counts[C_UPPER] += words[number, W_UPPER]


@njit(cache=True, nogil=True)
def _after_quote(byte: int) -> bool:
    """One of : , ] } ) = > behind a straight quote: a quoted key or value. Quoted speech seldom goes on so."""
    return byte == 58 or byte == 44 or byte == 93 or byte == 125 or byte == 41 or byte == 61 or byte == 62


@njit(cache=True, nogil=True)
def _count_other(code: int, follows: int, flags: int, ending: int, counts: NDArray[np.int64]) -> None:
    """Count a character outside words; `follows` is the byte behind it, `ending` the class bits that may end a sentence."""
    counts[C_CHARS] += 1
    if flags & SPACE:
        counts[C_SPACES] += 1
        counts[C_SENTENCES] += (ending & TERMINAL) != 0
    elif flags & MARK:
        counts[C_MARKS] += 1
        counts[C_CODE] += flags & CODE != 0 or (code == _QUOTE and _after_quote(follows))


@njit(cache=True, nogil=True)
def _starts_url(data: NDArray[np.uint8], after: int, end: int) -> bool:
    """Two slashes from byte `after`, which follows a colon."""
    return after + 1 < end and data[after] == _SLASH and data[after + 1] == _SLASH


@njit(cache=True, nogil=True)
def _open_line(
    lines: NDArray[np.int64], number: int, counts: NDArray[np.int64], start: int, words: int
) -> None:
    lines[number, L_START] = start
    lines[number, L_CHARS] = counts[C_CHARS]
    lines[number, L_VISIBLE] = counts[C_CHARS] - counts[C_SPACES]
    lines[number, L_LETTERS] = counts[C_LETTERS]
    lines[number, L_UPPER] = counts[C_UPPER]
    lines[number, L_CODE] = counts[C_CODE]
    lines[number, L_WORD] = words
    lines[number, L_LAST] = 0
    lines[number, L_FIRST] = -1


@njit(cache=True, nogil=True)
def _close_line(lines: NDArray[np.int64], number: int, counts: NDArray[np.int64], end: int) -> int:
    """Turn the counts at the line's start into its own; 0 for a blank line, which is not kept, else 1."""
    lines[number, L_END] = end
    lines[number, L_CHARS] = counts[C_CHARS] - lines[number, L_CHARS]
    lines[number, L_VISIBLE] = counts[C_CHARS] - counts[C_SPACES] - lines[number, L_VISIBLE]
    lines[number, L_LETTERS] = counts[C_LETTERS] - lines[number, L_LETTERS]
    lines[number, L_UPPER] = counts[C_UPPER] - lines[number, L_UPPER]
    lines[number, L_CODE] = counts[C_CODE] - lines[number, L_CODE]
    return 1 if lines[number, L_VISIBLE] > 0 else 0


@njit(cache=True, nogil=True)
def _see(lines: NDArray[np.int64], number: int, at: int, flags: int) -> None:
    """Note a visible character of the line."""
    lines[number, L_LAST] = flags
    if lines[number, L_FIRST] < 0:
        lines[number, L_FIRST] = at


@njit(cache=True, nogil=True)
def scan(
    data: NDArray[np.uint8],
    bounds: tuple[int, int],
    table: NDArray[np.int64],
    words: NDArray[np.int64],
    lines: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> tuple[int, int]:
    """Fill words, lines and counts from data[bounds[0]:bounds[1]]; returns how many words and lines that are not blank.

    `lines[:, L_CHARS]` leaves the line feed out. `table` is character_table().
    """
    at, end = bounds
    counts[:] = 0
    n_words, n_lines, ending, in_url = 0, 0, 0, 0
    _open_line(lines, 0, counts, at, 0)
    while at < end:
        code, after = decode(data, at)
        flags, _ = look_at(table, code)
        if flags & WORD:
            _see(lines, n_lines, at, flags)
            at = _read_word(data, at, end, table, words, n_words)
            _count_word(words, n_words, counts)
            words[n_words, W_FLAGS] |= in_url
            n_words, ending = n_words + 1, 0
            continue
        if flags & URL_END:
            in_url = 0
        elif code == _COLON and n_words and _starts_url(data, after, end):
            in_url = IN_URL
            words[n_words - 1, W_FLAGS] |= IN_URL  # the scheme
        if code == _FEED:
            counts[C_NEWLINES] += 1
            n_lines += _close_line(lines, n_lines, counts, at)
        _count_other(code, data[after] if after < end else _FEED, flags, ending, counts)
        if code == _FEED:
            _open_line(lines, n_lines, counts, after, n_words)
        elif not flags & SPACE:
            _see(lines, n_lines, at, flags)
        if not (flags & CLOSER and ending & TERMINAL):
            ending = flags
        at = after
    counts[C_SENTENCES] += (ending & TERMINAL) != 0
    n_lines += _close_line(lines, n_lines, counts, end)
    return n_words, n_lines
