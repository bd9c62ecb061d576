"""Who survives among near-duplicates.

Greedy in policy order: an item is dropped only for a verified pair, at or above the threshold, with an item that is kept
and stays. So nothing is lost by chaining: if A is like B and B like C but A is not like C, A and C both stay. Kept items rank
before flagged ones; a flagged item never removes another one, and flagged items that are alike all stay, for review.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import ContractError
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


def resolve(items: pa.Table, similar: Similar, config: DuplicatesConfig) -> Resolved:
    """The survivor of each item. Among several survivors it is that with the highest Jaccard, then the best in order.

    Linear in items and pairs: a copy set has at most one survivor, since its members are all alike.
    """
    n = items.num_rows
    if len(similar.copy_of) != n:
        raise ContractError(f"duplicates: {n} items but {len(similar.copy_of)} texts were compared")
    rank = rank_of(items, config)
    neighbours = _neighbours(similar, config.threshold)
    kept = [fate == KEPT for fate in items["fate"].to_pylist()]
    texts = items["text_sha256"].to_pylist()
    survivor_of_set: dict[int, int] = {}
    out = Resolved(np.full(n, -1, np.int64), np.full(n, np.nan), [None] * n)
    for row in np.argsort(rank).tolist():
        copies = int(similar.copy_of[row])
        alike = [
            (-value, int(rank[survivor_of_set[other]]), survivor_of_set[other])
            for other, value in [(copies, 1.0), *neighbours.get(copies, [])]
            if other in survivor_of_set
        ]
        if alike:
            value, _, survivor = min(alike)
            out.survivor[row], out.jaccard[row] = survivor, -value
            out.reason[row] = EXACT if texts[row] == texts[survivor] else NEAR
        elif kept[row]:
            survivor_of_set[copies] = row
    return out


def _neighbours(similar: Similar, threshold: float) -> dict[int, list[tuple[int, float]]]:
    """Copy sets alike at or above the threshold, by first row."""
    neighbours: dict[int, list[tuple[int, float]]] = {}
    enough = similar.jaccard >= threshold
    columns = (similar.i[enough], similar.j[enough], similar.jaccard[enough])
    for i, j, value in zip(*(column.tolist() for column in columns), strict=True):
        neighbours.setdefault(i, []).append((j, value))
        neighbours.setdefault(j, []).append((i, value))
    return neighbours
