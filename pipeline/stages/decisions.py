"""Decisions of people about content: one JSON object a line, append-only, keyed by content_id; the last one counts."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pipeline.errors import UsageError

Choice = Literal["keep", "drop", "fix", "language", "terms", "pii", "duplicate", "unsure", "undo"]
CHOICES: tuple[str, ...] = get_args(Choice)
"""keep: publish, whatever the filters say; drop: never publish; fix: publish `text` instead; language: not in a target
language; terms: wrong terms, held back; pii: personal data, held back; duplicate: a copy; unsure: a second person is
asked; undo: the earlier decision counts no more."""

_REQUIRED = ("content_id", "decision", "by", "time")
_OPTIONAL = ("reason", "text", "policy_version")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about one content, when, why, and under which version of the guidelines."""

    content_id: str
    decision: str
    by: str
    time: str
    reason: str = ""
    text: str | None = None
    """The corrected text; set if and only if the decision is fix."""
    policy_version: str = ""


def parse_decisions(lines: Iterable[str], file: str = "decisions.jsonl") -> dict[str, Decision]:
    """The decision in force for each content_id. Later lines supersede earlier ones; undo withdraws.

    Keys that are not known here (supersedes, sampling stratum ...) belong to the review store and are passed over.
    Raises UsageError naming file and line for a line that is no decision: silently losing one would publish what a
    person forbade.

    >>> line = '{"content_id": "c1", "decision": "drop", "by": "eva", "time": "2026-01-01T10:00:00Z"}'
    >>> parse_decisions([line, ""])["c1"].decision
    'drop'
    >>> parse_decisions([line, line.replace("drop", "undo")])
    {}
    """
    decided: dict[str, Decision] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        decision = _parse(line, f"{file}, line {number}")
        if decision.decision == "undo":
            decided.pop(decision.content_id, None)
        else:
            decided[decision.content_id] = decision
    return decided


def _parse(line: str, where: str) -> Decision:
    expected = f"expected a JSON object with {', '.join(_REQUIRED)} and perhaps {', '.join(_OPTIONAL)}"
    try:
        value: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise UsageError(f"{where}: not JSON ({error.msg} at column {error.colno}); {expected}") from error
    if not isinstance(value, dict):
        raise UsageError(f"{where}: is {type(value).__name__}; {expected}")
    missing = [key for key in _REQUIRED if not isinstance(value.get(key), str) or not value[key]]
    if missing:
        raise UsageError(f"{where}: {', '.join(missing)} missing or no text; {expected}")
    if value["decision"] not in CHOICES:
        raise UsageError(
            f"{where}: decision {value['decision']!r} is not known; allowed: {', '.join(CHOICES)}"
        )
    optional = {key: value[key] for key in _OPTIONAL if value.get(key) is not None}
    wrong = [key for key, given in optional.items() if not isinstance(given, str)]
    if wrong:
        raise UsageError(f"{where}: {', '.join(wrong)} must be text; {expected}")
    if (value["decision"] == "fix") != ("text" in optional):
        raise UsageError(
            f"{where}: text goes with fix and with nothing else; decision is {value['decision']!r}"
        )
    return Decision(**{key: value[key] for key in _REQUIRED}, **optional)
