r"""Words that a scanner has misread, told by their form alone: no table of any language is asked.

A word here is a run of bytes without a space. Which forms count was measured on the 36,000 words of 40 scanned pages for which the
engine gives its own confidence (registers of parliament of 1921 and 1941): words of letters have .92 on average, and each form
below between 0 and .51. A bar on its own has .75, a quarter of that loss, and counts a quarter. Forms that the same words do
not support are not here: one letter behind a number (.82), a lone capital (.86), a page of numbers (.89).
"""

import unicodedata
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.measure_spec import MeasureSpec

OCR_NOISE = MeasureSpec(
    "ocr_noise",
    "share",
    0.0,
    1.0,
    "Kvarn",
    "words that look misread by a scanner; code and logs have many too",
)

(
    SPACE,
    LOWER,
    UPPER,
    LETTER,
    DIGIT,
    STOP,
    COMMA,
    SEMICOLON,
    COLON,
    BANG,
    QUESTION,
    QUOTE,
    DASH,
    EM_DASH,
    BAR,
    BACKSLASH,
    SLASH,
    OPEN,
    CLOSE,
    SQUARE,
    SPARED,
    OTHER,
) = range(22)

_CODES = 0x2100
"""Code points below this have a class of their own: Latin, its accents, and general punctuation."""

_MARKS = {
    ".": STOP, ",": COMMA, ";": SEMICOLON, ":": COLON, "!": BANG, "?": QUESTION, "-": DASH, "\N{EN DASH}": DASH,
    "\N{EM DASH}": EM_DASH, "|": BAR, "\N{BROKEN BAR}": BAR, "\\": BACKSLASH, "/": SLASH, "(": OPEN, ")": CLOSE,
    "[": SQUARE, "]": SQUARE, "@": SPARED, "`": SPARED, "'": QUOTE, '"': QUOTE,
    "\N{RIGHT SINGLE QUOTATION MARK}": QUOTE, "\N{RIGHT DOUBLE QUOTATION MARK}": QUOTE,
}  # fmt: skip

SHORT = 3
"""Letters up to which a capital at the end is a unit or a title: kW, PhD."""

BAR_WEIGHT = 0.25
"""(.92 - .75) of confidence lost, against .67 on average for the other forms."""

TABLE_BARS = 3
"""Bars from which on a line that begins with one is a row of a Markdown table."""

D_WORDS, D_DAMAGED, D_BARS, DAMAGES = range(4)
"""Words, damaged ones, bars on their own."""

_P1, _P2, _P3, _LETTERS, _TURNS, _FLAGS, _START, STATE = range(8)
"""Classes of the last three characters (newest first), letters of the word, changes between letters and digits in a row, what
was seen in the word, where it began (byte)."""

_HAS_WORD, _HAS_BAR, _HAS_MARK, _HAS_OPEN, _SPARE, _HURT = 1, 2, 4, 8, 16, 32


@lru_cache(maxsize=1)
def class_table() -> NDArray[np.uint8]:
    """uint8[_CODES]: the class of each code point."""
    table = np.full(_CODES, OTHER, np.uint8)
    for code in range(_CODES):
        character = chr(code)
        if character in _MARKS:
            table[code] = _MARKS[character]
        elif character.isspace():
            table[code] = SPACE
        elif character.isalpha():
            table[code] = UPPER if character.isupper() else LOWER if character.islower() else LETTER
        elif unicodedata.category(character) == "Nd":
            table[code] = DIGIT
    return table


@njit(cache=True, nogil=True)
def _is_word(kind: int) -> bool:
    return LOWER <= kind <= DIGIT


@njit(cache=True, nogil=True)
def _is_letter(kind: int) -> bool:
    return LOWER <= kind <= LETTER


@njit(cache=True, nogil=True)
def _between(p2: int, p1: int, kind: int, has_open: bool) -> bool:
    """A mark that stands between two characters of a word and never should."""
    if p1 == COMMA:
        return _is_letter(p2) and _is_letter(kind)
    if p1 == CLOSE:
        return not has_open
    return p1 in (SEMICOLON, BANG, QUESTION, BACKSLASH)


@njit(cache=True, nogil=True)
def _marks(p2: int, p1: int, kind: int) -> bool:
    """Marks in an order that nobody writes. Prices (100:- and 100,-), abbreviations and ordinals before a comma are spared."""
    if COMMA <= p1 <= SEMICOLON:
        return STOP <= kind <= COLON
    if p1 == COLON:
        return STOP <= kind <= SEMICOLON or (kind == COLON and p2 == DIGIT)
    if p1 == EM_DASH:
        return kind in (SQUARE, BAR)
    if p1 in (SLASH, BANG):
        return COMMA <= kind <= COLON or kind == EM_DASH or (kind == CLOSE and p2 == DIGIT)
    return p2 == SPACE and p1 == DASH and COMMA <= kind <= COLON


@njit(cache=True, nogil=True)
def _before_word(p3: int, p2: int, p1: int, kind: int) -> bool:
    """What stands before a character of a word: a mark that leads it, or a run of marks before a digit."""
    leads = p2 == SPACE or (p2 == QUOTE and p3 == SPACE)
    if leads and COMMA <= p1 <= QUESTION:
        return True
    return kind == DIGIT and ((p1 == DASH and COMMA <= p2 <= COLON) or (p1 == COLON and p2 == COLON))


@njit(cache=True, nogil=True)
def _end(state: NDArray[np.int64], length: int, counts: NDArray[np.int64]) -> None:
    """Count the word that ends here; `length` in bytes."""
    flags, p1, p2 = int(state[_FLAGS]), int(state[_P1]), int(state[_P2])
    counts[D_WORDS] += 1
    if flags & _SPARE:
        return
    if p1 == BAR and p2 == SPACE:
        counts[D_BARS] += 1
        return
    hurt = flags & _HURT != 0
    hurt |= flags & (_HAS_WORD | _HAS_BAR | _HAS_MARK) == _HAS_BAR | _HAS_MARK
    hurt |= p1 in (COMMA, STOP) and p2 == SPACE
    hurt |= p1 == UPPER and p2 == LOWER and state[_LETTERS] > SHORT
    # An em dash has three bytes: nothing but one letter or digit behind it.
    hurt |= p2 == EM_DASH and state[_P3] == SPACE and _is_word(p1) and length <= 5
    counts[D_DAMAGED] += hurt


@njit(cache=True, nogil=True)
def _step(state: NDArray[np.int64], kind: int) -> None:
    """One visible character that does not continue a run of small letters."""
    p1, p2, p3 = int(state[_P1]), int(state[_P2]), int(state[_P3])
    flags, hurt = int(state[_FLAGS]), False
    if _is_word(kind):
        flags |= _HAS_WORD
        state[_LETTERS] += kind != DIGIT
        if _is_word(p1):
            state[_TURNS] += (kind == DIGIT) != (p1 == DIGIT)
            hurt = state[_TURNS] > 1 or (
                p1 == UPPER and p2 == LOWER and kind != LOWER and state[_LETTERS] > SHORT
            )
        else:
            state[_TURNS] = 0
            hurt = p1 == BAR or (_is_word(p2) and _between(p2, p1, kind, flags & _HAS_OPEN != 0))
            hurt |= _before_word(p3, p2, p1, kind)
    else:
        hurt = _marks(p2, p1, kind) or (p1 == UPPER and p2 == LOWER and state[_LETTERS] > SHORT)
        if kind == BAR:
            hurt |= _is_word(p1)
            flags |= _HAS_BAR
        elif kind == SPARED or (kind == SLASH and p1 == COLON):
            flags |= _SPARE
        elif kind != DASH and kind != COLON:
            flags |= _HAS_MARK | (_HAS_OPEN if kind == OPEN else 0)
    state[_FLAGS] = flags | (_HURT if hurt else 0)


@njit(cache=True, nogil=True)
def _kind_at(data: NDArray[np.uint8], at: int, table: NDArray[np.uint8]) -> tuple[int, int]:
    """Class of the character at byte `at`, and the byte after it."""
    first = int(data[at])
    if first < 0x80:
        return int(table[first]), at + 1
    if first < 0xE0:
        return int(table[((first & 0x1F) << 6) | (int(data[at + 1]) & 0x3F)]), at + 2
    if first < 0xF0:
        code = ((first & 0x0F) << 12) | ((int(data[at + 1]) & 0x3F) << 6) | (int(data[at + 2]) & 0x3F)
        return int(table[code]) if code < _CODES else OTHER, at + 3
    return OTHER, at + 4


@njit(cache=True, nogil=True)
def _plain_word(data: NDArray[np.uint8], at: int, end: int) -> int:
    """End of a word of small letters (the first may be a capital) with a space or line feed behind it, which most words are and
    which no rule is about; `at` where it is none.
    """
    first, stop = int(data[at]), at + 1
    if not (65 <= first <= 90 or 97 <= first <= 122):
        return at
    while stop < end:
        byte = int(data[stop])
        if 97 <= byte <= 122:
            stop += 1
        elif byte == 0xC3 and data[stop + 1] >= 0xA0 and data[stop + 1] != 0xB7:
            stop += 2  # from a with grave to y with diaeresis, without the division sign
        else:
            return stop if byte in (10, 32) else at
    return at


@njit(cache=True, nogil=True)
def _close_line(counts: NDArray[np.int64], before: NDArray[np.int64], first: int, bars: int) -> None:
    """A row of a table is not damaged by its bars."""
    if first == BAR and bars >= TABLE_BARS:
        counts[D_BARS] = before[D_BARS]
        counts[D_DAMAGED] = before[D_DAMAGED]
    before[:] = counts


@njit(cache=True, nogil=True)
def _count(
    data: NDArray[np.uint8],
    bounds: tuple[int, int],
    table: NDArray[np.uint8],
    counts: NDArray[np.int64],
    before: NDArray[np.int64],
    state: NDArray[np.int64],
) -> None:
    at, end = bounds
    counts[:] = 0
    before[:] = 0
    p1, first, bars = SPACE, SPACE, 0
    state[:] = 0
    while at < end:
        if p1 == SPACE:
            plain = _plain_word(data, at, end)
            if plain > at:
                counts[D_WORDS] += 1
                first = LETTER if first == SPACE else first
                at = plain
        kind, after = _kind_at(data, at, table)
        if kind == LOWER and p1 == LOWER:
            state[_LETTERS] += 1
            state[_P2] = LOWER
            at = after
            continue
        if kind == SPACE:
            if p1 != SPACE:
                _end(state, at - int(state[_START]), counts)
            if data[at] == 10:
                _close_line(counts, before, first, bars)
                first, bars = SPACE, 0
        else:
            if p1 == SPACE:
                # One by one: a slice costs more than the word that it begins.
                state[_P1], state[_P2], state[_P3] = SPACE, SPACE, SPACE
                state[_LETTERS], state[_TURNS], state[_FLAGS] = 0, 0, 0
                state[_START] = at
                first = kind if first == SPACE else first
            bars += kind == BAR
            _step(state, kind)
        state[_P3] = state[_P2]
        state[_P2] = p1
        state[_P1] = kind
        p1 = kind
        at = after
    if p1 != SPACE:
        _end(state, end - int(state[_START]), counts)
    _close_line(counts, before, first, bars)


@njit(cache=True, nogil=True)
def _count_all(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], table: NDArray[np.uint8], out: NDArray[np.float32]
) -> None:
    counts, before = np.zeros(DAMAGES, np.int64), np.zeros(DAMAGES, np.int64)
    state = np.zeros(STATE, np.int64)
    for i in range(len(offsets) - 1):
        _count(data, (int(offsets[i]), int(offsets[i + 1])), table, counts, before, state)
        words = counts[D_WORDS]
        out[i] = (counts[D_DAMAGED] + BAR_WEIGHT * counts[D_BARS]) / words if words else np.nan


def ocr_noise(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.float32]:
    r"""Share of words that look misread, of each text data[offsets[i]:offsets[i + 1]] (UTF-8): float32[texts], NaN without words.

    >>> def share(text: str) -> float:
    ...     raw = text.encode()
    ...     return float(ocr_noise(np.array([0, len(raw)]), np.frombuffer(raw, np.uint8))[0])
    >>> share("Ledamot utskottet 13::68 sillA|")
    0.5
    >>> share("Motioner FK | 41")
    0.0625
    >>> share("Se 5 kap. 3 a \N{SECTION SIGN}, t.ex. 100:- per kWh (s.k. GitHub-pris); mejla a@b.se.")
    0.0
    >>> share("| a | b |\n|---|---|\n| 1 | 2 |")
    0.0
    """
    out = np.empty(len(offsets) - 1, np.float32)
    _count_all(np.ascontiguousarray(offsets, np.int64), data, class_table(), out)
    return out
