"""What limits cost and find on a sample of one's own domain, and which others would fit it better. Arrays in, figures out.

Costs of the limits in force are counted on the whole sample: it did not make them. Proposals are fitted on one half of a labelled
sample and measured on the other. From a trusted sample (all good) limits are only loosened: nothing in it can show what a tighter one
would find.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.quality.intervals import clopper_pearson

Mask = NDArray[np.bool_]
Change = Literal["looser", "tighter", "new", "off"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One limit over the documents of a sample: the one in force, if any, and the values that any limit would judge."""

    key: str
    """Its key in [noise]: min_words."""
    is_low: bool
    now: float | None
    """The limit in force; None where it is off."""
    values: NDArray[np.float32]
    """float32[documents], as rules compare them; NaN where the measure does not apply."""
    drops: Mask
    """Documents beyond the limit in force."""
    flags: Mask
    """Documents near it."""

    def beyond(self, limit: float) -> Mask:
        """Documents that a limit would drop; NaN passes."""
        return self.values < limit if self.is_low else self.values > limit


@dataclass(frozen=True, slots=True)
class Sample:
    """Which documents are good and which are bad (none: a trusted sample), and which half each is in."""

    good: Mask
    bad: Mask
    fit: Mask
    """Documents that proposals are fitted on; the rest is held out. All of a trusted sample."""

    @property
    def labelled(self) -> bool:
        return bool(self.bad.any())


@dataclass(frozen=True, slots=True)
class Share:
    """hits of `of`, and the 95 % interval of the share (Clopper and Pearson)."""

    hits: int
    of: int
    low: float
    high: float

    @classmethod
    def seen(cls, hits: Mask, among: Mask) -> "Share":
        count, of = int((hits & among).sum()), int(among.sum())
        return cls(count, of, *clopper_pearson(count, of))

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one limit in force does to the sample."""

    key: str
    now: float
    lost: Share
    """Good documents that it drops."""
    flagged: Share
    """Good documents near it."""
    found: Share
    """Bad documents that it drops."""
    only: int
    """Bad documents that no other limit in force drops."""
    only_lost: int
    """Good documents that no other limit in force drops."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another limit; None switches it off."""

    key: str
    change: Change
    now: float | None
    limit: float | None
    lost: Share
    """Good documents that it drops, among those that it was not fitted on; of a trusted sample all."""
    found: Share
    most: float | None = None
    """Share of all such good documents that it loses at most, with 95 % confidence (trusted samples: order statistics)."""


@dataclass(frozen=True, slots=True)
class Together:
    """All limits in force at once, on one set of documents."""

    lost: Share
    found: Share


@dataclass(frozen=True, slots=True)
class Calibration:
    """The whole answer."""

    costs: tuple[Cost, ...]
    now: Together
    """On the whole sample."""
    proposals: tuple[Proposal, ...] = ()
    now_held_out: Together | None = None
    proposed: Together | None = None
    """With the proposals: held-out documents, or all of a trusted sample."""
    refused: str = ""
    """Why nothing is proposed where something would be."""
    needed: int = 0
    """Good documents that a proposal would take."""
    accepted: float = 0.01
    """Share of the good documents that may be lost."""
    margins: dict[str, float] = field(default_factory=dict)
    """Limits that are off: where one would lose at most the accepted share of such good documents (95 % confidence)."""

    @property
    def worth_it(self) -> bool:
        """Where it was not fitted, the proposal loses no more good documents than the limits in force or than was accepted, and it
        finds more bad ones, or loses fewer good ones. Fewer count only where too many were lost, or where as many bad ones are found:
        to find none is no merit.
        """
        if self.proposed is None:
            return False
        if self.now_held_out is None:
            return True
        lost, found = self.proposed.lost, self.proposed.found
        was = self.now_held_out
        accepted = int(self.accepted * lost.of)
        spares = lost.hits < was.lost.hits and (was.lost.hits > accepted or found.hits >= was.found.hits)
        return lost.hits <= max(was.lost.hits, accepted) and (spares or found.hits > was.found.hits)


def union(masks: Sequence[Mask], length: int) -> Mask:
    """Documents that any of the masks has."""
    hit = np.zeros(length, bool)
    for mask in masks:
        hit |= mask
    return hit


def costs(candidates: Sequence[Candidate], sample: Sample) -> tuple[Cost, ...]:
    """What each limit in force costs and finds, in the order of the candidates."""
    in_force = [candidate for candidate in candidates if candidate.now is not None]
    hits = np.zeros(len(sample.good), np.int64)
    for candidate in in_force:
        hits += candidate.drops
    return tuple(
        Cost(
            candidate.key,
            float(candidate.now or 0.0),
            Share.seen(candidate.drops, sample.good),
            Share.seen(candidate.flags & (hits == 0), sample.good),
            Share.seen(candidate.drops, sample.bad),
            int((candidate.drops & sample.bad & (hits == 1)).sum()),
            int((candidate.drops & sample.good & (hits == 1)).sum()),
        )
        for candidate in in_force
    )


def together(masks: Sequence[Mask], sample: Sample, among: Mask) -> Together:
    """What all masks together lose and find of some documents."""
    dropped = union(masks, len(among))
    return Together(Share.seen(dropped, sample.good & among), Share.seen(dropped, sample.bad & among))


def tidy(limit: float, *, is_low: bool) -> float:
    """The limit in few digits, rounded to the side on which it drops less: a guarantee for the exact one holds for it too.

    >>> tidy(0.3151, is_low=False), tidy(0.3151, is_low=True), tidy(12.04, is_low=True), tidy(0.0, is_low=True)
    (0.316, 0.315, 12.0, 0.0)
    """
    if limit == 0 or not np.isfinite(limit):
        return float(limit)
    digits = 2 - int(np.floor(np.log10(abs(limit))))
    scaled = limit * 10.0**digits
    # A value that is a tidy number but for the rounding of a float32 stays what it is.
    nearest = np.rint(scaled)
    whole = nearest if abs(scaled - nearest) < 1e-4 else np.floor(scaled) if is_low else np.ceil(scaled)
    return float(round(whole / 10.0**digits, max(digits, 0)))
