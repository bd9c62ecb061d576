"""kvarn.toml, found upwards from where Kvarn is run, as one tree of frozen dataclasses.

Each package gets only its own part. Every key has a default that is right for Swedish domain text, so the file may be missing.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from expectations.suites import resolve_suites
from flows.named import named_digests
from pipeline.config import build, read_toml
from pipeline.errors import ConfigError
from pipeline.quality.gate import GateConfig
from pipeline.stages.duplicates import DuplicatesConfig
from pipeline.stages.edit import EditConfig
from pipeline.stages.language import LanguageConfig
from pipeline.stages.noise import NoiseConfig
from pipeline.stages.noise_profiles import Profile
from pipeline.stages.pii import PiiConfig
from pipeline.stages.relevance import RelevanceConfig
from pipeline.stages.repair import RepairConfig
from pipeline.stages.split import SplitConfig
from pipeline.stages.templates import Policy, TemplatesConfig
from pipeline.stages.terms import TermsConfig
from pipeline.storage.readers import ReadLimits
from pipeline.train.settings import TrainSettings
from pipeline.work.candidate import ReleaseConfig
from pipeline.work.judge import JudgeSettings
from pipeline.work.measure import MeasureSettings
from pipeline.work.plan import file_digest
from pipeline.work.templates import TemplateSettings

FILE = "kvarn.toml"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Section [run]: how a run uses the machine."""

    workers: int = 0
    """Processes that read and measure; 0 takes one per core. Changes no byte of a release."""
    shard_mb: int = 64
    """Megabytes of raw files in a shard on average. Smaller shards spread better over cores; larger ones cost less. Files of a
    release follow shards, so a change writes a new release."""

    def __post_init__(self) -> None:
        if not 0 <= self.workers <= 256:
            raise ConfigError(
                f"run.workers = {self.workers} is not allowed; allowed: 0 (one per core) to 256"
            )
        if not 1 <= self.shard_mb <= 256:
            raise ConfigError(f"run.shard_mb = {self.shard_mb} is not allowed; allowed: 1 to 256")


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """[sources.NAME] What the project knows of a source beyond its own source.toml."""

    retired: str | None = None
    """Date and reason for which the source is gone on purpose; the gate then lets it vanish."""
    lines: Policy | None = None
    """What is done about its repeated lines, where that differs from [templates]."""
    profile: Profile | None = None
    """What kind of text it holds, where that differs from [noise]; Kvarn's own limits then judge it, whatever the preset."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole of kvarn.toml."""

    run: RunConfig = field(default_factory=RunConfig)
    read: ReadLimits = field(default_factory=ReadLimits)
    repair: RepairConfig = field(default_factory=RepairConfig)
    language: LanguageConfig = field(default_factory=LanguageConfig)
    noise: NoiseConfig = field(default_factory=NoiseConfig)
    pii: PiiConfig = field(default_factory=PiiConfig)
    relevance: RelevanceConfig = field(default_factory=RelevanceConfig)
    terms: TermsConfig = field(default_factory=TermsConfig)
    templates: TemplatesConfig = field(default_factory=TemplatesConfig)
    edit: EditConfig = field(default_factory=EditConfig)
    duplicates: DuplicatesConfig = field(default_factory=DuplicatesConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    gate: GateConfig = field(default_factory=GateConfig)
    release: ReleaseConfig = field(default_factory=ReleaseConfig)
    train: TrainSettings = field(default_factory=TrainSettings)
    sources: dict[str, SourceConfig] = field(default_factory=dict)

    @property
    def measure(self) -> MeasureSettings:
        """Without what files beside kvarn.toml add: see flows.named."""
        return MeasureSettings(self.read, self.repair, self.language, self.noise, self.pii)

    @property
    def judge(self) -> JudgeSettings:
        return JudgeSettings(
            self.language, self.noise, self.pii, self.edit, self.relevance, self.terms, self.profiles
        )

    @property
    def profiles(self) -> dict[str, Profile]:
        """The profiles of sources that have their own."""
        return {name: source.profile for name, source in self.sources.items() if source.profile}

    @property
    def repeated(self) -> TemplateSettings:
        own = {name: source.lines for name, source in self.sources.items() if source.lines}
        return TemplateSettings(self.templates, own, self.pii)

    def curation(self) -> dict[str, Any]:
        """The settings that can change a byte of a release: what the manifest records."""
        sections = {
            item.name: getattr(self, item.name) for item in fields(self) if item.name not in {"run", "train"}
        }
        # Release files follow shards.
        return sections | {"run": {"shard_mb": self.run.shard_mb}}


@dataclass(frozen=True, slots=True)
class Project:
    """Settings and where they came from."""

    settings: Settings
    root: Path
    """Folder of kvarn.toml; the folder that Kvarn was run in where there is none."""
    file: Path | None
    given: dict[str, Any]
    """The parsed file, to tell settings that somebody wrote from defaults."""

    def recorded(self) -> dict[str, Any]:
        """What a manifest records of the project: its settings, the suites that a candidate is held against, and the
        files that the settings name.
        """
        suites = {name: file_digest(path) for name, path in resolve_suites(self.root).items()}
        return self.settings.curation() | {
            "suites": suites,
            "named": named_digests(self.root, self.settings.terms, self.settings.relevance),
        }


def load(config: Path | None = None, start: Path | None = None) -> Project:
    """The project at `config`, or that of the nearest kvarn.toml at or above `start` (default: here).

    Raises ConfigError naming file, key, value and what is allowed.
    """
    here = (start or Path.cwd()).resolve()
    file = _given(config) if config else _find(here)
    if file is None:
        return Project(Settings(), here, None, {})
    values = read_toml(file)
    return Project(build(Settings, values, "", str(file)), file.parent, file, values)


def _given(config: Path) -> Path:
    file = config / FILE if config.is_dir() else config
    if not file.is_file():
        raise ConfigError(f"--config {config}: no such file; give the path of a {FILE}")
    return file.resolve()


def _find(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder / FILE
    return None
