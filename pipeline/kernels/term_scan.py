"""Words that could hold a term: one pass over the bytes with an automaton of the stems of all terms (Aho and Corasick 1975).

A word here is a run of letters and digits of UTF-8 text, raised and lowered ones among them ("m³sk", "CO₂"); hyphens, underscores and
other marks end it. Letters are folded by byte: A-Z and, within two-byte characters, 0x80-0x9E (the capitals of Latin-1), so a stem in
other scripts may be suspected without reason; what a suspect really holds is decided elsewhere, once for every distinct word.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

ROW, START, END, CHARS, FLAGS, FIELDS = range(6)
"""Of a suspect: its document, first byte, byte after it, code points of the document before it, flags."""

INSIDE, HANGING = 1, 2
"""Flags. INSIDE: the word stands inside a sentence. HANGING: a hyphen follows it."""

BOUNDARY = "\n"
"""At the head of a stem: it must stand at the beginning of a word."""

_MIX = np.uint64(0x9E3779B97F4A7C15)
_FNV_SEED, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_OUT, _IN, _SAME, _MAYBE = 0, 1, 2, 3
# U+0080 to U+00BF, U+2000 to U+2FFF, U+F000 to U+FFFF and all beyond U+FFFF: marks, spaces, pictures.
_NOT_LETTERS = (0xC2, 0xE2, 0xEF, 0xF0, 0xF1, 0xF2, 0xF3, 0xF4)
_UNKNOWN, _BOUNDARY, _FIRST = 0, 1, 2
"""Symbols: of bytes that no stem holds, of the beginning of a word, and the first of a letter."""


class Automaton(NamedTuple):
    """`moves` int32[states, symbols]: the next state, negative (~state) where a stem ends there; `symbols` uint8[256]: the symbol
    of a byte; `kinds` uint8[256]: whether a byte is part of a word (_MAYBE: begins a sign that may be a small digit).
    """

    moves: NDArray[np.int32]
    symbols: NDArray[np.uint8]
    kinds: NDArray[np.uint8]


def fold_byte(byte: int) -> int:
    """A byte as stems hold it.

    >>> chr(fold_byte(ord("G"))), fold_byte(0x85) == "\N{LATIN SMALL LETTER A WITH RING ABOVE}".encode()[1]
    ('g', True)
    """
    if 0x41 <= byte <= 0x5A or 0x80 <= byte <= 0x9E:
        return byte + 32
    return byte


def _kinds() -> NDArray[np.uint8]:
    kinds = np.full(256, _OUT, np.uint8)
    for byte in range(256):
        if byte < 0x80:
            kinds[byte] = _IN if chr(byte).isalnum() else _OUT
        elif byte < 0xC0:
            kinds[byte] = _SAME
        else:
            kinds[byte] = _OUT if byte in _NOT_LETTERS else _IN
    kinds[[0xC2, 0xE2]] = _MAYBE
    return kinds


def automaton(stems: Iterable[str]) -> Automaton:
    """Of lower-case stems; one that begins with BOUNDARY is sought at the beginning of words only. Grows with their letters.

    >>> automaton(["skog", "skola"]).moves.shape
    (7, 8)
    """
    patterns = sorted({stem.encode() for stem in stems if stem.strip()})
    letters = sorted({fold_byte(byte) for pattern in patterns for byte in pattern.strip()})
    symbol_of = {ord(BOUNDARY): _BOUNDARY} | {byte: at for at, byte in enumerate(letters, _FIRST)}
    tree, ends = _tree(patterns, symbol_of)
    symbols = np.array([symbol_of.get(fold_byte(byte), _UNKNOWN) for byte in range(256)], np.uint8)
    return Automaton(_moves(tree, ends, len(letters) + _FIRST), symbols, _kinds())


def _tree(patterns: list[bytes], symbol_of: dict[int, int]) -> tuple[list[dict[int, int]], set[int]]:
    tree: list[dict[int, int]] = [{}]
    ends = set()
    for pattern in patterns:
        state = 0
        for byte in pattern:
            symbol = symbol_of[fold_byte(byte)]
            if symbol not in tree[state]:
                tree.append({})
                tree[state][symbol] = len(tree) - 1
            state = tree[state][symbol]
        ends.add(state)
    return tree, ends


def _moves(tree: list[dict[int, int]], ends: set[int], width: int) -> NDArray[np.int32]:
    """The tree with its failure links followed once and for all, in order of depth."""
    moves = np.zeros((len(tree), width), np.int32)
    back = np.zeros(len(tree), np.int64)
    accept = np.zeros(len(tree), np.bool_)
    todo = deque([0])
    while todo:
        state = todo.popleft()
        accept[state] = state in ends or (state > 0 and accept[back[state]])
        moves[state] = moves[back[state]] if state else 0
        for symbol, child in tree[state].items():
            back[child] = moves[back[state], symbol] if state else 0
            moves[state, symbol] = child
            todo.append(child)
    return np.where(accept[moves], ~moves, moves).astype(np.int32)


@njit(cache=True, nogil=True)
def _small_digit(data: NDArray[np.uint8], at: int, last: int) -> np.uint8:
    """_IN where the sign that begins at data[at], a byte of kind _MAYBE, is a raised or lowered digit, else _OUT: U+00B2, U+00B3,
    U+00B9, U+2070, U+2074 to U+2079, and U+2080 to U+2089.
    """
    second = data[at + 1] if at + 1 < last else np.uint8(0)
    third = data[at + 2] if at + 2 < last else np.uint8(0)
    if data[at] == 0xC2:
        small = second == 0xB2 or second == 0xB3 or second == 0xB9
    elif second == 0x81:
        small = third == 0xB0 or 0xB4 <= third <= 0xB9
    else:
        small = second == 0x82 and 0x80 <= third <= 0x89
    return np.uint8(_IN if small else _OUT)


@njit(cache=True, nogil=True)
def _inside_sentence(data: NDArray[np.uint8], first: int, at: int, kinds: NDArray[np.uint8]) -> bool:
    """Whether a letter comes before any mark that ends a sentence, going back from byte `at` to the beginning of the document.
    Digits, quotes, brackets and other marks are passed over.
    """
    while at > first:
        at -= 1
        byte = data[at]
        # . ! ? : | and the line feed
        if byte == 46 or byte == 33 or byte == 63 or byte == 58 or byte == 124 or byte == 10:
            return False
        if kinds[byte] == _IN and not 48 <= byte <= 57:
            return True
    return False


@njit(cache=True, nogil=True)
def _note(
    data: NDArray[np.uint8],
    document: tuple[int, int, int],
    word: tuple[int, int, int],
    kinds: NDArray[np.uint8],
    number: int,
    out: NDArray[np.int64],
    keys: NDArray[np.uint64],
) -> None:
    """Write one suspect to out[number] and its key, a hash of its bytes and flags, to keys[number]."""
    row, first, last = document
    start, end, chars = word
    flags = 0
    capital = 0x41 <= data[start] <= 0x5A or (data[start] == 0xC3 and 0x80 <= data[start + 1] <= 0x9E)
    if capital and _inside_sentence(data, first, start, kinds):
        flags |= INSIDE
    if end < last and (data[end] == 0x2D or (data[end] == 0xE2 and end + 2 < last and data[end + 1] == 0x80
                                             and 0x90 <= data[end + 2] <= 0x91)):  # fmt: skip
        flags |= HANGING
    value = _FNV_SEED ^ (np.uint64(flags) * _MIX)
    for at in range(start, end):
        value = (value ^ np.uint64(data[at])) * _FNV_PRIME
    out[number, ROW], out[number, START], out[number, END] = row, start, end
    out[number, CHARS], out[number, FLAGS] = chars, flags
    keys[number] = value


@njit(cache=True, nogil=True)
def _scan(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    machine: tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.uint8]],
    out: NDArray[np.int64],
    keys: NDArray[np.uint64],
    words: NDArray[np.int64],
) -> int:
    """Fill words, and out and keys as far as they reach; returns how many suspects there are."""
    moves, symbols, kinds = machine
    found = 0
    for row in range(len(offsets) - 1):
        first, last = offsets[row], offsets[row + 1]
        words[row] = 0
        state, start, begun, chars, hit, inside = moves[0, _BOUNDARY], -1, 0, 0, False, False
        for at in range(first, last + 1):
            byte = data[at] if at < last else 0
            kind = _small_digit(data, at, last) if kinds[byte] == _MAYBE else kinds[byte]
            if kind != _SAME:
                chars += 1
                inside = kind == _IN
            if inside:
                if start < 0:
                    start, begun = at, chars - 1
                state = moves[state, symbols[byte]]
                if state < 0:
                    state = ~state
                    hit = True
                continue
            if start >= 0:
                if hit:
                    if found < len(keys):
                        _note(data, (row, first, last), (start, at, begun), kinds, found, out, keys)
                    found += 1
                words[row] += 1
                start, hit = -1, False
            state = moves[0, _BOUNDARY]
    return found


def suspects(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], machine: Automaton
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64]]:
    """Words in which a stem stands, in reading order: int64[n, FIELDS]; keys that tell distinct ones apart: uint64[n]; and how many
    words each document has: int64[documents].

    >>> text = "Granskog och ek.".encode()
    >>> rows, _, words = suspects(np.array([0, len(text)]), np.frombuffer(text, np.uint8), automaton(["skog", BOUNDARY + "ek"]))
    >>> rows[:, [START, END]].tolist(), words.tolist()
    ([[0, 8], [13, 15]], [3])
    """
    offsets = np.ascontiguousarray(offsets, np.int64)
    words = np.empty(len(offsets) - 1, np.int64)
    room = 1024 + int(offsets[-1] - offsets[0]) // 24
    while True:
        out, keys = np.empty((room, FIELDS), np.int64), np.empty(room, np.uint64)
        found = _scan(offsets, data, (machine.moves, machine.symbols, machine.kinds), out, keys, words)
        if found <= room:
            return out[:found], keys[:found], words
        room = found
