"""Candidates and clusters on small, hand-made keys."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.clusters import components, equal_sequences
from pipeline.kernels.lsh import band_keys, bands_for, candidates


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=12))
def test_documents_are_candidates_exactly_where_a_band_agrees(rows: list[list[int]]) -> None:
    signatures = np.array(rows, np.uint32)
    keys = np.empty((2, len(rows)), np.uint64)
    band_keys(signatures, 2, 2, keys)
    i, j = candidates(keys, np.arange(len(rows)), 100, 1)
    wanted = [
        (a, b)
        for a, b in itertools.combinations(range(len(rows)), 2)
        if rows[a][:2] == rows[b][:2] or rows[a][2:] == rows[b][2:]
    ]
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == wanted


def test_documents_left_out_of_the_order_are_no_candidates() -> None:
    keys = np.full((1, 4), 7 << 32, np.uint64)
    i, j = candidates(keys, np.array([3, 1]), 100, 1)
    assert (i.tolist(), j.tolist()) == ([1], [3])


def test_a_hot_bucket_costs_linear_work_and_stays_one_cluster() -> None:
    n = 5000
    keys = np.full((2, n), 7 << 32, np.uint64)
    i, j = candidates(keys, np.arange(n)[::-1].copy(), 100, 3)
    assert len(i) <= 4 * n
    # The leaders are the first in the order, here the last rows: each is paired with all others.
    for leader in (n - 1, n - 2, n - 3):
        assert np.count_nonzero((i == leader) | (j == leader)) == n - 1
    assert set(components(n, i, j).tolist()) == {0}


@pytest.mark.parametrize(("threshold", "recall"), [(0.5, 0.99), (0.7, 0.99), (0.8, 0.999), (0.95, 0.9)])
def test_bands_are_chosen_to_find_a_pair_at_the_threshold(threshold: float, recall: float) -> None:
    bands, rows = bands_for(224, threshold, recall)
    assert bands * rows <= 224
    assert 1 - (1 - threshold**rows) ** bands >= recall
    stricter = 224 // (rows + 1)
    assert 1 - (1 - threshold ** (rows + 1)) ** stricter < recall


def test_a_recall_out_of_reach_gives_the_widest_net() -> None:
    assert bands_for(8, 0.05, 0.999) == (8, 1)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=15), st.randoms(use_true_random=False)
)
def test_components_are_named_by_their_smallest_row_in_any_order_of_edges(
    edges: list[tuple[int, int]], random: object
) -> None:
    reach = {x: {x} for x in range(10)}
    for a, b in edges:
        joined = reach[a] | reach[b]
        for x in joined:
            reach[x] = joined
    shuffled = list(edges)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    pairs = np.array(shuffled, np.int64).reshape(-1, 2)
    labels = components(10, pairs[:, 0].copy(), pairs[:, 1].copy())
    assert labels.tolist() == [min(reach[x]) for x in range(10)]


def test_equal_digests_of_different_sequences_are_told_apart() -> None:
    hashes = np.array([1, 2, 1, 2, 2, 1, 1], np.uint64)
    offsets = np.array([0, 2, 4, 6, 7, 7, 7], np.int64)
    same = equal_sequences(offsets, hashes, np.full(6, 5, np.uint64))
    assert same.tolist() == [0, 0, 2, 3, 4, 5]


def test_recall_of_the_default_shape_is_as_documented() -> None:
    assert math.isclose(1 - (1 - 0.8**7) ** 32, 0.9995, abs_tol=1e-4)
