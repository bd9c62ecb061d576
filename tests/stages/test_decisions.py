"""Reading the log of decisions."""

import json
from typing import Any

import pytest

from pipeline.errors import UsageError
from pipeline.stages.decisions import parse_decisions


def line(**values: Any) -> str:
    return json.dumps(
        {"content_id": "c1", "decision": "drop", "by": "eva", "time": "2026-01-01T10:00:00Z", **values}
    )


def test_the_last_decision_about_a_content_counts() -> None:
    decided = parse_decisions([line(), line(decision="keep", by="olle"), line(content_id="c2")])
    assert decided["c1"].decision == "keep"
    assert decided["c1"].by == "olle"
    assert set(decided) == {"c1", "c2"}


def test_undo_withdraws_what_was_decided_before() -> None:
    assert parse_decisions([line(), line(decision="undo")]) == {}


def test_blank_lines_and_keys_of_the_review_store_are_passed_over() -> None:
    assert parse_decisions(["", line(supersedes="e7", sampling_prob=0.2), "\n"])["c1"].decision == "drop"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", "d.jsonl, line 2: not JSON"),
        ("[]", "line 2: is list; expected a JSON object with content_id"),
        (line(by=""), "line 2: by missing"),
        (line(time=7), "line 2: time missing or no text"),
        (line(decision="maybe"), "line 2: decision 'maybe' is not known; allowed: keep, drop, fix"),
        (line(decision="fix"), "line 2: text goes with fix"),
        (line(text="x"), "line 2: text goes with fix"),
        (line(reason=3), "line 2: reason must be text"),
    ],
)
def test_a_bad_line_is_an_error_with_file_and_line(bad: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace(".", r"\.")):
        parse_decisions([line(), bad], "d.jsonl")
