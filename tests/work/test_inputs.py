"""Hashes are remembered, but never of a file that may still change unseen."""

import os
from pathlib import Path

from pipeline.storage.sources import list_files
from pipeline.work.inputs import UNREADABLE, hash_inputs

LATER = 4_000_000_000_000_000_000


def write(path: Path, text: str, mtime_ns: int = 1_000_000_000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(mtime_ns, mtime_ns))


def test_an_unchanged_old_file_is_not_read_again(tmp_path: Path) -> None:
    write(tmp_path / "raw/a/x.txt", "ett")
    cache = tmp_path / "hashes.json"
    first = hash_inputs(list_files(tmp_path / "raw"), cache, LATER)
    # Same size, same time: only a reader of bytes would see the difference, and nobody reads them.
    write(tmp_path / "raw/a/x.txt", "två"[:2] + "x")
    os.truncate(tmp_path / "raw/a/x.txt", 3)
    os.utime(tmp_path / "raw/a/x.txt", ns=(1_000_000_000, 1_000_000_000))
    assert hash_inputs(list_files(tmp_path / "raw"), cache, LATER) == first


def test_a_young_file_is_hashed_every_time(tmp_path: Path) -> None:
    write(tmp_path / "raw/a/x.txt", "ett")
    cache = tmp_path / "hashes.json"
    young = 1_000_000_001
    first = hash_inputs(list_files(tmp_path / "raw"), cache, young)
    write(tmp_path / "raw/a/x.txt", "tva")
    assert hash_inputs(list_files(tmp_path / "raw"), cache, young) != first


def test_a_torn_cache_costs_time_not_truth(tmp_path: Path) -> None:
    write(tmp_path / "raw/a/x.txt", "ett")
    cache = tmp_path / "hashes.json"
    first = hash_inputs(list_files(tmp_path / "raw"), cache, LATER)
    cache.write_text("{")
    assert hash_inputs(list_files(tmp_path / "raw"), cache, LATER) == first


def test_a_file_that_cannot_be_opened_is_listed_as_unreadable(tmp_path: Path) -> None:
    (tmp_path / "raw/a").mkdir(parents=True)
    (tmp_path / "raw/a/x.txt").symlink_to(tmp_path / "nowhere")
    (only,) = hash_inputs(list_files(tmp_path / "raw"), tmp_path / "hashes.json", LATER)
    assert only.sha256 == UNREADABLE


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "raw/a").mkdir(parents=True)
    os.mkfifo(tmp_path / "raw/a/pipe.txt")
    (only,) = hash_inputs(list_files(tmp_path / "raw"), tmp_path / "hashes.json", LATER)
    assert only.sha256 == UNREADABLE
