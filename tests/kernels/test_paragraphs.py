"""Lines: found as Python splits them, counted in code points, letters and words."""

import numpy as np
import pytest
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


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ('Se <a href="https://example.org/read">sidan</a> nu', "Se  sidan  nu"),
        ("Läs mer på https://example.org/read-more, tack", "Läs mer på   tack"),
        ("[![Version](https://example.org/green)](LICENSE)", "[![Version]( )](LICENSE)"),
        ("Kör `git commit -m fix` först", "Kör   först"),
        ("```python for all", " "),
        ("a < b och c > d, 3/4 eller `öppet", "a < b och c > d, 3/4 eller `öppet"),
        ("https://example.org", " "),
    ],
)
def test_tags_addresses_and_code_are_no_prose(line: str, left: str) -> None:
    data, out = np.frombuffer(line.encode(), np.uint8), np.zeros(len(line.encode()) + 1, np.uint8)
    assert bytes(out[: p.prose(data, 0, len(data), out)]).decode() == left
    row = lines_of(line)[0][0]
    assert row[p.MARKED] == (left != line)
    assert row[p.LETTERS] == sum(c.isalpha() for c in left)


@given(st.text(st.sampled_from("aÅ <>/!`:.()é日\t"), max_size=40))
def test_prose_stays_text_and_never_grows(text: str) -> None:
    data, out = np.frombuffer(text.encode(), np.uint8), np.zeros(len(text.encode()) + 1, np.uint8)
    size = p.prose(data, 0, len(data), out)
    assert size <= len(data)
    kept = iter(text)
    assert all(c == " " or c in kept for c in bytes(out[:size]).decode())


@pytest.mark.parametrize("opening", ["<a ", "</", "<!"])
def test_tags_that_never_end_are_looked_for_once(opening: str) -> None:
    # Looked for anew at each, a million of them would take hours.
    line = opening * 1_000_000 + "`"
    data, out = np.frombuffer(line.encode(), np.uint8), np.zeros(len(line) + 1, np.uint8)
    assert p.prose(data, 0, len(data), out) == len(line)
