"""Files read inside a sandboxed worker: what measuring begins with, and all that `kvarn dedup` and `kvarn extract` need.

Imports no stage and no kernel, so that a pool which only reads starts quickly.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from pipeline.schema import RAW
from pipeline.storage import handover
from pipeline.storage.readers import ReadLimits, read_tables
from pipeline.storage.sources import InputFile, SourceSpec
from pipeline.work.heartbeat import go_on, now_at
from pipeline.work.markers import Marker

READ = "read.arrow"

PASSING = frozenset({"read.timeout", "read.memory", "read.crash", "read.changed_while_read"})
"""Faults that say as much about the machine and the moment as about the file: the next run tries again."""


@dataclass(frozen=True, slots=True)
class FilesJob:
    """Files of one source. `poison` names files that killed a worker, with the reason they are quarantined for."""

    folder: Path
    files: tuple[InputFile, ...]
    spec: SourceSpec
    poison: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class ReadJob(FilesJob):
    """Files to read and no more."""

    limits: ReadLimits


def read_files(job: FilesJob, limits: ReadLimits) -> Iterator[pa.Table]:
    """Items of the job's files in order; tells the main process that it lives with every file, and every second meanwhile."""
    poison = dict(job.poison)
    for file in job.files:
        if file.uri in poison:
            message = "reading it killed its worker twice; open it by hand, or leave it out"
            file = replace(file, fault=poison[file.uri], message=message)
        now_at(file.uri)
        for items in read_tables(file, job.spec, limits, go_on):
            yield items
            # Whoever takes the table works on it as long as it needs, and the clock bounds one table, not one file.
            now_at(file.uri)


def count_faults(items: pa.Table, faults: dict[str, int]) -> None:
    """Add the reason codes of the items that could not be read."""
    for code in items.column("fault").drop_null().to_pylist():
        faults[code] = faults.get(code, 0) + 1


def fault_facts(faults: Mapping[str, int]) -> dict[str, object]:
    """Facts of a marker: faults by code, and those that another run must not find settled."""
    passing = sorted(PASSING & faults.keys())
    return {"faults": dict(faults), **({"passing": passing} if passing else {})}


def read_job(job: ReadJob) -> Marker:
    """Write the hand-over READ (schema RAW) into the job's folder. The entry point of a worker that only reads.

    Nothing is marked as finished: the file is taken and removed within the run.
    """
    faults: dict[str, int] = {}
    with handover.Writer(job.folder / READ, RAW) as writer:
        for items in read_files(job, job.limits):
            writer.write(items)
            count_faults(items, faults)
    return Marker({}, {"rows": writer.rows, **fault_facts(faults)})
