"""What other limits would keep and drop: stored measures judged twice, and the documents whose fate differs.

Nothing is read, measured, edited or compared anew. Decisions of people stay applied. A copy stays a copy and a split stays as it is;
what the next refresh would therefore settle otherwise is counted (`Open`), not guessed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.schema import DROPPED, FATES, FLAGGED, KEPT, QUARANTINED
from pipeline.stage import bools
from pipeline.stages.decide import Decide
from pipeline.stages.decisions import Decision
from pipeline.stages.split import CONFLICT
from pipeline.work.judge import JudgeSettings
from pipeline.work.movers import MOVERS, STANDING, Codes, Judged, fate_codes, limits_of, movers, ranked
from pipeline.work.stored import JUDGED_MEASURES, check_measures

_K, _D, _F, _Q = (FATES.index(fate) for fate in (KEPT, DROPPED, FLAGGED, QUARANTINED))

Mask = NDArray[np.bool_]

SettingsOf = Callable[[str], JudgeSettings]
"""The settings that judge the items of a source; the source is "" for a file that knows none."""


@dataclass(slots=True)
class Open:
    """What another fate may change through duplicates, which are not compared here."""

    freed: int = 0
    """Copies dropped for a survivor that would leave: the next refresh may keep one of each such cluster."""
    never_compared: int = 0
    """Documents that would come in and never entered deduplication: some may be copies."""
    other_survivor: int = 0
    """Copies whose own standing rises while their survivor stays: another of the cluster may become the one that stays."""


@dataclass(slots=True)
class Answer:
    """Counts over all items, and the movers."""

    items: int = 0
    documents: NDArray[np.int64] = field(default_factory=lambda: np.zeros((4, 4), np.int64))
    """[fate before, fate after], in the order of FATES."""
    words: NDArray[np.float64] = field(default_factory=lambda: np.zeros((4, 4), np.float64))
    """The same in words of the repaired text."""
    reasons_before: Counter[str] = field(default_factory=Counter)
    reasons_after: Counter[str] = field(default_factory=Counter)
    other_reasons: int = 0
    """Items whose reasons change and whose fate does not."""
    judged_otherwise: int = 0
    """Items to which today's code gives another fate than was stored, with the settings before."""
    open: Open = field(default_factory=Open)
    movers: pa.Table = field(default_factory=MOVERS.empty_table)
    """Columns MOVERS; most affected first."""

    @property
    def moved(self) -> int:
        return int(self.documents.sum() - np.trace(self.documents))

    def count(self, fate: str, *, after: bool) -> int:
        """Documents of a fate."""
        at = FATES.index(fate)
        return int((self.documents[:, at] if after else self.documents[at]).sum())

    def words_kept(self, *, after: bool) -> float:
        return float((self.words[:, _K] if after else self.words[_K]).sum())

    def words_kept_in_both(self) -> float:
        return float(self.words[_K, _K])


def what_if(
    pieces: Iterable[pa.Table],
    before: SettingsOf | None,
    after: SettingsOf,
    decisions: Mapping[str, Decision],
) -> Answer:
    """Judge the items (as `pipeline.work.stored` gives them) with both settings; None before: the fates that are stored."""
    answer, links = Answer(), _Links()
    found: list[pa.Table] = []
    for source, items in _by_source(pieces):
        settings = (None if before is None else before(source), after(source))
        stored = _Stored.of(items)
        was = judged(items) if settings[0] is None else _judge(settings[0], items, decisions)
        now = _judge(settings[1], items, decisions)
        settled = (was.fate if settings[0] is None else stored.settled(was), stored.settled(now))
        _count(answer, items, (was, now), settled)
        answer.judged_otherwise += int((settled[0] != stored.fate).sum())
        links.add(items, stored, (was.fate, now.fate), settled)
        if (settled[0] != settled[1]).any():
            limits = (limits_of(settings[0]), limits_of(settings[1]))
            found.append(movers(items, was, now, settled, limits))
    answer.open = links.open()
    answer.movers = ranked(found)
    return answer


def _by_source(pieces: Iterable[pa.Table]) -> Iterator[tuple[str, pa.Table]]:
    """The pieces, cut where another source begins: sources may have limits of their own."""
    for items in pieces:
        if "source" not in items.schema.names:
            yield "", items
            continue
        if not items.num_rows:
            continue
        source = items["source"].combine_chunks()
        starts = [0, *(np.flatnonzero(bools(pc.not_equal(source[1:], source[:-1]))) + 1), len(source)]
        for start, end in pairwise(starts):
            yield source[int(start)].as_py(), items.slice(start, end - start)


def _judge(settings: JudgeSettings, items: pa.Table, decisions: Mapping[str, Decision]) -> Judged:
    check_measures(items, JUDGED_MEASURES | {rule.measure for rule in limits_of(settings).values()})
    return judged(Decide(settings.judges(), decisions)(items))


def judged(items: pa.Table) -> Judged:
    """The fates and reasons in a table."""
    return Judged(fate_codes(items["fate"]), _one_chunk(items["reasons"]))


def _one_chunk(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the global steps made of the items: fates as stored, copies, and documents that two splits claim."""

    fate: Codes
    copy: Mask
    conflict: Mask

    @classmethod
    def of(cls, items: pa.Table) -> "_Stored":
        none = np.zeros(items.num_rows, bool)
        copy = none if "duplicate_of" not in items.schema.names else bools(pc.is_valid(items["duplicate_of"]))
        reasons = _one_chunk(items["reasons"])
        conflict = none.copy()
        hit = bools(pc.equal(pc.list_flatten(reasons), CONFLICT))
        conflict[pc.list_parent_indices(reasons).to_numpy()[hit]] = True
        return cls(fate_codes(items["fate"]), copy, conflict)

    def settled(self, judged: Judged) -> Codes:
        """The fate after the global steps, which are taken to decide as they did."""
        fate = np.where(_eligible(judged.fate) & self.copy, _D, judged.fate)
        return np.where((judged.fate == _K) & self.conflict & ~self.copy, _Q, fate).astype(np.int8)


def _eligible(fate: Codes) -> Mask:
    """What enters deduplication."""
    return np.isin(fate, (_K, _F))


def _count(
    answer: Answer, items: pa.Table, judged: tuple[Judged, Judged], settled: tuple[Codes, Codes]
) -> None:
    answer.items += items.num_rows
    words = np.nan_to_num(items["words"].to_numpy().astype(np.float64))
    cell = settled[0].astype(np.int64) * len(FATES) + settled[1]
    shape = answer.documents.shape
    answer.documents += np.bincount(cell, minlength=16).reshape(shape)
    answer.words += np.bincount(cell, words, minlength=16).reshape(shape)
    for verdict, counter in zip(judged, (answer.reasons_before, answer.reasons_after), strict=True):
        for entry in pc.list_flatten(verdict.reasons).value_counts().to_pylist():
            counter[entry["values"]] += entry["counts"]
    same = bools(pc.equal(*(pc.binary_join(verdict.reasons, "\n") for verdict in judged)))
    answer.other_reasons += int((~same & (settled[0] == settled[1])).sum())


@dataclass(slots=True)
class _Links:
    """Copies and survivors over all pieces: a survivor may stand in another one than its copies."""

    copies: list[pa.Table] = field(default_factory=list)
    leaving: list[pa.Table] = field(default_factory=list)
    never_compared: int = 0

    def add(
        self, items: pa.Table, stored: _Stored, judged: tuple[Codes, Codes], settled: tuple[Codes, Codes]
    ) -> None:
        if "duplicate_of" not in items.schema.names:
            return
        was, now = judged
        self.never_compared += int((~_eligible(was) & _eligible(now) & ~stored.copy).sum())
        _note(self.copies, items, "duplicate_of", stored.copy & _eligible(now), judged)
        falls = STANDING[settled[1]] < STANDING[settled[0]]
        _note(self.leaving, items, "record_id", falls & ~stored.copy, settled)

    def open(self) -> Open:
        made = Open(never_compared=self.never_compared)
        if not self.copies:
            return made
        copies = pa.concat_tables(self.copies)
        was, now = copies["was"].to_numpy(), copies["now"].to_numpy()
        freed = np.zeros(len(was), bool)
        if self.leaving:
            leaving = pa.concat_tables(self.leaving).combine_chunks()
            at = pc.index_in(_one_chunk(copies["key"]), value_set=_one_chunk(leaving["key"]))
            place = at.fill_null(-1).to_numpy()
            fate = np.append(leaving["now"].to_numpy(), _K)[place]
            # A survivor that is only flagged keeps its place before copies that are flagged too.
            freed = (place >= 0) & (STANDING[now] > STANDING[fate])
        made.freed = int(freed.sum())
        made.other_survivor = int((~freed & (STANDING[now] > STANDING[was])).sum())
        return made


def _note(into: list[pa.Table], items: pa.Table, name: str, rows: Mask, fates: tuple[Codes, Codes]) -> None:
    """Which cluster and record the rows name, and their fates."""
    if rows.any():
        chosen = items.select(["cluster", name]).filter(pa.array(rows))
        # A record's own id may stand in two sources; with the cluster it is one survivor.
        key = pc.binary_join_element_wise(chosen["cluster"], chosen[name], "\n", null_handling="replace")
        into.append(pa.table({"key": key, "was": fates[0][rows], "now": fates[1][rows]}))
