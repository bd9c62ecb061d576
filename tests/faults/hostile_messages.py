"""Web archives, mail and manual pages: formats of lines and headers that a sender makes up."""

import gzip
from collections.abc import Iterator

from hostile_case import TEXT, Case, case


def cases() -> Iterator[Case]:
    yield from _crawls()
    yield from _mail()
    yield from _manuals()


def _record(
    body: bytes, http: bytes = b"Content-Type: text/html\r\n", length: int | None = None, head: bytes = b""
) -> bytes:
    answer = b"HTTP/1.1 200 OK\r\n" + http + b"\r\n" + body
    size = len(answer) if length is None else length
    start = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://example.org/\r\nContent-Type: application/http; msgtype=response\r\n"
    return start + head + b"Content-Length: %d\r\n\r\n" % size + answer + b"\r\n\r\n"


def _crawls() -> Iterator[Case]:
    page = f"<html><body><p>{TEXT} {TEXT}</p></body></html>".encode()
    good = _record(page)
    yield case("good warc", "a.warc", good * 3, good=3)
    yield case("good warc in gzip", "a.warc.gz", gzip.compress(good, mtime=0) * 3, good=3)
    yield case(
        "warc with bad chunks",
        "a.warc",
        _record(b"zz\r\n" + page, b"Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n") + good,
        "corrupt_warc",
        good=1,
    )
    yield case(
        "warc with an endless chunk",
        "a.warc",
        _record(b"ffffffffffffffff\r\n" + page, b"Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n")
        + good,
        "corrupt_warc",
        good=1,
    )
    yield case(
        "warc record too short",
        "a.warc",
        _record(page, length=60) + good,
        "corrupt_warc",
        good=1,
    )
    yield case("warc record too long", "a.warc", good + _record(page, length=1 << 40), "corrupt_warc", good=1)
    yield case(
        "warc with a length that is no number",
        "a.warc",
        good.replace(b"Content-Length: ", b"Content-Length: x"),
        "corrupt_warc empty",
    )
    yield case(
        "warc with a header of 10 MB",
        "a.warc",
        lambda: _record(page, head=b"X-A: " + b"x" * (10 << 20) + b"\r\n") + good,
        "corrupt_warc",
        good=None,
    )
    yield case(
        "warc with 100 000 headers",
        "a.warc",
        lambda: _record(page, head=b"X-A: x\r\n" * 100_000) + good,
        "corrupt_warc",
        good=None,
    )
    yield case("warc with no header at all", "a.warc", b"WARC/1.0\r\n\r\n" + good, good=1)
    packed_page = b"Content-Type: text/html\r\nContent-Encoding: gzip\r\n"
    yield case(
        "warc with a page bomb",
        "a.warc",
        lambda: _record(gzip.compress(bytes(256 << 20), mtime=0), packed_page) + good,
        "too_large",
        good=1,
    )
    yield case(
        "warc with a page that is not gzip",
        "a.warc",
        _record(page, packed_page) + good,
        "corrupt_warc",
        good=1,
    )
    yield case(
        "warc bomb",
        "a.warc.gz",
        lambda: gzip.compress(_record(bytes(64 << 20)), mtime=0),
        "bomb too_large corrupt_warc",
    )
    yield case(
        "warc with a record cut in gzip",
        "a.warc.gz",
        gzip.compress(good, mtime=0) + gzip.compress(good, mtime=0)[:-20],
        "truncated corrupt_warc",
        good=None,
    )
    yield case(
        "warc with a date that is none",
        "a.warc",
        _record(page, head=b"WARC-Date: 2024-99-99T99:99:99Z\r\n"),
        good=1,
    )
    yield case(
        "warc whose address holds an escape",
        "a.warc",
        _record(page).replace(b"example.org/", b"example.org/\x1b[31m\xff"),
        good=1,
    )
    yield case("warc of 5 000 empty pages", "a.warc", lambda: _record(b"") * 5000, "empty no_text", good=None)


def _mail() -> Iterator[Case]:
    text = TEXT.encode()
    start = b"From: a@example.org\nSubject: x\nMIME-Version: 1.0\n"
    yield case("mbox of 100 000 empty messages", "a.mbox", b"From a\n\n" * 100_000, "no_text", good=100_000)
    yield case(
        "mbox with From in a text",
        "a.mbox",
        b"From a\nSubject: x\n\nHej\n\n>From b\n\nFrom c\nSubject: y\n\nHej\n",
        good=2,
    )
    yield case("parts 100 deep", "a.eml", start + _nested(100) + text, good=1)
    yield case("parts 20 000 deep", "a.eml", lambda: start + _nested(20_000) + text, "mail_corrupt")
    forwarded = b"Content-Type: message/rfc822\nSubject: x\n\n"
    yield case(
        "messages 100 deep",
        "a.eml",
        b"From: a\n" + forwarded * 100 + b"Subject: y\n\n" + text,
        "no_text",
        good=1,
    )
    yield case(
        "messages 20 000 deep", "a.eml", lambda: b"From: a\n" + forwarded * 20_000 + text, "mail_corrupt"
    )
    yield case(
        "10 000 parts",
        "a.eml",
        lambda: (
            start
            + b"Content-Type: multipart/mixed; boundary=b\n\n"
            + b"--b\nContent-Type: text/plain\n\nx\n" * 10_000
        ),
        good=1,
    )
    yield case(
        "boundary that never comes",
        "a.eml",
        start + b"Content-Type: multipart/mixed; boundary=b\n\n" + text,
        "no_text mail_corrupt",
        good=None,
    )
    yield case(
        "boundary without a name",
        "a.eml",
        start + b"Content-Type: multipart/mixed\n\n" + text,
        "no_text mail_corrupt",
        good=None,
    )
    yield case(
        "base64 that is none",
        "a.eml",
        start + b"Content-Transfer-Encoding: base64\n\n!!!" + text,
        good=1,
    )
    yield case(
        "unknown transfer encoding", "a.eml", start + b"Content-Transfer-Encoding: klingon\n\n" + text, good=1
    )
    yield case(
        "200 000 headers",
        "a.eml",
        start + b"".join(b"X-%d: a\n" % n for n in range(200_000)) + b"\n" + text,
        good=1,
    )
    yield case(
        "20 000 coded words in the subject",
        "a.eml",
        b"From: a\nSubject: " + b"=?utf-8?q?=61?= " * 20_000 + b"\n\n" + text,
        good=1,
    )
    yield case(
        "20 000 parameters",
        "a.eml",
        b"From: a\nContent-Type: text/plain; " + b"a*=b;" * 20_000 + b"\n\n" + text,
        good=1,
    )
    yield case(
        "100 000 brackets in the references",
        "a.eml",
        b"From: a\nReferences: " + b"<" * 200_000 + b"\n\n" + text,
        good=1,
    )
    yield case(
        "brackets 50 000 deep in the date",
        "a.eml",
        b"From: a\nDate: " + b"(" * 50_000 + b"\n\n" + text,
        good=1,
    )
    yield case(
        "a date beyond all years",
        "a.eml",
        b"From: a\nDate: Mon, 99 Foo 99999 99:99:99 +9999\n\n" + text,
        good=1,
    )
    yield case(
        "a name of an attachment that climbs",
        "a.eml",
        start
        + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n"
        + text
        + b'\n--b\nContent-Disposition: attachment; filename="../../etc/passwd"\n\nx\n--b--\n',
        good=1,
    )
    yield case("NUL in headers", "a.eml", b"From: a\0b\nSubject: \0\n\n" + text, good=1)
    yield case("mail of one line of 1 MB", "a.eml", start + b"\n" + b"x" * (1 << 20), good=1)


def _nested(depth: int) -> bytes:
    return (
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))
        + b"\n"
    )


def _manuals() -> Iterator[Case]:
    head, text = b".TH A 1\n", TEXT.encode()
    yield case("page that includes itself", "a.1", head + b".so a.1\n.so /etc/passwd\n" + text, good=1)
    yield case("macro that calls itself", "a.1", head + b".de x\n.x\n.x\n..\n.x\n" + text, good=1)
    yield case("loop without an end", "a.1", head + b".nr a 1\n.while \\na \\{\\\n.x\n.\\}\n" + text, good=1)
    yield case(
        "string that doubles itself",
        "a.1",
        head + b".ds a x\n" + b".ds a \\*a\\*a\n" * 64 + b"\\*a\n" + text,
        good=1,
    )
    yield case(
        "program that is run",
        "a.1",
        head + b".sy touch /tmp/x\n.pso touch /tmp/x\n.open x /tmp/x\n" + text,
        good=1,
    )
    yield case(
        "100 000 open brackets",
        "a.1",
        head + b"\\f[" * 100_000 + b"\n" + b"\\h'" * 100_000 + b"\n\n" + text,
        good=1,
    )
    yield case("100 000 continued lines", "a.1", head + b"a\\\n" * 100_000 + text, good=1)
    yield case("200 001 quotes", "a.1", head + b".B " + b'"' * 200_001 + b"\n\n" + text, good=1)
    yield case(
        "50 000 nested brackets of mdoc", "a.1", b".Dd x\n.Op " + b"Op Nm " * 50_000 + b"\n\n" + text, good=1
    )
