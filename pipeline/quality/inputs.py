"""What the checks are computed from, and how a value becomes a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from pipeline.quality.gate_config import GateConfig
from pipeline.quality.profile import Profile
from pipeline.quality.verdicts import Verdict

NO_BASELINE = "no baseline"


@dataclass(frozen=True, slots=True)
class CheckInputs:
    """Plain tables of a candidate, and of the release before it."""

    ledger: pa.Table
    """Schema LEDGER."""
    measures: pa.Table
    """At least the column doc_id of measures.parquet."""
    pairs: pa.Table
    """Schema PAIRS; the ids are record ids or doc ids."""
    intake: Mapping[str, Mapping[str, int]]
    """What the readers counted, independently of the ledger: {source: {"files": n, "items": n}}."""
    files: Sequence[tuple[str, str]]
    """(source, uri) of every raw file of the manifest: each must have left an item, were it only that it was unreadable."""
    profile: Profile
    """Of the candidate's data files."""
    file_faults: Sequence[str]
    """What `check_files` found wrong with the candidate on disk; empty where every byte is as the manifest says."""
    threshold: float
    """Jaccard from which two documents are duplicates ([duplicates])."""
    content_threshold: float
    """And without the templates of the source, where enough else is left; below it both may stay."""
    previous: Profile | None = None
    """Of the last release; None before the first."""
    parent_ledger: pa.Table | None = None
    """Columns content_id, fate and split of the last release's ledger; needed where `previous` is given."""
    target: tuple[str, ...] = ("sv",)
    """Languages that should be published ([language] target)."""
    required: frozenset[str] = frozenset()
    """Sources whose source.toml says `required = true`."""
    retired: frozenset[str] = frozenset()
    """Sources that may vanish ([sources.NAME] retired)."""
    config: GateConfig = field(default_factory=GateConfig)


def grade(value: float, warn: float, block: float) -> Verdict:
    """PASS up to `warn`, WARN up to `block`, FAIL above, and for NaN.

    >>> [str(grade(value, 1, 2)) for value in (1, 1.5, 2.5, float("nan"))]
    ['PASS', 'WARN', 'FAIL', 'FAIL']
    """
    return Verdict.PASS if value <= warn else Verdict.WARN if value <= block else Verdict.FAIL


def zero(value: float) -> Verdict:
    """PASS only for 0."""
    return Verdict.PASS if value == 0 else Verdict.FAIL


def small(verdict: Verdict, count: int, floor: int) -> Verdict:
    """A FAIL of a rate that rests on `floor` items or fewer is a warning."""
    return Verdict.WARN if verdict is Verdict.FAIL and count <= floor else verdict


def limits(warn: float, block: float, sign: str = ">") -> str:
    """The limit in words.

    >>> limits(0.98, 0.95, "<")
    'warn < 0.98; block < 0.95'
    """
    return f"warn {sign} {warn:g}; block {sign} {block:g}"
