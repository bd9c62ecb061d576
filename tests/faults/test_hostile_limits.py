"""Limits that show in no fault code: they stop work early, or keep it from being done again and again."""

import gzip
import io
import os
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest
from hostile import cases
from hostile_case import TEXT, packed, tarred

from pipeline.storage.readers import ReadLimits, Record, naming, parts, read_file, read_tables
from pipeline.storage.readers.naming import NO_DIGEST, file_digest
from pipeline.storage.sources import SourceSpec, list_input


def read(path: Path, limits: ReadLimits | None = None) -> list[Record]:
    return list(read_file(path, path.name, SourceSpec(), limits or ReadLimits()))


def made(name: str, folder: Path) -> Path:
    (case,) = [case for case in cases() if case.name == name]
    path = folder / case.file
    path.write_bytes(case.make())
    return path


def test_an_archive_is_left_once_its_members_inflated_beyond_the_limits_together(tmp_path: Path) -> None:
    records = read(made("many fair members", tmp_path))
    # Twelve of 12 MB: the sixth is the one too many, and is followed by the archive's own fault.
    assert [record.fault for record in records] == [*["read.binary"] * 5, "read.bomb", "read.bomb"]
    assert records[-1].uri == "a.zip"


def test_a_zip_that_was_packed_itself_has_less_to_inflate_to(tmp_path: Path) -> None:
    inner = packed({f"{n}.txt": (TEXT * 20_000).encode() for n in range(4)})
    (tmp_path / "a.zip.gz").write_bytes(gzip.compress(inner, mtime=0))
    assert [r.fault for r in read(tmp_path / "a.zip.gz")] == [None] * 4
    few = ReadLimits(inflated_bytes=2 << 20)
    assert [r.fault for r in read(tmp_path / "a.zip.gz", few)] == [None, None, "read.bomb", "read.bomb"]


def test_a_directory_that_is_too_large_is_not_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made("a directory of a million", tmp_path)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    (record,) = read(path)
    assert "the directory of the zip has 51000000 bytes" in str(record.meta)


def test_a_book_ends_where_no_record_may_be_longer(tmp_path: Path) -> None:
    (record,) = read(made("epub of one chapter 10 000 times", tmp_path))
    assert record.meta["fault"] == "more than 5000000 characters of text"


def test_a_file_of_many_broken_members_is_hashed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[Path] = []

    def counting(path: Path) -> str:
        hashed.append(path)
        return "0" * 64

    monkeypatch.setattr(naming, "file_digest", counting)
    path = tmp_path / "a.zip"
    path.write_bytes(packed({f"/{n}.txt": b"x" for n in range(50)}))
    assert len(read(path)) == 50
    assert hashed == [path]


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    reading = threading.Thread(target=read, args=(tmp_path / "a.txt",), daemon=True)
    reading.start()
    reading.join(20)
    assert not reading.is_alive()
    assert file_digest(tmp_path / "a.txt") == NO_DIGEST


def test_parts_are_counted_through_all_layers_and_left_out_by_number(tmp_path: Path) -> None:
    mailbox = "".join(f"From a\nSubject: {n}\n\n{TEXT}\n\n" for n in range(3)).encode()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.zip").write_bytes(
        packed({"a.txt": TEXT.encode(), "b.mbox": mailbox, "c.txt": TEXT.encode()})
    )
    (file,) = list_input(tmp_path / "in")
    told: list[int] = []
    # 1 a.txt, 2 b.mbox, 3 to 5 its messages, 6 c.txt.
    parts.begin({4: ("read.crash", "so"), 6: ("read.timeout", "so")}, told.append)
    (table,) = read_tables(file, SourceSpec(), ReadLimits())
    assert told == [1, 2, 3, 4, 5, 6]
    assert table["fault"].to_pylist() == [None, None, "read.crash", None, "read.timeout"]
    parts.begin()
    (table,) = read_tables(file, SourceSpec(), ReadLimits())
    assert table["fault"].null_count == 5


def test_packed_members_of_a_packed_tar_are_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for number in range(3):
            data = gzip.compress(TEXT.encode(), mtime=0)
            info = tarfile.TarInfo(f"{number}.txt.gz")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    (tmp_path / "a.tar.gz").write_bytes(buffer.getvalue())
    assert [record.text for record in read(tmp_path / "a.tar.gz")] == [TEXT] * 3
    bomb = gzip.compress(tarred(tarfile.REGTYPE, "a.txt.gz", data=gzip.compress(bytes(64 << 20))), mtime=0)
    (tmp_path / "b.tar.gz").write_bytes(bomb)
    assert [record.fault for record in read(tmp_path / "b.tar.gz")] == ["read.bomb"]
