"""HTML: the main text without menus, banners and footers, tables and lists kept."""

import re
from collections.abc import Iterator
from typing import Any

from pipeline.errors import Unreadable
from pipeline.storage.encoding import decode
from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.maintext import main_part
from pipeline.storage.readers.record import Found, Input

NO_TEXT = "read.no_text"
TOO_DEEP = "read.html_too_deep"

DEEPEST = 250
"""Element depth beyond which trafilatura's recursion and libxml2's default parser lose text; such pages are flagged."""

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,30})""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.:-]{2,30})""")
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
    ]
)
_LONG_TAG = re.compile(r"<([A-Za-z][\w:-]{0,40})[^<>]{20000,}>")
"""libxml2 compares each attribute with all others: a tag of 100 000 attributes takes minutes. Its text needs none of them."""

_SILENT_PART = re.compile(
    r"<(script|style|noscript|template|head)\b[^<>]*>.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"<(/?[A-Za-z!?][^\s<>/]*)[^<>]*>")
_CELLS = frozenset(("td", "th"))
_SILENT = frozenset(("script", "style", "noscript", "template", "head", "svg", "math", "iframe", "object"))


def read_html(file: Input) -> Iterator[Found]:
    yield found_page(file.data())


def found_page(data: bytes, charset: str | None = None, url: str | None = None) -> Found:
    """The record of one page; `charset` as an HTTP header declared it."""
    declared = charset or _declared(data)
    page = decode(data, declared)
    notes = [page.note] if page.note else []
    tree = parse(page.text)
    # Before main_text, which prunes the tree.
    date, language, meta = _date(tree), _language(tree), _meta(tree, url)
    if _depth(tree) > DEEPEST:
        notes.append(TOO_DEEP)
        text = flat_text(page.text)
    else:
        text = main_text(tree)
    if not text.strip():
        notes.append(NO_TEXT)
    return Found(text, date=date, language=language, meta=meta, notes=tuple(notes), whole=True)


def parse(text: str) -> Any:
    """The lxml tree of a page. Raises Unreadable read.empty where nothing is in it."""
    from lxml import etree, html

    # huge_tree: without it libxml2 drops what is nested deeper than 256 elements, silently.
    parser = html.HTMLParser(
        encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        tree = html.document_fromstring(
            _LONG_TAG.sub(r"<\1>", text).encode("utf-8", "replace"), parser=parser
        )
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise Unreadable("read.empty", f"no element and no text in the page: {error}") from error
    return tree


def main_text(tree: Any) -> str:
    """The part that the page itself marks as its text; else what trafilatura finds; else all of it.

    On the labelled pages the first gives a character F1 of .99 and trafilatura's defaults .95 (its `favor_recall` .90: it
    brings the menus back).
    """
    import trafilatura
    from lxml import etree

    part = main_part(tree)
    if part is not None and (text := tree_text(part)):
        return text
    whole = etree.tostring(tree)
    found: str | None = trafilatura.extract(
        tree,
        include_comments=False,
        include_tables=True,
        include_links=False,
        include_images=False,
        deduplicate=False,
    )
    return found or tree_text(etree.fromstring(whole, etree.HTMLParser(huge_tree=True)))


def markup_text(fragment: str) -> str:
    """All text of an HTML fragment that is data (a field of a record), one block a line."""
    return tree_text(parse(fragment))


def tree_text(tree: Any) -> str:
    """All visible text of a tree, blocks on their own lines. No recursion: depth is the attacker's choice."""
    parts: list[str] = []
    silent = 0
    from lxml import etree

    for event, node in etree.iterwalk(tree, events=("start", "end")):
        name = node.tag if isinstance(node.tag, str) else ""
        if event == "start":
            silent += name in _SILENT
            # The first paragraph of a list item stands beside its dash.
            if name in _BLOCKS and name not in _CELLS and (not parts or parts[-1] != "- "):
                parts.append("\n")
            if name == "li" and not silent:
                parts.append("- ")
            if not silent and node.text and (parts[-1:] != ["- "] or node.text.strip()):
                parts.append(_folded(node, node.text))
        else:
            silent -= name in _SILENT
            if name in _BLOCKS:
                parts.append(" | " if name in _CELLS else "\n")
            if not silent and node.tail:
                parts.append(_folded(node.getparent(), node.tail))
    return tidy("".join(parts))


def flat_text(page: str) -> str:
    """All text of a page without building a tree, for pages deeper than libxml2 follows (2 048 elements, the rest is lost)."""
    import html

    def replaced(tag: re.Match[str]) -> str:
        return "\n" if tag[1].lstrip("/").lower() in _BLOCKS else ""

    return tidy(re.sub(r"[ \t\r]+", " ", html.unescape(_TAG.sub(replaced, _SILENT_PART.sub(" ", page)))))


def tidy(text: str) -> str:
    """Lines trimmed, at most one blank line between two."""
    # The bar after the last cell of a row parts nothing.
    lines = (line.strip().removesuffix("|").rstrip() for line in text.split("\n"))
    lines = ("" if line == "-" else line for line in lines)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _folded(node: Any, text: str) -> str:
    return text if node is not None and node.tag == "pre" else re.sub(r"[ \t\r\n\f]+", " ", text)


def _depth(tree: Any) -> int:
    from lxml import etree

    depth = deepest = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def _declared(data: bytes) -> str | None:
    head = data[:4096]
    found = _XML_ENCODING.search(head) or _META_CHARSET.search(head)
    return found[1].decode("ascii") if found else None


def _language(tree: Any) -> str | None:
    return tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or None


def _meta(tree: Any, url: str | None) -> dict[str, Any]:
    title = " ".join((tree.findtext(".//title") or "").split())
    return {key: value for key, value in (("title", title), ("url", url)) if value}


def _date(tree: Any) -> str | None:
    """Only what the page itself calls its date; guessing from the text dates pages by their copyright line."""
    for element in tree.iter("meta", "time"):
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").lower()
        if name in (
            "article:published_time",
            "date",
            "dc.date",
            "dcterms.created",
            "datepublished",
            "dcterms.date",
        ):
            return iso_date(element.get("content") or element.get("datetime") or "")
    return None
