"""`kvarn measure`: every record of a file or folder with its text, measures and the fate that limits alone would give it."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from flows.commands.context import check_out, context
from flows.output import emit
from flows.settings import Settings
from pipeline.errors import UsageError
from pipeline.schema import LANGUAGE_COLUMNS, PII_COLUMNS, REPAIRED, VERDICT_COLUMNS, may, need
from pipeline.stage import run_measure
from pipeline.stages.decide import Decide
from pipeline.storage import parquet
from pipeline.storage.sources import InputFile, SourceSpec, list_input
from pipeline.work.jobs import run_job
from pipeline.work.measure import ITEMS, MeasureJob, measure_names, measured_schema
from pipeline.work.plan import worker_count
from pipeline.work.pool import open_pool

SHARD_BYTES = 16 << 20
"""Raw bytes a job: enough jobs to keep all workers busy to the end."""


def run(source: Path, out: Path, config: Path | None, workers: int, *, as_json: bool) -> None:
    """Write OUT and print how many records had which fate."""
    settings = context(config).settings
    files = list_input(source)
    if not files:
        raise UsageError(f"{source}: holds no files; give a file or folder with text")
    check_out(out)
    schema = output_schema(settings)
    fates: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="kvarn-") as scratch, parquet.Writer(out, schema) as writer:
        for items in measured_items(
            files, settings, Path(scratch), worker_count(workers or settings.run.workers)
        ):
            decided = run_measure(Decide(settings.judge.judges()), items)
            writer.write(decided)
            for fate in decided["fate"].to_pylist():
                fates[fate] = fates.get(fate, 0) + 1
    facts = {"out": str(out), "records": writer.rows, "fates": dict(sorted(fates.items()))}
    line = ", ".join(f"{count:,} {fate}" for fate, count in sorted(fates.items()))
    emit(facts, [f"{writer.rows:,} records: {line}", f"written: {out}"], as_json=as_json)


def output_schema(settings: Settings) -> pa.Schema:
    """record_id, text, repaired, language, spans and fate first, then one float32 column per measure."""
    first = [need("record_id", pa.string()), need("text", pa.large_string()), need("repaired", pa.bool_())]
    names = [
        name
        for name in measure_names(measured_schema(settings.measure.stages()))
        if name != "language_confidence"
    ]
    context_columns = [
        may("fault", pa.string()),
        REPAIRED.field("content_id"),
        REPAIRED.field("repairs"),
        may("meta", pa.string()),
    ]
    columns = [*first, *LANGUAGE_COLUMNS, *PII_COLUMNS, *VERDICT_COLUMNS, *context_columns]
    return pa.schema([*columns, *[need(name, pa.float32()) for name in names]])


def measured_items(
    files: list[InputFile], settings: Settings, scratch: Path, workers: int
) -> Iterator[pa.Table]:
    """Measured tables in the order of the files, made by sandboxed workers."""
    jobs = [
        MeasureJob(scratch / f"{at:06d}", part, SourceSpec(), settings.measure)
        for at, part in enumerate(_parts(files))
    ]
    with open_pool(min(workers, len(jobs))) as pool, ThreadPoolExecutor(workers) as threads:
        for job, _ in zip(jobs, threads.map(lambda job: run_job(pool, job), jobs), strict=True):
            yield from parquet.stream(job.folder / ITEMS)


def _parts(files: list[InputFile]) -> list[tuple[InputFile, ...]]:
    """Consecutive files in parts of about SHARD_BYTES."""
    parts: list[list[InputFile]] = [[]]
    size = 0
    for file in files:
        if size >= SHARD_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(file)
        size += file.size
    return [tuple(part) for part in parts]
