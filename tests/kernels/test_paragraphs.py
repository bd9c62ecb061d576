"""Lines: found as Python splits them, counted in code points, letters and words."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels import paragraphs as p


def lines_of(text: str) -> tuple[list[list[int]], int]:
    data = np.frombuffer(text.encode(), np.uint8)
    table = np.zeros((p.count_lines(data, 0, len(data)), p.LINE_COLUMNS), np.int64)
    found, points = p.find_lines(data, 0, len(data), table)
    return table[:found].tolist(), int(points)


@given(st.text(st.sampled_from("aÅ 1é😀日\n-"), max_size=40))
def test_lines_are_those_of_python_without_the_blank_ones(text: str) -> None:
    rows, points = lines_of(text)
    data = text.encode()
    assert points == len(text)
    assert [data[row[p.START] : row[p.END]].decode() for row in rows] == [
        line for line in text.split("\n") if line.strip()
    ]
    for row in rows:
        line = data[row[p.START] : row[p.END]].decode()
        assert text[row[p.CP_START] :].startswith(line)


def test_words_and_letters_are_counted_as_people_would() -> None:
    rows, _ = lines_of("Två ord, 3 år – 5 §")
    assert (rows[0][p.WORDS], rows[0][p.LETTERS]) == (3, 8)
    rows, _ = lines_of("日本語")
    assert (rows[0][p.WORDS], rows[0][p.LETTERS]) == (3, 3)


def test_lines_of_capitals_are_told_from_others() -> None:
    rows, _ = lines_of("ÅR 2006\nÅr 2006\n2006 × 3\nΑΒΓ")
    assert [row[p.CASED] for row in rows] == [2, 1, 0, 1]
