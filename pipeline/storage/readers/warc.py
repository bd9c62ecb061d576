"""WARC: each response or resource that holds HTML or text is a record."""

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

from pipeline.errors import Unreadable
from pipeline.storage.encoding import decode
from pipeline.storage.readers import parts
from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.html import found_page
from pipeline.storage.readers.record import Found, Input, broken, sha256

PAGE_BYTES = 32 << 20
"""Most bytes of one page (our choice); larger ones are no pages."""


HEAD_BYTES = 1 << 16
"""Most bytes of the head of a response in which its media type is looked for."""

CUT_OFF = "read.page_cut_off"

_STATUS = re.compile(rb"HTTP/[\d.]+ (\d{3})\b")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d{1,15})[ \t]*\r?$")
_CODED = re.compile(rb"(?im)^transfer-encoding:")
_CONTENT_TYPE = re.compile(rb"(?im)^content-type:[ \t]*([^\r\n]*)")

DRAINED = 1 << 30
"""Most bytes of a page that are passed over to come to the next record."""


def read_warc(file: Input) -> Iterator[Found]:
    """Requests, metadata, images and scripts are not text and leave no record. Raises Unreadable where the archive is torn."""
    from fastwarc import ArchiveIterator, WarcRecordType

    wanted = WarcRecordType.response | WarcRecordType.resource | WarcRecordType.conversion
    with _faults("the archive ends early or is damaged"):
        # HTTP is looked into record by record (`_opened`): once it fails in here, the iterator finds no other record.
        for record in ArchiveIterator(_Forward(file.stream), record_types=wanted, parse_http=False):
            found = parts.enter() or _page(record)
            if found is not None:
                yield found


@contextmanager
def _faults(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        raise Unreadable("read.corrupt_warc", f"{what}: {error}") from error
    except BaseException as error:
        # fastwarc is written in Rust, whose panics arrive outside of Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable("read.corrupt_warc", f"{what}: {error}") from error


class _Forward:
    """A stream that knows where it is and can be moved forward only: fastwarc asks for seek and uses no more of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._at += len(chunk)
        return chunk

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        """The caller of the reader closes what it opened."""

    def seek(self, offset: int, whence: int = 0) -> int:
        target = offset if whence == 0 else self._at + offset
        if whence == 2 or target < self._at:
            raise io.UnsupportedOperation("an inflated stream cannot be wound back")
        while self._at < target and self.read(min(1 << 16, target - self._at)):
            pass
        return self._at


def _drain(record: Any) -> None:
    """Read on to the end of a record: fastwarc finds the next one only from there."""
    for _ in range(DRAINED >> 20):
        if not record.reader.read(1 << 20):
            return


def _page(record: Any) -> Found | None:
    headers = {key.lower(): value for key, value in record.headers.items()}
    meta: dict[str, Any] = {
        "url": (headers.get("warc-target-uri") or "").strip("<>"),
        "crawled": iso_date(headers.get("warc-date")),
    }
    start = record.reader.read(HEAD_BYTES)
    kind = _kind(headers.get("content-type") or "", start)
    if kind not in ("text/html", "application/xhtml+xml", "text/plain"):
        return None
    raw = start + record.reader.read(PAGE_BYTES + 1 - len(start))
    if len(raw) > PAGE_BYTES:
        _drain(record)
        return broken("read.too_large", f"a page of more than {PAGE_BYTES} bytes", sha256(raw), **meta)
    if len(raw) < record.content_length:
        # Its end would go unnoticed: the parser takes the end of the file for that of the record.
        message = f"a record of {record.content_length} bytes of which {len(raw)} are there"
        return broken("read.corrupt_warc", message, sha256(raw), **meta)
    is_http = _is_http(headers)
    status = _STATUS.match(raw) if is_http else None
    if status is not None and status[1] != b"200":
        meta["status"] = int(status[1])
    cut_off = "warc-truncated" in headers or (is_http and _is_cut_off(raw))
    try:
        body, charset = _opened(raw) if is_http else (raw, None)
        found = _text(kind, body, charset, meta)
        return replace(found, notes=(*found.notes, CUT_OFF)) if cut_off else found
    except Unreadable as error:
        return broken(error.code, str(error), sha256(raw), **meta)


def _is_cut_off(raw: bytes) -> bool:
    """Whether the body of a response, as it was sent, is shorter than its head says.

    Of one that came in chunks the length is not told. A longer one is none: some crawlers keep the body inflated under its old head.
    """
    end = _HEAD_END.search(raw)
    if end is None or _CODED.search(raw, 0, end.start()):
        return False
    length = _LENGTH.search(raw, 0, end.start())
    return length is not None and len(raw) - end.end() < int(length[1])


def _is_http(headers: Mapping[str, str]) -> bool:
    return (headers.get("content-type") or "").lower().startswith("application/http")


def _kind(content_type: str, start: bytes) -> str:
    """The media type of a record: that of its HTTP head where it has one."""
    if content_type.lower().startswith("application/http"):
        named = _CONTENT_TYPE.search(start.partition(b"\r\n\r\n")[0])
        content_type = named[1].decode("latin-1") if named else ""
    return content_type.partition(";")[0].strip().lower()


def _opened(raw: bytes) -> tuple[bytes, str | None]:
    """Body and declared encoding of an HTTP response, chunks joined and inflated. Raises Unreadable.

    As an archive of its own: what is wrong with it harms no other record.
    """
    from fastwarc import ArchiveIterator

    head = f"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {len(raw)}\r\n\r\n"
    with _faults("the page cannot be unpacked"):
        record = next(ArchiveIterator(io.BytesIO(head.encode() + raw + b"\r\n\r\n"), auto_decode="all"), None)
        if record is None:
            raise ValueError("its head is no HTTP")
        body = record.reader.read(PAGE_BYTES + 1)
        charset = record.http_charset
    if len(body) > PAGE_BYTES:
        raise Unreadable("read.too_large", f"a page of more than {PAGE_BYTES} bytes")
    return body, charset


def _text(kind: str, body: bytes, charset: str | None, meta: Mapping[str, Any]) -> Found:
    digest = sha256(body)
    if kind == "text/plain":
        page = decode(body, charset)
        return Found(page.text, meta=meta, notes=(page.note,) if page.note else (), digest=digest)
    found = found_page(body, charset, meta["url"])
    return Found(
        found.text,
        date=found.date,
        language=found.language,
        meta={**found.meta, **meta},
        notes=found.notes,
        digest=digest,
    )
