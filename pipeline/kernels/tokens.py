r"""Word tokens of UTF-8 text: `re.findall(r"\w+", unicodedata.normalize("NFC", s).lower())` without a Python string.

One table over all code points says what a character becomes. Three things cannot be said character by character and mark
their document as odd, to be normalised and lower-cased by Python first: characters that NFC may change or join, U+0130
(its lower case is two characters) and U+03A3 (its lower case depends on the end of the word).
"""

import re
import sys
import unicodedata
from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

ODD = np.uint32(1 << 31)
"""Flag in a fold entry: the character cannot be folded alone. The other 31 bits hold what it is once Python has folded it."""
FOLDED = np.uint32(ODD - 1)

_WORD = re.compile(r"\w+")
_DOTTED_CAPITAL_I, _CAPITAL_SIGMA = 0x130, 0x3A3
# Hangul vowels and finals join with what stands before them, by arithmetic and not by the tables (Unicode 3.12).
_JOINING_JAMO = (range(0x1161, 0x1176), range(0x11A8, 0x11C3))
# No character above has a decomposition or a combining class (planes 4 to 16 are empty, tags, selectors or private use).
_LAST_COMPOSABLE = 0x3FFFF


@cache
def fold_table() -> NDArray[np.uint32]:
    """uint32[0x110000]: 0 where the character ends a word, else its lower case, plus ODD where that is not the whole story.

    Built in about 0.1 s from Python's own Unicode tables, so that both always agree; needed once a process.
    """
    everything = bytes(np.arange(sys.maxunicode + 1, dtype="<u4")).decode("utf-32-le", "surrogatepass")
    # str.lower() looks at neighbours only for sigma; the two irregular letters are set below.
    plain = everything.replace(chr(_CAPITAL_SIGMA), chr(_CAPITAL_SIGMA + 32))
    plain = plain.replace(chr(_DOTTED_CAPITAL_I), "i")
    lower = plain.lower()
    table = np.zeros(sys.maxunicode + 1, np.uint32)
    codes = np.frombuffer(lower.encode("utf-32-le", "surrogatepass"), "<u4")
    # A letter's lower case may be a word character where the letter itself is, so the words are sought after folding.
    for word in _WORD.finditer(lower):
        table[word.start() : word.end()] = codes[word.start() : word.end()]
    for code in (_CAPITAL_SIGMA, _DOTTED_CAPITAL_I, *_touched_by_nfc()):
        table[code] |= ODD
    table.setflags(write=False)
    return table


@cache
def settled_table() -> NDArray[np.uint32]:
    """`fold_table` for text that Python has normalised and lower-cased: nothing in it is odd."""
    return fold_table() & FOLDED


def settle(text: str) -> str:
    """What the tokens of an odd document are made from."""
    return unicodedata.normalize("NFC", text).lower()


def _touched_by_nfc() -> set[int]:
    """Code points that NFC may replace, reorder or join with the one before: a superset of the quick check's No and Maybe."""
    touched = {code for jamo in _JOINING_JAMO for code in jamo}
    for code in range(0xC0, _LAST_COMPOSABLE + 1):
        character = chr(code)
        if unicodedata.combining(character):
            touched.add(code)
        parts = unicodedata.decomposition(character)
        if parts and parts[0] != "<":
            if unicodedata.normalize("NFC", character) != character:
                touched.add(code)
            touched.update(int(part, 16) for part in parts.split()[1:])
    return touched


@njit(cache=True, nogil=True)
def decode(data: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """Code point of the valid UTF-8 sequence that starts at `at` with a byte >= 0x80, and its length in bytes."""
    lead = int(data[at])
    if lead < 0xE0:
        return ((lead & 0x1F) << 6) | (int(data[at + 1]) & 0x3F), 2
    middle = int(data[at + 1]) & 0x3F
    if lead < 0xF0:
        return ((lead & 0x0F) << 12) | (middle << 6) | (int(data[at + 2]) & 0x3F), 3
    low = ((int(data[at + 2]) & 0x3F) << 6) | (int(data[at + 3]) & 0x3F)
    return ((lead & 0x07) << 18) | (middle << 12) | low, 4
