"""Who survives among near-duplicates.

Greedy in policy order: an item is dropped only for a verified pair, at or above the threshold, with an item that is kept
and stays, and where both have text of their own beside the templates of the source, for one whose own text is alike too. So nothing is lost by chaining: if A is like B and B like C but A is not like C, A and C both stay. Kept items rank
before flagged ones; a flagged item never removes another one, and flagged items that are alike all stay, for review.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import ContractError
from pipeline.kernels.survivors import neighbours, survivors
from pipeline.schema import FLAGGED, KEPT, check_schema
from pipeline.stages.duplicates_config import DuplicatesConfig
from pipeline.stages.duplicates_similar import Similar

EXACT, NEAR = "duplicate.exact", "duplicate.near"

_FIELDS: "list[pa.Field[Any]]" = [
    pa.field("doc_id", pa.string(), nullable=False),
    pa.field("content_id", pa.string(), nullable=False),
    # Identity of the text that is published: equal texts, equal ids.
    pa.field("text_sha256", pa.string(), nullable=False),
    # kept or flagged; nothing else enters deduplication.
    pa.field("fate", pa.string(), nullable=False),
    # Of the source, higher first.
    pa.field("priority", pa.float64(), nullable=False),
    # Higher first; null where not measured, which comes last.
    pa.field("quality", pa.float64()),
    # ISO 8601; null comes last.
    pa.field("date", pa.string()),
    # Part of an earlier release: survivor before any that was not.
    pa.field("published_before", pa.bool_(), nullable=False),
]
ITEMS = pa.schema(_FIELDS)
"""Columns that `resolve` takes (others may be there too), one row per row of `Similar`."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """One entry per item: `survivor` int64, the row that it is dropped for or -1; `jaccard` float64 of that verified pair
    (NaN where it stays); `reason` duplicate.exact (equal published text), duplicate.near, or None where it stays.
    """

    survivor: NDArray[np.int64]
    jaccard: NDArray[np.float64]
    reason: list[str | None]


def rank_of(items: pa.Table, config: DuplicatesConfig) -> NDArray[np.int64]:
    """Place of each row in policy order, 0 first. Total (doc_id decides last), so the order of rows never matters."""
    check_schema(items, ITEMS, "duplicates")
    unknown = {str(fate) for fate in items["fate"].unique().to_pylist()} - {KEPT, FLAGGED}
    if unknown:
        raise ContractError(
            f"duplicates: fates {sorted(unknown)} cannot be deduplicated; kept or flagged only"
        )
    newest = "descending" if config.date_order == "newest" else "ascending"
    direction = {"priority": "descending", "quality": "descending", "date": newest}
    keys: list[tuple[str, Any]] = [
        ("fate", "descending"),  # kept after flagged in the alphabet
        ("published_before", "descending"),
        *((key, direction[key]) for key in config.survivor),
        ("content_id", "ascending"),
        ("doc_id", "ascending"),
    ]
    # Nulls come last in either direction.
    order = pc.sort_indices(items, sort_keys=keys).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank


def resolve(
    items: pa.Table, similar: Similar, config: DuplicatesConfig, rank: NDArray[np.int64] | None = None
) -> Resolved:
    """The survivor of each item; `rank` is `rank_of` the items, where it is known already. Among several survivors it is that with the highest Jaccard, then the best in order.

    Linear in items and pairs: a copy set has at most one survivor, since its members are all alike.
    """
    n = items.num_rows
    if len(similar.copy_of) != n:
        raise ContractError(f"duplicates: {n} items but {len(similar.copy_of)} texts were compared")
    order = np.argsort(rank_of(items, config) if rank is None else rank)
    # A template alone drops nothing: where enough is left without it, that must be alike too.
    enough = (similar.jaccard >= config.threshold) & ~(similar.content < config.content_threshold)
    edges = neighbours(n, similar.i[enough], similar.j[enough], similar.jaccard[enough])
    kept = pc.equal(items["fate"], KEPT).to_numpy()
    survivor, alike = survivors(order, similar.copy_of, kept, edges)
    removed = np.flatnonzero(survivor >= 0)
    texts = items["text_sha256"].combine_chunks()
    same = pc.equal(texts.take(pa.array(removed)), texts.take(pa.array(survivor[removed])))
    reason: list[str | None] = [None] * n
    for row, is_same in zip(removed.tolist(), same.to_pylist(), strict=True):
        reason[row] = EXACT if is_same else NEAR
    return Resolved(survivor, alike, reason)
