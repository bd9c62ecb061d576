"""Tokens and shingle hashes against Python's own normalisation, lower case and regular expression."""

import contextlib
import io
import re
import subprocess
import sys
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.kernels.shingles import shingle_hash
from pipeline.kernels.tokens import FOLDED, ODD, fold_table
from pipeline.stages.duplicates_sketch import shingle


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())


def shingles_of(text: str, width: int = 5) -> list[str]:
    words = words_of(text)
    if len(words) < width:
        return [" ".join(words)] if words else []
    return [" ".join(words[at : at + width]) for at in range(len(words) - width + 1)]


def hashes_of(text: str, width: int = 5) -> list[int]:
    _, hashes = shingle(pa.array([text], pa.large_string()), width)
    return [int(value) for value in hashes]


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
# Characters with a trap each: two-byte, cased, final sigma, dotted I, combining, Hangul, CJK, emoji, digits, separators.
TRAPS = st.text(
    "aZåÄö9_ -.\u0130\u03a3\u03c3\u0307\u030a\u1100\u1161\u11a8\uac00漢\U0001f600\ufe0f\u212b\u00b7ß",
    max_size=40,
)


@given(ANY_TEXT | TRAPS)
@example("ODYSSEUS \u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3 \u03a3")
@example("\u0130stanbul \u0130")
@example("cafe\u0301 caf\u00e9 \u212bngstro\u0308m")
def test_shingles_are_those_of_normalised_lower_case_words(text: str) -> None:
    assert hashes_of(text) == [shingle_hash(shingle.encode()) for shingle in shingles_of(text)]


@given(TRAPS, st.integers(1, 16))
def test_every_width_gives_windows_of_that_many_words(text: str, width: int) -> None:
    assert hashes_of(text, width) == [shingle_hash(shingle.encode()) for shingle in shingles_of(text, width)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" \n\t", 0),
        ("?! -- …", 0),
        ("ord", 1),
        ("fyra ord är få", 1),
        ("nu är de fem ord", 1),
        ("nu är de sex ord här", 2),
        ("ja " * 100, 96),
        ("漢字", 1),
        ("\U0001f600 \U0001f468\u200d\U0001f469", 0),
    ],
)
def test_a_text_has_a_window_per_word_and_one_in_all_where_words_are_few(text: str, count: int) -> None:
    assert len(hashes_of(text)) == count


def test_digits_and_swedish_letters_are_not_folded() -> None:
    texts = ["2 § lag om får", "3 § lag om får", "2 § lag om far", "2 § lag om fär", "2 § lag om for"]
    assert len({hashes_of(text)[0] for text in texts}) == len(texts)


def test_case_and_punctuation_do_not_count() -> None:
    assert hashes_of("Å, ÄN Ö – är det?") == hashes_of("å än ö är det")


def test_order_of_words_counts() -> None:
    assert hashes_of("a b") != hashes_of("b a")
    assert hashes_of("ab c") != hashes_of("a bc")


def test_every_character_folds_as_python_folds_it() -> None:
    table = fold_table()
    wrong = []
    for code in range(sys.maxunicode + 1):
        if 0xD800 <= code < 0xE000 or table[code] >= ODD:
            continue
        words = words_of(chr(code))
        if words != ([chr(table[code])] if table[code] else []):
            wrong.append(hex(code))
    assert wrong == []


def test_characters_that_normalisation_can_touch_are_odd() -> None:
    odd = set(np.flatnonzero(fold_table() >= ODD).tolist())
    for code in range(0x40000):
        if 0xD800 <= code < 0xE000:
            continue
        if not unicodedata.is_normalized("NFC", chr(code)) or unicodedata.combining(chr(code)):
            assert code in odd, hex(code)
    # Each way to write a precomposed character in two: the second part must be odd.
    for code in range(0xC0, 0x40000):
        parts = unicodedata.normalize("NFD", chr(code)) if not 0xD800 <= code < 0xE000 else ""
        assert all(ord(part) in odd for part in parts[1:]), hex(code)


def test_folding_twice_changes_nothing() -> None:
    table = fold_table() & FOLDED
    assert np.array_equal(table[table], table)


def test_kernels_give_the_same_without_compilation() -> None:
    script = """
import numpy as np, pyarrow as pa
import os
if "NUMBA_DISABLE_JIT" in os.environ:
    np.seterr(over="ignore")  # arithmetic modulo 2**64 is meant
from pipeline.stages.duplicates import DuplicatesConfig, signatures, sketch, verified_pairs
config = DuplicatesConfig(permutations=16, bands=8, rows=2)
texts = pa.array(["", "?", "?", "Ett ord", "ett  ORD!", "\\u0130 i\\u0307", "a b c d e f \\u00e5 \\u6f22", "a b c d e f \\u00e5 h"], pa.large_string())
(only,) = sketch(texts, config)
print(only.keys.tolist(), only.windows.tolist(), only.digests.tolist(), only.small_keys.tolist())
print(signatures(texts, config).tolist())
print(verified_pairs(texts, config).to_pylist())
"""
    plain = subprocess.run(
        [sys.executable, "-c", script],
        env={"NUMBA_DISABLE_JIT": "1", "PATH": "", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    with contextlib.redirect_stdout(io.StringIO()) as compiled:
        exec(script, {})
    assert plain.stdout == compiled.getvalue()
    assert "'i': 3, 'j': 4" in plain.stdout
