"""Character classes and lower case by table, so that kernels ask one array instead of Unicode.

The table covers the Basic Multilingual Plane; what lies above it is letters of rare scripts (CJK extensions) or symbols
(emoji), told apart by `above_bmp`.
"""

import unicodedata
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

LETTER = 1
DIGIT = 2
WORD = 4
"""What `\\w` matches in Python: letters, digits, other numerals and the underscore."""
UPPER = 8
LOWER = 16
SPACE = 32
MARK = 64
"""Punctuation and symbols: Unicode categories P* and S*, without the underscore."""
CONSONANT = 128
"""Latin consonants only: a script without known vowels must not look like a run of consonants."""
VOWEL = 256
TERMINAL = 512
"""Ends a sentence in any script: Unicode's Sentence_Terminal characters of the Basic Multilingual Plane in common use."""
ASCII_TERMINAL = 1024
"""What C4 accepts at the end of a line: . ? ! and the two straight quotes."""
BULLET = 2048
CODE = 4096
"""Marks that prose hardly uses. Square and round brackets, pipes, # and * are left out: Markdown links and tables hold them."""
CLOSER = 8192
"""Closing quotes and brackets, which may follow the mark that ends a sentence."""
URL_END = 16384
"""Ends the address of a page: any space, or a bracket or quote around it."""
NOT_LATIN = 32768
"""A letter that is neither vowel nor consonant here, because its script is not Latin."""

_VOWELS = frozenset(
    "aeiouy\N{LATIN SMALL LETTER AE}\N{LATIN SMALL LETTER O WITH STROKE}\N{LATIN SMALL LIGATURE OE}"
)
_TERMINALS = frozenset(
    ".!?\N{HORIZONTAL ELLIPSIS}\N{DOUBLE EXCLAMATION MARK}\N{DOUBLE QUESTION MARK}\N{QUESTION EXCLAMATION MARK}"
    "\N{EXCLAMATION QUESTION MARK}\N{INTERROBANG}\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH FULL STOP}"
    "\N{FULLWIDTH EXCLAMATION MARK}\N{FULLWIDTH QUESTION MARK}\N{HALFWIDTH IDEOGRAPHIC FULL STOP}"
    "\N{DEVANAGARI DANDA}\N{ARABIC QUESTION MARK}\N{ARABIC FULL STOP}\N{ARMENIAN FULL STOP}\N{ETHIOPIC FULL STOP}"
)
_BULLETS = frozenset(
    "\N{BULLET}-*\N{EN DASH}\N{TRIANGULAR BULLET}\N{WHITE BULLET}\N{BLACK SQUARE}\N{MIDDLE DOT}"
)
_CODE = frozenset("{}<>=;\\&$@~^`")
_CLOSERS = frozenset("\"')]\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
                     "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}")  # fmt: skip
_BMP = 0x10000
_LAST_LATIN = 0x24F
_FIRST_HAN, _LAST_HANGUL = 0x3400, 0xD7A3


def _sound(character: str) -> int:
    code = ord(character)
    if code > _LAST_LATIN and not 0x1E00 <= code <= 0x1EFF:
        return 0
    base = unicodedata.normalize("NFD", character.lower())[0]
    if base in _VOWELS:
        return VOWEL
    return CONSONANT if "a" <= base <= "z" else 0


def _flags(character: str) -> int:
    if _FIRST_HAN <= ord(character) <= _LAST_HANGUL and character.isalpha():
        return LETTER | WORD | NOT_LATIN  # two thirds of the table, and no other class among them
    category = unicodedata.category(character)
    flags = 0
    if character.isalpha():
        flags |= LETTER | (UPPER if character.isupper() else 0) | (LOWER if character.islower() else 0)
        flags |= _sound(character) or NOT_LATIN
    if category == "Nd":
        flags |= DIGIT
    if character.isalnum() or character == "_":
        flags |= WORD
    elif category[0] in "PS":
        flags |= MARK
    if character.isspace():
        flags |= SPACE | URL_END
    marks = (
        (_TERMINALS, TERMINAL),
        (".?!\"'", ASCII_TERMINAL),
        (_BULLETS, BULLET),
        (_CODE, CODE),
        (_CLOSERS, CLOSER),
        (')]>"', URL_END),
    )
    return flags | sum(flag for members, flag in marks if character in members)


def _lower(code: int) -> int:
    """Lower case of a code point; one whose lower case is several characters, or lies elsewhere, stays itself."""
    lower = chr(code).lower()
    return ord(lower) if len(lower) == 1 and ord(lower) < _BMP else code


@lru_cache(maxsize=1)
def character_table() -> NDArray[np.int64]:
    """Class bits (low 16 bits) and lower case (high 16 bits) of each code point below 0x10000: int64, 512 kB.

    One table and not two, so that a kernel's inner loop loads once per character.

    >>> table = character_table()
    >>> bool(table[ord("\N{LATIN SMALL LETTER A WITH RING ABOVE}")] & VOWEL), bool(table[ord("9")] & DIGIT)
    (True, True)
    >>> bool(table[ord("\N{SECTION SIGN}")] & WORD)
    False
    >>> chr(table[ord("\N{LATIN CAPITAL LETTER A WITH RING ABOVE}")] >> 16) == "\N{LATIN SMALL LETTER A WITH RING ABOVE}"
    True
    """
    entries = [
        code << 16 if 0xD800 <= code < 0xE000 else _lower(code) << 16 | _flags(chr(code))
        for code in range(_BMP)
    ]
    return np.array(entries, np.int64)


@njit(cache=True, nogil=True)
def decode(data: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """Code point at byte `at` and the byte after it. `data` is valid UTF-8 (Arrow guarantees it).

    >>> data = np.frombuffer("a\N{LATIN SMALL LETTER A WITH RING ABOVE}\N{EURO SIGN}".encode(), np.uint8)
    >>> decode(data, 0), decode(data, 1), decode(data, 3)
    ((97, 1), (229, 3), (8364, 6))
    """
    first = int(data[at])
    if first < 0x80:
        return first, at + 1
    if first < 0xE0:
        return ((first & 0x1F) << 6) | (int(data[at + 1]) & 0x3F), at + 2
    if first < 0xF0:
        middle = (int(data[at + 1]) & 0x3F) << 6
        return ((first & 0x0F) << 12) | middle | (int(data[at + 2]) & 0x3F), at + 3
    high = ((first & 0x07) << 18) | ((int(data[at + 1]) & 0x3F) << 12)
    return high | ((int(data[at + 2]) & 0x3F) << 6) | (int(data[at + 3]) & 0x3F), at + 4


@njit(cache=True, nogil=True)
def above_bmp(code: int) -> int:
    """Class bits of a code point from 0x10000 up: emoji and other pictures are marks, the rest letters.

    >>> above_bmp(0x1F600) == MARK, above_bmp(0x20000) == LETTER | WORD | NOT_LATIN
    (True, True)
    """
    if 0x1F000 <= code < 0x1FC00 or code >= 0xE0000:
        return MARK
    return LETTER | WORD | NOT_LATIN


@njit(cache=True, nogil=True)
def look_at(table: NDArray[np.int64], code: int) -> tuple[int, int]:
    """Class bits and lower case of any code point."""
    if code < 0x10000:
        entry = int(table[code])
        return entry & 0xFFFF, entry >> 16
    return above_bmp(code), code
