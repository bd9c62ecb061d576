"""Makes hostile and broken files, each with the outcome that must follow. Deterministic: same code, same bytes.

An outcome is the set of fault codes and notes that the file's records carry, and how many records are good.
"""

import gzip
import io
import json
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TEXT = "Skogen på ön växer långsamt, men den växer."


@dataclass(frozen=True)
class Case:
    """`codes`: any of these faults or notes must appear, none other. `good`: records without a fault, None: either is right."""

    name: str
    file: str
    make: Callable[[], bytes]
    codes: frozenset[str]
    good: int | None


def case(
    name: str, file: str, make: Callable[[], bytes] | bytes, codes: str = "", good: int | None = 0
) -> Case:
    maker = make if callable(make) else lambda: make
    return Case(name, file, maker, frozenset(f"read.{code}" for code in codes.split()), good)


def cases() -> Iterator[Case]:
    yield from _compressed()
    yield from _archives()
    yield from _json()
    yield from _text()
    yield from _markup()
    yield from _tables()
    yield from _refused()
    yield from _documents()


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


def _zip(parts: dict[str, bytes], attributes: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            info.external_attr, info.compress_type = attributes << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return buffer.getvalue()


def _tar(kind: bytes, name: str = "a.txt", link: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        archive.addfile(info)
    return buffer.getvalue()


def _archives() -> Iterator[Case]:
    text = TEXT.encode()
    good = _zip({"a.txt": text, "b.txt": text})
    yield case("zip of two", "a.zip", good, good=2)
    for name in ("../../etc/passwd", "/etc/passwd", "a/../../b.txt", "..\\b.txt", "C:\\b.txt"):
        yield case(f"zip slip {name}", "a.zip", _zip({name: text, "b.txt": text}), "path_unsafe", good=1)
    yield case("zip with a link", "a.zip", _zip({"a.txt": b"/etc/passwd"}, 0o120777), "path_unsafe")
    yield case("zip in zip", "a.zip", _zip({"b.zip": good, "c.txt": text}), "nested", good=1)
    yield case("zip bomb", "a.zip", lambda: _zip({"a.txt": bytes(64 << 20), "b.txt": text}), "bomb", good=1)
    yield case("zip cut short", "a.zip", good[:-30], "corrupt_archive")
    yield case("zip of nothing", "a.zip", _zip({}), "empty")
    yield case("zip of 10 001", "a.zip", lambda: _zip({f"{n}.txt": b"" for n in range(10_001)}), "bomb")
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
        yield case(f"tar with a {what}", "a.tar", _tar(kind, link="/etc/passwd"), "path_unsafe")
    yield case("tar slip", "a.tar", _tar(tarfile.REGTYPE, "../a.txt"), "path_unsafe")
    yield case("tar cut short", "a.tar", _tar(tarfile.REGTYPE)[:300], "corrupt_archive binary")


def _json() -> Iterator[Case]:
    ok = json.dumps({"text": TEXT}).encode()
    yield case("one bad line of three", "a.jsonl", ok + b"\n{bad\n" + ok, "corrupt_json", good=2)
    yield case(
        "line separators inside of a text",
        "a.jsonl",
        json.dumps({"text": "a\u2028b\x85c\x0bd\x0c"}, ensure_ascii=False).encode(),
        good=1,
    )
    yield case(
        "lone surrogate", "a.jsonl", b'{"text": "a\\ud800b"}\n' + ok, "bad_unicode corrupt_json", good=1
    )
    yield case(
        "lone surrogate in meta",
        "a.jsonl",
        b'{"text": "ab", "x": "\\ud800"}\n' + ok,
        "bad_unicode corrupt_json",
        good=1,
    )
    yield case("NaN", "a.jsonl", b'{"text": "ab", "x": NaN}\n' + ok, "corrupt_json", good=1)
    yield case("1e999", "a.jsonl", b'{"text": "ab", "x": 1e999}\n' + ok, "corrupt_json", good=1)
    yield case(
        "integer of 5 000 digits",
        "a.jsonl",
        b'{"text": "ab", "x": ' + b"9" * 5000 + b"}\n" + ok,
        "corrupt_json",
        good=1,
    )
    yield case(
        "101 deep",
        "a.jsonl",
        b'{"text": "ab", "x": ' + b"[" * 101 + b"]" * 101 + b"}\n" + ok,
        "json_depth",
        good=1,
    )
    yield case("100 000 deep", "a.jsonl", b"[" * 100_000 + b"\n" + ok, "json_depth corrupt_json", good=1)
    yield case("100 000 deep in a json file", "a.json", b"[" * 100_000 + b"]" * 100_000, "json_depth")
    yield case(
        "line of 17 MB",
        "a.jsonl",
        lambda: ok + b"\n" + b"x" * (17 << 20) + b"\n" + ok,
        "line_too_long",
        good=2,
    )
    yield case("byte order mark", "a.jsonl", b"\xef\xbb\xbf" + ok, good=1)
    yield case("duplicate keys", "a.jsonl", b'{"text": "a", "text": "bcd"}', good=1)
    yield case("text null", "a.jsonl", b'{"text": null}', "empty")
    yield case("text a number", "a.jsonl", b'{"text": 7}', "no_text_field")
    yield case("no text field", "a.jsonl", b'{"title": "x"}', "no_text_field")
    yield case("a list", "a.jsonl", b"[1, 2]", "corrupt_json")
    yield case("only new lines", "a.jsonl", b"\n\n\n", "empty")
    yield case("json of a number", "a.json", b"7", "corrupt_json")
    yield case("json cut short", "a.json", b'[{"text": "a', "corrupt_json")
    yield case("windows-1252", "a.jsonl", '{"text": "på ön växer träd"}'.encode("cp1252"), good=1)


def _text() -> Iterator[Case]:
    yield case("empty", "a.txt", b"", "empty")
    yield case("only new lines", "a.txt", b"\n\n\r\n", "empty")
    yield case("only a byte order mark", "a.txt", b"\xef\xbb\xbf", "empty")
    yield case("zeros", "a.txt", bytes(5000), "binary")
    yield case("one NUL", "a.txt", TEXT.encode() * 20 + b"\0", good=1)
    yield case("noise", "a.txt", bytes((n * 7919) % 256 for n in range(5000)), "binary")
    yield case("text of 6 million characters", "a.txt", lambda: b"skog och mark " * 430_000, "too_large")
    yield case("bidi and zero width", "a.txt", "a\u202eb\u200bc\u00adå".encode(), good=1)
    yield case(
        "koi8-r",
        "a.txt",
        "Съешь ещё этих мягких французских булок".encode("koi8-r"),
        "encoding_doubtful",
        good=1,
    )
    yield case(
        "half UTF-8, half cp1252",
        "a.txt",
        TEXT.encode() * 5 + TEXT.encode("cp1252"),
        "encoding_doubtful",
        good=1,
    )
    yield case(
        "yaml bomb",
        "a.md",
        b"---\na: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(8))
        + b"---\n"
        + TEXT.encode(),
        good=1,
    )
    yield case(
        "yaml that runs code",
        "a.md",
        b"---\na: !!python/object/apply:os.system ['true']\n---\n" + TEXT.encode(),
        good=1,
    )
    yield case(
        "yaml with a date that is none", "a.md", b"---\ndate: 2024-02-30\n---\n" + TEXT.encode(), good=1
    )


def _markup() -> Iterator[Case]:
    laughs = b"<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><l>&b;</l>"
    yield case("billion laughs", "a.xml", laughs, "xml_dtd")
    yield case(
        "external entity",
        "a.xml",
        b"<!DOCTYPE l [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><l>&x;</l>",
        "xml_dtd",
    )
    yield case(
        "external DTD",
        "a.xml",
        f"<!DOCTYPE l SYSTEM 'http://example.org/x.dtd'><l>{TEXT}&nbsp;</l>".encode(),
        good=1,
    )
    yield case("billion laughs in UTF-16", "a.xml", laughs.decode().encode("utf-16"), "xml_dtd")
    yield case("xml cut short", "a.xml", b"<?xml version='1.0'?><a><b>text", "xml_corrupt")
    yield case("xml 100 000 deep", "a.xml", b"<a>" * 100_000, "xml_corrupt")
    yield case("html 260 deep", "a.html", lambda: b"<div>" * 260 + TEXT.encode(), "html_too_deep", good=1)
    yield case(
        "html 20 000 deep", "a.html", lambda: b"<div>" * 20_000 + TEXT.encode(), "html_too_deep", good=1
    )
    yield case(
        "html with a huge colspan",
        "a.html",
        f"<table><tr><td colspan=9007199254740991>{TEXT}</td></tr></table>".encode(),
        good=1,
    )
    yield case(
        "html of 100 000 attributes",
        "a.html",
        lambda: b"<p " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">" + TEXT.encode(),
        good=1,
    )
    yield case("html without text", "a.html", b"<html><body><img src=x></body></html>", "no_text", good=1)
    yield case("html of nothing", "a.html", b"<!-- -->", "empty no_text", good=None)
    yield case("html with a script", "a.html", f"<p>{TEXT}</p><script>alert(1)</script>".encode(), good=1)


def _tables() -> Iterator[Case]:
    yield case("quote never closed", "a.csv", b'id,text\n1,"' + TEXT.encode() * 5, good=1)
    yield case("rows too long", "a.csv", b"id,text\n1,a,b,c\n2,ok\n", "corrupt_csv", good=1)
    yield case("rows too short", "a.csv", b"id,text\n1\n2,ok\n", "no_text_field empty", good=1)
    yield case(
        "cell of 17 MB",
        "a.csv",
        lambda: b"id,text\n1," + b"x" * (17 << 20) + b"\n2,ok\n",
        "corrupt_csv too_large",
        good=1,
    )
    yield case("NUL", "a.csv", b"id,text\n1,a\0b\n", good=1)
    yield case("no text column", "a.csv", b"id,title\n1,a\n2,b\n", "no_text_field")
    yield case("only a header", "a.csv", b"id,text\n", "empty")
    yield case("formula", "a.csv", b'id,text\n1,"=HYPERLINK(""http://example.org"")"\n', good=1)
    yield case("parquet mark alone", "a.parquet", b"PAR1" + bytes(60) + b"PAR1", "corrupt_parquet")
    yield case(
        "parquet with a giant footer", "a.parquet", b"PAR1" + b"\xff\xff\xff\x7fPAR1", "corrupt_parquet"
    )


def _refused() -> Iterator[Case]:
    for name, data in (
        ("pickle", b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x05posix"),
        ("numpy", b"\x93NUMPY\x01\0"),
        ("old Word", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)),
        ("rtf", b"{\\rtf1\\ansi text}"),
        ("program", b"\x7fELF\x02\x01\x01"),
        ("png", b"\x89PNG\r\n\x1a\n"),
        ("jpeg", b"\xff\xd8\xff\xe0"),
        ("sqlite", b"SQLite format 3\0"),
        ("7z", b"7z\xbc\xaf\x27\x1c"),
        ("arrow", b"ARROW1\0\0"),
    ):
        yield case(f"{name} named txt", "a.txt", data, "unsupported")
        yield case(f"{name} named jsonl", "a.jsonl", data, "unsupported")
    yield case(
        "workbook",
        "a.xlsx",
        _zip({"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b"<a/>"}),
        "unsupported",
    )


def _documents() -> Iterator[Case]:
    yield case("pdf mark alone", "a.pdf", b"%PDF-1.7\n", "pdf_corrupt")
    yield case(
        "pdf of noise", "a.pdf", b"%PDF-1.7\n" + bytes((n * 31) % 251 for n in range(3000)), "pdf_corrupt"
    )
    loop = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 1 0 R>>endobj\nxref\n0 1\n0000000000 65535 f \ntrailer<</Root 1 0 R/Prev 60>>\nstartxref\n60\n%%EOF"
    yield case("pdf that points at itself", "a.pdf", loop, "pdf_corrupt no_text", good=None)
    parts = {
        "[Content_Types].xml": b"<Types/>",
        "word/document.xml": b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
    }
    yield case("docx with an entity", "a.docx", _zip(parts), "xml_dtd")
    yield case(
        "docx without content", "a.docx", _zip({**parts, "word/document.xml": b"<a/>"}), "docx_corrupt"
    )
    yield case("docx bomb", "a.docx", lambda: _zip({**parts, "word/document.xml": bytes(64 << 20)}), "bomb")
    yield case("epub without a book", "a.epub", _zip({"META-INF/container.xml": b"<c/>"}), "corrupt_archive")
    yield case(
        "odt without content",
        "a.odt",
        _zip({"mimetype": b"application/vnd.oasis.opendocument.text"}),
        "corrupt_archive",
    )
    head = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 99999\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>"
    yield case("warc cut short", "a.warc", head, "corrupt_warc empty no_text", good=None)
    yield case("warc with a wrong length", "a.warc", head.replace(b"99999", b"-5"), "corrupt_warc empty")
    yield case("mail without a body", "a.eml", b"From: a@example.org\nSubject: x\n\n", "no_text", good=1)
    yield case(
        "mail of bad headers",
        "a.eml",
        b'From: =?x?q?=ff?=\nContent-Type: multipart/mixed; boundary="\n\n' + TEXT.encode(),
        "no_text mail_corrupt",
        good=None,
    )
    yield case(
        "mail with an unknown charset",
        "a.eml",
        b"Subject: x\nFrom: a\nContent-Type: text/plain; charset=klingon\n\n" + TEXT.encode(),
        good=1,
    )
    yield case("roff that never ends a macro", "a.1", b".TH A 1\n.de XX\n" + TEXT.encode(), "empty")
    raw = zlib.compress(TEXT.encode())
    yield case("zlib without a wrapper", "a.txt", raw, "binary encoding_doubtful", good=None)
