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

from pipeline.schema import DATA, DROPPED, FLAGGED, KEPT, LEDGER, QUARANTINED, TEST, VALIDATION
from pipeline.stages.duplicates import (
    DuplicatesConfig,
    Resolved,
    Similar,
    pairs_table,
    rank_of,
    resolve,
    smallest_of,
)
from pipeline.stages.split import SplitConfig, assign
from pipeline.storage import parquet
from pipeline.storage.releases import Release
from pipeline.storage.sources import SourceSpec
from pipeline.work.candidate import RESOLUTION, ShardFiles
from pipeline.work.compare import Comparison, Texts, compare_items, inherited_templates
from pipeline.work.judge import JUDGED_SCHEMA
from pipeline.work.near import TemplateSet

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
    templates: Mapping[str, TemplateSet] = field(default_factory=dict)
    """Shingles that the parent counts as templates, by source."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """`rows` with schema RESOLUTION, `pairs` with schema PAIRS, the splits that nothing is in, and the templates of every source."""

    rows: pa.Table
    pairs: pa.Table
    empty_splits: tuple[str, ...]
    templates: Mapping[str, TemplateSet] = field(default_factory=dict)


def inherit(releases: Sequence[Release], config: DuplicatesConfig) -> Inherited:
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
    return Inherited(splits, published, _held_out(releases), inherited_templates(releases, config))


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
    comparison: Comparison,
    split: SplitConfig,
) -> Resolution:
    """Deduplicate and split all items of all shards."""
    config = comparison.config
    items = pa.concat_tables(
        [_ITEMS.empty_table(), *(parquet.read(s.judged, columns=COLUMNS) for s in shards)]
    )
    eligible = np.flatnonzero(pc.is_in(items["fate"], pa.array([KEPT, FLAGGED])).to_numpy())
    current = items.take(eligible)
    earlier = _not_in(inherited.held_out, current["content_id"])
    candidates = _ranked(pa.concat_tables([current, _as_items(earlier)]), specs, inherited)
    rank = rank_of(candidates, config)
    similar, templates = compare_items(
        candidates,
        rank,
        Texts(shards, items.num_rows, eligible, earlier["text"]),
        inherited.templates,
        comparison,
    )
    found = resolve(candidates, similar, config, rank)
    labels = similar.labels()
    # Items come before earlier documents, so their labels are rows of items, and no cluster is named by a document that is gone.
    clusters = smallest_of(labels[: len(eligible)], current["content_id"])
    columns = _columns(items, eligible, found, clusters)
    bonds = _bonds(items, eligible, labels, earlier)
    empty = _split(items, columns, bonds, inherited, split)
    pairs = _pairs(similar, current, clusters, config)
    return Resolution(_table(items, columns), pairs, empty, templates)


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

    fate: pa.Array
    reasons: pa.Array
    duplicate_of: pa.Array
    jaccard: pa.Array
    cluster: pa.Array
    split: pa.Array


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


def _columns(items: pa.Table, rows: NDArray[np.int64], found: Resolved, clusters: pa.Array) -> _Columns:
    n = items.num_rows
    place = np.full(n, -1)
    place[rows] = np.arange(len(rows))
    survivor, alike = found.survivor[: len(rows)], found.jaccard[: len(rows)]
    dropped = survivor >= 0
    reasons = add_reasons(items["reasons"], rows[dropped], [r for r in found.reason[: len(rows)] if r])
    kept_by = np.full(n, -1)
    kept_by[rows[dropped]] = rows[survivor[dropped]]
    values = np.full(n, np.nan)
    values[rows] = alike
    return _Columns(
        _set_fate(items["fate"], kept_by >= 0, DROPPED),
        reasons,
        items["record_id"].combine_chunks().take(_index(kept_by)),
        pa.array(values, pa.float32(), mask=np.isnan(values)),
        clusters.take(_index(place)),
        pa.nulls(n, pa.string()),
    )


def _index(rows: NDArray[np.int64]) -> pa.Array:
    """Indices to take by, null where negative."""
    return pa.array(rows, mask=rows < 0)


def _set_fate(fates: pa.ChunkedArray | pa.Array, rows: NDArray[np.bool_], fate: str) -> pa.Array:
    joined = fates.combine_chunks() if isinstance(fates, pa.ChunkedArray) else fates
    return pc.if_else(pa.array(rows), pa.scalar(fate), joined)


def add_reasons(
    reasons: pa.ChunkedArray | pa.Array, rows: NDArray[np.int64], codes: Sequence[str]
) -> pa.Array:
    """The lists with one code added at the end of each of these rows (sorted, none twice)."""
    lists = reasons.combine_chunks() if isinstance(reasons, pa.ChunkedArray) else reasons
    sizes = pc.list_value_length(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    grown = sizes.copy()
    grown[rows] += 1
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(grown)])
    values = pc.list_flatten(lists)
    is_new = np.zeros(int(offsets[-1]), bool)
    is_new[offsets[rows + 1] - 1] = True
    source = np.empty(len(is_new), np.int64)
    source[~is_new] = np.arange(len(values))
    source[is_new] = len(values) + np.arange(len(rows))
    joined = pa.concat_arrays([values, pa.array(list(codes), pa.string())]).take(pa.array(source))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), joined, type=LEDGER.field("reasons").type)


def _split(
    items: pa.Table, columns: _Columns, bonds: pa.Table, inherited: Inherited, config: SplitConfig
) -> tuple[str, ...]:
    """Fill in splits; what ties documents of different splits together goes to quarantine. Names the empty splits."""
    n = items.num_rows
    beyond = bonds.num_rows - n
    kept = pa.concat_arrays([pc.equal(columns.fate, KEPT), pa.array([False] * beyond, pa.bool_())])
    tokens = pa.concat_arrays(
        [items["words"].combine_chunks().cast(pa.int64()), pa.array([0] * beyond, pa.int64())]
    )
    table = bonds.append_column(pa.field("tokens", pa.int64(), nullable=False), tokens)
    table = table.append_column(pa.field("kept", pa.bool_(), nullable=False), kept)
    assignment = assign(table, inherited.splits, config)
    columns.split = pa.array(assignment.split[:n], pa.string())
    tied = np.array([row for row, code in enumerate(assignment.reason[:n]) if code is not None], np.int64)
    is_tied = np.zeros(n, bool)
    is_tied[tied] = True
    columns.fate = _set_fate(columns.fate, is_tied, QUARANTINED)
    columns.reasons = add_reasons(columns.reasons, tied, [code for code in assignment.reason[:n] if code])
    return assignment.empty


def _table(items: pa.Table, columns: _Columns) -> pa.Table:
    return pa.table(
        {
            "doc_id": items["doc_id"],
            "fate": columns.fate,
            "split": columns.split,
            "reasons": columns.reasons,
            "duplicate_of": columns.duplicate_of,
            "jaccard": columns.jaccard,
            "cluster": columns.cluster,
        },
        schema=RESOLUTION,
    )


def _pairs(similar: Similar, items: pa.Table, clusters: pa.Array, config: DuplicatesConfig) -> pa.Table:
    """Pairs among the items of this release, by doc_id: a record's own id may stand in two sources."""
    pairs = similar.pairs(config.full_bucket)
    mine = pairs.filter(pc.less(pairs["j"], items.num_rows))
    return pairs_table(mine, items["doc_id"].combine_chunks(), clusters)
