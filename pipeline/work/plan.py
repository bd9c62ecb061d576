"""What a refresh would do: which files there are, which shards they make, and whether anything changed since the release.

Made before Prefect is imported, so that a refresh with nothing new costs a directory listing and a comparison.
"""

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import Blocked
from pipeline.storage.files import disk_error
from pipeline.storage.manifest import Input
from pipeline.storage.paths import Store
from pipeline.storage.releases import Release, latest
from pipeline.storage.sources import InputFile, SourceSpec, list_files, list_specs
from pipeline.work.code import code_digest, lock
from pipeline.work.inputs import hash_inputs
from pipeline.work.shards import Shard, cut


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a candidate depends on, besides the bytes of the raw files."""

    raw: Path
    store: Store
    files: Mapping[tuple[str, str], InputFile]
    inputs: tuple[Input, ...]
    specs: Mapping[str, SourceSpec]
    shards: tuple[Shard, ...]
    config: Mapping[str, Any]
    """Plain sections as the manifest records them."""
    code: str
    lock: Mapping[str, str]
    decisions: str
    parent: Release | None

    def changes(self) -> tuple[str, ...]:
        """What differs from the newest release, in words; empty when a refresh would make the same release again."""
        if self.parent is None:
            return ("no release yet",)
        old = self.parent.manifest()
        found = _input_changes(old.inputs, self.inputs)
        for name, was, now in (
            ("settings", old.config, self.config),
            ("code", old.code, self.code),
            ("libraries", old.lock, self.lock),
            ("decisions", old.decisions, self.decisions),
        ):
            if was != now:
                found.append(f"{name} changed")
        return tuple(found)


def make_plan(raw: Path, store: Store, config: Mapping[str, Any], shard_bytes: int) -> Plan:
    """List and hash raw/, cut shards, find the parent. Raises UsageError without raw/, Blocked when it holds no files."""
    files = list_files(raw)
    if not files:
        raise Blocked(
            f"{raw}: holds no files; put your documents there, one folder per source, and run again"
        )
    try:
        store.work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, store.work, 4096) from error
    specs = list_specs(raw)
    inputs = hash_inputs(files, store.hashes, time.time_ns())
    return Plan(
        raw=raw,
        store=store,
        files={(file.source, file.uri): file for file in files},
        inputs=tuple(sorted(inputs, key=lambda item: (item.source, item.uri))),
        specs=specs,
        shards=tuple(cut(inputs, shard_bytes)),
        config=plain({**config, "source.toml": specs}),
        code=code_digest(),
        lock=lock(),
        decisions=file_digest(store.decisions),
        parent=latest(store),
    )


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """Dataclasses as JSON has them: what is written equals what is read back."""

    def convert(value: Any) -> Any:
        return (
            dataclasses.asdict(value)
            if dataclasses.is_dataclass(value) and not isinstance(value, type)
            else str(value)
        )

    return dict(json.loads(json.dumps(config, default=convert, sort_keys=True)))


def file_digest(path: Path) -> str:
    """sha256 of a file; of nothing where there is none."""
    data = path.read_bytes() if path.exists() else b""
    return hashlib.sha256(data).hexdigest()


def worker_count(asked: int) -> int:
    """Processes for per-document work: as asked, or one per core this process may use."""
    if asked:
        return asked
    # Not every system can say which cores a process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _input_changes(old: tuple[Input, ...], new: tuple[Input, ...]) -> list[str]:
    was = {(item.source, item.uri): item.sha256 for item in old}
    now = {(item.source, item.uri): item.sha256 for item in new}
    added, gone = len(now.keys() - was.keys()), len(was.keys() - now.keys())
    changed = sum(was[key] != now[key] for key in was.keys() & now.keys())
    counts = ((added, "new"), (changed, "changed"), (gone, "gone"))
    return [f"{count} file{'s' if count > 1 else ''} {word}" for count, word in counts if count]
