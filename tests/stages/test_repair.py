"""Repair: what must be repaired, what must be left alone, and the laws of both."""

import hashlib
import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ContractError
from pipeline.kernels.suspects import suspicions
from pipeline.stage import run_measure
from pipeline.stages import repair_steps
from pipeline.stages.repair import Repair, RepairConfig, content_id, recipe, repair_text, replay

CASES = Path(__file__).parent.parent / "cases" / "repair"


def cases(name: str) -> list[dict[str, Any]]:
    lines = (CASES / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def table(texts: list[str]) -> pa.Table:
    ids = pa.array([str(i) for i in range(len(texts))], pa.string())
    return pa.table({"doc_id": ids, "text": pa.array(texts, pa.large_string())})


# What breaks texts: mojibake leads, controls, joiners, hyphens at line ends, composition, entities.
TROUBLE = st.text(
    st.sampled_from(
        [
            *"aåäö Ö-\n\r\t\x00\x0c\x1b[mÃÂâ€™œ¶¤\x85 ﬁ¬&auml;§°”’–…×√",
            "\u0308",
            "\u030a",
            "\u200d",
            "\u00ad",
            "\ufeff",
            "\u202e",
        ]
    ),
    max_size=40,
)


PIECES = [
    "skogs",
    "Bruk",
    "år",
    "och",
    "tv",
    "x" * 41,
    "(",
    ".",
    "-",
    "\u2010",
    "\u00ad",
    "\n",
    "\n",
    " ",
    "\t",
    "é",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_divided_words_are_found_where_a_search_of_every_word_finds_them(text: str) -> None:
    assert repair_steps.join_hyphens(text) == repair_steps.DIVIDED.sub(repair_steps._joined, text)


@pytest.mark.parametrize("case", cases("must_keep"), ids=lambda case: case["label"])
def test_text_that_only_looks_odd_is_left_alone(case: dict[str, Any]) -> None:
    assert repair_text(case["text"]) == (case["text"], [])


@pytest.mark.parametrize("case", cases("repaired"), ids=lambda case: case["label"])
def test_damage_is_repaired_and_named(case: dict[str, Any]) -> None:
    text, repairs = repair_text(case["text"])
    # Each name once, in the order in which it was first needed.
    assert (text, list(dict.fromkeys(record.split(" ")[0] for record in repairs))) == (
        case["expect"],
        case["repairs"],
    )
    assert replay(case["text"], repairs) == text


@given(TROUBLE)
def test_repairing_twice_repairs_nothing_more(text: str) -> None:
    once, _ = repair_text(text)
    assert repair_text(once) == (once, [])


@given(TROUBLE)
def test_replaying_the_records_gives_the_repaired_text(text: str) -> None:
    repaired, repairs = repair_text(text)
    assert replay(text, repairs) == repaired


def test_one_odd_line_does_not_block_the_others_and_each_line_says_how_it_was_mended() -> None:
    text = "Skogen är stor.\nFÃ¶rordning om björk\nf√∂r skogen\nfÃƒÂ¶r\nÃ…tgärder\nbjÃ¶rk"
    repaired, repairs = repair_text(text)
    assert repaired == "Skogen är stor.\nFörordning om björk\nför skogen\nför\nÅtgärder\nbjörk"
    assert [record.split(" ")[:2] for record in repairs] == [["encoding", str(line)] for line in range(2, 7)]
    assert replay(text, repairs) == repaired


@pytest.mark.parametrize(
    "record",
    [
        "förtrollning",
        "encoding 9 encode=latin-1 decode=utf-8",
        "encoding 1 encode=ascii decode=utf-8",
        "encoding x a=b",
        "encoding 1 koda",
    ],
)
def test_a_record_of_another_text_is_refused(record: str) -> None:
    with pytest.raises(ContractError, match=record.split(" ")[0]):
        replay("på ön", [record])


@given(TROUBLE)
def test_the_scan_suspects_every_text_that_a_step_would_change(text: str) -> None:
    data = np.frombuffer(text.encode(), np.uint8)
    bits = suspicions(np.array([0, len(data)], np.int64), data)[0]
    for name, calls, step in recipe(RepairConfig()):
        assert step(text) == (text, []) or bits & calls, name


@given(st.text(st.sampled_from("abcdefåäöÅÄÖ0123456789 .,;:!?()/\n"), max_size=60))
def test_swedish_letters_and_digits_are_never_touched(text: str) -> None:
    assert repair_text(text) == (text, [])


@given(st.lists(TROUBLE, max_size=6))
def test_a_batch_gives_what_single_texts_give(texts: list[str]) -> None:
    out = run_measure(Repair(), table(texts))
    single = [repair_text(text) for text in texts]
    assert out.column("text").to_pylist() == [text for text, _ in single]
    assert out.column("repairs").to_pylist() == [names for _, names in single]
    assert out.column("repaired").to_pylist() == [bool(names) for _, names in single]
    assert out.column("content_id").to_pylist() == [content_id(text) for text, _ in single]


@given(st.text(st.sampled_from("ab \t\n"), max_size=20))
def test_content_id_does_not_see_white_space_at_line_ends_and_blank_lines_at_the_ends(text: str) -> None:
    lines = [line.rstrip(" \t") for line in text.split("\n")]
    body = "\n".join(lines).strip("\n")
    assert content_id(text) == hashlib.sha256(body.encode()).hexdigest()
    assert run_measure(Repair(), table([text])).column("content_id")[0].as_py() == content_id(text)


def test_content_id_sees_every_letter_and_indentation() -> None:
    assert len({content_id(text) for text in ("a", " a", "A", "å", "a\n\nb", "a\nb")}) == 6


def test_steps_can_be_switched_off() -> None:
    off = RepairConfig(encoding=False, entities=False, ligatures=False, spaces=False, hyphenation=False)
    text = "fÃ¶r &auml; ﬁ 1\N{NO-BREAK SPACE}2 skogs-\nbruk"
    assert repair_text(text, off) == (text, [])


def test_an_empty_table_stays_one() -> None:
    assert run_measure(Repair(), table([])).num_rows == 0


def test_a_sliced_table_is_read_at_its_own_rows() -> None:
    out = run_measure(Repair(), table(["fÃ¶r", "ren", "Ã¤r"]).slice(1))
    assert out.column("text").to_pylist() == ["ren", "är"]


def test_labelled_mojibake_is_repaired_and_nothing_else(
    shared_data: Path, scorers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(scorers))
    score_mojibake = importlib.import_module("score_mojibake")
    lines = (shared_data / "quality" / "mojibake_ftfy.jsonl").read_text(encoding="utf-8").split("\n")
    gold = [json.loads(line) for line in lines if line]
    got = [{"id": row["id"], "text": repair_text(row["original"])[0]} for row in gold]
    score = score_mojibake.score(str(shared_data), got)
    assert score["repaired"] == 1.0
    assert score["false_repairs"] == 0
