"""The quality report as data: what report.json holds, and what report.html is rendered from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa

from pipeline.errors import StoreDamaged
from pipeline.quality.flow import Step, funnel
from pipeline.quality.gate import Action, Outcome, Waiver
from pipeline.quality.ledger import coded
from pipeline.quality.profile import Profile
from pipeline.quality.repeated import Repeated
from pipeline.quality.samples import (
    Near,
    Quarantine,
    Sample,
    nearest,
    quarantine_list,
    sample_kept,
    sample_withheld,
)
from pipeline.quality.sentences import Words, act, sentence
from pipeline.quality.serial import from_json, to_json
from pipeline.quality.terms import TermsReport
from pipeline.quality.verdicts import Check, Verdict
from pipeline.stage import Rule

SCHEMA_VERSION = 1
"""Raised with every change of the stored form. Older versions are read, newer ones refused by name."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What source.toml says of a source."""

    licence: str | None = None
    lawful_basis: str | None = None
    language: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Lineage:
    """What the candidate was made from; everything here is in the manifest."""

    files: int
    bytes: int
    config: str
    """Fingerprint of the settings."""
    code: str
    """sha256 of the sources of Kvarn."""
    decisions: str
    """sha256 of the decisions of people."""
    parent: str | None
    """Digest of the release before."""
    lock: Mapping[str, str] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The release that this one is compared with."""

    number: int
    digest: str
    profile: Profile


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a reviewer sees. Holds no time and no machine: the same candidate gives the same bytes."""

    name: str
    number: int
    """Of the release that the candidate would become."""
    digest: str
    verdict: Verdict
    after: Verdict
    """Once waived checks count as WARN."""
    action: Action
    sentence: Words
    act: Words
    command: str
    checks: tuple[Check, ...]
    waivers: tuple[Waiver, ...]
    profile: Profile
    """Baseline of the next release."""
    previous: Baseline | None
    funnel: tuple[Step, ...]
    funnel_by_source: Mapping[str, tuple[Step, ...]]
    clusters: Mapping[str, int]
    """Clusters of alike items by size ("2", "3" …)."""
    kept_samples: tuple[Sample, ...]
    withheld_samples: Mapping[str, tuple[Sample, ...]]
    """By reason code."""
    near_limits: tuple[Near, ...]
    quarantine: tuple[Quarantine, ...]
    sources: Mapping[str, SourceFacts]
    lineage: Lineage
    repeated: Mapping[str, Repeated] = field(default_factory=dict)
    """Repeated lines and paragraphs by source; reports of releases from before they were looked for have none."""
    terms: TermsReport | None = None
    """Terms of the glossary; None where the project has none."""
    kind: Literal["kvarn-quality-report"] = "kvarn-quality-report"
    schema_version: int = SCHEMA_VERSION

    def to_bytes(self) -> bytes:
        """Canonical JSON."""
        return to_json(self)

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "report.json") -> "Report":
        """Raises StoreDamaged where it is no report, or one that a newer Kvarn wrote."""
        report = from_json(cls, data, name)
        if report.schema_version > SCHEMA_VERSION:
            raise StoreDamaged(
                f"{name}: schema version {report.schema_version} is newer than {SCHEMA_VERSION}; upgrade Kvarn to read it"
            )
        return report


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """What a report is made from."""

    name: str
    number: int
    digest: str
    outcome: Outcome
    """From `gate.decide`: checks, verdicts, waivers that counted."""
    profile: Profile
    ledger: pa.Table
    measures: pa.Table
    kept: Iterable[pa.Table]
    """Data files (schema DATA) in order of name; read once."""
    withheld: Iterable[pa.Table]
    """Withheld files (schema WITHHELD) in order of name; read once."""
    lineage: Lineage
    sources: Mapping[str, SourceFacts] = field(default_factory=dict)
    rules: Sequence[Rule] = ()
    """Limits, to find the documents nearest to one."""
    own_rules: Mapping[str, Sequence[Rule]] = field(default_factory=dict)
    """Of sources that are judged by other limits than `rules`."""
    previous: Report | None = None
    repeated: Mapping[str, Repeated] = field(default_factory=dict)
    terms: TermsReport | None = None


def build_report(inputs: ReportInputs) -> Report:
    """The report of a candidate."""
    outcome, last = inputs.outcome, inputs.previous
    steps, by_source = funnel(inputs.ledger)
    words, command = act(outcome.action, inputs.digest)
    return Report(
        name=inputs.name,
        number=inputs.number,
        digest=inputs.digest,
        verdict=outcome.verdict,
        after=outcome.after,
        action=outcome.action,
        sentence=sentence(outcome, first=last is None),
        act=words,
        command=command,
        checks=outcome.checks,
        waivers=outcome.waivers,
        profile=inputs.profile,
        previous=Baseline(last.number, last.digest, last.profile) if last else None,
        funnel=steps,
        funnel_by_source=by_source,
        clusters=cluster_sizes(inputs.ledger),
        kept_samples=sample_kept(inputs.kept),
        withheld_samples=sample_withheld(inputs.withheld, by_frequency(inputs.profile.reasons)),
        near_limits=nearest(inputs.ledger, inputs.measures, inputs.rules, inputs.own_rules),
        quarantine=quarantine_list(inputs.ledger),
        sources=dict(sorted(inputs.sources.items())),
        lineage=inputs.lineage,
        repeated=inputs.repeated,
        terms=inputs.terms,
    )


def by_frequency(reasons: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Reason codes, most frequent first; ties by name."""
    return sorted(reasons, key=lambda code: (-sum(reasons[code].values()), code))


def cluster_sizes(ledger: pa.Table) -> dict[str, int]:
    """How many clusters have 2, 3 … items, by size."""
    code, names = coded(ledger.column("cluster"))
    members = np.bincount(code[code >= 0], minlength=len(names))
    sizes = np.bincount(members)
    return {str(size): int(count) for size, count in enumerate(sizes.tolist()) if size > 1 and count}
