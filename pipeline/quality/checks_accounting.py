"""Does everything add up: items, files, sources, rows, and the amount against the last release."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.quality.drift import relative, total_variation
from pipeline.quality.inputs import NO_BASELINE, CheckInputs, grade, limits, small, zero
from pipeline.quality.ledger import exploded
from pipeline.quality.profile import Profile
from pipeline.quality.verdicts import Check, Verdict
from pipeline.schema import FATES, KEPT, QUARANTINED, SPLITS

SPLIT_SV = {"train": "träning", "validation": "validering", "test": "test"}

RETIRE = "gone on purpose? set `retired` for it in kvarn.toml"

SHOWN = 10
"""Examples that a check lists."""


def rest(inputs: CheckInputs) -> Iterator[Check]:
    """Read items minus items with a known fate, by source, and files without an item: the law of one fate each."""
    fates = inputs.profile.fates
    gaps = {}
    for source in sorted(inputs.intake.keys() | fates.keys()):
        read = inputs.intake.get(source, {}).get("items", 0)
        known = sum(fates.get(source, {}).get(fate, 0) for fate in FATES)
        gaps[source] = abs(read - known)
    silent = _silent(inputs)
    gone = [source for source, gap in gaps.items() if gap] + silent
    total = sum(row.get("items", 0) for row in inputs.intake.values())
    yield Check(
        "accounting.rest",
        "Lästa poster som saknar öde (eller öden utan läst post, eller filer utan post)",
        "Items read that have no fate (or fates without an item, or files without one)",
        zero(sum(gaps.values()) + len(silent)),
        value=sum(gaps.values()) + len(silent),
        limit="= 0",
        n=total,
        waivable=False,
        examples=tuple(gone[:SHOWN]),
        unit="count",
    )


def _silent(inputs: CheckInputs) -> list[str]:
    """Raw files that no row of the ledger names. A member of an archive has the uri of its file, a slash and its own name."""
    named = inputs.ledger.select(["source", "uri"]).group_by(["source", "uri"]).aggregate([])
    known = set(zip(named["source"].to_pylist(), named["uri"].to_pylist(), strict=True))
    if all(file in known for file in inputs.files):
        return []
    known |= {(source, str(folder)) for source, uri in known for folder in PurePosixPath(uri).parents}
    return [f"{source}/{uri}" for source, uri in inputs.files if (source, uri) not in known]


def published(inputs: CheckInputs) -> Iterator[Check]:
    """Rows of data/ against items kept in the ledger."""
    gap = abs(inputs.profile.kept.documents - inputs.profile.fate(KEPT))
    yield Check(
        "accounting.published",
        "Skillnad mellan publicerade rader och behållna poster",
        "Published rows minus kept items",
        zero(gap),
        value=gap,
        limit="= 0",
        n=inputs.profile.fate(KEPT),
        waivable=False,
        unit="count",
    )


def measured(inputs: CheckInputs) -> Iterator[Check]:
    """Every item has its row of measures, in the order of the ledger."""
    mine, theirs = (table.column("doc_id") for table in (inputs.ledger, inputs.measures))
    same = len(mine) == len(theirs)
    wrong = int(pc.sum(pc.not_equal(mine, theirs)).as_py() or 0) if same else abs(len(mine) - len(theirs))
    yield Check(
        "accounting.measures",
        "Poster utan mätvärden, eller mätvärden på fel rad",
        "Items without measures, or measures on another row",
        zero(wrong),
        value=wrong,
        limit="= 0",
        n=len(mine),
        waivable=False,
        unit="count",
    )


def reasons(inputs: CheckInputs) -> Iterator[Check]:
    """A kept item has a split, a withheld one a reason or a person's decision, and nothing else has a split."""
    ledger = inputs.ledger
    kept = pc.equal(ledger.column("fate"), KEPT)
    has_split = pc.is_in(ledger.column("split"), pa.array(SPLITS))
    rows, _ = exploded(ledger.column("reasons"))
    has_reason = np.zeros(ledger.num_rows, bool)
    has_reason[rows] = True
    explained = pc.or_(pa.array(has_reason), pc.is_valid(ledger.column("decision")))
    right = pc.if_else(kept, has_split, pc.and_(explained, pc.is_null(ledger.column("split"))))
    wrong = ledger.column("record_id").filter(pc.invert(right))
    yield Check(
        "accounting.reasons",
        "Poster vars öde inte förklaras (behållen utan del, borttagen utan skäl)",
        "Items whose fate is not explained (kept without a split, removed without a reason)",
        zero(len(wrong)),
        value=len(wrong),
        limit="= 0",
        n=ledger.num_rows,
        waivable=False,
        examples=tuple(wrong[:SHOWN].to_pylist()),
        unit="count",
    )


def checksums(inputs: CheckInputs) -> Iterator[Check]:
    """The candidate on disk against its manifest."""
    yield Check(
        "checksums",
        "Filer som inte stämmer med manifestet",
        "Files that are not as the manifest says",
        zero(len(inputs.file_faults)),
        value=len(inputs.file_faults),
        limit="= 0",
        waivable=False,
        note="; ".join(inputs.file_faults[:3]),
        unit="count",
    )


def kept(inputs: CheckInputs) -> Iterator[Check]:
    count, floor = inputs.profile.kept.documents, inputs.config.rows_floor
    yield Check(
        "rows.kept",
        "Behållna dokument",
        "Kept documents",
        Verdict.PASS if count >= max(1, floor) else Verdict.FAIL,
        value=count,
        limit=f"block < {max(1, floor)}",
        last=inputs.previous.kept.documents if inputs.previous else None,
        n=inputs.profile.items,
        worse="lower",
        unit="count",
    )


def change(inputs: CheckInputs) -> Iterator[Check]:
    """Growth is at most a warning, loss may block."""
    config, words = inputs.config, ("Ändring av antalet dokument", "Change of the number of documents")
    if inputs.previous is None:
        yield Check("rows.change", *words, Verdict.PASS, note=NO_BASELINE)
        return
    last = inputs.previous.kept.documents
    value = relative(inputs.profile.kept.documents, last)
    verdict = grade(abs(value), config.rows_warn, config.rows_block if value < 0 else float("inf"))
    yield Check(
        "rows.change",
        *words,
        verdict,
        value=value if value != float("inf") else None,
        limit=f"warn beyond ±{config.rows_warn:g}; block < -{config.rows_block:g}",
        n=inputs.profile.kept.documents,
        worse="lower",
        unit="share",
    )


def vanished(inputs: CheckInputs) -> Iterator[Check]:
    """Sources of the last release that the readers no longer met."""
    words = ("Källor som har försvunnit", "Sources that vanished")
    if inputs.previous is None:
        yield Check(
            "sources.vanished", *words, Verdict.PASS, value=0, limit="= 0", note=NO_BASELINE, unit="count"
        )
        return
    here = {source for source, row in inputs.intake.items() if row.get("items", 0)}
    before = {source for source, row in inputs.previous.fates.items() if sum(row.values())}
    gone = sorted(before - here - inputs.retired)
    common: dict[str, Any] = dict(limit="= 0", n=len(before), unit="count")
    yield Check(
        "sources.vanished", *words, zero(len(gone)), value=len(gone), examples=tuple(gone[:SHOWN]), **common
    )
    one = ("Källan har försvunnit", "The source vanished")
    for source in gone:
        yield Check("sources.vanished", *one, Verdict.FAIL, value=1, source=source, note=RETIRE, **common)


def new(inputs: CheckInputs) -> Iterator[Check]:
    words = ("Nya källor", "New sources")
    if inputs.previous is None:
        yield Check(
            "sources.new", *words, Verdict.PASS, value=0, limit="warn > 0", note=NO_BASELINE, unit="count"
        )
        return
    found = sorted(inputs.profile.fates.keys() - inputs.previous.fates.keys())
    yield Check(
        "sources.new",
        *words,
        Verdict.WARN if found else Verdict.PASS,
        value=len(found),
        limit="warn > 0",
        n=len(inputs.profile.fates),
        examples=tuple(found[:SHOWN]),
        unit="count",
    )


def required(inputs: CheckInputs) -> Iterator[Check]:
    """A required source without one item that could be read."""
    words = ("Obligatoriska källor utan läsbar post", "Required sources without a readable item")
    empty = []
    for source in sorted(inputs.required):
        row = inputs.profile.fates.get(source, {})
        read = inputs.intake.get(source, {}).get("items", 0)
        if read - row.get(QUARANTINED, 0) <= 0:
            empty.append(source)
    common: dict[str, Any] = dict(limit="= 0", n=len(inputs.required), unit="count")
    yield Check(
        "sources.required", *words, zero(len(empty)), value=len(empty), examples=tuple(empty), **common
    )
    one = ("Den obligatoriska källan har ingen läsbar post", "The required source has no readable item")
    for source in empty:
        yield Check("sources.required", *one, Verdict.FAIL, value=1, source=source, **common)


def mix(inputs: CheckInputs) -> Iterator[Check]:
    config, words = inputs.config, ("Ändring av källornas andelar", "Shift of the sources' shares")
    if inputs.previous is None:
        yield Check("sources.mix", *words, Verdict.PASS, note=NO_BASELINE)
        return
    now, last = (
        {source: volume.words for source, volume in profile.sources.items()}
        for profile in (inputs.profile, inputs.previous)
    )
    value = total_variation(now, last)
    yield Check(
        "sources.mix",
        *words,
        grade(value, config.mix_warn, config.mix_block),
        value=value,
        limit=limits(config.mix_warn, config.mix_block),
        n=len(now),
        unit="share",
    )


def quarantine(inputs: CheckInputs) -> Iterator[Check]:
    """Unreadable items over all items; a handful only warns (see GateConfig.small_counts)."""
    config, profile, last = inputs.config, inputs.profile, inputs.previous
    count = _unreadable(profile)
    rate = count / profile.items if profile.items else 0.0
    verdict = small(grade(rate, config.quarantine_warn, config.quarantine_block), count, config.small_counts)
    yield Check(
        "quarantine.rate",
        "Andel poster i karantän",
        "Share of items in quarantine",
        verdict,
        value=rate,
        limit=limits(config.quarantine_warn, config.quarantine_block),
        last=_unreadable(last) / last.items if last and last.items else None,
        n=profile.items,
        unit="share",
    )


def _unreadable(profile: Profile) -> int:
    """Items in quarantine for another reason than a split conflict."""
    conflicts = sum(sum(row.values()) for code, row in profile.reasons.items() if code.startswith("split."))
    return max(0, profile.fate(QUARANTINED) - conflicts)


def quarantine_required(inputs: CheckInputs) -> Iterator[Check]:
    """The worst rate among required sources, without a floor: they were called required."""
    config, words = inputs.config, ("Karantän i obligatoriska källor", "Quarantine in required sources")
    rates = {}
    for source in sorted(inputs.required & inputs.profile.fates.keys()):
        row = inputs.profile.fates[source]
        rates[source] = row.get(QUARANTINED, 0) / max(1, sum(row.values()))
    worst = max(rates.values(), default=0.0)
    common: dict[str, Any] = dict(limit=limits(config.quarantine_warn, config.quarantine_block), unit="share")
    verdict = grade(worst, config.quarantine_warn, config.quarantine_block)
    yield Check("quarantine.required", *words, verdict, value=worst, n=len(rates), **common)
    for source, rate in rates.items():
        if rate > config.quarantine_warn:
            verdict = grade(rate, config.quarantine_warn, config.quarantine_block)
            n = sum(inputs.profile.fates[source].values())
            yield Check("quarantine.required", *words, verdict, value=rate, source=source, n=n, **common)


def split_filled(name: str) -> Callable[[CheckInputs], Iterator[Check]]:
    """The check that a split holds a document."""

    def check(inputs: CheckInputs) -> Iterator[Check]:
        count, total = inputs.profile.split(name).documents, inputs.profile.kept.documents
        excused = name != "train" and total < inputs.config.split_floor
        verdict = Verdict.PASS if count else Verdict.WARN if excused else Verdict.FAIL
        yield Check(
            f"split.{name}",
            f"Dokument i delen {SPLIT_SV[name]}",
            f"Documents in {name}",
            verdict,
            value=count,
            limit="block < 1",
            last=inputs.previous.split(name).documents if inputs.previous else None,
            n=total,
            worse="lower",
            unit="count",
        )

    return check


CHECKS: Mapping[str, Callable[[CheckInputs], Iterator[Check]]] = {
    "accounting.rest": rest,
    "accounting.published": published,
    "accounting.measures": measured,
    "accounting.reasons": reasons,
    "checksums": checksums,
    "rows.kept": kept,
    "rows.change": change,
    "sources.vanished": vanished,
    "sources.new": new,
    "sources.required": required,
    "sources.mix": mix,
    "quarantine.rate": quarantine,
    "quarantine.required": quarantine_required,
    **{f"split.{name}": split_filled(name) for name in SPLITS},
}
