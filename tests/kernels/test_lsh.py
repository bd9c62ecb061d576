"""Bands, buckets and clusters on small, hand-made keys."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels import lsh
from pipeline.kernels.clusters import components, first_equal


def pairs(
    keys: list[int], *, full: int = 100, leaders: int = 1, new: list[bool] | None = None
) -> list[tuple[int, int]]:
    """Pairs of one band, rows numbered in order and ranked from the last."""
    n = len(keys)
    entries = lsh.entries(np.array(keys, np.uint64) << np.uint64(40), np.arange(n))
    is_new = np.array([True] * n if new is None else new)
    found = lsh.bucket_pairs(entries, np.arange(n)[::-1].copy(), is_new, (full, leaders), np.zeros(n, bool))
    return [(int(i), int(j)) for i, j in zip(*lsh.ends(lsh.sorted_unique([found])), strict=True)]


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=12))
def test_documents_share_a_key_exactly_where_a_band_agrees(rows: list[list[int]]) -> None:
    signatures = np.array(rows, np.uint32)
    keys = np.empty((2, len(rows)), np.uint64)
    lsh.band_keys(signatures, 2, 2, keys)
    for a, b in itertools.combinations(range(len(rows)), 2):
        assert (keys[0, a] == keys[0, b]) == (rows[a][:2] == rows[b][:2])
        assert (keys[1, a] == keys[1, b]) == (rows[a][2:] == rows[b][2:])


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=14))
def test_a_bucket_gives_every_pair_in_which_a_row_is_new(rows: list[tuple[int, bool]]) -> None:
    keys, new = [key for key, _ in rows], [is_new for _, is_new in rows]
    assert pairs(keys, new=new) == [
        (a, b)
        for a, b in itertools.combinations(range(len(rows)), 2)
        if keys[a] == keys[b] and (new[a] or new[b])
    ]


def test_a_row_with_one_key_twice_is_no_pair_with_itself() -> None:
    entries = lsh.entries(np.array([7, 7], np.uint64) << np.uint64(40), np.array([1, 1]))
    out = lsh.bucket_pairs(entries, np.arange(2), np.ones(2, bool), (9, 1), np.zeros(2, bool))
    assert len(out) == 0


def test_a_hot_bucket_costs_linear_work_and_stays_one_cluster() -> None:
    n = 5000
    found = pairs([7] * n, full=100, leaders=3, new=[False] * n)
    assert len(found) <= 4 * n
    # The leaders are the best by rank, here the last rows: each is paired with all others.
    for leader in (n - 1, n - 2, n - 3):
        assert sum(leader in pair for pair in found) == n - 1
    i, j = np.array(found, np.int64).T
    assert set(components(n, i.copy(), j.copy()).tolist()) == {0}


def test_rows_beyond_the_limit_are_refused() -> None:
    with pytest.raises(ValueError, match="268,435,456"):
        lsh.entries(np.zeros(1, np.uint64), np.array([lsh.MOST_ROWS]))


@given(st.lists(st.integers(0, 5), max_size=20), st.sets(st.integers(0, 6)), st.integers(1, 4))
def test_buckets_are_found_by_key_and_by_size(keys: list[int], wanted: set[int], full: int) -> None:
    shift = np.uint64(lsh.ROW_BITS)
    entries = lsh.entries(np.array(keys, np.uint64) << shift, np.arange(len(keys)))
    found = lsh.in_buckets(entries, np.array(sorted(wanted), np.uint64))
    assert sorted(lsh.rows_of(found).tolist()) == [n for n, key in enumerate(keys) if key in wanted]
    assert lsh.long_runs(entries, full).tolist() == sorted(k for k in set(keys) if keys.count(k) > full)


@pytest.mark.parametrize(
    ("threshold", "recall"), [(0.5, 0.99), (0.7, 0.99), (0.8, 0.999), (0.95, 0.9), (1.0, 0.999)]
)
def test_bands_are_chosen_to_find_a_pair_at_the_threshold(threshold: float, recall: float) -> None:
    bands, rows = lsh.bands_for(128, threshold, recall)
    assert bands * rows <= 128
    assert 1 - (1 - threshold**rows) ** bands >= recall
    stricter = 128 // (rows + 1)
    assert not stricter or 1 - (1 - threshold ** (rows + 1)) ** stricter < recall


def test_a_recall_out_of_reach_gives_the_widest_net() -> None:
    assert lsh.bands_for(8, 0.05, 0.999) == (8, 1)


def test_recall_of_the_default_shape_is_as_documented() -> None:
    assert math.isclose(1 - (1 - 0.8**5) ** 19, 0.9995, abs_tol=1e-4)


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
    array = np.array(shuffled, np.int64).reshape(-1, 2)
    labels = components(10, array[:, 0].copy(), array[:, 1].copy())
    assert labels.tolist() == [min(reach[x]) for x in range(10)]


@given(st.lists(st.tuples(st.sampled_from([0, 1, 64, 128]), st.integers(0, 2)), max_size=20))
def test_equal_ids_are_found_by_both_halves(ids: list[tuple[int, int]]) -> None:
    array = np.array(ids, np.uint64).reshape(-1, 2)
    assert first_equal(array).tolist() == [ids.index(one) for one in ids]
