"""Naive Bayes over byte n-grams found by an automaton (the model of py3langid), and a language path through the lines.

Each line is scored for each language; a document is the cheapest path through its lines, where a change of language has
a price. So a short or undecided line takes the language of its neighbours, and a paragraph is called foreign only with
a clear margin or when several neighbours agree. Prices are in the units of the scores (nats of the model).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.paragraphs import (
    CASED,
    CP_START,
    END,
    LETTERS,
    LINE_COLUMNS,
    START,
    WORDS,
    count_code_points,
    count_lines,
    find_lines,
)

CAPITALS_ONLY = 2
LOG1P = np.log1p(np.arange(64, dtype=np.float32)).astype(np.float32)

Automaton = tuple[NDArray[np.uint32], NDArray[np.uint32]]
"""moves: (rows * 256,) next states. states: (n, 2), row * 256 in `moves`, and the feature seen there or NO_FEATURE."""
Scratch = tuple[NDArray[np.int32], NDArray[np.int32]]
"""counts (features,), all zero between calls, and room for the features touched (features,)."""
NO_FEATURE = 0xFFFFFFFF


@njit(cache=True, nogil=True)
def walk(data: NDArray[np.uint8], line: NDArray[np.int64], automaton: Automaton, scratch: Scratch) -> int:
    """Count the features of one line into `scratch`; returns how many different ones were seen."""
    moves, states = automaton
    counts, touched = scratch
    fold = line[CASED] == CAPITALS_ONLY
    state, before, seen = np.uint32(0), np.uint8(0), 0
    for i in range(line[START], line[END]):
        byte = data[i]
        if fold:
            # Capitals of ASCII and Latin-1 become small letters; the multiplication sign (C3 97) stays.
            capital = (65 <= byte <= 90) or (before == 0xC3 and byte <= 0x9E and byte != 0x97)
            before = byte
            if capital:
                byte = np.uint8(byte + 32)
        state = moves[states[state, 0] + byte]
        feature = states[state, 1]
        if feature != NO_FEATURE:
            count = counts[feature]
            if count == 0:
                touched[seen] = feature
                seen += 1
            counts[feature] = count + 1
    return seen


@njit(cache=True, nogil=True)
def score_line(
    data: NDArray[np.uint8],
    line: NDArray[np.int64],
    automaton: Automaton,
    weights: NDArray[np.float32],
    scratch: Scratch,
    out: NDArray[np.float32],
) -> int:
    """Fill `out` (languages,) with the sum over features of log1p(count) * weight; returns the features seen."""
    counts, touched = scratch
    seen = walk(data, line, automaton, scratch)
    languages = out.shape[0]
    for k in range(languages):
        out[k] = np.float32(0.0)
    for j in range(seen):
        feature = touched[j]
        count = counts[feature]
        counts[feature] = 0
        weight = LOG1P[count] if count < 64 else np.float32(np.log1p(np.float32(count)))
        row = weights[feature]
        for k in range(languages):
            out[k] += weight * row[k]
    return seen


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
    lines: NDArray[np.int64], path: NDArray[np.int32], points: int, segments: NDArray[np.int32], at: int
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
    model: tuple[Automaton, NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]],
    prices: tuple[float, float],
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64], NDArray[np.int32]]:
    """Languages of all documents of a batch.

    text: offsets and bytes. model: automaton, weights (features, languages), log priors, and which are near relatives.
    Returns letters (n, languages), scores (n, languages) summed over the lines of the document's main language,
    counts (n, 4): words, bytes of those lines, main language (-1: no line), segments; and segments (m, 3).
    """
    offsets, data = text
    automaton, weights, prior, related = model
    documents, languages = offsets.shape[0] - 1, weights.shape[1]
    scratch = (np.zeros(weights.shape[0], np.int32), np.empty(weights.shape[0], np.int32))
    letters = np.zeros((documents, languages), np.int64)
    totals = np.zeros((documents, languages), np.float32)
    counts = np.zeros((documents, 4), np.int64)
    segments = np.empty((count_lines(data, offsets[0], offsets[documents]) + documents, 3), np.int32)
    at = 0
    for d in range(documents):
        start, end = offsets[d], offsets[d + 1]
        lines = np.empty((count_lines(data, start, end), LINE_COLUMNS), np.int64)
        found = find_lines(data, start, end, lines)
        scores = np.empty((found, languages), np.float32)
        path = np.zeros(found, np.int32)
        for i in range(found):
            score_line(data, lines[i], automaton, weights, scratch, scores[i])
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
        at = add_segments(lines, path, count_code_points(data, start, end), segments, at)
        counts[d, 3] = at - before
    return letters, totals, counts, segments[:at]
