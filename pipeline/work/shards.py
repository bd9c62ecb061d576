"""Cut the raw files into shards by content, so that a new or changed file moves no boundary but its own.

Files are sorted by source and uri. A shard ends after a file whose name's hash falls below its size's share of the target: the
expected shard is `target` bytes whatever the sizes of the files, and the cut after a file depends on that file alone.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.storage.manifest import Input

TARGET = 64 << 20
"""Bytes of raw files in a shard on average: a second or more of work each, against about 10 ms a task."""

CEILING = 256 << 20
"""Bytes at which a shard ends whatever the hash says."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Consecutive files of one source."""

    source: str
    inputs: tuple[Input, ...]

    @property
    def name(self) -> str:
        """Stable while its first file stays the first: 12 hex of sha256 over source and that file's uri."""
        first = f"{self.source}\0{self.inputs[0].uri}"
        return hashlib.sha256(first.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    @property
    def bytes(self) -> int:
        return sum(item.bytes for item in self.inputs)


def cut(inputs: Iterable[Input], target: int = TARGET, ceiling: int = CEILING) -> Iterator[Shard]:
    """Shards of the files, in order of source and uri."""
    pending: list[Input] = []
    size = 0
    for item in sorted(inputs, key=lambda item: (item.source, item.uri)):
        if pending and item.source != pending[0].source:
            yield Shard(pending[0].source, tuple(pending))
            pending, size = [], 0
        pending.append(item)
        size += item.bytes
        if size >= ceiling or _ends_here(item, target):
            yield Shard(item.source, tuple(pending))
            pending, size = [], 0
    if pending:
        yield Shard(pending[0].source, tuple(pending))


def _ends_here(item: Input, target: int) -> bool:
    digest = hashlib.sha256(f"cut\0{item.source}\0{item.uri}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") < min(1.0, item.bytes / target) * 2.0**64
