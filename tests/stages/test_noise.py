"""Noise rules on the labelled cases, the presets, and the figures on the labelled documents."""

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import build
from pipeline.errors import ConfigError
from pipeline.stage import run_measure
from pipeline.stages.noise import ALL_MEASURES, LIMIT_KEYS, Noise, NoiseConfig, bounds_of, noise_rules
from pipeline.stages.noise_limits import PRESETS, limit_of
from pipeline.stages.noise_score import TERMS

CASES = Path(__file__).resolve().parents[1] / "cases" / "noise"


def cases(name: str) -> list[Any]:
    rows = [json.loads(line) for line in (CASES / name).read_text(encoding="utf-8").splitlines()]
    return [pytest.param(row["text"], id=row["label"]) for row in rows]


def items(texts: list[str], language: str = "sv") -> pa.Table:
    ids = [str(number) for number in range(len(texts))]
    text = pa.array(texts, pa.large_string())
    return pa.table({"doc_id": ids, "text": text, "language": [language] * len(texts)})


def findings(texts: list[str], config: NoiseConfig, language: str = "sv") -> dict[int, list[tuple[str, str]]]:
    table = run_measure(Noise(config), items(texts, language))
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for rule in noise_rules(config):
        for finding in rule(table):
            for row in finding.rows.nonzero()[0].tolist():
                found[row].append((finding.action, finding.code))
    return found


@pytest.mark.parametrize("text", cases("must_keep.jsonl"))
def test_good_text_passes_without_a_flag(text: str) -> None:
    assert findings([text], NoiseConfig())[0] == []


@pytest.mark.parametrize("text", cases("must_drop.jsonl"))
def test_noise_is_dropped(text: str) -> None:
    assert "drop" in [action for action, _ in findings([text], NoiseConfig())[0]]


def test_a_menu_waits_for_a_person_unless_the_source_is_the_web() -> None:
    menu = next(case.values[0] for case in cases("must_drop_profiles.jsonl") if case.id == "meny")
    assert {action for action, _ in findings([menu], NoiseConfig())[0]} == {"flag"}


def test_a_text_in_capitals_waits_for_a_person_and_headings_in_capitals_do_not() -> None:
    shouted = (
        "NU ELLER ALDRIG! ALLT SKA BORT! SKYNDA DIG IN I BUTIKEN! KÖP TRE OCH BETALA FÖR TVÅ! ERBJUDANDET GÄLLER BARA I DAG! "
        "MISSA INTE DET HÄR, DET BÄSTA PRISET I HELA SVERIGE!"
    )
    headed = (
        "FÖRESKRIFTER OM VÄGMÄRKEN\n\nDessa föreskrifter gäller för den som sätter upp vägmärken på en allmän väg. De gäller inte "
        "för märken som bara behövs medan ett arbete pågår."
    )
    found = findings([shouted, headed], NoiseConfig())
    assert found == {0: [("flag", "noise.shout_chars.near")]}


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), min_size=1, max_size=6),
    st.integers(0, 6),
)
def test_measures_conserve_rows_and_do_not_depend_on_the_batch(texts: list[str], cut: int) -> None:
    whole = run_measure(Noise(), items(texts))
    parts = [run_measure(Noise(), items(part)) for part in (texts[:cut], texts[cut:]) if part]
    joined = pa.concat_tables(parts).select(Noise().adds.names).combine_chunks()
    for name in joined.column_names:
        assert joined.column(name).to_numpy().tobytes() == whole.column(name).to_numpy().tobytes()


def test_every_limit_and_term_names_a_measure() -> None:
    names = {measure.name for measure in ALL_MEASURES}
    assert {limit_of(key).measure for key in LIMIT_KEYS} <= names
    assert {term.measure for term in TERMS} <= names


def test_every_limit_says_where_it_comes_from() -> None:
    source = (Path(__file__).resolve().parents[2] / "pipeline/stages/noise.py").read_text(encoding="utf-8")
    for key in LIMIT_KEYS:
        assert f'    {key}: float | None = None\n    """' in source, key


def test_presets_set_only_known_limits_and_explicit_keys_override_them() -> None:
    for name, bounds in PRESETS.items():
        assert set(bounds) <= set(LIMIT_KEYS), name
    config = build(
        NoiseConfig, {"preset": "fineweb2", "min_words": 5, "off": ["max_words"]}, "noise", "kvarn.toml"
    )
    bounds = bounds_of(config)
    assert (bounds["min_words"].value, bounds["min_line_punct"].value) == (5, 0.2)
    assert "max_words" not in bounds


def test_fineweb2_drops_a_short_statute_that_the_default_keeps() -> None:
    text = "1 § Lagen gäller.\n2 § Den gäller inte den som har fått dispens enligt 1 §.\n3 § Böter."
    assert findings([text], NoiseConfig())[0] == []
    assert findings([text], NoiseConfig(preset="fineweb2"))[0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"preset": "gofer"}, "'fineweb2'"),
        ({"off": ["max_word"]}, "noise.off = 'max_word' is not known"),
        ({"min_words": -1.0}, "noise.min_words = -1.0 is not allowed"),
        ({"min_word": 1.0}, "did you mean 'min_words'"),
    ],
)
def test_bad_settings_are_refused_by_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(NoiseConfig, values, "noise", "kvarn.toml")


def test_a_document_near_a_limit_is_flagged() -> None:
    near = "\n".join(
        ["Raden är en vanlig mening som står här och gör nytta.", "Den andra säger något annat om samma sak."]
        + [
            "Också den tredje har sitt eget ärende, och den är inte lång.",
            "Till sist kommer en rad om vädret i maj.",
        ]
        + [f"1.{n} Rubrik om skog och mark" for n in (1, 2)]
    )
    assert findings([near], NoiseConfig(max_contents_lines=0.4))[0] == [("flag", "noise.contents_lines.near")]


@pytest.mark.data
def test_labelled_documents_are_judged_as_well_as_documented(
    shared_data: Path, scorers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(scorers))
    import score_quality  # type: ignore[import-not-found]

    rows = [
        json.loads(line)
        for line in (shared_data / "quality/doc_labels.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    found = findings([row["text"] for row in rows], NoiseConfig())
    verdicts = []
    for number, row in enumerate(rows):
        actions = [action for action, _ in found[number]]
        fate = "dropped" if "drop" in actions else "flagged" if actions else "kept"
        verdicts.append({"id": row["id"], "fate": fate, "reasons": [code for _, code in found[number]]})
    score = score_quality.score(str(shared_data), verdicts)
    assert score["balanced"] >= 0.95
    assert score["sv_bad_recall"] >= 0.93
    assert score["sv_false_drop"] <= 0.01
    assert score["good_flagged"] <= 0.03
    del sys.modules["score_quality"]
