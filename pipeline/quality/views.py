"""The report arranged for one language: what the template shows, as plain lists. No number is computed twice."""

from typing import Any

from pipeline.quality.numbers import NONE, limit_text, value_text
from pipeline.quality.profile import Volume
from pipeline.quality.repeated import Repeated
from pipeline.quality.report import by_frequency
from pipeline.quality.verdicts import Check, Verdict
from pipeline.quality.view_plots import COLUMNS, ROWS, TOP
from pipeline.quality.view_terms import TermsView
from pipeline.schema import FATES, SPLITS

Row = dict[str, Any]


class View(TermsView):
    """One report in one language."""

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
        terms = [("in", self.now.items, self.was(lambda last: last.items))]
        for fate in FATES:
            terms.append((fate, self.now.fate(fate), self.was(lambda last, fate=fate: last.fate(fate))))
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
        kept, last = self.now.kept, self.was(lambda last: last.kept)
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
        last = self.was(
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
    def problems(self) -> list[Row]:
        """Checks that did not pass, the gravest first."""
        found = [check for check in self.report.checks if not _passed(check)]
        return [self._check_row(check) for check in sorted(found, key=lambda check: -check.verdict.severity)]

    @property
    def passed(self) -> list[Row]:
        return [
            self._check_row(check) for check in self.report.checks if _passed(check) and not _of_suite(check)
        ]

    @property
    def passed_suites(self) -> list[Row]:
        return [self._check_row(check) for check in self.report.checks if _passed(check) and _of_suite(check)]

    def _check_row(self, check: Check) -> Row:
        words = check.words_sv if self.language == "sv" else check.words_en
        return {
            "id": check.id,
            "words": words,
            "source": check.source,
            "value": value_text(check.value, check, self.language),
            "limit": limit_text(check, self.language).split("; "),
            "last": value_text(check.last, check, self.language),
            "n": self.number(check.n),
            "verdict": str(check.verdict),
            "waived": check.waived,
            "note": self.t.note(check.note),
            "examples": check.examples,
        }

    # Tables

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
    def split_rows(self) -> list[Row]:
        total = max(1, self.now.kept.words)
        rows = []
        for split in SPLITS:
            volume = self.now.split(split)
            last = self.was(lambda last, split=split: last.split(split))
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
                self._plain(near.value),
                self._plain(near.limit),
                self.number(near.distance, 2),
            ]
            for near in self.report.near_limits
        ]

    def _plain(self, value: float) -> str:
        """A measure: whole numbers without decimals, shares with three."""
        return self.number(value, 0 if value.is_integer() else 3)

    # Repeated lines

    @property
    def repeated_names(self) -> list[str]:
        """Sources with repeated lines, those with the largest share of them first."""
        found = self.report.repeated
        return sorted(found, key=lambda name: (-found[name].share, name))[:ROWS]

    @property
    def repeated_rows(self) -> list[list[str]]:
        return [self._repeated_row(name, self.report.repeated[name]) for name in self.repeated_names]

    def _repeated_row(self, name: str, found: Repeated) -> list[str]:
        removed = found.removed
        counts = (removed.places, removed.characters, removed.documents)
        return [
            name,
            self.number(found.found),
            self.number(found.sampled),
            self.share(found.share),
            f"{self.t('cut_from')} {self.share(found.cut_share)}"
            if found.cut_share
            else self.t("only_reported"),
            *[self.number(count) if removed.places else NONE for count in counts],
        ]

    def repeated_top(self, name: str) -> list[Row]:
        """The most common lines of a source."""
        limit = self.report.repeated[name].cut_share
        return [
            {
                "text": line.text,
                "more": line.more,
                "mark": self.t("is_cut") if limit is not None and line.share >= limit else "",
                "number": self.number(line.documents),
                "share": self.share(line.share),
            }
            for line in self.report.repeated[name].top
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


def _of_suite(check: Check) -> bool:
    return check.id.startswith("gx.")


def _passed(check: Check) -> bool:
    return check.verdict is Verdict.PASS
