"""Intervals and order statistics keep what they promise, counted over every outcome of the binomial."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.quality.intervals import clopper_pearson, most_lost, needed, order_for


def binomial(n: int, p: float) -> list[float]:
    return [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]


def wilson(k: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4)
    return centre - half, centre + half


def coverage(interval: list[tuple[float, float]], n: int, p: float) -> float:
    chances = binomial(n, p)
    return sum(chance for chance, (low, high) in zip(chances, interval, strict=True) if low <= p <= high)


@given(st.integers(1, 60), st.floats(0.0005, 0.9995))
def test_the_interval_covers_the_share_at_least_as_often_as_it_says(n: int, p: float) -> None:
    assert coverage([clopper_pearson(k, n) for k in range(n + 1)], n, p) >= 0.95 - 1e-9


def test_wilson_misses_more_often_where_costs_are_small() -> None:
    """The reason that the docstring gives for the choice."""
    n, p = 100, 0.00176
    assert coverage([wilson(k, n) for k in range(n + 1)], n, p) == pytest.approx(0.84, abs=0.005)
    assert coverage([clopper_pearson(k, n) for k in range(n + 1)], n, p) > 0.95


def test_nothing_seen_says_nothing() -> None:
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    assert clopper_pearson(5, 5)[1] == 1.0


@given(st.sampled_from([0.005, 0.01, 0.05, 0.2]), st.integers(1, 700))
def test_the_order_is_the_largest_that_keeps_the_promise(share: float, n: int) -> None:
    order = order_for(share, n)
    below = [sum(binomial(n, share)[:r]) for r in (order, order + 1)]
    # P(Bin < r) is what may go wrong: the r-th most extreme value then lies inside of the share.
    assert order == 0 or below[0] <= 0.05 + 1e-9
    assert below[1] > 0.05 - 1e-9
    assert (order > 0) == (n >= needed(share))
    if order:
        assert most_lost(order, n) <= share + 1e-9 < most_lost(order + 1, n) + 2e-9
