"""OpenDocument text (odt): paragraphs, lists and tables in document order."""

from collections.abc import Iterator

from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.html import NO_TEXT
from pipeline.storage.readers.package import Package
from pipeline.storage.readers.record import Found, Input
from pipeline.storage.readers.xmltree import find, lines, parse_xml, plain

_SKIP = ("annotation", "tracked-changes", "sequence-decls", "forms", "table-of-content", "note-citation")


def read_opendocument(file: Input) -> Iterator[Found]:
    package = Package(file.data(), file.limits)
    body = find(parse_xml(package.read("content.xml")), "body")
    about = parse_xml(package.read("meta.xml")) if "meta.xml" in package.names else None
    package.close()
    for node in () if body is None else body.iter():
        # Spaces, tabs and breaks are elements here.
        name = str(node.tag).rsplit("}", 1)[-1]
        if name in ("s", "tab"):
            node.tail = " " + (node.tail or "")
    text = "" if body is None else lines(body, _SKIP)
    title = plain(find(about, "title")) if about is not None else ""
    date = iso_date(plain(find(about, "creation-date"))) if about is not None else None
    notes = () if text else (NO_TEXT,)
    yield Found(text, date=date, meta={"title": title} if title else {}, notes=notes, whole=True)
