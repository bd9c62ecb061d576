"""Suite files: where they lie, and what they must look like before Great Expectations sees them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError

PACKAGED = Path(__file__).parent

VERDICT_OF = {"critical": "FAIL", "warning": "WARN", "info": "PASS"}
"""What a failed expectation of each severity counts as."""


@dataclass(frozen=True, slots=True)
class Suite:
    """One JSON file: {name, meta, notes, expectations: [{type, kwargs, severity, meta, notes}]}."""

    name: str
    table: str
    """Which table of the candidate it is about: `meta.table`, else its own name."""
    expectations: tuple[dict[str, Any], ...]


def resolve_suites(project: Path | None) -> dict[str, Path]:
    """Suite files by name: the packaged ones, replaced or added to by `expectations/*.json` of the project folder."""
    found = {path.stem: path for path in sorted(PACKAGED.glob("*.json"))}
    if project is not None:
        found |= {path.stem: path for path in sorted((project / "expectations").glob("*.json"))}
    return dict(sorted(found.items()))


def read_suite(path: Path) -> Suite:
    """Raises ConfigError naming file, entry and what is allowed."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path.name}: not valid JSON ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("expectations"), list):
        raise ConfigError(f"{path.name}: must be an object with a list 'expectations'")
    for at, entry in enumerate(content["expectations"], 1):
        _check_entry(entry, f"{path.name}: expectation {at}")
    meta = content.get("meta") or {}
    return Suite(path.stem, meta.get("table", path.stem), tuple(content["expectations"]))


def _check_entry(entry: Any, where: str) -> None:
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
        raise ConfigError(f"{where} must be an object with a 'type'")
    if not isinstance(entry.get("kwargs", {}), dict):
        raise ConfigError(f"{where} ({entry['type']}): 'kwargs' must be an object")
    severity = entry.get("severity", "critical")
    if severity not in VERDICT_OF:
        allowed = ", ".join(VERDICT_OF)
        raise ConfigError(
            f"{where} ({entry['type']}): severity = {severity!r} is not allowed; allowed: {allowed}"
        )
