"""Counts over published texts, a table at a time: numpy over the UTF-8 bytes, about a pass of memory bandwidth each."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.schema import text_buffers

CHUNK = 1 << 18
"""Bytes counted at a time: scratch arrays stay in the cache."""

LATIN1_LEAD = 0xC3
"""First byte in UTF-8 of U+00C0 to U+00FF, where all letters of Swedish outside ASCII are."""

SWEDISH = {"å": (0xA5, 0x85), "ä": (0xA4, 0x84), "ö": (0xB6, 0x96)}
"""Second bytes of the small and the capital letter, by letter."""

DAMAGE = (
    "\N{REPLACEMENT CHARACTER}"
    # UTF-8 of a-ring, a- and o-diaeresis (small, capital) and e-acute, read as cp1252 or Latin-1.
    "|\u00c3[\u00a5\u00a4\u00b6\u00a9\u0085\u0084\u0096\u2026\u201e\u2013]"
    # UTF-8 of dashes and quotation marks, read as cp1252.
    "|\u00e2\u20ac[\u2122\u0153\u009d\u201c\u201d\u02dc]"
)
"""What a wrong decoding leaves behind and no Swedish text holds (RE2)."""


def letter_counts(column: pa.ChunkedArray) -> tuple[int, dict[str, int]]:
    """Letters of ASCII and Latin-1 (the alphabet of Swedish), and how many of them are å, ä, ö (either case).

    >>> letter_counts(pa.chunked_array([pa.array(["Åäö, ab é!"], pa.large_string())]))
    (6, {'å': 1, 'ä': 1, 'ö': 1})
    """
    offsets, data = text_buffers(column)
    data = data[offsets[0] : offsets[-1]]
    letters = 0
    second_bytes = np.zeros(256, np.int64)
    for start in range(0, len(data), CHUNK):
        part = data[start : start + CHUNK + 1]
        body = part[:CHUNK]
        letters += int(np.count_nonzero(((body | 0x20) - 97) < 26))
        second_bytes += np.bincount(part[1:][part[:-1] == LATIN1_LEAD], minlength=256)
    # U+00D7 and U+00F7 are the signs of multiplication and division, the only two of the row that are no letters.
    letters += int(second_bytes.sum() - second_bytes[0x97] - second_bytes[0xB7])
    return letters, {name: int(second_bytes[list(pair)].sum()) for name, pair in SWEDISH.items()}


def word_counts(column: pa.ChunkedArray) -> NDArray[np.int64]:
    r"""Words of each document: runs between ASCII white space.

    >>> word_counts(pa.chunked_array([pa.array(["en skog", "", " två\nrader här "], pa.large_string())])).tolist()
    [2, 0, 3]
    """
    offsets, data = text_buffers(column)
    data, offsets = data[offsets[0] : offsets[-1]], offsets - offsets[0]
    starts = np.zeros(len(offsets), np.int64)
    total = 0
    for start in range(0, len(data), CHUNK):
        part = data[start : start + CHUNK]
        space = (part == 32) | ((part - 9) < 5)
        begins = ~space
        begins[1:] &= space[:-1]
        begins[0] &= start == 0 or _is_space(data[start - 1])
        first, last = np.searchsorted(offsets, [start, start + len(part)])
        at = offsets[first:last] - start
        # A document starts as if after a space.
        begins[at] = ~space[at]
        found = np.flatnonzero(begins)
        starts[first:last] = total + np.searchsorted(found, at)
        total += len(found)
    starts[np.searchsorted(offsets, len(data)) :] = total
    return np.diff(starts)


def _is_space(byte: int) -> bool:
    return byte == 32 or 9 <= byte < 14


def damaged(column: pa.ChunkedArray) -> int:
    """Documents with U+FFFD or mojibake."""
    return int(pc.sum(pc.match_substring_regex(column, DAMAGE)).as_py() or 0)


def hex_keys(column: pa.ChunkedArray) -> NDArray[np.uint64]:
    """The first 16 hex digits of each hash as one number: 8 bytes a document instead of 64.

    Two different texts share a key once in 2^64 pairs: at ten million documents with a chance of 3 in a million.
    """
    head = pc.utf8_slice_codeunits(column, 0, 16).combine_chunks().cast(pa.binary())
    if not len(head):
        return np.zeros(0, np.uint64)
    joined = np.frombuffer(b"".join(head.to_pylist()), np.uint8).reshape(len(head), 16)
    nibbles = np.where(joined < 58, joined - 48, joined - 87).astype(np.uint64)
    shifts = np.arange(60, -1, -4, dtype=np.uint64)
    keys: NDArray[np.uint64] = np.bitwise_or.reduce(nibbles << shifts, axis=1)
    return keys
