"""One run under way: the steps that join curation (pipeline.work) with validation, report and gate."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from expectations import resolve_suites, validate
from flows.cards import card_files, source_facts
from flows.outcome import Outcome, State, nothing_new
from flows.settings import Settings
from pipeline.config import fingerprint
from pipeline.quality.checks import EXPECTED, CheckInputs, release_checks
from pipeline.quality.gate import Candidate as GateCandidate
from pipeline.quality.gate import decide
from pipeline.quality.profile import Profile, ProfileBuilder
from pipeline.quality.render import render
from pipeline.quality.repeated import Repeated, repeated_of
from pipeline.quality.report import Lineage, Report, ReportInputs, build_report
from pipeline.quality.terms import TermsReport, terms_report
from pipeline.quality.verdicts import Check, Verdict
from pipeline.schema import FATES, SPLITS
from pipeline.stage import Rule
from pipeline.stages.glossary import Glossary
from pipeline.stages.noise import for_profile, noise_rules
from pipeline.stages.noise_profiles import Profile as NoiseProfile
from pipeline.stages.relevance import relevance_rules
from pipeline.storage import parquet
from pipeline.storage.files import write_bytes
from pipeline.storage.manifest import FileEntry, Manifest, check_files
from pipeline.storage.releases import Release, next_number
from pipeline.work.candidate import TERMS_FILE
from pipeline.work.publish import Candidate, CandidateState, hold, publish_candidate
from pipeline.work.refresh import Measured, Refresh, intake_counts
from pipeline.work.shards import Shard
from pipeline.work.templates import FITS, ROWS

VALIDATION_SECONDS = 900.0
"""Longest a validation may take; its tables are columns of the ledger and the release's texts."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A candidate with a manifest, and what its gate needs to know."""

    manifest: Manifest
    intake: Mapping[str, Mapping[str, int]]
    profile: Profile
    checks: Sequence[Check] = field(default=())


class Run:
    """What the tasks of the flow work on. A plain class, so that Prefect hands it over as it is."""

    def __init__(
        self, refresh: Refresh, settings: Settings, project: Path, glossary: Glossary | None = None
    ) -> None:
        self.refresh = refresh
        self.settings = settings
        self._project = project
        self._glossary = glossary or Glossary()
        self._build = refresh.plan.store.build

    @property
    def is_current(self) -> bool:
        """Nothing that a release depends on has changed since the newest one."""
        return not self.refresh.plan.changes()

    def nothing_new(self) -> Outcome:
        """The newest release as the outcome of this run."""
        return nothing_new(self.refresh.plan)

    @property
    def shards(self) -> list[Shard]:
        return list(self.refresh.plan.shards)

    @property
    def steps(self) -> int:
        """Ticks of the progress bar: two a shard, one a source, six for the whole."""
        return 2 * len(self.shards) + len({shard.source for shard in self.shards}) + 6

    def intake(self, measured: Sequence[Measured]) -> dict[str, dict[str, int]]:
        """What the readers counted."""
        return intake_counts(measured)

    def seal(self, files: Mapping[str, FileEntry], intake: Mapping[str, Mapping[str, int]]) -> Sealed:
        """Add dataset card, Croissant and suites, then write the manifest."""
        every = dict(files)
        profile = self._profile(files)
        for name, path in resolve_suites(self._project).items():
            self.refresh.add_text(every, f"suites/{name}.json", path.read_bytes())
        for name, data in card_files(self.settings, self.refresh.plan, profile, every):
            self.refresh.add_text(every, name, data)
        return Sealed(self.refresh.seal(every), intake, profile)

    def validate(self, sealed: Sealed) -> Sealed:
        """Run the suites in a child process; a child that dies gives ERROR for every suite."""
        out = self._build / "validation.json"
        found = validate(self._build, self._build / "suites", sealed.intake, out, VALIDATION_SECONDS)
        return Sealed(sealed.manifest, sealed.intake, sealed.profile, [Check(**item) for item in found])

    def report(self, sealed: Sealed) -> Candidate:
        """All checks, the gate's decision, report.json and report.html; then the candidate leaves the build folder."""
        digest = sealed.manifest.digest
        parent = self.refresh.plan.parent
        previous = read_report(parent) if parent else None
        checks = [*release_checks(self._check_inputs(sealed, previous)), *sealed.checks]
        gate = GateCandidate(digest, first=parent is None)
        outcome = decide(checks, EXPECTED, (), gate, datetime.now(UTC), self.settings.gate)
        ledger = parquet.read(self._build / "ledger.parquet")
        report = build_report(
            ReportInputs(
                name=self.settings.release.name,
                number=next_number(self.refresh.plan.store),
                digest=digest,
                outcome=outcome,
                profile=sealed.profile,
                ledger=ledger,
                measures=parquet.read(self._build / "measures.parquet"),
                kept=self._tables("data"),
                withheld=self._tables("withheld"),
                lineage=self._lineage(sealed.manifest),
                sources=source_facts(self.refresh.plan),
                rules=self._rules(None),
                own_rules={
                    source: self._rules(profile) for source, profile in self.settings.profiles.items()
                },
                previous=previous,
                repeated=self._repeated(ledger),
                terms=self._terms(ledger),
            )
        )
        write_bytes(self._build / "report.json", report.to_bytes())
        write_bytes(self._build / "report.html", render(report))
        state = CandidateState(
            str(outcome.verdict), str(outcome.after), needs_approval=outcome.action == "approve"
        )
        return hold(self.refresh.plan.store, digest, state)

    def publish(self, candidate: Candidate) -> Outcome:
        """Publish what may be published, else say what holds it."""
        report = read_report(candidate)
        fates = {name: report.profile.fate(name) for name in FATES}
        shared: dict[str, Any] = {
            "digest": candidate.digest,
            "verdict": str(report.after),
            "fates": fates,
            "sentence": report.sentence.en,
        }
        if report.action == "publish":
            release = publish_candidate(self.refresh.plan.store, candidate)
            return Outcome("published", release=release.number, folder=str(release.folder), **shared)
        state: State = held_state(report)
        return Outcome(state, folder=str(candidate.folder), next_step=f"next: {report.command}", **shared)

    def _profile(self, files: Mapping[str, FileEntry]) -> Profile:
        builder = ProfileBuilder()
        for split in SPLITS:
            for name in sorted(files):
                if name.startswith(f"data/{split}-"):
                    builder.add(parquet.read(self._build / name), split)
        return builder.finish(parquet.read(self._build / "ledger.parquet"))

    def _check_inputs(self, sealed: Sealed, previous: Report | None) -> CheckInputs:
        plan = self.refresh.plan
        return CheckInputs(
            ledger=parquet.read(self._build / "ledger.parquet"),
            measures=parquet.read(self._build / "measures.parquet", columns=["doc_id"]),
            pairs=parquet.read(self._build / "pairs.parquet"),
            intake=sealed.intake,
            files=[(item.source, item.uri) for item in sealed.manifest.inputs],
            profile=sealed.profile,
            file_faults=check_files(self._build, sealed.manifest.files),
            threshold=self.settings.duplicates.threshold,
            content_threshold=self.settings.duplicates.content_threshold,
            previous=previous.profile if previous else None,
            parent_ledger=_parent_ledger(plan.parent) if plan.parent else None,
            target=self.settings.language.target,
            required=frozenset(name for name, spec in plan.specs.items() if spec.required),
            retired=frozenset(name for name, source in self.settings.sources.items() if source.retired),
            config=self.settings.gate,
        )

    def _tables(self, folder: str) -> Iterator[pa.Table]:
        return (parquet.read(path) for path in sorted((self._build / folder).glob("*.parquet")))

    def _rules(self, profile: NoiseProfile | None) -> tuple[Rule, ...]:
        """The limits on measures, for sources with this profile (None: the project's own)."""
        noise = noise_rules(for_profile(self.settings.noise, profile))
        return (*noise, *relevance_rules(self.settings.relevance))

    def _repeated(self, ledger: pa.Table) -> dict[str, Repeated]:
        rows, fits = (parquet.read(self._build / name) for name in (ROWS, FITS))
        return repeated_of(rows, fits, ledger, self.settings.repeated.cut_shares(fits["source"].to_pylist()))

    def _terms(self, ledger: pa.Table) -> TermsReport | None:
        if not self._glossary:
            return None
        entries = [(entry.term, entry.definition) for entry in self._glossary.entries]
        rows = parquet.read(self._build / TERMS_FILE)
        return terms_report(entries, rows, ledger, self.settings.terms.min_documents)

    def _lineage(self, manifest: Manifest) -> Lineage:
        return Lineage(
            files=len(manifest.inputs),
            bytes=sum(item.bytes for item in manifest.inputs),
            config=fingerprint(manifest.config),
            code=manifest.code,
            decisions=manifest.decisions,
            parent=manifest.parent,
            lock=manifest.lock,
            seeds=manifest.seeds,
        )


def held_state(report: Report) -> State:
    """Why a candidate that is not published is not."""
    if report.action == "approve":
        return "awaiting approval"
    return "not checked" if report.after in (Verdict.ERROR, Verdict.NOT_RUN) else "blocked"


def read_report(of: Release | Candidate) -> Report:
    """The report of a release or candidate. Raises StoreDamaged where it is not the one that was committed or held."""
    return Report.from_bytes(of.late("report.json"), str(of.folder / "report.json"))


def _parent_ledger(parent: Release) -> pa.Table:
    path, wanted = parent.files("ledger.parquet")[0]
    return parquet.read(path, sha256=wanted.sha256, columns=["content_id", "fate", "split"])


def report_facts(report: Report) -> dict[str, Any]:
    """The report as plain values."""
    return dict(json.loads(report.to_bytes()))


def report_lines(report: Report) -> list[str]:
    """The first screen of the report in words."""
    profile = report.profile
    counts = " + ".join(f"{profile.fate(name):,} {name}" for name in FATES)
    rest = profile.items - sum(profile.fate(name) for name in FATES)
    lines = [
        f"{report.after}: {report.sentence.en}",
        f"release {report.number}, candidate {report.digest[:12]}",
        f"in {profile.items:,} = {counts} (rest {rest})",
    ]
    top = sorted(profile.reasons, key=lambda code: (-sum(profile.reasons[code].values()), code))[:5]
    if top:
        lines.append(
            "top reasons: " + ", ".join(f"{code} {sum(profile.reasons[code].values()):,}" for code in top)
        )
    return lines
