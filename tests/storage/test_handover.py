"""A hand-over between processes: all rows or a clear error, never bytes that nobody checked."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.errors import KvarnError
from pipeline.storage import handover

SCHEMA = pa.schema([pa.field("text", pa.large_string(), nullable=False)])
ROWS = pa.table({"text": ["Skogen växer.", "Mossen är våt.", ""] * 3000}, schema=SCHEMA)


def written(path: Path, *tables: pa.Table, schema: pa.Schema = SCHEMA) -> Path:
    with handover.Writer(path, schema) as writer:
        for table in tables:
            writer.write(table)
    assert writer.rows == sum(table.num_rows for table in tables)
    return path


def test_rows_come_back_in_pieces_of_bounded_size(tmp_path: Path) -> None:
    path = written(tmp_path / "read.arrow", ROWS, ROWS.slice(0, 5))
    pieces = list(handover.stream(path, SCHEMA))
    assert pa.concat_tables(pieces).equals(pa.concat_tables([ROWS, ROWS.slice(0, 5)]))
    assert max(piece.num_rows for piece in pieces) <= 4096


def test_rows_outlive_their_file(tmp_path: Path) -> None:
    path = written(tmp_path / "read.arrow", ROWS)
    pieces = list(handover.stream(path, SCHEMA))
    path.unlink()
    assert pa.concat_tables(pieces).equals(ROWS)


def test_no_rows_are_no_pieces(tmp_path: Path) -> None:
    assert list(handover.stream(written(tmp_path / "read.arrow"), SCHEMA)) == []


def test_a_writer_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyError), handover.Writer(tmp_path / "read.arrow", SCHEMA) as writer:
        writer.write(pa.table({"kod": [1]}))
    assert list(tmp_path.iterdir()) == []


def test_other_columns_are_refused_by_name(tmp_path: Path) -> None:
    other = pa.schema([pa.field("kod", pa.int64())])
    path = written(tmp_path / "read.arrow", pa.table({"kod": [1]}, schema=other), schema=other)
    with pytest.raises(KvarnError, match="kod"):
        list(handover.stream(path, SCHEMA))


def test_bytes_that_are_no_utf_8_are_refused(tmp_path: Path) -> None:
    bad = pa.Array.from_buffers(
        pa.large_string(), 1, [None, pa.py_buffer(b"\0" * 8 + b"\2" + b"\0" * 7), pa.py_buffer(b"\xff\xfe")]
    )
    path = written(tmp_path / "read.arrow", pa.Table.from_arrays([bad], schema=SCHEMA))
    with pytest.raises(KvarnError, match="damaged"):
        list(handover.stream(path, SCHEMA))


@pytest.mark.parametrize("damage", ["cut", "no file", "offsets"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, damage: str) -> None:
    path = written(tmp_path / "read.arrow", ROWS)
    data = bytearray(path.read_bytes())
    if damage == "offsets":
        # An offset of the text column that leads far out of it.
        at = data.index((14).to_bytes(8, "little") + (30).to_bytes(8, "little"))
        data[at : at + 8] = (1 << 40).to_bytes(8, "little")
    path.unlink()
    if damage != "no file":
        path.write_bytes(data[: len(data) // 2] if damage == "cut" else data)
    with pytest.raises(KvarnError, match=r"read\.arrow"):
        list(handover.stream(path, SCHEMA))
