"""measure, dedup and extract on any INPUT: read by confined workers, as its source.toml says, with every fault told."""

import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from small_store import DirectPool, article

from flows import progress
from flows.commands import dedup, extract, inputs, measure
from pipeline.errors import UsageError
from pipeline.storage.readers import ReadLimits
from pipeline.work.jobs import Job
from pipeline.work.markers import Marker
from pipeline.work.pool import open_reading_pool
from pipeline.work.read import ReadJob
from pipeline.work.sandbox import WorkerDied

Say = pytest.CaptureFixture[str]


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> DirectPool:
    """Stands for the workers."""
    made = DirectPool()
    monkeypatch.setattr(measure, "open_pool", lambda workers: nullcontext(made))
    monkeypatch.setattr(inputs, "open_reading_pool", lambda workers: nullcontext(made))
    return made


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sources; the first one's text stands in a field of its own name."""
    folder = tmp_path / "raw"
    (folder / "falt").mkdir(parents=True)
    (folder / "blad").mkdir()
    (folder / "falt" / "source.toml").write_text('text = "rapport"\nid = "nr"\n')
    (folder / "falt" / "r.csv").write_text(f"nr;rapport\nf-1;{article(1).split(chr(10))[2]}\nf-2;kort\n")
    (folder / "blad" / "a.txt").write_text(article(2))
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_raw_folder_is_measured_as_its_source_tomls_say(
    raw: Path, tmp_path: Path, pool: DirectPool, capsys: Say
) -> None:
    measure.run(raw, tmp_path / "out.parquet", None, 1, as_json=True)
    assert json.loads(capsys.readouterr().out)["records"] == 3
    rows = {row["record_id"]: row["fault"] for row in pq.read_table(tmp_path / "out.parquet").to_pylist()}
    assert rows == {"blad/a.txt": None, "f-1": None, "f-2": None}
    assert len(pool.jobs) == 2


@pytest.mark.parametrize("inside", ["falt", "falt/r.csv"])
def test_a_source_and_a_file_of_it_are_read_as_its_source_toml_says(
    raw: Path, pool: DirectPool, capsys: Say, inside: str
) -> None:
    extract.run(raw / inside, None, as_json=True)
    assert [row["record_id"] for row in json.loads(capsys.readouterr().out)] == ["f-1", "f-2"]


def test_parts_hold_files_of_one_source_toml_and_about_so_many_bytes(raw: Path) -> None:
    for number in range(5):
        (raw / "blad" / f"b{number}.txt").write_text("x" * 100)
    (raw / "blad" / "a.txt").unlink()
    found = [[file.uri for file in part.files] for part in inputs.parts(raw, 200)]
    assert found == [
        ["blad/b0.txt", "blad/b1.txt"],
        ["blad/b2.txt", "blad/b3.txt"],
        ["blad/b4.txt"],
        ["falt/r.csv"],
    ]


def test_what_dedup_cannot_read_is_counted_and_named(
    raw: Path, tmp_path: Path, pool: DirectPool, capsys: Say
) -> None:
    (raw / "blad" / "b.txt").write_text(article(2))
    (raw / "blad" / "trasig.jsonl").write_text("{\n" * 25)
    dedup.run(raw, tmp_path / "pairs.parquet", None, None, as_json=True)
    told = capsys.readouterr()
    facts = json.loads(told.out)
    assert (facts["records"], facts["unreadable"], facts["pairs"]) == (4, 25, 1)
    lines = told.err.splitlines()
    assert lines[0] == "25 records could not be read:"
    assert lines[1].startswith("blad/trasig.jsonl#0: read.corrupt_json: ")
    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == "and 5 more"


def test_extract_names_what_it_cannot_read_beside_what_it_can(
    raw: Path, pool: DirectPool, capsys: Say
) -> None:
    (raw / "falt" / "tom\x1b[31m.txt").write_text("")
    extract.run(raw, None, as_json=False)
    told = capsys.readouterr()
    # In the order of the files, records parted by a blank line.
    assert told.out.startswith(article(2) + "\n")
    assert told.out.endswith("\n\nkort\n")
    assert told.err.startswith("1 records could not be read:\nfalt/tom\\x1b[31m.txt: read.empty: ")


def test_extract_says_why_nothing_could_be_read(raw: Path, tmp_path: Path, pool: DirectPool) -> None:
    (raw / "falt" / "r.csv").write_text("nr;annat\n" + "1;x\n" * 30)
    with pytest.raises(UsageError, match="nothing could be read") as error:
        extract.run(raw / "falt", None, as_json=False)
    lines = str(error.value).splitlines()
    assert "no field rapport" in lines[1]
    assert (len(lines), lines[-1]) == (22, "and 10 more")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no files"):
        extract.run(tmp_path / "empty", None, as_json=False)


@pytest.mark.parametrize("terminal", [True, False])
def test_only_a_terminal_is_shielded_from_control_characters(
    raw: Path, pool: DirectPool, capsys: Say, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    file = raw / "blad" / "ond.json"
    file.write_text(json.dumps({"text": "rad ett\n\x1b]0;titel\x07rad två"}))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    extract.run(file, None, as_json=False)
    shielded = "rad ett\n\\x1b]0;titel\\x07rad två\n"
    assert capsys.readouterr().out == (shielded if terminal else "rad ett\n\x1b]0;titel\x07rad två\n")


class Deadly(DirectPool):
    """Dies on one file as long as it is to be read."""

    def submit(self, job: Job) -> Marker:
        assert isinstance(job, ReadJob)
        if any(file.uri == "blad/a.txt" for file in job.files) and not job.poison:
            self.jobs.append(job)
            raise WorkerDied("read.timeout", "blad/a.txt", "killed by a test")
        return super().submit(job)


def test_a_file_that_kills_its_worker_ends_no_command(
    raw: Path, monkeypatch: pytest.MonkeyPatch, capsys: Say
) -> None:
    monkeypatch.setattr(inputs, "open_reading_pool", lambda workers: nullcontext(Deadly()))
    extract.run(raw, None, as_json=True)
    told = capsys.readouterr()
    assert [row["fault"] for row in json.loads(told.out)] == ["read.timeout", None, None]
    assert "blad/a.txt: read.timeout: reading it killed its worker twice" in told.err


def test_a_pool_that_only_reads_reads_in_a_process_without_kernels(raw: Path, tmp_path: Path) -> None:
    (part, _) = inputs.parts(raw)
    (tmp_path / "job").mkdir()
    with open_reading_pool(1) as real:
        done = real.submit(ReadJob(tmp_path / "job", part.files, part.spec, ReadLimits()))
    assert done.facts["rows"] == 1
    code = "import sys, pipeline.work.nursery, pipeline.work.read; print(sorted({'numba', 'prefect'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


@pytest.mark.parametrize("command", ["measure", "dedup"])
def test_progress_counts_jobs_and_is_taken_away(
    raw: Path, tmp_path: Path, pool: DirectPool, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(progress, "start", seen.append)
    monkeypatch.setattr(progress, "advance", lambda word, result: seen.append(word))
    monkeypatch.setattr(progress, "stop", lambda: seen.append("stop"))
    if command == "measure":
        measure.run(raw, tmp_path / "o.parquet", None, 1, as_json=True)
    else:
        dedup.run(raw, tmp_path / "o.parquet", None, None, as_json=True)
    word = "measured" if command == "measure" else "read"
    assert seen == [2, word, word, "stop"]
