"""Hashed n-grams: as plain Python counts and weighs them, over the edges of chunks too."""

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.kernels.relevance import gram_counts, mean_weights
from pipeline.kernels.shingles import _fmix64, _word_hash
from pipeline.kernels.tokens import CHUNK, fold_table, settled_table

RADIX, MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1
BUCKETS = 997


def grams(text: str, longest: int) -> list[int]:
    words = [_fmix64(_word_hash(word.encode())) for word in re.findall(r"\w+", text.lower())]
    found = []
    for at in range(len(words)):
        for size in range(1, min(longest, at + 1) + 1):
            value = 0
            for word in words[at - size + 1 : at + 1]:
                value = (value * RADIX + word) & MASK
            found.append(((_fmix64(value) >> 32) * BUCKETS) >> 32)
    return found


def buffers(*texts: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    raw = [text.encode() for text in texts]
    return np.cumsum([0, *map(len, raw)]), np.frombuffer(b"".join(raw), np.uint8)


LONG = "En stor skog av gran och tall i fjällen. " * (CHUNK // 20)


@pytest.mark.parametrize("longest", [1, 2, 3])
@pytest.mark.parametrize("text", ["Skog", "En skog av GRAN, och Åbo.", LONG])
def test_counts_and_weights_are_those_of_plain_python(text: str, longest: int) -> None:
    own = grams(text, longest)
    counts = gram_counts(*buffers(text.lower()), settled_table(), BUCKETS, longest)
    assert counts.tolist() == np.bincount(own, minlength=BUCKETS).tolist()
    weights = np.linspace(-1, 1, BUCKETS, dtype=np.float32)
    values, odd = mean_weights(*buffers(text), fold_table(), weights, longest)
    assert values[0] == pytest.approx(np.mean(weights[own], dtype=np.float64), abs=1e-6)
    assert not odd.any()


def test_nothing_to_weigh_is_nan_and_odd_documents_are_told() -> None:
    weights = np.ones(10, np.float32)
    values, odd = mean_weights(*buffers("", "...", "İstanbul", "skog"), fold_table(), weights, 2)
    assert np.isnan(values[:2]).all()
    assert odd.tolist() == [False, False, True, False]
    assert values[3] == 1.0
