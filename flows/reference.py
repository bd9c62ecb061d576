"""kvarn.toml, written from the code: every key with its default and the reason that stands under its field.

`python -m flows.reference` prints it; a test holds the shipped file to it, so documentation cannot drift from code.
"""

import ast
import dataclasses
import inspect
import itertools
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from flows.settings import Settings
from pipeline.stages.noise import NoiseConfig, bounds_of

HEAD = """\
# Kvarn's settings. Every key is here with its default, which is right for Swedish domain text: uncomment a key to change it.
# A key that Kvarn does not know, or a value it does not allow, is an error that names it. Found upwards from where Kvarn is run.
# Written by `python -m flows.reference` from the code; the reason under each key is the one that stands there.
"""

WIDTH = 118

SAMPLE: dict[tuple[str, str], Any] = {
    ("terms", "glossary"): "docs/ordlista.toml",
    # raw/README.md says which documents of the sample are kept: a variant to avoid is counted and changes no fate.
    ("terms", "wrong"): "off",
}
"""Keys that this project sets for its sample corpus, each below its default."""


def reference() -> str:
    """The whole file."""
    parts = [HEAD]
    for section in dataclasses.fields(Settings):
        if section.name != "sources":
            parts.append(_section(section.name, type(getattr(Settings(), section.name))))
    parts.append(_SOURCES)
    return "\n".join(parts)


def _section(name: str, config: type) -> str:
    lines = [f"[{name}]"]
    about = inspect.getdoc(config) or ""
    lines += _comment(" ".join(about.split("\n\n")[0].split()))
    reasons = dict(reasons_of(config))
    default = config()
    for item in dataclasses.fields(config):
        # A key without words of its own belongs to the one above it (`x_warn`, `x_block`).
        lines += ["", *_comment(reasons[item.name])] if item.name in reasons else []
        lines += _value(item.name, _in_force(name, item.name, getattr(default, item.name)))
        if (name, item.name) in SAMPLE:
            lines.append(f"{item.name} = {_toml(SAMPLE[name, item.name])}")
    return "\n".join(lines) + "\n"


def _in_force(section: str, key: str, value: Any) -> Any:
    """What a key that is not set amounts to: the limit of the default preset, for [noise]."""
    if section != "noise" or value is not None:
        return value
    bound = bounds_of(NoiseConfig()).get(key)
    return bound.value if bound else None


def reasons_of(config: type) -> Iterator[tuple[str, str]]:
    """(field, its docstring): the string that stands under each field of a dataclass."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(config)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    for field, after in itertools.pairwise(body):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield field.target.id, " ".join(str(after.value.value).split())


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH)]


def _value(name: str, value: Any) -> list[str]:
    if value is None:
        return [f"# {name} =            (not set)"]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [f"# {name} = {_toml(dataclasses.asdict(value))}"]
    return textwrap.wrap(f"{name} = {_toml(value)}", WIDTH, initial_indent="# ", subsequent_indent="#     ")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return (
            "{ "
            + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items() if item is not None)
            + " }"
        )
    return repr(value)


_SOURCES = """\
# What the project knows of a source beyond its own source.toml (licence, lawful_basis, language, text, id, group, date,
# priority, required). A source that is gone from raw/ stops the gate unless it is retired here:
# [sources.NAME]
# retired = "2026-05-01, the archive withdrew it"
# What is done about its repeated lines, where that differs from [templates]: "report" or "cut".
# lines = "cut"
# What kind of text it holds, where that differs from [noise]: "general", "web", "legal", "administrative", "technical" or
# "dialogue". Kvarn's own limits for that kind then judge it, whatever [noise] preset says.
# profile = "legal"
"""


if __name__ == "__main__":
    sys.stdout.write(reference())
