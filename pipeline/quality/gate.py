"""The data gate: waivers and the decision whether a candidate may become a release. Pure; it knows no files and no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pipeline.errors import UsageError
from pipeline.quality.gate_config import GateConfig
from pipeline.quality.verdicts import (
    Check,
    Value,
    Verdict,
    after_waivers,
    complete,
    mark_waived,
    overall,
)

__all__ = ["GateConfig", "Outcome", "Waiver", "apply_waivers", "decide"]

MIN_REASON = 20
"""Characters: "ok" and "known" explain nothing to the next reader."""
MAX_DAYS = 90
"""An exception that should last longer is a limit that is wrong: change the limit."""
NEVER_WAIVED = ("accounting", "checksums", "leakage", "tombstones")
"""First parts of check ids that no person can lift, whatever the check says of itself."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A person's exception from one check: for one candidate (`digest`), or for one source until it expires."""

    check: str
    reason: str
    requester: str
    approver: str
    created: str
    """ISO 8601; without a zone: UTC."""
    expires: str
    max_observed: Value
    """The worst value that was accepted; a worse one voids the waiver."""
    digest: str | None = None
    source: str | None = None
    identity: Literal["claimed", "authenticated"] = "claimed"

    def __post_init__(self) -> None:
        """Raise UsageError naming the field, its value and what is allowed."""
        if self.digest is None and self.source is None:
            raise UsageError(
                f"waiver of {self.check}: give a digest or a source; one for everything is not allowed"
            )
        if len(self.reason.strip()) < MIN_REASON:
            raise UsageError(
                f"waiver of {self.check}: reason {self.reason!r} is too short; write {MIN_REASON} characters or more"
            )
        for role in ("requester", "approver"):
            if not getattr(self, role).strip():
                raise UsageError(f"waiver of {self.check}: {role} is empty; name a person")
        if not timedelta() < moment(self.expires) - moment(self.created) <= timedelta(days=MAX_DAYS):
            raise UsageError(
                f"waiver of {self.check}: expires {self.expires}, created {self.created}; allowed: later, by {MAX_DAYS} days at most"
            )

    def covers(self, check: Check, digest: str, now: datetime, *, two_people: bool) -> bool:
        """Whether it lifts this check on this candidate now."""
        return (
            self.check == check.id
            and self.digest in (None, digest)
            and self.source in (None, check.source)
            and moment(self.created) <= now < moment(self.expires)
            and not (two_people and same_person(self.requester, self.approver))
            and not is_worse(check, self.max_observed)
        )


def moment(text: str) -> datetime:
    """ISO 8601 to an aware time. Raises UsageError where it is none."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a time; write it like 2026-03-31 or 2026-03-31T12:00:00+00:00"
        ) from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def same_person(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def is_worse(check: Check, accepted: Value) -> bool:
    """Whether the check's value is worse than the one a person accepted. What cannot be compared counts as worse."""
    value = check.value
    if not isinstance(value, int | float) or not isinstance(accepted, int | float):
        return value != accepted
    # Written so that NaN, which compares false with all, is worse than everything.
    return not (value <= accepted if check.worse == "higher" else value >= accepted)


def can_be_waived(check: Check) -> bool:
    """Only a FAIL that is a matter of judgement."""
    return check.verdict is Verdict.FAIL and check.waivable and check.id.split(".")[0] not in NEVER_WAIVED


def apply_waivers(
    checks: Iterable[Check],
    waivers: Sequence[Waiver],
    digest: str,
    now: datetime,
    *,
    expected: Iterable[str],
    two_people: bool = False,
) -> tuple[tuple[Check, ...], Verdict, tuple[Waiver, ...]]:
    """Checks with the waived ones marked (and NOT_RUN ones added), the verdict after waivers, and the waivers that counted.

    A waived check counts as WARN: an exception is never a clean pass.
    """
    full = complete(checks, expected)
    marked, used = [], []
    for check in full:
        cover = [
            w for w in waivers if can_be_waived(check) and w.covers(check, digest, now, two_people=two_people)
        ]
        marked.append(mark_waived(check) if cover else check)
        used += [waiver for waiver in cover[:1] if waiver not in used]
    return tuple(marked), after_waivers(marked, ()), tuple(used)


Action = Literal["publish", "approve", "blocked"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the gate says of a candidate."""

    action: Action
    """publish it, wait for a person's approval, or blocked."""
    verdict: Verdict
    """Worst verdict of the checks."""
    after: Verdict
    """The same once waived checks count as WARN."""
    checks: tuple[Check, ...]
    waivers: tuple[Waiver, ...]
    """Those that counted."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the gate must know of a candidate besides its checks."""

    digest: str
    first: bool
    """No release came before it."""
    approved: bool = False
    """A person approved this digest."""


def decide(
    checks: Iterable[Check],
    expected: Iterable[str],
    waivers: Sequence[Waiver],
    candidate: Candidate,
    now: datetime,
    config: GateConfig,
) -> Outcome:
    """Blocked if a check blocks after waivers; else publish, or wait where a first release needs an approval."""
    wanted = tuple(expected)
    full = complete(checks, wanted)
    marked, after, used = apply_waivers(
        full, waivers, candidate.digest, now, expected=wanted, two_people=config.two_people
    )
    needs_approval = candidate.first and config.first_release == "approve" and not candidate.approved
    action: Action = "blocked" if after.blocks else "approve" if needs_approval else "publish"
    return Outcome(action, overall(full, wanted), after, marked, used)
