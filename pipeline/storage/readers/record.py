"""What a reader takes and what it gives. A reader is one function: `read(file: Input) -> Iterator[Found | Rows]`."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from pipeline.errors import ConfigError, Unreadable
from pipeline.storage.sources import SourceSpec


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds that keep a hostile or broken file from stopping a run; the values are those of the threat model."""

    # Bytes of a file that must be read whole (pdf, html, docx ...); record formats stream and have no such bound.
    file_bytes: int = 512 << 20
    # Bytes that a compressed file or archive member may inflate to where it is read whole.
    inflated_bytes: int = 1 << 30
    # Inflated bytes for each compressed byte; text in gzip reaches 10, a bomb 1028.
    inflated_ratio: int = 200
    members: int = 10_000
    text_chars: int = 5_000_000
    line_bytes: int = 16 << 20
    json_depth: int = 100
    pdf_pages: int = 2_000

    def __post_init__(self) -> None:
        for limit in fields(self):
            if getattr(self, limit.name) < 1:
                raise ConfigError(
                    f"{limit.name} = {getattr(self, limit.name)} would read nothing; allowed: 1 or more"
                )


@dataclass(frozen=True, slots=True)
class Found:
    """One record as a reader found it, before it has a place and a name.

    `whole` says that the record is the whole file, so that the path alone names it. `digest` is None where the bytes of the
    file are the bytes of the record.
    """

    text: str
    own_id: str | None = None
    group: str | None = None
    date: str | None = None
    language: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None
    notes: tuple[str, ...] = ()
    digest: str | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One raw item. `text` is empty if `fault` is set; `meta["fault"]` then says in words what is wrong.

    `raw_sha256` is the digest of the file's bytes where the file is one record, else of the record's bytes.
    """

    uri: str
    position: int
    record_id: str
    text: str
    group: str | None
    date: str | None
    declared_language: str | None
    meta: Mapping[str, Any]
    fault: str | None
    notes: tuple[str, ...]
    raw_sha256: str


@dataclass(slots=True)
class Input:
    """An open file or archive member, already inflated, at its first byte. `path` is None for bytes not on disk as such."""

    uri: str
    name: str
    stream: BinaryIO
    spec: SourceSpec
    limits: ReadLimits
    path: Path | None = None
    # sha256 of everything read by `data`, once it was called.
    digest: str | None = None

    def data(self, most: int | None = None) -> bytes:
        """The whole file. Raises Unreadable read.too_large rather than hold one beyond the limit (or `most`) in memory."""
        most = self.limits.file_bytes if most is None else min(most, self.limits.file_bytes)
        data = self.stream.read(most + 1)
        if len(data) > most:
            raise Unreadable("read.too_large", f"more than {most} bytes in a format that must be read whole")
        self.digest = hashlib.sha256(data).hexdigest()
        return data


class Again(io.RawIOBase):
    """Gives bytes that were read already once more, then the rest of the stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = io.BytesIO(head)
        self.rest = rest
        # One piece at a time: what comes before a fault is not lost with it.
        self._read = getattr(rest, "read1", rest.read)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._head.read(len(buffer)) or self._read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def meta_json(meta: Mapping[str, object]) -> str:
    """Meta as JSON text with sorted keys; values that JSON does not know are written as their text."""
    if not meta:
        return "{}"
    try:
        return orjson.dumps(meta, default=str, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        # Keys that are no text, half surrogates, or integers beyond 64 bits: slower, but knows them.
        return json.dumps(meta, ensure_ascii=False, sort_keys=True, default=str, separators=(",", ":"))


def broken(code: str, message: str, digest: str | None = None, **meta: Any) -> Found:
    """A record that could not be read: quarantined under `code`, with the reason in words in its meta."""
    return Found("", meta={**meta, "fault": message}, fault=code, digest=digest)


def as_buffered(raw: Any) -> BinaryIO:
    """A raw stream (one with `readinto`) with a buffer before it."""
    return cast("BinaryIO", io.BufferedReader(raw, 1 << 17))
