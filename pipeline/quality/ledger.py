"""Counts over the ledger. Reason codes are counted as numbers; no Python object per item."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.schema import FATES

Counts = Mapping[str, Mapping[str, int]]


def coded(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """Each value as an index into the sorted list of different values; nulls are -1."""
    encoded = column.combine_chunks().dictionary_encode()
    names = [str(name) for name in encoded.dictionary.to_pylist()]
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names) + 1, np.int64)
    rank[order] = np.arange(len(names))
    rank[-1] = -1
    at = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return rank[at], [names[i] for i in order]


def exploded(lists: pa.ChunkedArray) -> tuple[NDArray[np.int64], pa.ChunkedArray]:
    """Row number and value of each entry of a list column."""
    array = lists.combine_chunks()
    return pc.list_parent_indices(array).to_numpy(zero_copy_only=False), pa.chunked_array(
        [pc.list_flatten(array)]
    )


def crossed(
    left: NDArray[np.int64], lefts: list[str], right: NDArray[np.int64], rights: list[str]
) -> dict[str, dict[str, int]]:
    """How often each pair of values meets; pairs that never do are left out."""
    counts = np.bincount(left * len(rights) + right, minlength=len(lefts) * len(rights))
    grid = counts.reshape(len(lefts), len(rights)) if len(rights) else np.zeros((len(lefts), 0), np.int64)
    return {
        name: {rights[j]: int(row[j]) for j in np.flatnonzero(row)}
        for name, row in zip(lefts, grid, strict=True)
    }


def fates_by_source(ledger: pa.Table) -> dict[str, dict[str, int]]:
    """Items by source and fate; every known fate is there, if 0."""
    found = crossed(*coded(ledger.column("source")), *coded(ledger.column("fate")))
    return {source: dict.fromkeys(FATES, 0) | row for source, row in found.items()}


def reasons_by_source(ledger: pa.Table) -> dict[str, dict[str, int]]:
    """Items by reason code and source."""
    rows, codes = exploded(ledger.column("reasons"))
    source, sources = coded(ledger.column("source"))
    return crossed(*coded(codes), source[rows], sources)
