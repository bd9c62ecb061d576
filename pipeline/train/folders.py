"""models/: names of runs, a private folder to work in, and the step that makes a run visible."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILED = ".failed"
"""Runs that failed the model gate: record, card and curves, never weights."""
_WORK = ".work"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_WEIGHTS = ("adapter_model.safetensors", "adapter_config.json")


def choose_name(models: Path, release: int, name: str | None) -> str:
    """The given name if it is free, else r<release>-<k> with the next k that no run ever had here."""
    taken = _taken(models)
    if name is None:
        pattern = re.compile(rf"r{release}-(\d+)")
        used = [int(match[1]) for run in taken if (match := pattern.fullmatch(run))]
        return f"r{release}-{max(used, default=0) + 1}"
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"--name {name!r}: expected letters, digits, dots, hyphens or underscores, at most 100"
        )
    if name in taken:
        raise UsageError(f"--name {name!r}: {models.name}/ holds a run of this name; choose another")
    return name


def _taken(models: Path) -> set[str]:
    folders = [models, models / FAILED]
    return {
        entry.name for folder in folders if folder.is_dir() for entry in folder.iterdir() if entry.is_dir()
    }


@contextlib.contextmanager
def workspace(models: Path, name: str) -> Iterator[Path]:
    """A private folder on the same file system as models/; gone afterwards unless it was published."""
    root = models / _WORK
    root.mkdir(parents=True, exist_ok=True)
    for stale in root.iterdir():
        if not _alive(stale.name):
            shutil.rmtree(stale)
    folder = root / f"{name}.{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # another run may work beside this one
            root.rmdir()


def _alive(folder: str) -> bool:
    """Whether the process that a work folder names still runs; a killed one leaves its folder behind."""
    pid = folder.rpartition(".")[2]
    return pid.isdigit() and Path(f"/proc/{pid}").exists() if Path("/proc").is_dir() else True


def publish(folder: Path, models: Path, name: str, *, released: bool) -> Path:
    """Make the finished folder visible in one rename; a run that failed its gate loses its weights first."""
    target = models / name if released else models / FAILED / name
    if not released:
        for weights in _WEIGHTS:
            (folder / weights).unlink(missing_ok=True)
        target.parent.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.chmod(0o644)
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    try:
        folder.rename(target)
    except OSError as error:
        raise UsageError(f"models/{name} appeared while this run worked; give another --name") from error
    return target


def current_run(models: Path, base_model: str, compare_with: str) -> Path | None:
    """The released run that a new adapter is compared with; None if there is none to compare with.

    "latest" is the highest release, then the highest name in natural order, on the same base model.
    Raises UsageError for a name that no released run on this base has.
    """
    if compare_with == "none" or (compare_with == "latest" and not models.is_dir()):
        return None
    runs = {run: _release_of(run, base_model) for run in sorted(models.glob("*/")) if run.name[0] != "."}
    found = {run: release for run, release in runs.items() if release is not None}
    if compare_with == "latest":
        return max(found, key=lambda run: (found[run], _natural(run.name)), default=None)
    for run in found:
        if run.name == compare_with:
            return run
    raise UsageError(
        f"train.compare_with = {compare_with!r}: no released run of this name on the base model {base_model}; "
        f'expected "latest", "none" or one of: {", ".join(run.name for run in found) or "(none yet)"}'
    )


def _release_of(run: Path, base_model: str) -> int | None:
    """The release that a released run on this base was trained on."""
    record = run / "run.json"
    if not record.is_file() or not (run / _WEIGHTS[0]).is_file():
        return None
    try:
        facts = json.loads(record.read_text(encoding="utf-8"))
        fits = facts["base_model"] == base_model and facts["verdict"] == "PASS"
        return int(facts["release"]["number"]) if fits else None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"models/{run.name}/run.json is damaged ({error}); remove or repair this run"
        ) from error


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
