"""What a worker process can be asked to do, and how a job outlives a document that kills its worker."""

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Protocol

from pipeline.config import fingerprint
from pipeline.errors import KvarnError
from pipeline.storage.files import disk_error
from pipeline.work.code import MEASURING, code_digest, lock
from pipeline.work.judge import JudgeJob, judge_shard
from pipeline.work.markers import Marker, finished, key
from pipeline.work.measure import MeasureJob, measure_shard
from pipeline.work.poison import Memory, Poison
from pipeline.work.read import ReadJob, read_job
from pipeline.work.sandbox import SandboxLimits, WorkerDied
from pipeline.work.templates import TemplatesJob, fit_source

TRIES = 2
"""Times a file (or a part of it) may kill a worker before it is quarantined; a second try tells bad luck from poison."""

MOST_PARTS = 3
"""Parts of one file that are left out; each cost two deaths of up to a minute of CPU time. Then the whole file is (our choice)."""

Job = MeasureJob | TemplatesJob | JudgeJob | ReadJob


class Pool(Protocol):
    """Runs one job in a worker; raises WorkerDied, naming the file, when the worker did not survive it."""

    def submit(self, job: Job) -> Marker: ...


def perform(job: Job) -> Marker:
    """The entry point of a worker."""
    if isinstance(job, ReadJob):
        return read_job(job)
    if isinstance(job, TemplatesJob):
        return fit_source(job)
    return measure_shard(job) if isinstance(job, MeasureJob) else judge_shard(job)


def run_job(pool: Pool, job: Job) -> Marker:
    """Do the job unless its marker says it is done; what kills workers is quarantined and the rest goes on.

    A marker with passing faults serves its own run and settles no later one: the next run reads those files again.
    Raises KvarnError when a worker dies without naming a file, or a worker at another job dies at all.
    """
    done = finished(job.folder)
    if done is not None and not done.facts.get("passing"):
        return done
    if isinstance(job, MeasureJob | ReadJob):
        return _read(pool, job)
    _empty(job.folder)
    try:
        return pool.submit(job)
    except WorkerDied as death:
        raise _nameless(death, job.folder) from death


def _read(pool: Pool, job: MeasureJob | ReadJob) -> Marker:
    settings = job.settings.fingerprint if isinstance(job, MeasureJob) else fingerprint(job.limits)
    memory = Memory(job.folder.parent, lambda: key(settings, job.spec, SandboxLimits(), *_code()))
    job = replace(job, poison=(*job.poison, *memory.known(job.files)))
    deaths: list[WorkerDied] = []
    while True:
        _empty(job.folder)
        try:
            return pool.submit(job)
        except WorkerDied as death:
            # A poisonous file is hashed and no more: a death there is not its content's doing.
            if not death.at or any(item.uri == death.at and item.part == 0 for item in job.poison):
                raise _nameless(death, job.folder) from death
            deaths.append(death)
            if poison := _poison(deaths, job.poison):
                # Parts are counted anew behind one that is left out: a number found behind one that the next run tries again
                # would name another part there.
                if not any(item.passing and item.uri == poison.uri for item in job.poison):
                    memory.add(poison, job.files)
                job = replace(job, poison=(*job.poison, poison))


@cache
def _code() -> tuple[str, dict[str, str]]:
    return code_digest(MEASURING), lock()


def _poison(deaths: list[WorkerDied], known: tuple[Poison, ...]) -> Poison | None:
    """What to leave out after the last of these deaths; None: try again."""
    last = deaths[-1]
    inside = [death for death in deaths if death.at == last.at]
    here = [death for death in inside if death.part == last.part]
    left_out = [item.part for item in known if item.uri == last.at]
    # It dies where a part was left out already, or at ever new ones: the file as a whole is to blame.
    whole = last.part in left_out or len(inside) >= TRIES * (MOST_PARTS + 1)
    if not whole and len(here) < TRIES:
        return None
    whole = whole or len(left_out) >= MOST_PARTS
    passing = any(death.passing for death in (inside if whole else here))
    return Poison(last.at or "", last.code, last.detail, 0 if whole else last.part, passing)


def _nameless(death: WorkerDied, folder: Path) -> KvarnError:
    return KvarnError(
        f"a worker died ({death.code}) on {folder}; run again, with fewer --workers if memory is short"
    )


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise disk_error(error, folder, 4096) from error
