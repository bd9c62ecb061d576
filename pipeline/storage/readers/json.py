"""A JSON file: one object, a list of objects, or (as many tools name them) JSON lines."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.errors import Unreadable
from pipeline.storage.encoding import decode
from pipeline.storage.readers.fields import TEXT, described, find_key, from_row, inner_row, inner_rows
from pipeline.storage.readers.html import markup_text
from pipeline.storage.readers.lines import load_json, load_noted, read_line
from pipeline.storage.readers.record import Found, Input, broken, sha256


def read_json(file: Input) -> Iterator[Found]:
    data = file.data()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = decode(data).text.encode()
    try:
        value, note = load_noted(data, file.limits.json_depth)
    except Unreadable:
        if not _is_lines(data, file.limits.json_depth):
            raise
        for line in data.split(b"\n"):
            if line.strip():
                yield read_line(line, file)
        return
    for found in _records(value, file):
        yield found if note is None or found.fault else dataclasses.replace(found, notes=(note,))


def _is_lines(data: bytes, depth: int) -> bool:
    """Whether the first line is a JSON object of its own."""
    first, more, _ = data.lstrip().partition(b"\n")
    if not more:
        return False
    try:
        return isinstance(load_json(first, depth), Mapping)
    except Unreadable:
        return False


def _records(value: Any, file: Input) -> Iterator[Found]:
    if isinstance(value, list):
        for row in value:
            yield _from_value(row, file)
        return
    if isinstance(value, Mapping) and inner_row(value, file.spec) is None:
        rows = list(inner_rows(value, file.spec))
        if rows:
            for row in rows:
                yield _from_value(row, file)
            return
    found = _from_value(value, file)
    yield Found(
        found.text,
        found.own_id,
        found.group,
        found.date,
        found.language,
        found.meta,
        found.fault,
        found.notes,
        whole=True,
    )


def _from_value(value: Any, file: Input) -> Found:
    import orjson

    digest = sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
    if isinstance(value, str) and value.strip():
        return Found(value, digest=digest)
    if not isinstance(value, Mapping):
        return broken(
            "read.corrupt_json", f"a JSON {type(value).__name__} where an object is expected", digest
        )
    row = inner_row(value, file.spec)
    if row is None:
        return from_row(value, file.spec, digest)
    key = find_key(row, file.spec.text, TEXT)
    if key is None or not isinstance(row[key], str) or not row[key].strip():
        # Text kept as HTML in a field: data, not a web page, so all of it is text.
        names = described({k: v for k, v in row.items() if k != "html"}, file.spec, skip=key)
        return Found(markup_text(row["html"]), digest=digest, **names)
    return from_row(row, file.spec, digest)
