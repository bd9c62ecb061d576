"""One fate each: what wins over what, and in which order reasons stand."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ContractError
from pipeline.schema import FATES
from pipeline.stage import Action, Finding, Judge, run_measure
from pipeline.stages.decide import Decide
from pipeline.stages.decisions import Decision

ROW: dict[str, Any] = {"fault": None, "notes": [], "content_id": "c", "hits": []}


def table_of(*rows: dict[str, Any]) -> pa.Table:
    full = [{**ROW, "doc_id": str(number), **row} for number, row in enumerate(rows)]
    return pa.table(
        {
            "doc_id": pa.array([row["doc_id"] for row in full], pa.string()),
            "fault": pa.array([row["fault"] for row in full], pa.string()),
            "notes": pa.array([row["notes"] for row in full], pa.list_(pa.string())),
            "content_id": pa.array([row["content_id"] for row in full], pa.string()),
            "hits": pa.array([row["hits"] for row in full], pa.list_(pa.string())),
        }
    )


class Finds:
    """A judge that hits the rows whose `hits` name its code."""

    def __init__(self, code: str, action: Action) -> None:
        self.code, self.action = code, action

    def __call__(self, items: pa.Table) -> Iterator[Finding]:
        rows = np.array([self.code in hits for hits in items.column("hits").to_pylist()], bool)
        yield Finding(self.code, self.action, rows)


JUDGES: tuple[Judge, ...] = (
    Finds("language.foreign", "drop"),
    Finds("noise.words", "drop"),
    Finds("noise.words.near", "flag"),
    Finds("pii.person", "flag"),
)


def decided(content_id: str, decision: str) -> dict[str, Decision]:
    return {content_id: Decision(content_id, decision, "eva", "t", text="x" if decision == "fix" else None)}


def verdicts(
    table: pa.Table, decisions: dict[str, Decision] | None = None
) -> list[tuple[str, list[str], str | None]]:
    out = run_measure(Decide(JUDGES, decisions or {}), table).select(["fate", "reasons", "decision"])
    return [(row["fate"], row["reasons"], row["decision"]) for row in out.to_pylist()]


@pytest.mark.parametrize(
    ("row", "fate", "reasons"),
    [
        ({}, "kept", []),
        ({"hits": ["noise.words.near"]}, "flagged", ["noise.words.near"]),
        ({"hits": ["noise.words", "noise.words.near"]}, "dropped", ["noise.words"]),
        ({"hits": ["noise.words", "language.foreign"]}, "dropped", ["language.foreign", "noise.words"]),
        ({"notes": ["read.no_text"]}, "flagged", ["read.no_text"]),
        (
            {"hits": ["pii.person"], "notes": ["read.a", "read.b"]},
            "flagged",
            ["pii.person", "read.a", "read.b"],
        ),
        ({"fault": "read.corrupt", "hits": ["noise.words"]}, "quarantined", ["read.corrupt"]),
        ({"fault": "read.empty", "hits": ["noise.words"]}, "dropped", ["read.empty"]),
    ],
)
def test_the_strongest_finding_makes_the_fate(row: dict[str, Any], fate: str, reasons: list[str]) -> None:
    assert verdicts(table_of({}, row, {}))[1] == (fate, reasons, None)


@pytest.mark.parametrize(
    ("decision", "row", "wanted"),
    [
        ("keep", {"hits": ["noise.words"]}, ("kept", [], "keep")),
        ("fix", {"hits": ["noise.words"]}, ("kept", [], "fix")),
        ("keep", {"fault": "read.corrupt"}, ("quarantined", ["read.corrupt"], None)),
        ("keep", {"hits": ["noise.words", "pii.person"]}, ("flagged", ["pii.person"], None)),
        ("drop", {}, ("dropped", ["decision.drop"], "drop")),
        ("drop", {"hits": ["noise.words"]}, ("dropped", ["decision.drop", "noise.words"], "drop")),
        ("language", {}, ("dropped", ["decision.language"], "language")),
        ("duplicate", {}, ("dropped", ["decision.duplicate"], "duplicate")),
        ("pii", {}, ("flagged", ["decision.pii"], "pii")),
        ("terms", {}, ("flagged", ["decision.terms"], "terms")),
        ("unsure", {"hits": ["noise.words.near"]}, ("flagged", ["noise.words.near"], None)),
    ],
)
def test_a_decision_of_a_person_wins_over_rules(
    decision: str, row: dict[str, Any], wanted: tuple[str, list[str], str | None]
) -> None:
    got = verdicts(table_of(row, {"content_id": "other", **row}), decided("c", decision))
    assert got[0] == wanted
    assert got[1] == verdicts(table_of(row))[0]


def test_holding_back_for_personal_data_does_not_publish_what_rules_drop() -> None:
    assert verdicts(table_of({"hits": ["noise.words"]}), decided("c", "pii"))[0][0] == "dropped"


rows = st.fixed_dictionaries(
    {
        "fault": st.sampled_from([None, None, None, "read.corrupt"]),
        "notes": st.lists(st.sampled_from(["read.a", "read.b"]), unique=True),
        "content_id": st.sampled_from(["c1", "c2", "c3"]),
        "hits": st.lists(st.sampled_from(["noise.words", "noise.words.near", "pii.person"]), unique=True),
    }
)
choices = st.dictionaries(
    st.sampled_from(["c1", "c2"]), st.sampled_from(["keep", "drop", "fix", "pii", "unsure"]), max_size=2
)


@given(st.lists(rows, min_size=1, max_size=12), choices, st.randoms())
def test_verdicts_follow_their_row_in_any_order(
    table: list[dict[str, Any]], made: dict[str, str], random: Any
) -> None:
    decisions = {
        key: value for content, name in made.items() for key, value in decided(content, name).items()
    }
    straight = verdicts(table_of(*table), decisions)
    order = list(range(len(table)))
    random.shuffle(order)
    assert verdicts(table_of(*(table[i] for i in order)), decisions) == [straight[i] for i in order]
    for fate, reasons, _ in straight:
        assert fate in FATES
        assert bool(reasons) == (fate != "kept")


def test_no_rows_are_no_verdicts() -> None:
    assert verdicts(table_of({}).slice(0, 0)) == []


def test_a_judge_with_a_mask_of_the_wrong_length_is_a_broken_contract() -> None:
    def judge(items: pa.Table) -> Iterator[Finding]:
        yield Finding("noise.words", "drop", np.ones(items.num_rows + 1, bool))

    with pytest.raises(ContractError, match=r"finding noise\.words: mask"):
        Decide([judge])(table_of({}))
