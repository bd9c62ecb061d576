"""Real Swedish sentences in the encodings of old systems: are they read as what was written, byte for byte?"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

ENCODINGS = ("cp1252", "latin-1", "cp850", "mac_roman")
SENTENCES = (1, 5, 30)


def write(sentences: Path, folder: Path) -> dict[str, str]:
    """A file for each stretch of so many sentences and each encoding that can write it; file name to text.

    A text of ASCII letters alone is the same in all of them and is left out.
    """
    lines = [json.loads(line) for line in sentences.read_text(encoding="utf-8").split("\n") if line.strip()]
    swedish = [line["text"] for line in lines if line["lang"] == "sv"]
    folder.mkdir(parents=True, exist_ok=True)
    wanted: dict[str, str] = {}
    for size in SENTENCES:
        for at in range(0, len(swedish) - size + 1, size):
            text = "\n".join(swedish[at : at + size])
            for encoding in ENCODINGS:
                data = _encoded(text, encoding)
                if data is not None:
                    name = f"{encoding}-{size}-{at:03}.txt"
                    (folder / name).write_bytes(data)
                    wanted[name] = text
    return wanted


def _encoded(text: str, encoding: str) -> bytes | None:
    if text.isascii():
        return None
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return None


def score(wanted: dict[str, str], records: list[dict[str, Any]]) -> dict[str, Any]:
    """Share read exactly, by encoding and number of sentences; of the wrong ones, how many carry a note."""
    total: Counter[str] = Counter()
    exact: Counter[str] = Counter()
    wrong, noted, noted_right = 0, 0, 0
    for record in records:
        kind = " · ".join(record["record_id"].rsplit("-", 2)[:-1])
        right = record["text"] == wanted[record["record_id"]]
        total[kind] += 1
        exact[kind] += right
        wrong += not right
        noted += bool(record["notes"]) and not right
        noted_right += bool(record["notes"]) and right
    shares = {kind: f"{exact[kind] / total[kind]:.4f} of {total[kind]}" for kind in sorted(total)}
    return {
        **shares,
        "missing": len(wanted) - len(records),
        "wrong": wrong,
        "wrong and noted": noted,
        "right and noted": noted_right,
    }
