"""A job outlives the documents that kill its worker: two tries, then the file is quarantined and the rest goes on."""

import errno
import hashlib
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from small_store import DirectPool, World

from pipeline.errors import KvarnError
from pipeline.storage import parquet
from pipeline.storage.readers import ReadLimits
from pipeline.work import jobs
from pipeline.work.jobs import TRIES, Job, run_job
from pipeline.work.judge import JUDGED, JudgeJob, JudgeSettings
from pipeline.work.markers import Marker, finished
from pipeline.work.measure import ITEMS, MeasureJob, MeasureSettings
from pipeline.work.poison import Poison
from pipeline.work.sandbox import WorkerDied


@dataclass
class DeadlyPool(DirectPool):
    """Dies on the named files, as often as it is asked to read them, or only a number of times."""

    deadly: dict[str, str] = field(default_factory=dict)
    times: int = 1_000
    passing: bool = False

    def submit(self, job: Job) -> Marker:
        if isinstance(job, MeasureJob):
            avoided = {item.uri for item in job.poison}
            for file in job.files:
                if file.uri in self.deadly and file.uri not in avoided and self.times:
                    self.jobs.append(job)
                    self.times -= 1
                    # What a worker leaves behind when it dies.
                    (job.folder / ITEMS).write_bytes(b"half")
                    code = self.deadly[file.uri]
                    raise WorkerDied(code, file.uri, "killed by a test", passing=self.passing)
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
    assert "killed its worker twice (killed by a test)" in str(found["brev/english.txt"]["meta"])
    raw = (world.raw / "brev" / "english.txt").read_bytes()
    assert found["brev/english.txt"]["raw_sha256"] == hashlib.sha256(raw).hexdigest()
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
def test_a_file_that_killed_its_worker_by_its_own_fault_is_settled(
    world: World, tmp_path: Path, code: str
) -> None:
    job = job_of(world, tmp_path / "shard")
    pool = DeadlyPool(deadly={"english.txt": code})
    marker = run_job(pool, job)
    assert "passing" not in marker.facts
    assert run_job(pool, job) == marker
    # In another shard, too, such as the one with a new neighbour.
    run_job(pool, replace(job, folder=tmp_path / "other"))
    assert len(pool.jobs) == TRIES + 1 + 1
    assert items_of(tmp_path / "other")["brev/english.txt"]["fault"] == code


@pytest.mark.parametrize("change", ["bytes", "settings", "code"])
def test_a_settled_file_is_tried_again_when_it_or_its_reader_changed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    job = job_of(world, tmp_path / "shard")
    run_job(DeadlyPool(deadly={"english.txt": "read.crash"}), job)
    if change == "bytes":
        path = world.raw / "brev" / "english.txt"
        path.write_bytes(path.read_bytes().replace(b"a", b"e"))
        job = job_of(world, tmp_path / "other")
    elif change == "settings":
        job = replace(job, settings=MeasureSettings(ReadLimits(pdf_pages=7)))
    else:
        monkeypatch.setattr(jobs, "_code", lambda: ("another", {}))
    healthy = DirectPool()
    run_job(healthy, replace(job, folder=tmp_path / "other"))
    assert items_of(tmp_path / "other")["brev/english.txt"]["fault"] is None


def test_a_torn_memory_of_poison_costs_another_try(world: World, tmp_path: Path) -> None:
    job = job_of(world, tmp_path / "shard")
    run_job(DeadlyPool(deadly={"english.txt": "read.crash"}), job)
    (entry,) = (tmp_path / "poison").glob("*.json")
    for torn in (b"", b"[1]", b"{}", b"\xff"):
        entry.write_bytes(torn)
        run_job(DirectPool(), replace(job, folder=tmp_path / "other"))
        assert items_of(tmp_path / "other")["brev/english.txt"]["fault"] is None
        shutil.rmtree(tmp_path / "other")


def deaths(*parts: int, at: str = "a.zip") -> list[WorkerDied]:
    return [WorkerDied("read.crash", at, "killed by a test", part=part) for part in parts]


@pytest.mark.parametrize(
    ("parts", "known", "left_out"),
    [
        ([3], [], None),
        ([3, 3], [], 3),
        ([3, 4], [], None),
        ([3, 3, 5, 5], [3], 5),
        ([3, 4, 3], [], 3),
        # Where it was left out already, the file is to blame.
        ([3, 3, 3], [3], 0),
        ([3], [3], 0),
        # Too many parts, or a new one each time.
        ([9, 9], [1, 2, 3], 0),
        ([1, 2, 3, 4, 5, 6, 7, 8], [], 0),
        ([1, 2, 3, 4, 5, 6, 7], [], None),
        ([0, 0], [], 0),
        ([0], [], None),
    ],
)
def test_what_is_left_out_after_some_deaths(parts: list[int], known: list[int], left_out: int | None) -> None:
    poison = jobs._poison(deaths(*parts), tuple(Poison("a.zip", "read.crash", "x", part) for part in known))
    assert (poison.part if poison else None) == left_out


def test_deaths_of_another_file_do_not_count() -> None:
    elsewhere = deaths(3, 3, 3, at="b.zip")
    assert jobs._poison([*elsewhere, *deaths(3)], (Poison("b.zip", "read.crash", "x", 3),)) is None


def test_one_death_that_may_be_the_machines_leaves_the_file_open() -> None:
    first, second = deaths(3, 3)
    first.passing = True
    poison = jobs._poison([first, second], ())
    assert poison is not None
    assert poison.passing


def test_a_file_that_kills_though_it_is_not_read_ends_the_run(world: World, tmp_path: Path) -> None:
    with pytest.raises(KvarnError, match=r"a worker died \(read\.memory\)"):
        run_job(Dying("english.txt"), job_of(world, tmp_path / "shard"))


@pytest.mark.parametrize("code", ["read.timeout", "read.memory"])
def test_what_may_have_been_the_machine_is_tried_again_in_the_next_run(
    world: World, tmp_path: Path, code: str
) -> None:
    job = job_of(world, tmp_path / "shard")
    marker = run_job(DeadlyPool(deadly={"english.txt": code}, passing=True), job)
    assert marker.facts["passing"] == [code]
    assert finished(job.folder) == marker
    healthy = DirectPool()
    again = run_job(healthy, job)
    assert items_of(job.folder)["brev/english.txt"]["fault"] is None
    assert "passing" not in again.facts
    assert run_job(healthy, job) == again
    assert len(healthy.jobs) == 1
