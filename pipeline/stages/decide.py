"""Fold the findings of all judges and the decisions of people into one fate per item, with its reasons.

What wins, highest first: a fault of reading (quarantined), a decision of a person, a finding that drops, one that flags,
else the item is kept. `reasons` are the codes that made the fate, in the order of the judges; a kept item has none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import ContractError
from pipeline.schema import DROPPED, FLAGGED, KEPT, QUARANTINED, VERDICT_COLUMNS
from pipeline.stage import Action, Finding, Judge, put
from pipeline.stages.decisions import Decision

EFFECTS: Mapping[str, Action | None] = {
    "keep": None,
    "fix": None,
    "drop": "drop",
    "language": "drop",
    "duplicate": "drop",
    "terms": "flag",
    "pii": "flag",
}
"""What a decision does; None publishes. One that is not named (unsure) leaves the item to the rules."""

NOTHING_THERE = ("read.empty",)
"""Faults of items that were read and hold no text (an empty file, a page of front matter): nothing is broken and nobody can
mend them, so they are dropped and do not count as quarantine."""

HELD = ("pii", "licence")
"""Stages whose findings no keep and no fix of a person overrides: publishing personal data needs its own decision."""

_QUARANTINE, _DROP, _FLAG, _KEEP = 0, 1, 2, 3
_FATES = (QUARANTINED, DROPPED, FLAGGED, KEPT)

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Decide:
    """Measure: adds fate, reasons and decision."""

    judges: Sequence[Judge]
    decisions: Mapping[str, Decision] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "decide"

    @property
    def adds(self) -> pa.Schema:
        return VERDICT_COLUMNS

    def __call__(self, items: pa.Table) -> pa.Table:
        rows = items.num_rows
        found = list(_by_value(items.column("fault"), "drop"))
        faults = [f for f in found if f.code not in NOTHING_THERE]
        empty = [f for f in found if f.code in NOTHING_THERE]
        choices = _choices(items, self.decisions)
        people = [Finding(f"decision.{name}", EFFECTS[name] or "flag", hit) for name, hit in choices]
        published = _any((hit for name, hit in choices if EFFECTS[name] is None), rows)
        judged = _checked([*(f for judge in self.judges for f in judge(items)), *_notes(items)], rows)
        ruled = _without_overridden(judged, published | _any((f.rows for f in empty), rows))
        acting = [f for f in people if EFFECTS[f.code.removeprefix("decision.")] is not None]
        level = np.full(rows, _KEEP)
        for action, number in (("flag", _FLAG), ("drop", _DROP)):
            level[_any((f.rows for f in ruled if f.action == action), rows)] = number
        for finding in acting:
            # A person who holds an item back does not thereby lift it above what drops it.
            level[finding.rows] = np.minimum(
                level[finding.rows], _DROP if finding.action == "drop" else _FLAG
            )
        level[_any((f.rows for f in empty), rows)] = _DROP
        level[_any((f.rows for f in faults), rows)] = _QUARANTINE
        reasons = _reasons(
            [
                (_QUARANTINE, faults),
                (_DROP, empty),
                (_DROP, acting),
                (_FLAG, acting),
                (_DROP, ruled),
                (_FLAG, ruled),
            ],
            level,
        )
        fates = pa.array(np.array(_FATES, object)[level], pa.string())
        decision = _applied(choices, level)
        for name, column in zip(VERDICT_COLUMNS.names, (fates, reasons, decision), strict=True):
            items = put(items, VERDICT_COLUMNS.field(name), column)
        return items


def _any(masks: Iterator[Mask], rows: int) -> Mask:
    hit = np.zeros(rows, bool)
    for mask in masks:
        hit |= mask
    return hit


def _by_value(column: pa.ChunkedArray | pa.Array, action: Action) -> Iterator[Finding]:
    """One finding per distinct value, sorted; nulls find nothing."""
    if column.null_count == len(column):
        return
    for code in sorted(str(value) for value in pc.unique(column).to_pylist() if value is not None):
        yield Finding(code, action, _equal(column, code))


def _equal(column: pa.ChunkedArray | pa.Array, value: str) -> Mask:
    """Rows that hold `value`; a null does not."""
    same = pc.fill_null(pc.equal(column, pa.scalar(value)), fill_value=False)
    return np.asarray(
        same.to_numpy(zero_copy_only=False) if isinstance(same, pa.Array) else same.to_numpy(), bool
    )


def _notes(items: pa.Table) -> Iterator[Finding]:
    """Notes of the reader as flags."""
    notes = items.column("notes").combine_chunks()
    codes, parents = pc.list_flatten(notes), pc.list_parent_indices(notes).to_numpy()
    for code in sorted(str(value) for value in pc.unique(codes).to_pylist()):
        rows = np.zeros(items.num_rows, bool)
        rows[parents[_equal(codes, code)]] = True
        yield Finding(code, "flag", rows)


def _choices(items: pa.Table, decisions: Mapping[str, Decision]) -> list[tuple[str, Mask]]:
    """Decision names that have an effect, in the order of EFFECTS, each with the rows it is about."""
    if not decisions:
        return []
    keys = sorted(decisions)
    names = pa.array([decisions[key].decision for key in keys], pa.string())
    chosen = pc.take(names, pc.index_in(items.column("content_id"), value_set=pa.array(keys, pa.string())))
    found = {f.code: f.rows for f in _by_value(chosen, "drop")}
    return [(name, found[name]) for name in EFFECTS if name in found]


def _checked(findings: list[Finding], rows: int) -> list[Finding]:
    for finding in findings:
        if finding.rows.shape != (rows,):
            raise ContractError(f"finding {finding.code}: mask of {finding.rows.shape} for {rows} items")
    return findings


def _without_overridden(findings: list[Finding], published: Mask) -> list[Finding]:
    """Findings as they stand after people said keep or fix for the rows `published`."""
    if not published.any():
        return findings
    return [
        f if f.code.split(".")[0] in HELD else Finding(f.code, f.action, f.rows & ~published)
        for f in findings
    ]


def _reasons(groups: list[tuple[int, list[Finding]]], level: NDArray[np.int64]) -> pa.ListArray:
    """list<string> per row: codes of the findings whose action is the row's fate, in the order given."""
    codes: list[str] = []
    hits: list[NDArray[np.int64]] = []
    for fate, findings in groups:
        action = "flag" if fate == _FLAG else "drop"
        for finding in findings:
            if finding.action == action:
                codes.append(finding.code)
                hits.append(np.flatnonzero(finding.rows & (level == fate)))
    rows = np.concatenate([np.zeros(0, np.int64), *hits])
    number = np.repeat(np.arange(len(codes)), [len(hit) for hit in hits])
    order = np.lexsort((number, rows))
    values = pa.array(np.array([*codes, ""], object)[number[order]], pa.string())
    ends = np.cumsum(np.bincount(rows, minlength=len(level)))
    return pa.ListArray.from_arrays(pa.array(np.concatenate(([0], ends)), pa.int32()), values)


def _applied(choices: list[tuple[str, Mask]], level: NDArray[np.int64]) -> pa.Array:
    """Name of the decision that made the fate; none did for what could not be read or is held back or dropped anyway."""
    applied = np.full(len(level), None, object)
    for name, rows in choices:
        effect = EFFECTS[name]
        wanted = _KEEP if effect is None else _DROP if effect == "drop" else _FLAG
        applied[rows & (level == wanted)] = name
    return pa.array(applied, pa.string())
