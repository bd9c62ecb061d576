"""Reading inside of a worker: it tells that it lives, and what it could not read is counted."""

import json
import mmap
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.schema import RAW
from pipeline.storage import handover
from pipeline.storage.readers import ReadLimits
from pipeline.storage.sources import SourceSpec, list_input
from pipeline.work import heartbeat
from pipeline.work.measure import measured
from pipeline.work.read import READ, ReadJob, read_files, read_job


@pytest.fixture(autouse=True)
def no_beat() -> None:
    heartbeat._beat.clear()
    heartbeat._page.clear()


def job_of(folder: Path, files: Path) -> ReadJob:
    folder.mkdir()
    return ReadJob(folder, tuple(list_input(files)), SourceSpec(), ReadLimits())


def test_a_long_file_tells_that_it_lives_with_every_table_and_every_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stor.jsonl").write_text('{"text": "En rad om skogen."}\n' * 9000)
    job = job_of(tmp_path / "job", tmp_path / "stor.jsonl")
    beats: list[str] = []
    heartbeat.beat_through(beats.append)
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 1000.0)
    list(read_files(job, job.limits))
    # Three tables of at most 4096 rows, and the beginning.
    assert beats == ["stor.jsonl"] * (1 + 3)
    beats.clear()
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.0)
    list(read_files(job, job.limits))
    heartbeat._beat.clear()
    # Rows of one chunk are read together; of slow formats each record counts (the members below).
    assert len(beats) > 1 + 3


def test_a_table_that_is_worked_on_is_no_part_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = f"From a\nSubject: x\n\n{'skog ' * 100_000}\n\n"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mbox").write_text(message * 40)
    job = job_of(tmp_path / "job", tmp_path / "in")
    with mmap.mmap(-1, heartbeat.PAGE_BYTES) as page:
        heartbeat.beat_through(lambda _: None, page)
        read = read_files(job, job.limits)
        places = [(next(read).num_rows, heartbeat.place_in(page)[1]) for _ in range(2)]
        assert len(list(read)) == 0
        assert heartbeat.place_in(page)[1] == 0
        heartbeat.beat_through(lambda _: None)
    assert places == [(34, 0), (6, 0)]


def test_measuring_tells_that_it_lives_between_the_rows_of_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        """A stage that notes how many rows it was given at once."""

        name = "slow"
        adds = pa.schema([])

        def __call__(self, items: pa.Table) -> pa.Table:
            seen.append(items.num_rows)
            return items

    seen: list[object] = []
    heartbeat.beat_through(seen.append)
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.0)
    heartbeat.now_at("stor.jsonl")
    items = pa.table({"doc_id": [str(number) for number in range(6000)]})
    (out,) = measured([items], (Slow(),))
    heartbeat._beat.clear()
    assert out.equals(items)
    assert seen == ["stor.jsonl", *[1500, "stor.jsonl"] * 4]


def test_what_is_read_is_written_with_its_faults_counted(tmp_path: Path) -> None:
    lines = [json.dumps({"text": "Skogen växer."}), "{", "{"]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    job = job_of(tmp_path / "job", tmp_path / "in.jsonl")
    marker = read_job(job)
    assert marker.facts == {"rows": 3, "faults": {"read.corrupt_json": 2}}
    (table,) = handover.stream(job.folder / READ, RAW)
    assert table["text"].to_pylist() == ["Skogen växer.", "", ""]
