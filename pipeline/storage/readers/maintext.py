"""The main text of a page by what the page says of itself: its landmarks, the names of its parts, and how dense its links are.

Serves pages that mark up their parts, which most do today; the rest goes to trafilatura (see `html.main_text`).
"""

import re
import sys
from typing import Any

LANDMARKS = ("main", "article")

FURNITURE = frozenset(
    ("nav", "footer", "aside", "form", "button", "select", "dialog", "menu", "figure", "noscript", "input")
)
ROLES = frozenset(
    ("navigation", "banner", "contentinfo", "search", "complementary", "dialog", "menu", "menubar", "alert")
)

NAMED = re.compile(
    r"(?:^|[-_\s])(?:nav(?:bar|igation|header|footer|igering)?|menu|meny|footer|sidfot|sidebar|breadcrumbs?|crumbs?|brodsmul\w*"
    r"|cookies?|consent|gdpr|share|sharing|dela|social|pager|pagination|skip(?:-?link|-?to-?content)?|related|advert\w*|ads?"
    r"|banner|toolbar|comments?|newsletter|subscribe|login|popup|modal)(?:[-_\s]|$)",
    re.IGNORECASE,
)
"""Words in `class` and `id` that web authors give to parts that are not the text."""

CREDITS = re.compile(r"(?:^|[-_\s])(?:author|byline|bio|licen[sc]e)(?:[-_\s]|$)", re.IGNORECASE)
"""Words in `class` alone: an `id` such as "licence" may name a chapter."""

LINKED = 0.8
"""Share of a short block's characters inside of links from which it is navigation (our choice)."""

SHORT = 400
"""Characters beyond which a block is kept however many links it holds (our choice): a text full of references is a text."""

MAIN_LEAST = 25
"""Characters from which a page's one `main` is believed, however much stands around it."""

ARTICLE_LEAST = 0.2
"""Share of the page's text that its one `article` must hold: the word is used for teasers too."""

MOST = 0.7
"""A part that holds more than this share of the page's text is the page, whatever its name (our choice)."""


def main_part(tree: Any) -> Any | None:
    """The pruned element that holds the main text, or None where the page marks up neither landmarks nor furniture.

    Changes the tree.
    """
    body = tree.find(".//body")
    root = tree if body is None else body
    whole = _length(root)
    landmark = _landmark(root, whole)
    pruned = _prune(root if landmark is None else landmark, whole)
    if landmark is None and not pruned:
        return None
    return root if landmark is None else landmark


def _landmark(root: Any, whole: int) -> Any | None:
    """The one main element; of several articles none, since a list of teasers has many."""
    for name in LANDMARKS:
        found = [
            node
            for node in root.iter(name, "div", "section")
            if node.tag == name or (name == "main" and node.get("role") == "main")
        ]
        least = MAIN_LEAST if name == "main" else ARTICLE_LEAST * whole
        if len(found) == 1 and _length(found[0]) > least:
            return found[0]
    return None


def _prune(root: Any, whole: int) -> int:
    """Removes furniture; how many parts went."""
    gone = 0
    for node in list(root.iter()):
        if node is root or not isinstance(node.tag, str) or node.getparent() is None:
            continue
        if _is_furniture(node) and _length(node) < MOST * whole:
            node.drop_tree()
            gone += 1
    return gone


def _is_furniture(node: Any) -> bool:
    if node.tag in FURNITURE or node.get("role") in ROLES or node.get("aria-hidden") == "true":
        return True
    names = f"{node.get('class') or ''} {node.get('id') or ''}"
    if node.tag in ("div", "section", "ul", "ol", "table", "header", "p", "span") and NAMED.search(names):
        return True
    if node.tag in ("div", "p") and CREDITS.search(node.get("class") or ""):
        return True
    return node.tag in ("ul", "ol", "table", "div", "p") and _is_linked(node)


def _is_linked(node: Any) -> bool:
    text = _length(node, SHORT)
    if not 0 < text < SHORT:
        return False
    links = list(node.iter("a"))
    return len(links) > 2 and sum(map(_length, links)) > LINKED * text


def _length(node: Any, most: int = sys.maxsize) -> int:
    """Characters of text that are no space; counting stops at `most`, since nested parts are asked again and again."""
    count = 0
    for text in node.itertext():
        count += sum(map(len, text.split()))
        if count >= most:
            break
    return count
