"""`kvarn what-if`: what other limits would keep and drop of a release or of a measured file, from stored measures."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.commands.changes import Change, applied, differences, judging, measures, parse_changes, told
from flows.commands.context import Context, context
from flows.commands.what_if_words import lines_of
from flows.output import emit
from flows.settings import Settings
from pipeline.errors import UsageError
from pipeline.schema import FATES
from pipeline.stages.decisions import Decision
from pipeline.stages.pii import KINDS, PiiConfig
from pipeline.storage import parquet
from pipeline.storage.files import disk_error
from pipeline.storage.releases import Release, get, latest
from pipeline.work.plan import file_digest
from pipeline.work.stored import check_measured, measured_file, release_decisions, release_items
from pipeline.work.what_if import Answer, SettingsOf, what_if

EXCERPT = 90
"""Code points of a text that are shown: enough to see what kind of text it is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is judged, and with which settings before and after. None before: the fates as they are stored."""

    what: str
    before: Settings | None
    after: Settings
    pieces: Iterable[pa.Table]
    decisions: Mapping[str, Decision]
    remarks: tuple[str, ...] = ()


def run(
    file: Path | None,
    sets: Sequence[str],
    unsets: Sequence[str],
    number: int | None,
    config: Path | None,
    curated: Path | None,
    shown: int,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Print counts before and after, who would move and why; with `out` write all movers to it."""
    changes = parse_changes(sets, unsets)
    _check_out(out)
    if file is not None and number is not None:
        raise UsageError(f"{file} and --release {number}: ask about one of them")
    where = context(config, curated=curated)
    release = None if file is not None else _release(where, number)
    asked = _of_release(where, release, changes) if release else _of_file(where, file, changes)
    before = None if asked.before is None else settings_of(asked.before)
    answer = what_if(asked.pieces, before, settings_of(asked.after), asked.decisions)
    changed = [] if asked.before is None else differences(asked.before, asked.after)
    if out is not None:
        write_movers(out, answer.movers)
    listed = answer.movers.slice(0, shown).to_pylist()
    texts = _excerpts(release, file, listed)
    if as_json:
        emit(_facts(asked, answer, changed, out), [], as_json=True)
        return
    emit(
        {},
        lines_of(asked.what, changed, answer, list(zip(listed, texts, strict=True)), asked.remarks, out),
        as_json=False,
    )


def settings_of(settings: Settings) -> SettingsOf:
    """What judges each source."""
    judge = settings.judge
    return cache(judge.of)


def _release(where: Context, number: int | None) -> Release:
    release = get(where.store, number) if number is not None else latest(where.store)
    if release is None:
        raise UsageError(
            f"{where.store.releases}: no release yet; run `kvarn refresh`, or ask about a file of `kvarn measure`: "
            "`kvarn what-if FILE.parquet --set ...`"
        )
    return release


def _of_release(where: Context, release: Release, changes: Sequence[Change]) -> Asked:
    """Starts from the settings that judged the release; without --set the question is what today's kvarn.toml would do."""
    name = f"release {release.number}"
    base = judging(release.manifest().config)
    before = applied(base, (), name)
    files = [key for key, digest in where.project.recorded()["named"].items()
             if release.manifest().config.get("named", {}).get(key, digest) != digest]  # fmt: skip
    today, remarks = _today(where, base, before, files)
    after = applied(base, changes) if changes else today
    if changes and differences(before, today):
        keys = ", ".join(key for key, _, _ in differences(before, today))
        remarks = (
            *remarks,
            f"{_file_name(where)} differs from {name} in {keys}: not counted here; without --set it is",
        )
    if file_digest(where.store.decisions) != release.manifest().decisions:
        remarks = (
            *remarks,
            f"people have decided since {name} was made: those decisions are not applied here",
        )
    kinds = {kind for settings in (before, after) for kind in _acting(settings.pii)}
    return Asked(name, before, after, release_items(release, kinds), release_decisions(release), remarks)


def _today(
    where: Context, base: Mapping[str, Any], before: Settings, files: Sequence[str]
) -> tuple[Settings, tuple[str, ...]]:
    """What kvarn.toml says now of all that judges; keys that would measure anew stay as they were, and are named, as are keys whose
    `files` hold something else by now.
    """
    now = where.settings
    differing = list(_section_differences(before, now))
    anew = any(measures(section, key) for section, key, *_ in differing)
    if now.measure.fingerprint == before.measure.fingerprint and not anew and not files:
        return now, ()
    given = judging(where.project.given)
    own = {section: dict(values) for section, values in base.items()}
    stays = [f"the files of {key}" for key in files]
    for section, key, was, is_now in differing:
        try:
            applied(base, [Change(section, key, is_now)])
            stay = measures(section, key)
        except UsageError:
            stay = True
        if stay:
            stays.append(f"{section}.{key} ({told(was)} → {told(is_now)})")
            continue
        own.setdefault(section, {})[key] = given.get(section, {}).get(key, is_now)
    remark = f"{_file_name(where)} also changes what is measured: {', '.join(stays) or 'how texts are read'}. Only `kvarn refresh` can tell what that does"
    return applied(own, ()), (remark,)


def _section_differences(old: Settings, new: Settings) -> Iterator[tuple[str, str, Any, Any]]:
    for name, was, now in differences(old, new):
        section, key = name.split(".", 1)
        yield section, key, was, now


def _file_name(where: Context) -> str:
    return where.project.file.name if where.project.file else "the defaults"


def _acting(pii: PiiConfig) -> set[str]:
    """Kinds of personal data that give fates."""
    return {kind for kind in KINDS if getattr(pii, kind) in ("flag", "drop")}


def _of_file(where: Context, file: Path | None, changes: Sequence[Change]) -> Asked:
    """Starts from kvarn.toml (or the defaults); without --set the question is what it would do to the fates in the file."""
    assert file is not None
    check_measured(file)
    base = judging(where.project.given)
    before = applied(base, ()) if changes else None
    return Asked(str(file), before, applied(base, changes), measured_file(file), {})


def _check_out(out: Path | None) -> None:
    if out is None:
        return
    if out.suffix not in {".csv", ".parquet"} or out.is_dir() or not out.absolute().parent.is_dir():
        raise UsageError(f"-o {out}: name a file that ends in .csv or .parquet, in an existing folder")


def write_movers(out: Path, movers: pa.Table) -> None:
    """All movers as Parquet, or as CSV that no spreadsheet takes for formulae."""
    try:
        if out.suffix == ".parquet":
            parquet.write(out, movers, movers.schema)
            return
        # With a byte order mark: without one spreadsheets read å ä ö wrongly.
        with out.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(movers.schema.names)
            for row in movers.to_pylist():
                writer.writerow([_cell(value) for value in row.values()])
    except OSError as error:
        raise disk_error(error, out, movers.nbytes) from error


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        # Measures are float32: more digits than these are noise.
        return f"{value:.6g}"
    text = "; ".join(value) if isinstance(value, list) else value
    # A cell that begins like a formula is run by spreadsheets: ids and file names come from strangers.
    return f"'{text}" if isinstance(text, str) and re.match(r"[=+\-@\t\r\n]", text) else text


def _facts(
    asked: Asked, answer: Answer, changed: Sequence[tuple[str, Any, Any]], out: Path | None
) -> dict[str, Any]:
    return {
        "of": asked.what,
        "changes": [{"key": key, "before": was, "after": now} for key, was, now in changed],
        "documents": answer.items,
        "fates": {
            fate: {"before": answer.count(fate, after=False), "after": answer.count(fate, after=True)}
            for fate in FATES
        },
        "words_kept": {
            "before": round(answer.words_kept(after=False)),
            "after": round(answer.words_kept(after=True)),
        },
        "moved": answer.moved,
        "other_reasons": answer.other_reasons,
        "judged_otherwise_by_this_version": answer.judged_otherwise,
        "open": {
            "freed_duplicates": answer.open.freed,
            "never_compared": answer.open.never_compared,
            "other_survivor": answer.open.other_survivor,
        },
        "reasons": {
            code: {"before": answer.reasons_before[code], "after": answer.reasons_after[code]}
            for code in sorted({*answer.reasons_before, *answer.reasons_after})
        },
        "by": {
            name: by(answer.movers, name)
            for name in ("source", "language")
            if name in answer.movers.schema.names
        },
        "remarks": list(asked.remarks),
        "out": None if out is None else str(out),
        "movers": answer.movers.to_pylist(),
    }


def by(movers: pa.Table, name: str) -> dict[str, dict[str, int]]:
    """How many move, by value of a column and by move."""
    counts: dict[str, Counter[str]] = {}
    table = movers.group_by([name, "was", "now"]).aggregate([([], "count_all")])
    for row in table.to_pylist():
        counts.setdefault(row[name], Counter())[f"{row['was']} → {row['now']}"] += row["count_all"]
    ordered = sorted(counts.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    return {value: dict(sorted(moves.items())) for value, moves in ordered}


def _excerpts(
    release: Release | None, file: Path | None, listed: Sequence[Mapping[str, Any]]
) -> list[str | None]:
    """The beginning of each listed text, None where the text is not at hand."""
    if not listed:
        return []
    key = "record_id" if release is None else "doc_id"
    wanted = {row[key] for row in listed}
    texts: dict[str, str] = {}
    for path, sha256 in _text_files(release, file):
        texts |= _texts_in(path, sha256, key, wanted - texts.keys())
        if len(texts) == len(wanted):
            break
    return [None if row[key] not in texts else _excerpt(texts[row[key]]) for row in listed]


def _text_files(release: Release | None, file: Path | None) -> list[tuple[Path, str | None]]:
    if release is None:
        assert file is not None
        return [(file, None)]
    files = [*release.files("withheld/"), *release.files("data/")]
    return [(path, entry.sha256) for path, entry in files]


def _texts_in(path: Path, sha256: str | None, key: str, wanted: set[str]) -> dict[str, str]:
    """Texts of the wanted items in one file. Its bytes are verified before any of them is shown."""
    values = pa.array(sorted(wanted), pa.string())
    here = any(
        pc.any(pc.is_in(ids[key], value_set=values)).as_py()
        for ids in parquet.stream(path, columns=[key], rows=1 << 16)
    )
    if not here:
        return {}
    parquet.verify(path, sha256)
    found: dict[str, str] = {}
    for rows in parquet.stream(path, columns=[key, "text"]):
        chosen = rows.filter(pc.is_in(rows[key], value_set=values))
        for row in chosen.to_pylist():
            found.setdefault(row[key], row["text"])
        if len(found) == len(wanted):
            break
    return found


def _excerpt(text: str) -> str:
    words = " ".join(text[: 4 * EXCERPT].split())
    return words if len(words) <= EXCERPT else f"{words[: EXCERPT - 1].rstrip()}…"
