"""Survivors against a greedy choice in plain Python."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.survivors import neighbours, survivors

Edges = dict[tuple[int, int], float]


def chosen(
    order: Sequence[int], copy_of: Sequence[int], may_remove: Sequence[bool], edges: Edges
) -> list[tuple[int, float | None]]:
    """(row that each row is removed for or -1, how alike): written for clearness, quadratic."""
    out: dict[int, tuple[int, float | None]] = {}
    staying: list[int] = []
    for row in order:
        alike = []
        for other in staying:
            one, two = sorted([copy_of[row], copy_of[other]])
            value = 1.0 if one == two else edges.get((one, two))
            if value is not None:
                alike.append((-value, order.index(other), other))
        if alike:
            value, _, other = min(alike)
            out[row] = other, -value
        else:
            out[row] = -1, None
            if may_remove[row]:
                staying.append(row)
    return [out[row] for row in range(len(order))]


def computed(
    order: Sequence[int], copy_of: Sequence[int], may_remove: Sequence[bool], edges: Edges
) -> list[tuple[int, float | None]]:
    ends = np.array(list(edges), np.int64).reshape(-1, 2)
    around = neighbours(len(order), ends[:, 0], ends[:, 1], np.array(list(edges.values()), np.float64))
    removed_for, alike = survivors(
        np.array(order, np.int64), np.array(copy_of, np.int64), np.array(may_remove, bool), around
    )
    values = [None if np.isnan(value) else value for value in alike.tolist()]
    return list(zip(removed_for.tolist(), values, strict=True))


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[list[int], list[int], list[bool], Edges]:
    n = draw(st.integers(1, 9))
    labels = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    copy_of = [labels.index(label) for label in labels]
    firsts = sorted(set(copy_of))
    every = [(a, b) for a in firsts for b in firsts if a < b]
    values = draw(st.lists(st.sampled_from([None, 0.8, 0.9, 1.0]), min_size=len(every), max_size=len(every)))
    edges = {pair: value for pair, value in zip(every, values, strict=True) if value is not None}
    may_remove = draw(st.lists(st.booleans() | st.just(True), min_size=n, max_size=n))
    return draw(st.permutations(range(n))), copy_of, may_remove, edges


@given(comparisons())
def test_survivors_are_those_of_a_plain_greedy_choice(
    case: tuple[list[int], list[int], list[bool], Edges],
) -> None:
    assert computed(*case) == chosen(*case)


@given(comparisons(), st.randoms(use_true_random=False))
def test_the_order_of_edges_says_nothing(
    case: tuple[list[int], list[int], list[bool], Edges], draw: object
) -> None:
    order, copy_of, may_remove, edges = case
    shuffled = list(edges.items())
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    turned = {(b, a) if a % 2 else (a, b): value for (a, b), value in shuffled}
    assert computed(order, copy_of, may_remove, turned) == computed(*case)


def test_the_most_alike_removes_and_then_the_best_in_order() -> None:
    pairs = {(0, 2): 0.8, (1, 2): 0.9}
    assert computed([0, 1, 2], [0, 1, 2], [True] * 3, pairs)[2] == (1, 0.9)
    assert computed([1, 0, 2], [0, 1, 2], [True] * 3, dict.fromkeys(pairs, 0.8))[2] == (1, 0.8)


def test_what_was_removed_removes_nothing() -> None:
    chain = {(0, 1): 0.8, (1, 2): 0.8}
    assert [row for row, _ in computed([0, 1, 2], [0, 1, 2], [True] * 3, chain)] == [-1, 0, -1]


def test_a_copy_that_may_not_remove_leaves_its_place_to_the_next() -> None:
    assert [row for row, _ in computed([0, 1, 2], [0, 0, 0], [False, True, True], {})] == [-1, -1, 1]


def test_nobody_is_alike_to_nobody() -> None:
    assert computed([], [], [], {}) == []
