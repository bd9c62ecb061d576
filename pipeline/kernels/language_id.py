"""Naive Bayes over byte n-grams found by an automaton (the model of py3langid), and a language path through the lines.

Each line is scored for each language; a document is the cheapest path through its lines, where a change of language has
a price. So a short or undecided line takes the language of its neighbours, and a paragraph is called foreign only with
a clear margin or when several neighbours agree. Prices are in the units of the scores (nats of the model).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.lexica import Kin, settle
from pipeline.kernels.paragraphs import (
    CASED,
    CP_START,
    END,
    LETTERS,
    LINE_COLUMNS,
    MARKED,
    START,
    WORDS,
    count_lines,
    find_lines,
    prose,
)

CAPITALS_ONLY = 2
LOG1P = np.log1p(np.arange(64, dtype=np.float32)).astype(np.float32)

Model = tuple[
    NDArray[np.uint64],
    int,
    NDArray[np.int16],
    float,
    NDArray[np.float32],
    NDArray[np.bool_],
]
"""moves: (rows * 256,); an entry holds the next row * 256 in its low half, the feature seen there (0: none) in its high half.
first: row * 256 of the start. weights: (features + 1, languages) in steps of `step`, row 0 all zero. Log priors.
Which languages are near relatives."""
Scratch = tuple[NDArray[np.int32], NDArray[np.int32]]
"""counts (features + 1,), all zero between calls, and room for the features touched (features + 2,)."""
LOW, HIGH = np.uint64(0xFFFFFFFF), np.uint64(32)
DEPTH = 8
"""The automaton remembers fewer bytes than this (py3langid's: 6; `load_model` checks). So a walk that starts DEPTH bytes
early is in the same state as one from the start of the line, and one line can be walked in four places at once: the walk
waits for memory, four walks wait together (192 against 60 MB/s)."""
LONG = 64
"""Lines shorter than this (bytes) are walked in one go."""


@njit(cache=True, nogil=True)
def enter(data: NDArray[np.uint8], moves: NDArray[np.uint64], first: int, at: int) -> np.int64:
    """Row * 256 of the state before data[at], from the DEPTH bytes in front of it."""
    row = np.int64(first)
    for i in range(at - DEPTH, at):
        row = np.int64(moves[row + data[i]] & LOW)
    return row


@njit(cache=True, nogil=True)
def walk(data: NDArray[np.uint8], start: int, end: int, model: Model, scratch: Scratch) -> np.int64:
    """Count the features of data[start:end] into `scratch`; returns how many different ones were touched."""
    moves, first = model[0], model[1]
    counts, touched = scratch
    seen = np.int64(0)
    quarter = (end - start) // 4 if end - start >= LONG else 0
    row = np.int64(first)
    if quarter:
        a, b, c, d = start, start + quarter, start + 2 * quarter, start + 3 * quarter
        row_a, row_b = row, enter(data, moves, first, b)
        row_c, row_d = enter(data, moves, first, c), enter(data, moves, first, d)
        for i in range(quarter):
            to_a, to_b = moves[row_a + data[a + i]], moves[row_b + data[b + i]]
            to_c, to_d = moves[row_c + data[c + i]], moves[row_d + data[d + i]]
            row_a, row_b = np.int64(to_a & LOW), np.int64(to_b & LOW)
            row_c, row_d = np.int64(to_c & LOW), np.int64(to_d & LOW)
            for to in (to_a, to_b, to_c, to_d):
                feature = np.int64(to >> HIGH)
                count = counts[feature]
                counts[feature] = count + 1
                touched[seen] = feature
                seen += count == 0
        row = row_d
    for i in range(start + 4 * quarter, end):
        to = moves[row + data[i]]
        row = np.int64(to & LOW)
        feature = np.int64(to >> HIGH)
        count = counts[feature]
        counts[feature] = count + 1
        touched[seen] = feature
        seen += count == 0
    return seen


@njit(cache=True, nogil=True)
def small_letters(data: NDArray[np.uint8], start: int, end: int) -> NDArray[np.uint8]:
    """A copy with the capitals of ASCII and Latin-1 made small; the multiplication sign (C3 97) stays."""
    out = data[start:end].copy()
    for i in range(out.shape[0]):
        byte = out[i]
        if 65 <= byte <= 90 or (i > 0 and out[i - 1] == 0xC3 and byte <= 0x9E and byte != 0x97):
            out[i] = byte + 32
    return out


@njit(cache=True, nogil=True)
def score_line(
    data: NDArray[np.uint8],
    line: NDArray[np.int64],
    model: Model,
    kin: Kin,
    scratch: Scratch,
    out: NDArray[np.float32],
) -> None:
    """Fill `out` (languages,) with the sum over features of log1p(count) * weight, near relatives settled by their words.

    Tags, addresses and code do not count; lines of capitals count as small letters.
    """
    weights, step = model[2], np.float32(model[3])
    counts, touched = scratch
    start, end = line[START], line[END]
    if line[MARKED]:
        copy = np.empty(end - start + 1, np.uint8)
        start, end, data = 0, prose(data, start, end, copy), copy
    if line[CASED] == CAPITALS_ONLY:
        small = small_letters(data, start, end)
        seen = walk(small, 0, small.shape[0], model, scratch)
    else:
        seen = walk(data, start, end, model, scratch)
    languages = out.shape[0]
    for k in range(languages):
        out[k] = np.float32(0.0)
    for j in range(seen):
        feature = touched[j]
        count = counts[feature]
        counts[feature] = 0
        factor = LOG1P[count] if count < 64 else np.float32(np.log1p(np.float32(count)))
        for k in range(languages):
            out[k] += factor * np.float32(weights[feature, k])
    for k in range(languages):
        out[k] *= step
    settle(data, (start, end), line[CASED] == CAPITALS_ONLY, kin, out)


@njit(cache=True, nogil=True)
def best_of(values: NDArray[np.float64], related: NDArray[np.bool_], wanted: int) -> int:
    """Index of the largest value (ties: the lowest) among all (wanted < 0), related (1) or unrelated (0); -1 if none."""
    at = -1
    for k in range(values.shape[0]):
        if (wanted < 0 or related[k] == (wanted == 1)) and (at < 0 or values[k] > values[at]):
            at = k
    return at


@njit(cache=True, nogil=True)
def cheapest_path(
    scores: NDArray[np.float32],
    prior: NDArray[np.float32],
    related: NDArray[np.bool_],
    prices: tuple[float, float],
    path: NDArray[np.int32],
) -> None:
    """Viterbi over lines (n, languages): `prices` of a change, and of one between two `related` languages; fills `path`."""
    lines, languages = scores.shape
    price, price_related = prices
    back = np.empty((lines, languages), np.int16)
    best = prior.astype(np.float64)
    for i in range(lines):
        kin, stranger = best_of(best, related, 1), best_of(best, related, 0)
        for k in range(languages):
            source, value = k, best[k]
            if i > 0:
                if kin >= 0:
                    change = best[kin] - (price_related if related[k] else price)
                    if change > value:
                        source, value = kin, change
                if stranger >= 0 and best[stranger] - price > value:
                    source, value = stranger, best[stranger] - price
            back[i, k] = source
        # Values are read from `best` until all sources are known, then replaced.
        moved = np.empty(languages, np.float64)
        for k in range(languages):
            source = back[i, k]
            cost = 0.0
            if source != k:
                cost = price_related if related[source] and related[k] else price
            moved[k] = best[source] - cost + scores[i, k]
        best = moved
    at = best_of(best, related, -1)
    for i in range(lines - 1, -1, -1):
        path[i] = at
        at = back[i, at]


@njit(cache=True, nogil=True)
def add_segments(
    lines: NDArray[np.int64], path: NDArray[np.int32], points: np.int64, segments: NDArray[np.int32], at: int
) -> int:
    """Append rows (start, end, label) to `segments` from row `at`; together they cover all `points`; returns the new end."""
    first = at
    for i in range(path.shape[0]):
        if i == 0 or path[i] != path[i - 1]:
            if i:
                segments[at - 1, 1] = lines[i, CP_START]
            segments[at, 0] = lines[i, CP_START] if i else 0
            segments[at, 2] = path[i]
            at += 1
    if at > first:
        segments[at - 1, 1] = points
    return at


@njit(cache=True, nogil=True)
def identify(
    text: tuple[NDArray[np.int64], NDArray[np.uint8]],
    model: Model,
    kin: Kin,
    prices: tuple[float, float],
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64], NDArray[np.int32]]:
    """Languages of all documents of a batch.

    text: offsets and bytes. kin: what settles near relatives. prices: of any change of language, and of one between near relatives.
    Returns letters (n, languages), scores (n, languages) summed over the lines of the document's main language,
    counts (n, 4): words, bytes of those lines, main language (-1: no line), segments; and segments (m, 3).
    """
    offsets, data = text
    weights, prior, related = model[2], model[4], model[5]
    documents, languages = offsets.shape[0] - 1, weights.shape[1]
    scratch = (np.zeros(weights.shape[0], np.int32), np.empty(weights.shape[0] + 1, np.int32))
    letters = np.zeros((documents, languages), np.int64)
    totals = np.zeros((documents, languages), np.float32)
    counts = np.zeros((documents, 4), np.int64)
    segments = np.empty((count_lines(data, offsets[0], offsets[documents]) + documents, 3), np.int32)
    at = 0
    for d in range(documents):
        start, end = offsets[d], offsets[d + 1]
        lines = np.empty((count_lines(data, start, end), LINE_COLUMNS), np.int64)
        found, points = find_lines(data, start, end, lines)
        scores = np.empty((found, languages), np.float32)
        path = np.zeros(found, np.int32)
        for i in range(found):
            score_line(data, lines[i], model, kin, scratch, scores[i])
            counts[d, 0] += lines[i, WORDS]
        counts[d, 2] = -1
        if found:
            cheapest_path(scores, prior, related, prices, path)
            for i in range(found):
                letters[d, path[i]] += lines[i, LETTERS]
            main = np.argmax(letters[d]) if letters[d].sum() else path[0]
            counts[d, 2] = main
            totals[d] += prior
            for i in range(found):
                if path[i] == main:
                    totals[d] += scores[i]
                    counts[d, 1] += lines[i, END] - lines[i, START]
        before = at
        at = add_segments(lines, path, points, segments, at)
        counts[d, 3] = at - before
    return letters, totals, counts, segments[:at]
