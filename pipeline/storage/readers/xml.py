"""XML: TEI, ALTO, Mallard and DocBook by what they mean; data files by their text field; anything else as all of its text."""

import re
from collections.abc import Iterator
from typing import Any

from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.fields import TEXT, described, find_key
from pipeline.storage.readers.html import NO_TEXT, markup_text
from pipeline.storage.readers.record import Found, Input
from pipeline.storage.readers.xmltree import find, language_of, lines, local, parse_xml, plain

_TEI_SKIP = ("teiHeader", "pb", "fw", "facsimile", "graphic")
_MALLARD_SKIP = ("info", "include", "links", "media", "comment")
_DOCBOOK_SKIP = (
    "info",
    "bookinfo",
    "articleinfo",
    "chapterinfo",
    "mediaobject",
    "indexterm",
    "remark",
    "toc",
    "index",
)


def read_xml(file: Input) -> Iterator[Found]:
    root = parse_xml(file.data())
    name = local(root).lower()
    if name in ("tei", "tei.2", "teicorpus"):
        found = _tei(root)
    elif name == "alto":
        found = _alto(root)
    elif name == "page" and "mallard" in root.tag:
        found = Found(lines(root, _MALLARD_SKIP), meta=_named("title", plain(find(root, "title"))))
    elif name in ("book", "article", "chapter", "section", "refentry", "appendix", "preface"):
        found = Found(lines(root, _DOCBOOK_SKIP), meta=_named("title", plain(find(root, "title"))))
    else:
        found = _data(root, file) or Found(lines(root))
    notes = () if found.text.strip() else (NO_TEXT,)
    yield Found(
        found.text,
        found.own_id,
        found.group,
        found.date,
        found.language or language_of(root),
        found.meta,
        notes=notes,
        whole=True,
    )


def _tei(root: Any) -> Found:
    header = find(root, "teiHeader")
    meta = {} if header is None else _named("title", plain(find(header, "titleStmt", "title")))
    date = None
    if header is not None:
        meta |= _named("author", plain(find(header, "titleStmt", "author")))
        dates = (node.get("when") or node.get("from") for node in header.iter() if local(node) == "date")
        date = next((found for value in dates if (found := iso_date(value))), None)
    body = find(root, "text")
    return Found("" if body is None else lines(body, _TEI_SKIP), date=date, meta=meta)


def _alto(root: Any) -> Found:
    """Scanned pages: strings to lines, lines to blocks; a word that the engine split at a line end keeps its hyphen."""
    blocks, confidences = [], []
    for block in root.iter():
        if local(block) != "TextBlock":
            continue
        texts = []
        for line in block:
            if local(line) != "TextLine":
                continue
            strings = [node for node in line if local(node) in ("String", "HYP")]
            words = [node.get("CONTENT", "").strip() for node in strings if local(node) == "String"]
            end = "-" if any(local(node) == "HYP" for node in strings) else ""
            texts.append(" ".join(filter(None, words)) + end)
            confidences += [float(node.get("WC")) for node in strings if _is_share(node.get("WC"))]
        if any(texts):
            blocks.append("\n".join(filter(None, texts)))
    meta = {"ocr_confidence": round(sum(confidences) / len(confidences), 4)} if confidences else {}
    return Found("\n\n".join(blocks), meta=meta)


def _is_share(value: str | None) -> bool:
    return value is not None and re.fullmatch(r"[01](\.\d+)?", value) is not None


def _data(root: Any, file: Input) -> Found | None:
    """A record exported as XML: the first element with a text (or HTML) child that holds no elements. None: no such thing."""
    for parent in root.iter():
        row = {local(child): child.text or "" for child in parent if len(child) == 0 and local(child)}
        key = find_key(row, file.spec.text, TEXT)
        if key is not None and row[key].strip():
            text = row[key]
        elif row.get("html", "").strip():
            text = markup_text(row["html"])
        else:
            continue
        if "\n" not in text:
            # Exporters that escape twice write line breaks as a backslash and a letter.
            text = text.replace("\\r\\n", "\n").replace("\\n", "\n")
        names = described({k: v for k, v in row.items() if k != "html" and v.strip()}, file.spec, skip=key)
        return Found(text, **names)
    return None


def _named(name: str, value: str) -> dict[str, Any]:
    return {name: value} if value else {}
