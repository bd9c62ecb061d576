r"""One pass over a document's bytes: its words, its lines and its character counts, for all other kernels to read.

A word is a maximal run of `\w` (letters, digits, underscore), so that the section sign and punctuation are no words.
A line ends at a line feed. Scratch arrays are made once a batch and reused for each document.

A line is read with all counts in local variables, which the compiler keeps in registers: counting into arrays took four times as
long. A word takes one loop without any choice but "does it go on", and what is rare (capitals inside, digits among letters, long
tokens, colons) is looked at again.
"""

from typing import NamedTuple

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
from pipeline.kernels.raw_tokens import ENCODED_RUN, encoded_bytes, is_ellipsis, starts_url, tag_end
from pipeline.kernels.vocabulary import HASH_MASK, HASH_PRIME, HASH_SEED

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

W_HASH, W_FLAGS, W_LENGTH, WORD_FIELDS = range(4)
"""Rows of the words: hash of the lower case; class bits of the characters, or-ed, with the flags below; code points."""

CAPITAL, LONG_RUN, INNER_UPPER, IN_URL = 1 << 16, 1 << 17, 1 << 18, 1 << 19
"""Flags of a word beside the class bits of its characters, which stand in the same number."""

CONSONANT_RUN = 6
"""Consonants in a row that Swedish does not write: "v\N{LATIN SMALL LETTER A WITH DIAERESIS}stkustskt" has five."""

_HISTORY = 48
"""Code points of a word whose capitals and consonants are kept as bits of one number; longer words are read again."""

L_START, L_END, L_CHARS, L_VISIBLE, L_LETTERS, L_UPPER, L_CODE, L_COLONS, L_WORD, L_LAST, L_FIRST, LINE_FIELDS = range(12)  # fmt: skip
"""Of a line: first byte, byte after it, code points, those not space, letters, capitals, code marks, colons, index of its
first word, class bits of its last visible character, byte of its first visible character."""

(
    C_CHARS, C_SPACES, C_LETTERS, C_UPPER, C_CODE, C_COLONS, C_DIGITS, C_MARKS, C_NEWLINES, C_SENTENCES,
    C_WORD_CHARS, C_LONGEST_WORD, C_LONGEST_TOKEN, C_URL, C_ENCODED, C_TAG, C_HASH, C_ELLIPSIS, C_BACKSLASH, COUNTS,
) = range(20)  # fmt: skip
"""Of a document: code points, of them spaces, letters, capitals, code marks, colons, digits, marks, line feeds; ends of
sentences; code points of all words and of the longest; bytes of the longest token, in addresses of pages, encoded runs and tags;
number signs, ellipses and backslashes."""

_FEED, _BLANK, _COLON, _QUOTE, _LESS, _NUMBER, _BACKSLASH, _DOT, _ELLIPSIS = (
    10,
    32,
    58,
    34,
    60,
    35,
    92,
    46,
    0x2026,
)


def _rare() -> NDArray[np.bool_]:
    """ASCII marks that are more than marks."""
    found = np.zeros(128, np.bool_)
    found[[_COLON, _QUOTE, _LESS, _NUMBER, _BACKSLASH, _DOT]] = True
    return found


_RARE = _rare()


@njit(cache=True, nogil=True)
def _entry(data: Bytes, at: int, table: Ints) -> tuple[int, int]:
    """Lower case (high) and class bits (low 16) of the character at byte `at`, and the byte after it."""
    byte = data[at]
    if byte < 0x80:
        return int(table[byte]), at + 1
    code, after = decode(data, at)
    flags, small = look_at(table, code)
    return small << 16 | flags, after


@njit(cache=True, nogil=True)
def _look_closer(data: Bytes, start: int, end: int, table: Ints) -> tuple[int, int, int, int]:
    """Flags of the word data[start:end], and how many letters, digits and capitals it has, one by one."""
    extra, run, before, at = 0, 0, 0, start
    letters, digits, capitals = 0, 0, 0
    while at < end:
        flags, after = _entry(data, at, table)
        run = run + 1 if flags & CONSONANT else 0
        if run >= CONSONANT_RUN:
            extra |= LONG_RUN
        if flags & UPPER:
            capitals += 1
            extra |= CAPITAL if at == start else 0
            extra |= INNER_UPPER if before & LOWER else 0
        letters += (flags & LETTER) != 0
        digits += (flags & DIGIT) != 0
        before, at = flags, after
    return extra, letters, digits, capitals


@njit(cache=True, nogil=True)
def _read_word(data: Bytes, start: int, end: int, table: Ints) -> tuple[int, int, int, int, int, int, int]:
    """Read the word that begins at byte `start`: the byte after it, its hash, flags, code points, letters, digits, capitals."""
    value, some, every, capitals, consonants, length = HASH_SEED, 0, -1, 0, 0, 0
    at = start
    while at < end:
        entry, after = _entry(data, at, table)
        if not entry & WORD:
            break
        value = (value ^ (entry >> 16)) * HASH_PRIME
        some |= entry
        every &= entry
        # One bit a character, the latest lowest: bit 3 + n is set where the last character but n is a capital.
        capitals = (capitals << 1) + (entry & UPPER)
        consonants = (consonants << 1) + (entry & CONSONANT)
        length += 1
        at = after
    plain = (every & (LETTER | DIGIT)) != 0 and length <= _HISTORY
    if plain and (capitals == 0 or capitals == UPPER << (length - 1)):
        pairs = consonants & (consonants >> 1)
        fours = pairs & (pairs >> 2)
        extra = (CAPITAL if capitals else 0) | (LONG_RUN if fours & (pairs >> 4) else 0)
        letters, digits = length if every & LETTER else 0, length if every & DIGIT else 0
        upper = 1 if capitals else 0
    else:
        extra, letters, digits, upper = _look_closer(data, start, at, table)
    return at, value & HASH_MASK, (some & 0xFFFF) | extra, length, letters, digits, upper


@njit(cache=True, nogil=True)
def _after_quote(byte: int) -> bool:
    """One of : , ] } ) = > behind a straight quote: a quoted key or value. Quoted speech seldom goes on so."""
    return byte == 58 or byte == 44 or byte == 93 or byte == 125 or byte == 41 or byte == 61 or byte == 62


@njit(cache=True, nogil=True)
def _see_rare(
    data: Bytes, at: int, bounds: tuple[int, int], code: int, tag: int, counts: Ints
) -> tuple[int, int]:
    """Count a mark that is more than a mark; returns the byte where the last tag ended, and 1 for a code mark, else 0.

    `tag` is where the last tag before it ended: a bracket inside of a tag opens none.
    """
    start, end = bounds
    code_mark = 0
    if code == _QUOTE:
        code_mark = int(_after_quote(int(data[at + 1]) if at + 1 < end else _FEED))
    elif code in (_DOT, _ELLIPSIS):
        counts[C_ELLIPSIS] += is_ellipsis(data, at, start, end)
    elif code == _LESS and at >= tag:
        tag = tag_end(data, at, end)
        counts[C_TAG] += tag - at
    elif code == _NUMBER:
        counts[C_HASH] += 1
    elif code == _BACKSLASH:
        counts[C_BACKSLASH] += 1
    return tag, code_mark


@njit(cache=True, nogil=True)
def _end_token(data: Bytes, token: int, url: int, at: int, counts: Ints) -> None:
    """The token data[token:at] ends; an address in it begins at byte `url` (-1: none)."""
    if at - token >= ENCODED_RUN:
        counts[C_ENCODED] += encoded_bytes(data, token, at)
    if url >= 0:
        counts[C_URL] += at - url


class _Line(NamedTuple):
    """What was read of one line. `at`: its end; `words`, `tag`: words so far and end of the last tag; the rest as in L_ and C_."""

    at: int
    words: int
    tag: int
    first: int
    last: int
    chars: int
    spaces: int
    letters: int
    upper: int
    digits: int
    marks: int
    code: int
    colons: int
    sentences: int
    word_chars: int
    longest_word: int
    longest_token: int


@njit(cache=True, nogil=True)
def _read_line(
    data: Bytes, bounds: tuple[int, int], place: tuple[int, int, int], table: Ints, words: Ints, counts: Ints
) -> _Line:
    """Read the line that begins at byte place[0], after place[1] words and behind a tag that ended at place[2]."""
    end, (at, n_words, tag) = bounds[1], place
    chars, spaces, letters, upper, digits, marks, code, colons, sentences = 0, 0, 0, 0, 0, 0, 0, 0, 0
    first, last, ending, in_url, token, url = -1, 0, 0, 0, at, -1
    word_chars, longest_word, longest_token = 0, 0, 0
    while at < end:
        entry, after = _entry(data, at, table)
        if entry & WORD:
            first, last, ending = (at if first < 0 else first), 0, 0
            at, value, flags, length, n_letters, n_digits, n_upper = _read_word(data, at, end, table)
            words[W_HASH, n_words], words[W_LENGTH, n_words] = value, length
            words[W_FLAGS, n_words] = flags | in_url
            n_words, word_chars, longest_word = n_words + 1, word_chars + length, max(longest_word, length)
            letters, digits, upper = letters + n_letters, digits + n_digits, upper + n_upper
            continue
        byte = data[at]
        if byte == _FEED:
            break
        chars += 1
        in_url = 0 if entry & URL_END else in_url
        if byte <= _BLANK:
            longest_token = max(longest_token, at - token)
            if url >= 0 or at - token >= ENCODED_RUN:
                _end_token(data, token, url, at, counts)
            token, url = after, -1
        if entry & SPACE:
            spaces += 1
            sentences += (ending & TERMINAL) != 0
        else:
            first, last = (at if first < 0 else first), entry & 0xFFFF
            marks += (entry & MARK) != 0
            code += (entry & CODE) != 0
            if entry >> 16 == _ELLIPSIS or (byte < 0x80 and _RARE[byte]):
                tag, more = _see_rare(data, at, bounds, entry >> 16, tag, counts)
                code += more
                if byte == _COLON:
                    colons += 1
                    if starts_url(data, at, end):
                        url = max(token, at - 5) if url < 0 else url
                        in_url = _mark_scheme(words, n_words)
        ending = ending if entry & CLOSER and ending & TERMINAL else entry
        at = after
    _end_token(data, token, url, at, counts)
    return _Line(
        at, n_words, tag, first, last, chars + word_chars, spaces, letters, upper, digits, marks, code, colons,
        sentences + ((ending & TERMINAL) != 0), word_chars, longest_word, max(longest_token, at - token),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _mark_scheme(words: Ints, n_words: int) -> int:
    """The last word is the scheme of an address; returns the flag of the words behind it, none where no word is before."""
    if n_words == 0:
        return 0
    words[W_FLAGS, n_words - 1] |= IN_URL
    return IN_URL


@njit(cache=True, nogil=True)
def _add_line(lines: Ints, number: int, counts: Ints, start: int, word: int, seen: _Line) -> int:
    """Store the line as lines[number] and add it to the counts; 0 for a blank line, which is not kept, else 1."""
    lines[number, L_START], lines[number, L_END], lines[number, L_WORD] = start, seen.at, word
    lines[number, L_CHARS], lines[number, L_VISIBLE] = seen.chars, seen.chars - seen.spaces
    lines[number, L_LETTERS], lines[number, L_UPPER] = seen.letters, seen.upper
    lines[number, L_CODE], lines[number, L_COLONS] = seen.code, seen.colons
    lines[number, L_LAST], lines[number, L_FIRST] = seen.last, seen.first
    counts[C_CHARS] += seen.chars
    counts[C_SPACES] += seen.spaces
    counts[C_LETTERS] += seen.letters
    counts[C_UPPER] += seen.upper
    counts[C_CODE] += seen.code
    counts[C_COLONS] += seen.colons
    counts[C_DIGITS] += seen.digits
    counts[C_MARKS] += seen.marks
    counts[C_SENTENCES] += seen.sentences
    counts[C_WORD_CHARS] += seen.word_chars
    counts[C_LONGEST_WORD] = max(counts[C_LONGEST_WORD], seen.longest_word)
    counts[C_LONGEST_TOKEN] = max(counts[C_LONGEST_TOKEN], seen.longest_token)
    return 1 if seen.chars > seen.spaces else 0


@njit(cache=True, nogil=True)
def scan(
    data: Bytes,
    bounds: tuple[int, int],
    table: Ints,
    words: Ints,
    lines: Ints,
    counts: Ints,
) -> tuple[int, int]:
    """Fill words, lines and counts from data[bounds[0]:bounds[1]]; returns how many words and lines that are not blank.

    `lines[:, L_CHARS]` leaves the line feed out. `table` is character_table().
    """
    at, end = bounds
    counts[:] = 0
    n_words, n_lines, tag = 0, 0, at
    while True:
        seen = _read_line(data, bounds, (at, n_words, tag), table, words, counts)
        n_lines += _add_line(lines, n_lines, counts, at, n_words, seen)
        n_words, tag = seen.words, seen.tag
        if seen.at >= end:
            return n_words, n_lines
        at = seen.at + 1
        counts[C_CHARS] += 1
        counts[C_SPACES] += 1
        counts[C_NEWLINES] += 1
