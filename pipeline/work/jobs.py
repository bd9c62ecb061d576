"""What a worker process can be asked to do, and how a job outlives a document that kills its worker."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pipeline.errors import KvarnError
from pipeline.storage.files import disk_error
from pipeline.work.judge import JudgeJob, judge_shard
from pipeline.work.markers import Marker, finished
from pipeline.work.measure import MeasureJob, measure_shard
from pipeline.work.read import FilesJob, ReadJob, read_job
from pipeline.work.sandbox import WorkerDied
from pipeline.work.templates import TemplatesJob, fit_source

TRIES = 2
"""Times a file may kill a worker before it is quarantined; a second try tells bad luck from poison."""

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
    """Do the job unless its marker says it is done; files that kill workers are quarantined and the rest goes on.

    A marker with passing faults serves its own run and settles no later one: the next run reads those files again.
    Raises KvarnError when a worker dies without naming a file, or a worker at another job dies at all.
    """
    done = finished(job.folder)
    if done is not None and not done.facts.get("passing"):
        return done
    deaths: dict[str, int] = {}
    while True:
        _empty(job.folder)
        try:
            return pool.submit(job)
        except WorkerDied as death:
            if not isinstance(job, FilesJob) or not death.at:
                raise KvarnError(
                    f"a worker died ({death.code}) on {job.folder}; run again, with fewer --workers if memory is short"
                ) from death
            deaths[death.at] = deaths.get(death.at, 0) + 1
            if deaths[death.at] >= TRIES:
                job = replace(job, poison=(*job.poison, (death.at, death.code)))


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise disk_error(error, folder, 4096) from error
