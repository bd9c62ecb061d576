"""Opens a run: settings, plan, the store's lock and the worker processes, for as long as the flow works."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from flows.named import glossary_of, measure_settings
from flows.settings import Project, load
from flows.steps import Run
from pipeline.errors import ContractError
from pipeline.storage.lock import exclusive
from pipeline.storage.paths import Store
from pipeline.work.jobs import Job
from pipeline.work.markers import Marker
from pipeline.work.measure import MeasureSettings
from pipeline.work.plan import make_plan, worker_count
from pipeline.work.pool import open_pool
from pipeline.work.refresh import Refresh, RefreshSettings


@contextmanager
def open_run(raw: Path, curated: Path, config: Path | None, workers: int) -> Iterator[Run]:
    """The run of this store, alone: raises AlreadyRunning where another one works on it."""
    project = load(config)
    settings = project.settings
    store = Store(curated.resolve())
    with exclusive(store), ExitStack() as stack:
        plan = make_plan(raw.resolve(), store, project.recorded(), settings.run.shard_mb << 20)
        count = worker_count(workers or settings.run.workers)
        # A run with nothing new, such as most scheduled ones, never starts a worker and reads no exemplar.
        changed = bool(plan.changes())
        measure = (
            measure_settings(project) if changed else replace(settings.measure, glossary=glossary_of(project))
        )
        made = refresh_settings(project, count, measure)
        pool = stack.enter_context(open_pool(count)) if changed else NoPool()
        yield Run(Refresh(plan, made, pool), settings, project.root, measure.glossary)


class NoPool:
    """Stands where a run has nothing to do."""

    def submit(self, job: Job) -> Marker:
        raise ContractError(f"{job.folder}: a run with nothing new was asked to work")


def refresh_settings(project: Project, threads: int, measure: MeasureSettings) -> RefreshSettings:
    """The part of the settings that a candidate is made with."""
    settings = project.settings
    return RefreshSettings(
        measure,
        settings.judge,
        settings.duplicates,
        settings.split,
        settings.release,
        settings.repeated,
        threads,
    )
