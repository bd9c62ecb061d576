"""Jaccard of hash sets against Python sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.jaccard import content_of_pairs, distinct, jaccard_of_pairs, table_of

# Multiples of 64 crowd the lowest slots of a table, and the small ones repeat.
HASHES = st.lists(
    st.integers(1, 6) | st.integers(1, 6).map(lambda x: x * 64) | st.integers(1, 2**64 - 1), max_size=30
)


def packed(lists: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.cumsum([0, *map(len, lists)]).astype(np.int64)
    return offsets, np.array([value for values in lists for value in values], np.uint64)


@given(st.lists(HASHES, min_size=1, max_size=6), st.sampled_from([0.05, 0.3, 0.5, 0.8, 1.0]))
def test_jaccard_is_that_of_the_sets_and_nothing_below_the_threshold(
    lists: list[list[int]], threshold: float
) -> None:
    offsets, hashes = packed(lists)
    counts = distinct(offsets, hashes)
    pairs = [(a, b) for a in range(len(lists)) for b in range(len(lists))]
    i, j = np.array(pairs, np.int64).T
    values = jaccard_of_pairs(i.copy(), j.copy(), offsets, hashes, counts, threshold)
    for (a, b), value in zip(pairs, values.tolist(), strict=True):
        one, other = set(lists[a]), set(lists[b])
        true = len(one & other) / len(one | other) if one and other else 0.0
        assert value == (true if true >= threshold else -1.0)


@given(HASHES)
def test_distinct_keeps_each_hash_once_in_reading_order(values: list[int]) -> None:
    offsets, hashes = packed([values])
    (count,) = distinct(offsets, hashes)
    assert hashes[:count].tolist() == list(dict.fromkeys(values))


@pytest.mark.parametrize(("shared", "union"), [(4, 5), (8, 10), (7, 10), (1, 3), (2, 3), (19, 20)])
def test_a_pair_exactly_at_the_threshold_is_found(shared: int, union: int) -> None:
    offsets, hashes = packed([list(range(1, shared + 1)), list(range(1, union + 1))])
    counts = distinct(offsets, hashes)
    one, other = np.array([0]), np.array([1])
    assert jaccard_of_pairs(one, other, offsets, hashes, counts, shared / union).tolist() == [shared / union]


@given(st.lists(HASHES, min_size=1, max_size=6), HASHES)
def test_content_is_the_jaccard_of_what_is_left_without_templates(
    lists: list[list[int]], templates: list[int]
) -> None:
    offsets, hashes = packed(lists)
    counts = distinct(offsets, hashes)
    pairs = [(a, b) for a in range(len(lists)) for b in range(len(lists))]
    i, j = np.array(pairs, np.int64).T
    table = table_of(np.array(sorted(set(templates)), np.uint64))
    shares, sizes = content_of_pairs(i.copy(), j.copy(), offsets, hashes, counts, table)
    for (a, b), share, size in zip(pairs, shares.tolist(), sizes.tolist(), strict=True):
        one, other = set(lists[a]) - set(templates), set(lists[b]) - set(templates)
        assert size == min(len(one), len(other))
        if one | other:
            assert share == len(one & other) / len(one | other)
        else:
            assert np.isnan(share)


def test_content_has_room_for_the_longer_set_on_either_side() -> None:
    # Without compilation, as coverage runs it, a buffer too short is an error.
    offsets, hashes = packed([[1, 2], list(range(1, 60))])
    counts = distinct(offsets, hashes)
    for i, j in ((0, 1), (1, 0)):
        shares, sizes = content_of_pairs(
            np.array([i]), np.array([j]), offsets, hashes, counts, table_of(np.zeros(0, np.uint64))
        )
        assert (shares.tolist(), sizes.tolist()) == ([2 / 59], [2])
