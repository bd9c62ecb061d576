"""Compressed files and archives: bombs, overlaps, names that climb out, damage."""

import bz2
import gzip
import json
import lzma
import struct
import tarfile
from collections.abc import Iterator
from functools import partial

import zstandard
from hostile_case import TEXT, Case, case, packed, tarred


def cases() -> Iterator[Case]:
    yield from _bombs()
    yield from _compressed()
    yield from _archives()


def _compressed() -> Iterator[Case]:
    packed = gzip.compress(TEXT.encode(), mtime=0)
    yield case("gzip cut short", "a.txt.gz", packed[:-12], "truncated")
    yield case("gzip with a wrong checksum", "a.txt.gz", packed[:-8] + b"\0\0\0\0" + packed[-4:], "truncated")
    yield case("gzip with garbage after it", "a.txt.gz", packed + b"garbage", "truncated")
    yield case("gzip of two members", "a.txt.gz", packed + packed, good=1)
    yield case("gzip bomb", "a.txt.gz", lambda: gzip.compress(bytes(64 << 20), mtime=0), "bomb")
    yield case("gzip bomb of lines", "a.jsonl.gz", lambda: gzip.compress(b"\n" * (64 << 20), mtime=0), "bomb")
    yield case("xz bomb", "a.txt.xz", lambda: lzma.compress(bytes(64 << 20)), "bomb")
    yield case("gzip in gzip", "a.txt.gz.gz", gzip.compress(packed, mtime=0), "nested")
    yield case("no gzip behind its mark", "a.txt.gz", b"\x1f\x8b" + b"\xff" * 60, "truncated")
    yield case("zstd cut short", "a.txt.zst", b"\x28\xb5\x2f\xfd\x24", "truncated empty")


def _archives() -> Iterator[Case]:
    text = TEXT.encode()
    good = packed({"a.txt": text, "b.txt": text})
    yield case("zip of two", "a.zip", good, good=2)
    for name in ("../../etc/passwd", "/etc/passwd", "a/../../b.txt", "..\\b.txt", "C:\\b.txt"):
        yield case(f"zip slip {name}", "a.zip", packed({name: text, "b.txt": text}), "path_unsafe", good=1)
    yield case("zip with a link", "a.zip", packed({"a.txt": b"/etc/passwd"}, 0o120777), "path_unsafe")
    yield case("zip in zip", "a.zip", packed({"b.zip": good, "c.txt": text}), "nested", good=1)
    yield case("zip bomb", "a.zip", lambda: packed({"a.txt": bytes(64 << 20), "b.txt": text}), "bomb", good=1)
    yield case("zip cut short", "a.zip", good[:-30], "corrupt_archive")
    yield case("zip of nothing", "a.zip", packed({}), "empty")
    yield case("zip of 10 001", "a.zip", lambda: packed({f"{n}.txt": b"" for n in range(10_001)}), "bomb")
    yield case("zip member damaged", "a.zip", good.replace(good[37:60], b"\xff" * 23, 1), "truncated", good=1)
    locked = bytearray(good)
    locked[6] |= 1
    locked[good.index(b"PK\x01\x02") + 8] |= 1
    yield case("zip member encrypted", "a.zip", bytes(locked), "encrypted_archive", good=1)
    for kind, what in (
        (tarfile.SYMTYPE, "symlink"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.FIFOTYPE, "pipe"),
    ):
        yield case(f"tar with a {what}", "a.tar", tarred(kind, link="/etc/passwd"), "path_unsafe")
    yield case("tar slip", "a.tar", tarred(tarfile.REGTYPE, "../a.txt"), "path_unsafe")
    yield case("tar cut short", "a.tar", tarred(tarfile.REGTYPE)[:300], "corrupt_archive binary")


def _bombs() -> Iterator[Case]:
    text = TEXT.encode()
    line = json.dumps({"text": TEXT}).encode() + b"\n"
    packed_line = gzip.compress(line, mtime=0)
    yield case("members that share their bytes", "a.zip", lambda: _overlapping(2000), "bomb")
    yield case(
        "many fair members",
        "a.zip",
        lambda: packed({f"{n}.txt": bytes(12 << 20) for n in range(12)}),
        "bomb binary",
    )
    yield case("a directory of a million", "a.zip", lambda: _crowded(1_000_000), "bomb")
    yield case("gzip in zip", "a.zip", packed({"a.jsonl.gz": packed_line, "b.txt": text}), good=2)
    inner = partial(gzip.compress, bytes(64 << 20), mtime=0)
    yield case(
        "gzip bomb in zip", "a.zip", lambda: packed({"a.txt.gz": inner(), "b.txt": text}), "bomb", good=1
    )
    yield case("gzip bomb in tar", "a.tar", lambda: tarred(tarfile.REGTYPE, "a.txt.gz", data=inner()), "bomb")
    yield case("gzip in tar", "a.tar", tarred(tarfile.REGTYPE, "a.jsonl.gz", data=packed_line), good=1)
    yield case("tar in zip", "a.zip", packed({"a.tar": tarred(tarfile.REGTYPE, data=text)}), "nested")
    yield case(
        "tar in tar",
        "a.tar",
        tarred(tarfile.REGTYPE, "b.tar", data=tarred(tarfile.REGTYPE, data=text)),
        "nested",
    )
    yield case("tar in gzip", "a.tgz", gzip.compress(tarred(tarfile.REGTYPE, data=text), mtime=0), good=1)
    yield case("zip in gzip", "a.zip.gz", gzip.compress(packed({"a.txt": text}), mtime=0), good=1)
    yield case("42.zip: zips in a zip, encrypted", "a.zip", _forty_two(), "encrypted_archive")
    yield case("tar of a hole of 4 GB", "a.tar", _holes(4 << 30), "bomb")
    yield case(
        "tar of absolute name", "a.tar", tarred(tarfile.REGTYPE, "/etc/a.txt", data=text), "path_unsafe"
    )
    yield case("tar of a block device", "a.tar", tarred(tarfile.BLKTYPE), "path_unsafe")
    yield case("bzip2 bomb", "a.txt.bz2", lambda: bz2.compress(bytes(64 << 20)), "bomb")
    yield case("bzip2 cut short", "a.txt.bz2", bz2.compress(text)[:-4], "truncated")
    yield case("bzip2 of two streams", "a.txt.bz2", bz2.compress(text) * 2, good=1)
    yield case("zstd bomb", "a.txt.zst", lambda: zstandard.compress(bytes(64 << 20)), "bomb")
    yield case("zstd of two frames", "a.txt.zst", zstandard.compress(text) * 2, good=1)
    yield case("zstd with a window of 1 GB", "a.txt.zst", b"\x28\xb5\x2f\xfd\x00\xa0\x01\0\0", "bomb")
    xz = lzma.compress(text)
    yield case("xz cut short", "a.txt.xz", xz[:-20], "truncated")
    yield case("xz of two streams and padding", "a.txt.xz", xz + bytes(8) + xz + bytes(4), good=1)
    yield case("xz with garbage after it", "a.txt.xz", xz + b"garbage", "truncated")
    yield case("xz of nothing after its mark", "a.txt.xz", b"\xfd7zXZ\0", "truncated")
    wide = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 30}]
    yield case("xz with a dictionary of 1 GB", "a.txt.xz", lambda: lzma.compress(text, filters=wide), "bomb")
    yield case("zip name with a line end", "a.zip", packed({"a\nb\x1b[31m.txt": text}), good=1)
    yield case("zip names that are the same", "a.zip", _twice(), good=2)


def _directory(one: bytes) -> tuple[int, int]:
    return one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")


def _overlapping(count: int) -> bytes:
    """Many entries for one member (after D. Fifield, "A better zip bomb")."""
    one = packed({"a.txt": bytes(12 << 20)})
    at, end = _directory(one)
    last = bytearray(one[end:])
    struct.pack_into("<HHII", last, 8, count, count, (end - at) * count, at)
    return one[:at] + one[at:end] * count + bytes(last)


def _crowded(count: int) -> bytes:
    """A 64-bit directory of tiny entries."""
    one = packed({"a.txt": b"x"})
    at, end = _directory(one)
    size = (end - at) * count
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, at)
    where = struct.pack("<4sIQI", b"PK\x06\x07", 0, at + size, 1)
    return one[:at] + one[at:end] * count + wide + where + b"PK\x05\x06" + bytes(4) + b"\xff" * 12 + bytes(2)


def _forty_two() -> bytes:
    """As 42.zip: its zips are encrypted, and what its directory tells of their size proves nothing."""
    data = bytearray(packed({f"lib {n}.zip": b"PK" for n in range(4)}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            data[at + offset] |= 1
    return bytes(data)


def _holes(size: int) -> bytes:
    """A sparse file of GNU tar: 512 bytes, then nothing."""
    header = bytearray(tarred(tarfile.REGTYPE, data=b"x" * 512)[:512])
    header[156:157], header[257:265] = tarfile.GNUTYPE_SPARSE, b"ustar  \0"
    header[386:410] = b"%011o\0%011o\0" % (0, 512)
    header[483:495] = b"%011o\0" % size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + b"x" * 512 + bytes(1024)


def _twice() -> bytes:
    data = packed({"a.txt": TEXT.encode(), "b.txt": TEXT.encode()})
    return data.replace(b"b.txt", b"a.txt")
