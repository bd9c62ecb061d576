"""`kvarn releases`, `verify`, `report`: what is published, whether it is whole, and what the report says."""

from pathlib import Path
from typing import Any

from flows.commands.context import context
from flows.commands.standing import standing_facts, standing_lines
from flows.commands.terms import term_facts, term_lines
from flows.output import emit, safe, table
from flows.steps import read_report, report_facts, report_lines
from pipeline.errors import StoreDamaged, UsageError
from pipeline.storage.paths import Store
from pipeline.storage.releases import Release, get, latest, list_releases
from pipeline.storage.releases import verify as verify_release
from pipeline.work.publish import Candidate, foremost


def show_list(config: Path | None, curated: Path | None, *, as_json: bool) -> None:
    """One line a release."""
    store = context(config, curated=curated).store
    rows = [_facts(release) for release in list_releases(store)]
    lines = table(
        [
            [row["number"], row["time"], row["verdict"], row["kept"], row["digest"][:12], row["reason"] or ""]
            for row in rows
        ],
        ["release", "published", "verdict", "documents", "digest", "note"],
    )
    emit(
        rows,
        lines if rows else [f"{store.releases}: no release yet; `kvarn refresh` makes the first"],
        as_json=as_json,
    )


def _facts(release: Release) -> dict[str, Any]:
    commit = release.commit
    kept = sum(item.rows or 0 for _, item in release.files("data/"))
    return {
        "number": commit.number,
        "time": commit.time,
        "verdict": commit.verdict_after_waivers,
        "checks": commit.verdict,
        "kept": kept,
        "digest": commit.digest,
        "parent": commit.parent,
        "folder": str(release.folder),
        "reason": commit.reason,
    }


def verify_all(number: int | None, config: Path | None, curated: Path | None, *, as_json: bool) -> None:
    """Raises StoreDamaged (exit 5) naming every file that is not as published, UsageError where there is no release."""
    store = context(config, curated=curated).store
    chosen = [get(store, number)] if number is not None else list_releases(store)
    if not chosen:
        raise UsageError(f"{store.releases}: no release to verify; `kvarn refresh` makes the first")
    faults = {release.number: verify_release(release) for release in chosen}
    bad = [f"release {number}: {fault}" for number, found in faults.items() for fault in found]
    if as_json:
        emit({"releases": sorted(faults), "faults": bad}, [], as_json=True)
    if bad:
        raise StoreDamaged("\n".join([f"{len(bad)} of the published files are not as published:", *bad]))
    if not as_json:
        files = sum(len(release.manifest().files) + len(release.commit.files) for release in chosen)
        emit({}, [f"{len(chosen)} release(s), {files} files: every byte is as published"], as_json=False)


def show_report(
    number: int | None,
    config: Path | None,
    curated: Path | None,
    models: Path | None,
    *,
    terms: bool = False,
    as_json: bool,
) -> None:
    """The first screen of the report in words, and where report.html lies; or what it says of terms."""
    where = context(config, curated=curated, models=models)
    chosen = _chosen(where.store, number)
    report, folder = read_report(chosen), chosen.folder
    if terms:
        emit(
            *(term_facts(chosen, report), []) if as_json else ({}, term_lines(chosen, report)),
            as_json=as_json,
        )
        return
    if as_json:
        emit(report_facts(report) | standing_facts(chosen), [], as_json=True)
        return
    lines = [*map(safe, report_lines(report)), *standing_lines(chosen, report)]
    adapters = sorted(where.models.glob("*/README.md")) if where.models.is_dir() else []
    lines += ["", f"Report:  {folder / 'report.html'}", f"Data:    {folder / 'data'}"]
    lines += [f"Adapter: {card.parent}" for card in adapters[-1:]]
    emit({}, lines, as_json=False)


def _chosen(store: Store, number: int | None) -> Release | Candidate:
    if number is not None:
        return get(store, number)
    news = foremost(store) or latest(store)
    if news is None:
        raise UsageError(f"{store.releases}: no release yet; `kvarn refresh` makes the first")
    return news
