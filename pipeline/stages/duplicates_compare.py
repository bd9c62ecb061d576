"""Comparison of texts by their sketches: which are candidates, and what their true Jaccard is.

Rows are different texts. Some may be known from an earlier comparison: their entries lie sorted, and the pairs among them have been
verified. Whatever is known, the result is that of a comparison of all: what is new only says which buckets must be looked at.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.kernels import clusters, jaccard, lsh
from pipeline.stages.duplicates_config import DuplicatesConfig
from pipeline.stages.duplicates_sketch import Check, shingle

VERIFY_SHINGLES = 4 << 20
"""Shingles of the texts that are verified together: 32 MB a thread, times three with scratch."""

Rows = NDArray[np.int64]
Pairs = NDArray[np.uint64]
"""Packed pairs of rows, see pipeline.kernels.lsh."""


class TextStore(Protocol):
    """Texts by row."""

    def take(self, rows: Rows) -> pa.Array:
        """The texts of these rows (sorted), large_string."""


class Tables(Protocol):
    """Sorted entries (see pipeline.kernels.lsh) of every band, and of the keys of small sets as one more."""

    def __len__(self) -> int: ...

    def known(self, table: int) -> NDArray[np.uint64]:
        """Entries of the rows that were compared before."""

    def new(self, table: int) -> NDArray[np.uint64]:
        """Entries of all other rows."""


@dataclass(frozen=True, slots=True)
class View:
    """The rows of a comparison, one entry each.

    A copy set is the rows with one digest. Of each only one row, its representative, is compared: `stands`. `is_new` where no row of
    its copy set was compared before. `rank` orders them, best first.
    """

    stands: NDArray[np.bool_]
    is_new: NDArray[np.bool_]
    rank: Rows


@dataclass(frozen=True, slots=True)
class Verified:
    """Pairs of rows at or above the threshold, sorted (i, j): `jaccard`, and the Jaccard without templates with the smaller number of own
    shingles; `basis` says which templates those were.
    """

    i: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    j: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    jaccard: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    content: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    own: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    basis: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))

    def take(self, chosen: Rows | NDArray[np.bool_]) -> "Verified":
        return Verified(*(getattr(self, name)[chosen] for name in self.__slots__))

    @staticmethod
    def joined(parts: Sequence["Verified"]) -> "Verified":
        """All of them, sorted by i and j."""
        parts = [Verified(), *parts]
        every = Verified(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in Verified.__slots__)
        )
        return every.take(np.lexsort((every.j, every.i)))


class Templates(Protocol):
    """Which shingles do not count as content for a pair of rows."""

    def basis(self, i: Rows, j: Rows) -> NDArray[np.uint64]:
        """Names the set of templates for each pair; 0: none."""

    def table(self, basis: int) -> NDArray[np.uint64]:
        """That set, as `pipeline.kernels.jaccard.table_of` makes it."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """`pairs` to verify, sorted and distinct, and the rows that lie in some hot bucket."""

    pairs: Pairs
    is_hot: NDArray[np.bool_]


def find_candidates(tables: Tables, view: View, config: DuplicatesConfig) -> Candidates:
    """Pairs of standing rows that share a bucket, but for those of two known rows outside of hot buckets."""
    limits = (config.full_bucket, config.leaders)
    is_hot = np.zeros(len(view.stands), bool)
    gathered: list[Pairs] = []
    pending = 0
    for table in range(len(tables)):
        entries, is_new = _touched(tables, table, view, config.full_bucket)
        gathered.append(lsh.bucket_pairs(entries, view.rank, is_new, limits, is_hot))
        pending += len(gathered[-1])
        # Most pairs come from many bands: joined early, they need the memory of one.
        if pending > max(1 << 22, 2 * len(gathered[0])):
            gathered = [lsh.sorted_unique(gathered)]
            pending = 0
    return Candidates(lsh.sorted_unique(gathered), is_hot)


def _touched(
    tables: Tables, table: int, view: View, full: int
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Entries of standing rows in the buckets that have a new row, or that are or were hot; and which rows count as new here: of a
    bucket that was hot not all pairs are known.
    """
    known, new = tables.known(table), tables.new(table)
    new = new[view.stands[lsh.rows_of(new)]]
    if not len(known):
        return new, view.is_new
    were_hot = lsh.long_runs(known, full)
    is_new = view.is_new
    if len(were_hot):
        is_new = is_new.copy()
        is_new[lsh.rows_of(lsh.in_buckets(known, were_hot))] = True
    old = lsh.in_buckets(known, np.union1d(lsh.keys_of(new), were_hot))
    joined = np.concatenate([old[view.stands[lsh.rows_of(old)]], new])
    joined.sort()
    return joined, is_new


def still_listed(
    known: Pairs, found: Candidates, tables: Tables, view: View, config: DuplicatesConfig
) -> NDArray[np.bool_]:
    """Which pairs of known rows a comparison of all would still look at: a bucket that has become hot lists fewer."""
    i, j = lsh.ends(known)
    doubtful = np.flatnonzero(found.is_hot[i] & found.is_hot[j])
    listed = np.ones(len(known), bool)
    if not len(doubtful):
        return listed
    listed[doubtful] = np.isin(known[doubtful], found.pairs)
    for table in range(len(tables)):
        entries = _cold_entries(tables, table, view, found.is_hot, config.full_bucket)
        listed[doubtful] |= _share_a_key(entries, i[doubtful], j[doubtful])
    return listed


def _cold_entries(
    tables: Tables, table: int, view: View, is_hot: NDArray[np.bool_], full: int
) -> NDArray[np.uint64]:
    """Entries of rows that are hot somewhere, in those buckets of this table that are not hot."""
    joined = np.concatenate([tables.known(table), tables.new(table)])
    joined = joined[view.stands[lsh.rows_of(joined)]]
    _, bucket, sizes = np.unique(lsh.keys_of(joined), return_inverse=True, return_counts=True)
    return joined[is_hot[lsh.rows_of(joined)] & (sizes[bucket] <= full)]


def _share_a_key(entries: NDArray[np.uint64], i: Rows, j: Rows) -> NDArray[np.bool_]:
    """Which pairs have a bucket in common; a row may be in several buckets of a table."""
    _, key = np.unique(lsh.keys_of(entries), return_inverse=True)
    rows = lsh.rows_of(entries)
    order = np.argsort(rows, kind="stable")
    rows, key = rows[order], key[order]

    def codes(ends: Rows) -> NDArray[np.int64]:
        """A number for every pair and bucket of its row."""
        low, high = np.searchsorted(rows, ends), np.searchsorted(rows, ends, "right")
        sizes = high - low
        at = np.repeat(low - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())
        named: NDArray[np.int64] = np.repeat(np.arange(len(ends)), sizes) * max(len(rows), 1) + key[at]
        return named

    shared = np.zeros(len(i), bool)
    shared[np.intersect1d(codes(i), codes(j)) // max(len(rows), 1)] = True
    return shared


def verify(
    pairs: Pairs,
    texts: TextStore,
    windows: Rows,
    config: DuplicatesConfig,
    templates: Templates | None = None,
    *,
    check: Check | None = None,
    threads: int = 1,
) -> Verified:
    """The pairs whose true Jaccard is at or above config.threshold. `windows` (int64 per row) says how large a text is.

    `check` looks at the shingles that were read.
    """
    i, j = lsh.ends(pairs)
    # Near-duplicates lie side by side, so that the texts of one cluster are read once.
    near = clusters.components(len(windows), i, j)[i] if len(i) else i
    order = np.lexsort((j, i, near))

    def one(chosen: Rows) -> Verified:
        return _verify_batch(i[chosen], j[chosen], texts, config, templates, check)

    parts = _cut(order, i, j, windows)
    if threads < 2:
        return Verified.joined([one(part) for part in parts])
    with ThreadPoolExecutor(threads) as pool:
        return Verified.joined(list(pool.map(one, parts)))


def _cut(order: Rows, i: Rows, j: Rows, windows: Rows) -> Iterator[Rows]:
    """Pairs in order, in parts whose texts have about VERIFY_SHINGLES together."""
    # A row counts where it is seen first in the order; a part that sees it again reads it again.
    rows = np.stack([i[order], j[order]], axis=1).ravel()
    _, first = np.unique(rows, return_index=True)
    cost = np.zeros(len(rows), np.int64)
    cost[first] = windows[rows[first]]
    part = np.cumsum(cost.reshape(-1, 2).sum(axis=1)) // VERIFY_SHINGLES
    cuts = np.flatnonzero(np.diff(part)) + 1
    yield from (chosen for chosen in np.split(order, cuts) if len(chosen))


def _verify_batch(
    i: Rows,
    j: Rows,
    texts: TextStore,
    config: DuplicatesConfig,
    templates: Templates | None,
    check: Check | None,
) -> Verified:
    rows = np.unique(np.concatenate([i, j]))
    offsets, hashes = shingle(texts.take(rows), config.shingle)
    if check is not None:
        check(rows, offsets, hashes)
    counts = jaccard.distinct(offsets, hashes)
    at_i, at_j = np.searchsorted(rows, i), np.searchsorted(rows, j)
    order = np.lexsort((at_j, at_i))
    at_i, at_j = at_i[order], at_j[order]
    values = jaccard.jaccard_of_pairs(at_i, at_j, offsets, hashes, counts, config.threshold)
    enough = values >= 0
    at_i, at_j, values = at_i[enough], at_j[enough], values[enough]
    content, own = np.full(len(values), np.nan), np.zeros(len(values), np.int64)
    basis = np.zeros(len(values), np.uint64)
    if templates is not None and len(values):
        basis = templates.basis(rows[at_i], rows[at_j])
        for name in np.unique(basis).tolist():
            mine = np.flatnonzero(basis == name)
            content[mine], own[mine] = jaccard.content_of_pairs(
                at_i[mine], at_j[mine], offsets, hashes, counts, templates.table(name)
            )
    return Verified(rows[at_i], rows[at_j], values, content, own, basis)


def copy_sets(digests: NDArray[np.uint64]) -> Rows:
    """First row with the same digest, int64[n]; the empty text (zeros) is no copy of another one."""
    first: Rows = clusters.first_equal(digests)
    empty = np.flatnonzero(~digests.any(axis=1))
    first[empty] = empty
    return first
