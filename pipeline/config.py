"""Generic configuration: a TOML section becomes a given frozen dataclass; unknown keys and bad values are refused by name.

Each package owns its own dataclass, beside the code that it steers. This module knows none of them.
"""

import dataclasses
import difflib
import hashlib
import json
import tomllib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pipeline.errors import ConfigError

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """The parsed file. Raises ConfigError with line and column where it is not TOML, or cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def build(cls: type[T], values: Mapping[str, Any], section: str, file: str) -> T:
    """`cls(**values)` with every key and type checked; errors name file, key, value and what is allowed.

    `cls` is a frozen dataclass with defaults. A nested dataclass takes a nested table. Lists become tuples.
    """
    hints = get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    arguments = {}
    for key, value in values.items():
        name = f"{section}.{key}" if section else key
        if key not in fields:
            raise _unknown(name, key, list(fields), file)
        arguments[key] = _convert(hints[key], value, name, file)
    try:
        return cls(**arguments)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error


def fingerprint(*configs: object) -> str:
    """sha256 over the canonical JSON of dataclasses and plain values: equal settings, equal fingerprint."""
    plain = [_plain(config) for config in configs]
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value


def _unknown(name: str, key: str, known: list[str], file: str) -> ConfigError:
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return ConfigError(f"{file}: unknown key {name!r}{hint} Known here: {', '.join(sorted(known))}")


def _convert(hint: Any, value: Any, name: str, file: str) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _convert_union(parts, value, name, file)
    if origin is Literal:
        if value not in parts:
            allowed = ", ".join(map(repr, parts))
            raise ConfigError(f"{file}: {name} = {value!r} is not allowed; allowed: {allowed}")
        return value
    if origin is tuple:
        return tuple(_convert(parts[0], item, name, file) for item in _checked(value, list, name, file))
    if origin in (dict, Mapping) or hint is dict:
        table = _checked(value, dict, name, file)
        inner = parts[1] if parts else Any
        return {key: _convert(inner, item, f"{name}.{key}", file) for key, item in table.items()}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return build(hint, _checked(value, dict, name, file), name, file)
    if hint is float:
        number = _checked(value, (int, float), name, file)
        return float(number)
    if hint is Any:
        return value
    return _checked(value, hint, name, file)


def _convert_union(parts: tuple[Any, ...], value: Any, name: str, file: str) -> Any:
    for part in parts:
        if part is type(None):
            continue
        try:
            return _convert(part, value, name, file)
        except ConfigError as error:
            last = error
    raise last


def _checked(value: Any, wanted: Any, name: str, file: str) -> Any:
    # bool is an int to Python, never to a person who writes a setting.
    is_bool_for_number = isinstance(value, bool) and wanted is not bool
    if isinstance(value, wanted) and not is_bool_for_number:
        return value
    names = wanted if isinstance(wanted, tuple) else (wanted,)
    allowed = " or ".join(_WORDS.get(kind, kind.__name__) for kind in names)
    raise ConfigError(f"{file}: {name} = {value!r} is {type(value).__name__}; allowed: {allowed}")


_WORDS = {
    int: "a whole number",
    float: "a number",
    str: "text in quotes",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}
