"""The scan for repairs: each bit on its smallest example, silence on clean text, and nothing that ftfy would call bad missed."""

import numpy as np
import pytest
from ftfy.badness import is_bad
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels import suspects


def bits(text: str) -> int:
    data = np.frombuffer(text.encode(), np.uint8)
    return int(suspects.suspicions(np.array([0, len(data)], np.int64), data)[0])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a\rb", suspects.CARRIAGE_RETURN),
        ("a\x00b", suspects.CONTROL),
        ("a\x7fb", suspects.CONTROL),
        ("10\N{NO-BREAK SPACE}000", suspects.SPACE),
        ("a\N{LINE SEPARATOR}b", suspects.SPACE),
        ("a\N{ZERO WIDTH SPACE}b", suspects.INVISIBLE),
        ("\ufeffa", suspects.INVISIBLE),
        ("a\U000e0041", suspects.INVISIBLE),
        ("skogs-\nbruk", suspects.LINE_END_HYPHEN),
        ("skogs\N{NOT SIGN}\nbruk", suspects.LINE_END_HYPHEN),
        ("fÃ¶r", suspects.MOJIBAKE),
        ("a \nb", suspects.RAGGED),
        ("\na", suspects.RAGGED),
        (" \na", suspects.RAGGED),
        ("a\n", suspects.RAGGED),
        ("a\u0308", suspects.COMPOSITION),
        ("\N{LATIN SMALL LIGATURE FI}sk", suspects.LIGATURE),
        ("sk&ouml;rd", suspects.ENTITY),
        ("&#246;", suspects.ENTITY),
    ],
)
def test_each_trouble_sets_its_bit(text: str, wanted: int) -> None:
    assert bits(text) & wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Skogsägarens åtgärder\növer året.\n\nNästa.",
        "”Så är det”, sade hon – kanske …",
        "3 §, 5 °C, 10 m², é, ü, ø",
        "R & D; a&b",
        "x - y",
        " indrag",
    ],
)
def test_clean_swedish_is_not_suspected(text: str) -> None:
    assert bits(text) == 0


def test_broken_bytes_end_no_scan() -> None:
    data = np.frombuffer(b"\xff\xc3\xe2\x80 a\xf0\x9f", np.uint8)
    assert suspects.suspicions(np.array([0, len(data)], np.int64), data).shape == (1,)


@given(
    st.text(
        st.sampled_from("aZ åäöÅÄÖÃÂÐÎéüœŒ€™œ”“’–…§°²³µ×©®»«¡¿´¨¬\x85\xa0\xadÿŸŠš√∂≈‚√âáàßØÙŁłΒΓвЂ├┤"),
        max_size=8,
    )
)
def test_whatever_ftfy_calls_bad_is_suspected(text: str) -> None:
    if is_bad(text):
        assert bits(text) & suspects.MOJIBAKE


@given(st.lists(st.sampled_from(["ren rad", "fÃ¶r", "", "”är”", "åäö"]), max_size=40))
def test_the_suspicious_lines_are_numbered_as_text_splits_them(lines: list[str]) -> None:
    text = "\n".join(lines)
    numbers = suspects.mojibake_lines(np.frombuffer(text.encode(), np.uint8)).tolist()
    assert numbers == [i for i, line in enumerate(text.split("\n")) if bits(line) & suspects.MOJIBAKE]
