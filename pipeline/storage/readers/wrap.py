"""Compressed files and archives, with limits on what they inflate to. Nothing is ever written to disk from an archive."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from pipeline.errors import Unreadable
from pipeline.storage.readers.record import ReadLimits, as_buffered

COMPRESSED = {
    "gzip": (".gz", ".tgz"),
    "zstd": (".zst", ".tzst"),
    "xz": (".xz", ".txz"),
    "bzip2": (".bz2", ".tbz2"),
}

FREE_BYTES = 16 << 20
"""Inflated bytes before the ratio is looked at: small files of one repeated line are no bombs."""

BROKEN = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile, tarfile.TarError)
"""What the standard library raises for damaged compression."""


class Inflated(io.RawIOBase):
    """A decompressed stream that ends with Unreadable read.bomb once it has grown beyond the limits."""

    def __init__(self, stream: Any, packed: BinaryIO | int, limits: ReadLimits) -> None:
        self._stream = stream
        self._packed = packed
        self._ratio = limits.inflated_ratio
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            chunk = self._stream.read(len(buffer))
        except BROKEN as error:
            raise Unreadable(
                "read.truncated", f"compressed data end early or are damaged: {error}"
            ) from error
        except OSError as error:
            raise Unreadable("read.truncated", f"compressed data are damaged: {error}") from error
        except (RuntimeError, NotImplementedError) as error:
            raise Unreadable("read.encrypted_archive", f"member cannot be unpacked: {error}") from error
        except Exception as error:
            if type(error).__name__ != "ZstdError":
                raise
            raise Unreadable("read.truncated", f"compressed data are damaged: {error}") from error
        buffer[: len(chunk)] = chunk
        self.count += len(chunk)
        packed = self._packed if isinstance(self._packed, int) else self._packed.tell()
        if self.count > FREE_BYTES and self.count > self._ratio * max(1, packed):
            raise Unreadable(
                "read.bomb", f"inflates more than {self._ratio} times; raise inflated_ratio if it is real"
            )
        return len(chunk)


def inflate(stream: BinaryIO, kind: str, limits: ReadLimits) -> BinaryIO:
    """The inflated stream of one compressed file; `kind` is a key of COMPRESSED."""
    return as_buffered(Inflated(_opened(stream, kind), stream, limits))


def _opened(stream: BinaryIO, kind: str) -> Any:
    if kind == "gzip":
        return gzip.GzipFile(fileobj=stream)
    if kind == "bzip2":
        return bz2.BZ2File(stream)
    if kind == "xz":
        return lzma.LZMAFile(stream)
    import zstandard

    # 128 MiB: the window that `zstd --long` writes; larger ones are an attack on memory.
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    return decompressor.stream_reader(stream, read_across_frames=True)


def inner_name(name: str) -> str:
    """The name without the ending of its compression.

    >>> inner_name("cat.1.gz"), inner_name("corpus.tgz")
    ('cat.1', 'corpus.tar')
    """
    lower = name.lower()
    for long, short in COMPRESSED.values():
        if lower.endswith(long):
            return name[: -len(long)]
        if lower.endswith(short):
            return name[: -len(short)] + ".tar"
    return name


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive, or why it is not read. `name` is valid UTF-8."""

    name: str
    stream: BinaryIO | None
    fault: Unreadable | None = None


def zip_members(stream: BinaryIO, limits: ReadLimits) -> Iterator[Member]:
    """Members in the order of the directory. Raises Unreadable read.corrupt_archive."""
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Unreadable("read.corrupt_archive", f"zip cannot be read: {error}") from error
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _check_count(len(infos), limits)
        for info in infos:
            fault = _unsafe(info.filename, is_file=_is_plain_zip(info))
            if fault is None and info.flag_bits & 1:
                fault = Unreadable("read.encrypted_archive", "the member is encrypted; unpack it first")
            if fault is not None:
                yield Member(_clean(info.filename), None, fault)
                continue
            try:
                member = archive.open(info)
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
                yield Member(_clean(info.filename), None, Unreadable("read.corrupt_archive", str(error)))
                continue
            with member:
                yield Member(
                    _clean(info.filename),
                    as_buffered(Inflated(member, max(1, info.compress_size), limits)),
                )


def tar_members(archive_stream: BinaryIO, limits: ReadLimits) -> Iterator[Member]:
    """Members in the order of the archive, read as a stream."""
    count = 0
    try:
        with tarfile.open(fileobj=archive_stream, mode="r|") as archive:
            for info in archive:
                if info.isdir():
                    continue
                count += 1
                _check_count(count, limits)
                fault = _unsafe(info.name, is_file=info.isfile())
                content = None if fault else archive.extractfile(info)
                # Nothing inflates here (info.size for both); the wrapper turns a torn archive into a fault of its member.
                stream = as_buffered(Inflated(content, info.size, limits)) if content else None
                yield Member(_clean(info.name), stream, fault)
    except (*BROKEN, OSError, ValueError) as error:
        raise Unreadable("read.corrupt_archive", f"tar cannot be read: {error}") from error


def _check_count(count: int, limits: ReadLimits) -> None:
    if count > limits.members:
        raise Unreadable("read.bomb", f"more than {limits.members} members in one archive")


def _unsafe(name: str, *, is_file: bool) -> Unreadable | None:
    """Nothing is unpacked, yet a name that climbs out of its archive, or a link, is no honest intake."""
    if not is_file:
        return Unreadable("read.path_unsafe", "the member is a link or a device, not a file")
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name or name[1:2] == ":":
        return Unreadable("read.path_unsafe", f"the member's name leads out of the archive: {name!r}")
    return None


def _is_plain_zip(info: zipfile.ZipInfo) -> bool:
    kind = (info.external_attr >> 16) & 0o170000
    return kind in (0, 0o100000)


def _clean(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
