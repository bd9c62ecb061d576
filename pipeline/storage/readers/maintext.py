"""The main text of a page: where the page marks it, or where its prose lies; less the furniture that is left in it.

The sizes of all parts are known from the outline; nothing here recurses, and the outline stays as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pipeline.storage.readers.html_head import title_of
from pipeline.storage.readers.html_outline import Outline
from pipeline.storage.readers.maintext_links import is_contents, link_furniture
from pipeline.storage.readers.maintext_names import letters
from pipeline.storage.readers.maintext_parts import children, named_furniture, remains, within

MAIN_LEAST = 25
"""Characters from which a page's `main`, or what stands below its headline, is believed, however much is around it."""

ARTICLES_LEAST = 0.2
"""Share of the page's text that its articles must hold: the word is used for teasers too."""

MOST_PROSE = 0.9
MOST_UNLINKED = 0.7
"""Shares of prose and of text outside of links from which one part of a page holds its text (our choice)."""

HEADED_PROSE = 0.7
"""Share of prose from which the part that begins with the page's headline is the text (our choice)."""

PROSE_LEAST = 200
"""Characters of prose below which a page without landmarks is not narrowed (our choice)."""

HEADLINES = 50
"""As many h1 are looked at (our choice): a page of more has no headline."""

WRAPPERS = frozenset(
    ("html", "body", "div", "section", "article", "main", "center", "table", "tbody", "tr", "td", "form")
)


@dataclass(frozen=True, slots=True)
class Part:
    """Where the text is: a node, the nodes inside of it that are not text, and a headline that stands elsewhere."""

    root: int
    gone: frozenset[int]
    title: str = ""
    marked: bool = True
    """Whether the page told anything: a landmark, a name, a form."""


def main_part(outline: Outline) -> Part:
    landmark = _landmark(outline)
    root = _densest(outline, 0) if landmark is None else landmark
    gone = named_furniture(outline, root, is_main=landmark is not None)
    if landmark is None:
        gone |= _before_headline(outline, root, gone)
    gone |= link_furniture(outline, root, gone, is_main=landmark is not None)
    if not remains(outline, root, gone):
        return Part(root, frozenset(), marked=False)
    return Part(root, frozenset(gone), _headline(outline, root, gone), landmark is not None or bool(gone))


def _landmark(outline: Outline) -> int | None:
    mains, articles = [], []
    for at, tag in enumerate(outline.tags):
        if tag == "main" or (
            tag in ("div", "section", "article") and outline.attributes[at].get("role") == "main"
        ):
            mains.append(at)
        elif tag == "article":
            articles.append(at)
    mains = [at for at in _outermost(outline, mains) if "hidden" not in outline.attributes[at]]
    if mains:
        best = max(mains, key=outline.size)
        if outline.size(best) > MAIN_LEAST:
            return best
    articles = list(_outermost(outline, articles))
    # Many articles are a list: of teasers, or the text itself.
    if sum(map(outline.size, articles)) > ARTICLES_LEAST * outline.size(0):
        return articles[0] if len(articles) == 1 else _common(outline, articles)
    return None


def _outermost(outline: Outline, nodes: list[int]) -> Iterator[int]:
    over = 0
    for at in nodes:
        if at >= over:
            yield at
            over = outline.stops[at]


def _common(outline: Outline, nodes: list[int]) -> int | None:
    """The nearest part around all nodes, unless that is the whole page."""
    at = outline.parents[nodes[0]]
    while outline.stops[at] < outline.stops[nodes[-1]]:
        at = outline.parents[at]
    return at if outline.tags[at] not in ("", "html", "body") else None


def _densest(outline: Outline, root: int) -> int:
    """Downwards as long as one child holds nearly all of the prose and most of the text outside of links."""
    if outline.inside(outline.prose, root) < PROSE_LEAST:
        return root
    headline = _headline_at(outline, root, gone=set())
    while True:
        prose, unlinked = outline.inside(outline.prose, root), MOST_UNLINKED * _unlinked(outline, root)
        for child in children(outline, root):
            is_headed = headline is not None and within(outline, child, headline)
            if outline.inside(outline.prose, child) >= (
                HEADED_PROSE if is_headed else MOST_PROSE
            ) * prose and (is_headed or _unlinked(outline, child) >= unlinked):
                break
        else:
            return root
        beside = (other for other in children(outline, root) if other != child)
        if outline.tags[child] not in WRAPPERS or any(is_contents(outline, other) for other in beside):
            return root
        root = child


def _unlinked(outline: Outline, at: int) -> int:
    return outline.size(at) - outline.inside(outline.linked, at)


def _before_headline(outline: Outline, root: int, gone: set[int]) -> set[int]:
    """On a page without landmarks all that stands before its headline, if there is text below it."""
    at = _headline_at(outline, root, gone)
    if at is None:
        return set()
    if outline.chars[outline.stops[root]] - outline.chars[outline.stops[at]] < MAIN_LEAST:
        return set()
    before = set()
    while at != root:
        parent = outline.parents[at]
        for child in children(outline, parent):
            if child >= at:
                break
            before.add(child)
        at = parent
    return before


def _headline(outline: Outline, root: int, gone: set[int]) -> str:
    """The page's headline where the part has none: it stands outside, or in what is gone."""
    if any(_is_left(outline, root, gone, at) for at in _headlines(outline)):
        return ""
    at = _headline_at(outline, 0, gone=set())
    return "" if at is None else outline.text(at)


def _headline_at(outline: Outline, root: int, gone: set[int]) -> int | None:
    """The h1 of the part whose words the title of the page repeats."""
    title = letters(title_of(outline))
    for at in _headlines(outline):
        if _is_left(outline, root, gone, at) and letters(outline.text(at)) in title:
            return at
    return None


def _headlines(outline: Outline) -> list[int]:
    """All h1 but logos, which are links to another page."""
    found = (at for at, tag in enumerate(outline.tags) if tag == "h1" and outline.size(at))
    return [at for at in islice(found, HEADLINES) if not _is_logo(outline, at)]


def _is_logo(outline: Outline, at: int) -> bool:
    targets = [attributes.get("href", "#") for attributes in outline.attributes[at : outline.stops[at]]]
    is_linked = outline.inside(outline.linked, at) == outline.size(at)
    return is_linked and any(not target.startswith("#") for target in targets)


def _is_left(outline: Outline, root: int, gone: set[int], at: int) -> bool:
    return within(outline, root, at) and not any(within(outline, part, at) for part in gone)
