"""What the report says of terms: counts of the ledger's kept items by split, variants, hostile text harmless, nothing without."""

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from builders import Item, ledger
from reports import HOSTILE, first

from pipeline.quality.numbers import LANGUAGES
from pipeline.quality.render import CEILING, render
from pipeline.quality.report import Report
from pipeline.quality.terms import TermsReport, TermUse, Use, Wrong, terms_report
from pipeline.quality.words import WORDS
from pipeline.schema import TERMS

FIRST = first()
ENTRIES = [("gran", "Ett barrträd."), ("tall", ""), ("ek", "")]
ITEMS = [
    Item("1", split="train"),
    Item("2", split="test"),
    Item("3", split="train"),
    Item("4", fate="dropped", split=None, reasons=("noise.words",)),
    Item("5", fate="flagged", split=None, reasons=("terms.wrong",)),
]


def rows(table: pa.Table, *found: tuple[str, str, str | None, int]) -> pa.Table:
    ids = {item.name: row for item, row in zip(ITEMS, table["doc_id"].to_pylist(), strict=True)}
    made = [
        {"doc_id": ids[item], "term": term, "variant": variant, "count": count, "spans": []}
        for item, term, variant, count in found
    ]
    return pa.Table.from_pylist(made, TERMS)


def made(*found: tuple[str, str, str | None, int]) -> TermsReport:
    table = ledger(ITEMS)
    return terms_report(ENTRIES, rows(table, *found), table, 2)


def test_terms_are_counted_in_kept_documents_by_split() -> None:
    report = made(
        ("1", "gran", None, 3), ("2", "gran", None, 1), ("4", "gran", None, 9), ("3", "tall", None, 1)
    )
    gran, tall, ek = report.terms
    assert gran.splits == {"train": Use(1, 3), "validation": Use(), "test": Use(1, 1)}
    assert (gran.documents, gran.count, tall.documents, ek.documents) == (2, 4, 1, 0)
    assert report.covered == (gran,)
    assert report.under_covered == (ek, tall)


def test_variants_are_counted_where_somebody_can_mend_them() -> None:
    report = made(("1", "tall", "fura", 1), ("5", "tall", "fura", 4), ("4", "tall", "fura", 9))
    (wrong,) = report.wrong
    assert wrong == Wrong("fura", "tall", documents=2, count=5, kept=1, examples=("a/5", "a/1"))
    assert report.terms[1].count == 0


def test_a_report_without_a_glossary_has_no_section_and_an_older_one_is_read() -> None:
    page = render(FIRST).decode()
    assert not any(f'id="{language}-terms"' in page for language in LANGUAGES)
    assert Report.from_bytes(FIRST.to_bytes()).terms is None


def with_terms(terms: TermsReport) -> Report:
    return replace(FIRST, terms=terms)


def test_the_report_goes_to_json_and_back() -> None:
    report = with_terms(made(("1", "gran", None, 3), ("1", "tall", "fura", 1)))
    assert Report.from_bytes(report.to_bytes()) == report


@pytest.mark.parametrize(
    ("found", "sentences"),
    [
        ([], ("terms_none_wrong",)),
        ([("1", "tall", "fura", 1)], ("terms_one_wrong", "wrong_terms")),
        ([("1", "tall", "fura", 2)], ("wrong_terms",)),
    ],
)
def test_both_languages_say_it(found: list[Any], sentences: tuple[str, ...]) -> None:
    page = render(with_terms(made(*found))).decode()
    for at, language in enumerate(LANGUAGES):
        section = page.split(f'id="{language}-terms"')[1].split("</section>")[0]
        assert WORDS["under_covered"][at] in section
        assert all(WORDS[key][at] in section for key in sentences)
        assert "Ett barrträd." in section


def test_hostile_terms_are_shown_and_harmless_and_long_glossaries_are_cut() -> None:
    uses = tuple(
        TermUse(
            HOSTILE[at % len(HOSTILE)] * 3, HOSTILE[-1], {"train": Use(), "validation": Use(), "test": Use()}
        )
        for at in range(3000)
    )
    wrong = tuple(Wrong(text, text, 1, 1, 1, (text,)) for text in HOSTILE)
    page = render(with_terms(TermsReport(uses, wrong, 3)))
    assert len(page) < CEILING
    text = page.decode()
    assert WORDS["terms_more"][0] in text
    assert "<script" not in text
    assert "<img" not in text
    assert "<iframe" not in text
