"""`kvarn extract`: the text of any supported file, record by record."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flows.commands.context import context
from flows.commands.inputs import Faults, read_input
from flows.output import emit, safe
from flows.settings import Settings
from pipeline.errors import UsageError


def run(source: Path, config: Path | None, *, as_json: bool) -> None:
    """Print every record's text, records parted by a blank line; name on standard error what could not be read.

    Raises UsageError when no record could be read.
    """
    extracting = _Extracting(source, context(config).settings)
    emit((), extracting.array() if as_json else extracting.texts(), as_json=False)
    if not extracting.readable:
        raise UsageError(
            "nothing could be read:\n" + ("\n".join(extracting.faults.lines()) or f"{source}: holds no files")
        )
    extracting.faults.tell()


class _Extracting:
    """The records of an INPUT, once, with the faults among them. None is held longer than it takes to print it."""

    def __init__(self, source: Path, settings: Settings) -> None:
        self.faults = Faults()
        self.readable = 0
        self._source = source
        self._settings = settings

    def texts(self) -> Iterator[str]:
        for record in self._records():
            if not record["fault"]:
                yield ("\n" if self.readable > 1 else "") + _shown(record["text"])

    def array(self) -> Iterator[str]:
        """The lines of one JSON array, a record a line."""
        before = "["
        for record in self._records():
            yield before + json.dumps(record, ensure_ascii=False)
            before = ","
        yield "]" if before == "," else "[]"

    def _records(self) -> Iterator[dict[str, Any]]:
        for items in read_input(self._source, self._settings):
            for record in items.select(["record_id", "text", "fault", "notes", "meta"]).to_pylist():
                meta = json.loads(record.pop("meta"))
                if record["fault"]:
                    self.faults.add(record["record_id"], record["fault"], meta.get("fault", ""))
                else:
                    self.readable += 1
                yield record


def _shown(text: str) -> str:
    """The text itself for a file or a pipe; on a terminal without characters that steer it."""
    return "\n".join(map(safe, text.split("\n"))) if sys.stdout.isatty() else text
