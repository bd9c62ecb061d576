"""Personal data beside the text is masked like that in the text; everything else stays byte for byte."""

import hashlib
import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.schema import PII, SEGMENT
from pipeline.stages.edit import Edit
from pipeline.stages.edit_meta import mask_meta
from pipeline.stages.pii import finds
from pipeline.stages.pii_masks import MASKS

KINDS = sorted(set(MASKS) - {"person"})
EDIT = Edit(masked=KINDS)


def items(
    metas: list[Any], groups: list[str | None] | None = None, texts: list[str] | None = None
) -> pa.Table:
    shown = [json.dumps(m, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for m in metas]
    groups, texts = groups or [None] * len(metas), texts or [""] * len(metas)
    pii = [[dict(zip(PII.names, found, strict=True)) for found in finds(text, KINDS)] for text in texts]
    return pa.table(
        {
            "doc_id": pa.array([str(at) for at in range(len(metas))], pa.string()),
            "meta": pa.array(shown, pa.string()),
            "group": pa.array(groups, pa.string()),
            "text": pa.array(texts, pa.large_string()),
            "segments": pa.array([[] for _ in metas], pa.list_(SEGMENT)),
            "pii": pa.array(pii, pa.list_(PII)),
            "fate": pa.array(["kept"] * len(metas), pa.string()),
            "decision": pa.nulls(len(metas), pa.string()),
            "content_id": pa.array(["c"] * len(metas), pa.string()),
        }
    )


def masked(meta: Any, kinds: list[str] = KINDS, text: str = "") -> Any:
    edit = Edit(masked=kinds)
    first, out, last = mask_meta(items([{"a": 1}, meta, {}], texts=["", text, ""]), edit)["meta"].to_pylist()
    assert (first, last) == ('{"a":1}', "{}")
    assert out == json.dumps(json.loads(out), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return json.loads(out)


@pytest.mark.parametrize(
    ("meta", "wanted"),
    [
        ({"från": "Eva Svensson <eva.svensson@example.se>"}, {"från": "Eva Svensson <[EPOST]>"}),
        ({"z": [{"tel": "070-1740605"}], "b": "Å"}, {"z": [{"tel": "[TELEFON]"}], "b": "Å"}),
        ({"pnr": "811218-9876"}, {"pnr": "[PERSONNUMMER]"}),
        ({"pnr": 198112189876}, {"pnr": "[PERSONNUMMER]"}),
        ({"pnr": 198112189876.0}, {"pnr": "[PERSONNUMMER]"}),
        ({"till": {"eva@example.se": 1}}, {"till": {"[EPOST]": 1}}),
        ({"bankgiro": "5050-1055"}, {"bankgiro": "[BANKKONTO]"}),
        ({"rad": "a\n070-1740605\tb"}, {"rad": "a\n[TELEFON]\tb"}),
        ({"ip": "2a01:4f8::beef"}, {"ip": "[IP-ADRESS]"}),
    ],
)
def test_personal_data_is_masked_wherever_it_stands(meta: Any, wanted: Any) -> None:
    assert masked(meta) == wanted


@pytest.mark.parametrize(
    "meta",
    [
        {
            "url": "https://example.se/skog?sida=12",
            "år": 2024,
            "sant": True,
            "tal": 1.5,
            "inget": None,
            "stor": 1e300,
        },
        {"namn": "Eva", "taggar": ["tall", "gran"]},
        {},
    ],
)
def test_all_else_stays(meta: Any) -> None:
    assert masked(meta) == meta


def test_only_kinds_that_are_to_be_masked_are() -> None:
    meta = {"a": "eva@example.se", "b": "070-1740605"}
    assert masked(meta, ["email"]) == {"a": "[EPOST]", "b": "070-1740605"}
    assert masked(meta, []) == meta
    assert masked({"a": "Kontakta Eva Svensson"}, ["person"]) == {"a": "Kontakta [PERSON]"}


def test_a_value_has_the_mask_that_it_has_in_the_text() -> None:
    text = "Ring 070-174 06 05 eller 08-514 50 61."
    meta = {"a": "08-514 50 61", "b": "010-516 10 00", "c": "+46 70 174 06 05"}
    assert masked(meta, text=text) == {"a": "[TELEFON 2]", "b": "[TELEFON 3]", "c": "[TELEFON]"}


def test_no_mask_that_stands_already_is_given_out_again() -> None:
    assert masked({"a": "[TELEFON]", "b": "070-1740605"}) == {"a": "[TELEFON]", "b": "[TELEFON 2]"}


def test_a_group_that_names_somebody_is_named_by_its_hash_and_stays_a_group() -> None:
    groups = ["eva@example.se", "trakt 7", None, "eva@example.se"]
    out = mask_meta(items([{}] * 4, groups), EDIT)["group"].to_pylist()
    name = hashlib.sha256(b"eva@example.se").hexdigest()[:16]
    assert out == [name, "trakt 7", None, name]


def test_tables_in_chunks_and_without_rows_pass() -> None:
    one = items([{"a": "eva@example.se"}])
    both = mask_meta(pa.concat_tables([one, items([{}]), one]), EDIT)
    assert both["meta"].to_pylist() == ['{"a":"[EPOST]"}', "{}", '{"a":"[EPOST]"}']
    assert mask_meta(one.slice(0, 0), EDIT).num_rows == 0


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-100, 100)
    | st.sampled_from(["a@b.se", "skog", "ö 1", "070-1740605"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from("xyz"), JSON, max_size=3), max_size=4))
def test_masking_twice_is_masking_once_and_rows_do_not_depend_on_each_other(metas: list[Any]) -> None:
    once = mask_meta(items(metas), EDIT)
    assert mask_meta(once, EDIT).equals(once)
    alone = [mask_meta(items([meta]), EDIT)["meta"][0].as_py() for meta in metas]
    assert once["meta"].to_pylist() == alone
    assert not any("@" in text or "070" in text for text in alone)
