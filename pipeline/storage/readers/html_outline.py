"""A page as flat lists in document order, straight from the parser's events: no tree, hence no depth at which text is lost.

Sums before each node (characters, linked characters, links, prose …) make every size of every part one subtraction.
"""

import html
import re
from collections.abc import Iterable, Mapping
from itertools import accumulate, compress
from typing import Any


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BLOCKS = words(
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure"
    " footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li listing main menu nav ol optgroup option"
    " p plaintext pre search section summary table tbody td tfoot th thead title tr ul xmp"
)
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
SILENT = words(
    "script style noscript template svg math iframe object audio video canvas embed applet noembed datalist rp"
)
"""What a browser with scripts shows no text of."""

TELLING = frozenset(("html", "meta", "link", "time"))
"""What tells of the page itself (its language, its date)."""

SPECIAL = SILENT | TELLING

PROSE = 60
"""Characters that are neither space nor link from which a run of text is prose: about ten words (our choice)."""

DEEPEST = 3000
"""Open elements beyond which a page is read as plain text: the parser looks through all of them at every stray end tag (1 MB of
them costs a second at this depth)."""

NOTHING: Mapping[str, str] = {}
_PREFIX = re.compile(r"(?:x?html|h):")
_TAG = re.compile(r"<[^<>]*>")


class TooDeep(Exception):
    """More than DEEPEST elements are open at once."""


class Outline:
    """Elements and texts of a page by number. `stops[i]` is the number after the last one inside of node i.

    Each of the sums has one entry more than there are nodes: what is inside of node i is `sums[stops[i]] - sums[i]`.
    It is also the target that the parser tells what it sees (start, end, data, close).
    """

    def __init__(self) -> None:
        self.tags: list[str] = [""]  # Empty for a text; node 0 holds all.
        self.texts: list[str] = [""]
        self.attributes: list[Mapping[str, str]] = [NOTHING]
        self.parents = [0]
        self.stops = [0]
        self.chars, self.linked, self.links, self.prose, self.headings = [0], [0], [0], [0], [0]
        self.head: list[tuple[str, Mapping[str, str], str]] = []
        """Elements that tell of the page (html, title, meta, link, time, JSON-LD): tag, attributes, text."""
        self.deepest = 0
        self._open = [0]
        self._pieces: list[str] = []
        self._edges: list[int] = []  # Numbers at which a run of text ends, in order.
        self._silent = 0

    def start(self, tag: Any, attrib: Any) -> None:
        if self._pieces:
            self._text()
        opened = self._open
        depth = len(opened) + self._silent
        if depth > self.deepest:
            self.deepest = depth
            if depth > DEEPEST:
                raise TooDeep
        if self._silent:
            self._silent += 1
            return
        if ":" in tag:
            tag = _PREFIX.sub("", tag, count=1)
        number = len(self.tags)
        if tag in SPECIAL:
            # A declarative shadow root is shown where it stands.
            self._silent = int(tag in SILENT and not (tag == "template" and "shadowrootmode" in attrib))
            if tag in TELLING:
                self.head.append((tag, attrib, ""))
        elif tag in BLOCKS:
            self._edges.append(number)
        self.tags.append(tag)
        self.texts.append("")
        self.attributes.append(attrib)
        self.parents.append(opened[-1])
        self.stops.append(number + 1)
        opened.append(number)

    def end(self, tag: Any) -> None:  # noqa: ARG002 - the parser names its arguments
        if self._pieces:
            self._text()
        if self._silent:
            self._silent -= 1
            if self._silent:
                return
        at = self._open.pop()
        self.stops[at] = number = len(self.tags)
        if self.tags[at] in BLOCKS:
            self._edges.append(number)

    def data(self, data: Any) -> None:
        self._pieces.append(data)

    def close(self) -> "Outline":
        if self._pieces:
            self._text()
        for at in self._open:
            self.stops[at] = len(self.tags)
        self._edges.append(len(self.tags))
        self._measure()
        return self

    def size(self, at: int) -> int:
        """Characters inside that are no space."""
        return self.chars[self.stops[at]] - self.chars[at]

    def inside(self, sums: list[int], at: int) -> int:
        return sums[self.stops[at]] - sums[at]

    def text(self, at: int, most: int = 1000) -> str:
        """The first characters of the text inside, spaces folded."""
        found: list[str] = []
        length = 0
        for node in range(at, self.stops[at]):
            if text := self.texts[node]:
                found.append(text)
                length += len(text)
                if length > most:
                    break
        return " ".join("".join(found).split())

    def _text(self) -> None:
        text = "".join(self._pieces)
        self._pieces.clear()
        holder = self.tags[self._open[-1]]
        if self._silent or holder == "title":
            self._tell(holder, text)
            return
        if holder == "noframes":
            # The parser takes what is in it for text; nothing else of such a page is.
            text = html.unescape(_TAG.sub("\n", text))
        self.tags.append("")
        self.texts.append(text)
        self.attributes.append(NOTHING)
        self.parents.append(self._open[-1])
        self.stops.append(len(self.tags))

    def _tell(self, holder: str, text: str) -> None:
        attributes = self.attributes[self._open[-1]]
        if self._silent < 2 and (holder == "title" or "ld+json" in attributes.get("type", "")):
            self.head.append((holder, attributes, text))

    def _measure(self) -> None:
        sizes = [len("".join(text.split())) if text else 0 for text in self.texts]
        links = [tag == "a" and "href" in self.attributes[at] for at, tag in enumerate(self.tags)]
        linked, over = [0] * len(sizes), 0
        for at in compress(range(len(links)), links):
            if at >= over:
                over = self.stops[at]
                linked[at:over] = sizes[at:over]
        self.chars, self.linked = _sums(sizes), _sums(linked)
        self.links, self.headings = _sums(links), _sums(tag in HEADINGS for tag in self.tags)
        self.prose = _sums(self._prose(len(sizes)))

    def _prose(self, nodes: int) -> list[int]:
        """What each run of text between two edges adds, told of its last node."""
        found, start = [0] * nodes, 0
        for edge in self._edges:
            size = self.chars[edge] - self.chars[start]
            linked = self.linked[edge] - self.linked[start]
            if size - linked >= PROSE and linked * 2 < size:
                found[edge - 1] = size - linked
            start = edge
        return found


def without_structure(text: str) -> Outline:
    """A page of one text, deeper than all that can be followed."""
    outline = Outline()
    outline.start("pre", NOTHING)
    outline.data(text)
    outline.end("pre")
    outline.deepest = DEEPEST + 1
    return outline.close()


def _sums(values: Iterable[int]) -> list[int]:
    return list(accumulate(values, initial=0))
