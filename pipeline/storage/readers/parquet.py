"""Parquet: one record a row, batch by batch, checksums of pages verified."""

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import Unreadable
from pipeline.storage.readers.fields import from_row
from pipeline.storage.readers.record import Found, Input, sha256

BATCH = 1024
BATCH_BYTES = 8 << 20
"""Rows held at a time, as a column and as objects: at most so many, and about so many bytes."""


def read_parquet(file: Input) -> Iterator[Found]:
    source = file.path if file.path is not None else io.BytesIO(file.data())
    try:
        with pq.ParquetFile(source, page_checksum_verification=True, pre_buffer=False) as parquet:
            for batch in parquet.iter_batches(_batch_rows(parquet.metadata), use_threads=False):
                yield from _rows(batch, file)
    except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
        raise Unreadable("read.corrupt_parquet", f"Parquet cannot be read: {error}") from error


def _batch_rows(metadata: pq.FileMetaData) -> int:
    """Rows of about BATCH_BYTES in the row group with the longest rows, as the file itself tells their length."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    longest = max((group.total_byte_size / max(1, group.num_rows) for group in groups), default=0.0)
    return max(1, min(BATCH, int(BATCH_BYTES / max(1.0, longest))))


def _rows(batch: pa.RecordBatch, file: Input) -> Iterator[Found]:
    import orjson

    for row in batch.to_pylist():
        canonical = orjson.dumps(row, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
        yield from_row(row, file.spec, sha256(canonical))
