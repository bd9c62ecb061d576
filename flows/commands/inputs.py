"""An INPUT of the command line: cut into jobs, read by sandboxed workers, handed back in the order of its files."""

import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.output import safe
from flows.settings import Settings
from pipeline.errors import UsageError
from pipeline.schema import RAW
from pipeline.storage import handover
from pipeline.storage.sources import InputFile, SourceSpec, input_specs, list_input
from pipeline.work.jobs import Job, Pool, run_job
from pipeline.work.plan import worker_count
from pipeline.work.pool import open_reading_pool
from pipeline.work.read import READ, ReadJob

SHARD_BYTES = 16 << 20
"""Raw bytes a job: enough jobs to keep all workers busy to the end."""

TOLD = 20
"""Faults named one by one; more of them would hide what was printed before."""


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive files that one source.toml describes."""

    files: tuple[InputFile, ...]
    spec: SourceSpec


def parts(source: Path, most: int = SHARD_BYTES) -> list[Part]:
    """The files of INPUT in parts of about `most` bytes; none where a folder is empty. Raises UsageError if it is missing."""
    files = list_input(source)
    made: list[Part] = []
    pending: list[InputFile] = []
    size, spec = 0, SourceSpec()
    for file, own in zip(files, input_specs(source, files), strict=True):
        if pending and (size >= most or own != spec):
            made.append(Part(tuple(pending), spec))
            pending, size = [], 0
        spec = own
        pending.append(file)
        size += file.size
    return [*made, Part(tuple(pending), spec)] if pending else made


def tables(
    pool: Pool,
    jobs: Sequence[Job],
    taken: Callable[[Path], Iterator[pa.Table]],
    workers: int,
    word: str | None,
) -> Iterator[pa.Table]:
    """What `taken` finds in the folders of the jobs, in order, each removed then; `word` is shown on the bar, if any."""
    from flows import progress

    def work(job: Job) -> None:
        run_job(pool, job)
        if word is not None:
            progress.advance(word, job)

    if word is not None:
        progress.start(len(jobs))
    with ThreadPoolExecutor(workers) as threads, closing(_done(threads, work, jobs, 2 * workers)) as done:
        for job in done:
            yield from taken(job.folder)
            shutil.rmtree(job.folder)


def _done(
    threads: ThreadPoolExecutor, work: Callable[[Job], None], jobs: Sequence[Job], ahead: int
) -> Generator[Job, None, None]:
    """The jobs in order, each when it is done. At most `ahead` more are begun: what they write waits on the disk to be taken."""
    begun: deque[tuple[Job, Future[None]]] = deque()
    try:
        for job in jobs:
            begun.append((job, threads.submit(work, job)))
            if len(begun) > ahead:
                yield _awaited(*begun.popleft())
        while begun:
            yield _awaited(*begun.popleft())
    finally:
        for _, future in begun:
            future.cancel()


def _awaited(job: Job, future: Future[None]) -> Job:
    future.result()
    return job


def read_input(source: Path, settings: Settings, word: str | None = None) -> Generator[pa.Table, None, None]:
    """Tables (schema RAW) of all records of INPUT, those that could not be read among them."""
    found = parts(source)
    if not found:
        return
    workers = min(worker_count(settings.run.workers), len(found))
    # The pool first: its processes start while this one makes the folder.
    with open_reading_pool(workers) as pool, tempfile.TemporaryDirectory(prefix="kvarn-") as scratch:
        jobs = [
            ReadJob(Path(scratch) / f"{at:06d}", part.files, part.spec, settings.read)
            for at, part in enumerate(found)
        ]
        yield from tables(pool, jobs, _taken, workers, word)


def _taken(folder: Path) -> Iterator[pa.Table]:
    return handover.stream(folder / READ, RAW)


def named_twice(source: Path, settings: Settings, record_id: str) -> UsageError:
    """The error for an id that two readable records of INPUT share, with the places of the first two, found by reading anew."""
    places: list[str] = []
    with closing(read_input(source, settings)) as tables:
        for items in tables:
            same = pc.and_(pc.equal(items["record_id"], record_id), pc.is_null(items["fault"]))
            places += [_place(row) for row in items.filter(same).select(["uri", "position"]).to_pylist()]
            if len(places) > 1:
                break
    return UsageError(
        f"{source}: the id {record_id!r} names two records ({' and '.join(places[:2])}); give each record an id of its own"
    )


def _place(row: dict[str, Any]) -> str:
    return f"{safe(row['uri'])}, record {row['position'] + 1}"


def nothing_read(source: Path, faults: "Faults") -> UsageError:
    """The error where no record of INPUT could be read: what is wrong with the first ones."""
    why = "\n".join(["", *faults.lines()]) if faults.count else " it holds no files; name one that does"
    return UsageError(f"{source}: no record could be read:{why}")


class Faults:
    """Records that could not be read: all counted, the first ones kept in words that may go to a terminal."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[str] = []

    def add(self, record_id: str, code: str, message: str) -> None:
        self.count += 1
        if len(self._first) < TOLD:
            self._first.append(f"{safe(record_id)}: {code}: {safe(message)}")

    def lines(self) -> list[str]:
        more = self.count - len(self._first)
        return [*self._first, f"and {more:,} more"] if more else list(self._first)

    def tell(self) -> None:
        """Name them on standard error, so that they never mix with what a program reads."""
        if self.count:
            told = [f"{self.count:,} records could not be read:", *self.lines()]
            sys.stderr.write("\n".join(told) + "\n")
