"""Column names and one Arrow schema per hand-over; `check_schema` guards each of them.

A hand-over only ever grows: RAW -> REPAIRED -> MEASURED -> DECIDED -> EDITED. Rows keep their number and order until the
global steps (duplicates, split), which work on whole releases.
"""

import hashlib
import json
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.errors import ContractError

SCHEMA_VERSION = 1
"""Raised by one with every change of a stored schema. Readers take every older version and refuse newer ones by name."""

KEPT, DROPPED, FLAGGED, QUARANTINED = FATES = ("kept", "dropped", "flagged", "quarantined")
TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")


def need(name: str, kind: pa.DataType) -> "pa.Field[Any]":
    """A column without nulls."""
    return pa.field(name, kind, nullable=False)


def may(name: str, kind: pa.DataType) -> "pa.Field[Any]":
    """A column that may hold nulls."""
    return pa.field(name, kind)


SEGMENT = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("language", pa.string())])
PII = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("kind", pa.string())])
EDIT = pa.struct([("stage", pa.string()), ("kind", pa.string()), ("start", pa.int32()), ("end", pa.int32())])
"""Offsets count Unicode code points of the repaired text, end exclusive, in all three, and in TERM_SPAN."""

RAW = pa.schema(
    [
        need("doc_id", pa.string()),
        need("record_id", pa.string()),
        need("source", pa.string()),
        need("uri", pa.string()),
        need("position", pa.int64()),
        may("group", pa.string()),
        may("date", pa.string()),
        # Declared by the record or its source: recorded, never believed.
        may("declared_language", pa.string()),
        need("meta", pa.string()),
        need("text", pa.large_string()),
        # Reason code when the item could not be read (it is quarantined and its text is empty), else null.
        may("fault", pa.string()),
        # Notes of the reader that flag the item without quarantining it, such as read.no_text.
        need("notes", pa.list_(pa.string())),
        # sha256 of the bytes of the file (one-record formats) or of the record.
        need("raw_sha256", pa.string()),
    ]
)

REPAIRED = pa.schema(
    [
        *list(RAW),
        need("content_id", pa.string()),
        need("repaired", pa.bool_()),
        # Records of the repairs made, in order: `pipeline.stages.repair.replay` makes them again from the raw text.
        need("repairs", pa.list_(pa.string())),
    ]
)

LANGUAGE_COLUMNS = pa.schema(
    [
        need("language", pa.string()),
        need("language_confidence", pa.float32()),
        need("segments", pa.list_(SEGMENT)),
    ]
)
PII_COLUMNS = pa.schema([need("pii", pa.list_(PII))])
TERM_COUNT = pa.struct([("term", pa.string()), ("count", pa.int32())])
TERM_SPAN = pa.struct(
    [("start", pa.int32()), ("end", pa.int32()), ("variant", pa.string()), ("term", pa.string())]
)
TERMS_COLUMNS = pa.schema(
    [
        # Terms of the glossary that stand in the text, in the order of the glossary.
        need("terms", pa.list_(TERM_COUNT)),
        # Where a variant stands that the glossary says to avoid, and the term to write instead.
        need("term_spans", pa.list_(TERM_SPAN)),
    ]
)
VERDICT_COLUMNS = pa.schema(
    [
        need("fate", pa.string()),
        need("reasons", pa.list_(pa.string())),
        # The decision of a person that was applied, else null.
        may("decision", pa.string()),
    ]
)
EDIT_COLUMNS = pa.schema(
    [
        # The text that is published: after cutting, masking and fixes of people.
        need("published", pa.large_string()),
        need("text_sha256", pa.string()),
        need("edits", pa.list_(EDIT)),
    ]
)

DATA = pa.schema(
    [
        need("doc_id", pa.string()),
        need("record_id", pa.string()),
        need("content_id", pa.string()),
        need("text_sha256", pa.string()),
        need("source", pa.string()),
        need("uri", pa.string()),
        may("group", pa.string()),
        need("language", pa.string()),
        may("date", pa.string()),
        need("text", pa.large_string()),
        need("meta", pa.string()),
    ]
)
"""data/*.parquet of a release: what trains."""

WITHHELD = pa.schema([*list(DATA), need("reasons", pa.list_(pa.string()))])
"""withheld/*.parquet of a release: flagged and dropped items, for review, report and `kvarn why`."""

LEDGER = pa.schema(
    [
        need("doc_id", pa.string()),
        need("record_id", pa.string()),
        need("source", pa.string()),
        need("uri", pa.string()),
        need("content_id", pa.string()),
        need("language", pa.string()),
        need("fate", pa.string()),
        may("split", pa.string()),
        need("reasons", pa.list_(pa.string())),
        need("edits", pa.list_(EDIT)),
        # record_id of the kept survivor, for items dropped as duplicate.*, else null.
        may("duplicate_of", pa.string()),
        may("jaccard", pa.float32()),
        # Smallest content_id of the component of verified pairs; null for items that never entered deduplication.
        may("cluster", pa.string()),
        may("decision", pa.string()),
    ]
)
"""ledger.parquet: one row per raw item, sorted by source, uri, position."""

PAIRS = pa.schema(
    [
        need("id_a", pa.string()),
        need("id_b", pa.string()),
        need("jaccard", pa.float32()),
        # Jaccard without the templates of the source; null where too little else is left to compare.
        may("jaccard_content", pa.float32()),
        need("cluster", pa.string()),
    ]
)
"""pairs.parquet of a release (ids are doc_ids: a record's own id may stand in two sources) and the output of `kvarn dedup` (ids
are record_ids): verified pairs with their true Jaccard, id_a < id_b, sorted."""


TEMPLATES = pa.schema(
    [
        need("source", pa.string()),
        # "line" or "paragraph" (lines between blank ones, more than one of them).
        need("kind", pa.string()),
        # White space folded, personal data masked, at most the first characters: to be read. The hash is what is compared.
        need("text", pa.large_string()),
        need("hash", pa.uint64()),
        # Documents of the sample that hold it, each content once, and their share of the sample.
        need("documents", pa.int64()),
        need("share", pa.float32()),
        # Code points of the whole, before masking and with white space folded.
        need("characters", pa.int64()),
        # The line stands in no more documents than a repeated paragraph that holds it.
        need("part", pa.bool_()),
    ]
)
"""templates.parquet of a release: lines and paragraphs that documents of a source share, by source, those in the most documents
first."""

TEMPLATE_FITS = pa.schema(
    [
        need("source", pa.string()),
        # Items of the source when its templates were fitted: a later release keeps them while it is about the same.
        need("items", pa.int64()),
        # The smallest content_ids among them, by their first 64 bits, sorted: tells another source of the same size apart.
        need("contents", pa.list_(pa.uint64())),
        # Documents and code points that were looked at, and code points in repeated lines and paragraphs among them.
        need("sampled", pa.int64()),
        need("characters", pa.int64()),
        need("repeated", pa.int64()),
        # How many repeated lines and paragraphs there are; TEMPLATES holds those in the most documents.
        need("found", pa.int64()),
        # Fingerprint of the settings that they were fitted with.
        need("settings", pa.string()),
    ]
)
"""template_fits.parquet of a release: one row a source, also where nothing repeats."""


TERMS = pa.schema(
    [
        need("doc_id", pa.string()),
        need("term", pa.string()),
        # The variant to avoid that stands there; null where the term itself does.
        may("variant", pa.string()),
        need("count", pa.int32()),
        # Of a variant, each place, in code points of the repaired text; empty for terms.
        need("spans", pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32())]))),
    ]
)
"""terms.parquet of a release whose project has a glossary: one row for each item and term or variant that stands in it, in the
order of the ledger."""


def doc_id(source: str, uri: str, position: int) -> str:
    """Names the item: 32 hex of sha256 over the JSON array [source, uri, position].

    >>> doc_id("lagar", "a/b.txt", 0)
    '8f5a835450e941525e6812b2512b1a8a'
    """
    key = json.dumps([source, uri, position], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def doc_ids(source: str, uri: str, position: int, count: int) -> list[str]:
    """`doc_id` of so many items of one file, from `position` on: the part of the key that they share is hashed once.

    >>> doc_ids("lagar", "a/b.txt", 0, 2)[0] == doc_id("lagar", "a/b.txt", 0)
    True
    """
    shared = json.dumps([source, uri], ensure_ascii=False, separators=(",", ":"))[:-1]
    start = hashlib.sha256(f"{shared},".encode("utf-8", "surrogatepass"))
    ids = []
    for number in range(position, position + count):
        digest = start.copy()
        digest.update(b"%d]" % number)
        ids.append(digest.hexdigest()[:32])
    return ids


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
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    array: Any = (
        pa.concat_arrays(chunks) if len(chunks) != 1 and len(column) else chunks[0] if chunks else column
    )
    if len(array) == 0:
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    if array.type != pa.large_string() or array.null_count:
        raise ContractError(f"text must be large_string without nulls, is {array.type}")
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    bytes_ = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return bounds, bytes_
