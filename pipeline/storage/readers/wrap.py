"""Compressed files and archives, with limits on what they inflate to. Nothing is ever written to disk from an archive."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from pipeline.errors import Unreadable
from pipeline.storage.readers.record import Again, ReadLimits

COMPRESSED = {
    "gzip": (".gz", ".tgz"),
    "zstd": (".zst", ".tzst"),
    "xz": (".xz", ".txz"),
    "bzip2": (".bz2", ".tbz2"),
}

FREE_BYTES = 16 << 20
"""Inflated bytes before the ratio is looked at: small files of one repeated line are no bombs."""

FREE_TOTAL = 4 * FREE_BYTES
"""The same for all members of an archive together: one bomb beside honest members costs itself only."""

XZ_MEMORY = 192 << 20
"""Bytes that an xz decoder may take: `xz -9` needs 65 MiB, a dictionary of 128 MiB a little more than that; larger ones are an attack."""

BROKEN = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile, tarfile.TarError)
"""What the standard library raises for damaged compression."""


class Budget:
    """What one file on disk may inflate to, with all its members and layers: ten thousand members of a fair ratio are a bomb too."""

    def __init__(self, packed: Callable[[], int], limits: ReadLimits, most: int | None = None) -> None:
        self._packed = packed
        self._ratio = limits.inflated_ratio
        self._most = most
        self._spent = 0

    def spend(self, count: int) -> None:
        self._spent += count
        if self.empty:
            raise Unreadable("read.bomb", f"all of the file inflates more than {self._ratio} times")

    @property
    def empty(self) -> bool:
        over = self._spent > FREE_TOTAL and self._spent > self._ratio * max(1, self._packed())
        return over or (self._most is not None and self._spent > self._most)


class Inflated(io.RawIOBase):
    """A decompressed stream that ends with Unreadable read.bomb once it has grown beyond the limits.

    `packed` is how many bytes it was made of, so far or in all. `inflates` is False where nothing is unpacked and only the
    errors are wanted.
    """

    def __init__(
        self,
        stream: Any,
        packed: Callable[[], int],
        limits: ReadLimits,
        budget: Budget,
        *,
        inflates: bool = True,
    ) -> None:
        self._stream = stream
        self._ratio = limits.inflated_ratio
        self._inflates = inflates
        self.packed = packed
        self.budget = budget
        self.count = 0
        self._fault: Unreadable | None = None
        # `read` of the standard library's decoders drops what it holds when it meets damage; `read1` gives it first.
        self._give = getattr(stream, "read1", stream.read)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer. What was unpacked before a fault is given first; the fault is raised by the next call, and ever after."""
        if self._fault is not None:
            raise self._fault
        view = memoryview(buffer).cast("B")
        filled = 0
        try:
            while filled < len(view) and (chunk := self._chunk(len(view) - filled)):
                view[filled : filled + len(chunk)] = chunk
                filled += len(chunk)
        except Unreadable as fault:
            self._fault = fault
            # Of a bomb nothing is worth keeping.
            if not filled or fault.code == "read.bomb":
                raise
        return filled

    def _chunk(self, size: int) -> bytes:
        chunk = self._unpacked(size)
        self.count += len(chunk)
        if self._inflates:
            self.budget.spend(len(chunk))
        if self.count > FREE_BYTES and self.count > self._ratio * max(1, self.packed()):
            raise Unreadable(
                "read.bomb", f"inflates more than {self._ratio} times; raise inflated_ratio if it is real"
            )
        return chunk

    def _unpacked(self, size: int) -> bytes:
        try:
            return cast("bytes", self._give(size))
        except BROKEN as error:
            raise _damaged(error) from error
        except OSError as error:
            raise Unreadable("read.truncated", f"compressed data are damaged: {error}") from error
        except MemoryError as error:
            raise Unreadable("read.bomb", "unpacking needs more memory than a worker may use") from error
        except (RuntimeError, NotImplementedError) as error:
            raise Unreadable("read.encrypted_archive", f"member cannot be unpacked: {error}") from error
        except Exception as error:
            if type(error).__name__ != "ZstdError":
                raise
            raise _damaged(error) from error


class _Buffered(io.BufferedReader):
    """A buffer that passes on what there is: BufferedReader.read asks again until it has all, and drops what it has at a fault."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size) if size is None or size < 0 else self.read1(size)


def _buffered(raw: Inflated) -> BinaryIO:
    return cast("BinaryIO", _Buffered(raw, 1 << 17))


def _damaged(error: Exception) -> Unreadable:
    """Damage, or a decoder that was refused the memory that the data ask for."""
    if any(word in str(error).lower() for word in ("memory", "window")):
        return Unreadable("read.bomb", f"unpacking needs more memory than is allowed: {error}")
    return Unreadable("read.truncated", f"compressed data end early or are damaged: {error}")


def _enclosing(stream: BinaryIO) -> Inflated | None:
    """The decompressed stream or archive member that this stream reads from, behind its buffers."""
    raw: Any = stream
    while isinstance(raw, io.BufferedReader | Again):
        raw = raw.raw if isinstance(raw, io.BufferedReader) else raw.rest
    return raw if isinstance(raw, Inflated) else None


def inflate(stream: BinaryIO, kind: str, limits: ReadLimits) -> BinaryIO:
    """The inflated stream of one compressed file; `kind` is a key of COMPRESSED."""
    outer = _enclosing(stream)
    # A layer inside of another has what the outermost one was made of.
    packed = stream.tell if outer is None else outer.packed
    budget = Budget(packed, limits) if outer is None else outer.budget
    return _buffered(Inflated(_opened(stream, kind), packed, limits, budget))


def _opened(stream: BinaryIO, kind: str) -> Any:
    if kind == "gzip":
        return gzip.GzipFile(fileobj=stream)
    if kind == "bzip2":
        return bz2.BZ2File(stream)
    if kind == "xz":
        return _Xz(stream)
    return _Zstd(stream)


ZSTD_INPUT = 1 << 11
"""Bytes given to a zstd decoder at once: it returns all that they unpack to, at most 64 MiB (a block of four bytes gives 128 KiB)."""


class _Zstd:
    """As ZstdDecompressor.stream_reader, which takes a stream that ends in the middle of a frame for a whole one."""

    def __init__(self, stream: BinaryIO) -> None:
        import zstandard

        self._stream = stream
        # 128 MiB: the window that `zstd --long` writes; larger ones are an attack on memory.
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        self._frame: Any = None
        self._given = memoryview(b"")

    def read(self, size: int) -> bytes:
        while not self._given:
            packed = self._packed()
            if not packed:
                if self._frame is not None:
                    raise EOFError("compressed file ended in the middle of a frame")
                return b""
            if self._frame is None:
                self._frame = self._decompressor.decompressobj()
            self._given = memoryview(self._frame.decompress(packed))
        chunk, self._given = self._given[:size], self._given[size:]
        return bytes(chunk)

    def _packed(self) -> bytes:
        """The next bytes of a frame: those behind the end of the one before, if there are any."""
        left = b""
        if self._frame is not None and self._frame.eof:
            left, self._frame = self._frame.unused_data, None
        return left or self._stream.read(ZSTD_INPUT)


class _Xz:
    """As lzma.LZMAFile, which cannot bound the memory of its decoder: the data name the size of their dictionary."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = lzma.LZMADecompressor(memlimit=XZ_MEMORY)
        self._rest = b""

    def read(self, size: int) -> bytes:
        while True:
            if self._decoder.eof:
                # Further streams may follow, after zeros that fill up a block of four bytes.
                self._rest = self._decoder.unused_data.lstrip(b"\0")
                while not self._rest and (more := self._stream.read(1 << 16)):
                    self._rest = more.lstrip(b"\0")
                if not self._rest:
                    return b""
                self._decoder = lzma.LZMADecompressor(memlimit=XZ_MEMORY)
            elif self._decoder.needs_input and not self._rest:
                self._rest = self._stream.read(1 << 16)
                if not self._rest:
                    raise EOFError("compressed file ended before its end-of-stream mark")
            given, self._rest = self._rest, b""
            chunk = self._decoder.decompress(given, size)
            if chunk:
                return chunk


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
        check_overlap(infos)
        budget = _zip_budget(stream, limits)
        for info in infos:
            if budget.empty:
                raise Unreadable("read.bomb", "the archive inflates beyond the limits; the rest is not read")
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
                packed = partial(int, info.compress_size)
                yield Member(_clean(info.filename), _buffered(Inflated(member, packed, limits, budget)))


LOCAL_HEADER = 30
"""Bytes before the name of a member (APPNOTE.TXT 4.3.7)."""


def check_overlap(infos: Iterable[zipfile.ZipInfo]) -> None:
    """Raises Unreadable read.bomb where members share bytes: 10 MB then inflate to 281 TB (Fifield, "A better zip bomb", 2019)."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise Unreadable("read.bomb", "members of the archive overlap")
        # At least: the local header repeats the name and may add more.
        end = info.header_offset + LOCAL_HEADER + len(info.orig_filename) + info.compress_size


def _zip_budget(stream: BinaryIO, limits: ReadLimits) -> Budget:
    # One that lies in memory was packed itself, or is a member: what its own bytes were made of is no longer known.
    most = limits.inflated_bytes if isinstance(stream, io.BytesIO) else None
    size = stream.seek(0, io.SEEK_END)
    return Budget(partial(int, size), limits, most)


def tar_members(archive_stream: BinaryIO, limits: ReadLimits) -> Iterator[Member]:
    """Members in the order of the archive, read as a stream."""
    count = 0
    outer = _enclosing(archive_stream)
    budget = Budget(archive_stream.tell, limits) if outer is None else outer.budget
    try:
        with tarfile.open(fileobj=archive_stream, mode="r|") as archive:
            for info in archive:
                if info.isdir():
                    continue
                count += 1
                _check_count(count, limits)
                fault = _unsafe(info.name, is_file=info.isfile())
                content = None if fault else archive.extractfile(info)
                stream = _tar_stream(content, info, limits, budget) if content else None
                yield Member(_clean(info.name), stream, fault)
    except (*BROKEN, OSError, ValueError) as error:
        raise Unreadable("read.corrupt_archive", f"tar cannot be read: {error}") from error


def _tar_stream(content: Any, info: tarfile.TarInfo, limits: ReadLimits, budget: Budget) -> BinaryIO:
    """Nothing inflates here but the holes of sparse files; the wrapper turns a torn archive into a fault of its member."""
    holes = cast("list[tuple[int, int]] | None", info.sparse)
    stored = info.size if holes is None else sum(size for _, size in holes)
    inflates = holes is not None
    return _buffered(Inflated(content, partial(int, stored), limits, budget, inflates=inflates))


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
