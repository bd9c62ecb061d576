"""The main flow, read from top to bottom: raw text in, a gated release out.

Tasks hand over paths and checksums, never tables, and our own markers (pipeline.work.markers) say what may be skipped: Prefect
caches nothing here, since its keys know neither kernels nor outputs on disk.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import flow, task, unmapped
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from flows.outcome import Outcome
from flows.progress import advance, start
from flows.run import open_run
from flows.steps import Run, Sealed
from pipeline.storage.manifest import FileEntry
from pipeline.work.candidate import ShardFiles
from pipeline.work.publish import Candidate
from pipeline.work.refresh import Measured, by_source
from pipeline.work.resolve import Resolution
from pipeline.work.shards import Shard
from pipeline.work.templates import Fitted

TASKS = max(8, (os.cpu_count() or 1) + 2)
"""Task threads: they only wait for worker processes, so a few more than cores cost nothing."""


@task(cache_policy=NO_CACHE, task_run_name="measure {shard.source}")
def measure(run: Run, shard: Shard) -> Measured:
    """Read, repair and measure one shard, in a sandboxed worker process."""
    return advance("measured", run.refresh.measure(shard))


@task(cache_policy=NO_CACHE)
def templates(run: Run, shards: list[Measured]) -> Fitted:
    """Find the lines and paragraphs that many documents of one source share."""
    return advance("compared line by line", run.refresh.templates(shards))


@task(cache_policy=NO_CACHE)
def judge(run: Run, measured: Measured) -> ShardFiles:
    """Limits and decisions give each item its fate; its text is edited as it will be published."""
    return advance("judged", run.refresh.judge(measured))


@task(cache_policy=NO_CACHE)
def resolve(run: Run, shards: list[ShardFiles]) -> Resolution:
    """Deduplicate and split over all shards."""
    return advance("deduplicated and split", run.refresh.resolve(shards))


@task(cache_policy=NO_CACHE)
def assemble(
    run: Run, shards: list[ShardFiles], resolution: Resolution, repeated: list[Fitted]
) -> dict[str, FileEntry]:
    """Write the candidate's tables."""
    return advance("assembled", run.refresh.assemble(shards, resolution, repeated))


@task(cache_policy=NO_CACHE)
def seal(run: Run, files: Mapping[str, FileEntry], intake: Mapping[str, Mapping[str, int]]) -> Sealed:
    """Add card and suites; the manifest gives the candidate its digest."""
    return advance("sealed", run.seal(files, intake))


@task(cache_policy=NO_CACHE)
def validate(run: Run, sealed: Sealed) -> Sealed:
    """Great Expectations suites, in a child process, on the files as they lie on disk."""
    return advance("validated", run.validate(sealed))


@task(cache_policy=NO_CACHE)
def report(run: Run, sealed: Sealed) -> Candidate:
    """All checks, their verdict, and the report; the candidate is now complete and still invisible."""
    return advance("reported", run.report(sealed))


@task(cache_policy=NO_CACHE)
def publish(run: Run, candidate: Candidate) -> Outcome:
    """The data gate: publish in one atomic step, or hold the candidate for a person."""
    return advance("gate passed", run.publish(candidate))


@flow(
    name="refresh",
    task_runner=ThreadPoolTaskRunner(max_workers=TASKS),  # type: ignore[arg-type]
    validate_parameters=False,
)
def refresh(raw: str, curated: str, config: str | None = None, workers: int = 0) -> dict[str, Any]:
    """raw/ → measured shards → candidate → report → gate → release."""
    with open_run(Path(raw), Path(curated), Path(config) if config else None, workers) as run:
        if run.is_current:
            return run.nothing_new().facts()
        start(run.steps)
        measured = measure.map(unmapped(run), run.shards).result()
        repeated = templates.map(unmapped(run), by_source(measured)).result()
        judged = judge.map(unmapped(run), run.refresh.with_cuts(measured, repeated)).result()
        resolution = resolve(run, judged)
        files = assemble(run, judged, resolution, repeated)
        sealed = seal(run, files, run.intake(measured))
        candidate = report(run, validate(run, sealed))
        return publish(run, candidate).facts()
