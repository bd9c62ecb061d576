"""Durable writes: whole or not at all, a commit at most once, and errors that say which file and what to do."""

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.errors import KvarnError
from pipeline.storage import files
from pipeline.storage.files import (
    CHUNK,
    disk_error,
    link_over,
    put_if_absent,
    sha256_file,
    sync_file,
    sync_tree,
    write_bytes,
)
from pipeline.storage.paths import Store

ROOT = Path(__file__).resolve().parents[2]


def fail_with(number: int) -> Callable[..., None]:
    def failing(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return failing


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A file system that takes no write, not even of root."""
    if os.geteuid() != 0:
        pytest.skip("mounting a read-only file system needs root")
    folder = tmp_path / "read-only"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_the_digest_is_that_of_all_bytes_also_beyond_one_chunk(tmp_path: Path) -> None:
    data = os.urandom(1000) * (CHUNK // 1000 + 2)
    (tmp_path / "x").write_bytes(data)
    assert sha256_file(tmp_path / "x") == hashlib.sha256(data).hexdigest()


def test_a_write_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_bytes(path, b"one")
    write_bytes(path, b"two")
    sync_file(path)
    assert path.read_bytes() == b"two"
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    path = tmp_path / "a.json"
    write_bytes(path, b"one")
    monkeypatch.setattr(os, function, fail_with(errno.ENOSPC))
    with pytest.raises(KvarnError, match=r"cannot write .*a\.json: the disk is full; free at least 3 bytes"):
        write_bytes(path, b"two")
    monkeypatch.undo()
    assert path.read_bytes() == b"one"
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"]


def test_of_many_processes_only_one_puts_the_file(tmp_path: Path) -> None:
    path = tmp_path / "000001.json"
    code = (
        "import sys; from pathlib import Path; from pipeline.storage.files import put_if_absent; sys.stdin.read(1)\n"
        "print(put_if_absent(Path(sys.argv[1]), sys.argv[2].encode()))"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path), f"writer {number}"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(6)
    ]  # fmt: skip
    for child in children:
        assert child.stdin is not None
        child.stdin.write("x")
        child.stdin.flush()
    won = [number for number, child in enumerate(children) if child.communicate()[0] == "True\n"]
    assert [f"writer {number}".encode() for number in won] == [path.read_bytes()]
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_a_put_that_fails_names_the_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", fail_with(errno.EIO))
    with pytest.raises(KvarnError, match=r"cannot write .*000001\.json: Input/output error"):
        put_if_absent(tmp_path / "000001.json", b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_put_whose_folder_cannot_be_flushed_says_that_the_file_is_there_and_may_not_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sync_folder(folder: Path) -> None:
        if (folder / "000001.json").exists():
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "sync_folder", sync_folder)
    with pytest.raises(KvarnError, match=r"000001\.json is there, but its folder cannot be flushed"):
        put_if_absent(tmp_path / "000001.json", b"x")
    assert (tmp_path / "000001.json").read_bytes() == b"x"


def test_an_error_on_a_read_only_disk_is_plain(read_only: Path) -> None:
    for write in (write_bytes, put_if_absent):
        with pytest.raises(KvarnError, match="read-only; mount it writable"):
            write(read_only / "a.json", b"x")


def test_a_store_that_cannot_be_made_is_named(read_only: Path) -> None:
    with pytest.raises(KvarnError, match=r"cannot write .*releases: the file system is read-only"):
        Store(read_only / "curated").create()


def test_a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(KvarnError, match=r"cannot write .*nowhere: No such file"):
        sync_tree(tmp_path / "nowhere")


@pytest.fixture
def twins(tmp_path: Path) -> tuple[Path, Path]:
    """Two files with the same bytes."""
    for name in "ab":
        (tmp_path / name).write_bytes(b"x")
    return tmp_path / "a", tmp_path / "b"


def test_a_published_file_is_shared_by_link(twins: tuple[Path, Path]) -> None:
    source, target = twins
    assert link_over(source, target)
    assert target.stat().st_ino == source.stat().st_ino
    assert sorted(path.name for path in target.parent.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP])
def test_a_file_that_cannot_be_linked_stays_as_it_is(
    twins: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    source, target = twins
    monkeypatch.setattr(os, "link", fail_with(number))
    assert not link_over(source, target)
    assert target.read_bytes() == b"x"
    assert target.stat().st_ino != source.stat().st_ino


@pytest.mark.parametrize("operation", ["link", "replace"])
def test_a_link_that_fails_is_an_error_and_the_file_is_still_there(
    twins: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    source, target = twins
    monkeypatch.setattr(os, operation, fail_with(errno.ENOSPC))
    with pytest.raises(KvarnError, match=r"cannot write .*b: the disk is full"):
        link_over(source, target)
    assert target.read_bytes() == b"x"
    assert sorted(path.name for path in target.parent.iterdir()) == ["a", "b"]


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "the disk is full; free at least 1,234 bytes"),
        (errno.EDQUOT, "quota is used up"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission denied; give this user write access"),
        (errno.EIO, "Input/output error; nothing was published"),
    ],
)
def test_every_disk_error_says_where_and_what_to_do(number: int, advice: str) -> None:
    error = disk_error(OSError(number, os.strerror(number)), Path("/data/x.parquet"), 1234)
    assert str(error).startswith("cannot write /data/x.parquet: ")
    assert advice in str(error)
    assert error.exit_code == 1
