"""Each found record gets its place in its file and its name, and is held to the contract."""

import dataclasses
import hashlib
import json
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pipeline.storage.readers.record import Found, ReadLimits, Record, meta_json
from pipeline.storage.readers.rows import Rows
from pipeline.storage.sources import SourceSpec

NO_DIGEST = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class NamedRows:
    """Rows with their places: `position` of the first, `record_id` of each. `odd` are those that are no plain rows, by number."""

    uri: str
    position: int
    record_id: list[str]
    language: Sequence[str | None]
    rows: Rows
    odd: Mapping[int, Record]

    def records(self) -> Iterator[Record]:
        """Each row as a record of its own."""
        rows = self.rows
        for at in range(len(rows)):
            yield self.odd.get(at) or Record(
                self.uri,
                self.position + at,
                self.record_id[at],
                rows.text[at].as_py(),
                rows.group[at],
                rows.date[at],
                self.language[at],
                json.loads(rows.meta[at]),
                None,
                rows.notes,
                rows.digest[at],
            )


class Namer:
    """Names the records of one file and of the members in it, in order."""

    def __init__(self, prefix: str, spec: SourceSpec, path: Path, limits: ReadLimits) -> None:
        self._prefix = prefix
        self._spec = spec
        self._path = path
        self._limits = limits
        self._next: dict[str, int] = {}
        self._digest: str | None = None

    def named(self, found: Iterator[tuple[str, Found | Rows]]) -> Iterator[Record | NamedRows]:
        for uri, item in found:
            position = self._next.get(uri, 0)
            self._next[uri] = position + (len(item) if isinstance(item, Rows) else 1)
            if isinstance(item, Rows):
                yield self._rows(uri, position, item)
            else:
                yield self._record(uri, position, item)

    def _rows(self, uri: str, position: int, rows: Rows) -> NamedRows:
        path = self._prefix + uri
        names = [own or f"{path}#{number}" for number, own in enumerate(rows.own_id, position)]
        odd = {at: self._record(uri, position + at, item) for at, item in rows.odd.items()}
        language = rows.language
        if (usual := self._spec.language) is not None:
            language = [own or usual for own in language]
        return NamedRows(uri, position, names, language, rows, odd)

    def _record(self, uri: str, position: int, item: Found) -> Record:
        # A fault after good records is no longer the whole file: its name must not be that of another record.
        whole = item.whole and not position
        item = _checked(item, self._limits)
        path = self._prefix + uri
        own = item.own_id if item.own_id is not None and _is_text(item.own_id) else None
        return Record(
            uri,
            position,
            own or (path if whole else f"{path}#{position}"),
            item.text,
            item.group,
            item.date,
            item.language or self._spec.language,
            item.meta,
            item.fault,
            item.notes,
            item.digest or self._file_digest(),
        )

    def _file_digest(self) -> str:
        """For records that are broken because their own bytes could not be told apart; a large file may have thousands of them."""
        self._digest = self._digest or file_digest(self._path)
        return self._digest


def nothing() -> None:
    """Stands for a listener where nobody waits."""


def file_digest(path: Path, each: Callable[[], None] = nothing) -> str:
    """Of a file as it lies on disk; NO_DIGEST where it cannot be opened. Parses nothing. `each` is called every 4 MB."""
    digest = hashlib.sha256()
    try:
        # Opening a pipe would wait for a writer for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            return NO_DIGEST
        with path.open("rb") as stream:
            while chunk := stream.read(4 << 20):
                digest.update(chunk)
                each()
    except OSError:
        # The record says already that its file cannot be read.
        return NO_DIGEST
    return digest.hexdigest()


def _checked(item: Found, limits: ReadLimits) -> Found:
    """The record, or a broken one in its place where its text cannot be stored."""
    fault = None
    if len(item.text) > limits.text_chars:
        fault = ("read.too_large", f"{len(item.text)} characters of text; the limit is {limits.text_chars}")
    elif not item.fault and not item.text.strip() and "read.no_text" not in item.notes:
        fault = ("read.empty", "no text in it")
    elif not (_is_text(item.text) and all(map(_is_text, (item.group or "", item.language or "")))):
        fault = ("read.bad_unicode", "half a surrogate pair in the text")
    if fault is not None:
        code, message = fault
        meta = {**_plain(item.meta), "fault": message}
        return Found("", item.own_id, None, item.date, None, meta, code, (), item.digest, item.whole)
    if _is_text(meta_json(item.meta)):
        return item
    return dataclasses.replace(item, meta=_plain(item.meta))


def _plain(meta: Mapping[str, object]) -> dict[str, object]:
    r"""Meta whose strings can be stored: half surrogates as `\\udXXX`."""
    text = meta_json(meta).encode("utf-8", "backslashreplace").decode()
    return cast("dict[str, object]", json.loads(text.replace("\\ud", "\\\\ud")))


def _is_text(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
