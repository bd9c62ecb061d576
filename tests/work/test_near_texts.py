"""The file of texts: what was written is read, what is damaged is told of, what was removed is gone."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import KvarnError, StoreDamaged
from pipeline.work.near_texts import TextFile


def strings(values: list[str]) -> pa.Array:
    return pa.array(values, pa.large_string())


@pytest.fixture
def file(tmp_path: Path) -> TextFile:
    return TextFile(tmp_path / "texts.bin")


@given(
    st.lists(st.lists(st.text("aå漢\U0001f600 ", max_size=6), max_size=5), max_size=4),
    st.data(),
)
def test_texts_are_read_from_where_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[str]], data: st.DataObject
) -> None:
    file = TextFile(tmp_path_factory.mktemp("near") / "texts.bin")
    places = [file.append(strings(part)) for part in parts]
    texts = [text for part in parts for text in part]
    starts = np.concatenate([np.zeros(0, np.int64), *(one for one, _ in places)])
    sizes = np.concatenate([np.zeros(0, np.int64), *(one for _, one in places)])
    assert file.size == file.path.stat().st_size == sum(len(text.encode()) for text in texts)
    rows = np.array(data.draw(st.lists(st.sampled_from(range(len(texts))))) if texts else [], np.int64)
    assert file.take(starts[rows], sizes[rows]).to_pylist() == [texts[row] for row in rows.tolist()]
    file.close()


def test_a_slice_writes_only_its_own_texts(file: TextFile) -> None:
    starts, sizes = file.append(strings(["bort", "ett", "två", "bort"])[1:3])
    assert file.path.read_bytes() == "etttvå".encode()
    assert file.take(starts, sizes).to_pylist() == ["ett", "två"]


def test_what_a_killed_run_wrote_behind_the_texts_goes(file: TextFile) -> None:
    file.append(strings(["behållen"]))
    size = file.size
    file.append(strings(["aldrig bokförd"]))
    file.close()
    again = TextFile(file.path, size)
    assert again.path.read_bytes() == "behållen".encode()
    starts, _ = again.append(strings(["ny"]))
    assert starts.tolist() == [size]


def test_removed_texts_are_overwritten_and_others_are_not(file: TextFile) -> None:
    starts, sizes = file.append(strings(["ett", "hemligt", "två", "hemligare"]))
    file.blank(starts[1::2], sizes[1::2])
    assert b"hemlig" not in file.path.read_bytes()
    assert file.take(starts[::2], sizes[::2]).to_pylist() == ["ett", "två"]
    assert file.path.stat().st_size == file.size


def test_a_file_that_ends_too_soon_is_told_of(file: TextFile) -> None:
    starts, sizes = file.append(strings(["ett", "tvåtvåtvå"]))
    os.truncate(file.path, file.size - 2)
    assert file.take(starts[:1], sizes[:1]).to_pylist() == ["ett"]
    with pytest.raises(StoreDamaged, match=r"texts\.bin: ends at 13, 2 bytes before a text"):
        file.take(starts, sizes)


@pytest.mark.parametrize("damage", [b"\xff", b"\xc3", b"\xa5", b"\xed\xa0\x80"])
def test_what_is_no_text_is_told_of(file: TextFile, damage: bytes) -> None:
    starts, sizes = file.append(strings(["ett", "tvåtvåtvå", "tre"]))
    content = bytearray(file.path.read_bytes())
    content[3 : 3 + len(damage)] = damage
    file.path.write_bytes(content)
    with pytest.raises(StoreDamaged, match=r"texts\.bin: no text where one was written"):
        file.take(starts, sizes)


def test_a_place_within_a_character_holds_no_text(file: TextFile) -> None:
    file.append(strings(["åå"]))
    with pytest.raises(StoreDamaged):
        file.take(np.array([0, 1]), np.array([1, 3]))


@pytest.mark.parametrize(
    ("number", "message"), [(errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "quota"), (errno.EIO, "")]
)
def test_a_disk_that_refuses_is_told_of_by_the_name_of_the_file(
    file: TextFile, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    starts, sizes = file.append(strings(["ett"]))
    monkeypatch.setattr(os, "pwrite", refuse)
    for write in (lambda: file.append(strings(["två"])), lambda: file.blank(starts, sizes)):
        with pytest.raises(KvarnError, match=rf"cannot write .*texts\.bin: .*{message}"):
            write()
    # Nothing counts that was not written.
    assert file.size == 3


def test_a_folder_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(KvarnError, match=r"texts\.bin"):
        TextFile(tmp_path / "borta" / "texts.bin")


def test_writes_and_reads_that_come_in_pieces_are_put_together(
    file: TextFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, read = os.pwrite, os.preadv

    def read_some(handle: int, buffers: Sequence[memoryview], at: int) -> int:
        return read(handle, [buffers[0][:2]], at)

    monkeypatch.setattr(os, "pwrite", lambda handle, block, at: write(handle, block[:3], at))
    monkeypatch.setattr(os, "preadv", read_some)
    starts, sizes = file.append(strings(["ett längre stycke", "två"]))
    assert file.take(starts, sizes).to_pylist() == ["ett längre stycke", "två"]
