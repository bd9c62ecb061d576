"""What is published: foreign passages cut, personal data masked, fixes of people; all else untouched."""

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.kernels.lines import lines_of
from pipeline.schema import PII, SEGMENT
from pipeline.stage import run_measure
from pipeline.stages.decisions import Decision
from pipeline.stages.edit import Edit, EditConfig
from pipeline.stages.pii_masks import Masks
from pipeline.stages.templates_cut import CutSet

SHORT = EditConfig(quote_chars=5)
SWEDISH, ENGLISH = "Ett stycke på svenska.", "A paragraph in English."


def items(*rows: dict[str, Any]) -> pa.Table:
    base: dict[str, Any] = {
        "text": "",
        "segments": [],
        "pii": [],
        "fate": "kept",
        "decision": None,
        "content_id": "c",
    }
    full = [{**base, **row} for row in rows]
    types = {"text": pa.large_string(), "segments": pa.list_(SEGMENT), "pii": pa.list_(PII)}
    columns = {name: pa.array([row[name] for row in full], types.get(name, pa.string())) for name in base}
    return pa.table({"doc_id": [str(number) for number in range(len(full))], **columns})


def edited(row: dict[str, Any], edit: Edit) -> tuple[str, list[tuple[str, str, int, int]]]:
    out = run_measure(edit, items({"text": "före"}, row, {"text": "efter"})).to_pylist()
    assert [out[0]["published"], out[2]["published"]] == ["före", "efter"]
    for made in out:
        assert made["text_sha256"] == hashlib.sha256(made["published"].encode()).hexdigest()
    return out[1]["published"], [(e["stage"], e["kind"], e["start"], e["end"]) for e in out[1]["edits"]]


def segments(*parts: tuple[str, str]) -> dict[str, Any]:
    """Text of the parts, a blank line between, and their segments."""
    spans, at = [], 0
    for language, text in parts:
        spans.append({"start": at, "end": at + len(text), "language": language})
        at += len(text) + 2
    return {"text": "\n\n".join(text for _, text in parts), "segments": spans}


def pii(text: str, *finds: tuple[str, str]) -> dict[str, Any]:
    spans = [
        {"start": text.index(found), "end": text.index(found) + len(found), "kind": kind}
        for kind, found in finds
    ]
    return {"text": text, "pii": spans}


def test_a_foreign_paragraph_is_cut_with_the_break_behind_it() -> None:
    row = segments(("sv", SWEDISH), ("en", ENGLISH), ("sv", "Slut."))
    assert edited(row, Edit(SHORT)) == (f"{SWEDISH}\n\nSlut.", [("language", "foreign", 24, 49)])


def test_a_foreign_end_leaves_no_blank_lines() -> None:
    assert edited(segments(("sv", SWEDISH), ("en", ENGLISH)), Edit(SHORT))[0] == SWEDISH


@pytest.mark.parametrize(
    ("row", "edit"),
    [
        (segments(("sv", SWEDISH), ("en", ENGLISH)), Edit(EditConfig(quote_chars=200))),
        (segments(("sv", SWEDISH), ("en", ENGLISH)), Edit(SHORT, cut_foreign=False)),
        (segments(("sv", SWEDISH), ("en", ENGLISH)), Edit(SHORT, target=("sv", "en"))),
        (segments(("sv", SWEDISH), ("unknown", ENGLISH)), Edit(SHORT)),
        ({**segments(("sv", SWEDISH), ("en", ENGLISH)), "fate": "dropped"}, Edit(SHORT)),
        (segments(("en", ENGLISH), ("en", ENGLISH)), Edit(SHORT)),
        (pii("Ring 070-1740605", ("phone", "070-1740605")), Edit(masked=("email",))),
    ],
    ids=[
        "short quotation",
        "policy",
        "two targets",
        "no language",
        "dropped",
        "wholly foreign",
        "kind not masked",
    ],
)
def test_left_alone(row: dict[str, Any], edit: Edit) -> None:
    assert edited(row, edit) == (row["text"], [])


def test_neighbouring_foreign_paragraphs_count_together() -> None:
    row = segments(("sv", SWEDISH), ("en", "One."), ("en", "Two."), ("sv", "Slut."))
    assert edited(row, Edit(EditConfig(quote_chars=8)))[0] == f"{SWEDISH}\n\nSlut."


def test_personal_data_is_masked_by_kind() -> None:
    row = pii(
        "Mejla åsa@exempel.se eller ring 070-1740605.", ("email", "åsa@exempel.se"), ("phone", "070-1740605")
    )
    assert edited(row, Edit()) == (
        "Mejla [EPOST] eller ring [TELEFON].",
        [("pii", "email", 6, 20), ("pii", "phone", 32, 43)],
    )


def test_offsets_count_code_points_not_bytes() -> None:
    row = pii("\N{GRINNING FACE}åäö 19121212-1212", ("personnummer", "19121212-1212"))
    assert edited(row, Edit())[0] == "\N{GRINNING FACE}åäö [PERSONNUMMER]"


def test_overlapping_finds_leave_nothing_of_either() -> None:
    row = pii("Box 12 123 45 Umeå", ("address", "Box 12 123 45"), ("phone", "123 45 Umeå"))
    assert edited(row, Edit())[0] == "[ADRESS]"


def test_a_fix_replaces_the_text_and_keeps_masks() -> None:
    row = {**pii("Ring 070-1740605 nnu!", ("phone", "070-1740605")), "decision": "fix"}
    fix = {"c": Decision("c", "fix", "eva", "t", text="Ring 070-1740605 nu!")}
    assert edited(row, Edit(decisions=fix)) == ("Ring [TELEFON] nu!", [("decision", "fix", 0, 21)])


def test_values_are_numbered_by_first_occurrence_and_a_value_keeps_its_mask() -> None:
    text = "A 070-174 06 05, B 08-514 50 61, A +46 70 174 06 05, C a@b.se, D A@B.se, E e@b.se."
    finds = ("070-174 06 05", "08-514 50 61", "+46 70 174 06 05", "a@b.se", "A@B.se", "e@b.se")
    row = pii(text, *(("email" if "@" in found else "phone", found) for found in finds))
    assert edited(row, Edit())[0] == (
        "A [TELEFON], B [TELEFON 2], A [TELEFON], C [EPOST], D [EPOST], E [EPOST 2]."
    )


def test_numbers_follow_what_is_published_not_what_is_cut() -> None:
    row = pii("ett\nRing 070-1740605\nB 08-514 50 61", ("phone", "070-1740605"), ("phone", "08-514 50 61"))
    assert edited(row, HOME)[0] == "ett\nB [TELEFON]"


def test_a_fix_keeps_the_numbers_that_the_person_saw_and_hides_what_was_typed() -> None:
    row = pii("Ring 070-1740605 el 08-514 50 61", ("phone", "070-1740605"), ("phone", "08-514 50 61"))
    fix = {"c": Decision("c", "fix", "eva", "t", text="Ring [TELEFON 2], 08-514 50 61 eller 010-516 10 00")}
    made = edited({**row, "decision": "fix"}, Edit(decisions=fix))[0]
    assert made == "Ring [TELEFON 2], [TELEFON 2] eller [TELEFON 3]"


def test_a_fix_that_was_not_applied_changes_nothing() -> None:
    fix = {"c": Decision("c", "fix", "eva", "t", text="annat")}
    assert edited({"text": "en text"}, Edit(decisions=fix)) == ("en text", [])


def template(*lines: str) -> CutSet:
    hashes = [
        lines_of(np.array([0, len(line.encode())]), np.frombuffer(line.encode(), np.uint8))[0]
        for line in lines
    ]
    return CutSet(tuple(sorted(int(found[0]) for found in hashes)))


HOME = Edit(SHORT, templates=template("Hem", "Ring 070-1740605"))


def test_a_repeated_line_is_cut_and_named() -> None:
    assert edited({"text": "å😀\nHem\nslut"}, HOME) == ("å😀\nslut", [("templates", "line", 3, 7)])


@pytest.mark.parametrize("text", ["Hem", "Hem\n\n Hem", "\n"])
def test_a_document_of_templates_alone_stays_as_it_is(text: str) -> None:
    assert edited({"text": text}, HOME) == (text, [])


@pytest.mark.parametrize("fate", ["dropped", "quarantined"])
def test_what_is_not_published_keeps_its_templates(fate: str) -> None:
    assert edited({"text": "Hem\nslut", "fate": fate}, HOME) == ("Hem\nslut", [])


def test_personal_data_in_a_repeated_line_goes_with_it() -> None:
    row = pii("ett\nRing 070-1740605\nslut", ("phone", "070-1740605"))
    assert edited(row, HOME) == ("ett\nslut", [("templates", "line", 4, 21)])


def test_a_find_of_personal_data_is_never_torn_by_a_cut() -> None:
    row = pii("ett\nHem\n123 45 Umeå\nslut", ("address", "em\n123 45 Umeå"))
    assert edited(row, HOME) == ("ett\nH[ADRESS]\nslut", [("pii", "address", 5, 19)])


def test_where_nothing_would_be_left_foreign_text_goes_before_templates() -> None:
    row = segments(("sv", "Hem"), ("en", ENGLISH))
    assert edited(row, HOME) == ("Hem", [("language", "foreign", 5, 28)])


@given(st.lists(st.sampled_from(["Hem", "Hem ", "å😀", "", "b"]), min_size=1, max_size=6))
def test_no_document_is_emptied_and_offsets_rebuild_it(lines: list[str]) -> None:
    text = "\n".join(lines)
    made = run_measure(HOME, items({"text": text})).to_pylist()[0]
    assert bool(made["published"].strip()) == bool(text.strip())
    rebuilt, at = "", 0
    for edit in made["edits"]:
        rebuilt += text[at : edit["start"]]
        at = edit["end"]
    rebuilt += text[at:]
    assert made["published"] in (rebuilt, rebuilt.rstrip())


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"edit\.quote_chars = -1"):
        EditConfig(quote_chars=-1)
    with pytest.raises(ConfigError, match="no mask for shoe_size; known kinds: personnummer"):
        Edit(masked=("shoe_size",))


def test_no_rows() -> None:
    assert run_measure(Edit(), items().slice(0, 0)).num_rows == 0


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=60), st.data())
def test_published_text_is_the_repaired_text_with_the_listed_edits(text: str, data: Any) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=4, max_size=4)))
    spans = [
        {"start": a, "end": b, "kind": "email"} for a, b in ((cuts[0], cuts[1]), (cuts[2], cuts[3])) if a < b
    ]
    made = run_measure(Edit(), items({"text": text, "pii": spans})).to_pylist()[0]
    rebuilt, at, masks = "", 0, Masks([text])
    for edit in made["edits"]:
        rebuilt += text[at : edit["start"]] + masks.mask("email", text[edit["start"] : edit["end"]])
        at = edit["end"]
    assert made["published"] == rebuilt + text[at:]
