"""From a file to its records: the one place that knows all formats. A new format is one function and one line in READERS."""

import dataclasses
import hashlib
import importlib
import io
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson
import pyarrow as pa

from pipeline.errors import Unreadable
from pipeline.schema import RAW, doc_id
from pipeline.storage.readers import parts, wrap
from pipeline.storage.readers.detect import detect, zip_kind
from pipeline.storage.readers.record import (
    Again,
    Found,
    Input,
    Reader,
    ReadLimits,
    Record,
    as_buffered,
    broken,
)
from pipeline.storage.sources import InputFile, SourceSpec

READERS = {
    "text": "text:read_text",
    "markdown": "text:read_markdown",
    "jsonl": "lines:read_jsonl",
    "json": "json:read_json",
    "delimited": "delimited:read_delimited",
    "parquet": "parquet:read_parquet",
    "html": "html:read_html",
    "xml": "xml:read_xml",
    "pdf": "pdf:read_pdf",
    "docx": "docx:read_docx",
    "epub": "epub:read_epub",
    "opendocument": "opendocument:read_opendocument",
    "mail": "mail:read_mail",
    "warc": "warc:read_warc",
    "roff": "roff:read_roff",
}
"""Format -> module and function in this package; modules load when a file of their format comes."""

BATCH_ROWS = 4096
BATCH_CHARS = 16 << 20

NO_DIGEST = hashlib.sha256(b"").hexdigest()


def read_file(
    path: Path,
    uri: str,
    spec: SourceSpec,
    limits: ReadLimits,
    *,
    prefix: str = "",
    listed: tuple[int, int] | None = None,
) -> Iterator[Record]:
    """The records of one file, in order; at least one. Never raises for what the file holds: faults are records too.

    `uri` is relative to the source folder; `prefix` + `uri` names a record without an id of its own. `listed` is the size and
    mtime_ns under which the file was listed and hashed: another file in its place is not read.
    """
    named = _Namer(prefix, spec, path)
    try:
        _check_regular(path)
        with path.open("rb", buffering=1 << 17) as stream:
            before = os.fstat(stream.fileno())
            _check_listed(before, listed)
            yield from named.records(_found(stream, path, uri, spec, limits), limits)
            after = path.stat()
        _check_unchanged(before, after)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        yield from named.records(iter([(uri, _whole_file("read.io_error", message))]), limits)
    except Unreadable as error:
        yield from named.records(iter([(uri, _whole_file(error.code, str(error)))]), limits)


def _check_regular(path: Path) -> None:
    """Opening a pipe would wait for a writer for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise Unreadable("read.io_error", "this is not a regular file")


def _check_listed(status: os.stat_result, listed: tuple[int, int] | None) -> None:
    """What is read must be what was hashed: the manifest names its bytes."""
    if listed is not None and (status.st_size, status.st_mtime_ns) != listed:
        raise Unreadable(
            "read.changed_while_read",
            "the file changed after it was listed; the next run reads it as it then is",
        )


def _check_unchanged(before: os.stat_result, after: os.stat_result) -> None:
    if _stamp(before) != _stamp(after):
        raise Unreadable(
            "read.changed_while_read", "the file changed while it was read; what was read may be torn"
        )


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def _whole_file(code: str, message: str) -> Found:
    return dataclasses.replace(broken(code, message), whole=True)


def _nothing() -> None:
    """Stands for a listener where nobody waits."""


def fault_record(uri: str, code: str, message: str, *, prefix: str = "", digest: str = NO_DIGEST) -> Record:
    """The one record of a file that is not read at all (a pipe, or a file that killed its reader twice)."""
    return Record(uri, 0, prefix + uri, "", None, None, None, {"fault": message}, code, (), digest)


def file_digest(path: Path, each: Callable[[], None] = _nothing) -> str:
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


def table(records: Iterable[Record], source: str) -> pa.Table:
    """Records as a table with schema RAW."""
    rows = list(records)
    columns: dict[str, list[Any]] = {
        "doc_id": [doc_id(source, r.uri, r.position) for r in rows],
        "record_id": [r.record_id for r in rows],
        "source": [source] * len(rows),
        "uri": [r.uri for r in rows],
        "position": [r.position for r in rows],
        "group": [r.group for r in rows],
        "date": [r.date for r in rows],
        "declared_language": [r.declared_language for r in rows],
        "meta": [meta_json(r.meta) for r in rows],
        "text": [r.text for r in rows],
        "fault": [r.fault for r in rows],
        "notes": [list(r.notes) for r in rows],
        "raw_sha256": [r.raw_sha256 for r in rows],
    }
    return pa.table(columns, schema=RAW)


def read_tables(
    file: InputFile, spec: SourceSpec, limits: ReadLimits, each: Callable[[], None] = _nothing
) -> Iterator[pa.Table]:
    """The records of one file as tables of at most BATCH_ROWS rows or about BATCH_CHARS characters.

    `each` is called with every record: a table of slow records may take minutes to fill.
    """
    if file.fault is not None:
        message, digest = file.message or file.fault, file_digest(file.path, each)
        records = iter([fault_record(file.uri, file.fault, message, prefix=file.prefix, digest=digest)])
    else:
        listed = (file.size, file.mtime_ns)
        records = read_file(file.path, file.uri, spec, limits, prefix=file.prefix, listed=listed)
    batch: list[Record] = []
    size = 0
    for record in records:
        each()
        batch.append(record)
        size += len(record.text)
        if len(batch) == BATCH_ROWS or size >= BATCH_CHARS:
            yield table(batch, file.source)
            batch, size = [], 0
    if batch:
        yield table(batch, file.source)


def meta_json(meta: Mapping[str, object]) -> str:
    """Meta as JSON text with sorted keys; values that JSON does not know are written as their text."""
    if not meta:
        return "{}"
    try:
        return orjson.dumps(meta, default=str, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        # Keys that are no text, half surrogates, or integers beyond 64 bits: slower, but knows them.
        return json.dumps(meta, ensure_ascii=False, sort_keys=True, default=str, separators=(",", ":"))


class _Namer:
    """Gives each found record its place in its file and its name, and holds it to the contract."""

    def __init__(self, prefix: str, spec: SourceSpec, path: Path) -> None:
        self._prefix = prefix
        self._spec = spec
        self._path = path
        self._next: dict[str, int] = {}
        self._digest: str | None = None

    def records(self, found: Iterator[tuple[str, Found]], limits: ReadLimits) -> Iterator[Record]:
        for uri, item in found:
            position = self._next.get(uri, 0)
            self._next[uri] = position + 1
            # A fault after good records is no longer the whole file: its name must not be that of another record.
            item = dataclasses.replace(item, whole=False) if item.whole and position else item
            yield self._record(uri, position, _checked(item, limits))

    def _record(self, uri: str, position: int, item: Found) -> Record:
        path = self._prefix + uri
        own = item.own_id if item.own_id is not None and _is_text(item.own_id) else None
        return Record(
            uri,
            position,
            own or (path if item.whole else f"{path}#{position}"),
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


def _checked(item: Found, limits: ReadLimits) -> Found:
    """The record, or a broken one in its place where its text cannot be stored."""
    fault = None
    if len(item.text) > limits.text_chars:
        fault = ("read.too_large", f"{len(item.text)} characters of text; the limit is {limits.text_chars}")
    elif not item.fault and not item.text.strip() and "read.no_text" not in item.notes:
        fault = ("read.empty", "no text in it")
    elif not (_is_text(item.text) and all(map(_is_text, (item.group or "", item.language or "")))):
        fault = ("read.bad_unicode", "half a surrogate pair in the text")
    if fault is None and _is_text(meta_json(item.meta)):
        return item
    if fault is None:
        return Found(
            item.text, item.own_id, item.group, item.date, item.language, _plain(item.meta), item.fault, item.notes,
            item.digest, item.whole,
        )  # fmt: skip
    code, message = fault
    meta = {**_plain(item.meta), "fault": message}
    return Found("", item.own_id, None, item.date, None, meta, code, (), item.digest, item.whole)


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


def _found(
    stream: BinaryIO,
    path: Path | None,
    uri: str,
    spec: SourceSpec,
    limits: ReadLimits,
    *,
    nested: bool = False,
) -> Iterator[tuple[str, Found]]:
    """(uri, record) of a file or member; whatever is wrong with it becomes a broken record, after those that were good."""
    seen = False
    try:
        for item in _unwrapped(stream, path, uri, spec, limits, nested=nested):
            seen = True
            yield item
        fault = None if seen else Unreadable("read.empty", "the file holds no record")
    except Unreadable as error:
        fault = error
    except MemoryError:
        fault = Unreadable("read.memory", "more memory than a worker may use")
    except RecursionError:
        fault = Unreadable("read.too_deep", "nested too deeply to be read")
    except OSError:
        # The disk, not the content: `read_file` tells it apart.
        raise
    except Exception as error:  # noqa: BLE001 - a parser's bug, met by one document in millions, costs that document only
        fault = Unreadable("read.parser_failed", f"the parser failed: {type(error).__name__}: {error}")
    if fault is not None:
        yield uri, dataclasses.replace(broken(fault.code, str(fault)), whole=not seen)


def _unwrapped(
    stream: BinaryIO,
    path: Path | None,
    uri: str,
    spec: SourceSpec,
    limits: ReadLimits,
    *,
    nested: bool = False,
) -> Iterator[tuple[str, Found]]:
    """A plain file, one inside of a compressed file, or all files of an archive."""
    kind, stream = _detected(stream, uri, limits)
    name = uri
    if kind in wrap.COMPRESSED:
        name, path = wrap.inner_name(uri), None
        kind, stream = _detected(wrap.inflate(stream, kind, limits), name, limits)
    if kind not in ("zip", "tar"):
        yield from _parsed(kind, Input(uri, name, stream, spec, limits, path))
        return
    if nested:
        raise Unreadable("read.nested", "an archive inside of an archive; unpack it first")
    for member in (wrap.zip_members if kind == "zip" else wrap.tar_members)(stream, limits):
        inner = f"{uri}/{member.name}"
        if left_out := parts.enter():
            yield inner, dataclasses.replace(left_out, whole=True)
        elif member.fault is not None or member.stream is None:
            fault = member.fault or Unreadable("read.io_error", "the member cannot be opened")
            yield inner, dataclasses.replace(broken(fault.code, str(fault)), whole=True)
        else:
            yield from _found(member.stream, None, inner, spec, limits, nested=True)


def _detected(stream: BinaryIO, name: str, limits: ReadLimits) -> tuple[str, BinaryIO]:
    """The format, and the stream at its first byte again."""
    head = stream.read(4096)
    if not head:
        raise Unreadable("read.empty", "the file is empty")
    if stream.seekable():
        stream.seek(0)
    else:
        stream = as_buffered(Again(head, stream))
    kind = detect(head, name)
    if kind == "zip":
        if not stream.seekable():
            # A zip is read from its end; a compressed one or a member must be in memory for that.
            content = stream.read(limits.file_bytes + 1)
            if len(content) > limits.file_bytes:
                raise Unreadable(
                    "read.too_large", f"a packed document of more than {limits.file_bytes} bytes"
                )
            stream = io.BytesIO(content)
        kind = zip_kind(stream)
    return kind, stream


def _parsed(kind: str, file: Input) -> Iterator[tuple[str, Found]]:
    if kind not in READERS:
        raise Unreadable("read.nested", f"{kind} inside of a compressed file; unpack it first")
    module, function = READERS[kind].split(":")
    reader: Reader = getattr(importlib.import_module(f"{__package__}.{module}"), function)
    for item in reader(file):
        yield file.uri, item if item.digest else dataclasses.replace(item, digest=file.digest)
