"""A job outlives the documents that kill its worker: two tries, then the file is quarantined and the rest goes on."""

import errno
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from small_store import DirectPool, World

from pipeline.errors import KvarnError
from pipeline.storage import parquet
from pipeline.work.jobs import TRIES, Job, run_job
from pipeline.work.judge import JUDGED, JudgeJob, JudgeSettings
from pipeline.work.markers import Marker, finished
from pipeline.work.measure import ITEMS, MeasureJob, MeasureSettings
from pipeline.work.sandbox import WorkerDied


@dataclass
class DeadlyPool(DirectPool):
    """Dies on the named files, as often as it is asked to read them, or only a number of times."""

    deadly: dict[str, str] = field(default_factory=dict)
    times: int = 1_000

    def submit(self, job: Job) -> Marker:
        if isinstance(job, MeasureJob):
            avoided = {uri for uri, _ in job.poison}
            for file in job.files:
                if file.uri in self.deadly and file.uri not in avoided and self.times:
                    self.jobs.append(job)
                    self.times -= 1
                    # What a worker leaves behind when it dies.
                    (job.folder / ITEMS).write_bytes(b"half")
                    raise WorkerDied(self.deadly[file.uri], file.uri, "killed by a test")
        return super().submit(job)


class Dying:
    """Dies without having named a file."""

    def __init__(self, at: str | None) -> None:
        self.at = at

    def submit(self, job: Job) -> Marker:
        raise WorkerDied("read.memory", self.at, "killed by a test")


def job_of(world: World, folder: Path) -> MeasureJob:
    (plan_shard,) = [shard for shard in world.refresh().plan.shards if shard.source == "brev"]
    plan = world.refresh().plan
    files = tuple(plan.files[item.source, item.uri] for item in plan_shard.inputs)
    return MeasureJob(folder, files, plan.specs["brev"], MeasureSettings())


def items_of(folder: Path) -> dict[str, dict[str, object]]:
    return {row["record_id"]: row for row in parquet.read(folder / ITEMS).to_pylist()}


def test_a_file_that_kills_its_worker_twice_is_quarantined_and_the_rest_is_measured(
    world: World, tmp_path: Path
) -> None:
    pool = DeadlyPool(deadly={"english.txt": "read.timeout"})
    marker = run_job(pool, job_of(world, tmp_path / "shard"))
    assert len(pool.jobs) == TRIES + 1 == 3
    found = items_of(tmp_path / "shard")
    assert marker.files[ITEMS].rows == len(found) == 8
    assert found["brev/english.txt"]["fault"] == "read.timeout"
    assert "killed its worker twice" in str(found["brev/english.txt"]["meta"])
    assert found["brev/english.txt"]["text"] == ""
    readable = {name for name, row in found.items() if row["fault"] is None}
    assert readable == {"b-0", "b-1", "b-2", "brev/kopia.txt", "brev/medlem.txt"}
    assert marker.facts["faults"] == {"read.corrupt_json": 1, "read.pdf_corrupt": 1, "read.timeout": 1}


def test_two_deadly_files_are_both_quarantined(world: World, tmp_path: Path) -> None:
    pool = DeadlyPool(deadly={"english.txt": "read.crash", "medlem.txt": "read.memory"})
    run_job(pool, job_of(world, tmp_path / "shard"))
    assert len(pool.jobs) == 2 * TRIES + 1
    found = items_of(tmp_path / "shard")
    assert [found[f"brev/{name}.txt"]["fault"] for name in ("english", "medlem")] == [
        "read.crash",
        "read.memory",
    ]


def test_bad_luck_once_quarantines_nothing(world: World, tmp_path: Path) -> None:
    pool = DeadlyPool(deadly={"english.txt": "read.memory"}, times=1)
    run_job(pool, job_of(world, tmp_path / "shard"))
    assert items_of(tmp_path / "shard")["brev/english.txt"]["fault"] is None


def test_a_finished_job_is_not_done_again_and_a_damaged_one_is(world: World, tmp_path: Path) -> None:
    pool = DirectPool()
    job = job_of(world, tmp_path / "shard")
    first = run_job(pool, job)
    assert run_job(pool, job) == first
    assert len(pool.jobs) == 1
    (job.folder / ITEMS).write_bytes(b"torn")
    assert run_job(pool, job) == first
    assert len(pool.jobs) == 2
    assert finished(job.folder) == first


def test_a_worker_that_dies_without_a_name_ends_the_run_with_advice(world: World, tmp_path: Path) -> None:
    with pytest.raises(KvarnError, match=r"read\.memory.*fewer --workers") as died:
        run_job(Dying(None), job_of(world, tmp_path / "shard"))
    assert died.value.exit_code == 1


def test_a_judging_worker_that_dies_ends_the_run(tmp_path: Path) -> None:
    job = JudgeJob(tmp_path / "shard", tmp_path / ITEMS, JudgeSettings(), {})
    with pytest.raises(KvarnError, match=r"a worker died \(read\.memory\)"):
        run_job(Dying("a.txt"), job)


def test_judging_follows_measuring(world: World, tmp_path: Path) -> None:
    pool = DirectPool()
    run_job(pool, job_of(world, tmp_path / "m"))
    judged = run_job(pool, JudgeJob(tmp_path / "j", tmp_path / "m" / ITEMS, JudgeSettings(), {}))
    assert judged.files[JUDGED].rows == 8


def test_a_shard_folder_that_cannot_be_made_is_named(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    job = job_of(world, tmp_path / "shard")
    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(KvarnError, match=r"cannot write .*shard: the disk is full"):
        run_job(DirectPool(), job)


@pytest.mark.parametrize("code", ["read.timeout", "read.memory", "read.crash"])
def test_what_killed_a_worker_in_one_run_is_tried_again_in_the_next(
    world: World, tmp_path: Path, code: str
) -> None:
    job = job_of(world, tmp_path / "shard")
    marker = run_job(DeadlyPool(deadly={"english.txt": code}), job)
    assert marker.facts["passing"] == [code]
    assert finished(job.folder) == marker
    healthy = DirectPool()
    again = run_job(healthy, job)
    assert items_of(job.folder)["brev/english.txt"]["fault"] is None
    assert "passing" not in again.facts
    assert run_job(healthy, job) == again
    assert len(healthy.jobs) == 1
