"""A document that kills its reader costs itself: real files, real workers, parsers with traps."""

import gzip
import hashlib
import io
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.schema import RAW
from pipeline.storage import handover
from pipeline.storage.readers import ReadLimits
from pipeline.storage.sources import SourceSpec, list_input
from pipeline.work.jobs import Job, run_job
from pipeline.work.markers import Marker
from pipeline.work.poison import Poison
from pipeline.work.pool import marker
from pipeline.work.read import READ, ReadJob
from pipeline.work.sandbox import SandboxLimits, SandboxPool

GOOD = "Skogen växer."


class Counting:
    """A real pool of one worker, and how often it was asked."""

    def __init__(self) -> None:
        limits = SandboxLimits(
            wall_seconds=60.0, cpu_seconds=0.5, resident_bytes=400 << 20, address_bytes=2 << 30
        )
        function = "sandbox_jobs:read_with_traps"
        self.pool = SandboxPool[Job, Marker](1, function, limits, result=marker)
        self.asked = 0

    def submit(self, job: Job) -> Marker:
        self.asked += 1
        return self.pool.submit(job)


@pytest.fixture(scope="module")
def real() -> Iterator[Counting]:
    sys.path.insert(0, str(Path(__file__).parent))
    counting = Counting()
    with counting.pool:
        yield counting
    sys.path.pop(0)


@pytest.fixture
def pool(real: Counting) -> Counting:
    real.asked = 0
    return real


def job_of(folder: Path, files: dict[str, bytes], name: str = "job") -> ReadJob:
    (folder / "in").mkdir(exist_ok=True)
    for file, data in files.items():
        (folder / "in" / file).write_bytes(data)
    return ReadJob(folder / "work" / name, tuple(list_input(folder / "in")), SourceSpec(), ReadLimits())


def rows(job: ReadJob) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pa.concat_tables(handover.stream(job.folder / READ, RAW)).to_pylist()
    return found


def packed(texts: list[str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, text in enumerate(texts):
            archive.writestr(zipfile.ZipInfo(f"{number}.txt"), text)
    return buffer.getvalue()


def crawl(urls: list[str]) -> bytes:
    body = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{GOOD}".encode()
    record = "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {}\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n"
    return b"".join(record.format(url, len(body)).encode() + body + b"\r\n\r\n" for url in urls)


def mailbox(texts: list[str]) -> bytes:
    return "".join(f"From a\nSubject: x\n\n{text}\n\n" for text in texts).encode()


@pytest.mark.parametrize(
    ("word", "code", "reason"),
    [
        ("burn", "read.timeout", "more than 0.5 s of CPU time"),
        ("segfault", "read.crash", "ended with status -11"),
        ("hog", "read.memory", "more memory than 400 MiB, or addresses than 2048 MiB"),
        ("kill", "read.memory", "killed from outside"),
    ],
)
@pytest.mark.parametrize("kind", ["zip", "warc", "warc.gz", "mbox"])
def test_one_deadly_part_is_left_out_and_all_others_are_read(
    pool: Counting, tmp_path: Path, kind: str, word: str, code: str, reason: str
) -> None:
    made = {
        "zip": packed([GOOD, GOOD, word, GOOD]),
        "warc": crawl(["http://a/1", "http://a/2", f"http://a/{word}", "http://a/4"]),
        "mbox": mailbox([GOOD, GOOD, word, GOOD]),
    }
    made["warc.gz"] = gzip.compress(made["warc"])
    data = made[kind]
    job = job_of(tmp_path, {"a.txt": GOOD.encode(), f"b.{kind}": data, "c.txt": GOOD.encode()})
    done = run_job(pool, job)
    found = rows(job)
    assert [row["fault"] for row in found] == [None, None, None, code, None, None]
    assert reason in found[3]["meta"]
    assert found[3]["raw_sha256"] == hashlib.sha256(data).hexdigest()
    assert all(GOOD in row["text"] for row in found if row["fault"] is None)
    assert ("passing" in done.facts) == (word == "kill")
    assert pool.asked == 3


def test_a_deadly_file_is_quarantined_with_its_hash_and_not_tried_again(
    pool: Counting, tmp_path: Path
) -> None:
    job = job_of(tmp_path, {"a.txt": GOOD.encode(), "b.txt": b"burn", "c.txt": GOOD.encode()})
    done = run_job(pool, job)
    found = rows(job)
    assert [row["fault"] for row in found] == [None, "read.timeout", None]
    assert found[1]["raw_sha256"] == hashlib.sha256(b"burn").hexdigest()
    # What was read is taken within its run and not kept: once more, with what is remembered left out.
    assert (run_job(pool, job), pool.asked) == (done, 4)
    # A neighbour is new, the deadly file has another name: its bytes are known.
    (tmp_path / "in" / "b.txt").rename(tmp_path / "in" / "d.txt")
    other = job_of(tmp_path, {"e.txt": GOOD.encode()}, "other")
    run_job(pool, other)
    assert [row["fault"] for row in rows(other)] == [None, None, "read.timeout", None]
    assert rows(other)[2]["meta"] == found[1]["meta"]
    assert pool.asked == 5
    # Other bytes are another file.
    last = job_of(tmp_path, {"d.txt": b"barn"}, "last")
    run_job(pool, last)
    assert [row["fault"] for row in rows(last)] == [None] * 4
    assert pool.asked == 6


def test_what_the_machine_may_have_done_is_tried_again(pool: Counting, tmp_path: Path) -> None:
    job = job_of(tmp_path, {"a.txt": b"kill"})
    assert run_job(pool, job).facts["passing"] == ["read.memory"]
    assert run_job(pool, job).facts["passing"] == ["read.memory"]
    assert pool.asked == 6


def test_a_file_of_many_deadly_parts_is_left_out_as_a_whole(pool: Counting, tmp_path: Path) -> None:
    job = job_of(tmp_path, {"a.zip": packed([GOOD, *["segfault"] * 6]), "b.txt": GOOD.encode()})
    run_job(pool, job)
    assert [(row["uri"], row["fault"]) for row in rows(job)] == [("a.zip", "read.crash"), ("b.txt", None)]
    assert pool.asked == 9


def test_parts_known_from_an_earlier_run_are_left_out_at_once(pool: Counting, tmp_path: Path) -> None:
    files = {"a.zip": packed([GOOD, "segfault", GOOD])}
    run_job(pool, job_of(tmp_path, files))
    again = job_of(tmp_path, {**files, "b.txt": GOOD.encode()}, "again")
    run_job(pool, again)
    assert [row["fault"] for row in rows(again)] == [None, "read.crash", None, None]
    assert pool.asked == 4


def test_a_part_that_is_left_out_already_does_not_spare_the_others(pool: Counting, tmp_path: Path) -> None:
    job = job_of(tmp_path, {"a.zip": packed(["segfault", GOOD])})
    wrong = Poison("a.zip", "read.crash", "x", 2)
    run_job(pool, ReadJob(job.folder, job.files, job.spec, job.limits, poison=(wrong,)))
    assert [row["fault"] for row in rows(job)] == ["read.crash", "read.crash"]
