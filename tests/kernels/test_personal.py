"""The scan for personal data: what opens a candidate, and offsets in code points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels import personal


def scan(*texts: str) -> list[tuple[int, int, str]]:
    """(document, kind, the text between the code points) of every candidate."""
    data = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, data)]).astype(np.int64)
    rows = personal.candidates(offsets, np.frombuffer(b"".join(data), np.uint8)).tolist()
    return [(document, kind, texts[document][start:end]) for document, kind, start, end in rows]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("nr 850709-9805.", [(personal.NUMBER, "850709-9805")]),
        ("å 08–514 50 61 i dag", [(personal.NUMBER, "08–514 50 61")]),
        ("summan 514 50 61 är", []),
        ("TFN. 514 50 61 är", [(personal.NUMBER, "514 50 61")]),
        ("Växel: 514 50 61", [(personal.NUMBER, "514 50 61")]),
        ("514 50 61 (Växel)", [(personal.NUMBER, "514 50 61")]),
        ("514 50 61 arter", [(personal.NUMBER, "514 50 61")]),
        ("514 50 61 träd", []),
        ("+514 50 61", [(personal.NUMBER, "514 50 61")]),
        ("131052-308T", [(personal.NUMBER, "131052-308")]),
        ("konto" + "å" * 35 + " 514 50 61", []),
        ("konto" + "å" * 34 + " 514 50 61", [(personal.NUMBER, "514 50 61")]),
        ("000101-T220", [(personal.NUMBER, "000101-T220")]),
        ("8.8.8.8", [(personal.NUMBER, "8.8.8.8")]),
        ("år 2006", []),
        ("1975:855", []),
        ("123 456\n7890", [(personal.NUMBER, "123 456\n7890")]),
        ("850709-\n9805", [(personal.NUMBER, "850709-\n9805")]),
        ("123 456\n 789 123\n\n456", []),
        (
            "08\N{NO-BREAK SPACE}514\N{NON-BREAKING HYPHEN}50\N{THIN SPACE}61",
            [(personal.NUMBER, "08\u00a0514\u201150\u200961")],
        ),
        ("anna (at) example.se", [(personal.SPELT_AT, "(")]),
        ("anna [a] example.se", [(personal.SPELT_AT, "[")]),
        ("(att) (abc) (1)", []),
        ("anna at example dot se", [(personal.SPELT_AT, "a")]),
        ("look at the example", []),
        ("anna snabel-a example", [(personal.SPELT_AT, "s")]),
        ("Kirkeveien\N{NO-BREAK SPACE}5", [(personal.STREET, "5")]),
        ("anna@example.org", [(personal.AT_SIGN, "@")]),
        ("40 @ 3", [(personal.AT_SIGN, "@")]),
        ("GB20FZQP", [(personal.IBAN, "G")]),
        ("Storgatan 5", [(personal.STREET, "5")]),
        ("Kapitel 5", []),
        ("2a00::15", [(personal.COLONS, ":")]),
        ("kl. 12:30", []),
    ],
)
def test_candidates_are_runs_and_signs_that_could_be_personal(
    text: str, wanted: list[tuple[int, str]]
) -> None:
    assert [(kind, value) for _, kind, value in scan(text)] == wanted


def test_documents_are_kept_apart() -> None:
    assert [document for document, _, _ in scan("a@b", "", "ö 0234567", "12345")] == [0, 2]


@given(st.text(st.sampled_from("0123456789 -./()+@:aZÅ–😀\n"), max_size=40))
def test_every_number_candidate_starts_and_ends_with_its_digits(text: str) -> None:
    for _, kind, value in scan(text):
        if kind == personal.NUMBER:
            assert value[0].isdigit()
            assert value[-1].isdigit()
            assert "\n\n" not in value
            assert " \n" not in value
