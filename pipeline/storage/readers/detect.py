"""Which format a file is: by its first bytes where they tell, else by its name, else by what its text looks like."""

import io
import re
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO

from pipeline.errors import Unreadable
from pipeline.storage.readers.formats import READERS

PACKED = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)

REFUSED = (
    (re.compile(rb"\x80[\x02-\x05][\x00-\xff]"), "a Python pickle, which is never opened"),
    (re.compile(rb"\x93NUMPY"), "a NumPy array"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "an old Office file (.doc, .xls, .msg); save it as docx or csv"),
    (re.compile(rb"\{\\rtf"), "RTF; save it as docx or txt"),
    (re.compile(rb"\x7fELF|MZ[\x00-\xff]\x00"), "a program"),
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|RIFF|II\*\x00|MM\x00\*"), "an image or a sound"),
    (re.compile(rb"SQLite format 3"), "an SQLite database"),
    (re.compile(rb"7z\xbc\xaf|Rar!"), "a 7z or rar archive; pack it as zip or tar"),
    (re.compile(rb"ARROW1|Obj\x01|\x89HDF"), "a binary table; save it as Parquet"),
)

_HTML = re.compile(rb"(?is)<!doctype\s+html|<html[\s>]")
_XML = re.compile(rb"<\?xml|<[A-Za-z][\w:.-]*(\s[^<>]*)?/?>")
_ROFF = re.compile(rb"(?m)^[.'](\\\"|TH |Dd |SH |de |so )")
_MAIL = re.compile(
    rb"(?i)(from|received|return-path|message-id|date|mime-version|delivered-to): ?[^\r\n]+\r?\n[\w-]+:"
)
_JSON_LINE = re.compile(rb'\{\s*"[^"\r\n]{1,100}"\s*:')


def detect(head: bytes, name: str) -> str:
    """The format of a file from its first 4 kB and its name. Raises Unreadable read.unsupported for what is no text.

    >>> detect(b"<!DOCTYPE html><html>", "sida.xml"), detect(b"Hej", "brev"), detect(b'{"id": 1}', "rader.jsonl")
    ('html', 'text', 'jsonl')
    """
    for magic, kind in (*PACKED, *((known.magic, kind) for kind, known in READERS.items())):
        if magic and head.startswith(magic):
            return kind
    if b"%PDF-" in head[:1024] and head.lstrip()[:1] != b"<":
        return "pdf"
    if head[257:262] == b"ustar":
        return "tar"
    for pattern, what in REFUSED:
        if pattern.match(head):
            raise Unreadable("read.unsupported", f"this is {what}")
    return _text_kind(head, name)


def _text_kind(head: bytes, name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower().lstrip(".")
    named = next((kind for kind, known in READERS.items() if suffix in known.suffixes.split()), None)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if named in ("jsonl", "json", "delimited", "markdown", "mail", "html"):
        return named
    if start.startswith(b"<"):
        is_html = _HTML.search(start[:1024]) is not None
        # A note may open with a tag; where its name says that it is text, only a declaration makes it XML.
        is_xml = start.startswith(b"<?xml") if named == "text" else _XML.match(start) is not None
        if is_html or is_xml:
            return "html" if is_html else "xml"
    if named == "roff":
        return "roff" if _ROFF.search(head) else "text"
    if named is not None:
        return named
    return _sniffed(head, start)


def _sniffed(head: bytes, start: bytes) -> str:
    if _ROFF.match(start):
        return "roff"
    if _JSON_LINE.match(start):
        return "json"
    if head.startswith(b"From ") or _MAIL.match(start):
        return "mail"
    return "text"


DIRECTORY_BYTES = 16 << 20
"""Most bytes of the directory of a zip: 10,000 members of 1.6 kB each. One of a million members takes 500 MB when it is read."""


def _check_directory(stream: BinaryIO) -> None:
    """Raises Unreadable read.bomb for a directory that is too large to be looked into."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - 65_557 - 76))
    tail = stream.read()
    at = tail.rfind(b"PK\5\6")
    # Offsets in the end records (APPNOTE.TXT 4.3.14 and 4.3.16); one of 4 GB says that it is told in the 64-bit record.
    told = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    wide = tail.rfind(b"PK\6\6", 0, at) if told == 0xFFFFFFFF else -1
    told = int.from_bytes(tail[wide + 40 : wide + 48], "little") if wide >= 0 else told
    if told > DIRECTORY_BYTES:
        raise Unreadable(
            "read.bomb", f"the directory of the zip has {told} bytes; allowed: {DIRECTORY_BYTES}"
        )


def zip_kind(stream: BinaryIO) -> str:
    """Office documents and books are zips; their members tell. The stream is left at its first byte."""
    _check_directory(stream)
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
            mimetype = archive.read("mimetype")[:80] if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError):
        # The archive reader says what is wrong with it.
        return "zip"
    finally:
        stream.seek(0)
    if any(name.endswith("META-INF/container.xml") for name in names):
        return "epub"
    if b"opendocument" in mimetype:
        return "opendocument"
    if "word/document.xml" in names:
        return "docx"
    if "[Content_Types].xml" in names:
        raise Unreadable("read.unsupported", "this is a workbook or a presentation; save it as csv or docx")
    return "zip"
