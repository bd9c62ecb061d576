"""The report arranged for one language: what the template shows, as plain lists. No number is computed twice."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from markupsafe import Markup

from pipeline.quality.drift import shares
from pipeline.quality.numbers import NONE, Language, change, limit_text, number, share, value_text
from pipeline.quality.plots import Bar, Curve, Names, Segment, bars, curves
from pipeline.quality.profile import LENGTH_EDGES, Volume
from pipeline.quality.report import Report, by_frequency
from pipeline.quality.verdicts import Check, Verdict
from pipeline.quality.words import Text
from pipeline.schema import DROPPED, FATES, FLAGGED, KEPT, QUARANTINED, SPLITS

TOP = 5
ROWS, COLUMNS = 40, 12
"""Rows and columns of a table at most; the report says where it shows the largest only."""

Row = dict[str, Any]


class View:
    """One report in one language."""

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

    def _was(self, count: Any) -> Any:
        return None if self.last is None else count(self.last)

    # First screen

    @property
    def verdict(self) -> Verdict:
        return self.report.after

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What it is, in three lines."""
        previous, lineage = self.report.previous, self.report.lineage
        compared = f"{self.t('release')} {previous.number}" if previous else self.t("first_release")
        built = f"{self.number(lineage.files)} {self.t('files_of')} {self.number(len(self.now.fates))} {self.t('sources_n')}"
        return [
            (self.t("candidate"), self.report.digest[:12]),
            (self.t("built_from"), built),
            (self.t("compared"), compared),
        ]

    @property
    def equation(self) -> list[Row]:
        """In = kept + dropped + flagged + quarantined, each with its change."""
        terms = [("in", self.now.items, self._was(lambda last: last.items))]
        for fate in FATES:
            terms.append((fate, self.now.fate(fate), self._was(lambda last, fate=fate: last.fate(fate))))
        signs = ["", "=", "+", "+", "+"]
        return [
            {"sign": sign, "kind": kind, "number": self.number(now), "change": self.change(now, last)}
            for sign, (kind, now, last) in zip(signs, terms, strict=True)
        ]

    @property
    def rest(self) -> Row:
        """The rest of the accounting check, as that check found it."""
        check = next((check for check in self.report.checks if check.id == "accounting.rest"), None)
        if check is None or not isinstance(check.value, int | float):
            return {"number": NONE, "right": False}
        return {"number": self.number(check.value), "right": check.verdict is Verdict.PASS}

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """Documents and words now, and how they changed."""
        kept, last = self.now.kept, self._was(lambda last: last.kept)
        return [
            (
                self.t("documents"),
                self.number(kept.documents),
                self.change(kept.documents, last.documents if last else None),
            ),
            (self.t("words"), self.number(kept.words), self.change(kept.words, last.words if last else None)),
        ]

    @property
    def counters(self) -> list[tuple[str, int]]:
        """Checks by verdict, those of the first rank always; waived ones apart."""
        checks = self.report.checks
        counted = [
            (str(verdict), sum(c.verdict is verdict and not c.waived for c in checks)) for verdict in Verdict
        ]
        return [*counted, ("waived", sum(check.waived for check in checks))]

    @property
    def top_reasons(self) -> list[Row]:
        rows = [self._reason_row(code) for code in by_frequency(self.now.reasons)[:TOP]]
        widest = max((row["count"] for row in rows), default=1)
        return [row | {"width": row["count"] / widest} for row in rows]

    def _reason_row(self, code: str) -> Row:
        count = sum(self.now.reasons.get(code, {}).values())
        last = self._was(
            lambda last: sum(last.reasons.get(code, {}).values()) / last.items if last.items else 0.0
        )
        rate = count / self.now.items if self.now.items else 0.0
        return {
            "code": code,
            "count": count,
            "number": self.number(count),
            "share": self.share(rate),
            "change": self.change(rate, last),
        }

    # Checks

    @property
    def gate_checks(self) -> list[Row]:
        return [
            self._check_row(check) for check in _gravest_first(self.report.checks) if not _of_suite(check)
        ]

    @property
    def suite_checks(self) -> list[Row]:
        return [self._check_row(check) for check in _gravest_first(self.report.checks) if _of_suite(check)]

    def _check_row(self, check: Check) -> Row:
        words = check.words_sv if self.language == "sv" else check.words_en
        return {
            "id": check.id,
            "words": words,
            "source": check.source,
            "value": value_text(check.value, check, self.language),
            "limit": limit_text(check, self.language),
            "last": value_text(check.last, check, self.language),
            "n": self.number(check.n),
            "verdict": str(check.verdict),
            "waived": check.waived,
            "note": self.t.note(check.note),
            "examples": check.examples,
        }

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
        last = self._was(lambda last: {name: volume.words for name, volume in last.sources.items()})
        return self._shares("sources", now, last, lambda name: name)

    @property
    def source_rows(self) -> list[Row]:
        last = self.last.sources if self.last else {}
        rows = []
        for name in self.source_names:
            volume, facts = self.now.sources.get(name, Volume()), self.report.sources.get(name)
            rows.append(
                {
                    "name": name,
                    "mark": self.t("new") if self.last and name not in self.last.fates else "",
                    "licence": facts.licence if facts and facts.licence else self.t("not_stated"),
                    "cells": [self.number(sum(self.now.fates[name].values()))]
                    + [self.number(self.now.fates[name].get(fate, 0)) for fate in FATES]
                    + [
                        self.number(volume.words),
                        self.change(volume.words, last[name].words if name in last else None),
                    ],
                }
            )
        return rows

    @property
    def vanished(self) -> list[str]:
        return sorted(self.last.fates.keys() - self.now.fates.keys())[:ROWS] if self.last else []

    @property
    def languages(self) -> Markup:
        return self._shares(
            "languages", self.now.languages, self._was(lambda last: last.languages), self.t.tongue
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
        rows = self.share_rows(self.now.languages, self._was(lambda last: last.languages))
        return [[self.t.tongue(code), *cells] for code, *cells in rows]

    @property
    def letter_rows(self) -> list[list[str]]:
        """å, ä and ö: share now, in the last release, change."""
        rows = []
        for sign in ("å", "ä", "ö"):
            now = self.now.swedish.get(sign, 0) / max(1, self.now.letters)
            last = self._was(lambda last, sign=sign: last.swedish.get(sign, 0) / max(1, last.letters))
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
        ticks = [
            ((LENGTH_EDGES.index(edge) - first) / span, self.number(edge))
            for edge in (1, 8, 64, 512, 4096, 32768, 262144)
            if first <= LENGTH_EDGES.index(edge) <= end
        ]
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

    # Tables

    @property
    def heat_columns(self) -> list[str]:
        return self.source_names[:COLUMNS]

    @property
    def heat(self) -> list[Row]:
        """Reason by source: share of the source's items, and how strong to colour it."""
        rows = []
        for code in by_frequency(self.now.reasons)[:ROWS]:
            cells = [self._heat_cell(code, source) for source in self.heat_columns]
            rows.append(self._reason_row(code) | {"cells": cells})
        return rows

    def _heat_cell(self, code: str, source: str) -> Row:
        count = self.now.reasons[code].get(source, 0)
        rate = count / max(1, sum(self.now.fates[source].values()))
        # The square root keeps small rates apart; 8 % is the faintest that can be told from white.
        strength = round(8 + 72 * min(1.0, rate) ** 0.5) if count else 0
        return {"text": self.share(rate) if count else "", "strength": strength, "count": self.number(count)}

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

    @property
    def split_rows(self) -> list[Row]:
        total = max(1, self.now.kept.words)
        rows = []
        for split in SPLITS:
            volume = self.now.split(split)
            last = self._was(lambda last, split=split: last.split(split))
            rows.append(
                {
                    "name": self.t(split),
                    "cells": [
                        self.number(volume.documents),
                        self.number(volume.words),
                        self.share(volume.words / total),
                        self.change(volume.words, last.words if last else None) or NONE,
                    ],
                    "sources": [self._source_share(split, source) for source in self.heat_columns],
                }
            )
        return rows

    def _source_share(self, split: str, source: str) -> str:
        words = self.now.splits[split].get(source, Volume()).words
        return self.share(words / max(1, self.now.sources.get(source, Volume()).words)) if words else NONE

    @property
    def near_rows(self) -> list[list[str]]:
        return [
            [
                near.record_id,
                near.code,
                self.number(near.value, 3),
                self.number(near.limit, 3),
                self.number(near.distance, 2),
            ]
            for near in self.report.near_limits
        ]

    @property
    def cut(self) -> bool:
        """Whether some table shows the largest only."""
        return len(self.now.fates) > COLUMNS or len(self.now.reasons) > ROWS

    @property
    def lineage(self) -> list[tuple[str, str]]:
        lineage = self.report.lineage
        size = self.number(lineage.bytes / 1e6, 1)
        return [
            (self.t("digest"), self.report.digest),
            (self.t("parent"), lineage.parent or self.t("first_release")),
            (self.t("input"), f"{self.number(lineage.files)} {self.t('files')}, {size} MB"),
            (self.t("config"), lineage.config),
            (self.t("code"), lineage.code),
            (self.t("decisions"), lineage.decisions),
            (
                self.t("seeds"),
                ", ".join(f"{name} {seed}" for name, seed in sorted(lineage.seeds.items())) or NONE,
            ),
            (
                self.t("lock"),
                ", ".join(f"{name} {version}" for name, version in sorted(lineage.lock.items())) or NONE,
            ),
        ]

    def _names(self, plot: str, description: str) -> Names:
        return Names(f"{self.language}-plot-{plot}", self.t(plot), description)


def _of_suite(check: Check) -> bool:
    return check.id.startswith("gx.")


def _gravest_first(checks: Sequence[Check]) -> list[Check]:
    return sorted(checks, key=lambda check: -check.verdict.severity)


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
