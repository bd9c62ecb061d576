"""Parquet: one record a row, batch by batch, checksums of pages verified; a column of texts never becomes Python objects."""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import Unreadable
from pipeline.schema import text_buffers
from pipeline.storage.readers.fields import from_row, plan
from pipeline.storage.readers.record import Input
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
    names = batch.schema.names
    key = plan(tuple(names), file.spec).text
    if key is None or names.count(key) > 1 or not _is_text(batch.schema.field(key).type):
        return _from_objects(batch, file)
    at = names.index(key)
    text = batch.column(at).cast(pa.large_string())
    # A damaged or careless writer's bytes; Arrow trusts them.
    text.validate(full=True)
    others = batch.remove_column(at).to_pylist() if len(names) > 1 else [{}] * batch.num_rows

    def whole(number: int) -> Any:
        return from_row({**others[number], key: text[number].as_py()}, file.spec, digests[number])

    digests = _digests(text, others)
    return from_column(text, others, digests, file.spec, file.limits.text_chars, whole)


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return kind in (pa.string(), pa.large_string(), pa.string_view())


def _from_objects(batch: pa.RecordBatch, file: Input) -> Rows:
    """Rows without a column of texts: mostly faults that name the columns there are."""
    rows = batch.to_pylist()
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
