"""Placeholder."""

from pathlib import Path
from typing import Any


def write(results: dict[str, Any], path: Path) -> None: ...
