"""Comparison of sketches: copies, LSH candidates, each verified by its true Jaccard."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.kernels import clusters, jaccard, lsh
from pipeline.stages.duplicates_config import DuplicatesConfig
from pipeline.stages.duplicates_sketch import Sketches


@dataclass(frozen=True, slots=True)
class Similar:
    """What is alike among n documents. Documents with one and the same sequence of words are a copy set.

    `copy_of` int64[n]: first row of the copy set; `i`, `j` int64[m] (i < j, sorted): verified pairs between the first rows
    of copy sets, with their `jaccard` float64[m]. Within a copy set Jaccard is 1.0.
    """

    copy_of: NDArray[np.int64]
    i: NDArray[np.int64]
    j: NDArray[np.int64]
    jaccard: NDArray[np.float64]

    def labels(self) -> NDArray[np.int64]:
        """Smallest row of each row's connected component of verified pairs, int64[n]."""
        rows = np.arange(len(self.copy_of))
        return clusters.components(
            len(rows), np.concatenate([rows, self.i]), np.concatenate([self.copy_of, self.j])
        )

    def pairs(self, full: int) -> pa.Table:
        """i, j (int64, i < j, sorted), jaccard (float32): every verified pair of rows.

        A copy set of more than `full` rows is listed as a star around its first row, and two sets with more than full ** 2
        pairs between them as the pairs of the first row of each with all of the other.
        """
        members = self._members()
        blocks = [_within_set(rows, full) for rows in members.values()]
        values = [np.ones(sum(map(len, blocks)))]
        # Most pairs are between single documents; only copy sets need listing member by member.
        in_set = np.isin(self.i, list(members)) | np.isin(self.j, list(members))
        blocks.append(np.stack([self.i[~in_set], self.j[~in_set]], axis=1))
        values.append(self.jaccard[~in_set])
        for at in np.flatnonzero(in_set):
            i, j = int(self.i[at]), int(self.j[at])
            blocks.append(_between_sets(members.get(i, [i]), members.get(j, [j]), full))
            values.append(np.full(len(blocks[-1]), self.jaccard[at]))
        pairs = np.concatenate(blocks)
        pairs.sort(axis=1)
        order = np.lexsort((pairs[:, 1], pairs[:, 0]))
        columns = [pairs[order, 0], pairs[order, 1], _to_float32(np.concatenate(values)[order])]
        return pa.table([pa.array(column) for column in columns], names=["i", "j", "jaccard"])

    def _members(self) -> dict[int, list[int]]:
        """Rows of each copy set of more than one row, by its first row."""
        members: dict[int, list[int]] = {}
        for row in np.flatnonzero(self.copy_of != np.arange(len(self.copy_of))).tolist():
            first = int(self.copy_of[row])
            members.setdefault(first, [first]).append(row)
        return members


def _within_set(rows: list[int], full: int) -> NDArray[np.int64]:
    heads = rows if len(rows) <= full else rows[:1]
    pairs = [(a, b) for at, a in enumerate(heads) for b in rows[at + 1 :]]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _between_sets(left: list[int], right: list[int], full: int) -> NDArray[np.int64]:
    if len(left) * len(right) <= full**2:
        pairs = [(a, b) for a in left for b in right]
    else:
        pairs = [(left[0], b) for b in right] + [(a, right[0]) for a in left[1:]]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _to_float32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rounded up, so that a value at a threshold such as 0.7 is not below it once stored."""
    nearest = values.astype(np.float32)
    return np.where(nearest < values, np.nextafter(nearest, np.float32(2)), nearest)


def find_similar(
    sketches: Sequence[Sketches], config: DuplicatesConfig, rank: NDArray[np.int64] | None = None
) -> Similar:
    """Verified pairs with Jaccard >= config.threshold among all documents of the sketches, rows numbered through.

    `rank` (int64[n], smaller is better, see rank_of) only chooses the leaders of buckets beyond config.full_bucket: given
    the survivor order, the survivor is compared with all of its bucket. Without it the shingles' digest chooses.
    """
    copy_of, i, j = find_candidates(sketches, config, rank)
    values = verify(sketches, i, j, config.threshold)
    found = values >= 0
    return Similar(copy_of, i[found], j[found], values[found])


def find_candidates(
    sketches: Sequence[Sketches], config: DuplicatesConfig, rank: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(copy_of, i, j): copy sets as in Similar, and pairs of their first rows that share a band."""
    n = sum(map(len, sketches))
    bands, rows = config.shape
    copy_of, digests = _copies(sketches, n)
    keys = np.empty((bands, n), np.uint64)
    worded = np.empty(n, np.bool_)
    start = 0
    for part in sketches:
        end = start + len(part)
        lsh.band_keys(part.signatures, bands, rows, keys[:, start:end])
        worded[start:end] = np.diff(part.offsets) > 0
        start = end
    firsts = np.flatnonzero(worded & (copy_of == np.arange(n)))
    best = digests
    if rank is not None:
        best = np.full(n, n, np.int64)
        np.minimum.at(best, copy_of, rank)
    order = firsts[np.lexsort((firsts, best[firsts]))]
    i, j = lsh.candidates(keys, order, config.full_bucket, config.leaders)
    return copy_of, i, j


def _copies(sketches: Sequence[Sketches], n: int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """First row with the same sequence of shingles (or, without words, the same text) and all digests."""
    digests = np.concatenate([np.zeros(0, np.uint64), *(part.digests for part in sketches)])
    # Only documents whose digest occurs twice need their shingles compared.
    _, inverse, counts = np.unique(digests, return_inverse=True, return_counts=True)
    suspects = np.flatnonzero(counts[inverse] > 1)
    offsets, hashes = _gather(sketches, suspects)
    copy_of = np.arange(n)
    copy_of[suspects] = suspects[clusters.equal_sequences(offsets, hashes, digests[suspects])]
    seen: dict[bytes, int] = {}
    start = 0
    for part in sketches:
        for row in sorted(part.wordless):
            copy_of[start + row] = seen.setdefault(part.wordless[row], start + row)
        start += len(part)
    return copy_of, digests


def _gather(
    sketches: Sequence[Sketches], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Shingle hashes of these rows (sorted) as one array with its offsets."""
    starts = np.cumsum([0, *map(len, sketches)])
    cuts = np.searchsorted(rows, starts)
    lengths = np.zeros(len(rows) + 1, np.int64)
    for part, low, high, start in zip(sketches, cuts, cuts[1:], starts, strict=False):
        local = rows[low:high] - start
        lengths[low + 1 : high + 1] = part.offsets[local + 1] - part.offsets[local]
    offsets = np.cumsum(lengths)
    hashes = np.empty(offsets[-1], np.uint64)
    for part, low, high, start in zip(sketches, cuts, cuts[1:], starts, strict=False):
        jaccard.take(rows[low:high] - start, part.offsets, part.hashes, hashes, offsets[low])
    return offsets, hashes


def verify(
    sketches: Sequence[Sketches], i: NDArray[np.int64], j: NDArray[np.int64], threshold: float
) -> NDArray[np.float64]:
    """True Jaccard of pairs (sorted by i), float64; -1 where it is below the threshold."""
    rows = np.unique(np.concatenate([i, j]))
    offsets, hashes = _gather(sketches, rows)
    counts = jaccard.distinct(offsets, hashes)
    at_i, at_j = np.searchsorted(rows, i), np.searchsorted(rows, j)
    return jaccard.jaccard_of_pairs(at_i, at_j, offsets, hashes, counts, threshold)
