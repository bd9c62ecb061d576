"""Cutting repeated lines: what is cut is gone with its line break, all else stands as it stood, and once is enough."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels import lines as kernel
from pipeline.stages.edit import Cut, apply
from pipeline.stages.templates_cut import CutSet, spans


def cut_of(*templates: str) -> CutSet:
    """Lines, and paragraphs where a template has several lines."""
    lines, paragraphs = set(), set()
    for template in templates:
        data = template.encode()
        hashes, table = kernel.lines_of(np.array([0, len(data)]), np.frombuffer(data, np.uint8))
        values, _ = kernel.paragraphs_of(hashes, table)
        (paragraphs if len(hashes) > 1 else lines).update((values if len(hashes) > 1 else hashes).tolist())
    return CutSet(tuple(sorted(lines)), tuple(sorted(paragraphs)))


def cut(text: str, *templates: str) -> str:
    return apply(
        text, [Cut(start, end, "", "templates", kind) for start, end, kind in spans(text, cut_of(*templates))]
    )


def test_a_line_inside_a_paragraph_goes_with_one_break() -> None:
    assert cut("Överst\nNästa\nslut 😀\n\nmer", "Nästa") == "Överst\nslut 😀\n\nmer"
    assert cut("Nästa\nslut", "Nästa") == "slut"
    assert cut("Överst\n  Nästa ", "Nästa") == "Överst"


def test_a_paragraph_whose_lines_all_go_leaves_no_blank_lines() -> None:
    assert cut("ett\n\nHem\nUpp\n\n\ntvå", "Hem", "Upp") == "ett\n\ntvå"
    assert cut("ett\n\nHem\n", "Hem") == "ett"
    assert cut("Hem\n \ntvå", "Hem") == "två"


def test_a_paragraph_goes_with_its_short_lines_and_a_part_of_it_stays() -> None:
    menu = "Start\n1.\nKontakt"
    assert cut(f"ett\n\n{menu}\n\ntvå\n\nStart", menu) == "ett\n\ntvå\n\nStart"
    assert cut(f"ett\n{menu}", menu) == f"ett\n{menu}"


def test_kinds_and_offsets_are_in_code_points() -> None:
    text = "å😀\nHem\n\nStart\n1.\n\nslut"
    assert spans(text, cut_of("Hem", "Start\n1.")) == [(3, 7, "line"), (8, 18, "paragraph")]
    assert text[8:18] == "Start\n1.\n\n"


def test_a_paragraph_that_a_cut_makes_is_cut_too() -> None:
    assert cut("Start\nHem\nKontakt\n\nslut", "Hem", "Start\nKontakt") == "slut"


def test_nothing_to_cut_and_nothing_to_cut_from() -> None:
    assert spans("", cut_of("Hem")) == []
    assert spans("ett\ntvå", cut_of("Hem")) == []
    assert not CutSet()


LINES = st.sampled_from(["Hem", " Hem", "Upp", "å 1", "b😀", "", " ", "\u00a0", "-"])
TEMPLATES = st.lists(
    st.sampled_from(["Hem", "Upp", "å 1", "å 1\nb😀", "Hem\nUpp", "b😀\n-", "-\n-", "-"]),
    min_size=1,
    max_size=4,
)


@given(st.lists(LINES, max_size=9), TEMPLATES)
def test_a_second_cut_finds_nothing(lines: list[str], templates: list[str]) -> None:
    once = cut("\n".join(lines), *templates)
    assert cut(once, *templates) == once


@given(st.lists(LINES, max_size=9), TEMPLATES)
def test_every_other_line_stays_and_paragraphs_stay_apart(lines: list[str], templates: list[str]) -> None:
    text = "\n".join(lines)
    found = spans(text, cut_of(*templates))
    assert [start for start, _, _ in found] == sorted(start for start, _, _ in found)
    ends = 0
    gone = []
    for start, end, _ in found:
        assert ends <= start < end <= len(text)
        assert text[:start].endswith("\n") or not start
        assert text[:end].endswith("\n") or end == len(text)
        gone += [line for line in text[start:end].split("\n") if line.strip()]
        ends = end
    kept = [line.strip() for line in cut(text, *templates).split("\n") if line.strip()]
    assert sorted(kept + [line.strip() for line in gone]) == sorted(
        line.strip() for line in lines if line.strip()
    )
