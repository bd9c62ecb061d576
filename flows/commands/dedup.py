"""`kvarn dedup`: verified near-duplicate pairs, and the clusters that they make, of any file or folder."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows import progress
from flows.commands.context import context
from flows.commands.dedup_explain import check_asked, explain
from flows.commands.inputs import Faults, named_twice, nothing_read, read_input
from flows.output import emit
from flows.settings import Settings
from pipeline.schema import PAIRS
from pipeline.stages.duplicates import DuplicatesConfig, Sketches, find_similar, pairs_table, sketch
from pipeline.storage import parquet


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
    faults = Faults()
    try:
        ids, sketches = _read(source, settings, duplicates, faults)
    finally:
        progress.stop()
    similar = find_similar(sketches, duplicates)
    labels = similar.labels()
    smallest: dict[int, str] = {}
    for label, name in zip(labels.tolist(), ids, strict=True):
        smallest[label] = min(smallest.get(label, name), name)
    clusters = pa.array([smallest[label] for label in labels.tolist()], pa.string())
    pairs = pairs_table(similar.pairs(duplicates.full_bucket), pa.array(ids, pa.string()), clusters)
    if out is not None:
        parquet.write(out, pairs, PAIRS)
    told = None if record is None else explain(source, settings, pairs, record)
    count = len(set(pairs["cluster"].to_pylist()))
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


def _read(
    source: Path, settings: Settings, config: DuplicatesConfig, faults: Faults
) -> tuple[list[str], list[Sketches]]:
    """Ids and sketches of all readable records. Raises UsageError where two records share an id, or nothing was read."""
    ids: list[str] = []
    sketches: list[Sketches] = []
    for items in read_input(source, settings, "read"):
        broken = items.filter(pc.is_valid(items["fault"])).select(["record_id", "fault", "meta"])
        for record in broken.to_pylist():
            faults.add(record["record_id"], record["fault"], json.loads(record["meta"]).get("fault", ""))
        readable = items.filter(pc.is_null(items["fault"]))
        ids += readable["record_id"].to_pylist()
        sketches += sketch(readable["text"], config)
    if not ids:
        raise nothing_read(source, faults)
    if len(set(ids)) != len(ids):
        raise named_twice(source, settings, Counter(ids).most_common(1)[0][0])
    return ids, sketches
