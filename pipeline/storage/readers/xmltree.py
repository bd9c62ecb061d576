"""XML bytes to a tree without DTD, entities or network, and a tree to lines of text."""

import html.entities
import re
from collections.abc import Iterable
from typing import Any

from pipeline.errors import Unreadable
from pipeline.storage.encoding import decode
from pipeline.storage.readers.html import tidy

_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.:-]{2,30})""")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

PARAGRAPHS = frozenset(
    [
        "p",
        "para",
        "simpara",
        "formalpara",
        "title",
        "subtitle",
        "head",
        "heading",
        "h",
        "caption",
        "desc",
        "l",
        "lg",
        "quote",
        "blockquote",
        "q",
        "ab",
        "sp",
        "speaker",
        "stage",
        "note",
        "tip",
        "warning",
        "important",
        "caution",
        "section",
        "sect1",
        "sect2",
        "sect3",
        "sect4",
        "chapter",
        "article",
        "book",
        "appendix",
        "page",
        "synopsis",
        "screen",
        "programlisting",
        "literallayout",
        "code",
        "example",
        "figure",
        "informalexample",
        "div",
        "body",
        "text",
        "list",
        "itemizedlist",
        "orderedlist",
        "variablelist",
        "steps",
        "terms",
        "tree",
        "table",
        "informaltable",
        "u",
    ]
)
LINES = frozenset(
    [
        "item",
        "listitem",
        "list-item",
        "varlistentry",
        "term",
        "row",
        "tr",
        "table-row",
        "lb",
        "br",
        "line-break",
        "line",
    ]
)
CELLS = frozenset(["cell", "entry", "td", "th", "table-cell"])
# Their whole content is one run of text, whatever elements it holds.
LEAVES = frozenset(
    ["p", "para", "simpara", "title", "subtitle", "head", "h", "caption", "l", "speaker", "term", "seg", "s"]
)
CHAINS = {"guiseq": " > ", "menuchoice": " > ", "keyseq": "+", "keycombo": "+"}
VERBATIM = frozenset(["screen", "programlisting", "literallayout", "code", "pre"])


def parse_xml(data: bytes) -> Any:
    """The root element. Raises Unreadable read.xml_dtd or read.xml_corrupt.

    A declaration of entities is refused, not ignored: no corpus needs one, and a billion laughs begin with it.
    """
    from lxml import etree

    declared = _ENCODING.search(data[:200])
    text = _DECLARATION.sub("", decode(data, declared[1].decode("ascii") if declared else None).text, count=1)
    prolog = text[: text.find(">", text.find("<!DOCTYPE")) + 1] if "<!DOCTYPE" in text[:65536] else ""
    if "<!ENTITY" in text or "[" in prolog:
        raise Unreadable(
            "read.xml_dtd", "the file declares entities or a DTD of its own, which is not read; remove it"
        )
    text = _ENTITY.sub(_entity, text)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable("read.xml_corrupt", f"no well-formed XML: {error}") from error


def _entity(found: re.Match[str]) -> str:
    """HTML's names are used in XML without being declared; XML's own stay."""
    name = found[1]
    if name in _XML_ENTITIES:
        return found[0]
    return html.entities.html5.get(f"{name};", found[0].replace("&", "&amp;"))


def local(node: Any) -> str:
    """The element's name without its namespace; empty for what is no element."""
    tag = node.tag
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def language_of(root: Any) -> str | None:
    return root.get(_XML_LANG) or root.get("lang") or None


def find(root: Any, *names: str) -> Any | None:
    """The first element below `root` on a path of local names, each at any depth below the one before."""
    node = root
    for name in names:
        node = next((below for below in node.iter() if local(below) == name and below is not node), None)
        if node is None:
            return None
    return node


def plain(node: Any | None) -> str:
    """All text of an element on one line."""
    return "" if node is None else " ".join("".join(node.itertext()).split())


def lines(root: Any, skip: Iterable[str] = ()) -> str:
    """The text of a tree: paragraphs parted by blank lines, list items and table rows on lines of their own."""
    writer = _Writer(frozenset(skip))
    writer.walk(root, mixed=False)
    return tidy("".join(writer.parts))


class _Writer:
    """Walks a tree (libxml2 bounds its depth to 256) and writes text with breaks."""

    def __init__(self, skip: frozenset[str]) -> None:
        self.parts: list[str] = []
        self._skip = skip

    def walk(self, node: Any, *, mixed: bool) -> None:
        name = local(node)
        if not name or name in self._skip:
            return
        before, after = _breaks(name, mixed=mixed)
        # The first paragraph of a list item stands beside its dash.
        if not (self.parts and self.parts[-1] == "- "):
            self.parts.append(before)
        if name in ("item", "listitem", "list-item"):
            self.parts.append("- ")
        # An element inside of running text is a part of its line, unless it is known to be a block.
        inner = name in LEAVES or mixed or _has_direct_text(node)
        self._write(node.text, verbatim=name in VERBATIM)
        for at, child in enumerate(node):
            if at and name in CHAINS:
                self.parts.append(CHAINS[name])
            self.walk(child, mixed=inner)
            self._write(None if name in CHAINS else child.tail, verbatim=name in VERBATIM)
        self.parts.append(after)

    def _write(self, text: str | None, *, verbatim: bool) -> None:
        if not text:
            return
        folded = text if verbatim else re.sub(r"[ \t\r\n]+", " ", text)
        if self.parts and self.parts[-1] == "- ":
            folded = folded.lstrip()
        if not folded:
            return
        if folded != " " or (self.parts and not self.parts[-1].endswith(("\n", " "))):
            self.parts.append(folded)


def _breaks(name: str, *, mixed: bool) -> tuple[str, str]:
    if name in LINES:
        return "\n", "\n"
    if name in CELLS:
        return "", " | "
    if name in PARAGRAPHS and not (
        mixed and name in ("code", "q", "quote", "note", "desc", "l", "u", "title", "text")
    ):
        return "\n\n", "\n\n"
    return ("", "") if mixed else ("\n", "\n")


def _has_direct_text(node: Any) -> bool:
    return bool(node.text and node.text.strip()) or any(child.tail and child.tail.strip() for child in node)
