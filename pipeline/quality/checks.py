"""The release checks: plain tables in, one Check per question out. Every check that could not be made says so (ERROR)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from pipeline.errors import KvarnError
from pipeline.quality import checks_accounting, checks_duplicates, checks_texts
from pipeline.quality.inputs import CheckInputs
from pipeline.quality.verdicts import Check, Verdict

__all__ = ["EXPECTED", "RELEASE_CHECKS", "SUITES", "CheckInputs", "release_checks"]

RELEASE_CHECKS: Mapping[str, Callable[[CheckInputs], Iterator[Check]]] = {
    **checks_accounting.CHECKS,
    **checks_texts.CHECKS,
    **checks_duplicates.CHECKS,
}
"""What computes each id. The first check that a function yields answers for the whole release; more may name sources."""

SUITES = ("intake", "documents", "splits", "release")
"""Suites of expectations that every release is validated with; a project may add its own."""

EXPECTED = (*RELEASE_CHECKS, *(f"gx.{suite}" for suite in SUITES))
"""Ids that must have run before a gate may pass."""

_COMPUTATION = (KvarnError, pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError)
"""What a table that is not as promised raises. The check becomes an ERROR, which blocks; nothing is swallowed."""


def release_checks(inputs: CheckInputs) -> list[Check]:
    """Every check of RELEASE_CHECKS, in their order."""
    checks: list[Check] = []
    for identity, compute in RELEASE_CHECKS.items():
        try:
            checks += _first_without_source(list(compute(inputs)))
        except _COMPUTATION as error:
            note = f"{type(error).__name__}: {error}"
            words = ("Kontrollen kunde inte räknas ut", "The check could not be computed")
            checks.append(Check(identity, *words, Verdict.ERROR, waivable=False, note=note))
    return checks


def _first_without_source(checks: Sequence[Check]) -> Sequence[Check]:
    """The check on the whole release first. Where sources are named it only warns: each of them fails and is waived alone."""
    head, *named = checks
    return [replace(head, verdict=Verdict.WARN, note="see the sources"), *named] if named else checks
