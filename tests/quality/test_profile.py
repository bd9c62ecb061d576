from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from builders import Item, corpus, data, kept, ledger, profile
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ConfigError, ContractError
from pipeline.quality import texts
from pipeline.quality.drift import jensen_shannon, length_shift, total_variation
from pipeline.quality.profile import LENGTH_EDGES, ProfileBuilder
from pipeline.schema import DATA, SPLITS

GOOD = corpus()
words = st.text("aåÅöäz é\n\t.\u00a0x÷", max_size=40)
counts = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 50), max_size=4)


def column(values: list[str]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.large_string())])


@given(st.lists(words, max_size=6), st.integers(1, 9))
def test_words_are_counted_like_a_split_at_ascii_space_whatever_the_chunk(
    values: list[str], chunk: int
) -> None:
    before, texts.CHUNK = texts.CHUNK, chunk
    try:
        found = texts.word_counts(column(values)).tolist()
        letters = texts.letter_counts(column(values))
    finally:
        texts.CHUNK = before
    assert found == [len(value.encode().split()) for value in values]
    joined = "".join(values)
    assert letters[0] == sum(sign.isalpha() for sign in joined)
    assert letters[1] == {sign: joined.lower().count(sign) for sign in "åäö"}


def test_a_slice_of_a_column_is_counted_as_itself() -> None:
    whole = column(["å å å", "skog", "ö"])
    assert texts.word_counts(whole.slice(1)).tolist() == [1, 1]
    assert texts.letter_counts(whole.slice(1)) == (5, {"å": 0, "ä": 0, "ö": 1})


@pytest.mark.parametrize("text", ["Ã¥tgÃ¤rd", "vÃ¤g", "tyst\N{REPLACEMENT CHARACTER}", "â€™s", "FÃ–RR"])
def test_damaged_text_is_seen(text: str) -> None:
    assert texts.damaged(column(["hel", text])) == 1


@pytest.mark.parametrize("text", ["åäö ÅÄÖ é", "SÃO PAULO", "Ã är ett A med tilde", "20 € per år"])
def test_sound_text_is_not_called_damaged(text: str) -> None:
    assert texts.damaged(column([text])) == 0


def test_the_profile_counts_what_was_published() -> None:
    made = profile(GOOD)
    assert made.kept.documents == len(GOOD) == made.items
    assert made.kept.words == sum(len(item.text.split()) for item in GOOD)
    assert made.kept.characters == sum(len(item.text) for item in GOOD) == sum(made.languages.values())
    assert sum(made.lengths) == len(GOOD)
    assert made.split("train").documents == sum(item.split == "train" for item in GOOD)
    assert list(made.sources) == ["a", "b", "c"]


@settings(max_examples=15)
@given(st.permutations(range(len(GOOD))), st.integers(1, 20))
def test_a_profile_does_not_depend_on_files_or_their_order(order: list[int], size: int) -> None:
    builder = ProfileBuilder()
    shuffled = [GOOD[i] for i in order]
    for split in SPLITS:
        items = kept(shuffled, split)
        for start in range(0, len(items), size):
            builder.add(data(items[start : start + size]), split)
    assert builder.finish(ledger(GOOD)) == profile(GOOD)


def test_copies_and_divided_groups_are_counted() -> None:
    items = [
        *GOOD,
        replace(GOOD[0], name="copy"),
        Item("g1", group="g", text="ett"),
        Item("g2", group="g", text="två", split="test"),
    ]
    made = profile(items)
    assert made.exact_left == 1
    assert made.groups_split == 1


def test_an_empty_release_has_a_profile() -> None:
    made = profile([])
    assert (made.items, made.kept.documents, made.exact_left) == (0, 0, 0)


def test_a_wrong_split_or_table_is_refused() -> None:
    with pytest.raises(ConfigError, match="train"):
        ProfileBuilder().add(data([]), "dev")
    with pytest.raises(ContractError, match="missing"):
        ProfileBuilder().add(data([]).drop_columns(["text"]), "train")


@given(counts, counts)
def test_distances_are_zero_for_equals_and_at_most_one(a: dict[str, int], b: dict[str, int]) -> None:
    for distance in (total_variation, jensen_shannon):
        assert distance(a, a) == pytest.approx(0, abs=1e-7)
        assert 0 <= distance(a, b) <= 1 + 1e-9
        assert distance(a, b) == pytest.approx(distance(b, a))


def test_the_length_shift_grows_with_the_shift() -> None:
    base = np.zeros(len(LENGTH_EDGES), int)
    base[10:16] = 5
    shifts = [length_shift(np.roll(base, by).tolist(), base.tolist()) for by in range(4)]
    assert shifts == sorted(shifts)
    assert shifts[0] == 0
    assert length_shift(base.tolist(), [0] * len(base)) == 0


def test_rows_of_data_have_the_columns_of_the_contract() -> None:
    assert data(GOOD[:1]).schema.equals(DATA)
