"""`kvarn measure`: every record of a file or folder with its text, measures and the fate that limits alone would give it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from flows import progress
from flows.commands.context import check_out, context
from flows.commands.inputs import SHARD_BYTES, Part, parts, tables
from flows.named import measure_settings
from flows.output import emit
from flows.settings import Settings
from pipeline.errors import UsageError
from pipeline.schema import (
    LANGUAGE_COLUMNS,
    PII_COLUMNS,
    RAW,
    REPAIRED,
    TERMS_COLUMNS,
    VERDICT_COLUMNS,
    may,
    need,
)
from pipeline.stage import run_measure
from pipeline.stages.decide import Decide
from pipeline.storage import handover, parquet
from pipeline.work.measure import HANDED, MeasureJob, MeasureSettings, measure_names, measured_schema
from pipeline.work.plan import worker_count
from pipeline.work.pool import open_pool


def run(source: Path, out: Path, config: Path | None, workers: int, *, as_json: bool) -> None:
    """Write OUT and print how many records had which fate."""
    project = context(config).project
    settings = project.settings
    found = parts(source, SHARD_BYTES)
    if not found:
        raise UsageError(f"{source}: holds no files; give a file or folder with text")
    check_out(out)
    measure = measure_settings(project)
    schema = output_schema(settings)
    progress.tell_of_compiling()
    fates: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="kvarn-") as scratch, parquet.Writer(out, schema) as writer:
        count = worker_count(workers or settings.run.workers)
        try:
            for items in measured_items(found, measure, Path(scratch), count):
                decided = run_measure(Decide(settings.judge.judges()), items)
                writer.write(decided)
                for fate in decided["fate"].to_pylist():
                    fates[fate] = fates.get(fate, 0) + 1
        finally:
            progress.stop()
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
        RAW.field("notes"),
        REPAIRED.field("content_id"),
        REPAIRED.field("repairs"),
        may("meta", pa.string()),
    ]
    columns = [*first, *LANGUAGE_COLUMNS, *PII_COLUMNS, *VERDICT_COLUMNS, *context_columns, *TERMS_COLUMNS]
    return pa.schema([*columns, *[need(name, pa.float32()) for name in names]])


def measured_items(
    found: list[Part], measure: MeasureSettings, scratch: Path, workers: int
) -> Iterator[pa.Table]:
    """Measured tables in the order of the files, made by sandboxed workers."""
    jobs = [
        MeasureJob(scratch / f"{at:06d}", part.files, part.spec, measure, kept=False)
        for at, part in enumerate(found)
    ]
    schema = measured_schema(measure.stages())
    workers = min(workers, len(jobs))
    with open_pool(workers) as pool:
        yield from tables(
            pool, jobs, lambda folder: handover.stream(folder / HANDED, schema), workers, "measured"
        )
