"""`kvarn refresh`: first whether there is anything to do, before Prefect is even imported; then the flow."""

from pathlib import Path
from typing import Any

from flows import outcome, progress
from flows.commands.context import Context, context
from flows.output import emit
from pipeline.storage.lock import exclusive
from pipeline.work.plan import Plan, make_plan, worker_count

BYTES_PER_SECOND = 4e6
"""Raw bytes that one worker reads and measures in a second on mixed formats; only for the estimate of --plan."""

DISK = 3
"""Bytes on disk for a byte of raw text: shards and release, which are packed, and the index of near-duplicates, which is not."""


def run(
    config: Path | None,
    raw: Path | None,
    curated: Path | None,
    workers: int,
    *,
    plan_only: bool,
    as_json: bool,
) -> int:
    """The exit code: 0 done or nothing new, 3 blocked or waiting for a person, 4 a check did not run."""
    where = context(config, raw, curated)
    plan = make_plan(where.raw, where.store, where.project.recorded(), where.settings.run.shard_mb << 20)
    changes = plan.changes()
    if plan_only:
        _say_plan(plan, changes, workers or where.settings.run.workers, as_json=as_json)
        return 0
    if not changes:
        _say_nothing_new(plan, as_json=as_json)
        return 0
    progress.tell_of_compiling()
    facts = _run_flow(where, workers)
    emit(facts, outcome.lines(facts), as_json=as_json)
    return int(facts["exit_code"])


def _run_flow(where: Context, workers: int) -> dict[str, Any]:
    from flows.server import prefect_api

    # Said at once, not after a server has started: the flow itself takes the lock for good.
    with exclusive(where.store):
        pass
    with prefect_api(where.store.work / "prefect"):
        from flows.refresh import refresh

        file = where.project.file
        try:
            return refresh(str(where.raw), str(where.store.root), str(file) if file else None, workers)
        finally:
            progress.stop()


def _say_nothing_new(plan: Plan, *, as_json: bool) -> None:
    facts = outcome.nothing_new(plan).facts()
    count = len(plan.inputs)
    lines = [
        f"nothing new: {count:,} files, the settings, the code and the decisions are those of release {facts['release']}",
        "skipped: reading, measuring, deduplication, split, validation, report, gate",
    ]
    emit({**facts, "files": count}, lines, as_json=as_json)


def _say_plan(plan: Plan, changes: tuple[str, ...], workers: int, *, as_json: bool) -> None:
    size = sum(item.bytes for item in plan.inputs)
    known = {item.sha256 for item in plan.parent.manifest().inputs} if plan.parent else set()
    fresh = sum(item.bytes for item in plan.inputs if item.sha256 not in known)
    count = worker_count(workers)
    seconds = fresh / BYTES_PER_SECOND / count
    facts = {
        "files": len(plan.inputs), "bytes": size, "new_bytes": fresh, "shards": len(plan.shards), "changes": changes,
        "workers": count, "minutes": round(seconds / 60, 1), "disk_bytes": DISK * size,
    }  # fmt: skip
    lines = [
        f"{len(plan.inputs):,} files, {size / 1e6:,.1f} MB, {len(plan.shards)} shards; new or changed: {fresh / 1e6:,.1f} MB",
        f"changed since the newest release: {', '.join(changes) or 'nothing'}",
        f"about {seconds / 60:.1f} minutes of measuring with {count} workers, and up to {DISK * size / 1e6:,.0f} MB of disk",
    ]
    emit(facts, lines, as_json=as_json)
