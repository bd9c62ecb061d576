"""A glossary from its file: TOML with one [[term]] table an entry, or CSV with one row an entry."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.config import read_toml
from pipeline.errors import ConfigError
from pipeline.stages.glossary import Entry, Glossary, checked
from pipeline.stages.repair_steps import compose, remove_invisible
from pipeline.stages.term_match import shadowed
from pipeline.storage.sheet import read_rows

KEYS = ("term", "avoid", "definition", "inflections", "compounds")
TABLE = "term"
"""Name of the TOML tables."""

_TRUE, _FALSE = ("true", "ja", "yes", "1"), ("false", "nej", "no", "0")


def read_glossary(path: Path) -> Glossary:
    """Raises ConfigError naming file, entry and key where something is missing, unknown, twice, or of the wrong kind."""
    if not path.is_file():
        raise ConfigError(
            f"terms.glossary: {path}: no such file; write one, or correct the path (it is relative to kvarn.toml)"
        )
    if path.suffix.lower() == ".csv":
        entries = _from_csv(path)
    elif path.suffix.lower() == ".toml":
        entries = _from_toml(path)
    else:
        raise ConfigError(f"terms.glossary: {path}: a glossary is a .toml or .csv file")
    if not entries:
        how = (
            "a column 'term'"
            if path.suffix.lower() == ".csv"
            else f"[[{TABLE}]] tables with at least the key 'term'"
        )
        raise ConfigError(f"{path}: holds no terms; write {how}")
    glossary = checked(tuple(entries), str(path))
    for term, variant, other in shadowed(glossary):
        raise ConfigError(
            f"{path}: term {term!r}, key 'avoid': {variant!r} is a form of the term {other!r} too, and would never be found; "
            f"remove it, or list the forms of {other!r} in its `inflections`"
        )
    return glossary


def _from_toml(path: Path) -> list[Entry]:
    content = read_toml(path)
    for key in content:
        if key != TABLE:
            raise ConfigError(f"{path}: unknown key {key!r}; a glossary holds [[{TABLE}]] tables only")
    tables = content.get(TABLE, [])
    if not isinstance(tables, list):
        raise ConfigError(
            f"{path}: [{TABLE}] is one table; write [[{TABLE}]], with double brackets, for each term"
        )
    return [_entry(table, f"{path}: entry {at}") for at, table in enumerate(tables, 1)]


def _from_csv(path: Path) -> list[Entry]:
    """Comma or semicolon, told by the head; several variants or inflections in a cell are parted by |."""
    return [_entry(_cells(row, where), where) for where, row in read_rows(path, ",;", ConfigError)]


def _cells(row: Mapping[str, str], where: str) -> dict[str, Any]:
    """A row as a TOML table has it; empty cells are left out."""
    table: dict[str, Any] = {}
    for name, value in row.items():
        if name not in KEYS:
            table[name] = value
        elif name in ("avoid", "inflections"):
            table[name] = [part.strip() for part in value.split("|") if part.strip()]
        elif name == "compounds" and value:
            if value.lower() not in _TRUE + _FALSE:
                raise ConfigError(
                    f"{where}, key 'compounds': {value!r} is not allowed; allowed: true or false"
                )
            table[name] = value.lower() in _TRUE
        elif value:
            table[name] = value
    return table


def _entry(table: object, where: str) -> Entry:
    if not isinstance(table, dict):
        raise ConfigError(f"{where} is {type(table).__name__}; expected a table with the key 'term'")
    for key in table:
        if key not in KEYS:
            close = difflib.get_close_matches(key, KEYS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ConfigError(f"{where}: unknown key {key!r}.{hint} Known here: {', '.join(KEYS)}")
    term = _text(table, "term", where)
    if not term:
        raise ConfigError(
            f"{where}: the key 'term' is missing or empty; write the term as it should be written"
        )
    where = f"{where}, term {term!r}"
    compounds = table.get("compounds", True)
    if not isinstance(compounds, bool):
        raise ConfigError(f"{where}, key 'compounds': {compounds!r} is not allowed; allowed: true or false")
    return Entry(
        term,
        _texts(table, "avoid", where),
        _text(table, "definition", where),
        _texts(table, "inflections", where),
        compounds,
    )


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise ConfigError(
            f"{where}, key {key!r}: {value!r} is {type(value).__name__}; allowed: text in quotes"
        )
    return _plain(value)


def _texts(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value.strip() for value in values):
        raise ConfigError(
            f'{where}, key {key!r}: {values!r} is not allowed; allowed: a list of words, ["…", "…"]'
        )
    words = tuple(map(_plain, values))
    twice = sorted({word for word in words if words.count(word) > 1})
    if twice:
        raise ConfigError(f"{where}, key {key!r}: {twice[0]!r} stands twice; remove one")
    return words


def _plain(value: str) -> str:
    """As repaired texts are written: composed, without invisible characters, blanks one by one."""
    return " ".join(compose(remove_invisible(value)).split())
