"""Damage costs what it hit, and is told of; what stands before and beside it is read."""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pipeline.errors import Unreadable
from pipeline.storage.readers import ReadLimits, Record, read_file
from pipeline.storage.readers.wrap import inflate
from pipeline.storage.sources import SourceSpec

LIMITS = ReadLimits()
PACKERS = {
    "gz": ("gzip", gzip.compress),
    "bz2": ("bzip2", bz2.compress),
    "xz": ("xz", lzma.compress),
    "zst": ("zstd", zstandard.compress),
}


def read(folder: Path, name: str, content: str | bytes) -> list[Record]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_file(path, name, SourceSpec(), LIMITS))


def _rows(count: int) -> bytes:
    """Lines that do not pack too well."""
    return b"".join(
        b"%d;Granen %d st\xc3\xa5r p\xc3\xa5 %d\n" % (n, n * n, n * 7919 % 10007) for n in range(count)
    )


def _read_into(given: bytearray, stream: BinaryIO) -> None:
    while chunk := stream.read(1 << 20):
        given += chunk


@pytest.mark.parametrize("ending", PACKERS)
def test_what_a_truncated_stream_holds_is_given_before_the_fault(ending: str) -> None:
    kind, pack = PACKERS[ending]
    whole = _rows(100_000)
    packed = pack(whole)
    stream = inflate(io.BytesIO(packed[: len(packed) * 9 // 10]), kind, LIMITS)
    given = bytearray()
    with pytest.raises(Unreadable, match="end early"):
        _read_into(given, stream)
    assert whole.startswith(given)
    # bzip2 unpacks whole blocks of 900 kB.
    assert len(given) > (0.6 if ending == "bz2" else 0.8) * len(whole)
    with pytest.raises(Unreadable, match="end early"):
        stream.read(1)


@pytest.mark.parametrize("ending", ["gz", "xz"])
def test_rows_before_the_end_of_a_truncated_table_are_kept(ending: str, tmp_path: Path) -> None:
    """A table smaller than one buffer."""
    pack: Callable[[bytes], bytes] = PACKERS[ending][1]
    packed = pack(b"id;text\n" + _rows(2_000))
    *kept, fault = read(tmp_path, f"t.csv.{ending}", packed[: len(packed) * 9 // 10])
    assert fault.fault == "read.truncated"
    assert len([record for record in kept if not record.fault]) > 1_600


@pytest.mark.parametrize("ending", PACKERS)
def test_lines_before_the_end_of_a_truncated_file_are_kept(ending: str, tmp_path: Path) -> None:
    packed = PACKERS[ending][1](
        b"".join(b'{"text": "%s"}\n' % row.strip() for row in _rows(100_000).splitlines())
    )
    *kept, fault = read(tmp_path, f"t.jsonl.{ending}", packed[: len(packed) * 9 // 10])
    assert fault.fault == "read.truncated"
    assert len(kept) > 50_000


def test_a_text_that_ends_early_is_not_taken_as_whole(tmp_path: Path) -> None:
    packed = gzip.compress(_rows(20_000))
    (record,) = read(tmp_path, "t.txt.gz", packed[: len(packed) * 9 // 10])
    assert (record.fault, record.text) == ("read.truncated", "")


def test_the_delimiter_that_excel_names_is_used_and_is_no_header(tmp_path: Path) -> None:
    rows = read(tmp_path, "t.csv", "sep=;\r\nid;text\r\n1;Gran, tall, björk\r\n2;Ek, alm, ask\r\n")
    assert [(row.record_id, row.text) for row in rows] == [("1", "Gran, tall, björk"), ("2", "Ek, alm, ask")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_large_table_in_utf_16_without_a_mark_is_read(encoding: str, tmp_path: Path) -> None:
    # A pair of surrogates on either side of each place where the head may be cut.
    for pad in ("", "x"):
        table = f"id;text{pad}\n1;" + "Å skog \N{DECIDUOUS TREE}" * 40_000 + "\n"
        rows = read(tmp_path, "t.csv", table.replace(f"text{pad}\n", "text\n" + pad).encode(encoding))
        assert len(rows) == 1
        assert rows[0].text.startswith("Å skog \N{DECIDUOUS TREE}Å skog")
        assert rows[0].notes == ()


def test_strays_after_the_head_of_a_table_are_noted_near_them(tmp_path: Path) -> None:
    row = "Skogen växer långsamt i norr".encode()
    table = b"id;text\n" + b"".join(
        b"%d;%s\n" % (n, row.decode().encode("cp1252") if n == 100_000 else row) for n in range(200_000)
    )
    rows = read(tmp_path, "t.csv", table)
    assert rows[100_000].text == row.decode()
    assert rows[100_000].notes == ("read.encoding_doubtful",)
    assert {rows[0].notes, rows[-1].notes} == {()}


def test_one_bad_value_of_front_matter_costs_its_own_meaning_only(tmp_path: Path) -> None:
    (record,) = read(tmp_path, "g.md", "---\ntitle: Gallring\ndate: 2024-02-30\nlang: sv\n---\n\nText.\n")
    assert (record.text, record.declared_language, record.date) == ("Text.\n", "sv", None)
    assert record.meta == {"title": "Gallring", "date": "2024-02-30"}


def test_front_matter_keeps_integers_beyond_64_bits_as_text(tmp_path: Path) -> None:
    (record,) = read(
        tmp_path, "g.md", "---\nnummer: 123456789012345678901234567890\nsidor: 12\n---\n\nText.\n"
    )
    assert record.text == "Text.\n"
    assert record.meta == {"nummer": "123456789012345678901234567890", "sidor": 12}


@pytest.mark.parametrize("text", ["<rubrik> hej\nmer text", "<p>Hej</p> text"])
@pytest.mark.parametrize("name", ["a.txt", "a.text", "a.asc"])
def test_a_text_may_start_with_a_tag(name: str, text: str, tmp_path: Path) -> None:
    (record,) = read(tmp_path, name, text)
    assert (record.text, record.fault) == (text, None)


def test_a_text_that_is_xml_or_html_is_still_read_as_such(tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", "<?xml version='1.0'?><a>Hej</a>")[0].text == "Hej"
    assert read(tmp_path, "a.txt", "<html><body><p>Hej</p></body></html>")[0].text == "Hej"


def test_mail_whose_encoding_is_a_guess_is_noted(tmp_path: Path) -> None:
    body = "Привет, это письмо о лесе и деревьях".encode("cp1251")
    (record,) = read(tmp_path, "a.eml", b"Subject: a\nMIME-Version: 1.0\n\n" + body)
    assert record.notes == ("read.encoding_doubtful",)


def _text_array(values: list[bytes]) -> pa.Array:
    """A column of texts whose bytes nobody looked at."""
    data = pa.array(values, pa.binary())
    return pa.Array.from_buffers(pa.string(), len(values), data.buffers())


def _read_columns(folder: Path, columns: dict[str, pa.Array]) -> list[Record]:
    pq.write_table(pa.table(columns), folder / "t.parquet")
    return list(read_file(folder / "t.parquet", "t.parquet", SourceSpec(), LIMITS))


TEXTS = pa.array(["Gran", "Tall", "Ek"])


@pytest.mark.parametrize(
    ("column", "written"),
    [
        (pa.array([0, 300_000_000_000, 0], pa.timestamp("s")), "11476-08-15 05:20:00.000"),
        (pa.array([None, 0, 0], pa.timestamp("us", "Mars/Olympus")), "1970-01-01 00:00:00.000000Z"),
        (_text_array([b"a", b"\xff\xe5b", b"c"]), "\\xff\\xe5b"),
    ],
)
def test_a_value_that_python_does_not_have_costs_no_row(
    column: pa.Array, written: str, tmp_path: Path
) -> None:
    rows = _read_columns(tmp_path, {"text": TEXTS, "värde": column})
    assert [row.text for row in rows] == ["Gran", "Tall", "Ek"]
    assert rows[1].meta["värde"] == written


def test_a_list_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3]), _text_array([b"a", b"\xff", b"c"]))
    rows = _read_columns(tmp_path, {"text": TEXTS, "lista": lists})
    assert [row.meta for row in rows] == [{"lista": ["a"]}, {}, {"lista": ["c"]}]


def test_bad_utf_8_in_a_text_costs_its_row_only(tmp_path: Path) -> None:
    rows = _read_columns(
        tmp_path, {"text": _text_array([b"Gran", b"T\xe5ll", b"Ek"]), "id": pa.array(["a", "b", "c"])}
    )
    assert [(row.text, row.fault) for row in rows] == [("Gran", None), ("", "read.bad_unicode"), ("Ek", None)]
    assert [row.record_id for row in rows] == ["a", "b", "c"]


def test_columns_of_the_same_name_are_all_kept(tmp_path: Path) -> None:
    schema = pa.schema([("text", pa.string()), ("text", pa.string()), ("a", pa.string()), ("a", pa.string())])
    columns = [pa.array([value]) for value in ("Gran", "Tall", "x", "y")]
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), tmp_path / "t.parquet")
    (row,) = read_file(tmp_path / "t.parquet", "t.parquet", SourceSpec(), LIMITS)
    assert (row.text, row.meta) == ("Gran", {"text 2": "Tall", "a": "x", "a 4": "y"})


def _warc(body: bytes, http: str = "", warc: str = "", status: str = "200 OK") -> bytes:
    page = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n{http}\r\n".encode() + body
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.se/\r\nContent-Type: application/http; msgtype=response\r\n{warc}"
    return f"{head}Content-Length: {len(page)}\r\n\r\n".encode() + page + b"\r\n\r\n"


PAGE = b"<html><body><p>Skogen brinner.</p></body></html>"
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAGE), PAGE)


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (_warc(PAGE), ()),
        (_warc(PAGE, f"Content-Length: {len(PAGE)}\r\n"), ()),
        (_warc(PAGE, "Content-Length: 10\r\n"), ()),
        (_warc(PAGE, f"Content-Length: {len(PAGE) + 1}\r\n"), ("read.page_cut_off",)),
        (_warc(PAGE, warc="WARC-Truncated: length\r\n"), ("read.page_cut_off",)),
        (_warc(CHUNKED, "Transfer-Encoding: chunked\r\nContent-Length: 5000\r\n"), ()),
        (
            _warc(
                gzip.compress(PAGE, mtime=0),
                f"Content-Encoding: gzip\r\nContent-Length: {len(gzip.compress(PAGE))}\r\n",
            ),
            (),
        ),
    ],
)
def test_a_page_that_was_cut_off_when_it_was_fetched_is_noted(
    content: bytes, notes: tuple[str, ...], tmp_path: Path
) -> None:
    # Twice: what is told of one page must not cost the next.
    rows = read(tmp_path, "a.warc", content + _warc(PAGE))
    assert [row.text for row in rows] == ["Skogen brinner."] * 2
    assert [row.notes for row in rows] == [notes, ()]


def test_the_status_of_a_page_is_told_where_it_is_not_200(tmp_path: Path) -> None:
    rows = read(tmp_path, "a.warc", _warc(PAGE) + _warc(PAGE, status="404 Not Found"))
    assert [row.meta.get("status") for row in rows] == [None, 404]
