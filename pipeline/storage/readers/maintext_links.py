"""Parts of a page that are not its text by their links: menus, paths, tag lists, links to other texts and their headings."""

import re
from itertools import islice

from pipeline.storage.readers.html_outline import HEADINGS, Outline
from pipeline.storage.readers.maintext_names import BOXES, LABELS, OTHERS, RELATED, letters
from pipeline.storage.readers.maintext_parts import MOST, block_of, remains, walk

LISTS = frozenset(("ul", "ol", "dl", "table", "div", "p", "section", "center", "td"))

ITEMS = frozenset(("li", "dt", "td"))

LINKED = 0.8
"""Share of a block's characters inside of links from which it is a list of links (our choice)."""

OWN_LINKED = 0.6
"""The same where all links lead to places on the page itself: its contents, under a heading perhaps (our choice)."""

SHORT = 400
"""Characters from which a list of links is text where the page marks its main part (our choice)."""

MENU_WORD = 30
"""Characters of a link below which a long list without landmarks is a menu: titles are longer (our choice)."""

PATH = 200
"""Characters of the longest path to a page ("Start / Private / Tax") before its headline (our choice)."""

LABEL = 30
ENOUGH = 500
"""Links of a list by which it is judged: parts nest, and each is judged (our choice)."""

NEAR = 6
"""Steps to what stands before a list: empty parts and wrappers lie between (our choice)."""

RELATIONS = frozenset(("tag", "prev", "next", "category", "author"))

_NUMBERED = re.compile(
    r"\s*(?:§|(?:kap(?:itel|ittel)?|chapter|part|del|bilaga|appendix|annex|avsnitt|section)\b|\(?(?:\d+|[A-Z])(?:\.|\)|:|-\d))"
    r"|.*\b(?:19|20)\d\d:\d",
    re.IGNORECASE,
)
"""Chapters, sections and statutes; not years or numbers of pages."""


def link_furniture(outline: Outline, root: int, gone: set[int], *, is_main: bool) -> set[int]:
    found = set(gone)
    limit = MOST * outline.size(root)
    judged: set[int] = set()
    for at in walk(outline, root, found):
        if outline.inside(outline.links, at) and outline.size(at) < limit:
            if outline.tags[at] == "a":
                found |= _lone_link(outline, root, at, judged)
            elif outline.tags[at] in LISTS and is_menu(outline, at, is_main=is_main):
                found.add(at)
    if not remains(outline, root, found):
        return set()
    return found | _related(outline, root, found, is_main=is_main) | _orphans(outline, root, found)


def is_menu(outline: Outline, at: int, *, is_main: bool) -> bool:
    size, links = outline.size(at), outline.inside(outline.links, at)
    if links < 2 or outline.inside(outline.prose, at):
        return False
    if _is_picture_row(outline, at, size, links) or _is_path(outline, at, size, is_main=is_main):
        return True
    if links < 3 or outline.inside(outline.linked, at) <= OWN_LINKED * size:
        return False
    if is_main and outline.tags[at] == "p":
        # A paragraph of terms that are all links, unless it says that they lead elsewhere.
        return RELATED.match(outline.text(at)) is not None
    if _has_columns(outline, at):
        return False
    inner = _links(outline, at)
    if all(outline.attributes[node].get("href", "").startswith("#") for node in inner):
        return True
    if outline.inside(outline.linked, at) <= LINKED * size or outline.inside(outline.headings, at):
        return False
    if (
        _is_introduced(outline, at, is_main=is_main)
        or _is_numbered(outline, inner)
        or _is_punctuated(outline, at, links)
    ):
        return False
    return size < SHORT or (not is_main and size < MENU_WORD * links)


def _has_columns(outline: Outline, at: int) -> bool:
    """Whether a part is a table whose columns have names, or a cell of one."""
    if outline.tags[at] == "td":
        for _ in range(NEAR):
            at = outline.parents[at]
            if outline.tags[at] == "table":
                break
    return "th" in outline.tags[at : min(outline.stops[at], at + ENOUGH)]


def is_contents(outline: Outline, at: int) -> bool:
    """Whether a part lists the chapters of a work."""
    if outline.inside(outline.links, at) < 3:
        return False
    return _is_numbered(outline, _links(outline, at))


def _links(outline: Outline, at: int) -> list[int]:
    nodes = (node for node in range(at, outline.stops[at]) if outline.tags[node] == "a")
    return list(islice(nodes, ENOUGH))


def _is_picture_row(outline: Outline, at: int, size: int, links: int) -> bool:
    """Arrows to the pages before and after, their titles beside them, at the head or the foot of the text."""
    if size >= PATH or outline.inside(outline.headings, at):
        return False
    empty = sum(outline.tags[node] == "a" and not outline.size(node) for node in range(at, outline.stops[at]))
    return (_is_last(outline, at) or outline.headings[at] == 0) and empty >= 2 and empty * 2 >= links


def _is_path(outline: Outline, at: int, size: int, *, is_main: bool) -> bool:
    """A short block of links before the first heading of a page that has one, or below all of its text."""
    if size >= PATH or outline.inside(outline.linked, at) * 2 <= size or outline.inside(outline.headings, at):
        return False
    if outline.headings[at] == 0 and outline.headings[-1] > 0:
        return True
    # Lists at the end of a text may be its contents or its sources; a row of links is neither.
    is_row = ITEMS.isdisjoint(outline.tags[at : outline.stops[at]]) and outline.inside(outline.links, at) > 2
    return not is_main and is_row and _is_last(outline, at)


def _is_last(outline: Outline, at: int) -> bool:
    """Whether neither prose nor a heading follows."""
    stop = outline.stops[at]
    return outline.prose[-1] == outline.prose[stop] and outline.headings[-1] == outline.headings[stop]


def _is_introduced(outline: Outline, at: int, *, is_main: bool) -> bool:
    """What stands before the list ends with a colon, or is a heading of the marked main text."""
    before = _before(outline, at)
    if before is None:
        return False
    text = outline.text(before).rstrip("¶# ")
    if outline.tags[before] in HEADINGS:
        return is_main and not RELATED.match(text)
    return text.endswith(":") and outline.size(before) > LABEL


def _before(outline: Outline, at: int) -> int | None:
    """The block before, also where the list stands in a wrapper of its own."""
    steps = 0
    while at and steps < NEAR:
        parent, before = outline.parents[at], at - 1
        if before == parent:
            at = parent
        else:
            while outline.parents[before] != parent:
                before = outline.parents[before]
            if outline.size(before):
                return before
            at = before
        steps += 1
    return None


def _is_numbered(outline: Outline, links: list[int]) -> bool:
    numbered = sum(_NUMBERED.match(outline.text(node)) is not None for node in links)
    return numbered * 2 >= len(links)


def _is_punctuated(outline: Outline, at: int, links: int) -> bool:
    """Items of a list that are written as a sentence: a comma or a full stop behind each link."""
    if links > ENOUGH or sum(tag == "li" for tag in outline.tags[at : outline.stops[at]]) < links:
        return False
    marks = 0
    for node in range(at, outline.stops[at]):
        if outline.tags[outline.parents[node]] != "a" and outline.texts[node].strip() in (",", ";", "."):
            marks += 1
    return marks * 2 >= links


def _lone_link(outline: Outline, root: int, at: int, judged: set[int]) -> set[int]:
    """The block around a link that is nothing but labels of buttons, tags of the text or its neighbours in a series."""
    block, is_headed = block_of(outline, at), outline.tags[outline.parents[at]] in HEADINGS | {"dt"}
    if is_headed and outline.size(at) <= LABEL and not letters(outline.text(at)):
        return {at}  # The anchor of a heading.
    if block <= root or block in judged or outline.tags[block] in HEADINGS:
        return set()
    judged.add(block)
    if not _all_links(outline, block, LABEL):
        return set()
    links = _links(outline, block)
    related = all(
        not RELATIONS.isdisjoint(outline.attributes[node].get("rel", "").lower().split()) for node in links
    )
    labels = _all_links(outline, block, 3) and all(letters(outline.text(node)) in LABELS for node in links)
    return {block} if related or labels else set()


def _all_links(outline: Outline, block: int, beside: int) -> bool:
    return outline.size(block) - outline.inside(outline.linked, block) <= beside


def _related(outline: Outline, root: int, gone: set[int], *, is_main: bool) -> set[int]:
    """Headings that announce other texts, what readers wrote or boxes, with what is below them."""
    found: set[int] = set()
    for at in walk(outline, root, gone):
        if outline.tags[at] not in HEADINGS or outline.tags[at] == "h1" or outline.size(at) >= 2 * LABEL:
            continue
        text = outline.text(at)
        if not any(names.match(text) for names in (OTHERS, RELATED, BOXES)):
            continue
        below = _section(outline, root, at)
        size = sum(map(outline.size, below))
        linked = sum(outline.inside(outline.linked, node) for node in below)
        prose = sum(outline.inside(outline.prose, node) for node in below)
        is_box = BOXES.match(text) is not None and not prose and not is_main
        if (OTHERS.match(text) or is_box or linked * 2 > size) and size < MOST * outline.size(root):
            found |= {at, *below}
    return found


def _section(outline: Outline, root: int, at: int) -> list[int]:
    """What follows a heading up to the next one as high."""
    level, size = outline.tags[at], outline.size(at)
    while outline.parents[at] > root and outline.size(outline.parents[at]) == size:
        at = outline.parents[at]
    found = []
    child, stop = outline.stops[at], outline.stops[outline.parents[at]]
    while child < stop:
        if any(tag in HEADINGS and tag <= level for tag in outline.tags[child : outline.stops[child]]):
            break
        found.append(child)
        child = outline.stops[child]
    return found


def _orphans(outline: Outline, root: int, gone: set[int]) -> set[int]:
    """Headings all of whose section is gone."""
    found = set()
    for at in walk(outline, root, gone):
        is_under = outline.tags[at] in HEADINGS and outline.tags[at] != "h1" and outline.size(at)
        if is_under and _is_orphan(outline, root, at, gone):
            found.add(at)
    return found


def _is_orphan(outline: Outline, root: int, at: int, gone: set[int]) -> bool:
    level, node, lost = outline.tags[at], outline.stops[at], False
    while node < outline.stops[root]:
        if node in gone:
            lost = lost or outline.size(node) > 0
            node = outline.stops[node]
            continue
        if outline.texts[node].strip():
            return False
        if outline.tags[node] in HEADINGS and outline.size(node):
            return lost and outline.tags[node] <= level
        node += 1
    return lost
