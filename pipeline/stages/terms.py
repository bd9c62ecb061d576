"""Terms of the project's glossary: how often each stands in a text, and where a variant stands that should not.

Offsets count code points of the repaired text, end exclusive. Words that hold the stem of a term are found by a native scan; what
they hold is decided once for every distinct word (pipeline.stages.term_match) and joined again by arithmetic.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import ConfigError
from pipeline.kernels.measure_spec import MeasureSpec
from pipeline.kernels.term_scan import CHARS, END, FLAGS, ROW, START, Automaton, automaton, suspects
from pipeline.schema import TERMS_COLUMNS, text_buffers
from pipeline.stage import Finding, Judge, put
from pipeline.stages.glossary import Glossary
from pipeline.stages.term_match import Match, Matcher

_INF = float("inf")
MEASURES: tuple[MeasureSpec, ...] = (
    MeasureSpec("term_count", "terms", 0.0, _INF, "Kvarn", "terms of the glossary, each time they stand in the text"),
    MeasureSpec("term_share", "share", 0.0, 1.0, "Kvarn", "words that are, hold or belong to a term of the glossary"),
    MeasureSpec("terms_found", "terms", 0.0, _INF, "Kvarn", "different terms of the glossary"),
    MeasureSpec("wrong_terms", "terms", 0.0, _INF, "Kvarn", "variants that the glossary says to avoid, each time"),
)  # fmt: skip
"""NaN without a glossary; term_share also for a text without words."""

REMEMBERED = 1 << 18
"""Distinct words whose finds are kept: some 60 MB at most. The vocabulary of 100 MB of statutes is half of it."""

_NOTHING: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class TermsConfig:
    """Section [terms]: the words of the domain, and those that are not to be used for them."""

    glossary: str | None = None
    """A TOML or CSV file beside kvarn.toml: term, variants to avoid, definition, inflections (docs/terms.md). Without one nothing is
    looked for."""

    wrong: Literal["flag", "off"] = "flag"
    """What is done with a document in which a variant to avoid stands: "flag" lets a person look (`terms.wrong`), "off" counts it
    only. Nothing is ever dropped for it."""

    min_documents: int = 3
    """A term in fewer kept documents is listed under "collect more text about these": with three it can stand in each of the splits."""

    def __post_init__(self) -> None:
        if self.min_documents < 1:
            raise ConfigError(
                f"terms.min_documents = {self.min_documents} is not allowed; allowed: 1 or more"
            )
        if self.glossary == "":
            raise ConfigError("terms.glossary is empty; name a file, or leave the key out")


class Hits(NamedTuple):
    """Finds of a batch, by document and place; parallel int64 arrays. `place` numbers the suspect that a single word is, -1 for
    finds of several words.
    """

    row: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    target: NDArray[np.int64]
    place: NDArray[np.int64]


class Terms:
    """Adds `terms` (list of term, count), `term_spans` (list of start, end, variant, term) and the measures."""

    name = "terms"
    measures = MEASURES

    def __init__(self, glossary: Glossary | None = None) -> None:
        self.glossary = glossary or Glossary()
        measures = [pa.field(spec.name, pa.float32(), nullable=False) for spec in MEASURES]
        self.adds = pa.schema([*TERMS_COLUMNS, *measures])
        self._known: dict[int, tuple[Match, ...]] = {}

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher(self.glossary)

    @cached_property
    def _machine(self) -> Automaton:
        return automaton(self._matcher.stems())

    def __call__(self, items: pa.Table) -> pa.Table:
        rows = items.num_rows
        if not self.glossary:
            return self._put(items, [pa.array([[]] * rows, field.type) for field in TERMS_COLUMNS],
                             np.full((len(MEASURES), rows), np.nan, np.float32))  # fmt: skip
        text = items.column("text")
        hits, words = self._find(text)
        is_wrong = self._wrong[hits.target]
        counts, spans = self._counts(hits, ~is_wrong, rows), self._spans(hits, is_wrong, rows)
        return self._put(items, [counts, spans], self._measures(hits, is_wrong, words, counts))

    def _put(self, items: pa.Table, lists: list[pa.Array], measures: NDArray[np.float32]) -> pa.Table:
        for field, column in zip(self.adds, [*lists, *map(pa.array, measures)], strict=True):
            items = put(items, field, column)
        return items

    # Finding

    def _find(self, text: pa.ChunkedArray) -> tuple[Hits, NDArray[np.int64]]:
        """Finds, and the number of words of every document."""
        offsets, data = text_buffers(text)
        found, keys, words_of = suspects(offsets, data, self._machine)
        if not len(found):
            return Hits(*np.zeros((len(Hits._fields), 0), np.int64)), words_of
        _, first, which = np.unique(keys, return_index=True, return_inverse=True)
        if len(self._known) + len(first) > REMEMBERED:
            self._known.clear()
        asked = keys[first].tolist()
        for key, at in zip(asked, first.tolist(), strict=True):
            if key not in self._known:
                self._known[key] = self._in_word(data, found[at])
        words = [self._known[key] for key in asked]
        flat = np.array([match for word in words for match in word], np.int64).reshape(-1, 3)
        sizes = np.array([len(word) for word in words], np.int64)
        before = np.cumsum(sizes) - sizes
        place = np.repeat(np.arange(len(found)), sizes[which])
        nth = np.arange(len(place)) - np.repeat(np.cumsum(sizes[which]) - sizes[which], sizes[which])
        mine = flat[before[which[place]] + nth]
        row, chars = found[place, ROW], found[place, CHARS]
        hits = Hits(row, chars + mine[:, 0], chars + mine[:, 1], mine[:, 2], place)
        return self._with_several(hits, text), words_of

    def _in_word(self, data: NDArray[np.uint8], suspect: NDArray[np.int64]) -> tuple[Match, ...]:
        word = data[suspect[START] : suspect[END]].tobytes().decode("utf-8", "replace")
        return tuple(self._matcher.in_word(word, int(suspect[FLAGS]))) or _NOTHING

    def _with_several(self, hits: Hits, text: pa.ChunkedArray) -> Hits:
        """The finds with those of several words checked in the text; what lies within one of them goes."""
        maybe = self._several[hits.target]
        if not maybe.any():
            return hits
        gone = maybe.copy()
        sure: list[tuple[int, int, int, int, int]] = []
        for row in np.unique(hits.row[maybe]).tolist():
            first, last = np.searchsorted(hits.row, [row, row + 1])
            asked = first + np.flatnonzero(maybe[first:last])
            for match in self._several_in(str(text[row].as_py()), hits, asked):
                inside = first + np.searchsorted(hits.start[first:last], [match.start, match.end])
                gone[inside[0] : inside[1]] = True
                sure.append((row, *match, -1))
        rest = [column[~gone] for column in hits]
        more = np.array(sure, np.int64).reshape(-1, len(Hits._fields)).T
        joined = [np.concatenate(pair) for pair in zip(rest, more, strict=True)]
        order = np.lexsort((joined[1], joined[0]))
        return Hits(*(column[order] for column in joined))

    def _several_in(self, text: str, hits: Hits, which: NDArray[np.int64]) -> list[Match]:
        """Those of `which` that stand in the text, without overlaps: the longer wins."""
        places = zip(*(column[which].tolist() for column in (hits.start, hits.end, hits.target)), strict=True)
        found = [match for place in places if (match := self._matcher.around(text, *place))]
        kept: list[Match] = []
        for match in sorted(found, key=lambda m: (m.start, m.start - m.end, self._wrong[m.target])):
            if not kept or match.start >= kept[-1].end:
                kept.append(match)
            elif match.end - match.start > kept[-1].end - kept[-1].start:
                kept[-1] = match
        return kept

    # What the targets are

    @cached_property
    def _wrong(self) -> NDArray[np.bool_]:
        return np.array([target.variant is not None for target in self._matcher.targets], np.bool_)

    @cached_property
    def _several(self) -> NDArray[np.bool_]:
        return np.array([target.words > 1 for target in self._matcher.targets], np.bool_)

    @cached_property
    def _entry(self) -> NDArray[np.int64]:
        return np.array([target.entry for target in self._matcher.targets], np.int64)

    @cached_property
    def _words(self) -> NDArray[np.int64]:
        return np.array([target.words for target in self._matcher.targets], np.int64)

    # Columns

    def _counts(self, hits: Hits, right: NDArray[np.bool_], rows: int) -> pa.Array:
        entries = len(self.glossary.entries)
        both, counts = np.unique(
            hits.row[right] * entries + self._entry[hits.target[right]], return_counts=True
        )
        names = pa.array([entry.term for entry in self.glossary.entries], pa.string())
        values = [names.take(pa.array(both % entries)), pa.array(counts, pa.int32())]
        return _lists(both // entries, rows, values, TERMS_COLUMNS.field("terms").type)

    def _spans(self, hits: Hits, wrong: NDArray[np.bool_], rows: int) -> pa.Array:
        targets = self._matcher.targets
        variants = pa.array([target.variant or "" for target in targets], pa.string())
        terms = pa.array([self.glossary.entries[target.entry].term for target in targets], pa.string())
        which = pa.array(hits.target[wrong])
        values = [pa.array(hits.start[wrong], pa.int32()), pa.array(hits.end[wrong], pa.int32()),
                  variants.take(which), terms.take(which)]  # fmt: skip
        return _lists(hits.row[wrong], rows, values, TERMS_COLUMNS.field("term_spans").type)

    def _measures(
        self, hits: Hits, wrong: NDArray[np.bool_], words: NDArray[np.int64], counts: pa.Array
    ) -> NDArray[np.float32]:
        rows = len(words)
        right = ~wrong
        several = right & (hits.place < 0)
        single = right & (hits.place >= 0)
        # Two terms in one word stand one behind the other, perhaps with a variant between them.
        _, first = np.unique(hits.place[single], return_index=True)
        held = np.bincount(hits.row[single][first], minlength=rows).astype(np.float64)
        held += np.bincount(hits.row[several], self._words[hits.target[several]], minlength=rows)
        share = np.divide(held, words, out=np.full(rows, np.nan), where=words > 0)
        return np.array(
            [
                np.bincount(hits.row[right], minlength=rows),
                np.minimum(share, 1.0),
                np.diff(counts.offsets.to_numpy()),
                np.bincount(hits.row[wrong], minlength=rows),
            ],
            np.float32,
        )


def _lists(owners: NDArray[np.int64], rows: int, values: list[pa.Array], kind: pa.DataType) -> pa.ListArray:
    """One list of structs a row; `owners` are sorted."""
    ends = np.cumsum(np.bincount(owners, minlength=rows))
    structs = pa.StructArray.from_arrays(values, fields=list(kind.value_type))
    return pa.ListArray.from_arrays(pa.array(np.concatenate(([0], ends)), pa.int32()), structs, type=kind)


def terms_findings(config: TermsConfig) -> Judge:
    """`terms.wrong` for documents in which a variant stands that the glossary says to avoid."""

    def judge(items: pa.Table) -> Iterator[Finding]:
        if config.wrong == "flag":
            yield Finding("terms.wrong", "flag", items.column("wrong_terms").to_numpy() > 0)

    return judge
