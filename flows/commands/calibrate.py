"""`kvarn calibrate`: what every limit costs on a sample of one's own domain, and which limits would fit it better."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows import progress
from flows.commands.calibrate_words import fragment, lines_of
from flows.commands.changes import applied, judging, parse_changes, with_changes
from flows.commands.context import context
from flows.commands.inputs import SHARD_BYTES, parts
from flows.commands.labels import FIELD, labels_of_file, labels_of_records
from flows.commands.measure import measured_items
from flows.output import emit
from flows.settings import Settings
from pipeline.errors import UsageError
from pipeline.quality.calibration import Calibration, Mask, Sample, Share
from pipeline.quality.calibration_fit import calibrate
from pipeline.storage.files import write_bytes
from pipeline.work.measure import measure_names
from pipeline.work.plan import worker_count
from pipeline.work.sample import candidates_of, halves, language_fates
from pipeline.work.stored import is_measured, measured_file

COLUMNS = ["record_id", "content_id", "fault", "meta", "language"]


@dataclass(frozen=True, slots=True)
class Labels:
    """Where labels come from."""

    file: Path | None = None
    field: str | None = None
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A sample whose labels are known, each content once, and what was left out of it."""

    items: pa.Table
    good: Mask
    bad: Mask
    origin: str
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True)
class Language:
    """What [language] does to the good documents."""

    lost: Share
    flagged: Share
    bad_lost: int
    lost_by_language: dict[str, int]


def run(
    source: Path,
    labels: Labels,
    cost: float,
    sets: Sequence[str],
    out: Path | None,
    config: Path | None,
    workers: int,
    *,
    every: bool,
    as_json: bool,
) -> None:
    """Print what limits cost and find and what is proposed; with `out` write a [noise] section for kvarn.toml."""
    if not 0 < cost < 1:
        raise UsageError(
            f"--cost {cost:g}: is a share of the good documents; allowed: above 0 and below 1, as 0.01"
        )
    if labels.trusted and (labels.file is not None or labels.field is not None):
        raise UsageError("--trusted takes all records as good, and labels say which are; give one of them")
    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise UsageError(f"-o {out}: name a file in an existing folder")
    where = context(config)
    base, changes = judging(where.project.given), parse_changes(sets, ())
    settings = applied(base, changes)
    known = _known(_items(source, where.settings, workers), labels)
    dropped, flagged = language_fates(known.items, settings.language)
    language = _language(known, dropped, flagged)
    rest = np.flatnonzero(~dropped)
    items = known.items.take(pa.array(rest))
    good, bad = known.good[rest], known.bad[rest]
    if not good.any():
        raise UsageError(_all_foreign(language, settings))
    fit = halves(items["content_id"].to_pylist()) if bad.any() else np.ones(len(rest), bool)
    found = calibrate(candidates_of(items, settings.noise), Sample(good, bad, fit), cost)
    noise = with_changes(base, changes).get("noise", {})
    if out is not None:
        write_bytes(out, fragment(noise, found, known.origin).encode())
    emit(
        _facts(known, language, found, out),
        lines_of(known, language, found, out, every=every),
        as_json=as_json,
    )


def _all_foreign(language: Language, settings: Settings) -> str:
    found = ", ".join(f"{count:,} {name}" for name, count in language.lost_by_language.items())
    return (
        f"[language] drops all {language.lost.of:,} good documents of the sample ({found}), so no limit can be judged by them; "
        f"language.target is {', '.join(settings.language.target)}: change it, or give documents in that language"
    )


def _items(source: Path, settings: Settings, workers: int) -> pa.Table:
    """The measured sample without its texts."""
    if is_measured(source):
        return pa.concat_tables(measured_file(source, ["meta"]))
    found = parts(source, SHARD_BYTES)
    if not found:
        raise UsageError(
            f"{source}: holds no files; give a file or folder with text, or a file of `kvarn measure`"
        )
    progress.tell_of_compiling()
    with tempfile.TemporaryDirectory(prefix="kvarn-") as scratch:
        count = worker_count(workers or settings.run.workers)
        try:
            tables = [
                items.select([*COLUMNS, *measure_names(items.schema)])
                for items in measured_items(found, settings.measure, Path(scratch), count)
            ]
        finally:
            progress.stop()
    if not tables:
        raise UsageError(f"{source}: holds no records; give a file or folder with text")
    return pa.concat_tables(tables)


def _known(items: pa.Table, labels: Labels) -> Known:
    """The readable records with a label, each content once."""
    readable = items.filter(pc.is_null(items["fault"]))
    left_out = {"unreadable or empty": items.num_rows - readable.num_rows}
    if not readable.num_rows:
        raise UsageError("no record of the sample could be read; `kvarn measure` says why for each")
    given, origin, unused = _labels(readable, labels)
    chosen, copies = _one_each(readable["content_id"].to_pylist(), given)
    left_out |= {
        "without a label": sum(label is None for label in given),
        "copies": copies,
        "labels about no record": unused,
    }
    if not chosen:
        raise UsageError(
            "no record of the sample has a label; give some with --labels, or take all as good with --trusted"
        )
    good = np.array([given[at] is True for at in chosen], bool)
    if not good.any():
        raise UsageError(
            "no record of the sample is good: what a limit costs can be counted on good ones only"
        )
    return Known(
        readable.take(pa.array(chosen)), good, ~good, origin, {name: n for name, n in left_out.items() if n}
    )


def _labels(items: pa.Table, labels: Labels) -> tuple[list[bool | None], str, int]:
    """A label per record, in words where they are from, and how many are about no record."""
    if labels.trusted:
        return [True] * items.num_rows, "all taken as good", 0
    if labels.file is not None:
        ids = items.select(["record_id", "content_id"]).to_pylist()
        given, unused = labels_of_file(labels.file, ids)
        return given, f"labels of {labels.file.name}", unused
    field = labels.field or FIELD
    given = labels_of_records(items["meta"].to_pylist(), items["record_id"].to_pylist(), field)
    if any(label is not None for label in given):
        return given, f"field {field}", 0
    if labels.field is not None:
        raise UsageError(
            f"--label-field {field}: no record has it; fields stand in `meta` of `kvarn measure`"
        )
    return [True] * items.num_rows, "no labels: all taken as good", 0


def _one_each(contents: Sequence[str], labels: Sequence[bool | None]) -> tuple[list[int], int]:
    """Rows with a label, the first of each content, and how many copies were left out. Copies must agree."""
    first: dict[str, int] = {}
    copies = 0
    for at, (content, label) in enumerate(zip(contents, labels, strict=True)):
        if label is None:
            continue
        if content in first:
            copies += 1
            if labels[first[content]] != label:
                raise UsageError(
                    f"content {content[:16]}…: the same text is labelled good and bad; decide which"
                )
        else:
            first[content] = at
    return list(first.values()), copies


def _language(known: Known, dropped: Mask, flagged: Mask) -> Language:
    names = np.array(known.items["language"].to_pylist(), object)[dropped & known.good]
    by_language = dict(sorted(Counter(names.tolist()).items(), key=lambda item: (-item[1], item[0])))
    return Language(
        Share.seen(dropped, known.good),
        Share.seen(flagged, known.good),
        int((dropped & known.bad).sum()),
        by_language,
    )


def _facts(known: Known, language: Language, found: Calibration, out: Path | None) -> dict[str, Any]:
    return {
        "good": int(known.good.sum()),
        "bad": int(known.bad.sum()),
        "labels": known.origin,
        "left_out": known.left_out,
        "language": asdict(language),
        **asdict(found),
        "worth_it": found.worth_it,
        "out": None if out is None else str(out),
    }
