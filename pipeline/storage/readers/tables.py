"""Records as tables with schema RAW: what leaves the readers."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.schema import RAW, doc_id, doc_ids
from pipeline.storage.readers.naming import NamedRows, file_digest, nothing
from pipeline.storage.readers.record import ReadLimits, Record, meta_json
from pipeline.storage.readers.registry import read_items
from pipeline.storage.sources import InputFile, SourceSpec

BATCH_ROWS = 4096
BATCH_BYTES = 16 << 20


def fault_record(file: InputFile, code: str, each: Callable[[], None]) -> Record:
    """The one record of a file that is not read at all (a pipe, or a file that killed its reader twice)."""
    name, meta = file.prefix + file.uri, {"fault": file.message or code}
    return Record(file.uri, 0, name, "", None, None, None, meta, code, (), file_digest(file.path, each))


def read_file(
    path: Path, uri: str, spec: SourceSpec, limits: ReadLimits, *, prefix: str = ""
) -> Iterator[Record]:
    """The records of one file, one by one: for whoever writes a reader and wants to see what it gives."""
    for item in read_items(path, uri, spec, limits, prefix=prefix):
        if isinstance(item, Record):
            yield item
        else:
            yield from item.records()


def read_tables(
    file: InputFile, spec: SourceSpec, limits: ReadLimits, each: Callable[[], None] = nothing
) -> Iterator[pa.Table]:
    """The records of one file as tables of at most BATCH_ROWS rows, and about BATCH_BYTES of text.

    `each` is called with every record, or with every few of a table: a table of slow records may take minutes to fill.
    """
    waiting: list[pa.Table] = []
    rows = size = 0
    for piece in _pieces(file, spec, limits, each):
        if waiting and (rows + piece.num_rows > BATCH_ROWS or size >= BATCH_BYTES):
            yield _joined(waiting)
            waiting, rows, size = [], 0, 0
        waiting.append(piece)
        rows += piece.num_rows
        size += piece.column("text").nbytes
    if waiting:
        yield _joined(waiting)


def _joined(tables: list[pa.Table]) -> pa.Table:
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables).combine_chunks()


def _pieces(
    file: InputFile, spec: SourceSpec, limits: ReadLimits, each: Callable[[], None]
) -> Iterator[pa.Table]:
    """Tables as they come: of the rows that a reader gave together, or of the records between."""
    records: list[Record] = []
    size = 0
    for item in _items(file, spec, limits, each):
        each()
        if isinstance(item, Record):
            records.append(item)
            size += len(item.text)
        if records and (isinstance(item, NamedRows) or len(records) == BATCH_ROWS or size >= BATCH_BYTES):
            yield table(records, file.source)
            records, size = [], 0
        if isinstance(item, NamedRows):
            whole = rows_table(item, file.source)
            for start in range(0, len(item.rows), BATCH_ROWS):
                yield whole.slice(start, BATCH_ROWS)
    if records:
        yield table(records, file.source)


def _items(
    file: InputFile, spec: SourceSpec, limits: ReadLimits, each: Callable[[], None]
) -> Iterator[Record | NamedRows]:
    if file.fault is not None:
        yield fault_record(file, file.fault, each)
        return
    listed = (file.size, file.mtime_ns)
    yield from read_items(file.path, file.uri, spec, limits, prefix=file.prefix, listed=listed)


def table(records: Iterable[Record], source: str) -> pa.Table:
    """Records as a table with schema RAW."""
    rows = list(records)
    columns: dict[str, list[Any]] = {
        "doc_id": [doc_id(source, r.uri, r.position) for r in rows],
        "record_id": [r.record_id for r in rows],
        "source": [source] * len(rows),
        "uri": [r.uri for r in rows],
        "position": [r.position for r in rows],
        "group": [r.group for r in rows],
        "date": [r.date for r in rows],
        "declared_language": [r.declared_language for r in rows],
        "meta": [meta_json(r.meta) for r in rows],
        "text": [r.text for r in rows],
        "fault": [r.fault for r in rows],
        "notes": [list(r.notes) for r in rows],
        "raw_sha256": [r.raw_sha256 for r in rows],
    }
    return pa.table(columns, schema=RAW)


def rows_table(named: NamedRows, source: str) -> pa.Table:
    """Rows as a table with schema RAW, without an object for each."""
    rows, count = named.rows, len(named.rows)
    columns: dict[str, Any] = {
        "doc_id": doc_ids(source, named.uri, named.position, count),
        "record_id": named.record_id,
        "source": pa.repeat(source, count),
        "uri": pa.repeat(named.uri, count),
        "position": range(named.position, named.position + count),
        "group": rows.group,
        "date": rows.date,
        "declared_language": named.language,
        "meta": rows.meta,
        "text": rows.text,
        "fault": pa.nulls(count, pa.string()),
        "notes": pa.repeat(pa.scalar(list(rows.notes), pa.list_(pa.string())), count),
        "raw_sha256": rows.digest,
    }
    plain = pa.table({name: pa.array(column, RAW.field(name).type) for name, column in columns.items()}, RAW)
    return _with_odd(plain, named, source) if named.odd else plain


def _with_odd(plain: pa.Table, named: NamedRows, source: str) -> pa.Table:
    """The table with its odd rows in their places."""
    odd = table(named.odd.values(), source)
    order = np.arange(plain.num_rows)
    order[list(named.odd)] = plain.num_rows + np.arange(len(named.odd))
    return pa.concat_tables([plain, odd]).combine_chunks().take(pa.array(order))
