"""The text of an outline as it reads: blocks on lines of their own, cells apart, lists by dashes, `pre` as it stands."""

import re
from collections.abc import Callable, Container
from functools import partial

from pipeline.storage.readers.html_outline import BLOCKS, Outline

LINES = frozenset(
    ("thead", "tbody", "tfoot", "tr", "dd", "option", "optgroup", "summary", "legend", "caption")
)
"""Blocks that stand on the next line; all others have a blank line around them."""

VERBATIM = frozenset(("pre", "listing", "xmp", "plaintext"))
LISTS = frozenset(("ul", "ol", "menu", "dir"))
CELLS = frozenset(("td", "th"))
NESTED = frozenset(("table", "pre", "h1", "h2", "h3", "h4", "h5", "h6"))
"""What no cell of a table of data holds."""

DEEPEST_LIST = 8
"""Lists inside of each other that are set in further (our choice): a page may nest without end."""

LONG_CELL = 500
"""Characters of one cell from which a table lays out the page (our choice)."""

_FOLD = re.compile(r"[ \t\r\n\f]+")
_LINE_END = re.compile(r"\r\n?|\n")

Close = Callable[[], None]


class Writer:
    """Lines under way. Every opening of a block returns what is to be done at its end."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._done: list[str] = []
        self._line: list[str] = []
        self._breaks = 0  # Line ends wanted before the next line.
        self._dash = ""
        self._lists = self._cells = self._row = self._verbatim = 0
        self._data: list[bool] = []  # Of every open table: does it hold data?
        self._after_dd = False
        self._special = {"tr": self._tr, "br": self._br, "rt": self._rt, "dt": self._dt, "dd": self._dd}

    def add(self, text: str) -> None:
        self._line.append(text)

    def end_line(self, breaks: int = 2) -> None:
        """The line is over; so many ends of line follow at least."""
        if self._cells:
            self._line.append(" ")
            return
        text = self._text("".join(self._line)) if self._line else ""
        self._line.clear()
        if text:
            self._done.append("\n" * self._breaks * bool(self._done) + text)
            self._breaks, self._dash, self._after_dd = breaks, "", False
        elif not self._dash:
            # The first paragraph of an item stands beside its dash.
            self._breaks = max(self._breaks, breaks)

    def text(self) -> str:
        self.end_line()
        return "".join(self._done)

    def _text(self, raw: str) -> str:
        indent = "  " * min(self._lists, DEEPEST_LIST)
        if self._verbatim:
            lines = "\n".join(line.rstrip() for line in _LINE_END.split(raw)).strip("\n").split("\n")
            text = "\n".join(indent + line if line else "" for line in lines)
            return text if text.strip() else ""
        text = _FOLD.sub(" ", raw).strip()
        return (self._dash or indent) + text if text else ""

    def open(self, tag: str, at: int) -> Close:
        if tag in LISTS:
            return self._list(at)
        if tag in CELLS:
            return self._cell()
        if tag in VERBATIM:
            return self._pre()
        if tag == "li":
            return self._item(at)
        if tag == "table":
            return self._table(at)
        if special := self._special.get(tag):
            return special()
        breaks = 1 if tag in LINES or self._verbatim else 2
        self.end_line(breaks)
        return partial(self.end_line, breaks)

    def _list(self, at: int) -> Close:
        breaks = 1 if self._lists else 2
        self.end_line(breaks)
        # Items with headings are parts of the page, not of a list.
        deeper = int(not self._outline.inside(self._outline.headings, at))
        self._lists += deeper

        def close() -> None:
            self.end_line(breaks)
            self._lists -= deeper

        return close

    def _item(self, at: int) -> Close:
        plain = self._outline.inside(self._outline.headings, at) > 0
        breaks = 2 if plain else 1
        self.end_line(breaks)
        self._dash = "" if plain else "  " * min(self._lists - 1, DEEPEST_LIST) + "- "

        def close() -> None:
            self.end_line(breaks)
            self._dash = ""
            self._breaks = min(self._breaks, breaks)

        return close

    def _dt(self) -> Close:
        self.end_line(1)
        if self._after_dd:
            self._breaks = 2
        return partial(self.end_line, 1)

    def _dd(self) -> Close:
        self.end_line(1)

        def close() -> None:
            self.end_line(1)
            self._after_dd = True

        return close

    def _table(self, at: int) -> Close:
        self.end_line()
        self._data.append(holds_data(self._outline, at))

        def close() -> None:
            self.end_line()
            self._data.pop()

        return close

    def _tr(self) -> Close:
        self.end_line(1)
        self._row = 0

        def close() -> None:
            # Bars after the last cell part nothing.
            while self._line and not self._line[-1].strip(" |\t\r\n\f\xa0"):
                self._line.pop()
            self.end_line(1)

        return close

    def _cell(self) -> Close:
        if not (self._data and self._data[-1]):
            self.end_line()
            return self.end_line
        if self._row:
            self._line.append(" | ")
        self._row += 1
        self._cells += 1

        def close() -> None:
            self._cells -= 1

        return close

    def _pre(self) -> Close:
        self.end_line()
        self._verbatim += 1

        def close() -> None:
            self.end_line()
            self._verbatim -= 1

        return close

    def _br(self) -> Close:
        if self._verbatim:
            self._line.append("\n")
        elif self._line or self._cells:
            self.end_line(1)
        else:
            self._breaks = min(self._breaks + 1, 2)
        return _nothing

    def _rt(self) -> Close:
        self._line.append("(")
        return partial(self._line.append, ")")


def outline_text(outline: Outline, start: int = 0, gone: Container[int] = (), title: str = "") -> str:
    """The text of one part without the parts that are gone. No recursion: depth is the attacker's choice."""
    writer = Writer(outline)
    writer.add(title)
    writer.end_line()
    closes: list[tuple[int, Close]] = []
    at, after_link = start, -1
    while at < outline.stops[start]:
        while closes and closes[-1][0] <= at:
            closes.pop()[1]()
        tag = outline.tags[at]
        if at in gone:
            if tag in BLOCKS:
                writer.end_line(1)
            at = outline.stops[at]
            continue
        if not tag:
            writer.add(outline.texts[at])
        elif tag == "a":
            # Links that touch are parted by their style.
            writer.add(" " if after_link == at else "")
            after_link = outline.stops[at]
        elif tag in BLOCKS or tag == "rt":
            closes.append((outline.stops[at], writer.open(tag, at)))
        at += 1
    while closes:
        closes.pop()[1]()
    return writer.text()


def holds_data(outline: Outline, table: int) -> bool:
    """Whether the cells of a table are values beside each other, and not parts of the page."""
    if outline.attributes[table].get("role") in ("presentation", "none"):
        return False
    rows = cells = 0
    for at in range(table + 1, outline.stops[table]):
        tag = outline.tags[at]
        if tag in NESTED:
            return False
        if tag in CELLS:
            cells += 1
            if outline.size(at) > LONG_CELL:
                return False
        rows += tag == "tr"
    return cells > rows


def _nothing() -> None:
    pass
