"""The glossary in the report: coverage, what to collect more text about, and variants that stand where a term should."""

from pipeline.quality.numbers import NONE
from pipeline.quality.terms import TermsReport, TermUse
from pipeline.quality.view_plots import ROWS, PlotView
from pipeline.schema import SPLITS

TERMS = 200
"""Terms that the report lists, in the order of the glossary (our choice: what one still scrolls through); all are in report.json."""


class TermsView(PlotView):
    """The section on terms of one report in one language."""

    @property
    def terms(self) -> TermsReport | None:
        return self.report.terms

    @property
    def terms_sentence(self) -> str:
        """How many terms are covered, and how often variants stand."""
        terms = self._glossary
        counts = {
            "covered": self.number(len(terms.covered)),
            "all": self.number(len(terms.terms)),
            "least": self.number(terms.min_documents),
            "wrong": self.number(sum(wrong.count for wrong in terms.wrong)),
        }
        return f"{self.t('terms_covered').format(**counts)} {self.t(self._wrong_key).format(**counts)}"

    @property
    def _wrong_key(self) -> str:
        count = sum(wrong.count for wrong in self._glossary.wrong)
        return "terms_none_wrong" if not count else "terms_one_wrong" if count == 1 else "terms_some_wrong"

    @property
    def _glossary(self) -> TermsReport:
        assert self.report.terms is not None
        return self.report.terms

    @property
    def under_rows(self) -> list[dict[str, str]]:
        """Terms to collect more text about, the least covered first."""
        return [self._term(use) for use in self._glossary.under_covered[:ROWS]]

    @property
    def term_rows(self) -> list[dict[str, object]]:
        return [
            self._term(use) | {"cells": [self._count(use.splits[split].documents) for split in SPLITS]}
            for use in self._glossary.terms[:TERMS]
        ]

    def _term(self, use: TermUse) -> dict[str, str]:
        return {
            "term": use.term,
            "definition": use.definition,
            "documents": self._count(use.documents),
            "count": self._count(use.count),
        }

    def _count(self, value: int) -> str:
        return self.number(value) if value else NONE

    @property
    def wrong_rows(self) -> list[dict[str, object]]:
        return [
            {
                "variant": wrong.variant,
                "term": wrong.term,
                "count": self.number(wrong.count),
                "documents": self.number(wrong.documents),
                "kept": self._count(wrong.kept),
                "examples": wrong.examples,
                "more": wrong.documents > len(wrong.examples),
            }
            for wrong in self._glossary.wrong[:ROWS]
        ]

    @property
    def terms_cut(self) -> bool:
        """Whether some table shows the first only."""
        terms = self._glossary
        return len(terms.terms) > TERMS or len(terms.under_covered) > ROWS or len(terms.wrong) > ROWS
