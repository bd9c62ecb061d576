"""From a record with fields (JSON object, row of a table, front matter) to a text with its id, group, date and language."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.record import Found, broken
from pipeline.storage.sources import SourceSpec

TEXT = ("text", "content", "body")
IDS = ("id", "record_id", "doc_id", "uri")
LANGUAGES = ("language", "lang", "språk")
DATES = ("date", "datum")
GROUPS = ("group",)


def find_key(row: Mapping[str, Any], named: str | None, usual: tuple[str, ...]) -> str | None:
    """The key of `row` that source.toml names, else the first usual one; tables from people write them in any case."""
    return _find_key(tuple(row), named, usual)


# Records of one file have the same few sets of keys.
@lru_cache(maxsize=1024)
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
    key = find_key(row, spec.text, TEXT)
    names = described(row, spec, skip=key)
    if key is None:
        wanted = spec.text or "text, content or body"
        columns = ", ".join(map(str, row)) or "none"
        message = f"no field {wanted}; fields here: {columns}. Name the right one in source.toml: text = ..."
        return _with_names(broken("read.no_text_field", message, digest), names)
    value = row[key]
    if value is None or (isinstance(value, str) and not value.strip()):
        return _with_names(broken("read.empty", f"field {key!r} holds no text", digest), names)
    if not isinstance(value, str):
        kind = type(value).__name__
        return _with_names(
            broken("read.no_text_field", f"field {key!r} holds {kind}, not text", digest), names
        )
    return Found(value, digest=digest, **names)


def described(row: Mapping[str, Any], spec: SourceSpec, skip: str | None = None) -> dict[str, Any]:
    """Id, group, date and language of a row, and all its other fields as meta: arguments for Found."""
    id_key = find_key(row, spec.id, IDS)
    group_key = find_key(row, spec.group, GROUPS)
    date_key = find_key(row, spec.date, DATES)
    language_key = find_key(row, None, LANGUAGES)
    date = iso_date(row[date_key]) if date_key else None
    taken = {skip, id_key, group_key, language_key, date_key if date else None}
    return {
        "own_id": _scalar(row, id_key),
        "group": _scalar(row, group_key),
        "date": date,
        "language": _scalar(row, language_key),
        "meta": {str(key): value for key, value in row.items() if key not in taken and value is not None},
    }


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


def _with_names(found: Found, names: dict[str, Any]) -> Found:
    meta = {**names["meta"], **found.meta}
    return Found("", fault=found.fault, digest=found.digest, **{**names, "meta": meta})


def _scalar(row: Mapping[str, Any], key: str | None) -> str | None:
    value = row[key] if key is not None else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None
