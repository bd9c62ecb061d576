"""The scan for terms: the words in which a stem stands, as plain Python finds them."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.term_scan import (
    BOUNDARY,
    CHARS,
    END,
    FLAGS,
    HANGING,
    INSIDE,
    ROW,
    START,
    automaton,
    suspects,
)

STEMS = ["skog", "gran", "å", "rot", f"{BOUNDARY}al", f"{BOUNDARY}ek"]
PIECES = [
    "Skogen",
    "granskog",
    "ÅRET",
    "al",
    "Alen",
    "kanal",
    "Ek",
    "bek",
    "rot",
    " ",
    ". ",
    "-",
    "\n",
    "§",
    "1",
    "_",
    "😀",
    "³",
    "₂",
    "–",
    "x",
    "É",
]


def scan(texts: list[str]) -> tuple[list[list[int]], list[int], list[int]]:
    raw = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, raw)])
    rows, keys, words = suspects(offsets, np.frombuffer(b"".join(raw), np.uint8), automaton(STEMS))
    return rows.tolist(), keys.tolist(), words.tolist()


def plain(text: str) -> list[tuple[str, int]]:
    found = []
    for word in re.finditer(r"[^\W_]+", text):
        low = word.group().lower()
        inside = any(stem in low for stem in STEMS if not stem.startswith(BOUNDARY))
        if inside or low.startswith(("al", "ek")):
            found.append((word.group(), word.start()))
    return found


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), min_size=1, max_size=3))
def test_the_words_with_a_stem_are_found_with_their_places(texts: list[str]) -> None:
    rows, _, words = scan(texts)
    data = "".join(texts).encode()
    found = [(row[ROW], data[row[START] : row[END]].decode(), row[CHARS]) for row in rows]
    assert found == [(at, word, start) for at, text in enumerate(texts) for word, start in plain(text)]
    assert words == [len(re.findall(r"[^\W_]+", text)) for text in texts]


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("Skogen", 0),
        ("Det sade Gran.", INSIDE),
        ("Slut. Gran", 0),
        ("rad\nGran", 0),
        ("§ 3 Gran", 0),
        ("och (”Gran”)", INSIDE),
        ("och gran", 0),
        ("gran- och", HANGING),
        ("gran\N{NON-BREAKING HYPHEN}och", HANGING),
        ("gran\N{EN DASH}", 0),
        ("i Ås", INSIDE),
    ],
)
def test_capitals_inside_sentences_and_hanging_hyphens_are_told(text: str, flags: int) -> None:
    rows, _, _ = scan([text])
    assert rows[-1][FLAGS] == flags


def test_equal_words_have_equal_keys_and_others_do_not() -> None:
    _, keys, _ = scan(["gran gran Gran granar"])
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_more_suspects_than_were_expected_are_all_found() -> None:
    rows, _, _ = scan(["rot " * 9000])
    assert len(rows) == 9000
