"""What stands between two blanks and is no prose, told from bytes alone: encoded data, tags, addresses of pages, ellipses."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

ENCODED_RUN = 40
"""Bytes of an unbroken run of base64 or hexadecimal digits that no Swedish compound reaches."""
LONGEST_TAG = 300


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


def _base64() -> NDArray[np.bool_]:
    members = np.zeros(256, np.bool_)
    members[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")] = True
    return members


_BASE64 = _base64()


@njit(cache=True, nogil=True, inline="always")
def encoded_bytes(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Bytes in encoded runs of the token data[start:end].

    >>> key = b"SiS1gJ7J8KfMbXMzWa+IP8xaNoHvibfGK3BEAZQOQhcGj6BDZ9Ap0SEU"
    >>> tokens = (b"(" + key + b")", b"a" * 60, b"0123456789abcdef" * 4)
    >>> [encoded_bytes(np.frombuffer(token, np.uint8), 0, len(token)) for token in tokens]
    [56, 0, 64]
    """
    run, found = start, 0
    for at in range(start, end + 1):
        if at < end and _BASE64[data[at]]:
            continue
        if at - run >= ENCODED_RUN and _encoded(data, run, at):
            found += at - run
        run = at + 1
    return found


@njit(cache=True, nogil=True, inline="always")
def tag_end(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Byte after the tag that opens at `at`, or `at` where none does.

    >>> [tag_end(np.frombuffer(text, np.uint8), 0, len(text)) for text in (b"<b>fet</b>", b"<!-- x", b"< 3 > 2")]
    [3, 0, 0]
    """
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


@njit(cache=True, nogil=True, inline="always")
def starts_url(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """A colon at `at`, followed by two slashes."""
    return at + 2 < end and data[at + 1] == 47 and data[at + 2] == 47


@njit(cache=True, nogil=True, inline="always")
def is_ellipsis(data: NDArray[np.uint8], at: int, start: int, end: int) -> bool:
    """Three dots or more begin at `at`, or the ellipsis as one character stands there. Other characters: only dots are looked at.

    >>> [is_ellipsis(np.frombuffer(b"Va.... Nej.", np.uint8), at, 0, 11) for at in (2, 3, 10)]
    [True, False, False]
    """
    if data[at] != 46:
        return True
    return at + 2 < end and data[at + 1] == 46 and data[at + 2] == 46 and (at == start or data[at - 1] != 46)
