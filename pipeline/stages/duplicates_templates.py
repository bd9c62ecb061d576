"""Templates: shingles that are frequent among the documents of a source and say nothing about whether two of them are the same.

A series of statutes, a form, a page with its navigation: documents that share these share no content. What is frequent is counted in
a sample of each source's documents that does not depend on their order.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.kernels import jaccard
from pipeline.kernels.shingles import mix64
from pipeline.stages.duplicates_config import DuplicatesConfig
from pipeline.stages.duplicates_sketch import Check, shingle

_NOTHING = np.zeros(0, np.uint64)


class _Texts(Protocol):
    def take(self, rows: NDArray[np.int64]) -> pa.Array: ...


def fit(
    texts: _Texts,
    rows: NDArray[np.int64],
    names: NDArray[np.uint64],
    config: DuplicatesConfig,
    check: Check | None = None,
) -> NDArray[np.uint64]:
    """Sorted shingle hashes that are templates among these rows of one source, each a different text.

    `names` (uint64 per row) are hashes of the texts: those with the smallest are the sample. `check` looks at what was read.
    """
    if len(rows) < config.template_documents or not config.content_threshold:
        return _NOTHING
    sample = np.sort(rows[np.argsort(names, kind="stable")[: config.template_sample]])
    offsets, hashes = shingle(texts.take(sample), config.shingle)
    if check is not None:
        check(sample, offsets, hashes)
    counts = jaccard.distinct(offsets, hashes)
    starts = np.repeat(offsets[:-1] - (np.cumsum(counts) - counts), counts)
    every = hashes[starts + np.arange(counts.sum())]
    every.sort()
    least = max(config.template_documents, int(np.ceil(config.template_share * len(sample) - 1e-9)))
    if len(every) < least:
        return _NOTHING
    # Of a sorted array: a value that stands again `least - 1` places on stands often enough.
    return np.unique(every[: len(every) - least + 1][every[least - 1 :] == every[: len(every) - least + 1]])


def name_of(templates: NDArray[np.uint64]) -> int:
    """A number that names the set; 0 for the empty one."""
    if not len(templates):
        return 0
    places = np.arange(1, len(templates) + 1, dtype=np.uint64)
    mixed: int = int(mix64((templates * (places + places + np.uint64(1))).sum()))
    return mixed or 1


class SourceTemplates:
    """Templates of several sources. For two rows of different sources the templates of both do not count."""

    def __init__(self, source_of: NDArray[np.int64], sets: Sequence[NDArray[np.uint64]]) -> None:
        """`source_of` (int64 per row) says which of `sets` (sorted hashes) a row's source has."""
        self._source_of = source_of
        self._names = np.array([name_of(values) for values in sets], np.uint64)
        self._tables: dict[int, NDArray[np.uint64]] = {}
        for at, one in enumerate(sets):
            for to in range(at, len(sets)):
                name = _joint(self._names[at], self._names[to])
                if int(name) not in self._tables:
                    self._tables[int(name)] = jaccard.table_of(np.union1d(one, sets[to]))

    def basis(self, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Names the templates of each pair of rows."""
        one, other = self._names[self._source_of[i]], self._names[self._source_of[j]]
        names: NDArray[np.uint64] = _joint(one, other)
        return names

    def table(self, basis: int) -> NDArray[np.uint64]:
        """The set with this name as a hash table."""
        return self._tables[basis]


def _joint(one: Any, other: Any) -> Any:
    return np.where(one == other, one, one ^ other)


def one_source(
    texts: _Texts,
    digests: NDArray[np.uint64],
    worded: NDArray[np.bool_],
    copy_of: NDArray[np.int64],
    config: DuplicatesConfig,
) -> SourceTemplates:
    """All rows are of one source: what `kvarn dedup` compares. Copies count once."""
    n = len(copy_of)
    rows = np.flatnonzero((copy_of == np.arange(n)) & worded)
    return SourceTemplates(np.zeros(n, np.int64), [fit(texts, rows, digests[rows, 0], config)])
