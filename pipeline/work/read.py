"""Files read inside a sandboxed worker: what measuring begins with, and all that `kvarn dedup` and `kvarn extract` need.

Imports no stage and no kernel, so that a pool which only reads starts quickly.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from pipeline.schema import RAW
from pipeline.storage import handover
from pipeline.storage.readers import ReadLimits, parts, read_tables
from pipeline.storage.sources import InputFile, SourceSpec
from pipeline.work.heartbeat import at_part, go_on, now_at
from pipeline.work.markers import Marker
from pipeline.work.poison import Poison

READ = "read.arrow"

PASSING = frozenset({"read.changed_while_read"})
"""Faults that say as much about the moment as about the file: the next run tries again, as it does after passing poison."""


@dataclass(frozen=True, slots=True)
class FilesJob:
    """Files of one source. `poison` names what killed a worker in them, and is quarantined instead of read."""

    folder: Path
    files: tuple[InputFile, ...]
    spec: SourceSpec
    poison: tuple[Poison, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class ReadJob(FilesJob):
    """Files to read and no more."""

    limits: ReadLimits


def read_files(job: FilesJob, limits: ReadLimits) -> Iterator[pa.Table]:
    """Items of the job's files in order; tells the main process that it lives with every file, and every second meanwhile."""
    for file in job.files:
        poison = {item.part: item for item in job.poison if item.uri == file.uri}
        if whole := poison.pop(0, None):
            file = replace(file, fault=whole.code, message=whole.message)
        now_at(file.uri)
        parts.begin({part: (item.code, item.message) for part, item in poison.items()}, at_part)
        for items in read_tables(file, job.spec, limits, go_on):
            # Whoever takes the table works on many parts at once, and as long as it needs: the clock bounds one table, not one file.
            at_part(0)
            yield items
            now_at(file.uri)
            at_part(parts.here())
        at_part(0)


def count_faults(items: pa.Table, faults: dict[str, int]) -> None:
    """Add the reason codes of the items that could not be read."""
    for code in items.column("fault").drop_null().to_pylist():
        faults[code] = faults.get(code, 0) + 1


def fault_facts(faults: Mapping[str, int], poison: Iterable[Poison]) -> dict[str, object]:
    """Facts of a marker: faults by code, and those that another run must not find settled."""
    passing = sorted(PASSING & faults.keys() | {item.code for item in poison if item.passing})
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
    return Marker({}, {"rows": writer.rows, **fault_facts(faults, job.poison)})
