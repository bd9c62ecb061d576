"""manifest.json: what a candidate is made of and from. Its sha256 is the digest that reports, waivers and approvals name.

It holds no time, host, worker count or absolute path: the same input, settings, code and libraries give the same digest.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import StoreDamaged
from pipeline.schema import SCHEMA_VERSION
from pipeline.storage.files import sha256_file
from pipeline.storage.parquet import damaged

NAME = "manifest.json"
LATE = ("report.json", "report.html", "validation.json")
"""Files that name the digest, or are made from a verdict about it: they cannot be inside it. The state of the candidate
holds their sha256 from the moment it is held, and then its commit."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of the candidate. `rows` is null for files that are not tables."""

    sha256: str
    bytes: int
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """One raw file as it was read."""

    source: str
    uri: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The candidate."""

    files: Mapping[str, FileEntry]
    inputs: tuple[Input, ...]
    config: Mapping[str, Any]
    """The settings that took effect, section by section."""
    code: str
    """sha256 of the sources of pipeline, expectations and flows."""
    lock: Mapping[str, str]
    """Versions of the libraries that the result depends on."""
    seeds: Mapping[str, int]
    decisions: str
    """sha256 of the decisions that were applied."""
    parent: str | None
    """Digest of the release that split and survivors were inherited from."""
    schema_version: int = SCHEMA_VERSION

    def to_bytes(self) -> bytes:
        """Canonical JSON: sorted keys, two blanks of indent, a newline at the end."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, indent=2)
        return f"{text}\n".encode()

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.to_bytes()).hexdigest()


def entry(path: Path, rows: int | None = None) -> FileEntry:
    """The entry of a file on disk."""
    return FileEntry(sha256_file(path), path.stat().st_size, rows)


def read_manifest(folder: Path, digest: str | None = None) -> Manifest:
    """The manifest of a release or candidate folder. Raises StoreDamaged where it is missing, edited or too new."""
    path = folder / NAME
    try:
        data = path.read_bytes()
        content = json.loads(data)
    except (OSError, ValueError) as error:
        raise damaged(path, f"unreadable ({error})") from error
    if digest is not None and (got := hashlib.sha256(data).hexdigest()) != digest:
        raise damaged(path, f"digest is {got[:12]}…, the commit says {digest[:12]}…")
    if content["schema_version"] > SCHEMA_VERSION:
        version = content["schema_version"]
        raise StoreDamaged(
            f"{path}: schema version {version} is newer than {SCHEMA_VERSION}; upgrade Kvarn to read it"
        )
    content["files"] = {name: FileEntry(**item) for name, item in content["files"].items()}
    content["inputs"] = tuple(Input(**item) for item in content["inputs"])
    return Manifest(**content)


def check_files(folder: Path, files: Mapping[str, FileEntry]) -> list[str]:
    """What is wrong with the files of a folder, one line each; empty where every byte is as written."""
    faults = []
    for name, wanted in sorted(files.items()):
        fault = _fault(folder / name, wanted)
        if fault:
            faults.append(f"{folder / name}: {fault}")
    return faults


def _fault(path: Path, wanted: FileEntry) -> str | None:
    try:
        if not path.is_file():
            return "missing"
        if (size := path.stat().st_size) != wanted.bytes:
            return f"{size} bytes, expected {wanted.bytes}"
        if (got := sha256_file(path)) != wanted.sha256:
            return f"sha256 {got[:12]}…, expected {wanted.sha256[:12]}…"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None
