"""WARC: each response or resource that holds HTML or text is a record."""

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from pipeline.errors import Unreadable
from pipeline.storage.encoding import decode
from pipeline.storage.readers import parts
from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.html import found_page
from pipeline.storage.readers.record import Found, Input, broken, sha256

PAGE_BYTES = 32 << 20
"""Most bytes of one page (our choice); larger ones are no pages."""


DRAINED = 1 << 30
"""Most bytes of a page that are passed over to come to the next record."""


def read_warc(file: Input) -> Iterator[Found]:
    """Requests, metadata, images and scripts are not text and leave no record. Raises Unreadable where the archive is torn."""
    from fastwarc import ArchiveIterator, WarcRecordType

    wanted = WarcRecordType.response | WarcRecordType.resource | WarcRecordType.conversion
    try:
        for record in ArchiveIterator(
            _Forward(file.stream), record_types=wanted, parse_http=True, auto_decode="all"
        ):
            found = parts.enter() or _page(record)
            if found is not None:
                yield found
    except (OSError, ValueError, RuntimeError) as error:
        raise Unreadable("read.corrupt_warc", f"the archive ends early or is damaged: {error}") from error
    except BaseException as error:
        # fastwarc is written in Rust, whose panics arrive outside of Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable("read.corrupt_warc", f"the archive cannot be read: {error}") from error


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


def _is_coded(record: Any) -> bool:
    names = {str(name).lower() for name in (record.http_headers or {})}
    return bool(names & {"content-encoding", "transfer-encoding"})


def _page(record: Any) -> Found | None:
    headers = {key.lower(): value for key, value in record.headers.items()}
    kind = (record.http_content_type or headers.get("content-type") or "").split(";")[0].strip().lower()
    url = (headers.get("warc-target-uri") or "").strip("<>")
    if kind not in ("text/html", "application/xhtml+xml", "text/plain"):
        return None
    try:
        body = record.reader.read(PAGE_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:
        return broken("read.corrupt_warc", f"the page cannot be unpacked: {error}", url=url)
    digest = sha256(body)
    if len(body) > PAGE_BYTES:
        _drain(record)
        return broken("read.too_large", f"a page of more than {PAGE_BYTES} bytes", digest, url=url)
    if len(body) < record.content_length and not _is_coded(record):
        # Its end would go unnoticed: the parser takes the end of the file for that of the record.
        message = f"a record of {record.content_length} bytes of which {len(body)} are there"
        return broken("read.corrupt_warc", message, digest, url=url)
    meta = {"url": url, "crawled": iso_date(headers.get("warc-date"))}
    if kind == "text/plain":
        page = decode(body, record.http_charset)
        return Found(page.text, meta=meta, notes=(page.note,) if page.note else (), digest=digest)
    try:
        found = found_page(body, record.http_charset, url)
    except Unreadable as error:
        return broken(error.code, str(error), digest, **meta)
    return Found(
        found.text,
        date=found.date,
        language=found.language,
        meta={**found.meta, **meta},
        notes=found.notes,
        digest=digest,
    )
