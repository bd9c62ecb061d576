"""Every measuring stage keeps every row, in any batch, over hostile text; and every measure is documented."""

import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.schema import RAW, doc_id
from pipeline.stage import run_measure
from pipeline.stages.noise import Noise
from pipeline.work.measure import MeasureSettings, measure_names, measured, measured_schema

HOSTILE = [
    "",
    " ",
    "\n\n\n",
    "a",
    "\x00\x01\x02",
    "å" * 5000,
    "skog " * 2000,
    "x" * 20_000,
    "1 2 3 4 5 " * 200,
    "\N{RIGHT-TO-LEFT OVERRIDE}gömd\N{ZERO WIDTH SPACE}text",
    "\N{GRINNING FACE}" * 300,
    "<script>alert(1)</script> {{ 7*7 }} =HYPERLINK(1)",
    "Ã¥Ã¤Ã¶ " * 40,
    "[[[[[[((((((((" * 300,
    "a@a@a@a@a.a.a.a.a" * 200,
    "19900101-0000 " * 50,
    "line\r\nline\rline\x0bline\x0cline\u2028line",
    "Skogen är stor.\n\nThe forest is large and it belongs to everybody who walks there.\n",
]


def items_of(texts: list[str]) -> pa.Table:
    n = len(texts)
    columns = {
        "doc_id": [doc_id("s", "u", at) for at in range(n)],
        "record_id": [f"u#{at}" for at in range(n)],
        "source": ["s"] * n,
        "uri": ["u"] * n,
        "position": list(range(n)),
        "group": [None] * n,
        "date": [None] * n,
        "declared_language": [None] * n,
        "meta": ["{}"] * n,
        "text": texts,
        "fault": [None] * n,
        "notes": [[] for _ in texts],
        "raw_sha256": ["0" * 64] * n,
    }
    return pa.table(columns, schema=RAW)


STAGES = MeasureSettings().stages()


def after(texts: list[str]) -> pa.Table:
    (out,) = measured([items_of(texts)], STAGES)
    return out


@pytest.mark.parametrize("at", range(len(STAGES)), ids=[stage.name for stage in STAGES])
def test_a_stage_keeps_every_row_and_adds_what_it_says(at: int) -> None:
    items = items_of(HOSTILE)
    for stage in STAGES[: at + 1]:
        out = run_measure(stage, items)
        assert set(stage.adds.names) <= set(out.schema.names)
        assert out.column("record_id").equals(items.column("record_id"))
        items = out


def test_the_same_rows_give_the_same_columns_in_any_batch() -> None:
    whole = after(HOSTILE)
    single = pa.concat_tables([after([text]) for text in HOSTILE])
    for name in whole.schema.names:
        if name not in {"doc_id", "record_id", "position"}:
            a, b = whole[name].to_pylist(), single[name].to_pylist()
            assert all(
                x == y or (isinstance(x, float) and math.isnan(x) and math.isnan(y))
                for x, y in zip(a, b, strict=True)
            ), name


@given(st.lists(st.text(max_size=80), min_size=1, max_size=4))
def test_offsets_lie_inside_the_text(texts: list[str]) -> None:
    for row in after(texts).select(["text", "segments", "pii"]).to_pylist():
        ends = 0
        for span in row["segments"]:
            assert ends <= span["start"] <= span["end"] <= len(row["text"])
            ends = span["end"]
        assert all(0 <= span["start"] < span["end"] <= len(row["text"]) for span in row["pii"])


def test_an_empty_table_passes_through_every_stage() -> None:
    assert after([]).num_rows == 0


def test_every_measure_is_one_float32_column() -> None:
    schema = measured_schema(STAGES)
    assert all(schema.field(name).type == pa.float32() for name in measure_names(schema))
    assert set(Noise().adds.names) <= set(measure_names(schema))


def test_every_measure_says_what_it_means() -> None:
    schema = measured_schema(STAGES)
    described = [spec for stage in STAGES for spec in stage.measures]
    assert sorted(spec.name for spec in described) == measure_names(schema)
    for stage in STAGES:
        assert {spec.name for spec in stage.measures} <= set(stage.adds.names), stage.name
    for spec in described:
        assert spec.unit, spec.name
        assert spec.source, spec.name
        assert spec.words, spec.name
        assert spec.low < spec.high, spec.name


def test_every_measure_lies_in_its_range() -> None:
    table = after(HOSTILE)
    for stage in STAGES:
        for spec in stage.measures:
            values = [value for value in table[spec.name].to_pylist() if not math.isnan(value)]
            assert all(spec.low <= value <= spec.high for value in values), spec.name


def test_stage_names_are_unique_and_are_their_sections() -> None:
    names = [stage.name for stage in STAGES]
    assert names == ["repair", "language", "noise", "pii", "relevance", "terms"]
