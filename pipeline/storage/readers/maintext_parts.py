"""Parts of a page that are not its text by what they are: elements, roles, names, hidden, consent banners, copyright lines."""

from collections.abc import Iterator, Mapping

from pipeline.storage.readers.html_outline import BLOCKS, HEADINGS, Outline, words
from pipeline.storage.readers.maintext_names import COOKIES, COPYRIGHT, kinds, letters

ELEMENTS = frozenset(
    ("nav", "footer", "aside", "form", "button", "select", "dialog", "menu", "input", "textarea", "label")
)
ROLES = words(
    "navigation banner contentinfo search complementary dialog alertdialog menu menubar menuitem tablist tooltip toolbar"
    " doc-toc doc-pagebreak"
)
MAIN_ROLES = frozenset(
    ("note", "doc-footnote", "doc-endnotes", "doc-endnote", "doc-tip", "doc-notice", "doc-bibliography")
)
NAMED = frozenset(
    (
        "div",
        "section",
        "ul",
        "ol",
        "dl",
        "table",
        "td",
        "tr",
        "header",
        "p",
        "span",
        "a",
        "li",
        "small",
        "sup",
    )
)
"""Elements whose names are looked at: a heading or a `pre` is text whatever it is called."""

INLINE = frozenset(("span", "a", "small", "sup"))

MENU_LINKS = 3
"""Links from which a cell that is named as a menu is one (our choice)."""

MOST = 0.7
"""A part that holds more than this share of the text is the text, whatever its name (our choice)."""

BANNER = 1000
"""Characters of the longest consent banner (our choice)."""

NOTICE = 200
"""Characters of the longest copyright line (our choice)."""


def children(outline: Outline, at: int) -> Iterator[int]:
    child = at + 1
    while child < outline.stops[at]:
        yield child
        child = outline.stops[child]


def within(outline: Outline, part: int, at: int) -> bool:
    return part <= at < outline.stops[part]


def walk(outline: Outline, root: int, gone: set[int]) -> Iterator[int]:
    """Elements inside of the root and not in what is gone, or goes while one walks."""
    at, tags, stops = root + 1, outline.tags, outline.stops
    while at < stops[root]:
        if at not in gone and tags[at]:
            yield at
        at = stops[at] if at in gone else at + 1


def remains(outline: Outline, root: int, gone: set[int]) -> bool:
    """Whether any text is left."""
    at = root
    while at < outline.stops[root]:
        if at not in gone and outline.texts[at].strip():
            return True
        at = outline.stops[at] if at in gone else at + 1
    return False


def named_furniture(outline: Outline, root: int, *, is_main: bool) -> set[int]:
    gone: set[int] = set()
    limit = MOST * outline.size(root)
    opened = _opened_by_buttons(outline)
    for at in walk(outline, root, gone):
        size = outline.size(at)
        if not size:
            continue
        if _is_furniture(outline, at, is_main=is_main, opened=opened) and (
            size < limit or _is_outweighed(outline, root, at)
        ):
            gone.add(at)
    gone |= _consent(outline, root, gone)
    gone |= _copyright(outline, root)
    return gone


def _is_furniture(outline: Outline, at: int, *, is_main: bool, opened: Mapping[str, int]) -> bool:
    tag, attributes = outline.tags[at], outline.attributes[at]
    if not attributes:
        return tag in ELEMENTS and _is_furniture_element(outline, at, frozenset(), opened)
    role = attributes.get("role", "")
    named = kinds(attributes.get("class") or "")
    if role in MAIN_ROLES or (role == "alert" and is_main):
        return False
    if role in ROLES or role == "alert" or _is_hidden(outline, at, opened):
        return True
    if tag in ELEMENTS:
        return _is_furniture_element(outline, at, named, opened)
    if tag in NAMED:
        return _is_named(outline, at, named)
    return False


def _is_furniture_element(
    outline: Outline, at: int, named: frozenset[str], opened: Mapping[str, int]
) -> bool:
    tag = outline.tags[at]
    if tag == "button":
        # The question of an accordion is a button in a heading, or one that opens prose.
        names = outline.attributes[at].get("aria-controls", "").split()
        if any(outline.inside(outline.prose, opened[name]) for name in names if name in opened):
            return False
        above = {outline.tags[parent] for parent in _above(outline, at, 3)}
        return above.isdisjoint(HEADINGS | {"summary", "dt"})
    if tag == "form":
        # Some systems put all of a page in one form.
        return not any(tag in ("h1", "main", "article") for tag in outline.tags[at : outline.stops[at]])
    if tag == "footer" and outline.tags[outline.parents[at]] in ("blockquote", "figure"):
        return False
    return not (tag in ("aside", "footer") and "note" in named)


def _is_named(outline: Outline, at: int, named: frozenset[str]) -> bool:
    if "unprinted" in named or ("furniture" in named and _is_of_its_own(outline, at, named)):
        return True
    if "unseen" in named and outline.tags[at] != "header":
        return outline.size(at) < NOTICE and not outline.inside(outline.headings, at)
    if "credits" in named and outline.tags[at] in ("div", "p"):
        return True
    own = outline.attributes[at].get("id")
    return bool(own and "furniture" in kinds(own) and not _names_a_chapter(outline, at, own))


def _is_of_its_own(outline: Outline, at: int, named: frozenset[str]) -> bool:
    """Whether a name tells of a part of the page: words in a line and cells of data are named for what they say."""
    tag = outline.tags[at]
    if tag in ("td", "tr"):
        return "mark" in named or outline.inside(outline.links, at) >= MENU_LINKS
    if tag in INLINE:
        return "mark" in named or 2 * outline.size(at) >= outline.size(block_of(outline, at))
    return True


def _names_a_chapter(outline: Outline, at: int, own: str) -> bool:
    """Whether an id is the heading's words: a chapter on menus is no menu. An id of two words may be cut short."""
    for inner in range(at + 1, min(outline.stops[at], at + 8)):
        if outline.tags[inner] in HEADINGS:
            words_of_id, heading = letters(own), letters(outline.text(inner))
            return words_of_id == heading or ("-" in own.strip("-") and heading.startswith(words_of_id))
    return False


def _is_hidden(outline: Outline, at: int, opened: Mapping[str, int]) -> bool:
    attributes = outline.attributes[at]
    style = attributes.get("style", "")
    hidden = (
        attributes.get("hidden", "until-found").lower() != "until-found"
        or attributes.get("aria-hidden") == "true"
        or ("none" in style and "display:none" in style.replace(" ", "").lower())
        or ("hidden" in style and "visibility:hidden" in style.replace(" ", "").lower())
    )
    # What a button of the page opens is text that waits to be read.
    return hidden and attributes.get("id") not in opened and attributes.get("role") != "tabpanel"


def _opened_by_buttons(outline: Outline) -> dict[str, int]:
    """Names of parts that buttons of the page open, and where they are."""
    names = {
        name
        for attributes in outline.attributes
        if attributes
        for name in attributes.get("aria-controls", "").split()
    }
    if not names:
        return {}
    return {
        own: at
        for at, attributes in enumerate(outline.attributes)
        if (own := attributes.get("id", "")) in names
    }


def _is_outweighed(outline: Outline, root: int, at: int) -> bool:
    """A menu may be longer than a short text, and readers may write more than the author: then prose is left without them."""
    attributes = outline.attributes[at]
    names = kinds(attributes.get("class") or "") | kinds(attributes.get("id") or "")
    left = outline.inside(outline.prose, root) - outline.inside(outline.prose, at)
    is_menu = outline.inside(outline.linked, at) * 2 > outline.size(at)
    return ("comments" in names and left >= NOTICE) or (is_menu and left > 0)


def _above(outline: Outline, at: int, steps: int) -> Iterator[int]:
    for _ in range(steps):
        at = outline.parents[at]
        yield at


def _consent(outline: Outline, root: int, gone: set[int]) -> set[int]:
    """Blocks with a button whose words are of cookies."""
    found: set[int] = set()
    tried: set[int] = set()
    for at in gone:
        # A button is gone already; the words around it are not.
        if outline.tags[at] in ("button", "form"):
            found |= _banner(outline, root, at, tried)
    return found


def _banner(outline: Outline, root: int, at: int, tried: set[int]) -> set[int]:
    """The widest block around a button that speaks of cookies and of little else."""
    widest: set[int] = set()
    for above in _above(outline, at, 8):
        size = outline.size(above)
        if above in tried or above <= root or size > BANNER or size >= MOST * outline.size(root):
            break
        tried.add(above)
        if outline.tags[above] in BLOCKS and COOKIES.search(outline.text(above)):
            widest = {above}
    return widest


def _copyright(outline: Outline, root: int) -> set[int]:
    found = set()
    for at in range(root, outline.stops[root]):
        text = outline.texts[at]
        if text and COPYRIGHT.match(text.lstrip()):
            block = block_of(outline, at)
            if (
                block > root
                and outline.size(block) < NOTICE
                and outline.text(block).startswith(text.split()[0])
            ):
                found.add(block)
    return found


def block_of(outline: Outline, at: int) -> int:
    """The nearest block around a node."""
    while at and outline.tags[at] not in BLOCKS:
        at = outline.parents[at]
    return at
