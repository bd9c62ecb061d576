"""Rows read as columns are the records that they would be one by one."""

import io
import json
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.storage.readers import ReadLimits, Record
from pipeline.storage.readers.delimited import read_delimited
from pipeline.storage.readers.fields import from_row
from pipeline.storage.readers.lines import read_jsonl, read_line
from pipeline.storage.readers.naming import NamedRows, Namer
from pipeline.storage.readers.parquet import read_parquet
from pipeline.storage.readers.record import Found, Input
from pipeline.storage.readers.rows import Rows
from pipeline.storage.sources import SourceSpec

LIMITS = ReadLimits(text_chars=40, json_depth=4, line_bytes=300)
SPECS = (SourceSpec(), SourceSpec(language="sv"), SourceSpec(text="brödtext", id="nr", date="år"))

words = st.text(st.characters(codec="utf-8"), max_size=12)
plain = (
    words
    | st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.sampled_from(["1998-05-03", 20240131, " ", ""])
)
values = plain | st.recursive(plain, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2), max_leaves=6)  # fmt: skip
keys = st.sampled_from(
    ["text", "Text", "content", "id", "group", "date", "lang", "nr", "år", "brödtext", "extra", "data"]
)
objects = st.dictionaries(keys, values, max_size=6) | values
texts = st.dictionaries(keys, words, min_size=1, max_size=6)


def input_of(data: bytes, spec: SourceSpec) -> Input:
    return Input("f", "f", io.BytesIO(data), spec, LIMITS)


def named(found: list[Found | Rows], spec: SourceSpec) -> list[dict[str, Any]]:
    """Records as they are stored: meta through JSON."""
    records: list[Record] = []
    for item in Namer("k/", spec, Path("/nowhere"), LIMITS).named(("f", one) for one in found):
        records += item.records() if isinstance(item, NamedRows) else [item]
    return [{**_fields(record), "meta": _stored(record.meta)} for record in records]


def _fields(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in Record.__dataclass_fields__}


def _stored(meta: Any) -> Any:
    return json.loads(orjson.dumps(meta, default=str, option=orjson.OPT_SORT_KEYS))


@given(st.lists(objects | st.sampled_from([b"", b"{", b"\xef\xbb\xbf", b"   ", b"\xff" * 9, b"x" * 400]), max_size=12), st.sampled_from(SPECS))  # fmt: skip
@settings(max_examples=300)
def test_lines_give_the_records_that_each_line_gives_alone(rows: list[Any], spec: SourceSpec) -> None:
    lines = [row if isinstance(row, bytes) else orjson.dumps(row) for row in rows]
    file = input_of(b"\n".join(lines), spec)
    together = named(list(read_jsonl(file)), spec)
    alone = [
        read_line(line, file) for line in lines if len(line) <= 300 and line.strip(b" \t\r\n\xef\xbb\xbf")
    ]
    long = sum(len(line) > 300 for line in lines)
    assert sum(record["fault"] == "read.line_too_long" for record in together) == long
    kept = [record for record in together if record["fault"] != "read.line_too_long"]
    # Places differ where a line too long lies between; all else is equal.
    assert [_placeless(record) for record in kept] == [_placeless(record) for record in named([*alone], spec)]
    assert [record["position"] for record in together] == list(range(len(together)))


def _placeless(record: dict[str, Any]) -> dict[str, Any]:
    name = (
        record["record_id"].split("#")[0] if record["record_id"].startswith("k/f#") else record["record_id"]
    )
    return {**record, "position": 0, "record_id": name}


@given(st.lists(st.tuples(words | st.none(), plain, words), min_size=1, max_size=20), st.sampled_from(SPECS))
def test_rows_of_parquet_give_the_records_that_each_row_gives_alone(
    rows: list[tuple[str | None, Any, str]], spec: SourceSpec
) -> None:
    objects_ = [
        {"text": text, "id": None if own is None else str(own), "extra": {"a": extra}}
        for text, own, extra in rows
    ]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(objects_), buffer)
    together = named(list(read_parquet(input_of(buffer.getvalue(), spec))), spec)
    alone = named([from_row(row, spec, "0" * 64) for row in pq.read_table(buffer).to_pylist()], spec)
    assert [{**record, "raw_sha256": ""} for record in together] == [
        {**record, "raw_sha256": ""} for record in alone
    ]
    assert len({record["raw_sha256"] for record in together}) == len({orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in objects_})  # fmt: skip


def test_a_column_of_texts_may_have_any_string_type_and_none() -> None:
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        table = pa.table({"text": pa.array(["Skogen växer.", None, "", "  "], kind)})
        buffer = io.BytesIO()
        pq.write_table(table, buffer)
        records = named(list(read_parquet(input_of(buffer.getvalue(), SourceSpec()))), SourceSpec())
        assert [record["fault"] for record in records] == [None, "read.empty", "read.empty", "read.empty"]
        assert records[0]["text"] == "Skogen växer."


def test_rows_of_a_table_that_are_damaged_stand_in_their_place() -> None:
    data = "id;text\na;Skogen.\nb;för;många;celler\nc;Mossen.\n".encode()
    records = named(list(read_delimited(input_of(data, SourceSpec()))), SourceSpec())
    assert [(record["record_id"], record["fault"]) for record in records] == [
        ("a", None),
        ("k/f#1", "read.corrupt_csv"),
        ("c", None),
    ]
