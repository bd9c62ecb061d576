"""A stage that loses, adds or moves a row is stopped; a rule says out, near or nothing."""

import itertools

import numpy as np
import pyarrow as pa
import pytest

from pipeline.errors import ContractError
from pipeline.schema import check_schema, doc_id, need, text_buffers
from pipeline.stage import Limits, Rule, put, run_measure

ITEMS = pa.table({"doc_id": ["a", "b"], "x": [1, 2]})


class Fake:
    """A stage that returns whatever it was given to return."""

    name = "fake"
    adds = pa.schema([need("y", pa.int64())])

    def __init__(self, out: pa.Table) -> None:
        self._out = out

    def __call__(self, items: pa.Table) -> pa.Table:
        return self._out


def test_a_stage_that_keeps_its_promise_passes() -> None:
    out = ITEMS.append_column("y", pa.array([3, 4]))
    assert run_measure(Fake(out), ITEMS) is out


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (ITEMS.slice(1), "2 items went in, 1 came out or moved"),
        (ITEMS.take([1, 0]), "came out or moved"),
        (ITEMS.select(["doc_id"]), "columns lost: x"),
        (ITEMS, "column 'y' is missing"),
        (ITEMS.append_column("y", pa.array(["3", "4"])), "column 'y' is string, expected int64"),
        (ITEMS.append_column("y", pa.array([3, None])), "column 'y' holds nulls"),
    ],
)
def test_a_stage_that_breaks_its_promise_is_named(out: pa.Table, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        run_measure(Fake(out), ITEMS)


def test_a_rule_finds_what_is_out_and_flags_what_is_near() -> None:
    items = pa.table({"m": pa.array([0.1, 0.5, 0.55, 0.9, 0.95, float("nan")], pa.float32())})
    out, near = Rule("noise.m", "m", low=0.5, high=0.92, near=0.1)(items)
    assert (out.code, out.action, near.code, near.action) == ("noise.m", "drop", "noise.m.near", "flag")
    assert out.rows.tolist() == [True, False, False, False, True, False]
    assert near.rows.tolist() == [False, True, True, True, False, False]


@pytest.mark.parametrize("limit", [0.1, 0.7, 1 / 3])
def test_a_value_that_is_the_limit_itself_passes(limit: float) -> None:
    """A float32 of 0.1 is larger than a float64 of 0.1, that of 0.7 smaller."""
    items = pa.table({"m": pa.array([limit], pa.float32())})
    assert not any(found.rows.any() for found in Rule("noise.m", "m", low=limit, high=limit)(items))


LANGUAGE_RULE = Rule(
    "noise.m", "m", high=0.5, near=0.1, by_language={"fi": Limits(low=0.2, high=0.8), "de": Limits(near=0.3)}
)


def test_a_language_may_have_limits_of_its_own() -> None:
    languages = ["sv", "sv", "fi", "fi", "fi", "de", None]
    items = pa.table(
        {"m": pa.array([0.45, 0.6, 0.6, 0.9, 0.1, 9.0, 0.6], pa.float32()), "language": languages}
    )
    out, near = LANGUAGE_RULE(items)
    assert out.rows.tolist() == [False, True, False, True, True, False, True]
    assert near.rows.tolist() == [True, False, False, False, False, False, False]
    assert LANGUAGE_RULE.limits("fi") == Limits(0.2, 0.8)
    assert LANGUAGE_RULE.limits("no") == LANGUAGE_RULE.limits() == Limits(None, 0.5, 0.1)


def test_a_rule_by_language_wants_the_language() -> None:
    with pytest.raises(ContractError, match=r"rule noise\.m has limits by language"):
        list(LANGUAGE_RULE(pa.table({"m": pa.array([0.1], pa.float32())})))


def test_put_replaces_in_place_or_appends() -> None:
    assert put(ITEMS, need("x", pa.int64()), pa.array([5, 6])).schema.names == ["doc_id", "x"]
    assert put(ITEMS, need("z", pa.int64()), pa.array([5, 6])).schema.names == ["doc_id", "x", "z"]


def test_text_buffers_see_slices_and_chunks_alike() -> None:
    whole = pa.array(["skog", "å", ""], pa.large_string())
    for column in (whole, pa.chunked_array([whole.slice(0, 1), whole.slice(1)])):
        offsets, data = text_buffers(column)
        texts = [bytes(data[a:b]).decode() for a, b in itertools.pairwise(offsets)]
        assert texts == ["skog", "å", ""]
    assert [len(part) for part in text_buffers(pa.chunked_array([], pa.large_string()))] == [1, 0]
    with pytest.raises(ContractError, match="large_string without nulls"):
        text_buffers(pa.array(["a"]))


def test_a_doc_id_names_source_uri_and_position() -> None:
    assert doc_id("lagar", "a/b.txt", 0) != doc_id("lagar", "a/b.txt", 1)
    assert len(doc_id("lagar", "å", 0)) == 32
    assert np.unique([doc_id("a", "b", n) for n in range(50)]).size == 50


def test_check_schema_lists_what_is_there() -> None:
    with pytest.raises(ContractError, match=r"here: column 'q' is missing; has \['doc_id', 'x'\]"):
        check_schema(ITEMS, pa.schema([need("q", pa.string())]), "here")
