"""Markers: a finished step says what it made. A step is skipped only when its marker and every checksum in it hold.

The step's folder is named by its cache key (inputs + settings + code), so a marker never needs to be compared with anything
but the files beside it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.storage.files import write_bytes
from pipeline.storage.manifest import FileEntry, check_files, entry

NAME = "done.json"


@dataclass(frozen=True, slots=True)
class Marker:
    """What a step made: files by name with their checksums, and facts that later steps need."""

    files: Mapping[str, FileEntry]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Names the outputs by content: a part of the cache key of the next step."""
        text = json.dumps({name: item.sha256 for name, item in self.files.items()}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def key(*parts: object) -> str:
    """32 hex that name a step by what goes into it."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def finish(folder: Path, rows: Mapping[str, int], facts: Mapping[str, Any]) -> Marker:
    """Write the marker of a finished step: the last thing it does."""
    marker = Marker({name: entry(folder / name, count) for name, count in sorted(rows.items())}, dict(facts))
    write_bytes(folder / NAME, json.dumps(asdict(marker), sort_keys=True, ensure_ascii=False).encode())
    return marker


def finished(folder: Path) -> Marker | None:
    """The marker of a step whose outputs all verify, else None: it must be done again."""
    try:
        content = json.loads((folder / NAME).read_bytes())
        marker = Marker(
            {name: FileEntry(**item) for name, item in content["files"].items()}, content["facts"]
        )
    except (OSError, ValueError, TypeError, KeyError):
        # Missing, torn or of another version: doing the step again is always right.
        return None
    return None if check_files(folder, marker.files) else marker
