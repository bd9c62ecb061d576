"""The candidate: release files written shard by shard, then sealed by a manifest. Nothing here is visible to readers yet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.schema import (
    DATA,
    DROPPED,
    FLAGGED,
    KEPT,
    LEDGER,
    SPLITS,
    TERMS,
    TERMS_COLUMNS,
    WITHHELD,
    need,
)
from pipeline.storage import parquet
from pipeline.storage.files import link_over
from pipeline.storage.manifest import FileEntry, check_files, entry
from pipeline.work.judge import JUDGED_SCHEMA
from pipeline.work.measure import measure_names
from pipeline.work.stored import COUNTS, with_counts

TERMS_FILE = "terms.parquet"

RESOLUTION = pa.schema(
    [
        need("doc_id", pa.string()),
        LEDGER.field("fate"),
        LEDGER.field("split"),
        LEDGER.field("reasons"),
        LEDGER.field("duplicate_of"),
        LEDGER.field("jaccard"),
        LEDGER.field("cluster"),
    ]
)
"""What the global steps decided: one row per item, in the order of the shards."""


@dataclass(frozen=True, slots=True)
class ReleaseConfig:
    """Section [release] of kvarn.toml."""

    name: str = "kvarn"
    """Name of the data set: the title of report, dataset card and Croissant."""
    contact: str = ""
    """Whom users of the data set write to; stands in the dataset card."""
    withheld: Literal["all", "flagged", "none"] = "all"
    """Which withheld texts a release carries for review, report and `kvarn why`: flagged and dropped, flagged only, or none
    (for text that must not be stored twice)."""


@dataclass(frozen=True, slots=True)
class ShardFiles:
    """One finished shard: where its measured and judged items lie, and the name that its release files carry."""

    name: str
    items: Path
    judged: Path


def write_shard(
    shard: ShardFiles, resolution: pa.Table, folder: Path, config: ReleaseConfig
) -> dict[str, FileEntry]:
    """Write data/ and withheld/ files of one shard; `resolution` holds exactly its rows. Entries by file name."""
    judged = parquet.read(shard.judged).select(JUDGED_SCHEMA.names)
    final = _merge(judged, resolution)
    files = {}
    for name, rows, schema in _parts(final, shard.name, config):
        if rows.num_rows:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            parquet.write(path, rows, schema)
            files[name] = entry(path, rows.num_rows)
    return files


def write_ledger(shards: Sequence[ShardFiles], resolution: pa.Table, path: Path) -> FileEntry:
    """One row per raw item, in the order of source, file and position."""
    columns = [
        "doc_id",
        "record_id",
        "source",
        "uri",
        "content_id",
        "language",
        "edits",
        "decision",
        "fate",
        "reasons",
    ]

    def tables() -> Iterator[pa.Table]:
        at = 0
        for shard in shards:
            judged = parquet.read(shard.judged, columns=columns)
            yield _merge(judged, resolution.slice(at, judged.num_rows))
            at += judged.num_rows

    return entry(path, parquet.write_all(path, tables(), LEDGER))


def write_measures(shards: Sequence[ShardFiles], path: Path, schema: pa.Schema) -> FileEntry:
    """One row per raw item: doc_id, every float32 measure, and how often each kind of personal data and each note was found."""
    names = measure_names(schema)
    wanted = pa.schema([need("doc_id", pa.string()), *[schema.field(name) for name in names], *COUNTS])
    columns = ["doc_id", *names, "pii", "notes"]
    tables = (with_counts(parquet.read(shard.items, columns=columns)) for shard in shards)
    return entry(path, parquet.write_all(path, tables, wanted))


def write_terms(shards: Sequence[ShardFiles], path: Path) -> FileEntry:
    """Terms of the glossary and variants to avoid, item by item (schema TERMS)."""
    columns = ["doc_id", *TERMS_COLUMNS.names]
    tables = (_term_rows(part) for shard in shards for part in parquet.stream(shard.items, columns=columns))
    return entry(path, parquet.write_all(path, tables, TERMS))


def _term_rows(items: pa.Table) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for item in items.filter(_holds_terms(items)).to_pylist():
        rows += [{"doc_id": item["doc_id"], **found, "spans": []} for found in item["terms"]]
        wrong: dict[tuple[str, str], list[dict[str, int]]] = {}
        for span in item["term_spans"]:
            place = {"start": span["start"], "end": span["end"]}
            wrong.setdefault((span["term"], span["variant"]), []).append(place)
        for (term, variant), spans in wrong.items():
            named = {"doc_id": item["doc_id"], "term": term, "variant": variant}
            rows.append({**named, "count": len(spans), "spans": spans})
    return pa.Table.from_pylist(rows, TERMS)


def _holds_terms(items: pa.Table) -> pa.ChunkedArray:
    found = [pc.greater(pc.list_value_length(items[name]), 0) for name in TERMS_COLUMNS.names]
    return pc.or_(*found)


def share_with_parent(
    folder: Path, files: dict[str, FileEntry], parent: Path, theirs: dict[str, FileEntry]
) -> int:
    """Replace files that the parent release has byte for byte by hard links to them; how many.

    The parent's file is read first: one that was damaged on disk stays alone, and the candidate keeps its good copy.
    """
    shared = 0
    for name, mine in files.items():
        same = name in theirs and theirs[name].sha256 == mine.sha256
        if same and not check_files(parent, {name: mine}) and link_over(parent / name, folder / name):
            shared += 1
    return shared


def _merge(judged: pa.Table, resolution: pa.Table) -> pa.Table:
    """Judged items with the global columns in place of the local fate and reasons."""
    for name in RESOLUTION.names[1:]:
        column = resolution.column(name)
        at = judged.schema.get_field_index(name)
        field = RESOLUTION.field(name)
        judged = judged.set_column(at, field, column) if at >= 0 else judged.append_column(field, column)
    return judged


def _parts(final: pa.Table, shard: str, config: ReleaseConfig) -> Iterable[tuple[str, pa.Table, pa.Schema]]:
    published = final.rename_columns(["text" if name == "published" else name for name in final.schema.names])
    fate = published.column("fate")
    kept = published.filter(pc.equal(fate, KEPT))
    for split in SPLITS:
        yield f"data/{split}-{shard}.parquet", kept.filter(pc.equal(kept.column("split"), split)), DATA
    withheld = {"all": (FLAGGED, DROPPED), "flagged": (FLAGGED,), "none": ()}[config.withheld]
    for name in withheld:
        yield f"withheld/{name}-{shard}.parquet", published.filter(pc.equal(fate, name)), WITHHELD
