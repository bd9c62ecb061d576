"""Opens a run: settings, plan, the store's lock and the worker processes, for as long as the flow works."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.settings import Settings, load
from flows.steps import Run
from pipeline.storage.lock import exclusive
from pipeline.storage.paths import Store
from pipeline.work.plan import make_plan, worker_count
from pipeline.work.pool import open_pool
from pipeline.work.refresh import Refresh, RefreshSettings


@contextmanager
def open_run(raw: Path, curated: Path, config: Path | None, workers: int) -> Iterator[Run]:
    """The run of this store, alone: raises AlreadyRunning where another one works on it."""
    project = load(config, start=raw)
    settings = project.settings
    store = Store(curated)
    with exclusive(store):
        plan = make_plan(raw, store, settings.curation(), settings.run.shard_mb << 20)
        with open_pool(worker_count(workers or settings.run.workers)) as pool:
            refresh = Refresh(plan, refresh_settings(settings), pool)
            yield Run(refresh, settings, project.root)


def refresh_settings(settings: Settings) -> RefreshSettings:
    """The part of the settings that a candidate is made with."""
    return RefreshSettings(
        settings.measure, settings.judge, settings.duplicates, settings.split, settings.release
    )
