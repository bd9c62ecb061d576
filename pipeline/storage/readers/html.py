"""HTML: the main text without menus, banners and footers, tables and lists kept."""

import html
import re
from collections.abc import Iterator
from typing import Any, cast

from pipeline.errors import Unreadable
from pipeline.storage.encoding import decode
from pipeline.storage.readers.html_head import date_of, language_of, meta_of
from pipeline.storage.readers.html_outline import BLOCKS, Outline, TooDeep, without_structure
from pipeline.storage.readers.html_text import outline_text
from pipeline.storage.readers.maintext import main_part
from pipeline.storage.readers.record import Found, Input

NO_TEXT = "read.no_text"
TOO_DEEP = "read.html_too_deep"

DEEP = 250
"""Elements inside of each other beyond which a page that marks nothing is flagged: nobody writes such pages by hand."""

CHUNK = 1 << 16
"""Bytes given to the parser at once: so much is parsed before a page that is too deep is given up."""

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,30})""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.:-]{2,30})""")
_LONG_TAG = re.compile(r"<([A-Za-z][\w:-]{0,40})[^<>]{20000,}>")
"""libxml2 compares each attribute with all others: a tag of 100 000 attributes takes minutes. Its text needs none of them."""

_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_SILENT_PART = re.compile(
    r"<(script|style|noscript|template|head)\b[^<>]*>.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"<(/?[A-Za-z!?][^\s<>/]*)[^<>]*>")


def read_html(file: Input) -> Iterator[Found]:
    yield found_page(file.data())


def found_page(data: bytes, charset: str | None = None, url: str | None = None) -> Found:
    """The record of one page; `charset` as an HTTP header declared it."""
    page = decode(data, charset or declared_charset(data))
    notes = [page.note] if page.note else []
    outline = parse(page.text)
    part = main_part(outline)
    text = outline_text(outline, part.root, part.gone, part.title) or outline_text(outline)
    if outline.deepest > DEEP and not part.marked:
        notes.append(TOO_DEEP)
    if not text:
        notes.append(NO_TEXT)
    return Found(
        text,
        date=date_of(outline),
        language=language_of(outline),
        meta=meta_of(outline, url),
        notes=tuple(notes),
        whole=True,
    )


def parse(text: str) -> Outline:
    """The outline of a page, without any structure where it nests without end. Raises Unreadable read.empty for nothing."""
    from lxml import etree

    outline = Outline()
    # huge_tree: without it libxml2 drops texts beyond 10 MB and what is nested deeper than 256 elements, silently.
    parser = etree.HTMLParser(
        target=cast("Any", outline),
        encoding="utf-8",
        huge_tree=True,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    page = _LONG_TAG.sub(r"<\1>", _without_cdata(text.replace("\0", ""))).encode("utf-8", "replace")
    try:
        for at in range(0, len(page), CHUNK):
            parser.feed(page[at : at + CHUNK])
        parser.close()
    except TooDeep:
        return without_structure(flat_text(text))
    except etree.XMLSyntaxError as error:
        raise Unreadable("read.empty", f"no element and no text in the page: {error}") from error
    if len(outline.tags) == 1:
        raise Unreadable("read.empty", "no element and no text in the page")
    return outline


def markup_text(fragment: str) -> str:
    """All text of an HTML fragment that is data (a field of a record), one block a line."""
    return tree_text(parse(fragment))


def tree_text(outline: Outline) -> str:
    """All visible text of a page, blocks on their own lines."""
    return outline_text(outline)


def flat_text(page: str) -> str:
    """All text of a page without a look at its structure, for pages that nest without end."""

    def replaced(tag: re.Match[str]) -> str:
        return "\n" if tag[1].lstrip("/").lower() in BLOCKS else ""

    return tidy(re.sub(r"[ \t\r]+", " ", html.unescape(_TAG.sub(replaced, _SILENT_PART.sub(" ", page)))))


def tidy(text: str) -> str:
    """Lines trimmed, at most one blank line between two."""
    # The bar after the last cell of a row parts nothing.
    lines = (line.strip().removesuffix("|").rstrip() for line in text.split("\n"))
    lines = ("" if line == "-" else line for line in lines)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _without_cdata(text: str) -> str:
    """Sections of character data as XHTML has them, written out: an HTML parser takes them for comments."""
    first, *rest = text.split(_CDATA)
    pieces = [first]
    for part in rest:
        inside, end, after = part.partition(_CDATA_END)
        pieces.append(html.escape(inside, quote=False) + after if end else _CDATA + part)
    return "".join(pieces)


def declared_charset(data: bytes) -> str | None:
    """What the page itself says of its encoding."""
    head = data[:4096]
    found = _XML_ENCODING.search(head) or _META_CHARSET.search(head)
    return found[1].decode("ascii") if found else None
