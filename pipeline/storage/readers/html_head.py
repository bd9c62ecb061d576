"""What a page says of itself: title, address, language, date. Nothing is guessed."""

import json
import re
from collections.abc import Iterator
from typing import Any

from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.html_outline import Outline

DATES = (
    "article:published_time",
    "datepublished",
    "dcterms.issued",
    "dc.date.issued",
    "dcterms.created",
    "dcterms.date",
    "dc.date",
    "date",
)
"""Names of the day of publication, the most definite first."""

_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,2000}")


def title_of(outline: Outline) -> str:
    return next(
        (" ".join(text.split()) for tag, _, text in outline.head if tag == "title" and text.strip()), ""
    )


def meta_of(outline: Outline, url: str | None) -> dict[str, Any]:
    """The title and where the page was fetched, or the address that it calls its own."""
    found = {"title": title_of(outline), "url": url or _canonical(outline)}
    return {key: value for key, value in found.items() if value}


def language_of(outline: Outline) -> str | None:
    """Declared on the root, in a meta element or as the locale, in this order."""
    roots = (attributes for tag, attributes, _ in outline.head if tag == "html")
    for attributes in roots:
        if declared := attributes.get("lang") or attributes.get("xml:lang"):
            return declared
    metas = dict(_metas(outline))
    # "sv, en" names the languages of the readers, not of the text.
    for name in ("content-language", "dc.language", "dcterms.language", "og:locale"):
        if (value := metas.get(name, "").strip()) and re.fullmatch(r"[A-Za-z]{2,3}([-_]\w{2,8})*", value):
            return value.replace("_", "-")
    return None


def date_of(outline: Outline) -> str | None:
    """Only what the page itself calls its date; guessing from the text dates pages by their copyright line."""
    metas = dict(reversed(list(_metas(outline))))
    for name in DATES:
        if date := iso_date(metas.get(name, "")):
            return date
    for tag, _, text in outline.head:
        if tag == "script" and (date := _published(text)):
            return date
    return None


def _metas(outline: Outline) -> Iterator[tuple[str, str]]:
    for tag, attributes, _ in outline.head:
        if tag in ("meta", "time"):
            name = (
                attributes.get("property")
                or attributes.get("name")
                or attributes.get("itemprop")
                or attributes.get("http-equiv")
                or ("datepublished" if tag == "time" and "pubdate" in attributes else "")
            )
            yield name.lower(), attributes.get("content") or attributes.get("datetime") or ""


def _canonical(outline: Outline) -> str | None:
    for tag, attributes, _ in outline.head:
        if tag == "link" and "canonical" in attributes.get("rel", "").lower().split():
            address = attributes.get("href", "").strip()
            return address if _ADDRESS.fullmatch(address) else None
    return None


def _published(text: str) -> str | None:
    """`datePublished` of linked data whose every such field names the same day."""
    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):
        return None
    found = set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found.add(iso_date(value.get("datePublished", "")))
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    found.discard(None)
    return found.pop() if len(found) == 1 else None
