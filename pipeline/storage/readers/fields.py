"""From a record with fields (JSON object, row of a table, front matter) to a text with its id, group, date and language."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as date_
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.record import Found, broken
from pipeline.storage.sources import SourceSpec

TEXT = ("text", "content", "body")
IDS = ("id", "record_id", "doc_id", "uri")
LANGUAGES = ("language", "lang", "språk")
DATES = ("date", "datum")
GROUPS = ("group",)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which key of a row is what. `rest` are the keys of its meta, each with its name there."""

    text: str | None
    id: str | None
    group: str | None
    date: str | None
    language: str | None
    rest: tuple[tuple[Any, str], ...]


class Names(NamedTuple):
    """What a row says of its text."""

    own_id: str | None
    group: str | None
    date: str | None
    language: str | None
    meta: dict[str, Any]


CACHED_KEYS = 64
"""Keys up to which a plan is kept: an object of names by number has thousands, other ones in each record."""


def plan(keys: tuple[str, ...], spec: SourceSpec, skip: str | None = None) -> Plan:
    """The plan of rows with these keys; `skip` is a key that is neither text nor meta."""
    return (_cached_plan if len(keys) <= CACHED_KEYS else _plan)(keys, spec, skip)


def _plan(keys: tuple[str, ...], spec: SourceSpec, skip: str | None) -> Plan:
    text = _find_key(keys, spec.text, TEXT)
    own, group = _find_key(keys, spec.id, IDS), _find_key(keys, spec.group, GROUPS)
    date, language = _find_key(keys, spec.date, DATES), _find_key(keys, None, LANGUAGES)
    taken = {text, own, group, date, language, skip}
    return Plan(text, own, group, date, language, tuple((key, str(key)) for key in keys if key not in taken))


# Records of one file have the same few sets of keys.
_cached_plan = lru_cache(maxsize=1024)(_plan)


def find_key(row: Mapping[str, Any], named: str | None, usual: tuple[str, ...]) -> str | None:
    """The key of `row` that source.toml names, else the first usual one; tables from people write them in any case."""
    return _find_key(tuple(row), named, usual)


def _find_key(keys: tuple[str, ...], named: str | None, usual: tuple[str, ...]) -> str | None:
    if named is not None:
        return named if named in keys else None
    for key in usual:
        if key in keys:
            return key
    folded = {str(key).strip().lower(): key for key in reversed(keys)}
    return next((folded[key] for key in usual if key in folded), None)


def from_row(row: Mapping[str, Any], spec: SourceSpec, digest: str | None = None) -> Found:
    """A record of one row. Without a text field, or without text in it, it is a broken record that names its columns."""
    keys = plan(tuple(row), spec)
    names = names_of(row, keys)
    if keys.text is None:
        wanted = spec.text or "text, content or body"
        columns = ", ".join(map(str, row)) or "none"
        message = f"no field {wanted}; fields here: {columns}. Name the right one in source.toml: text = ..."
        return _with_names(broken("read.no_text_field", message, digest), names)
    value = row[keys.text]
    if value is None or (isinstance(value, str) and not value.strip()):
        return _with_names(broken("read.empty", f"field {keys.text!r} holds no text", digest), names)
    if not isinstance(value, str):
        kind = type(value).__name__
        message = f"field {keys.text!r} holds {kind}, not text"
        return _with_names(broken("read.no_text_field", message, digest), names)
    return Found(value, digest=digest, **names._asdict())


def names_of(row: Mapping[str, Any], keys: Plan) -> Names:
    """Id, group, date and language of a row, and all its other fields as meta."""
    meta = {name: row[key] for key, name in keys.rest if row[key] is not None}
    date = None
    if keys.date is not None and (written := row[keys.date]) is not None:
        date = iso_date(written)
        if date is None:
            # What is no date is kept as it was written.
            meta[str(keys.date)] = written
    return Names(
        _named(row, keys.id, meta),
        _named(row, keys.group, meta),
        date,
        _named(row, keys.language, meta),
        meta,
    )


def _named(row: Mapping[str, Any], key: str | None, meta: dict[str, Any]) -> str | None:
    """The value of a field as a name. What is no name (a list, true) is kept in the meta as it was written."""
    if key is None:
        return None
    value = row[key]
    if type(value) is str:
        return value.strip() or None
    if isinstance(value, date_) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        if value is not None and value == value:
            meta[str(key)] = value
        return None
    return str(value)


def described(row: Mapping[str, Any], spec: SourceSpec, skip: str | None = None) -> dict[str, Any]:
    """What the fields beside a text say of it, as arguments for Found; only the field `skip` is left out of the meta."""
    keys = plan(tuple(row), spec, skip)
    names = names_of(row, keys)
    if keys.text not in (None, skip) and row[keys.text] is not None:
        names.meta[str(keys.text)] = row[keys.text]
    return names._asdict()


def inner_row(value: Any, spec: SourceSpec, depth: int = 4) -> Mapping[str, Any] | None:
    """The nearest object inside a JSON value that has text (or HTML) in one of the usual fields; breadth first."""
    level = [value]
    for _ in range(depth):
        for item in level:
            if isinstance(item, Mapping) and _has_text(item, spec):
                return item
        level = [inner for item in level if isinstance(item, Mapping) for inner in item.values()]
    return None


def inner_rows(value: Any, spec: SourceSpec) -> Iterator[Mapping[str, Any]]:
    """The objects of the first list inside a JSON object whose members have text: `{"data": [{"text": ...}]}`."""
    for inner in value.values() if isinstance(value, Mapping) else ():
        if isinstance(inner, list) and any(
            isinstance(row, Mapping) and _has_text(row, spec) for row in inner
        ):
            yield from inner
            return


def _has_text(row: Mapping[str, Any], spec: SourceSpec) -> bool:
    keys = (find_key(row, spec.text, TEXT), "html")
    return any(key in row and isinstance(row[key], str) and row[key].strip() for key in keys if key)


def _with_names(found: Found, names: Names) -> Found:
    meta = {**names.meta, **found.meta}
    return Found("", fault=found.fault, digest=found.digest, **{**names._asdict(), "meta": meta})
