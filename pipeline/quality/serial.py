"""Dataclasses to canonical JSON and back. Unknown keys are refused: they mean that a newer version wrote the file."""

import dataclasses
import json
import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pipeline.errors import StoreDamaged

T = TypeVar("T")


def to_json(value: Any) -> bytes:
    """Sorted keys, two blanks of indent, a newline at the end: equal values, equal bytes."""
    text = json.dumps(
        dataclasses.asdict(value), sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False
    )
    return f"{text}\n".encode("utf-8", "backslashreplace")


def from_json(cls: type[T], data: bytes, name: str) -> T:
    """Raises StoreDamaged naming the file and the place where its content is not a `cls`."""
    try:
        content = json.loads(data)
    except ValueError as error:
        raise StoreDamaged(
            f"{name}: not JSON ({error}); make the report again with `kvarn report`"
        ) from error
    made: T = _build(cls, content, name)
    return made


def _build(hint: Any, value: Any, at: str) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        # An exact type first: 5 must not become 5.0 because float is named before int.
        return value if value is None or type(value) in parts else _build_first(parts, value, at)
    if origin is Literal:
        return _one_of(parts, value, at)
    if origin is tuple:
        items = _of_kind(list, value, at)
        return tuple(_build(parts[0], item, f"{at}[{i}]") for i, item in enumerate(items))
    if origin is Mapping:
        table = _of_kind(dict, value, at)
        return {key: _build(parts[1], item, f"{at}.{key}") for key, item in table.items()}
    if dataclasses.is_dataclass(hint):
        return _build_dataclass(hint, value, at)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(_one_of(tuple(member.value for member in hint), value, at))
    return _of_kind(hint, value, at)


def _build_first(parts: tuple[Any, ...], value: Any, at: str) -> Any:
    """The first part of a union that fits; the error of the last where none does."""
    fault: StoreDamaged | None = None
    for part in parts:
        if part is type(None):
            continue
        try:
            return _build(part, value, at)
        except StoreDamaged as error:
            fault = error
    raise fault or StoreDamaged(f"{at}: {value!r} is not allowed here")


def _build_dataclass(cls: Any, value: Any, at: str) -> Any:
    fields = _fields(cls)
    table = _of_kind(dict, value, at)
    unknown = sorted(table.keys() - fields.keys())
    if unknown:
        raise StoreDamaged(f"{at}: unknown key {unknown[0]!r}; a newer Kvarn wrote this file")
    try:
        return cls(**{key: _build(fields[key], item, f"{at}.{key}") for key, item in table.items()})
    except TypeError as error:
        raise StoreDamaged(f"{at}: {error}") from error


@cache
def _fields(cls: Any) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _one_of(allowed: tuple[Any, ...], value: Any, at: str) -> Any:
    if value not in allowed:
        raise StoreDamaged(f"{at}: {value!r} is not one of {', '.join(map(repr, allowed))}")
    return value


def _of_kind(kind: Any, value: Any, at: str) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise StoreDamaged(f"{at}: {value!r} is {type(value).__name__}, expected {kind.__name__}")
    return value
