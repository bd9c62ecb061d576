"""Our noise measures against datatrove's, whose values for texts of our own are stored (benchmarks/judge/agreement.py wrote them)."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.kernels.text_measures import NAMES, measure_texts

CASES = Path(__file__).parent.parent / "cases" / "noise"
EXACT = 2e-6
"""Of values found by halving, and of float32; relative above 1."""

ON_PURPOSE = {
    "ellipsis_per_word": 2,
    "bullet_lines": 3,
    "ellipsis_lines": 1,
    "dup_lines": 1,
    "terminal_lines": 2,
}
"""Measures that differ, and in how many of these texts: docs/agreement.md says why."""


def rows(name: str) -> list[dict[str, object]]:
    lines = (CASES / name).read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


@pytest.fixture(scope="module")
def pairs() -> list[tuple[dict[str, float], dict[str, float]]]:
    """Our values and datatrove's, text by text."""
    texts = [str(row["text"]) for path in sorted(CASES.glob("must_*.jsonl")) for row in rows(path.name)]
    known = {str(row["sha256"]): row["values"] for row in rows("peer_values.jsonl")}
    texts = [text for text in texts if hashlib.sha256(text.encode()).hexdigest()[:16] in known]
    encoded = [text.encode() for text in texts]
    measured = measure_texts(np.cumsum([0, *map(len, encoded)]), np.frombuffer(b"".join(encoded), np.uint8))
    ours = [dict(zip(NAMES, row.tolist(), strict=True)) for row in measured]
    theirs = [known[hashlib.sha256(data).hexdigest()[:16]] for data in encoded]
    return list(zip(ours, theirs, strict=True))  # type: ignore[arg-type]


def test_every_measure_says_what_datatrove_says(
    pairs: list[tuple[dict[str, float], dict[str, float]]],
) -> None:
    assert len(pairs) >= 90
    off: dict[str, int] = {}
    for ours, theirs in pairs:
        for name, value in theirs.items():
            if not abs(ours[name] - value) <= EXACT * max(1.0, value):
                off[name] = off.get(name, 0) + 1
    assert off == ON_PURPOSE


def test_the_values_are_not_all_nothing(pairs: list[tuple[dict[str, float], dict[str, float]]]) -> None:
    """A measure that is 0 in every text would agree with anything."""
    for name in pairs[0][1]:
        assert sum(theirs[name] > 0 for _, theirs in pairs) >= 1, name
