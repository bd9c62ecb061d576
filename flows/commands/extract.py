"""`kvarn extract`: the text of any supported file."""

import json
from pathlib import Path

from flows.commands.context import context
from flows.output import emit
from pipeline.errors import UsageError
from pipeline.storage.readers import read_tables
from pipeline.storage.sources import SourceSpec, list_input


def run(source: Path, config: Path | None, *, as_json: bool) -> None:
    """Print every record's text, records parted by a blank line. Raises UsageError when no record could be read."""
    limits = context(config).settings.read
    facts, texts, faults = [], [], []
    for file in list_input(source):
        for items in read_tables(file, SourceSpec(), limits):
            for record in items.select(["record_id", "text", "fault", "notes", "meta"]).to_pylist():
                words = json.loads(record.pop("meta")).get("fault", "")
                facts.append(record)
                if record["fault"]:
                    faults.append(f"{record['record_id']}: {record['fault']}: {words}")
                else:
                    texts.append(record["text"])
    emit(facts, ["\n\n".join(texts)] if texts else [], as_json=as_json)
    if faults and not texts:
        raise UsageError("nothing could be read:\n" + "\n".join(faults))
