"""Which lexica know a word: one hash table over several word lists, and what that says about near relatives.

Languages that share most of their letters' runs still differ in their words ("etter", "efter"). A word that only one lexicon
knows, or all but one, is evidence; what each such pattern is worth was fitted (pipeline.stages.relatives).
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

SLOTS = 1 << 22
"""Slots of the table, 4 bytes each: 2.2 million words of four lexica fill half of it."""
PATTERN_BITS = 4
"""Lexica in one table at most; the other 28 bits of an entry are a check on the hash: of a million unknown words none is
expected to be taken for a known one."""

_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
"""FNV-1a, 64 bits (Fowler, Noll and Vo, public domain)."""
_CHECK_SHIFT = np.uint64(64 - 32 + PATTERN_BITS)
_BEYOND_LATIN = 1
"""Stands for any letter beyond Latin-1."""
_LONGEST = 1024
"""Bytes of the longest entry of a lexicon that is read."""
_SAME, _LITERAL = 254, 255


def _letters() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Small letter of each first byte, and of each byte behind C3; 0 where there is none."""
    first, second = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
    for byte in range(128):
        if chr(byte).isalpha():
            first[byte] = ord(chr(byte).lower())
    for byte in range(0x80, 0xC0):
        letter = chr(0xC0 + byte - 0x80)
        if letter.isalpha():
            second[byte] = min(ord(letter.lower()), 255)
    # U+0080..U+00BF and U+2000..U+2FFF are signs; every other lead byte begins a letter (as in kernels.paragraphs).
    first[0xC4:0xE2] = first[0xE3:] = _BEYOND_LATIN
    return first, second


FIRST, SECOND = _letters()


@njit(cache=True, nogil=True)
def letter_at(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """The small letter at data[at] (0: no letter) and the byte after it."""
    byte = data[at]
    letter = int(FIRST[byte])
    at += 1
    if byte == 0xC3 and at < end:
        letter = int(SECOND[data[at]])
    while at < end and (data[at] & 0xC0) == 0x80:
        at += 1
    return letter, at


@njit(cache=True, nogil=True)
def word_hash(data: NDArray[np.uint8], start: int, end: int) -> np.uint64:
    """Hash of data[start:end] in small letters; 0 where it is not letters only."""
    value, at = _BASIS, start
    while at < end:
        letter, at = letter_at(data, at, end)
        if letter == 0:
            return np.uint64(0)
        value = (value ^ np.uint64(letter)) * _PRIME
    return value if end > start else np.uint64(0)


@njit(cache=True, nogil=True)
def find(table: NDArray[np.uint32], value: np.uint64) -> int:
    """Slot of the word with this hash, or the empty slot where it belongs."""
    mask = np.uint64(table.shape[0] - 1)
    check = np.uint32(value >> _CHECK_SHIFT)
    slot = (value ^ (value >> np.uint64(29))) & mask
    while table[slot] and table[slot] >> np.uint32(PATTERN_BITS) != check:
        slot = (slot + np.uint64(1)) & mask
    return int(slot)


@njit(cache=True, nogil=True)
def add_word(table: NDArray[np.uint32], value: np.uint64, bit: int) -> int:
    """Note that a lexicon knows the word with this hash (0: nothing to note); returns 1 where the word was new."""
    if value == 0:
        return 0
    slot = find(table, value)
    new = table[slot] == 0
    if new:
        table[slot] = np.uint32(value >> _CHECK_SHIFT) << np.uint32(PATTERN_BITS)
    table[slot] |= np.uint32(bit)
    return int(new)


@njit(cache=True, nogil=True)
def _number(data: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and the byte after it; -1 beyond the end."""
    value, shift = 0, 0
    while at < data.shape[0]:
        byte = int(data[at])
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
    return -1, at


@njit(cache=True, nogil=True)
def _extend(data: NDArray[np.uint8], at: int, word: NDArray[np.uint8], keep: int) -> tuple[int, int]:
    """Put a counted run of bytes behind word[:keep]; the new length (-1: too long, or the data end) and the byte after it."""
    more, at = _number(data, at)
    if more < 0 or keep < 0 or keep + more > word.shape[0] or at + more > data.shape[0]:
        return -1, at
    for i in range(more):
        word[keep + i] = data[at + i]
    return keep + more, at + more


@njit(cache=True, nogil=True)
def _hash_entry(word: NDArray[np.uint8], size: int, backwards: bool, turned: NDArray[np.uint8]) -> np.uint64:
    if not backwards:
        return word_hash(word, 0, size)
    for i in range(size):
        turned[i] = word[size - 1 - i]
    return word_hash(turned, 0, size)


@njit(cache=True, nogil=True)
def add_lexicon(
    data: NDArray[np.uint8], at: int, backwards: bool, bit: int, table: NDArray[np.uint32]
) -> tuple[int, int]:
    """Add the forms and lemmas of a front-coded lexicon, from data[at] on.

    A record holds what its form shares with the last one (bytes), the rest, and the lemma: the last one again, spelled out, or
    the form without its end and with another. `backwards`: entries are stored from their last byte to their first.
    Returns how many records were read (-1: the data are damaged) and how many words were new to the table.
    """
    form, lemma = np.empty(_LONGEST, np.uint8), np.empty(_LONGEST, np.uint8)
    turned = np.empty(_LONGEST, np.uint8)
    size, lemma_size, records, new = 0, 0, 0, 0
    while at < data.shape[0]:
        shared, at = _number(data, at)
        if shared < 0 or shared > size:
            return -1, new
        size, at = _extend(data, at, form, shared)
        if size < 0 or at >= data.shape[0]:
            return -1, new
        trim = int(data[at])
        at += 1
        if trim != _SAME:
            keep = 0 if trim == _LITERAL else size - trim
            for i in range(keep):
                lemma[i] = form[i]
            lemma_size, at = _extend(data, at, lemma, keep)
            if lemma_size < 0:
                return -1, new
            new += add_word(table, _hash_entry(lemma, lemma_size, backwards, turned), bit)
        new += add_word(table, _hash_entry(form, size, backwards, turned), bit)
        records += 1
    return records, new


@njit(cache=True, nogil=True)
def is_capital(data: NDArray[np.uint8], at: int) -> bool:
    """Whether the letter at data[at] is a capital of ASCII or Latin-1."""
    byte = int(data[at])
    return 65 <= byte <= 90 or (byte == 0xC3 and at + 1 < data.shape[0] and int(data[at + 1]) <= 0x9E)


@njit(cache=True, nogil=True)
def add_evidence(
    data: NDArray[np.uint8],
    bounds: tuple[int, int],
    capitals_only: bool,
    table: NDArray[np.uint32],
    weights: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Add to `out` (relatives,) the weights (patterns, relatives) of the words of the line data[bounds[0]:bounds[1]].

    Capitalised words behind the first are mostly names, which say nothing of the language that they stand in: they do not count,
    but in a line of capitals only.
    """
    at, end = bounds
    pattern_mask = np.uint32((1 << PATTERN_BITS) - 1)
    value, first, name = _BASIS, True, False
    inside = False
    while at < end:
        begin = at
        letter, at = letter_at(data, at, end)
        if letter:
            if not inside:
                value, name, inside = (
                    _BASIS,
                    not first and not capitals_only and is_capital(data, begin),
                    True,
                )
            value = (value ^ np.uint64(letter)) * _PRIME
        if inside and (letter == 0 or at >= end):
            if not name:
                pattern = table[find(table, value)] & pattern_mask
                for r in range(out.shape[0]):
                    out[r] += weights[pattern, r]
            first, inside = False, False


class Kin(NamedTuple):
    """What settles near relatives."""

    columns: NDArray[np.int64]
    """Where each relative stands among the languages (-1: it is no candidate)."""
    doubt: float
    """The lead of one relative over the next, in nats per square root of a byte, from which on their words are not asked."""
    table: NDArray[np.uint32]
    """Words with the bits of the lexica that know them."""
    weights: NDArray[np.float32]
    """(patterns, relatives): nats for each word with that pattern."""
    leads: NDArray[np.float32]
    """(relatives,): nats per square root of the line's bytes, whatever its words."""


@njit(cache=True, nogil=True)
def settle(
    data: NDArray[np.uint8],
    bounds: tuple[int, int],
    capitals_only: bool,
    kin: Kin,
    scores: NDArray[np.float32],
) -> None:
    """Where a relative scores best and another nearly as well, let the words of the line data[bounds[0]:bounds[1]] decide.

    The best of the relatives' scores stays what it was: how they stand against all other languages is not touched.
    """
    columns, root = kin.columns, np.float32(np.sqrt(bounds[1] - bounds[0]))
    best, second = top_two(scores, columns)
    if second < 0 or scores[best] - scores[second] >= np.float32(kin.doubt) * root:
        return
    for k in range(scores.shape[0]):
        if scores[k] > scores[best]:
            return
    evidence = kin.leads * root
    add_evidence(data, bounds, capitals_only, kin.table, kin.weights, evidence)
    before = scores[best]
    for r in range(columns.shape[0]):
        if columns[r] >= 0:
            scores[columns[r]] += evidence[r]
    shift = before - scores[top_two(scores, columns)[0]]
    for r in range(columns.shape[0]):
        if columns[r] >= 0:
            scores[columns[r]] += shift


@njit(cache=True, nogil=True)
def top_two(scores: NDArray[np.float32], columns: NDArray[np.int64]) -> tuple[int, int]:
    """The two columns with the highest scores (ties: the first); -1 where there are not so many."""
    best, second = -1, -1
    for k in columns:
        if k >= 0 and (best < 0 or scores[k] > scores[best]):
            best, second = k, best
        elif k >= 0 and (second < 0 or scores[k] > scores[second]):
            second = k
    return best, second
