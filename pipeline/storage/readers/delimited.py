"""CSV and TSV as spreadsheets write them: any of four delimiters, any encoding, cells of many lines."""

import csv
import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipeline.storage.encoding import decode
from pipeline.storage.readers.fields import from_row
from pipeline.storage.readers.record import Again, Found, Input, as_buffered, broken, sha256
from pipeline.storage.readers.rows import Rows, from_values

DELIMITERS = (";", ",", "\t", "|")
SNIFF_BYTES = 1 << 18
LONG = "the line is longer than the limit"

BATCH_CHARS = 1 << 20
"""Characters of rows that become columns together; each row counts ROW_CHARS more, for what its objects weigh."""

ROW_CHARS = 256


def read_delimited(file: Input) -> Iterator[Rows]:
    """One record a row under the header. The encoding is told by the first 256 kB; later strays become notes."""
    text, note = _open(file)
    csv.field_size_limit(file.limits.line_bytes)
    delimiter = sniff(text.sample, tab=file.name.endswith((".tsv", ".tab")))
    header: list[str] = []
    batch = _Batch(file, (note,) if note else ())
    for row in _rows(text, csv.reader(text, delimiter=delimiter)):
        if isinstance(row, Found):
            batch.add_broken(row)
        elif not header:
            header = _header(row.cells)
        elif any(row.cells):
            batch.add(header, row)
        if batch.size >= BATCH_CHARS:
            yield batch.rows()
            batch = _Batch(file, batch.notes)
    if batch.digests:
        yield batch.rows()


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
    head = _peek(file)
    found = decode(_cut(head))
    if found.encoding == "cp1252":
        lines = io.TextIOWrapper(file.stream, "cp1252", errors="kvarn.stray", newline="")
    elif found.encoding == "utf-8":
        lines = io.TextIOWrapper(file.stream, "utf-8-sig", errors="kvarn.stray", newline="")
    else:
        lines = io.TextIOWrapper(file.stream, found.encoding, errors="replace", newline="")
    return _Lines(lines, found.text, file.limits.line_bytes), found.note


def _peek(file: Input) -> bytes:
    """The first SNIFF_BYTES; the stream then begins with them again."""
    head = file.stream.read(SNIFF_BYTES)
    file.stream = as_buffered(Again(head, file.stream))
    return head


def _cut(head: bytes) -> bytes:
    """A head that ends in mid character would not be valid UTF-8; ASCII line ends are safe places to cut."""
    end = head.rfind(b"\n")
    return (
        head[: end + 1]
        if len(head) >= SNIFF_BYTES and end > 0 and not head.startswith((b"\xff", b"\xfe"))
        else head
    )


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
