"""Folding chunk by chunk against Python's own words: characters of every length, documents around and beyond one chunk."""

import functools
import itertools
import os
import random
import re
import sys
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.kernels.shingles import powers, shingle_documents, shingle_hash
from pipeline.kernels.tokens import (
    CHUNK,
    FOLDED,
    FRONT,
    ODD,
    PAD,
    chunk_end,
    fold_chunk,
    fold_table,
    longest_chunk,
    settle,
    settled_table,
)
from pipeline.stages.duplicates import DuplicatesConfig, digests_of, sketch
from pipeline.stages.duplicates_sketch import shingle

hash_of = functools.cache(shingle_hash)
compiled_only = pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="minutes without compilation")


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())


def wanted_hashes(text: str, width: int = 5) -> list[int]:
    words = words_of(text)
    if len(words) < width:
        return [hash_of(" ".join(words).encode())] if words else []
    return [hash_of(" ".join(words[at : at + width]).encode()) for at in range(len(words) - width + 1)]


def hashes_of(text: str, width: int = 5) -> list[int]:
    found: list[int] = shingle(pa.array([text], pa.large_string()), width)[1].tolist()
    return found


def fold(text: str, *, before: str = "", dirt: int = 0xC3) -> tuple[list[str], bool]:
    """Words of the text as `fold_chunk` folds it, and whether it is odd. The scratch is full of dirt before."""
    data = np.frombuffer((before + text).encode(), np.uint8)
    start = len(before.encode())
    size = len(data) - start
    raw, folded = np.full(FRONT + size + PAD, dirt, np.uint8), np.full(FRONT + size + PAD, dirt, np.uint8)
    mask = np.full(size + PAD, dirt, np.uint8)
    seen = fold_chunk(data, start, len(data), fold_table(), (raw, folded, mask))
    assert set(mask[:size].tolist()) <= {0, 255}
    assert not mask[size:].any()
    kept = np.where(mask[:size] == 255, folded[FRONT : FRONT + size], 32).astype(np.uint8)
    return kept.tobytes().decode().split(), bool(seen >= ODD)


# One, two, three and four bytes; cased and not; signs among the letters of Latin-1; what comes right before and after them.
LETTERS = st.text("aZ09_ .@[`{/:ÀÖ×ØÞßàö÷øþÿ\u00bf\u0100ĀāΑΩωЖжЯ漢ひ\U00020000\U0001f600—\u00a0", max_size=40)


@given(LETTERS)
@example("å×Å÷å")
@example("\U00020000a\U0001f600b")
def test_what_is_not_odd_is_folded_to_pythons_words(text: str) -> None:
    words, odd = fold(text)
    assert not odd
    assert words == words_of(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_text_is_folded_rightly_or_odd(text: str) -> None:
    words, odd = fold(text)
    assert odd or words == words_of(text)


def test_a_chunk_knows_nothing_of_what_stands_before_it() -> None:
    assert fold("\u00a0x", before="Ã") == (["x"], False)
    assert fold("ÅÄ", before="x") == (["åä"], False)


def test_greek_and_cyrillic_capitals_are_folded_in_place() -> None:
    assert fold("ΑΒΓΔΩ ЖЩЯ ДОМ Ӂ ԱՖ Ꭰ") == (words_of("ΑΒΓΔΩ ЖЩЯ ДОМ Ӂ ԱՖ Ꭰ"), False)


@pytest.mark.parametrize("letter", ["\u023a", "\u1e9e", "\u2c62", "\u212a", "\u0130", "\u03a3", "\U00010400"])
def test_letters_that_take_another_place_in_lower_case_are_odd_and_settled_by_python(letter: str) -> None:
    assert fold(f"ett {letter} till")[1]
    assert hashes_of(f"ett {letter} till") == wanted_hashes(f"ett {letter} till")


@compiled_only
def test_every_character_is_folded_in_a_document_of_its_own() -> None:
    table = fold_table()
    raw = [chr(code).encode("utf-8", "surrogatepass") for code in range(sys.maxunicode + 1)]
    offsets = np.cumsum([0, *map(len, raw)]).astype(np.int64)
    bounds, hashes, odd = shingle_documents(offsets, np.frombuffer(b"".join(raw), np.uint8), table, powers(5))
    counts = np.diff(bounds)
    lower = (table & FOLDED).tolist()
    for code in np.flatnonzero(table).tolist():
        folded = chr(lower[code]).encode()
        moves = lower[code] != code and (len(folded) != len(raw[code]) or len(folded) == 4)
        assert bool(odd[code]) == (bool(table[code] >= ODD) or moves), hex(code)
        if not odd[code]:
            assert hashes[bounds[code]] == hash_of(folded), hex(code)
    assert not counts[odd].any()
    assert np.array_equal(counts == 1, (table > 0) & ~odd)


def test_settled_text_folds_to_itself() -> None:
    table = settled_table()
    wrong = []
    for code in range(sys.maxunicode + 1):
        if not 0xD800 <= code < 0xE000:
            wrong += [hex(code) for d in map(ord, settle(chr(code))) if table[d] not in (0, d)]
    assert wrong == []


# --- chunks ------------------------------------------------------------------------------------------------------------


def cuts(data: bytes) -> list[int]:
    array, at, found = np.frombuffer(data, np.uint8), 0, [0]
    while at < len(data):
        stop = chunk_end(array, at, len(data))
        assert stop > at
        at = stop
        found.append(at)
    offsets = np.array([0, len(data)], np.int64)
    assert longest_chunk(offsets, array) == max([b - a for a, b in itertools.pairwise(found)] or [0])
    return found


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK])
def test_what_fits_is_one_chunk(size: int) -> None:
    assert cuts(b"ab " * (size // 3) + b"c" * (size % 3))[-1] == size
    assert len(cuts(b"x" * size)) == (2 if size else 1)


@pytest.mark.parametrize("white", [b" ", b"\n", b"\t", b"\x00"])
@pytest.mark.parametrize("back", [0, 1, 2, 500, CHUNK - 1])
def test_a_chunk_ends_behind_the_last_white_space_that_fits(white: bytes, back: int) -> None:
    data = bytearray(b"x" * (CHUNK + 100))
    data[CHUNK - 1 - back : CHUNK - back] = white
    assert cuts(bytes(data)) == [0, CHUNK - back, CHUNK + 100]


def test_without_white_space_a_chunk_goes_on_to_the_next() -> None:
    assert cuts(b"x" * (2 * CHUNK) + b" y") == [0, 2 * CHUNK, 2 * CHUNK + 2]
    assert cuts(b"x" * (3 * CHUNK)) == [0, 3 * CHUNK]


@given(st.integers(0, 2**32), st.integers(1, 3000))
def test_no_chunk_parts_a_word(seed: int, longest: int) -> None:
    draw = random.Random(seed)
    data = " ".join("å" * draw.randint(0, longest) for _ in range(1 + 3 * CHUNK // longest)).encode()
    for at in cuts(data)[1:-1]:
        assert data[at - 1] == 32


# --- documents of several chunks ---------------------------------------------------------------------------------------

LONG = {
    "no white space": "ord,Ordet.och/" * (CHUNK // 8),
    "one word": "å" * CHUNK,
    "one word and some": "Å" * CHUNK + " och några ord till efter det",
    "punctuation": "?!…" * CHUNK,
    "punctuation and white space": "?! … " * CHUNK,
    "white space": " \n" * CHUNK,
    "few words far apart": "ett" + " " * CHUNK + "två" + "\n" * (2 * CHUNK) + "tre",
    "few words, then nothing": "ett två tre" + " " * (2 * CHUNK),
    "four words and one, chunks apart": "a b c d" + "." * CHUNK + " " * CHUNK + "e",
    "three bytes": "漢字ひ、" * (CHUNK // 4),
    "four bytes": "\U00020000\U0001f600 " * (CHUNK // 4),
    "odd at the very end": "ab " * CHUNK + "e\u0301",
    "odd between chunks": "ab " * (CHUNK // 3) + "a \u030a b " + "cd " * CHUNK,
}


@compiled_only
@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("width", [1, 5, 16])
def test_long_documents_have_the_shingles_of_plain_python(name: str, width: int) -> None:
    assert hashes_of(LONG[name], width) == wanted_hashes(LONG[name], width)


@compiled_only
@pytest.mark.parametrize("word", ["Gränsöverskridande", "漢字漢字", "\U00020000\U00020000", "a", "—"])
def test_a_word_on_the_border_of_a_chunk_is_one_word(word: str) -> None:
    size = len(word.encode())
    for before in range(CHUNK - size - 3, CHUNK + 3):
        text = ("ab " * CHUNK)[:before].rstrip("ab") if before % 2 else "ab " * (before // 3)
        text += "." * (before - len(text) - 1) + " " + word + ("x, " if before % 3 else " ") + "slut på allt"
        assert hashes_of(text) == wanted_hashes(text)


@compiled_only
@given(st.integers(0, 2**32))
def test_random_long_documents_have_the_shingles_of_plain_python(seed: int) -> None:
    draw = random.Random(seed)
    vocabulary = [
        "skog",
        "Åker",
        "§",
        "2024:12",
        "漢字",
        "Жук",
        "ÖVERKLAGANDENÄMNDEN",
        "\U00020000",
        "—",
        "x_1",
    ]
    marks = [" ", " ", " ", "\n\n", ", ", "\u00a0", "-"]
    text = "".join(draw.choice(vocabulary) + draw.choice(marks) for _ in range(draw.randint(6000, 9000)))
    assert hashes_of(text) == wanted_hashes(text)


@compiled_only
def test_a_sketch_sees_the_shingles_that_verification_sees() -> None:
    texts = pa.array([*LONG.values(), "kort", "a b c d e f", ""], pa.large_string())
    offsets, hashes = shingle(texts, 5)
    parts = sketch(texts, DuplicatesConfig())
    windows, digests = (np.concatenate([getattr(p, name) for p in parts]) for name in ("windows", "digests"))
    assert windows.tolist() == np.diff(offsets).tolist()
    has_words = windows > 0
    assert np.array_equal(digests[has_words], digests_of(offsets, hashes)[has_words])
