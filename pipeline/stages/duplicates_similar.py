"""Comparison of sketches: copies, LSH candidates, each verified by its true Jaccard."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.kernels import clusters, pairs
from pipeline.stages.duplicates_compare import Verified, View, copy_sets, find_candidates, verify
from pipeline.stages.duplicates_config import DuplicatesConfig
from pipeline.stages.duplicates_sketch import SMALL_TABLES, Sketch, Texts, entries, sketch
from pipeline.stages.duplicates_templates import one_source


@dataclass(frozen=True, slots=True)
class Similar:
    """What is alike among n documents. Documents with one and the same sequence of words are a copy set.

    `copy_of` int64[n]: first row of the copy set; `i`, `j` int64[m] (i < j, sorted): verified pairs between the first rows
    of copy sets, with their `jaccard` float64[m]. Within a copy set Jaccard is 1.0. `content` float64[m] is the Jaccard without the
    templates of the source, NaN where one of the two has fewer than config.own_shingles beside them.
    """

    copy_of: NDArray[np.int64]
    i: NDArray[np.int64]
    j: NDArray[np.int64]
    jaccard: NDArray[np.float64]
    content: NDArray[np.float64]

    def labels(self) -> NDArray[np.int64]:
        """Smallest row of each row's connected component of verified pairs, int64[n]."""
        rows = np.arange(len(self.copy_of))
        return clusters.components(
            len(rows), np.concatenate([rows, self.i]), np.concatenate([self.copy_of, self.j])
        )

    def pairs(self, full: int) -> pa.Table:
        """i, j (int64, i < j, sorted), jaccard and jaccard_content (float32): every verified pair of rows.

        A copy set of more than `full` rows is listed as a star around its first row, which alone is listed with rows outside the set.
        """
        sets = pairs.members_of(self.copy_of)
        copies = pairs.pairs_within(*sets, full)
        others, edge = pairs.pairs_between((self.i, self.j), *sets, full)
        rows = np.concatenate([copies, others])
        order = np.lexsort((rows[:, 1], rows[:, 0]))
        same = np.ones(len(copies))
        value = np.concatenate([same, self.jaccard[edge]])[order]
        content = np.concatenate([same, self.content[edge]])[order]
        columns = [
            pa.array(rows[order, 0]),
            pa.array(rows[order, 1]),
            pa.array(_to_float32(value)),
            pa.array(_to_float32(content), mask=np.isnan(content)),
        ]
        return pa.table(columns, names=["i", "j", "jaccard", "jaccard_content"])


def _to_float32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rounded up, so that a value at a threshold such as 0.7 is not below it once stored."""
    nearest = values.astype(np.float32)
    return np.where(nearest < values, np.nextafter(nearest, np.float32(2)), nearest)


class _InMemory:
    """Texts and tables of one comparison, nothing known before."""

    def __init__(self, texts: pa.Array, sketches: Sequence[Sketch]) -> None:
        self._texts = texts
        self._sketches = sketches
        self.windows = np.concatenate([np.zeros(0, np.int64), *(part.windows for part in sketches)])
        self.digests = np.concatenate([np.zeros((0, 2), np.uint64), *(part.digests for part in sketches)])

    def take(self, rows: NDArray[np.int64]) -> pa.Array:
        return self._texts.take(pa.array(rows))

    def __len__(self) -> int:
        return len(self._sketches[0].keys) + SMALL_TABLES if self._sketches else 0

    def known(self, table: int) -> NDArray[np.uint64]:  # noqa: ARG002  nothing is known
        return np.zeros(0, np.uint64)

    def new(self, table: int) -> NDArray[np.uint64]:
        return entries(self._sketches, table)


def find_similar(texts: Texts, config: DuplicatesConfig, rank: NDArray[np.int64] | None = None) -> Similar:
    """Verified pairs with Jaccard >= config.threshold among all texts (large_string, no nulls), in memory.

    `rank` (int64[n], smaller is better, see rank_of) only chooses the leaders of buckets beyond config.full_bucket: given the survivor
    order, the survivor is compared with all of its bucket. Without it the first texts lead.
    """
    chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    joined = pa.concat_arrays(chunks) if chunks else pa.array([], pa.large_string())
    held = _InMemory(joined, sketch(joined, config))
    n = len(joined)
    order = np.arange(n) if rank is None else rank
    copy_of = copy_sets(held.digests)
    view = view_of(copy_of, np.ones(n, bool), np.zeros(n, bool), order)
    found = find_candidates(held, view, config)
    templates = one_source(held, held.digests, held.windows > 0, copy_of, config)
    verified = verify(found.pairs, held, held.windows, config, templates)
    return similar_items(np.arange(n), copy_of, verified, config)


def view_of(
    copy_of: NDArray[np.int64],
    alive: NDArray[np.bool_],
    known: NDArray[np.bool_],
    rank: NDArray[np.int64],
) -> View:
    """Of each copy set the best living row stands; the set is new where none of its rows was known."""
    n = len(copy_of)
    order = np.where(alive, rank, np.iinfo(np.int64).max)
    best = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(best, copy_of, order)
    stands = alive & (order == best[copy_of])
    was_known = np.zeros(n, bool)
    np.logical_or.at(was_known, copy_of, known)
    return View(stands, ~was_known[copy_of], order)


def similar_items(
    row_of: NDArray[np.int64], copy_of: NDArray[np.int64], verified: Verified, config: DuplicatesConfig
) -> Similar:
    """What is alike among items, from what is alike among rows: `row_of` int64[items], `copy_of` and `verified` by row."""
    first = np.full(len(copy_of), -1)
    sets = copy_of[row_of]
    # The first item of each copy set, written last.
    first[sets[::-1]] = np.arange(len(row_of))[::-1]
    i, j = first[copy_of[verified.i]], first[copy_of[verified.j]]
    low, high = np.minimum(i, j), np.maximum(i, j)
    order = np.lexsort((high, low))
    content = np.where(verified.own >= config.own_shingles, verified.content, np.nan)
    return Similar(first[sets], low[order], high[order], verified.jaccard[order], content[order])
