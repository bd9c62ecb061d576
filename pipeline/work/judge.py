"""One shard, judged: limits and people's decisions give each item its fate; then its text is edited as it will be published.

Cheap beside measuring, and cached apart from it: a changed limit or a new decision reads stored measures, never raw files.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import fingerprint
from pipeline.schema import EDIT_COLUMNS, RAW, VERDICT_COLUMNS, need
from pipeline.stage import Judge, put, run_measure
from pipeline.stages.decide import Decide
from pipeline.stages.decisions import Decision
from pipeline.stages.edit import Edit, EditConfig
from pipeline.stages.edit_meta import mask_meta
from pipeline.stages.language import LanguageConfig, language_findings
from pipeline.stages.noise import NoiseConfig, for_profile, noise_rules
from pipeline.stages.noise_profiles import Profile
from pipeline.stages.pii import PiiConfig, masked_kinds, pii_findings
from pipeline.stages.relevance import RelevanceConfig, relevance_rules
from pipeline.stages.templates import CutSet
from pipeline.stages.terms import TermsConfig, terms_findings
from pipeline.storage import parquet
from pipeline.work.heartbeat import now_at
from pipeline.work.markers import Marker, finish

JUDGED = "judged.parquet"

RELEVANCE_LIMITS = ("min_relevance", "below")
TERMS_LIMITS = ("wrong",)
"""Keys of [relevance] and [terms] that judge; the others say what is measured with, or what is reported."""

WORD = re.compile(r"\w+")
"""A word as the measure `words` counts them: a run of letters, digits and underscores."""

JUDGED_SCHEMA = pa.schema(
    [
        *[column for column in RAW if column.name not in {"text", "declared_language", "notes"}],
        need("content_id", pa.string()),
        need("language", pa.string()),
        # Words of the published text: the currency of split quotas and survivor quality.
        need("words", pa.int64()),
        *VERDICT_COLUMNS,
        *EDIT_COLUMNS,
    ]
)


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """What fates and edits depend on."""

    language: LanguageConfig = field(default_factory=LanguageConfig)
    noise: NoiseConfig = field(default_factory=NoiseConfig)
    pii: PiiConfig = field(default_factory=PiiConfig)
    edit: EditConfig = field(default_factory=EditConfig)
    relevance: RelevanceConfig = field(default_factory=RelevanceConfig)
    terms: TermsConfig = field(default_factory=TermsConfig)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    """Profiles of sources that have their own."""

    @property
    def fingerprint(self) -> str:
        limits = [getattr(self.relevance, key) for key in RELEVANCE_LIMITS]
        limits += [getattr(self.terms, key) for key in TERMS_LIMITS]
        return fingerprint(self.language, self.noise, self.pii, self.edit, limits, dict(self.profiles))

    def of(self, source: str) -> "JudgeSettings":
        """The settings for the items of one source: another source's profile changes nothing of them."""
        return replace(self, noise=for_profile(self.noise, self.profiles.get(source)), profiles={})

    def judges(self) -> tuple[Judge, ...]:
        """In the order in which their reasons are listed."""
        return (
            language_findings(self.language),
            *noise_rules(self.noise),
            pii_findings(self.pii),
            *relevance_rules(self.relevance),
            terms_findings(self.terms),
        )

    def editing(self, decisions: Mapping[str, Decision], templates: CutSet) -> Edit:
        """The stage that makes the text to publish."""
        return Edit(
            self.edit,
            self.language.target,
            sorted(masked_kinds(self.pii)),
            decisions,
            self.language.foreign == "cut",
            templates,
        )


@dataclass(frozen=True, slots=True)
class JudgeJob:
    """One measured shard to judge."""

    folder: Path
    items: Path
    settings: JudgeSettings
    decisions: Mapping[str, Decision]
    templates: CutSet = field(default_factory=CutSet)
    """Repeated lines and paragraphs of the source that are cut."""


def judge_shard(job: JudgeJob) -> Marker:
    """Write judged.parquet and its marker into the job's folder."""
    decide = Decide(job.settings.judges(), job.decisions)
    edit = job.settings.editing(job.decisions, job.templates)
    with parquet.Writer(job.folder / JUDGED, JUDGED_SCHEMA) as writer:
        for items in parquet.stream(job.items):
            now_at(items["uri"][0].as_py())
            edited = run_measure(edit, run_measure(decide, items))
            writer.write(_with_words(mask_meta(edited, edit)))
    return finish(job.folder, {JUDGED: writer.rows}, {})


def _with_words(items: pa.Table) -> pa.Table:
    """Words as they were measured; counted anew where an edit made another text."""
    words = np.array(items["words"].to_numpy(), np.int64)
    edited = np.flatnonzero(pc.list_value_length(items["edits"]).to_numpy())
    words[edited] = [len(WORD.findall(text)) for text in items["published"].take(edited).to_pylist()]
    return put(items, need("words", pa.int64()), pa.array(words))
