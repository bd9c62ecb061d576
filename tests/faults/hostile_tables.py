"""CSV and Parquet."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
from hostile_case import TEXT, Case, case


def cases() -> Iterator[Case]:
    yield from _more()
    yield from _tables()


def _tables() -> Iterator[Case]:
    yield case("quote never closed", "a.csv", b'id,text\n1,"' + TEXT.encode() * 5, "corrupt_csv")
    yield case("rows too long", "a.csv", b"id,text\n1,a,b,c\n2,ok\n", "corrupt_csv", good=1)
    yield case("rows too short", "a.csv", b"id,text\n1\n2,ok\n", "no_text_field empty", good=1)
    yield case(
        "cell of 17 MB",
        "a.csv",
        lambda: b"id,text\n1," + b"x" * (17 << 20) + b"\n2,ok\n",
        "line_too_long",
        good=1,
    )
    yield case("NUL", "a.csv", b"id,text\n1,a\0b\n", good=1)
    yield case("no text column", "a.csv", b"id,title\n1,a\n2,b\n", "no_text_field")
    yield case("only a header", "a.csv", b"id,text\n", "empty")
    yield case("formula", "a.csv", b'id,text\n1,"=HYPERLINK(""http://example.org"")"\n', good=1)
    yield case("parquet mark alone", "a.parquet", b"PAR1" + bytes(60) + b"PAR1", "corrupt_parquet")
    yield case(
        "parquet with a giant footer", "a.parquet", b"PAR1" + b"\xff\xff\xff\x7fPAR1", "corrupt_parquet"
    )


def _more() -> Iterator[Case]:
    head, row = b"id;text\n", f"1;{TEXT}\n".encode()
    yield case(
        "1 000 000 columns",
        "a.csv",
        lambda: b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n" + b"," * 999_999 + b"\n",
        "empty",
    )
    yield case(
        "100 000 columns of one name",
        "a.csv",
        b"text," + b",".join([b"c"] * 100_000) + b"\n" + TEXT.encode() + b"," * 100_000,
        good=1,
    )
    yield case(
        "ragged", "a.csv", head + row + b"2\n;;;;\n3;x;y;z\n" + row, "corrupt_csv no_text_field empty", good=2
    )
    yield case(
        "mixed delimiters", "a.csv", head + row * 3 + b"4,text\n5\ttext\n", "empty no_text_field", good=3
    )
    yield case(
        "invalid UTF-8", "a.csv", head + row * 5 + b"2;sk\xf6g \xff\xfe\n", "encoding_doubtful", good=None
    )
    yield case("csv in UTF-16", "a.csv", (head + row * 3).decode().encode("utf-16"), good=3)
    yield case("quotes in quotes", "a.csv", head + b'1;"a ""b"" c"\n2;a"b"c\n3;"a"b\n', good=3)
    yield case(
        "a quote that swallows 100 000 rows",
        "a.csv",
        lambda: head + b'0;"x\n' + row * 100_000,
        "corrupt_csv",
    )
    yield case("rows of CR only", "a.csv", b"id;text\r1;a\r2;b\r", good=2)
    yield case("100 000 empty rows", "a.csv", head + b";\n" * 100_000 + row, good=1)
    yield case("tsv of tabs", "a.tsv", b"\t" * 100_000, "empty")
    yield from _parquet()


def _parquet() -> Iterator[Case]:
    table = pa.table({"text": [TEXT, TEXT], "id": ["a", "b"]})
    good = _written(table)
    yield case("good parquet", "a.parquet", good, good=2)
    yield case(
        "parquet with a damaged page",
        "a.parquet",
        _flipped(good, good.index(b"Skogen")),
        "corrupt_parquet",
    )
    yield case(
        "parquet with a damaged footer",
        "a.parquet",
        _flipped(good, len(good) - 8 - int.from_bytes(good[-8:-4], "little")),
        "corrupt_parquet",
    )
    yield case("parquet cut short", "a.parquet", good[: len(good) // 2], "corrupt_parquet")
    yield case("encrypted parquet", "a.parquet", good[:-4] + b"PARE", "corrupt_parquet")
    yield case("parquet named txt", "a.txt", good, good=2)
    yield case(
        "parquet without a text column",
        "a.parquet",
        _written(table.rename_columns(["b", "c"])),
        "no_text_field",
    )
    yield case("parquet without rows", "a.parquet", _written(table.slice(0, 0)), "empty")
    yield case(
        "parquet of numbers as text", "a.parquet", _written(pa.table({"text": [1, 2]})), "no_text_field"
    )
    yield case(
        "parquet of bytes as text",
        "a.parquet",
        _written(pa.table({"text": pa.array([b"a\xff"])})),
        "no_text_field",
    )
    yield case(
        "parquet of invalid UTF-8",
        "a.parquet",
        _written(pa.table({"text": pa.array([b"a\xff"]).view(pa.string())})),
        "corrupt_parquet bad_unicode",
    )
    deep = pa.array([TEXT])
    for _ in range(60):
        deep = pa.StructArray.from_arrays([deep], ["a"])
    yield case("parquet 60 deep", "a.parquet", _written(pa.table({"text": [TEXT], "x": deep})), good=1)
    yield case(
        "parquet of one value 100 000 times",
        "a.parquet",
        lambda: _written(pa.table({"x": pa.repeat(pa.scalar(1), 100_000)})),
        "no_text_field",
    )


def _written(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        write_page_checksum=True,
        write_statistics=False,
        compression="none",
        use_dictionary=table.num_rows > 1000,
    )
    return bytes(sink.getvalue())


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
