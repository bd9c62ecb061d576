"""Checks and their verdicts: the vocabulary of gate and report. Pure values, no arithmetic over data."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

Value = float | int | str | None


class Verdict(StrEnum):
    """From best to worst. ERROR and NOT_RUN block like FAIL, and no waiver lifts them: nothing is known there."""

    PASS = "PASS"  # noqa: S105  # a verdict, no password
    WARN = "WARN"
    FAIL = "FAIL"
    ERROR = "ERROR"
    NOT_RUN = "NOT_RUN"

    @property
    def severity(self) -> int:
        """0 (best) to 4."""
        return list(Verdict).index(self)

    @property
    def blocks(self) -> bool:
        return self.severity >= Verdict.FAIL.severity


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the data and its answer."""

    id: str
    """First part: what it is about (`accounting`, `letters`, `gx` …)."""
    words_sv: str
    words_en: str
    verdict: Verdict
    value: Value = None
    limit: str = ""
    """`warn > 0.001; block > 0.01`: for people; the comparison was made by the check."""
    last: Value = None
    """The value of the last release."""
    n: int = 0
    """Items, documents or rows that the value was computed over."""
    source: str | None = None
    waivable: bool = True
    note: str = ""
    worse: Literal["higher", "lower"] = "higher"
    """In which direction the value gets worse: what voids a waiver."""
    examples: tuple[str, ...] = ()
    """Names of sources or record ids that it is about, never text of a document."""
    unit: Literal["count", "share", "number"] = "number"
    """How people read value and limit: a share is shown in per cent (or ppm)."""
    waived: bool = False

    def __post_init__(self) -> None:
        # Checks of a child process arrive as JSON: a word becomes a Verdict here, and an unknown word is refused.
        object.__setattr__(self, "verdict", Verdict(self.verdict))
        object.__setattr__(self, "examples", tuple(self.examples))

    @property
    def effective(self) -> Verdict:
        """What it counts as after waivers: an exception is never a clean pass."""
        return Verdict.WARN if self.waived else self.verdict


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them; NOT_RUN where there is none, since nothing was checked.

    >>> str(worst([Verdict.PASS, Verdict.FAIL, Verdict.WARN]))
    'FAIL'
    >>> str(worst([]))
    'NOT_RUN'
    """
    return max(verdicts, key=lambda verdict: verdict.severity, default=Verdict.NOT_RUN)


def complete(checks: Iterable[Check], expected: Iterable[str]) -> tuple[Check, ...]:
    """The checks plus one NOT_RUN for each expected id that is absent: a gate must not pass because a check never ran."""
    given = tuple(checks)
    present = {check.id for check in given}
    absent = (identity for identity in expected if identity not in present)
    return given + tuple(
        Check(
            id=identity,
            words_sv="Kontrollen kördes inte",
            words_en="The check did not run",
            verdict=Verdict.NOT_RUN,
            waivable=False,
        )
        for identity in absent
    )


def overall(checks: Iterable[Check], expected: Iterable[str]) -> Verdict:
    """The worst verdict before waivers; an expected check that is absent counts as NOT_RUN."""
    return worst(check.verdict for check in complete(checks, expected))


def after_waivers(checks: Iterable[Check], expected: Iterable[str]) -> Verdict:
    """The worst verdict once waived checks count as WARN."""
    return worst(check.effective for check in complete(checks, expected))


def mark_waived(check: Check) -> Check:
    return replace(check, waived=True)
