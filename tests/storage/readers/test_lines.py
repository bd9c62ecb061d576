"""JSON lines and mailboxes as they really come: long lines among short ones, wide encodings, rows that are no records."""

import gzip
import json
import lzma
import math
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import zstandard

from pipeline.storage.encoding import DOUBTFUL
from pipeline.storage.readers import ReadLimits, Record, read_file, read_tables
from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.fields import from_row
from pipeline.storage.sources import SourceSpec, list_input

LIMITS = ReadLimits(line_bytes=1 << 20)


def read(folder: Path, name: str, data: bytes) -> list[Record]:
    (folder / name).write_bytes(data)
    return list(read_file(folder / name, name, SourceSpec(), LIMITS))


def lines(start: int, count: int) -> bytes:
    return b"".join(b'{"text": "rad %d"}\n' % number for number in range(start, start + count))


@pytest.mark.parametrize("after", [3, 60_000])
def test_lines_after_one_that_is_too_long_are_lines(tmp_path: Path, after: int) -> None:
    long = b'{"text": "' + b"x" * (5 << 19) + b'"}\n'
    records = read(tmp_path, "a.jsonl", lines(0, 2) + long + lines(2, after))
    assert [record.fault for record in records[:4]] == [None, None, "read.line_too_long", None]
    good = [record.text for record in records if record.fault is None]
    assert good == [f"rad {number}" for number in range(2 + after)]
    assert [record.position for record in records] == list(range(3 + after))


def test_mail_after_a_line_that_is_too_long_is_mail(tmp_path: Path) -> None:
    mail = "From a Mon Jan  1 00:00:00 2024\nFrom: a@example.org\nSubject: Brev {0}\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n\n{1}\n\n"
    bodies = ["x" * (5 << 19), *(f"Brev nummer {number}." for number in range(40))]
    data = "".join(mail.format(number, body) for number, body in enumerate(bodies)).encode()
    texts = [record.text for record in read(tmp_path, "a.mbox", data) if record.fault is None]
    assert [text.strip() for text in texts if "nummer" in text] == bodies[1:]
    assert not any("@" in text for text in texts)


def test_rows_without_a_text_cost_no_more_than_others(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "en"}\n' + b"{}\n" * 30_000 + b'{"text": "tv\xc3\xa5"}\n')
    (file,) = list_input(tmp_path)
    tables = list(read_tables(file, SourceSpec(), LIMITS))
    assert max(table.num_rows for table in tables) <= 4096
    faults = [fault for table in tables for fault in table["fault"].to_pylist()]
    texts = [text for table in tables for text in table["text"].to_pylist()]
    assert (faults[0], faults[-1], faults.count("read.no_text_field")) == (None, None, 30_000)
    assert (texts[0], texts[-1]) == ("en", "två")
    # The rows of a table share their buffers; they are not thousands of little ones.
    assert max(table.column("text").num_chunks for table in tables) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_with_a_mark(tmp_path: Path, encoding: str) -> None:
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    text = "".join(
        json.dumps({"text": f"Björk nummer {number}"}, ensure_ascii=False) + "\r\n" for number in range(9)
    )
    records = read(tmp_path, "a.jsonl", marks.get(encoding, b"") + text.encode(encoding))
    assert [record.text for record in records] == [f"Björk nummer {number}" for number in range(9)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_a_doubtful_encoding_is_noted(tmp_path: Path, name: str) -> None:
    data = '{"text": "Съешь ещё этих мягких французских булок"}'.encode("cp1251")
    assert read(tmp_path, name, data)[0].notes == (DOUBTFUL,)


def test_records_with_thousands_of_keys_are_not_remembered(tmp_path: Path) -> None:
    from pipeline.storage.readers import fields

    row = {"text": "Skog", **{f"nyckel-{number}": number for number in range(5000)}}
    before = fields._cached_plan.cache_info().currsize
    (record,) = read(tmp_path, "a.jsonl", json.dumps(row).encode())
    assert (record.text, len(record.meta)) == ("Skog", 5000)
    assert fields._cached_plan.cache_info().currsize == before


def test_what_is_no_name_is_kept_as_meta() -> None:
    row = {"text": "Skog", "id": True, "group": ["a"], "language": ["sv"]}
    found = from_row(row, SourceSpec())
    assert (found.own_id, found.group, found.language) == (None, None, None)
    assert found.meta == {"id": True, "group": ["a"], "language": ["sv"]}
    assert from_row({"text": "Skog", "id": date(2024, 1, 2)}, SourceSpec()).own_id == "2024-01-02"
    assert from_row({"text": "Skog", "id": math.nan}, SourceSpec()).own_id is None


def test_only_a_short_text_of_plain_digits_is_a_date() -> None:
    assert iso_date(" 2024-01-02 ") == "2024-01-02"
    assert iso_date("2024-01-02T10:00" + " " * 100 + "x") is None
    assert iso_date("٢٠٢٤-٠١-٠٢") is None
    assert iso_date(10**5000) is None


@pytest.mark.parametrize(
    ("suffix", "pack"), [("gz", gzip.compress), ("xz", lzma.compress), ("zst", zstandard.compress)]
)
def test_lines_before_the_damage_of_a_small_packed_file_are_kept(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    words = random.Random(1)
    data = b"".join(b'{"text": "rad %d %x"}\n' % (number, words.getrandbits(200)) for number in range(5000))
    packed = pack(data)
    records = read(tmp_path, f"a.jsonl.{suffix}", packed[: len(packed) * 9 // 10])
    good = [record for record in records if record.fault is None]
    assert 3000 < len(good) < 5000
    assert {record.fault for record in records[len(good) :]} <= {"read.truncated", "read.corrupt_json"}
    assert records[-1].fault == "read.truncated"
