"""PDF, Word, EPUB, OpenDocument, web archives, mail and manual pages."""

import zlib
from collections.abc import Iterator
from functools import partial

from hostile_case import TEXT, Case, case, packed


def cases() -> Iterator[Case]:
    yield from _more()
    yield from _documents()


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
    yield case("docx with an entity", "a.docx", packed(parts), "xml_dtd")
    yield case(
        "docx without content", "a.docx", packed({**parts, "word/document.xml": b"<a/>"}), "docx_corrupt"
    )
    yield case("docx bomb", "a.docx", lambda: packed({**parts, "word/document.xml": bytes(64 << 20)}), "bomb")
    yield case(
        "epub without a book", "a.epub", packed({"META-INF/container.xml": b"<c/>"}), "corrupt_archive"
    )
    yield case(
        "odt without content",
        "a.odt",
        packed({"mimetype": b"application/vnd.oasis.opendocument.text"}),
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


def _more() -> Iterator[Case]:
    yield case("a good pdf", "a.pdf", _pdf(_drawn()), good=1)
    yield case("pdf without text, as scanned", "a.pdf", _pdf(b"0 0 10 10 re f"), "no_text", good=1)
    yield case("pdf cut short", "a.pdf", _pdf(_drawn())[:-150], "pdf_corrupt no_text", good=None)
    locked = (
        b"/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -44/O("
        + b"o" * 32
        + b")/U("
        + b"u" * 32
        + b")>>/ID[(a)(a)]"
    )
    yield case("encrypted pdf", "a.pdf", _pdf(_drawn(), trailer=locked), "pdf_encrypted")
    yield case(
        "pdf of an unknown encryption",
        "a.pdf",
        _pdf(_drawn(), trailer=b"/Encrypt<</Filter/Evil>>"),
        "pdf_encrypted pdf_corrupt",
    )
    stack = _drawn()
    for _ in range(20):
        stack = zlib.compress(stack)
    yield case(
        "pdf with a stack of 20 filters",
        "a.pdf",
        _pdf(stack, b"/Filter[" + b"/FlateDecode" * 20 + b"]"),
        good=1,
    )
    bomb = partial(_squeezed, 256 << 20)
    yield case(
        "pdf whose page inflates to 256 MB",
        "a.pdf",
        lambda: _pdf(bomb(), b"/Filter[/FlateDecode/FlateDecode]"),
        "no_text pdf_corrupt",
        good=None,
    )
    yield case(
        "pdf of a pickle as its encoding", "a.pdf", _pdf(_drawn(), encoding=b"/..#2F..#2Ftmp#2Fevil"), good=1
    )
    yield case(
        "pdf that runs a script",
        "a.pdf",
        _pdf(_drawn(), catalog=b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"),
        good=1,
    )
    yield case(
        "pdf that says it has 2 billion pages",
        "a.pdf",
        _pdf(_drawn(), count=b"2000000000"),
        good=1,
    )
    yield case(
        "pdf of pages in a loop",
        "a.pdf",
        _pdf(_drawn(), kids=b"2 0 R 3 0 R"),
        good=1,
    )
    yield from _office()


def _squeezed(size: int) -> bytes:
    """Zeros, deflated twice: a thousandth of a thousandth."""
    packer = zlib.compressobj(9)
    once = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)), packer.flush()])
    return zlib.compress(once, 9)


def _drawn() -> bytes:
    return b"BT /F1 12 Tf 10 700 Td (The forest on the island grows slowly, but it grows.) Tj ET"


def _pdf(
    content: bytes,
    filters: bytes = b"",
    trailer: bytes = b"",
    encoding: bytes = b"/WinAnsiEncoding",
    catalog: bytes = b"",
    count: bytes = b"1",
    kids: bytes = b"3 0 R",
) -> bytes:
    objects = (
        b"<</Type/Catalog/Pages 2 0 R" + catalog + b">>",
        b"<</Type/Pages/Kids[" + kids + b"]/Count " + count + b">>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), filters, content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding" + encoding + b">>",
    )
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj" % number + body + b"endobj\n"
    table = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + table + b"trailer<</Size 6/Root 1 0 R" + trailer + b">>\nstartxref\n%d\n%%%%EOF" % len(data)


def _docx(body: str, rels: str = "", more: dict[str, bytes] | None = None) -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/><Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships">{rels}</Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{word}" xmlns:r="{office}"><w:body>{body}</w:body></w:document>',
    }
    return packed({**{name: text.encode() for name, text in parts.items()}, **(more or {})})


def _office() -> Iterator[Case]:
    text = f"<w:p><w:r><w:t>{TEXT}</w:t></w:r></w:p>"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    yield case("a good docx", "a.docx", _docx(text), good=1)
    outside = f'<Relationship Id="r9" Type="{kind}attachedTemplate" Target="http://example.org/x.dotm" TargetMode="External"/>'
    yield case("docx with a template elsewhere", "a.docx", _docx(text, outside), good=1)
    climbs = f'<Relationship Id="r9" Type="{kind}image" Target="../../../../etc/passwd"/>'
    yield case("docx part that climbs out", "a.docx", _docx(text, climbs), "docx_corrupt", good=None)
    macro = {"word/vbaProject.bin": b"\xd0\xcf\x11\xe0" + bytes(500)}
    yield case("docx with a macro", "a.docx", _docx(text, more=macro), good=1)
    laughs = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><a>&b;</a>'
    yield case(
        "docx with laughs in its styles", "a.docx", _docx(text, more={"word/styles.xml": laughs}), "xml_dtd"
    )
    yield case(
        "docx with a DTD behind spaces",
        "a.docx",
        _docx(text, more={"word/styles.xml": b" " * 5000 + laughs}),
        "xml_dtd",
    )
    yield case(
        "docx of tables 100 deep",
        "a.docx",
        _docx("<w:tbl><w:tr><w:tc>" * 100 + text + "</w:tc></w:tr></w:tbl>" * 100),
        "docx_corrupt xml_corrupt too_deep no_text parser_failed",
        good=None,
    )
    yield case(
        "docx of a cell over 1 000 000 columns",
        "a.docx",
        _docx(
            f'<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="1000000"/></w:tcPr>{text}</w:tc></w:tr></w:tbl>'
        ),
        good=1,
    )
    container = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'
    book = '<package><metadata/><manifest><item id="a" href="{}"/></manifest><spine>{}</spine></package>'
    for name, href in (
        ("climbs out", "../../../etc/passwd"),
        ("is absolute", "/etc/passwd"),
        ("is a url", "file:///etc/passwd"),
    ):
        parts = {
            "META-INF/container.xml": container.format("b.opf"),
            "b.opf": book.format(href, '<itemref idref="a"/>'),
        }
        yield case(
            f"epub whose chapter {name}",
            "a.epub",
            packed({k: v.encode() for k, v in parts.items()}),
            "epub_corrupt corrupt_archive",
        )
    again = {
        "META-INF/container.xml": container.format("b.opf"),
        "b.opf": book.format("c.html", '<itemref idref="a"/>' * 10_000),
        "c.html": f"<p>{TEXT}</p>" * 1000,
    }
    yield case(
        "epub of one chapter 10 000 times",
        "a.epub",
        packed({k: v.encode() for k, v in again.items()}),
        "bomb too_large",
        good=None,
    )
    yield case(
        "epub whose book is elsewhere",
        "a.epub",
        packed({"META-INF/container.xml": container.format("../../etc/passwd").encode()}),
        "corrupt_archive",
    )
    odt = "application/vnd.oasis.opendocument.text"
    yield case(
        "odt with an entity",
        "a.odt",
        packed(
            {
                "mimetype": odt.encode(),
                "content.xml": b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
            }
        ),
        "xml_dtd",
    )
    yield case(
        "odt bomb",
        "a.odt",
        lambda: packed({"mimetype": odt.encode(), "content.xml": bytes(64 << 20)}),
        "bomb",
    )
    yield case(
        "odt of a billion spaces",
        "a.odt",
        packed(
            {
                "mimetype": odt.encode(),
                "content.xml": f'<d xmlns:t="urn:t"><body><p>{TEXT}<t:s t:c="1000000000"/></p></body></d>'.encode(),
            }
        ),
        good=1,
    )
