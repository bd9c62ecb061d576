"""How many names of people the lists of the extra `names` find.

The made-up names of the labelled sets come from lists of the same kind: recall on them is kinder than on real text. The signatures
under questions in Parliament ("av NAME (s)") are names of real people that no list was made for.
"""

import json
import re
from pathlib import Path
from typing import Any

SETS = {"sv_injected": False, "presidio_synth": True}
"""Labelled sets, and whether all their names are labelled, so that precision can be told."""
SIGNED = re.compile(r"\bav ([A-ZÅÄÖ][\w-]+(?: [A-ZÅÄÖ][\w-]+){1,2}) \((?:s|m|c|fp|kd|v|mp)\)")

Span = tuple[int, int]


def found(predictions: Path) -> dict[str, tuple[str, list[Span]]]:
    """Text and spans of kind person of each record."""
    import pyarrow.parquet as pq

    rows = pq.read_table(predictions, columns=["record_id", "text", "pii"]).to_pylist()
    return {
        row["record_id"]: (
            row["text"],
            [(span["start"], span["end"]) for span in row["pii"] if span["kind"] == "person"],
        )
        for row in rows
    }


def score(gold: Path, predictions: Path) -> dict[str, Any]:
    """Recall by overlap, and precision where all names are labelled."""
    got = found(predictions)
    recalled, right, finds = [], 0, 0
    for line in filter(str.strip, gold.read_text(encoding="utf-8").split("\n")):
        row = json.loads(line)
        people = [(span["start"], span["end"]) for span in row["spans"] if span["type"] == "PERSON"]
        spans = got[row["id"]][1]
        recalled += [any(_meet(span, person) for span in spans) for person in people]
        right += sum(any(_meet(span, person) for person in people) for span in spans)
        finds += len(spans)
    figures = {"gold": len(recalled), "recall": round(sum(recalled) / len(recalled), 4)}
    return figures | ({"precision": round(right / finds, 4)} if SETS[gold.stem] and finds else {})


def signatures(predictions: Path) -> dict[str, Any]:
    """Recall on the names behind "av" and before a party."""
    hits = [
        any(_meet(span, match.span(1)) for span in spans)
        for text, spans in found(predictions).values()
        for match in SIGNED.finditer(text)
    ]
    return {"gold": len(hits), "recall": round(sum(hits) / max(1, len(hits)), 4)}


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
