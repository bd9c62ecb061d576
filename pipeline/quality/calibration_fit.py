"""Limits that fit a sample better: from labels on one half of it, or from trusted documents alone by their order statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.quality.calibration import (
    Calibration,
    Candidate,
    Change,
    Mask,
    Proposal,
    Sample,
    Share,
    costs,
    tidy,
    together,
    union,
)
from pipeline.quality.intervals import most_lost, needed, order_for

FEWEST_FOUND = 3
"""Bad documents that a new or tighter limit must add on the half it is fitted on: with fewer it fits those very documents."""

LEVELS = 24
"""Good documents given up at most for one limit while fitting; more are tried in equal steps."""


def calibrate(candidates: Sequence[Candidate], sample: Sample, cost: float) -> Calibration:
    """Costs of the limits in force, and proposals that lose at most `cost` (0 to 1) of the good documents together."""
    everyone = np.ones(len(sample.good), bool)
    measured = costs(candidates, sample)
    now = together(_in_force(candidates), sample, everyone)
    fitted = _from_labels if sample.labelled else _from_trusted
    made = fitted(candidates, sample, cost)
    limits = made.limits
    judged = ~sample.fit if sample.labelled else everyone
    proposals = tuple(
        _proposal(candidate, limits[candidate.key], sample, judged, made.order)
        for candidate in candidates
        if candidate.key in limits
    )
    return Calibration(
        costs=measured,
        now=now,
        proposals=proposals,
        now_held_out=together(_in_force(candidates), sample, judged) if sample.labelled else None,
        proposed=together(_with(candidates, limits), sample, judged) if proposals else None,
        refused=made.refused,
        needed=made.needed,
        accepted=cost,
        margins=_margins(candidates, sample, cost),
    )


def _in_force(candidates: Sequence[Candidate]) -> list[Mask]:
    return [candidate.drops for candidate in candidates if candidate.now is not None]


def _with(candidates: Sequence[Candidate], limits: Mapping[str, float | None]) -> list[Mask]:
    """Masks of all limits with some of them changed."""
    masks = []
    for candidate in candidates:
        limit = limits.get(candidate.key, candidate.now)
        if limit is not None:
            masks.append(candidate.beyond(limit) if candidate.key in limits else candidate.drops)
    return masks


def _proposal(
    candidate: Candidate, limit: float | None, sample: Sample, judged: Mask, order: int | None
) -> Proposal:
    hit = np.zeros(len(judged), bool) if limit is None else candidate.beyond(limit)
    # By the order that was chosen, not by what it loses here: of equal values a limit loses fewer than its order says.
    most = None if order is None or limit is None else most_lost(order, int(sample.good.sum()))
    lost, found = Share.seen(hit, sample.good & judged), Share.seen(hit, sample.bad & judged)
    return Proposal(candidate.key, _change(candidate, limit), candidate.now, limit, lost, found, most)


def _change(candidate: Candidate, limit: float | None) -> Change:
    if limit is None:
        return "off"
    if candidate.now is None:
        return "new"
    return "looser" if (limit < candidate.now) == candidate.is_low else "tighter"


@dataclass(frozen=True, slots=True)
class _Fitted:
    """Limits by key (None: off), why there are not more, and how many good documents that takes; of a trusted sample the order of the
    document that each limit is.
    """

    limits: Mapping[str, float | None]
    refused: str
    needed: int
    order: int | None = None


class _Line:
    """Values of good and bad documents on one measure, each sorted so that a limit loses the first ones first."""

    def __init__(self, candidate: Candidate, good: Mask, bad: Mask) -> None:
        self.is_low = candidate.is_low
        self._sign = 1.0 if candidate.is_low else -1.0
        self.good, self._bad = (
            np.sort(self._sign * candidate.values[among & ~np.isnan(candidate.values)])
            for among in (good, bad)
        )

    def at_order(self, order: int) -> float:
        """The limit at the `order`-th good value: it loses those before it."""
        return tidy(self._sign * float(self.good[min(order, len(self.good)) - 1]), is_low=self.is_low)

    def between(self, given_up: int) -> float | None:
        """Halfway between the first good value that stays and the next bad one before it; None where no bad one is before."""
        edge = self.good[min(given_up, len(self.good) - 1)] if len(self.good) else np.inf
        before = int(np.searchsorted(self._bad, edge))
        if not before:
            return None
        near = float(self._bad[before - 1])
        middle = (float(edge) + near) / 2 if np.isfinite(edge) else near
        return tidy(self._sign * middle, is_low=self.is_low)


def _margins(candidates: Sequence[Candidate], sample: Sample, cost: float) -> dict[str, float]:
    order = order_for(cost, int(sample.good.sum()))
    if not order:
        return {}
    return {
        candidate.key: line.at_order(order)
        for candidate in candidates
        if candidate.now is None and len((line := _Line(candidate, sample.good, sample.bad)).good)
    }


def _from_trusted(candidates: Sequence[Candidate], sample: Sample, cost: float) -> _Fitted:
    """Loosen the limits that lose most until all together lose at most the accepted share of the sample."""
    n = int(sample.good.sum())
    costly = _to_loosen(candidates, sample.good, int(cost * n))
    if not costly:
        return _Fitted({}, "", needed(cost))
    if n < needed(cost):
        refused = _too_few(n, cost, "limits that cost more than that are named above")
        return _Fitted({}, refused, needed(cost))
    # What the other limits leave of the accepted share is divided among them; where that is nothing, each limit is the most
    # extreme document.
    keys = {item.key for item in costly}
    rest = [item.drops for item in candidates if item.now is not None and item.key not in keys]
    left = int(cost * n) - int((union(rest, len(sample.good)) & sample.good).sum())
    order = max(1, min(order_for(cost / len(costly), n), 1 + left // len(costly)))
    limits = {item.key: _Line(item, sample.good, sample.bad).at_order(order) for item in costly}
    return _Fitted(limits, "", needed(cost), order)


def _too_few(n: int, cost: float, rest: str) -> str:
    return (
        f"{n} good documents are too few to propose limits: that a limit loses at most {100 * cost:g} % of such documents, with 95 % "
        f"confidence, takes {needed(cost)}; {rest}"
    )


def _to_loosen(candidates: Sequence[Candidate], among: Mask, accepted: int) -> list[Candidate]:
    """Limits in force to loosen, those first whose documents no other limit loses, until at most `accepted` are lost."""
    left = [
        candidate for candidate in candidates if candidate.now is not None and (candidate.drops & among).any()
    ]
    chosen = []
    while left and int((union([item.drops for item in left], len(among)) & among).sum()) > accepted:
        counts = np.sum([item.drops & among for item in left], axis=0)
        alone = [int((item.drops & among & (counts == 1)).sum()) for item in left]
        lost = [int((item.drops & among).sum()) for item in left]
        worst = max(range(len(left)), key=lambda at: (alone[at], lost[at]))
        chosen.append(left.pop(worst))
    return chosen


def _from_labels(candidates: Sequence[Candidate], sample: Sample, cost: float) -> _Fitted:
    """On the half that is fitted on: loosen what loses more good documents than accepted, then add what finds most."""
    good, bad = sample.good & sample.fit, sample.bad & sample.fit
    n, least = int(good.sum()), int(np.ceil(2 / cost))
    accepted = int(cost * (n + 1))
    if n == 0:
        return _Fitted({}, "no good document is in the half that limits are fitted on; give more", least)
    limits: dict[str, float | None] = {}
    for item in _to_loosen(candidates, good, accepted):
        limits[item.key] = _Line(item, good, bad).between(0)
    dropped = union(_with(candidates, limits), len(good))
    # A limit at the edge of the good documents of a sample loses one in n + 1 of all such on average: each spends one.
    left = accepted - int((dropped & good).sum())
    while left >= 1:
        best = _best(candidates, limits, (good, bad), dropped, left)
        if best is None:
            break
        item, limit, spent = best
        limits[item.key] = limit
        dropped = union(_with(candidates, limits), len(good))
        left -= spent
    refused = "" if accepted >= 1 else _few_labels(n, cost, least)
    return _Fitted(limits, refused, least)


def _few_labels(n: int, cost: float, least: int) -> str:
    return (
        f"{n} good documents in the half that limits are fitted on are too few for new or tighter ones: at the edge of n documents a "
        f"limit loses one in n + 1 of all such, so {100 * cost:g} % takes about {least} good documents in all; limits were only loosened"
    )


def _best(
    candidates: Sequence[Candidate],
    limits: Mapping[str, float | None],
    labels: tuple[Mask, Mask],
    dropped: Mask,
    left: int,
) -> tuple[Candidate, float, int] | None:
    """The new or tighter limit that finds most bad documents for each good one that it may lose."""
    good, bad = labels
    best: tuple[float, Candidate, float, int] | None = None
    for item in candidates:
        if item.key in limits:
            continue
        line = _Line(item, good, bad)
        for given_up in _levels(left):
            limit = line.between(given_up)
            if limit is None or (item.now is not None and (limit <= item.now) == item.is_low):
                continue
            hit = item.beyond(limit) & ~dropped
            found, spent = int((hit & bad).sum()), int((hit & good).sum()) + 1
            if found >= FEWEST_FOUND and spent <= left and (best is None or found / spent > best[0]):
                best = (found / spent, item, limit, spent)
    return None if best is None else best[1:]


def _levels(left: int) -> list[int]:
    """How many good documents may be given up: all numbers below `left`, or LEVELS of them."""
    return sorted({int(level) for level in np.linspace(0, left - 1, min(left, LEVELS))})
