"""CSV and TSV as spreadsheets write them: any of four delimiters, any encoding, cells of many lines."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from pipeline.errors import Unreadable
from pipeline.storage.encoding import DOUBTFUL, STRAYS, Decoded, decode
from pipeline.storage.readers.fields import from_row
from pipeline.storage.readers.record import Again, Found, Input, as_buffered, broken, sha256
from pipeline.storage.readers.rows import Rows, from_values

DELIMITERS = (";", ",", "\t", "|")
SNIFF_BYTES = 1 << 18
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
LONG = "the line is longer than the limit"

BATCH_CHARS = 1 << 20
"""Characters of rows that become columns together; each row counts ROW_CHARS more, for what its objects weigh."""

ROW_CHARS = 256


def read_delimited(file: Input) -> Iterator[Rows]:
    """One record a row under the header. The encoding is told by the first 256 kB; later strays become notes."""
    text, note = _open(file)
    csv.field_size_limit(file.limits.line_bytes)
    delimiter = _named_delimiter(text) or sniff(text.sample, tab=file.name.endswith((".tsv", ".tab")))
    header: list[str] = []
    notes = (note,) if note else ()
    strays = _Strays()
    batch = _Batch(file, notes)
    try:
        for row in _rows(text, csv.reader(text, delimiter=delimiter)):
            if isinstance(row, Found):
                batch.add_broken(row)
            elif not header:
                header = _header(row.cells)
            elif any(row.cells):
                batch.add(header, row)
            if batch.size >= BATCH_CHARS:
                batch.notes = notes or strays.notes()
                yield batch.rows()
                batch = _Batch(file, notes)
    except Unreadable:
        # The file is damaged from here on; the rows before are whole.
        if batch.digests:
            batch.notes = notes or strays.notes()
            yield batch.rows()
        raise
    if batch.digests:
        batch.notes = notes or strays.notes()
        yield batch.rows()


class _Strays:
    """Tells of each batch whether bytes that were no UTF-8 were mended in it."""

    def __init__(self) -> None:
        self._before = self._last = STRAYS.count

    def notes(self) -> tuple[str, ...]:
        # Since the batch before: text is decoded 8 kB ahead, so what was mended last may stand in this one.
        mended = STRAYS.count > self._before
        self._before, self._last = self._last, STRAYS.count
        return (DOUBTFUL,) if mended else ()


_NAMED = re.compile(r"sep=([^\r\n])\r?\n", re.IGNORECASE)


def _named_delimiter(text: "_Lines") -> str | None:
    """The delimiter of a first line "sep=;", as Excel writes and reads it; the line is no header and is passed over."""
    named = _NAMED.match(text.sample)
    if named is None:
        return None
    next(text)
    return named[1]


class _Row(NamedTuple):
    cells: list[str]
    line: int


def _rows(text: "_Lines", rows: Any) -> Iterator[_Row | Found]:
    """Rows of a csv reader with the number of their last line, and a broken record for each that it refuses."""
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            code = "read.line_too_long" if error.args == (LONG,) else "read.corrupt_csv"
            yield broken(code, f"at line {rows.line_num}: {error}")
            continue
        if cells is None:
            return
        if text.ended:
            # csv asked for another line in the middle of a row, and takes what there is.
            yield broken("read.corrupt_csv", "a quote is opened and never closed; the rows after it are lost")
            return
        yield _Row(cells, rows.line_num)


class _Batch:
    """Rows of a table on their way to columns."""

    def __init__(self, file: Input, notes: tuple[str, ...]) -> None:
        self.notes = notes
        self.digests: list[str] = []
        self.size = 0
        self._file = file
        self._values: list[dict[str, str] | None] = []
        self._broken: dict[int, Found] = {}

    def add_broken(self, found: Found) -> None:
        self._broken[len(self._values)] = found
        self._values.append(None)
        self.digests.append("")

    def add(self, header: list[str], row: _Row) -> None:
        joined = "\x1f".join(row.cells).encode("utf-8", "surrogatepass")
        digest = sha256(joined)
        self.size += len(joined) + ROW_CHARS
        if len(row.cells) > len(header) and any(row.cells[len(header) :]):
            message = f"row ending at line {row.line} has {len(row.cells)} cells, the header {len(header)}"
            self.add_broken(broken("read.corrupt_csv", message, digest))
            return
        self._values.append(dict(zip(header, row.cells, strict=False)))
        self.digests.append(digest)

    def rows(self) -> Rows:
        file = self._file
        return from_values(
            self._values, self.digests, file.spec, file.limits.text_chars, self._otherwise, self.notes
        )

    def _otherwise(self, number: int) -> Found:
        value = self._values[number]
        return (
            self._broken[number] if value is None else from_row(value, self._file.spec, self.digests[number])
        )


def sniff(sample: str, *, tab: bool) -> str:
    """The delimiter that cuts the head into the most rows of equally many cells, more than one.

    csv.Sniffer guesses from letter counts and takes a Swedish text for delimited by "e".
    """
    if tab:
        return "\t"
    best, chosen = 0.0, ","
    for delimiter in DELIMITERS:
        try:
            # The last row may be cut off by the end of the sample.
            rows = [
                len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row
            ][:200]
        except csv.Error:
            continue
        rows = rows[:-1] if len(rows) > 2 else rows
        cells = rows[0] if rows else 0
        if cells > 1:
            score = sum(row == cells for row in rows) / len(rows) + cells / 1000
            if score > best:
                best, chosen = score, delimiter
    return chosen


class _Lines(Iterator[str]):
    """Iterates decoded text lines with their ends, as csv wants them; keeps the head for sniffing."""

    def __init__(self, lines: io.TextIOWrapper, sample: str, most: int) -> None:
        self.lines = lines
        self.most = most
        self.ended = False
        self.sample = sample

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.lines.readline(self.most + 1)
        if len(line) > self.most and not line.endswith(("\n", "\r")):
            # Never whole in memory: a file may be one line.
            while line and not line.endswith(("\n", "\r")):
                line = self.lines.readline(1 << 20)
            raise csv.Error(LONG)
        if not line:
            self.ended = True
            raise StopIteration
        # csv refuses NUL; old exports pad with it.
        return line.replace("\0", "")


def _open(file: Input) -> tuple[_Lines, str | None]:
    found = _decoded(_peek(file))
    if found.encoding == "cp1252":
        lines = io.TextIOWrapper(file.stream, "cp1252", errors="kvarn.stray", newline="")
    elif found.encoding == "utf-8":
        lines = io.TextIOWrapper(file.stream, "utf-8-sig", errors="kvarn.stray", newline="")
    else:
        lines = io.TextIOWrapper(file.stream, found.encoding, errors="replace", newline="")
    return _Lines(lines, found.text, file.limits.line_bytes), found.note


def _peek(file: Input) -> bytes:
    """The first SNIFF_BYTES; the stream then begins with them again."""
    head = b""
    try:
        # Piece by piece: where the file is damaged, the rows before are read, and the stream then raises again.
        while len(head) < SNIFF_BYTES and (piece := _piece(file, SNIFF_BYTES - len(head))):
            head += piece
    except Unreadable:
        if not head:
            raise
    file.stream = as_buffered(Again(head, file.stream))
    return head


def _piece(file: Input, size: int) -> bytes:
    return cast("io.BufferedReader", file.stream).read1(size)


def _decoded(head: bytes) -> Decoded:
    """A head that ends in mid character is no valid text in any encoding, so it is cut to whole characters."""
    if len(head) < SNIFF_BYTES:
        return decode(head)
    if b"\0" in head:
        found = decode(_whole_units(head))
        if found.encoding.startswith(("utf-16", "utf-32")):
            return found
    # ASCII line ends are safe places to cut.
    return decode(head[: head.rfind(b"\n") + 1] or head)


def _whole_units(head: bytes) -> bytes:
    """Whole characters of UTF-16 or UTF-32: a multiple of four bytes, without the first half of a pair of surrogates."""
    head = head[: len(head) // 4 * 4]
    half = not head.startswith(_UTF32) and any(0xD8 <= byte <= 0xDB for byte in head[-2:])
    return head[:-2] if half else head


def _header(cells: list[str]) -> list[str]:
    """Column names, made distinct and never empty."""
    # A dict and not a list: a header of a million cells would be compared with itself for hours.
    names: dict[str, None] = {}
    for at, cell in enumerate(cells):
        name = cell.strip().lstrip("\N{ZERO WIDTH NO-BREAK SPACE}") or f"column {at + 1}"
        name = name if name not in names else f"{name} {at + 1}"
        while name in names:
            name += "+"
        names[name] = None
    return list(names)
