"""The second opinion is langdetect's own, to the last bit of every probability."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langdetect.lang_detect_exception import LangDetectException
from numpy.typing import NDArray

from pipeline.stages import second_opinion
from pipeline.stages.seeded_detector import SeededDetector

CASES = Path(__file__).parent.parent / "cases" / "language" / "labelled.jsonl"
TEXTS = [json.loads(line)["text"] for line in CASES.read_text(encoding="utf-8").splitlines() if line]

# Words in several scripts, and what langdetect treats apart: capitals, addresses, runs of spaces, marks, Vietnamese, Romanian.
WORDS = st.sampled_from(
    [
        *["skogen", "och", "EU", "EUs", "Ö", "the", "og", "på", " ", "  ", "\n"],
        *["https://exempel.se/a?b", "a.b@exempel.se", "лес", "и", "森林", "の", "カ", "ㄅ", "한글"],
        *["ở", "o\u0309", "\u0300", "ș", "ی", "ﬁ", "123", "—", "\u00a0", "🌲"],
    ]
)
MIXED = st.lists(WORDS, max_size=30).flatmap(
    lambda words: st.sampled_from(["", " "]).map(lambda between: between.join(words))
)


def answers(detector: object, text: str) -> list[tuple[str, float]] | None:
    detector.append(text)  # type: ignore[attr-defined]
    try:
        return [(found.lang, float(found.prob)) for found in detector.get_probabilities()]  # type: ignore[attr-defined]
    except LangDetectException:
        return None


def of_langdetect(text: str) -> list[tuple[str, float]] | None:
    detector = second_opinion._factory().create()
    detector.seed = second_opinion.SEED
    return answers(detector, text)


ROWS: dict[str, NDArray[np.float64]] = {}
"""Shared between texts, as in a worker."""


def of_ours(text: str) -> list[tuple[str, float]] | None:
    return answers(SeededDetector(second_opinion._factory(), second_opinion.SEED, ROWS), text)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:30])
def test_labelled_text_gets_the_probabilities_of_langdetect(text: str) -> None:
    assert of_ours(text) == of_langdetect(text)


@given(MIXED | st.text(max_size=60))
def test_any_text_gets_the_probabilities_of_langdetect(text: str) -> None:
    assert of_ours(text) == of_langdetect(text)


def test_text_beyond_the_longest_is_left_out_alike() -> None:
    text = "skog  " * 2000 + "the forest and the trees " * 400
    assert of_ours(text) == of_langdetect(text)
