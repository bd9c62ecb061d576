"""`kvarn extract`: the text of any supported file."""

import json
import sys
from pathlib import Path
from typing import Any

from flows.commands.context import context
from flows.commands.inputs import Faults, read_input
from flows.output import emit, safe
from pipeline.errors import UsageError


def run(source: Path, config: Path | None, *, as_json: bool) -> None:
    """Print every record's text, records parted by a blank line; name on standard error what could not be read.

    Raises UsageError when no record could be read.
    """
    facts: list[dict[str, Any]] = []
    faults = Faults()
    texts = 0
    for items in read_input(source, context(config).settings):
        for record in items.select(["record_id", "text", "fault", "notes", "meta"]).to_pylist():
            meta = json.loads(record.pop("meta"))
            if record["fault"]:
                faults.add(record["record_id"], record["fault"], meta.get("fault", ""))
            else:
                texts += 1
            if as_json:
                facts.append(record)
            elif not record["fault"]:
                sys.stdout.write(("\n" if texts > 1 else "") + _shown(record["text"]) + "\n")
    if as_json:
        emit(facts, (), as_json=True)
    if not texts:
        raise UsageError(
            "nothing could be read:\n" + ("\n".join(faults.lines()) or f"{source}: holds no files")
        )
    faults.tell()


def _shown(text: str) -> str:
    """The text itself for a file or a pipe; on a terminal without characters that steer it."""
    return "\n".join(map(safe, text.split("\n"))) if sys.stdout.isatty() else text
