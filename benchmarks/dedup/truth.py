r"""Exact truth: every pair of documents whose sets of word 5-grams have Jaccard >= .7, by an all-pairs join.

    python -m benchmarks.dedup.truth 100     # benchmarks/.work/dedup/100.truth.parquet: id_a, id_b, jaccard

Shares no code with the pipeline, hashes nothing and guesses nothing. A word is `\w+` of the NFC, lower-cased text; fewer than
five words are one shingle of all. Memory: about 60 bytes a word.
"""

import argparse
import re
import time
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numba import njit
from numpy.typing import NDArray

from benchmarks.dedup.corpus import corpus

WIDTH = 5
LOWEST = 0.7
MAX_MB = 100
_WORD = re.compile(r"\w+")
Sets = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Offsets and values: set k is values[offsets[k] : offsets[k + 1]], sorted, each once."""


def words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def shingles(text: str) -> set[str]:
    """The definition, plainly; `shingle_sets` must give the same sets as numbers."""
    found = words(text)
    if len(found) < WIDTH:
        return {" ".join(found)} if found else set()
    return {" ".join(found[at : at + WIDTH]) for at in range(len(found) - WIDTH + 1)}


def jaccard(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b) if a | b else 0.0


def shingle_sets(texts: Iterable[str]) -> Sets:
    """Shingles as numbers, the rarest first. Equal numbers are equal words: pairs of words are numbered, then pairs of pairs."""
    numbers: dict[str, int] = {}
    coded, short = [], {}
    for row, text in enumerate(texts):
        found = words(text)
        if 0 < len(found) < WIDTH:
            short[row] = " ".join(found)
            found = []
        coded.append(np.array([numbers.setdefault(word, len(numbers)) for word in found], np.int64))
    counts = np.array([len(part) for part in coded])
    flat = np.concatenate([np.zeros(0, np.int64), *coded])
    document = np.repeat(np.arange(len(counts)), counts)
    two = _numbered(flat[:-1], flat[1:])
    four = _numbered(two[:-2], two[2:])
    five = _numbered(four[:-1], flat[4:])
    whole = document[:-4] == document[4:]
    return _sorted_sets(five[whole], document[:-4][whole], len(counts), short)


def _numbered(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number for each distinct (left, right); both stay below 2**31."""
    if len(left) == 0:
        return np.zeros(0, np.int64)
    return np.unique((left << 32) | right, return_inverse=True)[1].astype(np.int64)


def _sorted_sets(
    values: NDArray[np.int64], document: NDArray[np.int64], n: int, short: dict[int, str]
) -> Sets:
    if short:
        distinct = {text: at for at, text in enumerate(dict.fromkeys(short.values()))}
        base = int(values.max(initial=-1)) + 1
        values = np.concatenate([values, [base + distinct[text] for text in short.values()]])
        document = np.concatenate([document, list(short)])
    pairs = np.unique((document << 32) | values)
    document, values = pairs >> 32, pairs & 0xFFFFFFFF
    frequency = np.bincount(values)
    rank = np.empty(len(frequency), np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency))
    values = rank[values]
    values = values[np.lexsort((values, document))]
    return np.concatenate([[0], np.cumsum(np.bincount(document, minlength=n))]), values


@njit(cache=True)
def _prefix(size: int, threshold: float) -> int:
    """Two sets as alike as the threshold share one of their first so many (rarest) members."""
    return size - int(np.ceil(threshold * size - 1e-9)) + 1 if size else 0


@njit(cache=True)
def _common(offsets, values, a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    x, y, found = offsets[a], offsets[b], 0
    while x < offsets[a + 1] and y < offsets[b + 1]:
        if values[x] == values[y]:
            found += 1
        step_x, step_y = values[x] <= values[y], values[y] <= values[x]
        x += step_x
        y += step_y
    return found


@njit(cache=True)
def _index(offsets, values, threshold):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Inverted index of the prefixes: documents of value v are rows[starts[v] : starts[v + 1]], in order."""
    starts = np.zeros(values.max() + 2 if len(values) else 1, np.int64)
    for a in range(len(offsets) - 1):
        for at in range(offsets[a], offsets[a] + _prefix(offsets[a + 1] - offsets[a], threshold)):
            starts[values[at] + 1] += 1
    starts = np.cumsum(starts)
    fill = starts.copy()
    rows = np.empty(starts[-1], np.int64)
    for a in range(len(offsets) - 1):
        for at in range(offsets[a], offsets[a] + _prefix(offsets[a + 1] - offsets[a], threshold)):
            rows[fill[values[at]]] = a
            fill[values[at]] += 1
    return starts, rows


@njit(cache=True)
def _join(offsets, values, threshold):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    starts, rows = _index(offsets, values, threshold)
    seen = np.full(len(offsets) - 1, -1, np.int64)
    found = [(np.int64(0), np.int64(0), np.float64(0.0))]
    for a in range(len(offsets) - 1):
        size_a = offsets[a + 1] - offsets[a]
        for at in range(offsets[a], offsets[a] + _prefix(size_a, threshold)):
            for k in range(starts[values[at]], starts[values[at] + 1]):
                b = rows[k]
                if b >= a:
                    break
                if seen[b] == a:
                    continue
                seen[b] = a
                size_b = offsets[b + 1] - offsets[b]
                if min(size_a, size_b) < threshold * max(size_a, size_b) - 1e-9:
                    continue
                common = _common(offsets, values, a, b)
                value = common / (size_a + size_b - common)
                if value >= threshold:
                    found.append((b, np.int64(a), value))
    return found[1:]


def join(sets: Sets, threshold: float = LOWEST) -> list[tuple[int, int, float]]:
    """(i, j, Jaccard) of every pair of sets, i < j, at or above the threshold."""
    return sorted(_join(*sets, threshold))


def truth(path: Path) -> Path:
    """Path of the true pairs of a corpus, computed where they are not there yet."""
    out = path.with_suffix(".truth.parquet")
    if not out.exists():
        table = pq.read_table(path)
        found = join(shingle_sets(text.as_py() for text in table["text"]))
        i, j, values = (np.array(column) for column in zip(*found, strict=True)) if found else ([], [], [])
        ids = table["id"].combine_chunks()
        columns = [
            ids.take(pa.array(i, pa.int64())),
            ids.take(pa.array(j, pa.int64())),
            pa.array(values, pa.float64()),
        ]
        part = out.with_suffix(".part")
        pq.write_table(pa.table(columns, names=["id_a", "id_b", "jaccard"]), part)
        part.rename(out)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("megabytes", type=float, nargs="+")
    for megabytes in parser.parse_args().megabytes:
        start = time.perf_counter()
        pairs = pq.read_table(truth(corpus(megabytes)))
        high = int((pairs["jaccard"].to_numpy() >= 0.8).sum())
        print(
            f"{megabytes:g} MB: {len(pairs)} pairs at J >= .7, {high} at J >= .8; {time.perf_counter() - start:.0f} s"
        )


if __name__ == "__main__":
    main()
