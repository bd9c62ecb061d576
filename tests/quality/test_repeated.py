"""What the report says of repeated lines: counts of the tables and the ledger, hostile text harmless, nothing where nothing repeats."""

import json
import re
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from builders import Item, ledger
from reports import HOSTILE, first

from pipeline.quality.numbers import LANGUAGES, number, share
from pipeline.quality.render import CEILING, render
from pipeline.quality.repeated import TEXT, TOP, Removed, Repeated, Template, repeated_of
from pipeline.quality.report import Report
from pipeline.quality.words import WORDS
from pipeline.schema import TEMPLATE_FITS, TEMPLATES

FIRST = first()


def templates(*rows: dict[str, Any]) -> pa.Table:
    base = {"source": "a", "kind": "line", "hash": 1, "documents": 6, "share": 0.5, "part": False}
    full = [{**base, "characters": len(row["text"]), **row} for row in rows]
    return pa.Table.from_pylist(full, TEMPLATES)


def fits(**found: int) -> pa.Table:
    rows = [
        {
            "source": name,
            "items": 20,
            "sampled": 12,
            "characters": 1000,
            "repeated": 20 * count,
            "found": count,
        }
        for name, count in found.items()
    ]
    return pa.Table.from_pylist([{**row, "contents": [], "settings": "x"} for row in rows], TEMPLATE_FITS)


def edited(*edits: tuple[str, str, int, int]) -> pa.Table:
    """Two items of source b with these edits each, one of a without."""
    table = ledger([Item("1", source="b"), Item("2", source="b"), Item("3")])
    made = [dict(zip(("stage", "kind", "start", "end"), edit, strict=True)) for edit in edits]
    at = table.schema.get_field_index("edits")
    return table.set_column(
        at, table.schema.field(at), pa.array([made, made, []], table.schema.field(at).type)
    )


def test_counts_are_those_of_fit_and_ledger() -> None:
    table = edited(("templates", "line", 0, 5), ("pii", "email", 8, 20), ("templates", "paragraph", 30, 50))
    found = repeated_of(templates({"text": "Hem"}), fits(b=2, a=1), table, {"b": 0.4})
    assert list(found) == ["a", "b"]
    assert found["b"] == Repeated(2, 12, 0.04, 0.4, Removed(4, 50, 2), ())
    assert found["a"] == Repeated(1, 12, 0.02, None, Removed(), (Template("Hem", False, 6, 0.5),))


def test_a_source_where_nothing_repeats_is_left_out() -> None:
    assert repeated_of(templates(), fits(a=0, b=0), edited(), {}) == {}
    assert repeated_of(templates(), fits(), ledger([]), {}) == {}


def test_what_was_cut_is_told_even_where_nothing_repeats_any_more() -> None:
    found = repeated_of(templates(), fits(b=0), edited(("templates", "line", 0, 5)), {"b": 0.4})
    assert found["b"].removed == Removed(2, 10, 2)


def test_the_most_common_are_shown_and_parts_of_paragraphs_are_not() -> None:
    rows = [{"text": f"rad {n}", "part": n % 2 == 1} for n in range(2 * TOP + 6)]
    found = repeated_of(templates(*rows), fits(a=9), edited(), {})
    assert [line.text for line in found["a"].top] == [f"rad {n}" for n in range(0, 2 * TOP, 2)]


def test_a_long_line_is_shown_by_its_beginning() -> None:
    rows = templates({"text": "å" * (TEXT + 1)}, {"text": "b", "characters": 900}, {"text": "c"})
    top = repeated_of(rows, fits(a=3), edited(), {})["a"].top
    assert [(len(line.text), line.more) for line in top] == [(TEXT, True), (1, True), (1, False)]


def with_lines(*texts: str, **changes: Any) -> Report:
    top = tuple(Template(text, False, 1234, 0.125) for text in texts)
    one = replace(Repeated(3, 2000, 0.043, 0.1, Removed(7654, 98765, 1200), top), **changes)
    return replace(FIRST, repeated={"a": one})


def shown(report: Report) -> str:
    return re.sub(r"<[^>]*>", " ", render(report).decode())


def test_the_section_shows_the_numbers_of_the_json_in_both_languages() -> None:
    report = with_lines("Nästa sida", "Hem\nKontakt")
    assert Report.from_bytes(report.to_bytes()) == report
    text = shown(report)
    for at, language in enumerate(LANGUAGES):
        assert WORDS["repeated"][at] in text
        assert f"{WORDS['cut_from'][at]} {share(0.1, language)}" in text
        assert f"({number(2, language)} {WORDS['of'][at]} {number(3, language)})" in text
        for value in (7654, 98765, 1200, 1234):
            assert number(value, language) in text
        assert share(0.043, language) in text
    assert "Nästa sida" in text
    assert "Hem\nKontakt" in text


def test_a_source_that_is_only_reported_has_no_zeros() -> None:
    html = render(with_lines("Hem", cut_share=None, removed=Removed())).decode()
    section = html[html.index('id="sv-repeated"') :]
    section = section[: section.index("</table>")]
    assert "redovisas bara" in section
    assert ">0<" not in section


@pytest.mark.parametrize(("limit", "marked"), [(0.125, 2), (0.126, 0), (None, 0)])
def test_lines_that_are_cut_are_marked(limit: float | None, marked: int) -> None:
    html = render(with_lines("Hem", "Upp", cut_share=limit)).decode()
    assert html.count('<span class="waived">klipps</span>') == marked


def test_nothing_is_shown_where_nothing_repeats() -> None:
    assert FIRST.repeated == {}
    assert "repeated" not in render(FIRST).decode()


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_lines_make_no_markup(words: str) -> None:
    calm = re.findall(r"<(\w+)", render(with_lines("lugn")).decode())
    hostile = re.findall(r"<(\w+)", render(with_lines(words)).decode())
    assert [tag for tag in hostile if tag != "span"] == [tag for tag in calm if tag != "span"]


def test_many_sources_with_hostile_lines_stay_below_the_ceiling() -> None:
    top = (Template("\u202e" * TEXT, True, 9, 0.5),) * TOP
    many = {f"källa {n:03d}": Repeated(99, 9, n / 400, None, Removed(), top) for n in range(300)}
    page = render(replace(FIRST, repeated=many))
    assert len(page) <= CEILING
    assert WORDS["cut"][0] in page.decode()


def test_a_report_from_before_lines_were_looked_for_is_read() -> None:
    content = json.loads(FIRST.to_bytes())
    del content["repeated"]
    assert Report.from_bytes(json.dumps(content).encode()) == FIRST
