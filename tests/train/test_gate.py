import math
from dataclasses import replace
from typing import Any

import pytest

from pipeline.train.gate import GateLimits, GateMeasures, decide

LIMITS = GateLimits(min_domain_gain=0.05, max_general_loss_increase=0.02, min_train_tokens=1000)
GOOD = GateMeasures(
    domain_before=200.0,
    domain_after=100.0,
    general_before=5.0,
    general_after=5.05,
    train_losses=(5.0, 4.0),
    train_tokens=5000,
)


def verdicts(measures: GateMeasures) -> dict[str, str]:
    return {check.id: check.verdict for check in decide(measures, LIMITS).checks}


def test_a_better_adapter_that_forgot_nothing_passes() -> None:
    result = decide(GOOD, LIMITS)
    assert result.verdict == "PASS"
    assert [check.id for check in result.checks] == [
        "domain.gain",
        "general.loss",
        "loss.finite",
        "train.tokens",
    ]


@pytest.mark.parametrize(
    ("change", "check", "verdict"),
    [
        ({"domain_after": 190.0}, "domain.gain", "PASS"),  # exactly at the limit
        ({"domain_after": 191.0}, "domain.gain", "FAIL"),
        ({"domain_after": 260.0}, "domain.gain", "FAIL"),
        ({"domain_after": None}, "domain.gain", "ERROR"),
        ({"domain_before": None}, "domain.gain", "ERROR"),
        ({"domain_after": math.nan}, "domain.gain", "ERROR"),
        ({"domain_before": math.inf}, "domain.gain", "ERROR"),
        ({"domain_before": 0.0}, "domain.gain", "ERROR"),
        ({"general_after": 5.0999}, "general.loss", "PASS"),
        ({"general_after": 5.11}, "general.loss", "FAIL"),
        ({"general_after": 4.0}, "general.loss", "PASS"),
        ({"general_after": None}, "general.loss", "ERROR"),
        ({"train_losses": (5.0, math.nan)}, "loss.finite", "FAIL"),
        ({"train_losses": (math.inf,)}, "loss.finite", "FAIL"),
        ({"train_losses": ()}, "loss.finite", "ERROR"),
        ({"train_tokens": 1000}, "train.tokens", "PASS"),
        ({"train_tokens": 999}, "train.tokens", "FAIL"),
        ({"train_tokens": None}, "train.tokens", "ERROR"),
        ({"current": "r1-1", "domain_current": 110.0}, "domain.current", "PASS"),
        ({"current": "r1-1", "domain_current": 99.5}, "domain.current", "PASS"),  # within what a seed moves
        ({"current": "r1-1", "domain_current": 90.0}, "domain.current", "FAIL"),
        ({"current": "r1-1", "domain_current": None}, "domain.current", "ERROR"),
    ],
)
def test_each_check_alone_decides(change: dict[str, Any], check: str, verdict: str) -> None:
    measures = replace(GOOD, **change)
    found = verdicts(measures)
    assert found[check] == verdict
    assert {v for id, v in found.items() if id != check} == {"PASS"}
    assert decide(measures, LIMITS).verdict == verdict


def test_an_error_weighs_more_than_a_failure() -> None:
    assert decide(replace(GOOD, domain_after=300.0, train_tokens=None), LIMITS).verdict == "ERROR"


def test_a_missing_value_is_reported_as_missing_with_its_limit() -> None:
    (check,) = [c for c in decide(replace(GOOD, general_after=None), LIMITS).checks if c.id == "general.loss"]
    assert (check.value, check.limit) == (None, 0.02)
    assert "could not be measured" in check.words


def test_the_words_carry_the_numbers() -> None:
    words = {check.id: check.words for check in decide(GOOD, LIMITS).checks}
    assert "fell by 50.0%" in words["domain.gain"]
    assert "+1.00%" in words["general.loss"]
    assert "5000 effective" in words["train.tokens"]
