"""The language path: prices of changes, ties, and the walk in four places against the walk in one."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.kernels import language_id as lid
from pipeline.kernels.lexica import Kin


def path(scores: Sequence[Sequence[float]], related: list[bool], prices: tuple[float, float]) -> list[int]:
    out = np.zeros(len(scores), np.int32)
    prior = np.zeros(len(related), np.float32)
    lid.cheapest_path(np.array(scores, np.float32), prior, np.array(related), prices, out)
    return out.tolist()


def cost(
    scores: NDArray[np.float64], labels: tuple[int, ...], related: list[bool], prices: tuple[float, float]
) -> float:
    total = sum(scores[i, k] for i, k in enumerate(labels))
    for a, b in itertools.pairwise(labels):
        if a != b:
            total -= prices[1] if related[a] and related[b] else prices[0]
    return float(total)


def test_a_change_must_earn_its_price_twice_to_go_and_return() -> None:
    assert path([[0, -90], [-19, 0], [0, -90]], [False, False], (10.0, 10.0)) == [0, 0, 0]
    assert path([[0, -90], [-21, 0], [0, -90]], [False, False], (10.0, 10.0)) == [0, 1, 0]


def test_near_relatives_pay_their_own_price() -> None:
    scores = [[0, -30, -30], [-25, 0, 0], [0, -30, -30]]
    assert path(scores, [True, True, False], (10.0, 25.0)) == [0, 2, 0]
    assert path(scores, [True, True, True], (10.0, 25.0)) == [0, 0, 0]


def test_a_line_without_evidence_takes_the_language_around_it() -> None:
    assert path([[0, -9], [0, 0], [0, -9]], [False, False], (1.0, 1.0)) == [0, 0, 0]
    assert path([[-9, 0], [0, 0], [-9, 0]], [False, False], (1.0, 1.0)) == [1, 1, 1]


@given(
    st.lists(st.lists(st.integers(-30, 0), min_size=3, max_size=3), min_size=1, max_size=4),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_no_other_path_is_cheaper(scores: list[list[int]], related: list[bool]) -> None:
    prices = (7.0, 12.0)
    table = np.array(scores, np.float64)
    best = max(cost(table, labels, related, prices) for labels in np.ndindex(*[3] * len(scores)))
    assert cost(table, tuple(path(scores, related, prices)), related, prices) == pytest.approx(best)


@pytest.fixture(scope="module")
def toy() -> lid.Model:
    """An automaton that knows the two bytes "ab" (feature 1), and one language that it counts for."""
    moves = np.zeros((2, 256), np.uint64)
    moves[:, ord("a")] = 256
    moves[1, ord("b")] = 1 << 32
    weights = np.array([[0], [3]], np.int16)
    return moves.ravel(), 0, weights, 0.5, np.zeros(1, np.float32), np.zeros(1, np.bool_)


@pytest.fixture(scope="module")
def alone() -> Kin:
    """No relatives to settle."""
    nothing = np.zeros((16, 1), np.float32)
    return Kin(np.array([-1]), 0.0, np.zeros(16, np.uint32), nothing, nothing[0])


@given(text=st.text(st.sampled_from("ab "), max_size=300))
def test_features_are_counted_once_each_however_long_the_line(toy: lid.Model, text: str) -> None:
    data = np.frombuffer(text.encode(), np.uint8)
    counts, touched = np.zeros(2, np.int32), np.empty(3, np.int32)
    seen = lid.walk(data, 0, len(data), toy, (counts, touched))
    assert counts[1] == text.count("ab")
    assert seen == len(set(touched[:seen].tolist()))


def test_documents_get_letters_scores_and_segments(toy: lid.Model, alone: Kin) -> None:
    texts = [b"ab ab\n\n\xc3\xa5b", b"", b"\n"]
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    letters, scores, counts, segments = lid.identify(
        (offsets, np.frombuffer(b"".join(texts), np.uint8)), toy, alone, (1.0, 1.0)
    )
    assert letters[:, 0].tolist() == [6, 0, 0]
    assert scores[0, 0] == pytest.approx(np.log1p(2) * 1.5)
    assert counts.tolist() == [[3, 8, 0, 1], [0, 0, -1, 0], [0, 0, -1, 0]]
    assert segments.tolist() == [[0, 9, 0]]
