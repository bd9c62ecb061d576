"""Where things lie in a store (the folder `curated/`). Only names: nothing here touches the disk, save `create`."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.storage.files import disk_error


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of releases with its working folder."""

    root: Path

    @property
    def releases(self) -> Path:
        """NNNNNN/ folders, and beside each its commit NNNNNN.json."""
        return self.root / "releases"

    @property
    def current(self) -> Path:
        """A hint for people and shells; commits are the authority."""
        return self.root / "CURRENT"

    @property
    def decisions(self) -> Path:
        """Decisions of people, JSON lines, append-only."""
        return self.root / "decisions.jsonl"

    @property
    def work(self) -> Path:
        """Everything that can be made again."""
        return self.root / ".work"

    @property
    def lock(self) -> Path:
        return self.work / "lock"

    @property
    def candidates(self) -> Path:
        """<digest>/ folders: built and audited, not published."""
        return self.work / "candidates"

    @property
    def build(self) -> Path:
        """The candidate that is being built; swept at the start of each run."""
        return self.work / "build"

    @property
    def shards(self) -> Path:
        """Measured and judged shards by cache key."""
        return self.work / "shards"

    @property
    def near(self) -> Path:
        """The index of near-duplicates: what earlier runs compared."""
        return self.work / "near"

    @property
    def hashes(self) -> Path:
        """sha256 of raw files by path, size and time of change, so that unchanged ones are not read again."""
        return self.work / "hashes.json"

    def create(self) -> None:
        """Make the folders. Raises KvarnError where the disk refuses."""
        for folder in (self.releases, self.candidates, self.shards):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise disk_error(error, folder, 4096) from error
