"""All hostile files, one after the other in one worker: none takes it down, none takes more than its share."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile import cases

from pipeline.schema import RAW
from pipeline.storage import handover
from pipeline.storage.readers import ReadLimits
from pipeline.storage.sources import SourceSpec, list_input
from pipeline.work.jobs import Job
from pipeline.work.markers import Marker
from pipeline.work.pool import marker
from pipeline.work.read import READ, ReadJob
from pipeline.work.sandbox import SandboxLimits, SandboxPool

Pool = SandboxPool[Job, Marker]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """One worker with the memory of a real one and a sixth of its time."""
    limits = SandboxLimits(cpu_seconds=10.0)
    with SandboxPool[Job, Marker](1, "pipeline.work.read:read_job", limits, result=marker) as made:
        yield made


def read(pool: Pool, files: Path, job: Path) -> list[dict[str, Any]]:
    """The records of a folder. A worker that dies is an error here."""
    job.mkdir()
    pool.submit(ReadJob(job, tuple(list_input(files)), SourceSpec(), ReadLimits()))
    columns = ["uri", "fault", "notes", "raw_sha256", "meta"]
    return [row for table in handover.stream(job / READ, RAW) for row in table.select(columns).to_pylist()]


@pytest.mark.slow
def test_no_hostile_file_takes_its_worker_down(pool: Pool, tmp_path: Path) -> None:
    expected = {}
    for number, case in enumerate(cases()):
        folder = tmp_path / "in" / f"{number:04d}"
        folder.mkdir(parents=True)
        (folder / case.file).write_bytes(case.make())
        expected[folder.name] = case
    found: dict[str, set[str]] = {}
    for row in read(pool, tmp_path / "in", tmp_path / "job"):
        codes = found.setdefault(row["uri"].split("/")[0], set())
        codes |= {row["fault"], *row["notes"]} - {None}
    assert found.keys() == expected.keys()
    wrong = {case.name: found[name] for name, case in expected.items() if not found[name] <= case.codes}
    assert wrong == {}


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")


def _socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        # The name of a socket is short.
        os.chdir(folder)
        listening.bind("socket.txt")
        os.chdir(here)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (_pipe, "read.io_error"),
        (_socket, "read.io_error"),
        (lambda folder: (folder / "device.txt").symlink_to("/dev/zero"), "read.io_error"),
        (lambda folder: (folder / "loop.txt").symlink_to("loop.txt"), "read.io_error"),
        (lambda folder: (folder / "lost.txt").symlink_to("nowhere"), "read.io_error"),
        (lambda folder: (folder / "round").symlink_to("."), "read.io_error"),
        (lambda folder: (folder / "x.jsonl").mkdir(), None),
        (lambda folder: (folder / ("n" * 251 + ".txt")).write_text("Skogen."), None),
        (lambda folder: (folder / "a\nb\x1b[31m.txt").write_text("Skogen."), None),
        (lambda folder: (folder / "a\u202etxt.exe").write_text("Skogen."), None),
        (lambda folder: (folder / "a\udcff\udcfe.txt").write_text("Skogen."), None),
        (lambda folder: (folder / "-rf *.txt").write_text("Skogen."), None),
    ],
)
def test_what_is_no_plain_file_is_a_fault_of_its_own_and_odd_names_are_none(
    pool: Pool, tmp_path: Path, make: Any, fault: str | None
) -> None:
    files = tmp_path / "in"
    files.mkdir()
    (files / "good.txt").write_text("Skogen växer.")
    make(files)
    rows = read(pool, files, tmp_path / "job")
    faults = [row["fault"] for row in rows if row["uri"] != "good.txt"]
    assert set(faults) <= {fault}
    assert bool(faults) == (not (files / "x.jsonl").is_dir())
    assert [row["fault"] for row in rows if row["uri"] == "good.txt"] == [None]
    assert all(len(row["raw_sha256"]) == 64 for row in rows)
    assert all("\udcff" not in row["uri"] for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a.jsonl", "read.line_too_long"),
        ("a.txt", "read.too_large"),
        ("a.csv", "read.line_too_long"),
        ("a", "read.too_large"),
    ],
)
def test_one_line_of_1_gb_is_refused_with_flat_memory(
    pool: Pool, tmp_path: Path, name: str, fault: str
) -> None:
    (tmp_path / "in").mkdir()
    with (tmp_path / "in" / name).open("wb") as file:
        file.write(b"text\n" if name == "a.csv" else b"x")
        for _ in range(1 << 10):
            file.write(b"x" * (1 << 20))
    assert {row["fault"] for row in read(pool, tmp_path / "in", tmp_path / "job")} == {fault}
