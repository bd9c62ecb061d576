"""What lies in raw/ now, with its sha256: files whose size and time of change are known are not read again.

A file that changed within the last two seconds before it was hashed could change again within the clock's grain, so its hash
is not remembered (the "racy" rule of version control).
"""

import json
from collections.abc import Iterable
from pathlib import Path

from pipeline.storage.files import sha256_file, write_bytes
from pipeline.storage.manifest import Input
from pipeline.storage.sources import InputFile

YOUNG_NS = 2_000_000_000
"""Age below which a file may still change unseen: two seconds, the coarsest time stamp of common file systems."""

UNREADABLE = "0" * 64
"""Stands for the sha256 of a file that cannot be read: it is quarantined with its reason when its shard is read."""


def hash_inputs(files: Iterable[InputFile], cache: Path, now_ns: int) -> tuple[Input, ...]:
    """One Input per file. `cache` remembers hashes between runs and is rewritten when it changed."""
    known = _load(cache)
    fresh: dict[str, list[object]] = {}
    inputs = []
    for file in files:
        key = str(file.path)
        stamp = [file.size, file.mtime_ns]
        remembered = known.get(key)
        known_still = remembered is not None and remembered[:2] == stamp
        digest = str(remembered[2]) if remembered and known_still else _hash(file)
        if digest != UNREADABLE and now_ns - file.mtime_ns > YOUNG_NS:
            fresh[key] = [*stamp, digest]
        inputs.append(Input(file.source, file.uri, file.size, digest))
    if fresh != known:
        write_bytes(cache, json.dumps(fresh, sort_keys=True).encode("utf-8", "surrogatepass"))
    return tuple(inputs)


def _load(cache: Path) -> dict[str, list[object]]:
    try:
        return dict(json.loads(cache.read_bytes().decode("utf-8", "surrogatepass")))
    except (OSError, ValueError):
        # A lost or torn cache costs time, never truth: everything is hashed again.
        return {}


def _hash(file: InputFile) -> str:
    if file.fault is not None:
        # A pipe or device: opening it could wait for ever.
        return UNREADABLE
    try:
        return sha256_file(file.path)
    except OSError:
        return UNREADABLE
