"""The model gate: numbers and limits in, a verdict with reasons out. Pure, and it fails closed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["PASS", "FAIL", "ERROR"]

CURRENT_TOLERANCE = 0.04
"""A new adapter may trail the current one by 4 %: another seed alone moved the domain perplexity by 3.2 % (embedded
base, 72 000 training tokens, 12 000 test tokens), and a refresh must not fail by the draw of a seed."""


@dataclass(frozen=True)
class GateLimits:
    """What an adapter must reach."""

    min_domain_gain: float
    """Least relative fall of the domain perplexity."""
    max_general_loss_increase: float
    """Greatest relative rise of the general loss (nats per token)."""
    min_train_tokens: int
    """Fewest effective training tokens."""


@dataclass(frozen=True)
class GateMeasures:
    """What was measured; None is a measurement that is missing."""

    domain_before: float | None
    """Perplexity of the base on the release's test split."""
    domain_after: float | None
    general_before: float | None
    """Loss of the base on general text, nats per token."""
    general_after: float | None
    train_losses: tuple[float, ...]
    train_tokens: int | None
    current: str | None = None
    """Name of the current adapter; None if there is none to compare with."""
    domain_current: float | None = None
    """Perplexity of the current adapter on the same test split."""


@dataclass(frozen=True)
class Check:
    """One check of the gate."""

    id: str
    value: float | None
    limit: float
    verdict: Verdict
    words: str


@dataclass(frozen=True)
class GateResult:
    """ERROR blocks like FAIL: only PASS releases an adapter."""

    verdict: Verdict
    checks: tuple[Check, ...]


def decide(measures: GateMeasures, limits: GateLimits) -> GateResult:
    """Compare every measure with its limit; the worst verdict wins."""
    checks = [
        _domain(measures, limits),
        _general(measures, limits),
        _finite(measures),
        _tokens(measures, limits),
    ]
    if measures.current is not None:
        checks.append(_current(measures, measures.current))
    verdicts = {check.verdict for check in checks}
    worst: Verdict = "ERROR" if "ERROR" in verdicts else "FAIL" if "FAIL" in verdicts else "PASS"
    return GateResult(worst, tuple(checks))


def _relative(after: float | None, before: float | None) -> float | None:
    """The change as a share of before; None where either is missing or cannot be compared."""
    if after is None or before is None or not math.isfinite(after) or not math.isfinite(before):
        return None
    return after / before - 1 if before > 0 else None


def _missing(id: str, limit: float, what: str) -> Check:
    return Check(id, None, limit, "ERROR", f"{what} could not be measured, so the adapter is not released")


def _domain(measures: GateMeasures, limits: GateLimits) -> Check:
    change = _relative(measures.domain_after, measures.domain_before)
    if change is None:
        return _missing("domain.gain", limits.min_domain_gain, "The change of the domain perplexity")
    gain = -change
    return Check(
        "domain.gain",
        gain,
        limits.min_domain_gain,
        "PASS" if gain >= limits.min_domain_gain else "FAIL",
        f"Domain perplexity fell by {gain:.1%}; at least {limits.min_domain_gain:.1%} is asked for",
    )


def _general(measures: GateMeasures, limits: GateLimits) -> Check:
    limit = limits.max_general_loss_increase
    rise = _relative(measures.general_after, measures.general_before)
    if rise is None:
        return _missing("general.loss", limit, "The change of the general loss")
    return Check(
        "general.loss",
        rise,
        limit,
        "PASS" if rise <= limit else "FAIL",
        f"General loss (nats per token) changed by {rise:+.2%}; at most {limit:+.2%} is allowed",
    )


def _finite(measures: GateMeasures) -> Check:
    if not measures.train_losses:
        return _missing("loss.finite", 0, "The training loss")
    bad = sum(not math.isfinite(loss) for loss in measures.train_losses)
    words = f"{bad} of {len(measures.train_losses)} logged training losses are not finite numbers"
    return Check("loss.finite", bad, 0, "FAIL" if bad else "PASS", words)


def _tokens(measures: GateMeasures, limits: GateLimits) -> Check:
    limit, tokens = limits.min_train_tokens, measures.train_tokens
    if tokens is None:
        return _missing("train.tokens", limit, "The number of effective training tokens")
    words = f"{tokens} effective training tokens; at least {limit} are asked for"
    return Check("train.tokens", tokens, limit, "PASS" if tokens >= limit else "FAIL", words)


def _current(measures: GateMeasures, name: str) -> Check:
    change = _relative(measures.domain_after, measures.domain_current)
    if change is None:
        return _missing("domain.current", CURRENT_TOLERANCE, f"The domain perplexity against {name}")
    return Check(
        "domain.current",
        change,
        CURRENT_TOLERANCE,
        "PASS" if change <= CURRENT_TOLERANCE else "FAIL",
        f"Domain perplexity is {change:+.1%} against the current adapter {name}; "
        f"at most {CURRENT_TOLERANCE:+.1%} is allowed",
    )
