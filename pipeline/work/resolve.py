"""The global steps: who survives among near-duplicates, and which split each document is in.

Runs over all shards at once, on the texts as they will be published. Its result is one row per item, in the order of the
shards, and the list of verified pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.schema import DROPPED, FLAGGED, KEPT, QUARANTINED
from pipeline.stages.duplicates import (
    DuplicatesConfig,
    Similar,
    Sketches,
    find_similar,
    pairs_table,
    rank_of,
    resolve,
    sketch,
    smallest_of,
)
from pipeline.stages.split import SplitConfig, assign
from pipeline.storage import parquet
from pipeline.storage.releases import Release
from pipeline.storage.sources import SourceSpec
from pipeline.work.candidate import RESOLUTION, ShardFiles

COLUMNS = [
    "doc_id", "record_id", "source", "group", "date", "content_id", "text_sha256", "fate", "reasons", "words",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inherited:
    """What earlier releases fixed: the split of each content ever published, and what the parent publishes now."""

    splits: Mapping[str, str]
    published: frozenset[str]


@dataclass(frozen=True, slots=True)
class Resolution:
    """`rows` with schema RESOLUTION, `pairs` with schema PAIRS, and the splits that nothing is in."""

    rows: pa.Table
    pairs: pa.Table
    empty_splits: tuple[str, ...]


def inherit(releases: Sequence[Release]) -> Inherited:
    """Split assignments of all releases (the newest word counts) and the contents that the last one publishes."""
    splits: dict[str, str] = {}
    published: frozenset[str] = frozenset()
    for release in releases:
        path, wanted = release.files("ledger.parquet")[0]
        ledger = parquet.read(path, sha256=wanted.sha256, columns=["content_id", "split"])
        kept = ledger.filter(pc.is_valid(ledger["split"]))
        mine = dict(zip(kept["content_id"].to_pylist(), kept["split"].to_pylist(), strict=True))
        splits |= mine
        published = frozenset(mine)
    return Inherited(splits, published)


def resolve_all(
    shards: Sequence[ShardFiles],
    specs: Mapping[str, SourceSpec],
    inherited: Inherited,
    duplicates: DuplicatesConfig,
    split: SplitConfig,
) -> Resolution:
    """Deduplicate and split all items of all shards."""
    items, sketches = _gather(shards, duplicates)
    eligible = pc.or_(pc.equal(items["fate"], KEPT), pc.equal(items["fate"], FLAGGED)).combine_chunks()
    rows = np.flatnonzero(eligible.to_numpy(zero_copy_only=False))
    candidates = _ranked(items.take(rows), specs, inherited)
    similar = find_similar(sketches, duplicates, rank_of(candidates, duplicates))
    found = resolve(candidates, similar, duplicates)
    clusters = smallest_of(similar.labels(), candidates["content_id"].to_pylist())
    columns = _columns(items, rows, found.survivor, found.jaccard, found.reason, clusters)
    empty = _split(items, columns, inherited, split)
    return Resolution(_table(items, columns), _pairs(similar, candidates, clusters, duplicates), empty)


@dataclass(slots=True)
class _Columns:
    """The global columns, one entry per item of the release."""

    fate: list[str]
    reasons: list[list[str]]
    duplicate_of: list[str | None]
    jaccard: list[float | None]
    cluster: list[str | None]
    split: list[str | None]


def _gather(shards: Sequence[ShardFiles], config: DuplicatesConfig) -> tuple[pa.Table, list[Sketches]]:
    """Columns of every item, and sketches of the published texts of those that enter deduplication."""
    tables, sketches = [], []
    for shard in shards:
        for part in parquet.stream(shard.judged, columns=[*COLUMNS, "published"], rows=16_384):
            wanted = part.filter(pc.is_in(part["fate"], pa.array([KEPT, FLAGGED])))
            sketches += sketch(wanted["published"], config)
            tables.append(part.select(COLUMNS))
    return pa.concat_tables(tables), sketches


def _ranked(items: pa.Table, specs: Mapping[str, SourceSpec], inherited: Inherited) -> pa.Table:
    """The items with the columns that the survivor order needs. Of two copies the longer is the more complete one."""
    priority = [float(specs[source].priority) for source in items["source"].to_pylist()]
    published = [content in inherited.published for content in items["content_id"].to_pylist()]
    return (
        items.append_column(
            pa.field("priority", pa.float64(), nullable=False), pa.array(priority, pa.float64())
        )
        .append_column("quality", pc.cast(items["words"], pa.float64()))
        .append_column(
            pa.field("published_before", pa.bool_(), nullable=False), pa.array(published, pa.bool_())
        )
    )


def _columns(
    items: pa.Table,
    rows: NDArray[np.int64],
    survivor: NDArray[np.int64],
    jaccard: NDArray[np.float64],
    reason: Sequence[str | None],
    clusters: Sequence[str],
) -> _Columns:
    n = items.num_rows
    records = items["record_id"].to_pylist()
    out = _Columns(
        items["fate"].to_pylist(),
        items["reasons"].to_pylist(),
        [None] * n,
        [None] * n,
        [None] * n,
        [None] * n,
    )
    for at, row in enumerate(rows.tolist()):
        out.cluster[row] = clusters[at]
        code = reason[at]
        if code is not None:
            out.fate[row] = DROPPED
            out.reasons[row] = [*out.reasons[row], code]
            out.duplicate_of[row] = records[rows[survivor[at]]]
            out.jaccard[row] = float(jaccard[at])
    return out


def _split(items: pa.Table, columns: _Columns, inherited: Inherited, config: SplitConfig) -> tuple[str, ...]:
    """Fill in splits; what ties documents of different splits together goes to quarantine. Names the empty splits."""
    kept = [fate == KEPT for fate in columns.fate]
    table = pa.table(
        {
            "content_id": items["content_id"],
            "source": items["source"],
            "group": items["group"],
            "tokens": items["words"],
            "cluster": pa.array(columns.cluster, pa.string()),
            "kept": pa.array(kept, pa.bool_()),
        }
    )
    assignment = assign(table, inherited.splits, config)
    columns.split = assignment.split
    for row, code in enumerate(assignment.reason):
        if code is not None:
            columns.fate[row] = QUARANTINED
            columns.reasons[row] = [*columns.reasons[row], code]
    return assignment.empty


def _table(items: pa.Table, columns: _Columns) -> pa.Table:
    return pa.table(
        {
            "doc_id": items["doc_id"],
            "fate": columns.fate,
            "split": pa.array(columns.split, pa.string()),
            "reasons": pa.array(columns.reasons, pa.list_(pa.string())),
            "duplicate_of": pa.array(columns.duplicate_of, pa.string()),
            "jaccard": pa.array(columns.jaccard, pa.float32()),
            "cluster": pa.array(columns.cluster, pa.string()),
        },
        schema=RESOLUTION,
    )


def _pairs(similar: Similar, items: pa.Table, clusters: Sequence[str], config: DuplicatesConfig) -> pa.Table:
    ids = items["record_id"].combine_chunks()
    return pairs_table(similar.pairs(config.full_bucket), ids, pa.array(clusters, pa.string()))
