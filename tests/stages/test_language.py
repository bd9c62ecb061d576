"""Language: labelled paragraphs, agreement with py3langid itself, and laws of segments and batches."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.stage import run_measure
from pipeline.stages.language import Language, LanguageConfig, language_findings
from pipeline.stages.language_model import MODEL_CODES, load_model
from pipeline.stages.repair import content_id
from pipeline.stages.second_opinion import known_languages, second_opinion

CASES = Path(__file__).parent.parent / "cases" / "language" / "labelled.jsonl"
SWEDISH = "Skogsägaren ska anmäla avverkningen till Skogsstyrelsen senast sex veckor i förväg."
ENGLISH = "The owner of the forest has to notify the agency six weeks before felling."
DANISH = "Skovejeren skal give besked til myndigheden, før der fældes træer i det fredede område."


def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CASES.read_text(encoding="utf-8").split("\n") if line]


def table(texts: list[str]) -> pa.Table:
    ids = pa.array([str(i) for i in range(len(texts))], pa.string())
    contents = pa.array([content_id(text) for text in texts], pa.string())
    return pa.table({"doc_id": ids, "content_id": contents, "text": pa.array(texts, pa.large_string())})


def measure(texts: list[str], config: LanguageConfig | None = None) -> pa.Table:
    return run_measure(Language(config), table(texts))


def findings(texts: list[str], config: LanguageConfig) -> dict[str, list[bool]]:
    return {found.code: found.rows.tolist() for found in language_findings(config)(measure(texts, config))}


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["label"])
def test_labelled_text_gets_its_language(case: dict[str, Any]) -> None:
    row = measure([case["text"]]).to_pylist()[0]
    assert row["language"] == case["expect"]
    if case["segments"]:
        assert [segment["language"] for segment in row["segments"]] == case["segments"]


LINES = st.lists(
    st.sampled_from([SWEDISH, ENGLISH, DANISH, "", "1998 12", "ÅÄÖ", "日本語です", "𝔊😀", " "]), max_size=8
)


@given(LINES.map("\n".join))
def test_segments_cover_the_text_in_order_without_overlap(text: str) -> None:
    row = measure([text]).to_pylist()[0]
    edges = [0, *(segment["end"] for segment in row["segments"])]
    assert [segment["start"] for segment in row["segments"]] == edges[:-1]
    assert edges[-1] == (len(text) if text.strip(" \n") else 0)
    if row["language"] != "unknown":
        assert row["language"] in {segment["language"] for segment in row["segments"]}
        assert 0 < row["language_confidence"] <= 1
        assert 0 <= row["target_share"] <= 1
    else:
        assert row["language_confidence"] == 0


@given(st.lists(LINES.map("\n".join), max_size=5))
def test_a_batch_gives_what_single_texts_give(texts: list[str]) -> None:
    together = measure(texts).drop_columns(["doc_id"])
    for i, text in enumerate(texts):
        alone = measure([text]).drop_columns(["doc_id"])
        assert repr(together.slice(i, 1).to_pylist()) == repr(alone.to_pylist())


def test_a_segment_slices_to_its_paragraphs() -> None:
    text = f"{SWEDISH}\n\n{ENGLISH}\n\n{SWEDISH}"
    segments = measure([text])["segments"][0].as_py()
    assert [text[s["start"] : s["end"]].strip() for s in segments] == [SWEDISH, ENGLISH, SWEDISH]


def test_scores_are_those_of_py3langid() -> None:
    """Same label among the same languages, and log-probabilities within the rounding of the stored weights, where the words of
    near relatives are not asked."""
    from py3langid.langid import LanguageIdentifier

    languages = LanguageConfig().candidates
    library = LanguageIdentifier.from_model_file("data/model.npz.xz")
    library.set_languages([MODEL_CODES[code] for code in languages])
    texts = [
        SWEDISH,
        ENGLISH,
        DANISH,
        SWEDISH.upper(),
        "Ö 3×4 ÄR",
        " ".join([SWEDISH] * 40),
        *(c["text"] for c in cases() if "\n" not in c["text"]),
    ]
    identify = importlib.import_module("pipeline.kernels.language_id").identify
    for text in filter(None, texts):
        data = np.frombuffer(text.encode(), np.uint8)
        model = load_model(languages)
        unsettled = model.kin._replace(doubt=0.0)
        _, scores, _, _ = identify(
            (np.array([0, len(data)], np.int64), data), model.arrays, unsettled, (12.0, 25.0)
        )
        wanted = dict(library.rank(text))
        for code, score in zip(languages, scores[0].tolist(), strict=True):
            assert score == pytest.approx(wanted[MODEL_CODES[code]], rel=2e-4, abs=0.05)
        if any(character.isalpha() for character in text):
            assert MODEL_CODES[languages[int(scores[0].argmax())]] == library.classify(text)[0]


def test_foreign_documents_are_dropped_and_mixed_ones_kept_for_cutting() -> None:
    texts = [
        SWEDISH,
        ENGLISH,
        "\n".join([SWEDISH] * 3 + [ENGLISH]),
        "\n".join([ENGLISH] * 3 + [SWEDISH]),
        "Skog",
    ]
    found = findings(texts, LanguageConfig())
    assert found["language.foreign"] == [False, True, False, True, False]
    assert found["language.unknown"] == [False, False, False, False, True]
    assert "language.mixed" not in found
    flagged = findings(texts, LanguageConfig(foreign="flag"))
    assert flagged["language.mixed"] == [False, False, True, False, False]


def test_several_target_languages_are_all_kept() -> None:
    found = findings([SWEDISH, ENGLISH, DANISH], LanguageConfig(target=("sv", "en")))
    assert found["language.foreign"] == [False, False, True]


def test_a_contradiction_of_langdetect_is_flagged(monkeypatch: pytest.MonkeyPatch) -> None:
    second = importlib.import_module("pipeline.stages.second_opinion")
    monkeypatch.setattr(second, "second_opinion", lambda text: "da")
    config = LanguageConfig(sample=1.0)
    assert findings([SWEDISH, DANISH], config)["language.doubtful"] == [True, False]


def test_documents_that_are_not_asked_about_have_no_answer() -> None:
    answers = measure([SWEDISH, ENGLISH], LanguageConfig(sample=0.0, doubt_margin=0.0))[
        "language_disagreement"
    ]
    assert np.isnan(answers.to_numpy()).all()


def test_langdetect_answers_alike_in_any_process_and_after_any_history() -> None:
    texts = [SWEDISH, ENGLISH, DANISH, "Hej hopp", "alt for Norge"]
    here = [second_opinion(text) for text in texts]
    assert [second_opinion(text) for text in reversed(texts)] == here[::-1]
    code = (
        "import json, sys\nfrom pipeline.stages.second_opinion import second_opinion\n"
        "print(json.dumps([second_opinion(text) for text in json.loads(sys.stdin.read())]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(texts[::-1]), capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2], env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )  # fmt: skip
    assert json.loads(run.stdout) == here[::-1]


def test_langdetect_knows_bokmaal_and_no_nynorsk() -> None:
    assert {"sv", "da", "nb", "en"} <= known_languages()
    assert "nn" not in known_languages()
    assert second_opinion("12 345") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": ("no",)}, "language.target"),
        ({"target": ()}, "language.target"),
        ({"target": ("ga",)}, "language.candidates"),
        ({"min_target_share": 1.5}, "language.min_target_share"),
        ({"price": -1.0}, "language.price"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LanguageConfig(**change)


def test_a_sliced_table_is_read_at_its_own_rows() -> None:
    out = run_measure(Language(), table([ENGLISH, SWEDISH, DANISH]).slice(1))
    assert out["language"].to_pylist() == ["sv", "da"]


def test_an_empty_table_stays_one() -> None:
    assert measure([]).num_rows == 0


def test_labelled_sentences_and_mixed_documents(
    shared_data: Path, scorers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(scorers))
    score_lid, score_mixed = importlib.import_module("score_lid"), importlib.import_module("score_mixed")

    def rows(name: str) -> list[dict[str, Any]]:
        lines = (shared_data / "lid" / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line]

    def got(name: str) -> list[dict[str, Any]]:
        gold = rows(name)
        out = measure([row["text"] for row in gold], LanguageConfig(sample=0.0, doubt_margin=0.0)).to_pylist()
        return [{**row, "id": wanted["id"]} for row, wanted in zip(out, gold, strict=True)]

    sentences = score_lid.score(str(shared_data), got("sentences"), sets="sentences")["sentences"]
    assert sentences["macro_sv_da_nb_nn"] >= 0.965
    assert sentences["macro_norwegian"] >= 0.99
    assert sentences["sv_precision"] >= 0.998
    assert sentences["sv_recall"] >= 0.996
    mixed = score_mixed.score(str(shared_data), got("mixed_docs"))
    assert mixed["char_accuracy"] >= 0.999


def test_addresses_tags_and_code_between_swedish_lines_are_not_english() -> None:
    badge = '<p><a href="https://example.org/latest/releases"><img alt="" src="https://example.org/the-build-status.svg"></a></p>'
    row = measure(
        [f"{SWEDISH}\n{badge}\n{badge}\n{SWEDISH}\n`for all of the files do this and that`\n{SWEDISH}"]
    ).to_pylist()[0]
    assert [segment["language"] for segment in row["segments"]] == ["sv"]
    assert row["target_share"] == 1
