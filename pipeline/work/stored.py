"""Items as the judges read them, from what a release or a file of `kvarn measure` stores: no raw file and no text is opened.

A release stores measures, and of what else the judges read (personal data, notes of the reader) how many there are of each kind:
`pii_email`, `note_no_text` and so on in measures.parquet. Where they stand matters to edits only.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.errors import UsageError
from pipeline.kernels.measure_spec import MeasureSpec
from pipeline.schema import LEDGER, PII, PII_COLUMNS, QUARANTINED, RAW, VERDICT_COLUMNS, need
from pipeline.stage import bools, put
from pipeline.stages.decide import NOTHING_THERE
from pipeline.stages.decisions import Decision
from pipeline.stages.pii import KINDS
from pipeline.storage import parquet
from pipeline.storage.readers.codes import NOTES
from pipeline.storage.releases import Release

PIECE = 16_384
"""Rows that are judged at once: a row group."""

LEDGER_COLUMNS = [name for name in LEDGER.names if name != "edits"]

MEASURED_COLUMNS = ["record_id", "content_id", "language", "fault", "notes", "pii", *VERDICT_COLUMNS.names]
"""What a file of `kvarn measure` must hold, beside the measures."""

JUDGED_MEASURES = frozenset({"target_share", "language_disagreement", "wrong_terms"})
"""Measures that judges read which are no limits."""

_PII, _NOTE = "pii_", "note_"


def _note_name(code: str) -> str:
    return _NOTE + code.removeprefix("read.")


COUNTS = pa.schema(
    [need(name, pa.float32()) for name in [*(_PII + kind for kind in KINDS), *map(_note_name, sorted(NOTES))]]
)
"""Columns of measures.parquet that count finds of personal data by kind, and notes of the reader by code."""


def count_specs() -> tuple[MeasureSpec, ...]:
    """What the columns COUNTS say."""
    kinds = [(_PII + kind, f"finds of the kind {kind}") for kind in KINDS]
    notes = [(_note_name(code), f"1 where reading noted: {NOTES[code]}") for code in sorted(NOTES)]
    units = ["finds"] * len(kinds) + ["notes"] * len(notes)
    return tuple(
        MeasureSpec(name, unit, 0.0, float("inf"), "Kvarn", words)
        for unit, (name, words) in zip(units, [*kinds, *notes], strict=True)
    )


def with_counts(items: pa.Table) -> pa.Table:
    """`items` (with `pii` and `notes`) and the columns COUNTS."""
    kinds = pc.struct_field(pc.list_flatten(items["pii"]), "kind")
    owners = {
        _PII: (_owners(items["pii"]), kinds),
        _NOTE: (_owners(items["notes"]), pc.list_flatten(items["notes"])),
    }
    names = {_PII + kind: (_PII, kind) for kind in KINDS} | {
        _note_name(code): (_NOTE, code) for code in NOTES
    }
    for field in COUNTS:
        group, wanted = names[field.name]
        rows, values = owners[group]
        hit = rows[bools(pc.equal(values, wanted))]
        counts = np.bincount(hit, minlength=items.num_rows).astype(np.float32)
        items = put(items, field, pa.array(counts))
    return items


def release_items(release: Release, kinds: Collection[str] = KINDS) -> Iterator[pa.Table]:
    """All items of a release in pieces, in the order of the ledger: its columns, the measures, and `fault`, `notes` and `pii` as
    the judges read them (of `pii` the kinds only: spans are 0 to 0).

    `kinds` are those of personal data that the judges ask about. Raises StoreDamaged where a byte is not as published, UsageError
    where the release was made by a Kvarn that did not store what is needed.
    """
    path, wanted = release.files("ledger.parquet")[0]
    ledger = parquet.read(path, sha256=wanted.sha256, columns=LEDGER_COLUMNS)
    path, wanted = release.files("measures.parquet")[0]
    parquet.verify(path, wanted.sha256)
    _check_stored(release, path, [*(_PII + kind for kind in kinds), *map(_note_name, NOTES)])
    at = 0
    for measures in parquet.stream(path, rows=PIECE):
        part = ledger.slice(at, measures.num_rows)
        if not part["doc_id"].equals(measures["doc_id"]):
            raise parquet.damaged(path, f"row {at:,} and following are about other items than the ledger's")
        at += measures.num_rows
        yield rebuilt(part, measures)
    if at != ledger.num_rows:
        raise parquet.damaged(path, f"holds {at:,} rows, the ledger {ledger.num_rows:,}")


def _check_stored(release: Release, path: Path, columns: Sequence[str]) -> None:
    missing = sorted(set(columns) - set(pq.read_schema(path).names))
    if missing:
        raise UsageError(
            f"release {release.number}: stores no {', '.join(missing)}: an earlier Kvarn made it. Run `kvarn refresh`, or ask "
            "about a file of `kvarn measure`"
        )


def rebuilt(ledger: pa.Table, measures: pa.Table) -> pa.Table:
    """Rows of ledger.parquet and measures.parquet about the same items as one table that the judges can read."""
    items = ledger
    for column in measures.schema:
        if column.name not in (*COUNTS.names, "doc_id"):
            items = items.append_column(column, measures[column.name])
    items = put(items, RAW.field("fault"), _faults(ledger))
    notes = sorted(code for code in NOTES if _note_name(code) in measures.schema.names)
    kinds = [kind for kind in KINDS if _PII + kind in measures.schema.names]
    rows, codes = _listed(measures, [_note_name(code) for code in notes])
    items = put(items, RAW.field("notes"), _lists(rows, pa.array(notes, pa.string()).take(codes)))
    rows, codes = _listed(measures, [_PII + kind for kind in kinds])
    zeros = pa.array(np.zeros(len(codes), np.int32))
    found = pa.StructArray.from_arrays(
        [zeros, zeros, pa.array(kinds, pa.string()).take(codes)], fields=list(PII)
    )
    return put(items, PII_COLUMNS.field("pii"), _lists(rows, found))


def _faults(ledger: pa.Table) -> pa.Array:
    """The reason for which an item could not be read, else null: reading gives it, and no judge gives one of that name."""
    reasons = ledger["reasons"].combine_chunks()
    rows, codes = pc.list_parent_indices(reasons).to_numpy(), pc.list_flatten(reasons)
    quarantined = bools(pc.equal(ledger["fate"], QUARANTINED))[rows]
    read = bools(pc.starts_with(codes, "read.")) & ~_among(codes, NOTES)
    at = np.flatnonzero((quarantined & read) | _among(codes, NOTHING_THERE))
    chosen = np.full(ledger.num_rows, -1)
    chosen[rows[at][::-1]] = at[::-1]
    return codes.take(pa.array(chosen, mask=chosen < 0))


def _listed(table: pa.Table, names: Sequence[str]) -> tuple[NDArray[np.int64], pa.Array]:
    """How long each row's list is, and the numbers of the names in it, each as often as its column counts."""
    if not names:
        return np.zeros(table.num_rows, np.int64), pa.array([], pa.int64())
    counts = np.stack([table[name].to_numpy() for name in names], axis=1).astype(np.int64)
    numbers = np.tile(np.arange(len(names)), table.num_rows)
    return counts.sum(axis=1), pa.array(np.repeat(numbers, counts.ravel()))


def _lists(lengths: NDArray[np.int64], values: pa.Array) -> pa.ListArray:
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def release_decisions(release: Release) -> dict[str, Decision]:
    """The decisions of people that the release was made with, by content_id."""
    path, wanted = release.files("decisions.parquet")[0]
    rows = parquet.read(path, sha256=wanted.sha256).to_pylist()
    return {row["content_id"]: Decision(**json.loads(row["event"])) for row in rows}


def is_measured(path: Path) -> bool:
    """The file is one of `kvarn measure`, by the columns in its footer; False also for a file that is not Parquet."""
    try:
        names = set(pq.read_schema(path).names)
    except (OSError, pa.ArrowException):
        return False
    return {"record_id", "text", "repaired", "fate", "reasons", "language_confidence"} <= names


def check_measured(path: Path, more: Sequence[str] = ()) -> None:
    """Raise UsageError unless the file is one of `kvarn measure`, holds all that the judges read, `more`, and any record."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file; name one that `kvarn measure` wrote")
    if not is_measured(path):
        raise UsageError(
            f"{path}: was not written by `kvarn measure`; run `kvarn measure INPUT -o FILE.parquet` first"
        )
    if not parquet.rows(path):
        raise UsageError(f"{path}: holds no records; `kvarn measure` an input that holds some")
    missing = sorted({*MEASURED_COLUMNS, *more} - set(pq.read_schema(path).names))
    if missing:
        raise UsageError(
            f"{path}: has no column {', '.join(missing)}: an earlier Kvarn wrote it; run `kvarn measure` again"
        )


def measured_file(path: Path, more: Sequence[str] = ()) -> Iterator[pa.Table]:
    """All records of a file of `kvarn measure` in pieces, without their texts: MEASURED_COLUMNS, `more`, and the measures."""
    check_measured(path, more)
    schema = pq.read_schema(path)
    measures = [column.name for column in schema if column.type == pa.float32()]
    yield from parquet.stream(path, columns=[*MEASURED_COLUMNS, *more, *measures], rows=PIECE)


def check_measures(items: pa.Table, measures: Collection[str]) -> None:
    """Raise UsageError unless the items have these measures: a newer Kvarn judges by more than an earlier one measured."""
    missing = sorted(set(measures) - set(items.schema.names))
    if missing:
        raise UsageError(
            f"no {', '.join(missing)} is stored: an earlier Kvarn measured these texts. Run `kvarn refresh` (or `kvarn measure`) "
            "again, then ask"
        )


def stored_counts(items: pa.Table, names: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
    """Finds of personal data by reason code (`pii.email`), for those of `names` that are about it; float32[rows] each."""
    wanted = [name for name in names if name.startswith("pii.")]
    if not wanted:
        return {}
    counted = with_counts(items.select(["pii", "notes"]))
    return {name: counted[name.replace(".", "_")].to_numpy() for name in wanted}


def _owners(column: pa.ChunkedArray) -> NDArray[np.int64]:
    lengths = pc.list_value_length(column).to_numpy()
    return np.repeat(np.arange(len(lengths)), lengths)


def _among(codes: pa.Array, names: Collection[str]) -> NDArray[np.bool_]:
    return bools(pc.is_in(codes, value_set=pa.array(sorted(names), pa.string())))
