"""`kvarn extract`: the text of any supported file."""

from pathlib import Path

from flows.commands.context import context
from flows.output import emit
from pipeline.errors import UsageError
from pipeline.storage.readers import read_file
from pipeline.storage.sources import SourceSpec, list_input


def run(source: Path, config: Path | None, *, as_json: bool) -> None:
    """Print every record's text, records parted by a blank line. Raises UsageError when no record could be read."""
    limits = context(config).settings.read
    facts, texts, faults = [], [], []
    for file in list_input(source):
        for record in read_file(file.path, file.uri, SourceSpec(), limits):
            facts.append(
                {
                    "record_id": record.record_id,
                    "text": record.text,
                    "fault": record.fault,
                    "notes": list(record.notes),
                }
            )
            if record.fault:
                faults.append(f"{record.record_id}: {record.fault}: {record.meta.get('fault', '')}")
            else:
                texts.append(record.text)
    emit(facts, ["\n\n".join(texts)] if texts else [], as_json=as_json)
    if faults and not texts:
        raise UsageError("nothing could be read:\n" + "\n".join(faults))
