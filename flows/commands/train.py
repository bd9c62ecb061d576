"""`kvarn train`: a LoRA on a release whose bytes, verdict and waivers are verified first."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.commands.context import Context, context
from flows.output import emit, safe
from pipeline.errors import Blocked, StoreDamaged, UsageError
from pipeline.schema import SPLITS
from pipeline.storage import parquet
from pipeline.storage.releases import Release, get, latest, verify
from pipeline.storage.sources import list_specs
from pipeline.train.release import Source, Text, TrainingData

PUBLISHABLE = ("PASS", "WARN")


def run(
    number: int | None,
    config: Path | None,
    curated: Path | None,
    models: Path | None,
    name: str | None,
    *,
    as_json: bool,
) -> int:
    """Exit code 0 when the adapter was released, 3 when the model gate, or the release's own gate, said no."""
    where = context(config, curated=curated, models=models)
    release = _release(where, number)
    data = training_data(release, where.raw)
    from pipeline.train.run import train

    origins = dict.fromkeys(where.project.given.get("train", {}), "kvarn.toml")
    result = train(data, where.settings.train, origins, where.models, name, _reporter(quiet=as_json))
    facts = {"name": result.name, "folder": str(result.folder), "released": result.released, "verdict": result.verdict,
             "run": result.record}  # fmt: skip
    emit(facts, _lines(result.record, result.folder, released=result.released), as_json=as_json)
    return 0 if result.released else 3


def training_data(release: Release, raw: Path) -> TrainingData:
    """The three splits, after every byte and the verdict were verified. Raises StoreDamaged or Blocked."""
    require_publishable(release)
    texts = {split: _texts(release, split) for split in SPLITS}
    counts: dict[str, int] = {}
    for text in (text for split in texts.values() for text in split):
        counts[text.source] = counts.get(text.source, 0) + 1
    specs = list_specs(raw) if raw.is_dir() else {}
    sources = tuple(
        Source(source, (specs[source].licence or "") if source in specs else "", count)
        for source, count in sorted(counts.items())
    )
    return TrainingData(
        release.number, release.commit.digest, texts["train"], texts["validation"], texts["test"], sources
    )


def require_publishable(release: Release) -> None:
    """Raise StoreDamaged for bytes that are not as published, Blocked for a verdict that lets nothing train."""
    faults = verify(release)
    if faults:
        raise StoreDamaged(
            f"release {release.number} is damaged, so nothing was trained: " + "; ".join(faults)
        )
    verdict = release.commit.verdict_after_waivers
    if verdict not in PUBLISHABLE:
        raise Blocked(
            f"release {release.number}: verdict {verdict}; training needs {' or '.join(PUBLISHABLE)}"
        )


def _release(where: Context, number: int | None) -> Release:
    release = get(where.store, number) if number is not None else latest(where.store)
    if release is None:
        raise UsageError(f"{where.store.releases}: no release to train on; `kvarn refresh` makes the first")
    return release


def _texts(release: Release, split: str) -> tuple[Text, ...]:
    rows: list[Text] = []
    for path, wanted in release.files(f"data/{split}-"):
        table = parquet.read(path, sha256=wanted.sha256, columns=["content_id", "text", "source"])
        rows += [Text(row["content_id"], row["text"], row["source"]) for row in table.to_pylist()]
    return tuple(rows)


def _reporter(*, quiet: bool) -> Callable[[str], None]:
    def say(line: str) -> None:
        if not quiet:
            sys.stderr.write(f"{safe(line)}\n")

    return say


def _lines(record: dict[str, Any], folder: Path, *, released: bool) -> list[str]:
    evaluation = record["evaluation"]
    rows = [
        f"{name}: perplexity {evaluation[name]['before']:.2f} → {evaluation[name]['after']:.2f}"
        for name in ("domain", "general")
    ]
    word = "released" if released else "NOT released (the model gate said no)"
    return [*rows, f"{record['verdict']}: adapter {word}: {folder}"]
