r"""JSON lines: one record a line, split on \\n only, with flat memory whatever the file's or the line's length."""

import codecs
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO, cast

import orjson

from pipeline.errors import Unreadable
from pipeline.storage.encoding import decode
from pipeline.storage.readers.fields import from_row, inner_row
from pipeline.storage.readers.record import Again, Found, Input, as_buffered, broken, sha256
from pipeline.storage.readers.rows import Rows, from_values

CHUNK = 1 << 20

BATCH_ROWS = 4096
"""Lines that become rows together at most: a chunk holds half a million empty objects."""

BLANK = b" \t\r\n\xef\xbb\xbf"
"""White space and the bytes of a byte order mark: a line of nothing else is no record."""


_NESTED = {dict, list}

WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32 before UTF-16: its little-endian mark begins with that of UTF-16."""


class TooLong(str):
    """Stands for a line beyond the limit, of which only the length is kept."""

    __slots__ = ()


def read_jsonl(file: Input) -> Iterator[Rows]:
    for lines in line_batches(_as_utf8(file.stream), file.limits.line_bytes):
        kept = [line for line in lines if line[:1] == b"{" or isinstance(line, TooLong) or line.strip(BLANK)]
        if kept:
            yield _rows(kept, file)


def _as_utf8(stream: BinaryIO) -> BinaryIO:
    """The stream, recoded where its first bytes are the mark of UTF-16 or UTF-32: what PowerShell writes."""
    head = stream.read(4)
    if stream.seekable():
        stream.seek(0)
        again = stream
    else:
        again = as_buffered(Again(head, stream))
    wide = next((name for mark, name in WIDE if head.startswith(mark)), None)
    return again if wide is None else cast("BinaryIO", codecs.EncodedFile(again, "utf-8", wide, "replace"))


def _rows(lines: list[bytes | TooLong], file: Input) -> Rows:
    depth = file.limits.json_depth
    values: list[Any] = []
    digests: list[str] = []
    for line in lines:
        if isinstance(line, TooLong):
            values.append(None)
            digests.append("")
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            # `read_line` says what is wrong with it.
            value = None
        values.append(value if _is_shallow(value, line, depth) else None)
        digests.append(sha256(line))
    return from_values(
        values, digests, file.spec, file.limits.text_chars, lambda at: read_line(lines[at], file)
    )


def _is_shallow(value: Any, line: bytes, depth: int) -> bool:
    """Whether it is an object within the depth; nearly all are told at a glance."""
    if type(value) is not dict:
        return False
    if _NESTED.isdisjoint(map(type, value.values())):
        return True
    # Nested deeper than the limit it can only be with more brackets than that.
    return line.count(b"{") + line.count(b"[") <= depth or not _too_deep(value, depth)


def read_line(line: bytes | TooLong, file: Input) -> Found:
    """The record of one line, or a broken record that says what is wrong with it."""
    if isinstance(line, TooLong):
        return broken("read.line_too_long", str(line))
    digest = sha256(line)
    try:
        row, note = load_noted(line, file.limits.json_depth)
    except Unreadable as error:
        return broken(error.code, str(error), digest)
    found = _from_value(row, file, digest)
    return found if note is None or found.fault else replace(found, notes=(note,))


def _from_value(row: Any, file: Input, digest: str) -> Found:
    if isinstance(row, str) and row.strip():
        return Found(row, digest=digest)
    if not isinstance(row, Mapping):
        return broken("read.corrupt_json", f"the line is a JSON {type(row).__name__}, not an object", digest)
    found = from_row(row, file.spec, digest)
    if found.fault == "read.no_text_field" and (inner := inner_row(row, file.spec)) is not None:
        return from_row(
            {**inner, **{k: v for k, v in row.items() if not isinstance(v, Mapping)}}, file.spec, digest
        )
    return found


def line_batches(stream: BinaryIO, most: int) -> Iterator[list[bytes | TooLong]]:
    r"""Lines without their \\n, at most BATCH_ROWS of those that end in one chunk of the stream together.

    Not str.splitlines: it also splits at U+2028, U+0085 and form feeds inside of texts.
    """
    rest = b""
    while chunk := _filled(stream):
        ended = chunk.split(b"\n")
        ended[0] = rest + ended[0]
        rest = ended.pop()
        lines = _checked(ended, most)
        if len(rest) > most:
            length, tail = _skip_line(stream, len(rest))
            *ended, rest = tail.split(b"\n")
            lines += [_too_long(length, most), *_checked(ended, most)]
        for at in range(0, len(lines), BATCH_ROWS):
            yield lines[at : at + BATCH_ROWS]
    if rest:
        yield [rest]


def _filled(stream: BinaryIO) -> bytes:
    """About CHUNK bytes, empty at the end. What comes before a fault is given first: the next call meets the fault again."""
    # A recoder passes `read1` on to the bytes below it.
    read = stream.read1 if isinstance(stream, io.BufferedIOBase) else stream.read
    pieces: list[bytes] = []
    size = 0
    try:
        while size < CHUNK and (piece := read(CHUNK - size)):
            pieces.append(piece)
            size += len(piece)
    except Unreadable:
        if not pieces:
            raise
    return b"".join(pieces)


def _checked(lines: list[bytes], most: int) -> list[bytes | TooLong]:
    return [line if len(line) <= most else _too_long(len(line), most) for line in lines]


def split_lines(stream: BinaryIO, most: int) -> Iterator[bytes | TooLong]:
    """`line_batches`, line by line."""
    for lines in line_batches(stream, most):
        yield from lines


def _too_long(length: int, most: int) -> TooLong:
    return TooLong(f"a line of {length} bytes; the limit is {most}")


def _skip_line(stream: BinaryIO, length: int) -> tuple[int, bytes]:
    """Read past the end of a line; returns its length and the first bytes of the next one."""
    while chunk := _filled(stream):
        end = chunk.find(b"\n")
        if end >= 0:
            return length + end, chunk[end + 1 :]
        length += len(chunk)
    return length, b""


def load_json(data: bytes, depth: int) -> Any:
    """The value of `load_noted` alone."""
    return load_noted(data, depth)[0]


def load_noted(data: bytes, depth: int) -> tuple[Any, str | None]:
    """The JSON value of bytes in any encoding, and a note where the encoding is doubtful.

    Raises Unreadable read.corrupt_json, read.bad_unicode or read.json_depth. One strict parser everywhere: no NaN, no
    infinities, no lone surrogates, so that no two parts of Kvarn read a line apart.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return _bounded(orjson.loads(data), depth), None
    except orjson.JSONDecodeError as error:
        first = error
    if "depth limit" in str(first):
        raise Unreadable("read.json_depth", f"JSON nested deeper than {depth}") from first
    found = decode(data)
    try:
        return _bounded(orjson.loads(found.text), depth), found.note
    except orjson.JSONDecodeError as error:
        # orjson words invalid UTF-8 the same way, but that was mended by `decode`.
        code = "read.bad_unicode" if "surrogate" in str(error) else "read.corrupt_json"
        raise Unreadable(code, f"no valid JSON: {error}") from error


def _bounded(value: Any, depth: int) -> Any:
    if isinstance(value, dict | list) and _too_deep(value, depth):
        raise Unreadable("read.json_depth", f"JSON nested deeper than {depth}")
    return value


def _too_deep(value: Any, most: int) -> bool:
    """Whether lists and objects lie in each other more than `most` deep. No recursion: depth is the sender's choice."""
    level = [value]
    for _ in range(most):
        level = [inner for item in level for inner in _inside(item) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value
