"""From a file to its records: opened, checked, unpacked, and given to the reader of its format."""

import dataclasses
import importlib
import io
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import Unreadable
from pipeline.storage.readers import parts, wrap
from pipeline.storage.readers.detect import detect, zip_kind
from pipeline.storage.readers.formats import READERS
from pipeline.storage.readers.naming import NamedRows, Namer
from pipeline.storage.readers.record import Again, Found, Input, ReadLimits, Record, as_buffered, broken
from pipeline.storage.readers.rows import Rows
from pipeline.storage.sources import SourceSpec

Reader = Callable[[Input], Iterator[Found | Rows]]
"""A reader gives one Found a record, or Rows where records are many and small."""


def read_items(
    path: Path,
    uri: str,
    spec: SourceSpec,
    limits: ReadLimits,
    *,
    prefix: str = "",
    listed: tuple[int, int] | None = None,
) -> Iterator[Record | NamedRows]:
    """The records of one file, in order; at least one. Never raises for what the file holds: faults are records too.

    `uri` is relative to the source folder; `prefix` + `uri` names a record without an id of its own. `listed` is the size and
    mtime_ns under which the file was listed and hashed: another file in its place is not read.
    """
    namer = Namer(prefix, spec, path, limits)
    try:
        _check_regular(path)
        with path.open("rb", buffering=1 << 17) as stream:
            before = os.fstat(stream.fileno())
            _check_listed(before, listed)
            yield from namer.named(_found(stream, path, uri, spec, limits))
            after = path.stat()
        _check_unchanged(before, after)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        yield from namer.named(iter([(uri, _whole_file("read.io_error", message))]))
    except Unreadable as error:
        yield from namer.named(iter([(uri, _whole_file(error.code, str(error)))]))


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


def _found(
    stream: BinaryIO,
    path: Path | None,
    uri: str,
    spec: SourceSpec,
    limits: ReadLimits,
    *,
    nested: bool = False,
) -> Iterator[tuple[str, Found | Rows]]:
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
        # The disk, not the content: `read_items` tells it apart.
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
) -> Iterator[tuple[str, Found | Rows]]:
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


def _parsed(kind: str, file: Input) -> Iterator[tuple[str, Found | Rows]]:
    if kind not in READERS:
        raise Unreadable("read.nested", f"{kind} inside of a compressed file; unpack it first")
    module, function = READERS[kind].reader.split(":")
    reader: Reader = getattr(importlib.import_module(f"{__package__}.{module}"), function)
    for item in reader(file):
        if isinstance(item, Found) and item.digest is None:
            item = dataclasses.replace(item, digest=file.digest)
        yield file.uri, item
