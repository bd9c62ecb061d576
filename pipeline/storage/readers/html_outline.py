"""A page as flat lists in document order, straight from the parser's events: no tree, hence no depth at which text is lost.

Sums before each node (characters, linked characters, links, prose …) make every size of every part one subtraction.
"""

import html
import re
from collections.abc import Mapping
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

PROSE = 60
"""Characters that are neither space nor link from which a run of text is prose: about ten words (our choice)."""

DEEPEST = 3000
"""Open elements beyond which a page is read as plain text: the parser looks through all of them at every stray end tag (1 MB of
them costs a second at this depth)."""

NOTHING: Mapping[str, str] = {}
_PREFIX = re.compile(r"(?:x?html|h):")
_TAG = re.compile(r"<[^<>]*>")
_SPACE = " \t\r\n\f\xa0"


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
        self.chars, self.linked, self.links, self.prose = [0], [0], [0], [0]
        self.headings = [0]
        self.head: list[tuple[str, Mapping[str, str], str]] = []
        """Elements that tell of the page (html, title, meta, link, time, JSON-LD): tag, attributes, text."""
        self.deepest = 0
        self._open = [0]
        self._pieces: list[str] = []
        self._counts = [0, 0, 0, 0, 0]
        self._run = [0, 0]
        self._silent = self._anchors = 0

    def start(self, tag: Any, attrib: Any) -> None:
        attributes: Mapping[str, str] = attrib or NOTHING
        if self._pieces:
            self._text()
        depth = len(self._open) + self._silent
        if depth > self.deepest:
            self.deepest = depth
            if depth > DEEPEST:
                raise TooDeep
        if self._silent:
            self._silent += 1
            return
        tag = _PREFIX.sub("", str(tag), count=1) if ":" in str(tag) else str(tag)
        self._silent = int(_is_silent(tag, attributes))
        if tag in TELLING:
            self.head.append((tag, attributes, ""))
        if tag in BLOCKS:
            self._end_run()
        self._add(tag, "", attributes)
        if tag == "a" and "href" in attributes:
            self._anchors += 1
            self._counts[2] += 1
        elif tag in HEADINGS:
            self._counts[4] += 1
        self._open.append(len(self.tags) - 1)

    def end(self, tag: Any) -> None:  # noqa: ARG002 - the parser names its arguments
        if self._pieces:
            self._text()
        if self._silent:
            self._silent -= 1
            if self._silent:
                return
        at = self._open.pop()
        name = self.tags[at]
        if name in BLOCKS:
            self._end_run()
        elif name == "a" and "href" in self.attributes[at]:
            self._anchors -= 1
        self.stops[at] = len(self.tags)

    def data(self, data: Any) -> None:
        self._pieces.append(data)

    def close(self) -> "Outline":
        if self._pieces:
            self._text()
        self._end_run()
        for at in self._open:
            self.stops[at] = len(self.tags)
        self._sum_before()
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
        for text in self.texts[at : self.stops[at]]:
            if text:
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
        size = len(text) if not any(c in text for c in _SPACE) else sum(map(len, text.split()))
        self._add("", text, NOTHING)
        self._counts[0] += size
        self._run[0] += size
        if self._anchors:
            self._counts[1] += size
            self._run[1] += size

    def _tell(self, holder: str, text: str) -> None:
        attributes = self.attributes[self._open[-1]]
        if self._silent < 2 and (holder == "title" or "ld+json" in attributes.get("type", "")):
            self.head.append((holder, attributes, text))

    def _end_run(self) -> None:
        size, linked = self._run
        if size - linked >= PROSE and linked * 2 < size:
            self._counts[3] += size - linked
        self._run = [0, 0]

    def _add(self, tag: str, text: str, attributes: Mapping[str, str]) -> None:
        self._sum_before()
        self.tags.append(tag)
        self.texts.append(text)
        self.attributes.append(attributes)
        self.parents.append(self._open[-1])
        self.stops.append(len(self.tags))

    def _sum_before(self) -> None:
        counts = self._counts
        self.chars.append(counts[0])
        self.linked.append(counts[1])
        self.links.append(counts[2])
        self.prose.append(counts[3])
        self.headings.append(counts[4])


def _is_silent(tag: str, attributes: Mapping[str, str]) -> bool:
    # A declarative shadow root is shown where it stands.
    return tag in SILENT and not (tag == "template" and "shadowrootmode" in attributes)
