"""Labels of a sample: good or bad, from a field of its records or from a file of their own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from flows.output import safe
from pipeline.errors import UsageError
from pipeline.storage.sheet import read_rows, read_text

GOOD = frozenset({"good", "keep", "kept", "ok", "yes", "true", "1", "bra", "ja", "behåll"})
BAD = frozenset({"bad", "drop", "dropped", "no", "false", "0", "dålig", "dåligt", "nej", "släng"})

NAMES = ("record_id", "id", "content_id")
"""Fields that may name a record in a file of labels."""

DECISIONS = {"keep": True, "fix": True, "drop": False}
"""Decisions of people that say whether a text is good; the others (language, terms, pii, duplicate, unsure) are about something else."""

FIELD = "label"


def label_of(value: object, where: str) -> bool | None:
    """True for good, False for bad, None for nothing written. Raises UsageError for anything else."""
    if value is None or value == "":
        return None
    word = str(value).strip().lower()
    if word in GOOD:
        return True
    if word in BAD:
        return False
    raise UsageError(
        f"{where}: label {safe(value)!r} is not known; write good or bad (also keep/drop, yes/no, 1/0, bra/dålig), name another field "
        "with --label-field, or take all records as good with --trusted"
    )


def labels_of_records(metas: Sequence[str], names: Sequence[str], field: str) -> list[bool | None]:
    """The labels in a field of the records; `metas` is JSON text, `names` are for errors."""
    return [
        label_of(json.loads(meta).get(field), f"record {safe(name)}, field {field}")
        for meta, name in zip(metas, names, strict=True)
    ]


def labels_of_file(path: Path, known: Sequence[Mapping[str, str]]) -> tuple[list[bool | None], int]:
    """The labels of a JSONL, CSV or TSV file for records known by record_id and content_id, and how many are about none of them.

    Raises UsageError where the file names no record of the sample, or names one twice with different labels.
    """
    found: dict[str, bool] = {}
    rows = 0
    for where, row in _rows(path):
        name = next((str(row[key]) for key in NAMES if row.get(key)), None)
        if name is None:
            raise UsageError(f"{where}: names no record; expected one of {', '.join(NAMES)}, and label")
        if row.get(FIELD) is None and "decision" in row:
            # A file of decisions: the last one counts.
            found.pop(name, None)
            label = DECISIONS.get(str(row["decision"]))
        else:
            label = label_of(row.get(FIELD), where)
        if label is None:
            continue
        rows += 1
        if found.setdefault(name, label) != label:
            raise UsageError(f"{where}: {safe(name)} is labelled good and bad; decide which")
    labels = [found.get(ids["record_id"], found.get(ids["content_id"])) for ids in known]
    if not any(label is not None for label in labels):
        raise UsageError(
            f"{path}: none of its {rows:,} labels is about a record of the sample; its ids must be the record_ids, as "
            f"{safe(known[0]['record_id'])!r}"
            if known
            else f"{path}: the sample has no records"
        )
    return labels, len(found.keys() - {name for ids in known for name in ids.values()})


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if path.suffix.lower() in {".csv", ".tsv"}:
        yield from read_rows(path, "\t;,", UsageError)
        return
    for number, line in enumerate(read_text(path, UsageError).split("\n"), start=1):
        if line.strip():
            where = f"{path}: line {number}"
            yield where, _object(line, where)


def _object(line: str, where: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{where}: not JSON ({error.msg}); expected a JSON object a line, or a file that ends in .csv or .tsv"
        ) from error
    if not isinstance(value, dict):
        raise UsageError(f"{where}: is {type(value).__name__}; expected an object with record_id and label")
    return value
