"""EPUB: one record a book, its chapters in reading order."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from pipeline.errors import Unreadable
from pipeline.storage.encoding import decode
from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.html import NO_TEXT, parse, tree_text
from pipeline.storage.readers.package import Package, beside
from pipeline.storage.readers.record import Found, Input
from pipeline.storage.readers.xmltree import find, local, parse_xml, plain

CONTAINER = "META-INF/container.xml"


def read_epub(file: Input) -> Iterator[Found]:
    package = Package(file.data(), file.limits)
    # Some makers zip the folder instead of its content.
    top = min(name[: -len(CONTAINER)] for name in package.names if name.endswith(CONTAINER))
    root_file = find(parse_xml(package.read(top + CONTAINER)), "rootfile")
    opf_name = top + (root_file.get("full-path", "") if root_file is not None else "")
    book = parse_xml(package.read(opf_name))
    text = "\n\n".join(_chapters(package, [beside(opf_name, href) for href in _spine(book)], file))
    meta = {
        name: value
        for name in ("title", "creator", "publisher", "rights")
        if (value := plain(find(book, name)))
    }
    yield Found(
        text,
        date=iso_date(plain(find(book, "date"))),
        language=plain(find(book, "language")) or None,
        meta=meta,
        notes=() if text else (NO_TEXT,),
        whole=True,
    )
    package.close()


def _chapters(package: Package, names: list[str], file: Input) -> Iterator[str]:
    """A book may name a chapter ten thousand times: each is parsed once, and the text ends where no record may be longer."""
    known: dict[str, str] = {}
    size = 0
    for name in names:
        if name not in known:
            known[name] = _chapter(package, name)
        size += len(known[name])
        if size > file.limits.text_chars:
            raise Unreadable("read.too_large", f"more than {file.limits.text_chars} characters of text")
        if known[name]:
            yield known[name]


def _spine(book: Any) -> Iterator[str]:
    """Paths of the chapters; the navigation page is furniture."""
    items = {node.get("id"): node for node in book.iter() if local(node) == "item"}
    for node in book.iter():
        item = items.get(node.get("idref")) if local(node) == "itemref" else None
        if item is not None and "nav" not in (item.get("properties") or "").split():
            yield unquote(item.get("href", ""))


def _chapter(package: Package, name: str) -> str:
    if name not in package.names:
        raise Unreadable("read.epub_corrupt", f"the chapter {name} is missing from the book")
    page = decode(package.read(name)).text
    return tree_text(parse(page)) if page.strip() else ""
