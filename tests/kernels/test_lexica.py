"""Lexica: the front-coded form, which words are the same, and how near relatives are settled."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.kernels import lexica
from pipeline.kernels.lexica import Kin

WORDS = st.text(st.sampled_from("abcåäöæøéČ"), min_size=1, max_size=12)
SMALL = st.dictionaries(WORDS, WORDS, min_size=1, max_size=20)


def buffer(text: str | bytes) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode() if isinstance(text, str) else text, np.uint8)


def hashed(text: str) -> np.uint64:
    data = buffer(text)
    # Compiled functions hand a uint64 back as an int, and do not take so large an int in.
    return np.uint64(lexica.word_hash(data, 0, len(data)))


def pattern(table: NDArray[np.uint32], text: str) -> int:
    return int(table[lexica.find(table, hashed(text))]) & 15


def encode(entries: dict[str, str], *, backwards: bool = False) -> bytes:
    """Front coding as the package's notes describe it, each lemma in the shortest of its three ways."""
    turn = -1 if backwards else 1
    out, last, last_lemma = bytearray(), b"", b""
    for form, lemma in sorted((a.encode()[::turn], b.encode()[::turn]) for a, b in entries.items()):
        shared = next(
            (i for i, (x, y) in enumerate(zip(form, last, strict=False)) if x != y), min(len(form), len(last))
        )
        out += bytes([shared, len(form) - shared]) + form[shared:]
        kept = next(
            (i for i, (x, y) in enumerate(zip(form, lemma, strict=False)) if x != y),
            min(len(form), len(lemma)),
        )
        if lemma == last_lemma and last:
            out += bytes([254])
        elif kept:
            out += bytes([len(form) - kept, len(lemma) - kept]) + lemma[kept:]
        else:
            out += bytes([255, len(lemma)]) + lemma
        last, last_lemma = form, lemma
    return bytes(out)


@given(SMALL, st.booleans())
def test_every_form_and_lemma_of_a_lexicon_is_known_with_its_bit(
    entries: dict[str, str], backwards: bool
) -> None:
    table = np.zeros(256, np.uint32)
    records, new = lexica.add_lexicon(buffer(encode(entries, backwards=backwards)), 0, backwards, 2, table)
    words = {hashed(word) for word in [*entries, *entries.values()]}
    assert (records, new) == (len(entries), len(words))
    assert all(pattern(table, word) == 2 for word in [*entries, *entries.values()])
    assert pattern(table, "x") == 0


def test_a_word_of_two_lexica_has_both_bits() -> None:
    table = np.zeros(64, np.uint32)
    for bit, entries in ((1, {"och": "och", "en": "en"}), (4, {"en": "en"})):
        lexica.add_lexicon(buffer(encode(entries)), 0, False, bit, table)
    assert [pattern(table, word) for word in ("och", "en", "ett")] == [1, 5, 0]


@given(SMALL, st.data())
def test_a_lexicon_that_ends_within_a_record_is_not_taken(
    entries: dict[str, str], data: st.DataObject
) -> None:
    whole = encode(entries)
    cut = data.draw(st.integers(1, len(whole) - 1))
    records, _ = lexica.add_lexicon(buffer(whole[:cut]), 0, False, 1, np.zeros(256, np.uint32))
    assert records < len(entries)


@given(st.text(st.characters(max_codepoint=0xFF), min_size=1, max_size=8))
def test_a_word_is_letters_only_and_its_case_does_not_count(text: str) -> None:
    letters = all(c.isalpha() and (ord(c) < 0x80 or ord(c) >= 0xC0) for c in text)
    assert (hashed(text) != 0) == letters
    if letters and len(text.upper()) == len(text) and max(text.upper()) <= "\xff":
        assert hashed(text.upper()) == hashed(text.lower())


def test_different_words_have_different_hashes() -> None:
    words = ["etter", "efter", "ätter", "ettera", "åtter", "øtter"]
    assert len({hashed(word) for word in words}) == len(words)


def kin(columns: Sequence[int], doubt: float = 5.0, leads: Sequence[float] = (0, 0)) -> Kin:
    """Two lexica that know one word each, worth 10 nats to the language that has it."""
    table = np.zeros(64, np.uint32)
    for bit, word in ((1, "efter"), (2, "etter")):
        lexica.add_word(table, hashed(word), bit)
    weights = np.zeros((16, 2), np.float32)
    weights[1, 0] = weights[2, 1] = 10
    return Kin(np.array(columns), doubt, table, weights, np.array(leads, np.float32))


def settle(text: str, scores: Sequence[float], relatives: Kin) -> list[float]:
    out, data = np.array(scores, np.float32), buffer(text)
    lexica.settle(data, (0, len(data)), text.isupper(), relatives, out)
    return [float(score) for score in out]


def test_words_turn_relatives_around_and_leave_the_best_score_where_it_was() -> None:
    assert settle("Dagen etter!", [-9, -1, -4], kin([1, 2])) == [-9, -8, -1]
    assert settle("Dagen efter!", [-9, -1, -4], kin([1, 2])) == [-9, -1, -14]
    assert settle("etter etter", [-9, -1, -4], kin([1, 2])) == [-9, -18, -1]


def test_names_say_nothing_of_the_language_they_stand_in() -> None:
    assert settle("Dagen Etter!", [-9, -1, -4], kin([1, 2])) == [-9, -1, -4]
    assert settle("ØST Etter", [-9, -1, -4], kin([1, 2])) == [-9, -1, -4]
    assert settle("Etter dagen", [-9, -1, -4], kin([1, 2])) == [-9, -8, -1]
    assert settle("DAGEN ETTER", [-9, -1, -4], kin([1, 2])) == [-9, -8, -1]


def test_a_clear_lead_and_a_stranger_in_front_are_left_alone() -> None:
    assert settle("etter", [-90, 0, -40], kin([1, 2])) == [-90, 0, -40]
    assert settle("etter", [0, -1, -4], kin([1, 2])) == [0, -1, -4]


def test_without_two_candidates_there_is_nothing_to_settle() -> None:
    assert settle("etter", [-9, -1, -4], kin([1, -1])) == [-9, -1, -4]
    assert settle("etter", [-9, -1, -4], kin([-1, -1])) == [-9, -1, -4]


def test_a_lead_counts_by_the_square_root_of_the_bytes() -> None:
    assert settle("x" * 16, [-1, -4], kin([0, 1], leads=[0, 1])) == [-2, -1]


@given(st.text(max_size=30), st.lists(st.integers(-20, 0), min_size=3, max_size=3))
def test_how_relatives_stand_against_all_others_is_not_touched(text: str, scores: list[int]) -> None:
    after = settle(text, scores, kin([0, 2], doubt=100.0))
    assert after[1] == scores[1]
    assert max(after[0], after[2]) == pytest.approx(max(scores[0], scores[2]), abs=1e-4)
