"""The global steps: who survives among near-duplicates, and which split each document is in.

Runs over all shards at once, on the texts as they will be published. Its result is one row per item, in the order of the
shards, and the list of verified pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.schema import DATA, DROPPED, FLAGGED, KEPT, QUARANTINED, TEST, VALIDATION
from pipeline.stages.duplicates import (
    DuplicatesConfig,
    Resolved,
    Similar,
    Sketches,
    find_similar,
    pairs_table,
    rank_of,
    resolve,
    sketch,
    smallest_of,
)
from pipeline.stages.duplicates_audit import DOCUMENTS, audit_signatures
from pipeline.stages.split import SplitConfig, assign
from pipeline.storage import parquet
from pipeline.storage.releases import Release
from pipeline.storage.sources import SourceSpec
from pipeline.work.candidate import RESOLUTION, ShardFiles
from pipeline.work.judge import JUDGED_SCHEMA

HELD_OUT = pa.schema(
    [
        DATA.field(name)
        for name in ("doc_id", "record_id", "source", "group", "date", "content_id", "text_sha256", "text")
    ]
)
"""What is read of earlier held-out documents."""

COLUMNS = [
    "doc_id", "record_id", "source", "group", "date", "content_id", "text_sha256", "fate", "reasons", "words",
]  # fmt: skip


_ITEMS = pa.schema([JUDGED_SCHEMA.field(name) for name in COLUMNS])


@dataclass(frozen=True, slots=True)
class Inherited:
    """What earlier releases fixed: the split of each content ever published, and what the parent publishes now."""

    splits: Mapping[str, str]
    published: frozenset[str]
    held_out: pa.Table = field(default_factory=HELD_OUT.empty_table)
    """Columns HELD_OUT of every document that was ever in validation or test: an edited copy of one must not train."""


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
    return Inherited(splits, published, _held_out(releases))


def _held_out(releases: Sequence[Release]) -> pa.Table:
    """Validation and test documents of all releases, one row per content. Files shared by releases are read once."""
    tables = [HELD_OUT.empty_table()]
    seen: set[str] = set()
    for release in releases:
        for split in (VALIDATION, TEST):
            for path, wanted in release.files(f"data/{split}-"):
                if wanted.sha256 not in seen:
                    seen.add(wanted.sha256)
                    tables.append(parquet.read(path, sha256=wanted.sha256, columns=HELD_OUT.names))
    every = pa.concat_tables(tables)
    names = every["content_id"].to_pylist()
    first = sorted({name: at for at, name in reversed(list(enumerate(names)))}.values())
    return every.take(pa.array(first, pa.int64()))


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
    current = items.take(rows)
    earlier = _not_in(inherited.held_out, current["content_id"])
    candidates = _ranked(pa.concat_tables([current, _as_items(earlier)]), specs, inherited)
    similar = find_similar(
        [*sketches, *sketch(earlier["text"], duplicates)], duplicates, rank_of(candidates, duplicates)
    )
    found = resolve(candidates, similar, duplicates)
    labels = similar.labels()
    clusters = smallest_of(labels[: len(rows)], current["content_id"].to_pylist())
    columns = _columns(items, rows, found, clusters)
    bonds = _bonds(items, rows, labels, earlier)
    empty = _split(items, columns, bonds, inherited, split)
    return Resolution(_table(items, columns), _pairs(similar, current, clusters, duplicates), empty)


def _not_in(held_out: pa.Table, contents: pa.ChunkedArray) -> pa.Table:
    """Held-out documents whose content is no longer there: what an edited copy of them must still be bound to."""
    return held_out.filter(pc.invert(pc.is_in(held_out["content_id"], value_set=contents)))


def _as_items(earlier: pa.Table) -> pa.Table:
    """Earlier documents as flagged items: flagged ones bind what is like them, and never remove anything."""
    n = earlier.num_rows
    constant = {"fate": FLAGGED, "reasons": [], "words": 0}
    columns = [
        pa.array([constant[name]] * n, _ITEMS.field(name).type) if name in constant else earlier[name]
        for name in COLUMNS
    ]
    return pa.table(columns, schema=_ITEMS)


def _bonds(
    items: pa.Table, rows: NDArray[np.int64], labels: NDArray[np.int64], earlier: pa.Table
) -> pa.Table:
    """What binds items to one split, the earlier held-out documents after the items of this release."""
    label: list[str | None] = [None] * items.num_rows
    for at, row in enumerate(rows.tolist()):
        label[row] = str(labels[at])
    names = ["content_id", "source", "group"]
    bound = pa.concat_tables([items.select(names), earlier.select(names)])
    cluster = [*label, *map(str, labels[len(rows) :].tolist())]
    return bound.append_column("cluster", pa.array(cluster, pa.string()))


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
    audited = 0
    for shard in shards:
        for part in parquet.stream(shard.judged, columns=[*COLUMNS, "published"], rows=16_384):
            wanted = part.filter(pc.is_in(part["fate"], pa.array([KEPT, FLAGGED])))
            if audited < DOCUMENTS:
                audited += audit_signatures(wanted["published"], config)
            sketches += sketch(wanted["published"], config)
            tables.append(part.select(COLUMNS))
    return pa.concat_tables(tables), sketches


def _ranked(items: pa.Table, specs: Mapping[str, SourceSpec], inherited: Inherited) -> pa.Table:
    """The items with the columns that the survivor order needs. Of two copies the longer is the more complete one."""
    # A source that is gone from raw/ may still bind through its held-out documents.
    known = {source: float(spec.priority) for source, spec in specs.items()}
    priority = [known.get(source, 0.0) for source in items["source"].to_pylist()]
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


def _columns(items: pa.Table, rows: NDArray[np.int64], found: Resolved, clusters: Sequence[str]) -> _Columns:
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
        code = found.reason[at]
        if code is not None:
            out.fate[row] = DROPPED
            out.reasons[row] = [*out.reasons[row], code]
            out.duplicate_of[row] = records[rows[found.survivor[at]]]
            out.jaccard[row] = float(found.jaccard[at])
    return out


def _split(
    items: pa.Table, columns: _Columns, bonds: pa.Table, inherited: Inherited, config: SplitConfig
) -> tuple[str, ...]:
    """Fill in splits; what ties documents of different splits together goes to quarantine. Names the empty splits."""
    n = items.num_rows
    beyond = bonds.num_rows - n
    kept = [fate == KEPT for fate in columns.fate] + [False] * beyond
    tokens = items["words"].to_pylist() + [0] * beyond
    table = bonds.append_column("tokens", pa.array(tokens, pa.int64())).append_column("kept", pa.array(kept))
    assignment = assign(table, inherited.splits, config)
    columns.split = assignment.split[:n]
    for row, code in enumerate(assignment.reason[:n]):
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
    """Pairs among the items of this release, by doc_id: a record's own id may stand in two sources."""
    pairs = similar.pairs(config.full_bucket)
    mine = pairs.filter(pc.less(pairs["j"], items.num_rows))
    return pairs_table(mine, items["doc_id"].combine_chunks(), pa.array(clusters, pa.string()))
