"""`kvarn dedup`: verified near-duplicate pairs, and the clusters that they make, of any file or folder."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows import progress
from flows.commands.context import context
from flows.commands.dedup_explain import check_asked, explain
from flows.commands.inputs import Faults, named_twice, nothing_read, read_input
from flows.output import emit
from flows.settings import Settings
from pipeline.schema import PAIRS
from pipeline.stages.duplicates import DuplicatesConfig, Similar, batches, pairs_table, smallest_of
from pipeline.storage import parquet
from pipeline.work.near import Items, NearDuplicates
from pipeline.work.plan import worker_count


def run(
    source: Path,
    out: Path | None,
    threshold: float | None,
    config: Path | None,
    *,
    as_json: bool,
    record: str | None = None,
) -> None:
    """Write OUT with schema PAIRS, and explain one record if asked to. Texts are compared as they are read, without repair or
    edits.
    """
    settings = context(config).settings
    check_asked(out, record)
    duplicates = (
        settings.duplicates if threshold is None else replace(settings.duplicates, threshold=threshold)
    )
    progress.tell_of_compiling()
    faults = Faults()
    ids, similar = _compare(source, settings, duplicates, faults)
    labels = similar.labels()
    pairs = pairs_table(similar.pairs(duplicates.full_bucket), ids, smallest_of(labels, ids))
    if out is not None:
        parquet.write(out, pairs, PAIRS)
    told = None if record is None else explain(source, settings, pairs, record)
    count = pc.count_distinct(pairs["cluster"]).as_py()
    facts = {
        "out": None if out is None else str(out),
        "records": len(ids),
        "unreadable": faults.count,
        "pairs": pairs.num_rows,
        "clusters": count,
        "threshold": duplicates.threshold,
        **({} if told is None else {"explain": told.facts()}),
    }
    lines = [
        f"{len(ids):,} records: {pairs.num_rows:,} verified pairs at Jaccard ≥ {duplicates.threshold}, {count:,} clusters"
    ]
    lines += [] if out is None else [f"written: {out}"]
    lines += [] if told is None else ["", *told.lines()]
    emit(facts, lines, as_json=as_json)
    faults.tell()


def _compare(
    source: Path, settings: Settings, config: DuplicatesConfig, faults: Faults
) -> tuple[pa.Array, Similar]:
    """Ids of all readable records, and what is alike among them. Raises UsageError where two records share an id, or nothing was
    read. Texts are spooled to a temporary folder, so that memory does not grow with them.
    """
    ids: list[pa.Array] = []
    threads = worker_count(settings.run.workers)
    with (
        tempfile.TemporaryDirectory(prefix="kvarn-") as scratch,
        closing(NearDuplicates(Path(scratch) / "near", config, threads, keep=False)) as near,
    ):
        try:
            near.add(_texts(source, settings, ids, faults))
        finally:
            progress.stop()
        names = _distinct_ids(ids, source, settings, faults)
        everyone = np.arange(len(names))
        rows, _ = near.rows_of(np.stack([everyone, everyone], axis=1).astype(np.uint64))
        # All of one source, and no order but that of reading.
        similar, _ = near.compare(Items(rows, everyone, np.zeros(len(names), np.int64)), [None])
    return names, similar


def _texts(source: Path, settings: Settings, ids: list[pa.Array], faults: Faults) -> Iterator[pa.Array]:
    """The texts of all readable records in batches; their ids are added to `ids`."""
    for items in read_input(source, settings, "read"):
        broken = items.filter(pc.is_valid(items["fault"])).select(["record_id", "fault", "meta"])
        for record in broken.to_pylist():
            faults.add(record["record_id"], record["fault"], json.loads(record["meta"]).get("fault", ""))
        readable = items.filter(pc.is_null(items["fault"]))
        ids += readable["record_id"].chunks
        yield from batches(readable["text"])


def _distinct_ids(ids: list[pa.Array], source: Path, settings: Settings, faults: Faults) -> pa.Array:
    names = pa.concat_arrays(ids) if ids else pa.array([], pa.string())
    if not len(names):
        raise nothing_read(source, faults)
    if pc.count_distinct(names).as_py() != len(names):
        counts = names.value_counts()
        twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
        raise named_twice(source, settings, twice[0].as_py())
    return names
