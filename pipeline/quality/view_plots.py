"""What all parts of the report's view share, and its plots with the tables that say the same in numbers."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from markupsafe import Markup

from pipeline.quality.drift import shares
from pipeline.quality.numbers import NONE, Language, change, number, share
from pipeline.quality.plots import Bar, Curve, Names, Segment, bars, curves
from pipeline.quality.profile import LENGTH_EDGES
from pipeline.quality.report import Report
from pipeline.quality.words import Text
from pipeline.schema import DROPPED, FLAGGED, KEPT, QUARANTINED

TOP = 5
ROWS, COLUMNS = 40, 12
"""Rows and columns of a table at most; the report says where it shows the largest only."""


class PlotView:
    """The plots of one report in one language."""

    def __init__(self, report: Report, language: Language) -> None:
        self.report = report
        self.language: Language = language
        self.t = Text(language)
        self.now = report.profile
        self.last = report.previous.profile if report.previous else None

    def number(self, value: float, digits: int = 0) -> str:
        return number(value, self.language, digits)

    def share(self, value: float) -> str:
        return share(value, self.language)

    def change(self, now: float, last: float | None) -> str:
        """Relative change since the last release; empty before there is one."""
        return "" if last is None else change(now, last, self.language)

    def was(self, count: Any) -> Any:
        """`count` of the last release's profile; None before there is one."""
        return None if self.last is None else count(self.last)

    # Plots and their tables

    @property
    def funnel(self) -> Markup:
        total = max(1, self.now.items)
        rows = []
        for step in self.report.funnel:
            lost = {DROPPED: step.dropped, FLAGGED: step.flagged, QUARANTINED: step.quarantined}
            segments = [
                Segment(step.passed / total, "kept"),
                *(Segment(n / total, fate) for fate, n in lost.items() if n),
            ]
            rows.append(Bar(self.t.stage(step.stage), self.number(-step.left), tuple(segments)))
        end = self.now.fate(KEPT)
        rows.append(Bar(self.t("kept").capitalize(), self.number(end), (Segment(end / total, "kept"),)))
        words = f"{self.number(self.now.items)} {self.t('in')}, {self.number(end)} {self.t('kept')}"
        return bars(self._names("funnel", words), rows)

    def steps(self, source: str | None = None) -> list[list[str]]:
        """The funnel as a table, of all items or of a source."""
        steps = self.report.funnel if source is None else self.report.funnel_by_source[source]
        return [
            [self.t.stage(step.stage)]
            + [
                self.number(n)
                for n in (step.arrived, step.dropped, step.flagged, step.quarantined, step.passed)
            ]
            for step in steps
        ]

    @property
    def source_names(self) -> list[str]:
        """Sources with most items first, at most ROWS."""
        fates = self.now.fates
        return sorted(fates, key=lambda name: (-sum(fates[name].values()), name))[:ROWS]

    @property
    def sources(self) -> Markup:
        now = {name: volume.words for name, volume in self.now.sources.items()}
        last = self.was(lambda last: {name: volume.words for name, volume in last.sources.items()})
        return self._shares("sources", now, last, lambda name: name)

    @property
    def languages(self) -> Markup:
        return self._shares(
            "languages", self.now.languages, self.was(lambda last: last.languages), self.t.tongue
        )

    def share_rows(self, now: Mapping[str, int], last: Mapping[str, int] | None) -> list[list[str]]:
        """Name, count, share, last share."""
        a, b = shares(now), shares(last or {})
        return [
            [
                name,
                self.number(now.get(name, 0)),
                self.share(a.get(name, 0.0)),
                self.share(b.get(name, 0.0)) if last else NONE,
            ]
            for name in _largest(now, last)
        ]

    @property
    def language_rows(self) -> list[list[str]]:
        rows = self.share_rows(self.now.languages, self.was(lambda last: last.languages))
        return [[self.t.tongue(code), *cells] for code, *cells in rows]

    @property
    def letter_rows(self) -> list[list[str]]:
        """å, ä and ö: share now, in the last release, change."""
        rows = []
        for sign in ("å", "ä", "ö"):
            now = self.now.swedish.get(sign, 0) / max(1, self.now.letters)
            last = self.was(lambda last, sign=sign: last.swedish.get(sign, 0) / max(1, last.letters))
            rows.append(
                [
                    sign,
                    self.share(now),
                    NONE if last is None else self.share(last),
                    self.change(now, last) or NONE,
                ]
            )
        return rows

    def _shares(
        self, name: str, now: Mapping[str, int], last: Mapping[str, int] | None, label: Any
    ) -> Markup:
        a, b = shares(now), shares(last or {})
        rows = [
            Bar(
                label(key),
                self.share(a.get(key, 0.0)),
                (Segment(a.get(key, 0.0), "now"),),
                b.get(key, 0.0) if last else None,
            )
            for key in _largest(now, last)
        ]
        return bars(self._names(name, ", ".join(f"{row.label} {row.number}" for row in rows[:TOP])), rows)

    @property
    def lengths(self) -> Markup:
        first, end = self._length_range()
        lines = [
            Curve(_cumulative(profile.lengths)[first:end], kind)
            for profile, kind in ((self.last, "before"), (self.now, "now"))
            if profile is not None and profile.kept.documents
        ]
        span = max(1, end - first)
        inside = [i for i in range(first, end + 1) if LENGTH_EDGES[i].bit_count() == 1]
        # At most seven labels: a phone has room for no more.
        shown = inside[:: max(1, -(-len(inside) // 7))]
        ticks = [((i - first) / span, self.number(LENGTH_EDGES[i])) for i in shown]
        return curves(self._names("lengths", self.t("lengths_lead")), lines, ticks, self.t("words_axis"))

    def _length_range(self) -> tuple[int, int]:
        """Bins that hold a document in either release, with one to spare on each side."""
        both = [profile.lengths for profile in (self.now, self.last) if profile is not None]
        used = [i for i in range(len(LENGTH_EDGES)) if any(lengths[i] for lengths in both)]
        return (max(0, used[0] - 1), min(len(LENGTH_EDGES) - 1, used[-1] + 2)) if used else (0, 1)

    @property
    def length_rows(self) -> list[list[str]]:
        rows = []
        for i, edge in enumerate(LENGTH_EDGES):
            counts = [self.now.lengths[i], self.last.lengths[i] if self.last else 0]
            if any(counts):
                top = LENGTH_EDGES[i + 1] - 1 if i + 1 < len(LENGTH_EDGES) else None
                label = (
                    self.number(edge)
                    if top == edge
                    else f"{self.number(edge)}\N{EN DASH}{self.number(top) if top else ''}"
                )
                rows.append([label, self.number(counts[0]), self.number(counts[1]) if self.last else NONE])
        return rows

    @property
    def clusters(self) -> Markup | None:
        sizes = self.report.clusters
        if not sizes:
            return None
        grouped = _by_octave(sizes)
        most = max(grouped.values())
        rows = [
            Bar(f"{label} {self.t('cluster_size')}", self.number(count), (Segment(count / most, "now"),))
            for label, count in grouped.items()
        ]
        return bars(self._names("duplicates", ", ".join(f"{row.label}: {row.number}" for row in rows)), rows)

    @property
    def cluster_rows(self) -> list[list[str]]:
        return [[label, self.number(count)] for label, count in _by_octave(self.report.clusters).items()]

    def _names(self, plot: str, description: str) -> Names:
        return Names(f"{self.language}-plot-{plot}", self.t(plot), description)


def _largest(now: Mapping[str, int], last: Mapping[str, int] | None) -> list[str]:
    names = now.keys() | (last or {}).keys()
    return sorted(names, key=lambda name: (-now.get(name, 0), name))[:COLUMNS]


def _cumulative(counts: Sequence[int]) -> tuple[float, ...]:
    total = max(1, sum(counts))
    return tuple(count / total for count in accumulate(counts))


def _by_octave(sizes: Mapping[str, int]) -> dict[str, int]:
    """2, 3, 4, then 5 to 8, 9 to 16 and so on.

    >>> _by_octave({"2": 5, "6": 1, "7": 2})
    {'2': 5, '5\u20138': 3}
    """
    grouped: dict[str, int] = {}
    for size in sorted(map(int, sizes)):
        top = 1 << (size - 1).bit_length()
        label = str(size) if size < 5 else f"{top // 2 + 1}\N{EN DASH}{top}"
        grouped[label] = grouped.get(label, 0) + sizes[str(size)]
    return grouped
