"""Parquet: one record a row, batch by batch, checksums of pages verified; a column of texts never becomes Python objects."""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import Unreadable
from pipeline.schema import text_buffers
from pipeline.storage.readers.fields import from_row, plan
from pipeline.storage.readers.record import Found, Input
from pipeline.storage.readers.rows import Rows, from_column, from_values

BATCH = 4096
BATCH_BYTES = 8 << 20
"""Rows held at a time, as a column and as objects: at most so many, and about so many bytes."""

CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def read_parquet(file: Input) -> Iterator[Rows]:
    source = file.path if file.path is not None else io.BytesIO(file.data())
    try:
        with pq.ParquetFile(source, page_checksum_verification=True, pre_buffer=False) as parquet:
            for batch in parquet.iter_batches(_batch_rows(parquet.metadata), use_threads=False):
                yield _rows(batch, file)
    except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
        raise Unreadable("read.corrupt_parquet", f"Parquet cannot be read: {error}") from error


def _batch_rows(metadata: pq.FileMetaData) -> int:
    """Rows of about BATCH_BYTES in the row group with the longest rows, as the file itself tells their length."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    longest = max((group.total_byte_size / max(1, group.num_rows) for group in groups), default=0.0)
    return max(1, min(BATCH, int(BATCH_BYTES / max(1.0, longest))))


def _rows(batch: pa.RecordBatch, file: Input) -> Rows:
    names = _distinct(batch.schema.names)
    if names != batch.schema.names:
        batch = batch.rename_columns(names)
    key = plan(tuple(names), file.spec).text
    if key is None or not _is_text(batch.schema.field(key).type):
        return _from_objects(batch, file)
    at = names.index(key)
    text, torn = _valid(batch.column(at).cast(pa.large_string()))
    others = _objects(batch.remove_column(at)) if len(names) > 1 else [{}] * batch.num_rows

    def whole(number: int) -> Found:
        found = from_row({**others[number], key: text[number].as_py()}, file.spec, digests[number])
        return _torn(found) if number in torn else found

    digests = _digests(text, others)
    for number, data in torn.items():
        digests[number] = hashlib.sha256(_canonical(others[number]) + b"\n" + data).hexdigest()
    return from_column(text, others, digests, file.spec, file.limits.text_chars, whole)


def _distinct(names: list[str]) -> list[str]:
    """Column names, the later ones of equal ones with their number: a row as an object would keep the last one only."""
    if len(set(names)) == len(names):
        return names
    # What is distinct keeps its name, also where a number would make another one equal to it.
    taken, first = set(names), set[str]()
    distinct = []
    for at, name in enumerate(names):
        new = name
        if name in first:
            new = f"{name} {at + 1}"
            while new in taken:
                new += "+"
            taken.add(new)
        first.add(name)
        distinct.append(new)
    return distinct


def _valid(text: pa.Array) -> tuple[pa.Array, dict[int, bytes]]:
    """The texts, without those that are no UTF-8; and the bytes of these. Raises pa.ArrowInvalid for damaged offsets."""
    try:
        # A damaged or careless writer's bytes; Arrow trusts them.
        text.validate(full=True)
    except pa.ArrowInvalid:
        data = text.cast(pa.large_binary())
        data.validate(full=True)
        values = data.to_pylist()
        torn = {number: value for number, value in enumerate(values) if value and not _is_utf8(value)}
        kept = [None if number in torn else value for number, value in enumerate(values)]
        return pa.array(kept, pa.large_binary()).cast(pa.large_string()), torn
    return text, {}


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _torn(found: Found) -> Found:
    meta = {**found.meta, "fault": "the bytes of the text are no UTF-8"}
    return replace(found, fault="read.bad_unicode", meta=meta)


UNREADABLE = (ValueError, ArithmeticError, LookupError, pa.ArrowException)
"""What Arrow raises for a value that Python does not have: a year beyond 9999, a time zone that nobody knows, bytes that are no UTF-8."""


def _objects(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    try:
        return cast("list[dict[str, Any]]", batch.to_pylist())
    except UNREADABLE:
        columns = [_values(column) for column in batch.columns]
        return [dict(zip(batch.schema.names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(column: pa.Array) -> list[Any]:
    try:
        return cast("list[Any]", column.to_pylist())
    except UNREADABLE:
        return [_value(column.slice(at, 1)) for at in range(len(column))]


def _value(cell: pa.Array) -> Any:
    """The value of an array of one; where Python has none, its text, or None where it has no text either."""
    if cell.null_count:
        return None
    try:
        return cell[0].as_py()
    except UNREADABLE:
        pass
    try:
        return _written(cell)
    except UNREADABLE:
        return None


def _written(cell: pa.Array) -> str | None:
    kind = cell.type
    if pa.types.is_dictionary(kind):
        return cast("str | None", _value(cell.dictionary_decode()))
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        # In UTC: what its zone makes of it is what cannot be known.
        return f"{cell.cast(pa.timestamp(kind.unit)).cast(pa.string())[0].as_py()}Z"
    if pa.types.is_temporal(kind):
        return cast("str | None", cell.cast(pa.string())[0].as_py())
    return cast("bytes", cell.cast(pa.large_binary())[0].as_py()).decode("utf-8", "backslashreplace")


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return kind in (pa.string(), pa.large_string(), pa.string_view())


def _from_objects(batch: pa.RecordBatch, file: Input) -> Rows:
    """Rows without a column of texts: mostly faults that name the columns there are."""
    rows = _objects(batch)
    digests = [hashlib.sha256(_canonical(row)).hexdigest() for row in rows]
    return from_values(
        rows,
        digests,
        file.spec,
        file.limits.text_chars,
        lambda number: from_row(rows[number], file.spec, digests[number]),
    )


def _digests(text: pa.Array, others: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of each row: the JSON of its other fields with sorted keys, a line end, and the text's bytes; without a text, the JSON."""
    offsets, data = text_buffers(text.fill_null(""))
    view, bounds, there = data.data, offsets.tolist(), text.is_valid().tolist()
    digests = []
    for number, row in enumerate(others):
        digest = hashlib.sha256(_canonical(row))
        if there[number]:
            digest.update(b"\n")
            digest.update(view[bounds[number] : bounds[number + 1]])
        digests.append(digest.hexdigest())
    return digests


def _canonical(row: Mapping[str, Any]) -> bytes:
    return orjson.dumps(row, default=str, option=CANONICAL)
