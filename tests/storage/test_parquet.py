"""Tables on disk: the same bytes for the same rows, nothing read that was not written, no half file that looks whole."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import KvarnError, StoreDamaged
from pipeline.storage import parquet
from pipeline.storage.files import sha256_file

SCHEMA = pa.schema([("n", pa.int64()), ("text", pa.large_string())])


def rows(values: list[int]) -> pa.Table:
    return pa.table({"n": values, "text": [f"rad {value}" for value in values]}, SCHEMA)


@pytest.fixture(scope="module")
def full_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path_factory.mktemp("disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@settings(max_examples=20)
@given(st.lists(st.lists(st.integers(-100, 100), max_size=5), max_size=4))
def test_what_was_written_in_pieces_is_read_whole_and_in_pieces(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[list[int]]
) -> None:
    path = tmp_path_factory.mktemp("p") / "x.parquet"
    wanted = [value for piece in pieces for value in piece]
    assert parquet.write_all(path, map(rows, pieces), SCHEMA) == len(wanted)
    assert parquet.read(path, sha256=sha256_file(path))["n"].to_pylist() == wanted
    streamed = list(parquet.stream(path, columns=["n"], rows=3))
    assert [value for part in streamed for value in part["n"].to_pylist()] == wanted
    assert all(part.num_rows <= 3 for part in streamed)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        parquet.write(tmp_path / name, rows(list(range(500))), SCHEMA)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_columns_are_put_in_the_order_and_type_of_the_schema(tmp_path: Path) -> None:
    loose = pa.table({"text": pa.array(["a"], pa.string()), "n": pa.array([1], pa.int8()), "other": [0]})
    parquet.write(tmp_path / "x", loose, SCHEMA)
    assert parquet.read(tmp_path / "x").schema.equals(SCHEMA)


@pytest.mark.parametrize("read", [parquet.read, lambda path: list(parquet.stream(path))])
@pytest.mark.parametrize("fault", ["missing", "truncated", "empty", "flipped"])
def test_damage_is_never_read_as_data(tmp_path: Path, fault: str, read: object) -> None:
    path = tmp_path / "x.parquet"
    parquet.write(path, rows(list(range(2000))), SCHEMA)
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    changed = {"truncated": bytes(data[:300]), "empty": b"", "flipped": bytes(data)}
    if fault == "missing":
        path.unlink()
    else:
        path.write_bytes(changed[fault])
    with pytest.raises(StoreDamaged, match=r"x\.parquet.*kvarn verify") as damage:
        read(path)  # type: ignore[operator]
    assert damage.value.exit_code == 5


def test_a_wrong_digest_is_told_before_a_byte_is_decoded(tmp_path: Path) -> None:
    parquet.write(tmp_path / "x", rows([1]), SCHEMA)
    with pytest.raises(StoreDamaged, match="expected 000000000000…"):
        parquet.read(tmp_path / "x", sha256="0" * 64)


def test_a_column_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    parquet.write(tmp_path / "x", rows([1]), SCHEMA)
    with pytest.raises(KvarnError, match="wrong"):
        parquet.read(tmp_path / "x", columns=["n", "wrong"])


def test_an_error_while_writing_leaves_no_file_that_looks_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"

    def tables() -> Iterator[pa.Table]:
        yield rows([1, 2])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        parquet.write_all(path, tables(), SCHEMA)
    assert not path.exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KvarnError, match=r"cannot write .*nowhere"):
        parquet.Writer(tmp_path / "nowhere" / "x.parquet", SCHEMA)


def test_a_full_disk_is_named_with_the_bytes_it_wants_and_keeps_what_was_there(full_disk: Path) -> None:
    kept = full_disk / "kept.parquet"
    parquet.write(kept, rows([1]), SCHEMA)
    noise = pa.table({"n": range(400), "text": [os.urandom(4000).hex() for _ in range(400)]}, SCHEMA)
    with pytest.raises(KvarnError, match=r"big\.parquet: the disk is full; free at least [\d,]{7,} bytes"):
        parquet.write(full_disk / "big.parquet", noise, SCHEMA)
    assert not (full_disk / "big.parquet").exists()
    assert parquet.read(kept).num_rows == 1
    parquet.write(full_disk / "small.parquet", rows([2]), SCHEMA)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_flush_that_fails_is_a_failed_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def failing(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(KvarnError, match=r"cannot write .*x\.parquet"):
        parquet.write(tmp_path / "x.parquet", rows([1]), SCHEMA)
    monkeypatch.undo()
    assert not (tmp_path / "x.parquet").exists()


def test_pieces_and_row_groups_are_bounded_by_bytes_whatever_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "GROUP_BYTES", 1000)
    # One text many times: on disk a dictionary of one entry, in memory every copy.
    sizes = [300] * 30 + [5000] + [10] * 100
    table = pa.table({"n": range(len(sizes)), "text": ["x" * size for size in sizes]}, SCHEMA)
    path = tmp_path / "x.parquet"
    parquet.write(path, table, SCHEMA)
    with pq.ParquetFile(path) as file:
        groups = [file.read_row_group(number) for number in range(file.num_row_groups)]
    assert all(group.num_rows == 1 or group.nbytes <= 1100 for group in groups)
    assert len(groups) < len(sizes) / 3
    monkeypatch.undo()
    pq.write_table(table, path)
    monkeypatch.setattr(parquet, "GROUP_BYTES", 1000)
    parts = list(parquet.stream(path))
    assert pa.concat_tables(parts).equals(table)
    assert all(part.num_rows == 1 or part.nbytes <= 1000 for part in parts)
    assert max(part.num_rows for part in parts) > 20
