"""What each line looks like: request of roff, log entry, entry of a table of contents, header field, code, register.

One function judges one line from its record and its bytes; `line_totals` adds the lines of a document up.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.characters import ASCII_TERMINAL, DIGIT, LETTER, LOWER, TERMINAL
from pipeline.kernels.text_scan import (
    CAPITAL,
    IN_URL,
    L_CHARS,
    L_CODE,
    L_COLONS,
    L_END,
    L_FIRST,
    L_LAST,
    L_LETTERS,
    L_UPPER,
    L_VISIBLE,
    L_WORD,
    W_FLAGS,
    W_LENGTH,
)
from pipeline.kernels.token_statistics import I_BITS, I_NUMBER
from pipeline.kernels.vocabulary import CONSENT_BIT

(
    LT_TERMINAL,
    LT_PUNCT,
    LT_SHORT,
    LT_BULLET,
    LT_ELLIPSIS,
    LT_FEW_WORDS,
    LT_ROFF,
    LT_LOG,
    LT_CONTENTS,
    LT_HEADER,
    LT_CODE_CHARS,
    LT_REGISTER_WORDS,
    LT_SHOUT_CHARS,
    LT_OPEN_SHORT,
    LT_CONSENT,
    LINE_TOTALS,
) = range(16)

SHORT_LINE = 30
"""Code points; FineWeb's short_line_length."""
FEW_WORDS = 3
"""C4 and RefinedWeb want at least so many words a line."""
CODE_DENSITY = 0.1
"""Code marks per visible character: minified scripts have .15-.3, prose below .01, Markdown with links below .03."""
REGISTER_WORDS = 0.7
"""Capitalised words and numbers among the words of a line of a register; running Swedish has .1-.3."""
INITIALS = 3
"""Letters up to which a word in capitals counts as a name's initials or an abbreviation."""
SHOUT_LETTERS = 0.9
"""Capitals among the letters of a shouted line."""
BUTTON_LINE = 60
"""Code points up to which a line that ends no sentence may be a button or heading of a notice."""
_LONGEST_KEY = 30

_LF, _SPACE, _TAB, _DOT, _COLON, _QUOTE, _APOSTROPHE, _BACKSLASH, _HYPHEN, _STAR = (
    10,
    32,
    9,
    46,
    58,
    34,
    39,
    92,
    45,
    42,
)


@njit(cache=True, nogil=True)
def _digit(byte: int) -> bool:
    return 48 <= byte <= 57


@njit(cache=True, nogil=True)
def _ascii_letter(byte: int) -> bool:
    return 65 <= byte <= 90 or 97 <= byte <= 122


@njit(cache=True, nogil=True)
def is_roff(data: NDArray[np.uint8], first: int, end: int) -> bool:
    r"""A request or comment of roff, such as .SH NAME or .br.

    >>> [is_roff(np.frombuffer(line, np.uint8), 0, len(line)) for line in (b".SH NAMN", b'.\\" x', b".br", b"...", b".NET ger")]
    [True, True, True, False, False]
    """
    if data[first] != _DOT and data[first] != _APOSTROPHE:
        return False
    if first + 1 < end and data[first + 1] == _BACKSLASH:
        return True
    at = first + 1
    while at < end and (_ascii_letter(data[at]) or _digit(data[at])):
        at += 1
    name = at - first - 1
    return 1 <= name <= 2 and (at == end or data[at] == _SPACE or data[at] == _TAB)


@njit(cache=True, nogil=True)
def has_clock(data: NDArray[np.uint8], first: int, end: int) -> bool:
    """Two digits, colon, two digits, colon, two digits: a time to the second, as logs have and prose hardly does.

    >>> [has_clock(np.frombuffer(line, np.uint8), 0, len(line)) for line in (b"[08:12:59] fel", b"kl. 08:12")]
    [True, False]
    """
    at = first + 2
    while at + 5 < end:
        if data[at] == _COLON:
            pair = (
                _digit(data[at - 2])
                and _digit(data[at - 1])
                and _digit(data[at + 1])
                and _digit(data[at + 2])
            )
            if pair and data[at + 3] == _COLON and _digit(data[at + 4]) and _digit(data[at + 5]):
                return True
        at += 1
    return False


@njit(cache=True, nogil=True)
def _section_number(data: NDArray[np.uint8], first: int, end: int) -> bool:
    """1.2 Title, 3.4.1. Title, D.1. Title: a number of two levels or more, then a space."""
    at, dots, digits = first, 0, 0
    if _ascii_letter(data[at]) and at + 1 < end and data[at + 1] == _DOT:
        at += 1
    while at < end and (_digit(data[at]) or data[at] == _DOT):
        if data[at] == _DOT:
            dots += 1
        else:
            digits += 1
        at += 1
    inner = dots - 1 if data[at - 1] == _DOT else dots
    return inner >= 1 and 1 <= digits <= 8 and at < end and data[at] == _SPACE


@njit(cache=True, nogil=True)
def _leader_to_page(data: NDArray[np.uint8], first: int, end: int) -> bool:
    """Title ....... 12, Title . . . 12 or Title <tab or three spaces> 12."""
    at = end - 1
    while at > first and (data[at] == _SPACE or data[at] == 13):
        at -= 1
    last = at
    while at > first and _digit(data[at]):
        at -= 1
    digits = last - at
    if not 1 <= digits <= 4:
        return False
    dots, blanks = 0, 0
    while at > first and (data[at] == _DOT or data[at] == _SPACE or data[at] == _TAB):
        dots += data[at] == _DOT
        blanks += 3 if data[at] == _TAB else int(data[at] == _SPACE)
        at -= 1
    return bool(at > first and (dots >= 3 or (dots == 0 and blanks >= 3)))


@njit(cache=True, nogil=True)
def is_contents(data: NDArray[np.uint8], first: int, end: int) -> bool:
    """An entry of a table of contents; the caller rules out lines that end a sentence.

    >>> lines = (b"6.1.1. Brug af", b"Inledning ....... 7", b"A.2 Krav", b"2026 var bra", b"Pris   12", b"1 kap.")
    >>> [is_contents(np.frombuffer(line, np.uint8), 0, len(line)) for line in lines]
    [True, True, True, False, True, False]
    """
    return _section_number(data, first, end) or _leader_to_page(data, first, end)


@njit(cache=True, nogil=True)
def is_header(data: NDArray[np.uint8], first: int, end: int) -> bool:
    """Key: value, with a key of at most 30 bytes that begins with a letter and holds no sentence mark.

    >>> lines = (b"Datum: 2025-01-01", b"Han sade: nej.", b"title:", b"https://a.b")
    >>> [is_header(np.frombuffer(line, np.uint8), 0, len(line)) for line in lines]
    [True, True, True, False]
    """
    if not _ascii_letter(data[first]):
        return False
    for at in range(first, min(end, first + _LONGEST_KEY)):
        if data[at] == _COLON:
            return at + 1 == end or data[at + 1] == _SPACE
        if data[at] == _DOT or data[at] == 44:
            return False
    return False


@njit(cache=True, nogil=True)
def _register_words(words: NDArray[np.int64], first: int, last: int) -> int:
    """Number of words first..last-1 if names and numbers fill the line, else 0.

    Words of addresses do not count at all, shouted ones not as names.
    """
    listed, counted = 0, 0
    for i in range(first, last):
        flags, outside = words[W_FLAGS, i], (words[W_FLAGS, i] & IN_URL) == 0
        name = ((flags & CAPITAL) != 0) & (((flags & LOWER) != 0) | (words[W_LENGTH, i] <= INITIALS))
        counted += outside
        listed += outside & (name | ((flags & DIGIT) != 0) | ((flags & LETTER) == 0))
    return counted if counted >= 2 and listed >= REGISTER_WORDS * counted else 0


@njit(cache=True, nogil=True)
def _asks_consent(words: NDArray[np.int64], index: NDArray[np.int32], first: int, last: int) -> bool:
    asked = 0
    for i in range(first, last):
        asked |= index[I_BITS, index[I_NUMBER, i]] & CONSENT_BIT if (words[W_FLAGS, i] & IN_URL) == 0 else 0
    return asked != 0


@njit(cache=True, nogil=True)
def _ends_in_ellipsis(data: NDArray[np.uint8], first: int, end: int) -> bool:
    at = end
    while at > first and (data[at - 1] == _SPACE or data[at - 1] == 13):
        at -= 1
    if at - first < 3:
        return False
    dots = data[at - 3] == _DOT and data[at - 2] == _DOT and data[at - 1] == _DOT
    return bool(dots or (data[at - 3] == 0xE2 and data[at - 2] == 0x80 and data[at - 1] == 0xA6))


@njit(cache=True, nogil=True)
def _is_bullet(data: NDArray[np.uint8], first: int, end: int) -> bool:
    """A bullet character, hyphen or asterisk followed by a space (a dialogue's dash is longer than a hyphen)."""
    if data[first] == _HYPHEN or data[first] == _STAR:
        return first + 1 < end and data[first + 1] == _SPACE
    return first + 2 < end and data[first] == 0xE2 and data[first + 1] == 0x80 and data[first + 2] == 0xA2


@njit(cache=True, nogil=True)
def _one_line(
    data: NDArray[np.uint8],
    lines: NDArray[np.int64],
    at: int,
    last_word: int,
    words: NDArray[np.int64],
    index: NDArray[np.int32],
    totals: NDArray[np.int64],
) -> None:
    first, end, closed = int(lines[at, L_FIRST]), int(lines[at, L_END]), int(lines[at, L_LAST])
    first_word, colons = int(lines[at, L_WORD]), int(lines[at, L_COLONS])
    short, open_ended = lines[at, L_CHARS] <= SHORT_LINE, (closed & TERMINAL) == 0
    totals[LT_TERMINAL] += (closed & ASCII_TERMINAL) != 0
    totals[LT_PUNCT] += not open_ended
    totals[LT_SHORT] += short
    totals[LT_OPEN_SHORT] += short and open_ended
    totals[LT_FEW_WORDS] += last_word - first_word < FEW_WORDS
    totals[LT_BULLET] += _is_bullet(data, first, end)
    totals[LT_ELLIPSIS] += _ends_in_ellipsis(data, first, end)
    totals[LT_ROFF] += is_roff(data, first, end)
    # A line without colons is no entry of a log and no header field: no need to read it through for one.
    totals[LT_LOG] += colons >= 2 and has_clock(data, first, end)
    totals[LT_HEADER] += colons >= 1 and is_header(data, first, end)
    totals[LT_CONTENTS] += open_ended and is_contents(data, first, end)
    if open_ended and lines[at, L_CHARS] <= BUTTON_LINE:
        totals[LT_CONSENT] += _asks_consent(words, index, first_word, last_word)
    if lines[at, L_CODE] >= CODE_DENSITY * lines[at, L_VISIBLE]:
        totals[LT_CODE_CHARS] += lines[at, L_VISIBLE]
    totals[LT_REGISTER_WORDS] += _register_words(words, first_word, last_word)
    if lines[at, L_LETTERS] >= 4 and lines[at, L_UPPER] >= SHOUT_LETTERS * lines[at, L_LETTERS]:
        totals[LT_SHOUT_CHARS] += lines[at, L_VISIBLE]


@njit(cache=True, nogil=True)
def line_totals(
    data: NDArray[np.uint8],
    lines: NDArray[np.int64],
    sizes: tuple[int, int],
    words: NDArray[np.int64],
    index: NDArray[np.int32],
    totals: NDArray[np.int64],
) -> None:
    """Add up the lines of one document; `sizes` are its numbers of words and lines."""
    n_words, n_lines = sizes
    totals[:] = 0
    for i in range(n_lines):
        last_word = int(lines[i + 1, L_WORD]) if i + 1 < n_lines else n_words
        _one_line(data, lines, i, last_word, words, index, totals)
