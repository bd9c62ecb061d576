"""Keys of small sets: no alike pair is missed, whatever the sets and the threshold."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.small_sets import SMALL, reach, small_set_keys


def keys_of(sets: list[list[int]], threshold: float) -> list[set[int]]:
    bounds = np.cumsum([0, *map(len, sets)]).astype(np.int64)
    keys, rows = small_set_keys(bounds, np.array([v for s in sets for v in s], np.uint64), threshold)
    return [{int(key) for key, row in zip(keys, rows, strict=True) if row == n} for n in range(len(sets))]


@given(
    st.lists(st.lists(st.integers(1, 30), max_size=24), min_size=2, max_size=8),
    st.sampled_from([0.5, 0.6, 2 / 3, 0.7, 0.8, 0.9, 1.0]),
)
def test_sets_that_are_alike_share_a_key(sets: list[list[int]], threshold: float) -> None:
    keys = keys_of(sets, threshold)
    for a, b in itertools.combinations(range(len(sets)), 2):
        one, other = set(sets[a]), set(sets[b])
        if one and other and len(one & other) / len(one | other) >= threshold:
            assert keys[a] & keys[b]


def test_empty_sets_have_no_key() -> None:
    assert keys_of([[], [5], []], 0.8)[::2] == [set(), set()]


def test_repeats_count_once() -> None:
    assert keys_of([[5, 5, 6], [6, 5]], 0.8)[0] == keys_of([[5, 5, 6], [6, 5]], 0.8)[1]


def test_disjoint_sets_share_no_key() -> None:
    sets = [list(range(at, at + 19)) for at in range(1, 190, 19)]
    keys = keys_of(sets, 0.8)
    assert sum(map(len, keys)) == len(set().union(*keys))


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.95, 1.0])
def test_reach_is_the_largest_set_that_can_be_alike_to_a_small_one(threshold: float) -> None:
    size = SMALL - 1
    assert size / reach(threshold) >= threshold - 1e-9
    assert size / (reach(threshold) + 1) < threshold
