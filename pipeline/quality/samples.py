"""Documents to look at, chosen by hash: the same ones in any order of files, and nobody picked them."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.quality.ledger import coded, exploded
from pipeline.quality.texts import hex_keys
from pipeline.schema import QUARANTINED
from pipeline.stage import Rule

TEXT = 600
"""Characters of a document that the report shows."""
KEPT_SAMPLES, PER_RULE, NEAREST, QUARANTINE_PER_REASON = 10, 3, 10, 5
RULES = 60
"""Rules that get samples, most frequent first: with their texts they fill about 150 kB."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One document as the report shows it. The text is the published or withheld one: personal data is masked."""

    record_id: str
    source: str
    language: str
    reasons: tuple[str, ...]
    text: str
    cut: bool
    """More text than is shown."""


@dataclass(frozen=True, slots=True)
class Near:
    """A kept document that came close to a limit."""

    record_id: str
    source: str
    code: str
    measure: str
    value: float
    limit: float
    distance: float
    """In standard deviations of the measure."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why items could not be used, with some of them by name."""

    reason: str
    count: int
    records: tuple[str, ...]


class _Lowest:
    """Keeps the `count` rows with the lowest keys."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._heap: list[tuple[int, str, str, int, Sample]] = []
        self._offered = 0

    def offer(self, table: pa.Table) -> None:
        keys = hex_keys(table.column("content_id"))
        # The lowest few by content_id's first digits would also be the first shards'; mixing the bits spreads them.
        mixed = keys * np.uint64(0x9E3779B97F4A7C15)
        # Two rows of one content have one key: the record id decides, so more than `count` must be looked at. Copies may even
        # have one id, in two sources or in one.
        chosen = np.argsort(mixed, kind="stable")[: self._count + 8]
        rows = table.take(pa.array(chosen))
        for key, row in zip(mixed[chosen].tolist(), rows.to_pylist(), strict=True):
            # Negated: heapq drops the smallest, and the largest key is the one to drop.
            self._offered += 1
            entry = (-key, row["record_id"], row["source"], self._offered, _sample(row))
            if len(self._heap) < self._count:
                heapq.heappush(self._heap, entry)
            else:
                heapq.heappushpop(self._heap, entry)

    def samples(self) -> tuple[Sample, ...]:
        ordered = sorted(self._heap, key=lambda entry: (-entry[0], *entry[1:4]))
        return tuple(entry[-1] for entry in ordered)


def _sample(row: Mapping[str, object]) -> Sample:
    text = str(row["text"])
    reasons = row.get("reasons") or ()
    assert isinstance(reasons, Sequence)
    return Sample(
        record_id=str(row["record_id"]),
        source=str(row["source"]),
        language=str(row["language"]),
        reasons=tuple(str(code) for code in reasons),
        text=text[:TEXT],
        cut=len(text) > TEXT,
    )


COLUMNS = ["record_id", "content_id", "source", "language", "text"]


def sample_kept(tables: Iterable[pa.Table]) -> tuple[Sample, ...]:
    """Ten published documents."""
    lowest = _Lowest(KEPT_SAMPLES)
    for table in tables:
        lowest.offer(table.select(COLUMNS))
    return lowest.samples()


def sample_withheld(tables: Iterable[pa.Table], codes: Sequence[str]) -> dict[str, tuple[Sample, ...]]:
    """Three withheld documents for each of the given reason codes (those that have any)."""
    lowest = {code: _Lowest(PER_RULE) for code in codes[:RULES]}
    for table in tables:
        rows, names = exploded(table.column("reasons"))
        code, found = coded(names)
        for i, name in enumerate(found):
            if name in lowest:
                chosen = pa.array(rows[code == i])
                lowest[name].offer(table.select([*COLUMNS, "reasons"]).take(chosen))
    return {code: kept.samples() for code, kept in lowest.items() if kept.samples()}


def nearest(
    ledger: pa.Table,
    measures: pa.Table,
    rules: Sequence[Rule],
    own: Mapping[str, Sequence[Rule]] | None = None,
) -> tuple[Near, ...]:
    """The kept documents closest to a limit, at most one entry a document; distances in standard deviations.

    `own` holds the rules of sources that are judged by others than `rules`.
    """
    own = own or {}
    kept = np.flatnonzero(pc.equal(ledger.column("fate"), "kept").to_numpy())
    sources = np.array(ledger.column("source").to_pylist(), object)[kept]
    groups = [(rules, kept[~np.isin(sources, list(own))])]
    groups += [(own[source], kept[sources == source]) for source in sorted(own)]
    found: dict[int, Near] = {}
    for theirs, rows in groups:
        languages = ledger.select(["language"]).take(pa.array(rows, pa.int64()))
        for rule in theirs:
            if rule.measure in measures.schema.names and len(rows):
                values = measures.column(rule.measure).to_numpy().astype(float)
                _look(found, rule, languages, rows, values[rows], _deviation(values[kept]))
    chosen = sorted(found, key=lambda row: (found[row].distance, row))[:NEAREST]
    names = ledger.select(["record_id", "source"]).take(pa.array(chosen, pa.int64())).to_pylist()
    return tuple(
        Near(name["record_id"], name["source"], *_rest(found[row]))
        for row, name in zip(chosen, names, strict=True)
    )


def _deviation(values: NDArray[np.float64]) -> float:
    return float(np.nanstd(values)) if not np.isnan(values).all() else 0.0


def _look(
    found: dict[int, Near],
    rule: Rule,
    languages: pa.Table,
    rows: NDArray[np.int64],
    values: NDArray[np.float64],
    deviation: float,
) -> None:
    """Note those of `rows` that are closest to a limit of the rule; languages and values are theirs."""
    if deviation == 0.0:
        return
    for ends in rule.bounds(languages)[:2]:
        limits = np.broadcast_to(ends, values.shape)
        distance = np.abs(values - limits) / deviation
        for at in _smallest(distance, NEAREST):
            _keep_nearer(
                found, int(rows[at]), rule, float(limits[at]), float(values[at]), float(distance[at])
            )


def _smallest(values: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Rows of the `count` smallest values, smallest first; of equal ones the first rows. NaN is the largest."""
    if len(values) > count:
        bound = np.partition(values, count - 1)[count - 1]
        rows = np.flatnonzero(values <= bound)
    else:
        rows = np.arange(len(values))
    return rows[np.argsort(values[rows], kind="stable")[:count]]


def _keep_nearer(
    found: dict[int, Near], row: int, rule: Rule, limit: float, value: float, distance: float
) -> None:
    if np.isfinite(distance) and (row not in found or distance < found[row].distance):
        found[row] = Near("", "", rule.code, rule.measure, value, limit, distance)


def _rest(near: Near) -> tuple[str, str, float, float, float]:
    return near.code, near.measure, near.value, near.limit, near.distance


def quarantine_list(ledger: pa.Table) -> tuple[Quarantine, ...]:
    """Reasons of quarantined items, most frequent first."""
    rows = ledger.filter(pc.equal(ledger.column("fate"), QUARANTINED))
    at, codes = exploded(rows.column("reasons"))
    code, names = coded(codes)
    found = []
    for i, name in enumerate(names):
        records = rows.column("record_id").take(pa.array(at[code == i])).to_pylist()
        found.append(Quarantine(name, len(records), tuple(sorted(records)[:QUARANTINE_PER_REASON])))
    return tuple(sorted(found, key=lambda entry: (-entry.count, entry.reason)))
