"""Where a command works: the project's settings, and its folders unless the command line names others."""

from dataclasses import dataclass
from pathlib import Path

from flows.settings import Project, Settings, load
from pipeline.errors import UsageError
from pipeline.storage.paths import Store


@dataclass(frozen=True, slots=True)
class Context:
    project: Project
    raw: Path
    store: Store
    models: Path

    @property
    def settings(self) -> Settings:
        return self.project.settings


def context(
    config: Path | None, raw: Path | None = None, curated: Path | None = None, models: Path | None = None
) -> Context:
    """Settings and absolute folders. Folders given on the command line are relative to where the command was run."""
    project = load(config)
    return Context(
        project,
        (raw or project.root / "raw").resolve(),
        Store((curated or project.root / "curated").resolve()),
        (models or project.root / "models").resolve(),
    )


def check_out(out: Path) -> None:
    """Raise UsageError unless `out` can be a file."""
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise UsageError(
            f"-o {out}: is a folder, or its folder does not exist; name a Parquet file in an existing folder"
        )
