"""Personal data: what must be found, what must not be, and laws of spans and batches."""

import importlib
import itertools
import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.kernels.number_words import told_before
from pipeline.kernels.personal import NUMBER, candidates, number_run
from pipeline.stage import run_measure
from pipeline.stages.pii import KINDS, Pii, PiiConfig, apart, masked_kinds, pii_findings
from pipeline.stages.pii_masks import Masks
from pipeline.stages.pii_names import Names
from pipeline.stages.pii_numbers import WORDS, numbers
from pipeline.stages.pii_phones import PHONE_WORD

CASES = Path(__file__).parent.parent / "cases" / "pii"


def cases(name: str) -> list[dict[str, Any]]:
    lines = (CASES / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def measure(texts: list[str], config: PiiConfig | None = None) -> pa.Table:
    ids = pa.array([str(i) for i in range(len(texts))], pa.string())
    return run_measure(Pii(config), pa.table({"doc_id": ids, "text": pa.array(texts, pa.large_string())}))


def found(text: str, config: PiiConfig | None = None) -> list[dict[str, str]]:
    spans = measure([text], config)["pii"][0].as_py()
    return [{"value": text[span["start"] : span["end"]], "kind": span["kind"]} for span in spans]


@pytest.mark.parametrize("case", cases("must_keep"), ids=lambda case: case["label"])
def test_what_is_no_personal_data_is_left_alone(case: dict[str, Any]) -> None:
    assert found(case["text"]) == []


@pytest.mark.parametrize("case", cases("found"), ids=lambda case: case["label"])
def test_personal_data_is_found_to_the_letter(case: dict[str, Any]) -> None:
    assert found(case["text"]) == case["expect"]
    shifted = f"Åäö 😀: {case['text']}\nnästa rad"
    assert found(shifted) == case["expect"]


PIECES = st.lists(
    st.sampled_from(
        [
            *(case["text"] for case in cases("found")),
            *(case["text"] for case in cases("must_keep")),
            "å",
            "\n",
            " ",
            "😀",
        ]
    ),
    max_size=6,
).map(" ".join)
NOISE = st.text(st.sampled_from(list("0123456789+-() ./:@,_SEGBx٤\n\N{EN DASH}å")), max_size=60)


@given(PIECES | NOISE)
def test_spans_lie_in_the_text_in_order_and_apart(text: str) -> None:
    row = measure([text]).to_pylist()[0]
    spans = [(span["start"], span["end"]) for span in row["pii"]]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    assert row["pii_count"] == len(spans)
    assert all(text[start:end].strip() == text[start:end] for start, end in spans)


@given(st.lists(PIECES | NOISE, max_size=5))
def test_a_batch_gives_what_single_texts_give(texts: list[str]) -> None:
    assert measure(texts)["pii"].to_pylist() == [measure([text])["pii"][0].as_py() for text in texts]


def test_more_candidates_than_room_are_all_found() -> None:
    text = " ".join(["anna@example.org"] * 5000)
    assert measure([text])["pii_count"][0].as_py() == 5000


def test_hostile_text_is_judged_in_linear_time() -> None:
    """Patterns that backtrack would take minutes on these."""
    for text in (
        "0" * 200_000,
        "08-" * 60_000,
        "a@" * 50_000,
        "a." * 50_000 + "@" + "b." * 50_000,
        "SE45 " * 4_000,
        "1:" * 60_000,
    ):
        assert measure([text]).num_rows == 1


def test_the_policy_decides_what_becomes_of_a_kind() -> None:
    config = PiiConfig(email="drop", phone="flag", iban="off")
    items = measure(
        ["anna@example.org", "08-514 50 61", "GB20FZQP92174218096792", "850709-9805", "skog"], config
    )
    verdicts = {(hit.code, hit.action): hit.rows.tolist() for hit in pii_findings(config)(items)}
    assert verdicts == {
        ("pii.email", "drop"): [True, False, False, False, False],
        ("pii.phone", "flag"): [False, True, False, False, False],
    }
    assert items["pii_count"].to_pylist() == [1, 1, 0, 1, 0]
    assert masked_kinds(config) == frozenset(KINDS) - {"email", "phone", "iban", "person"}


def test_persons_are_found_by_cues_only_when_asked_for() -> None:
    text = "Kontakta Anna Ek om skogen."
    assert found(text) == []
    assert found(text, PiiConfig(person="mask")) == [{"value": "Anna Ek", "kind": "person"}]


def test_names_by_lists_are_full_names(monkeypatch: pytest.MonkeyPatch) -> None:
    given = frozenset({"Anna", "Karl", "Till"})
    names = Names(given, given - {"Till"}, frozenset({"Ek"}))
    monkeypatch.setattr("pipeline.stages.pii_names.installed", lambda: True)
    monkeypatch.setattr("pipeline.stages.pii_names.lists", lambda: names)
    config = PiiConfig(person="mask", names="lists")
    text = "Fiskaren Anna B. Ek och Karl Bergström gick till sjön. Till Expressen säger Anna att Anna Kyrka är stängd."
    assert [find["value"] for find in found(text, config)] == ["Anna B. Ek", "Karl Bergström"]
    assert found("Nova Scotia, Edit Profile, Svenska Akademien", config) == []


def test_names_by_the_lists_of_the_extra() -> None:
    pytest.importorskip("faker", reason="the extra `names` is not installed")
    config = PiiConfig(person="mask", names="lists")
    text = "Dagens sammanträde leddes av Birgitta Öhman, och Lars Sundqvist förde protokoll. Svenska Kyrkan bjöd på kaffe."
    assert [find["value"] for find in found(text, config)] == ["Birgitta Öhman", "Lars Sundqvist"]


def test_lists_without_the_extra_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.stages.pii_names.installed", lambda: False)
    with pytest.raises(ConfigError, match=r"kvarn\[names\]"):
        PiiConfig(person="mask", names="lists")
    assert PiiConfig(names="lists").looked_for == PiiConfig().looked_for


def test_measures_depend_on_the_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.stages.pii_names.installed", lambda: True)
    monkeypatch.setattr("pipeline.stages.pii_names.version", lambda: "40.1")
    assert "names 40.1" in PiiConfig(person="mask", names="lists").looked_for
    assert PiiConfig(person="mask").looked_for == PiiConfig(person="flag").looked_for


def test_the_language_decides_where_a_number_alone_cannot() -> None:
    items = pa.table(
        {
            "doc_id": ["0", "1"],
            "text": pa.array(["Her står 010190-1234 i listen."] * 2, pa.large_string()),
            "language": ["da", "sv"],
        }
    )
    assert run_measure(Pii(), items)["pii_count"].to_pylist() == [1, 0]


def test_where_finds_overlap_the_surer_kind_wins() -> None:
    assert apart([(0, 11, "phone"), (0, 11, "personnummer"), (20, 25, "ip"), (20, 30, "phone")]) == [
        (0, 11, "personnummer"),
        (20, 25, "ip"),
    ]


def test_a_sliced_table_is_read_at_its_own_rows() -> None:
    texts = pa.array(["anna@example.org", "å 08-514 50 61", "skog"], pa.large_string())
    items = pa.table({"doc_id": pa.array(["0", "1", "2"]), "text": texts}).slice(1)
    assert run_measure(Pii(), items)["pii"].to_pylist() == [[{"start": 2, "end": 14, "kind": "phone"}], []]


def test_an_empty_table_stays_one() -> None:
    assert measure([]).num_rows == 0


# The scorer leaves a file to be closed by the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_labelled_texts_and_statutes(
    shared_data: Path, scorers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(scorers))
    score_pii = importlib.import_module("score_pii")
    data = shared_data / "pii"

    def rows(name: str) -> list[dict[str, Any]]:
        lines = (data / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line]

    texts = {row["id"]: row["text"] for name in ("sv_injected", "presidio_synth") for row in rows(name)}
    texts |= {
        f"pnr:{row['value']}": f"Hennes personnummer är {row['value']}."
        for row in rows("personnummer_validity")
    }
    numbers = (data / "skatteverket_testpersonnummer.txt").read_text(encoding="utf-8").split()
    texts |= {f"skv:{number}": f"Hennes personnummer är {number}." for number in numbers}
    statutes = sorted((shared_data / "raw" / "sfs_md").rglob("*.md"))
    texts |= {str(path.relative_to(shared_data)): path.read_text(encoding="utf-8") for path in statutes}
    got = [
        {"id": key, "pii": spans, "text": texts[key]}
        for key, spans in zip(texts, measure(list(texts.values()))["pii"].to_pylist(), strict=True)
    ]
    score = score_pii.score(str(shared_data), got)
    for kind in ("PERSONNUMMER", "IBAN", "EMAIL", "PHONE", "ADDRESS"):
        assert score["sv_injected"][kind]["recall_exact"] == 1.0, kind
        assert score["sv_injected"][kind]["precision"] == 1.0, kind
    assert score["validity"]["right"] == 1.0
    assert score["skatteverket_accepted"] == 1.0
    assert score["sfs_md"]["all_kinds"] == {}


LATIN = st.characters(codec="latin-1")


@pytest.mark.parametrize("words", [WORDS, PHONE_WORD], ids=["numbers", "phones"])
@given(data=st.data())
def test_the_scan_knows_a_part_of_every_word(words: re.Pattern[str], data: st.DataObject) -> None:
    word = data.draw(st.from_regex(words, fullmatch=True, alphabet=LATIN)).encode()
    assert told_before(np.frombuffer(word + b" ", np.uint8), 0, len(word) + 1)


def test_columns_of_figures_hold_hardly_a_card() -> None:
    figures = random.Random(5)
    rows = [
        " ".join(f"{figures.randrange(10_000):04}" for _ in range(width)) for width in (1, 2, 3, 5, 6) * 80
    ]
    assert [find for find in found("\n".join(rows)) if find["kind"] == "card"] == []


def test_a_long_row_of_numbers_is_judged_in_linear_time() -> None:
    # Found one by one, each after the others were masked, they would take a minute.
    row = "08 123 456 78 " * 8_000
    assert measure([row])["pii_count"][0].as_py() == 8_000
    masks = Masks()
    assert [masks.mask("phone", f"08-{n}") for n in range(100_000, 160_000)][-1] == "[TELEFON 60000]"


WORDED = [
    "tfn ",
    "Phone",
    "konto nr ",
    "bankgiro ",
    "cpr ",
    "personbeteckning ",
    "ssn ",
    "jour",
    "kr ",
    "per ",
    " (",
    "+",
]


@given(
    st.lists(
        st.sampled_from([*WORDED, *"0123456789 -./\n", "07", "19", "850709-9805", "5050-1055", "1.2.3.4"]),
        max_size=24,
    )
)
def test_the_scan_passes_over_no_run_in_which_there_is_a_number(parts: list[str]) -> None:
    text = "".join(parts)
    data = np.frombuffer(text.encode(), np.uint8)
    offsets = np.array([0, len(data)], np.int64)
    seen = {(start, end) for _, kind, start, end in candidates(offsets, data).tolist() if kind == NUMBER}
    at = 0
    while at < len(text):
        run = number_run(data, at, len(data)) if text.isascii() and text[at].isdigit() else None
        alone = at == 0 or not text[at - 1].isalnum()
        if run and alone and (at, at + run[1]) not in seen:
            assert list(numbers(text, at, at + run[1], lambda _: "")) == []
        at += run[1] if run and alone else 1
