"""Terms: what must be found and what must not, the longer find wins, and laws of spans and batches."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import build
from pipeline.errors import ConfigError
from pipeline.stage import run_measure
from pipeline.stages.glossary import Entry, Glossary
from pipeline.stages.term_forms import combining
from pipeline.stages.term_words import FIRST, KNOWN
from pipeline.stages.terms import MEASURES, Terms, TermsConfig, terms_findings

CASES = Path(__file__).parent.parent / "cases" / "terms"


def cases(name: str) -> list[dict[str, Any]]:
    lines = (CASES / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def measure(texts: list[str], glossary: Glossary) -> pa.Table:
    ids = pa.array([str(i) for i in range(len(texts))], pa.string())
    return run_measure(Terms(glossary), pa.table({"doc_id": ids, "text": pa.array(texts, pa.large_string())}))


def found(case: dict[str, Any], prefix: str = "") -> list[str]:
    """The words that are found, by way of a glossary that forbids them: only variants have spans."""
    names = case.get("inflections", [])
    entry = Entry("zzz", (case["term"],), compounds=case.get("compounds", True))
    glossary = Glossary((Entry(case["term"], (), "", tuple(names)),)) if names else Glossary((entry,))
    text = prefix + case["text"]
    row = measure([text], glossary).to_pylist()[0]
    if names:
        # Forms are listed for terms only, which are counted and not placed.
        wanted = case.get("found", [])
        return wanted if sum(one["count"] for one in row["terms"]) == len(wanted) else ["another number"]
    return [text[span["start"] : span["end"]] for span in row["term_spans"]]


@pytest.mark.parametrize("case", cases("must_not_match"), ids=lambda case: case["label"])
def test_other_words_are_left_alone(case: dict[str, Any]) -> None:
    assert found(case) == []


@pytest.mark.parametrize("case", cases("must_match"), ids=lambda case: case["label"])
def test_terms_are_found_to_the_letter(case: dict[str, Any]) -> None:
    assert found(case) == case["found"]
    assert found(case, "Åäö 😀:\n") == case["found"]


@pytest.mark.parametrize("case", cases("known_failures"), ids=lambda case: case["label"])
@pytest.mark.xfail(strict=True, reason="known; move the case when it passes")
def test_known_failures(case: dict[str, Any]) -> None:
    assert found(case) == case["found"]


def test_false_matches_are_the_larger_part_of_the_cases() -> None:
    assert len(cases("must_not_match")) > len(cases("must_match")) > 100


GLOSSARY = Glossary(
    (
        Entry("slutavverkning", ("kalhuggning",)),
        Entry("avverkning"),
        Entry("naturlig föryngring", ("naturlig självsådd", "självsådd")),
        Entry("föryngring"),
        Entry("gran"),
        Entry("skog"),
    )
)


def terms_of(text: str) -> dict[str, int]:
    return {row["term"]: row["count"] for row in measure([text], GLOSSARY)["terms"][0].as_py()}


def test_the_longer_term_counts() -> None:
    assert terms_of("Slutavverkningen och gallringsavverkningen.") == {"slutavverkning": 1, "avverkning": 1}
    assert terms_of("Naturliga föryngringar, inte bara föryngring.") == {
        "naturlig föryngring": 1, "föryngring": 1,
    }  # fmt: skip
    assert terms_of("Granskogen") == {"gran": 1, "skog": 1}


def test_variants_are_placed_with_the_term_to_write() -> None:
    text = "Kalhuggningen följdes av naturlig självsådd."
    (spans,) = measure([text], GLOSSARY)["term_spans"].to_pylist()
    assert [(text[one["start"] : one["end"]], one["variant"], one["term"]) for one in spans] == [
        ("Kalhuggningen", "kalhuggning", "slutavverkning"),
        ("naturlig självsådd", "naturlig självsådd", "naturlig föryngring"),
    ]


def test_the_measures_count() -> None:
    row = measure(["Gran och granskog. Kalhuggning här i dag."], GLOSSARY).to_pylist()[0]
    assert (row["term_count"], row["terms_found"], row["wrong_terms"]) == (3, 2, 1)
    assert row["term_share"] == pytest.approx(2 / 7)


def test_a_word_with_a_variant_and_a_term_behind_it_holds_a_term() -> None:
    glossary = Glossary((Entry("slutavverkning", ("kalhuggning",)), Entry("skog")))
    row = measure(["En kalhuggningsskog."], glossary).to_pylist()[0]
    assert (row["term_count"], row["wrong_terms"], row["term_share"]) == (1, 1, 0.5)


def test_first_parts_are_not_made_of_known_words() -> None:
    assert not FIRST & {form for word in KNOWN for form in combining(word)}


def test_without_a_glossary_nothing_is_measured() -> None:
    row = measure(["Gran"], Glossary()).to_pylist()[0]
    assert row["terms"] == row["term_spans"] == []
    assert all(math.isnan(row[spec.name]) for spec in MEASURES)


def test_a_text_without_words_has_no_share() -> None:
    row = measure(["..."], GLOSSARY).to_pylist()[0]
    assert math.isnan(row["term_share"])
    assert row["term_count"] == 0


PIECES = [
    "Granskogens ",
    "kalhuggning ",
    "naturlig\nsjälvsådd ",
    "naturlig ",
    "föryngring ",
    "Å",
    "😀 ",
    "av- ",
    "\n\n",
    "gran-",
    "x",
]


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), min_size=1, max_size=5))
def test_rows_do_not_depend_on_their_batch_and_spans_lie_in_order(texts: list[str]) -> None:
    whole = measure(texts, GLOSSARY)
    single = pa.concat_tables([measure([text], GLOSSARY) for text in texts])
    for name in ("terms", "term_spans", "term_count", "terms_found", "wrong_terms"):
        assert whole[name].to_pylist() == single[name].to_pylist(), name
    for row in whole.to_pylist():
        end = 0
        for span in row["term_spans"]:
            assert end <= span["start"] < span["end"] <= len(row["text"])
            end = span["end"]
        assert sum(one["count"] for one in row["terms"]) == row["term_count"]


@given(st.text(max_size=60))
def test_any_text_goes_through(text: str) -> None:
    clean = text.encode("utf-8", "replace").decode()
    assert measure([clean, clean], GLOSSARY).num_rows == 2


def test_wrong_terms_flag_by_policy() -> None:
    table = measure(["Kalhuggning", "Gran", ""], GLOSSARY)
    (finding,) = terms_findings(TermsConfig())(table)
    assert (finding.code, finding.action, finding.rows.tolist()) == (
        "terms.wrong",
        "flag",
        [True, False, False],
    )
    assert list(terms_findings(TermsConfig(wrong="off"))(table)) == []
    nothing = measure(["Kalhuggning"], Glossary())
    assert not np.any([finding.rows for finding in terms_findings(TermsConfig())(nothing)])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"wrong": "drop"}, "terms.wrong = 'drop' is not allowed"),
        ({"min_documents": 0}, "terms.min_documents = 0"),
        ({"glossary": ""}, "terms.glossary is empty"),
        ({"glosary": "x"}, "did you mean 'glossary'"),
    ],
)
def test_bad_settings_are_named(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        build(TermsConfig, values, "terms", "kvarn.toml")
