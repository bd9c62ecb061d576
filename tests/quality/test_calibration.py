"""What limits cost, and what is proposed instead: counted by hand, and held to laws."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.quality.calibration import Calibration, Candidate, Sample, Share, Together, costs, tidy
from pipeline.quality.calibration_fit import FEWEST_FOUND, calibrate
from pipeline.quality.intervals import most_lost


def candidate(key: str, values: list[float], now: float | None, near: float = 0.0) -> Candidate:
    array = np.array(values, np.float32)
    made = Candidate(key, key.startswith("min_"), now, array, *(np.zeros(len(array), bool),) * 2)
    if now is None:
        return made
    inside = now + near if made.is_low else now - near
    drops = made.beyond(now)
    return dataclasses.replace(made, drops=drops, flags=made.beyond(inside) & ~drops)


def sample(labels: str, halves: str = "") -> Sample:
    """g good, b bad; f fit, h held out."""
    fit = np.array([half == "f" for half in halves or "f" * len(labels)])
    return Sample(np.array([c == "g" for c in labels]), np.array([c == "b" for c in labels]), fit)


def test_costs_are_counted_per_limit_and_alone() -> None:
    low = candidate("min_words", [5, 20, 30, 5, 5, 40], 10, near=15)
    high = candidate("max_odd", [0.1, 0.1, 0.1, 0.9, 0.1, 0.9], 0.5)
    off = candidate("max_even", [1, 1, 1, 1, 1, 1], None)
    first, second = costs([low, high, off], sample("gggbbb"))
    assert (first.lost.hits, first.lost.of, first.found.hits, first.only, first.only_lost) == (1, 3, 2, 1, 1)
    assert first.flagged.hits == 1
    assert (second.lost.hits, second.found.hits, second.only) == (0, 2, 1)


def test_a_measure_that_does_not_apply_is_never_beyond_a_limit() -> None:
    made = candidate("max_odd", [float("nan"), 0.9], 0.5)
    assert made.drops.tolist() == [False, True]


@given(st.floats(1e-6, 1e6), st.booleans())
def test_a_tidy_limit_drops_no_more(limit: float, is_low: bool) -> None:
    rounded = tidy(limit, is_low=is_low)
    assert rounded == pytest.approx(limit, rel=0.011)
    slack = abs(limit) * 2e-6
    assert rounded <= limit + slack if is_low else rounded >= limit - slack


def test_a_trusted_sample_loosens_what_costs_too_much_to_its_most_extreme_document() -> None:
    values = [float(n) for n in range(1, 401)]
    made = calibrate([candidate("min_words", values, 50)], sample("g" * 400), 0.01)
    (proposal,) = made.proposals
    # The 1st of 400: the 2nd would lose at most 1.18 % with 95 % confidence.
    assert (proposal.key, proposal.change, proposal.limit, proposal.lost.hits) == (
        "min_words",
        "looser",
        1.0,
        0,
    )
    assert proposal.most == pytest.approx(most_lost(1, 400)) == pytest.approx(0.0075, abs=1e-4)
    assert made.now.lost.hits == 49
    assert made.worth_it


def test_a_small_trusted_sample_gets_no_proposal_and_says_how_many_it_takes() -> None:
    values = [float(n) for n in range(58)]
    made = calibrate([candidate("min_words", values, 50)], sample("g" * 58), 0.05)
    assert made.proposals == ()
    assert made.needed == 59
    assert "58 good documents are too few" in made.refused
    assert "takes 59" in made.refused
    enough = calibrate([candidate("min_words", [*values, 58.0], 50)], sample("g" * 59), 0.05)
    assert enough.proposals[0].limit == 0


def test_a_trusted_sample_tightens_nothing_and_shows_where_limits_that_are_off_could_lie() -> None:
    values = [n / 1000 for n in range(1000)]
    made = calibrate(
        [candidate("max_odd", values, None), candidate("max_even", values, 1.0)], sample("g" * 1000), 0.01
    )
    assert made.proposals == ()
    # The fifth largest of a thousand.
    assert made.margins == {"max_odd": 0.995}


def drawn(seed: int, columns: int) -> list[list[float]]:
    """Columns of 320 values, of which some do not apply and many are equal."""
    values = np.random.default_rng(seed).beta(1, 3, (columns, 320)).round(2)
    values[np.random.default_rng(seed + 1).random(values.shape) < 0.1] = np.nan
    return [list(map(float, column)) for column in values]


@given(st.integers(0, 10_000), st.integers(1, 3), st.floats(0.01, 0.9), st.sampled_from([0.01, 0.05, 0.2]))
def test_loosened_limits_lose_no_more_of_a_trusted_sample_than_accepted(
    seed: int, columns: int, now: float, cost: float
) -> None:
    candidates = [
        candidate(f"{side}_m{n}", values, now)
        for n, values in enumerate(drawn(seed, columns))
        for side in ("min", "max")
    ]
    made = calibrate(candidates, sample("g" * 320), cost)
    assert all(item.change == "looser" for item in made.proposals)
    assert all(item.most is not None and item.most <= cost + 1e-9 for item in made.proposals)
    assert (made.proposed or made.now).lost.hits <= cost * 320


def labelled(good: list[float], bad: list[float]) -> tuple[list[float], str, str]:
    values = [*good, *bad]
    labels = "g" * len(good) + "b" * len(bad)
    return values, labels, "".join("fh"[at % 2] for at in range(len(values)))


def test_labels_find_a_new_limit_between_good_and_bad() -> None:
    values, labels, halves = labelled([n / 1000 for n in range(400)], [0.8] * 20)
    made = calibrate([candidate("max_odd", values, None)], sample(labels, halves), 0.01)
    (proposal,) = made.proposals
    assert (proposal.change, proposal.limit) == ("new", pytest.approx(0.6, abs=0.01))
    assert (proposal.lost.hits, proposal.lost.of, proposal.found.hits, proposal.found.of) == (0, 200, 10, 10)
    assert made.worth_it


def test_labels_loosen_a_limit_that_loses_good_documents_and_switch_off_one_that_finds_nothing() -> None:
    values, labels, halves = labelled([n / 1000 for n in range(400)], [0.8] * 20)
    made = calibrate([candidate("max_odd", values, 0.2)], sample(labels, halves), 0.01)
    assert made.proposals[0].change == "looser"
    assert made.proposals[0].limit == pytest.approx(0.6, abs=0.01)
    none = calibrate([candidate("min_odd", values, 0.2)], sample(labels, halves), 0.01)
    assert (none.proposals[0].change, none.proposals[0].limit) == ("off", None)


def test_a_limit_that_finds_a_few_documents_only_is_not_proposed() -> None:
    values, labels, halves = labelled([n / 1000 for n in range(400)], [0.8] * 2 * (FEWEST_FOUND - 1))
    assert calibrate([candidate("max_odd", values, None)], sample(labels, halves), 0.01).proposals == ()


def test_few_labels_are_said_and_nothing_is_tightened() -> None:
    values, labels, halves = labelled([n / 100 for n in range(40)], [0.8] * 20)
    made = calibrate([candidate("max_odd", values, None)], sample(labels, halves), 0.01)
    assert made.proposals == ()
    assert made.needed == 200
    assert "20 good documents in the half" in made.refused


def test_proposals_that_are_no_better_where_they_were_not_fitted_are_not_worth_it() -> None:
    good = [0.1] * 200 + [0.9] * 0
    values, labels = [*good, *[0.1] * 100, *[0.8] * 10], "g" * 300 + "b" * 10
    halves = "f" * 200 + "h" * 100 + "f" * 10
    # Held out, the good ones are like the bad ones that it was fitted on.
    values[200:300] = [0.85] * 100
    made = calibrate([candidate("max_odd", values, None)], sample(labels, halves), 0.01)
    assert made.proposals
    assert made.proposed is not None
    assert made.proposed.lost.hits == 100
    assert not made.worth_it


def test_a_limit_that_finds_much_at_a_bearable_cost_is_not_given_up() -> None:
    now = Together(Share(1, 200, 0.0, 0.03), Share(25, 50, 0.36, 0.64))
    off = Together(Share(0, 200, 0.0, 0.02), Share(0, 50, 0.0, 0.07))
    made = Calibration((), now, now_held_out=now, proposed=off, accepted=0.01)
    assert not made.worth_it
    assert dataclasses.replace(made, accepted=0.001).worth_it


def test_equal_values_promise_no_more_than_the_order_that_was_chosen() -> None:
    values = [1.0] * 5 + [float(n) for n in range(2, 997)]
    made = calibrate([candidate("min_words", values, 50)], sample("g" * 1000), 0.01)
    (proposal,) = made.proposals
    assert (proposal.limit, proposal.lost.hits) == (1.0, 0)
    assert proposal.most == most_lost(5, 1000)


LABELLED = st.lists(
    st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32), st.booleans(), st.booleans()),
    min_size=8,
    max_size=120,
)


@given(LABELLED, LABELLED, st.sampled_from([0.05, 0.2, 0.5]))
def test_held_out_documents_make_no_proposal(
    fit: list[tuple[float, float, bool, bool]], held: list[tuple[float, float, bool, bool]], cost: float
) -> None:
    def limits(rows: list[tuple[float, float, bool, bool]]) -> dict[str, float | None]:
        every = [*fit, *rows, (0.5, 0.5, False, False)]
        good = np.array([row[2] for row in every])
        known = Sample(good, ~good, np.arange(len(every)) < len(fit))
        columns = [[row[at] for row in every] for at in (0, 1)]
        made = calibrate(
            [
                candidate("max_a", columns[0], 0.9),
                candidate("min_b", columns[1], None),
                candidate("max_b", columns[1], 0.7),
            ],
            known,
            cost,
        )
        return {item.key: item.limit for item in made.proposals}

    assert limits(held) == limits([])


@given(LABELLED, st.sampled_from([0.05, 0.2, 0.5]))
def test_on_the_half_that_they_were_fitted_on_proposals_keep_to_the_accepted_cost(
    rows: list[tuple[float, float, bool, bool]], cost: float
) -> None:
    good = np.array([row[2] for row in rows])
    fit = np.array([row[3] for row in rows])
    if not (good & fit).any() or not (~good).any():
        return
    candidates = [
        candidate("max_a", [row[0] for row in rows], 0.9),
        candidate("min_b", [row[1] for row in rows], 0.3),
    ]
    made = calibrate(candidates, Sample(good, ~good, fit), cost)
    dropped = np.zeros(len(rows), bool)
    limits = {item.key: item.limit for item in made.proposals}
    for item in candidates:
        limit = limits.get(item.key, item.now)
        dropped |= np.zeros(len(rows), bool) if limit is None else item.beyond(limit)
    accepted = int(cost * ((good & fit).sum() + 1))
    assert (dropped & good & fit).sum() <= max(accepted, 0)
