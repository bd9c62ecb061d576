"""Column names and one Arrow schema per hand-over; `check_schema` guards each of them.

A hand-over only ever grows: RAW -> REPAIRED -> MEASURED -> DECIDED -> EDITED. Rows keep their number and order until the
global steps (duplicates, split), which work on whole releases.
"""

import hashlib
import json

import numpy as np
import pyarrow as pa

from pipeline.errors import ContractError

SCHEMA_VERSION = 1
"""Raised by one with every change of a stored schema. Readers take every older version and refuse newer ones by name."""

KEPT, DROPPED, FLAGGED, QUARANTINED = FATES = ("kept", "dropped", "flagged", "quarantined")
TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")

SPAN = pa.struct([("start", pa.int32()), ("end", pa.int32())])
SEGMENT = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("language", pa.string())])
PII = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("kind", pa.string())])
EDIT = pa.struct([("stage", pa.string()), ("kind", pa.string()), ("start", pa.int32()), ("end", pa.int32())])
"""Offsets count Unicode code points of the repaired text, end exclusive, in all four."""

RAW = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("position", pa.int64(), nullable=False),
        pa.field("group", pa.string()),
        pa.field("date", pa.string()),
        # Declared by the record or its source: recorded, never believed.
        pa.field("declared_language", pa.string()),
        pa.field("meta", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        # Reason code when the item could not be read (it is quarantined and its text is empty), else null.
        pa.field("fault", pa.string()),
        # Notes of the reader that flag the item without quarantining it, such as read.no_text.
        pa.field("notes", pa.list_(pa.string()), nullable=False),
        # sha256 of the bytes of the file (one-record formats) or of the record.
        pa.field("raw_sha256", pa.string(), nullable=False),
    ]
)

REPAIRED = pa.schema(
    [
        *RAW,
        pa.field("content_id", pa.string(), nullable=False),
        pa.field("repaired", pa.bool_(), nullable=False),
        # Names of the repairs made, in the order in which they were made.
        pa.field("repairs", pa.list_(pa.string()), nullable=False),
    ]
)

LANGUAGE_COLUMNS = pa.schema(
    [
        pa.field("language", pa.string(), nullable=False),
        pa.field("language_confidence", pa.float32(), nullable=False),
        pa.field("segments", pa.list_(SEGMENT), nullable=False),
    ]
)
PII_COLUMNS = pa.schema([pa.field("pii", pa.list_(PII), nullable=False)])
VERDICT_COLUMNS = pa.schema(
    [
        pa.field("fate", pa.string(), nullable=False),
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
        # The decision of a person that was applied, else null.
        pa.field("decision", pa.string()),
    ]
)
EDIT_COLUMNS = pa.schema(
    [
        # The text that is published: after cutting, masking and fixes of people.
        pa.field("published", pa.large_string(), nullable=False),
        pa.field("text_sha256", pa.string(), nullable=False),
        pa.field("edits", pa.list_(EDIT), nullable=False),
    ]
)

DATA = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("content_id", pa.string(), nullable=False),
        pa.field("text_sha256", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("group", pa.string()),
        pa.field("language", pa.string(), nullable=False),
        pa.field("date", pa.string()),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("meta", pa.string(), nullable=False),
    ]
)
"""data/*.parquet of a release: what trains."""

WITHHELD = pa.schema([*DATA, pa.field("reasons", pa.list_(pa.string()), nullable=False)])
"""withheld/*.parquet of a release: flagged and dropped items, for review, report and `kvarn why`."""

LEDGER = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("content_id", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("fate", pa.string(), nullable=False),
        pa.field("split", pa.string()),
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
        pa.field("edits", pa.list_(EDIT), nullable=False),
        # record_id of the kept survivor, for items dropped as duplicate.*, else null.
        pa.field("duplicate_of", pa.string()),
        pa.field("jaccard", pa.float32()),
        # Smallest content_id of the component of verified pairs; null for items that never entered deduplication.
        pa.field("cluster", pa.string()),
        pa.field("decision", pa.string()),
    ]
)
"""ledger.parquet: one row per raw item, sorted by source, uri, position."""

PAIRS = pa.schema(
    [
        pa.field("id_a", pa.string(), nullable=False),
        pa.field("id_b", pa.string(), nullable=False),
        pa.field("jaccard", pa.float32(), nullable=False),
        pa.field("cluster", pa.string(), nullable=False),
    ]
)
"""pairs.parquet and the output of `kvarn dedup`: verified pairs with their true Jaccard, id_a < id_b, sorted."""


def doc_id(source: str, uri: str, position: int) -> str:
    """Names the item: 32 hex of sha256 over the JSON array [source, uri, position].

    >>> doc_id("lagar", "a/b.txt", 0)
    '8f5a835450e941525e6812b2512b1a8a'
    """
    key = json.dumps([source, uri, position], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def check_schema(table: pa.Table, wanted: pa.Schema, where: str) -> None:
    """Raise ContractError unless `table` has every wanted column with its type, and no null where none is allowed."""
    for field in wanted:
        at = table.schema.get_field_index(field.name)
        if at < 0:
            raise ContractError(f"{where}: column {field.name!r} is missing; has {table.schema.names}")
        if table.schema.field(at).type != field.type:
            got = table.schema.field(at).type
            raise ContractError(f"{where}: column {field.name!r} is {got}, expected {field.type}")
        if not field.nullable and table.column(at).null_count:
            raise ContractError(f"{where}: column {field.name!r} holds nulls, which the schema forbids")


def text_buffers(column: pa.ChunkedArray | pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (int64, n + 1) and bytes (uint8) of a large_string column without nulls, without a copy where one chunk.

    Document i is `data[offsets[i]:offsets[i + 1]]`. Kernels take this pair.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], pa.large_string())
    if array.type != pa.large_string() or array.null_count:
        raise ContractError(f"text must be large_string without nulls, is {array.type}")
    _, offsets, data = array.buffers()
    if offsets is None or len(array) == 0:
        return np.zeros(len(array) + 1, np.int64), np.zeros(0, np.uint8)
    bounds = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    bytes_ = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return bounds, bytes_
