"""Profiles and languages: what they keep that the general limits do not, and which limit is in force for a document."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.config import build
from pipeline.errors import ConfigError
from pipeline.stage import run_measure
from pipeline.stages.noise import (
    LIMIT_KEYS,
    Noise,
    NoiseConfig,
    bounds_of,
    for_profile,
    noise_rules,
    own_languages,
)
from pipeline.stages.noise_limits import DEFAULT, PRESETS
from pipeline.stages.noise_profiles import OWN_LANGUAGES, PROFILES

CASES = Path(__file__).resolve().parents[1] / "cases" / "noise"


def cases(name: str) -> list[Any]:
    rows = [json.loads(line) for line in (CASES / name).read_text(encoding="utf-8").splitlines()]
    return [pytest.param(row, id=row["label"]) for row in rows]


def actions(text: str, config: NoiseConfig, language: str = "sv") -> set[str]:
    columns = {"doc_id": ["1"], "text": pa.array([text], pa.large_string()), "language": [language]}
    measured = run_measure(Noise(config), pa.table(columns))
    return {found.action for rule in noise_rules(config) for found in rule(measured) if found.rows.any()}


@pytest.mark.parametrize("row", cases("must_keep_profiles.jsonl"))
def test_good_text_of_a_domain_is_not_dropped_by_its_profile(row: dict[str, Any]) -> None:
    config = NoiseConfig(profile=row["profile"])
    assert "drop" not in actions(row["text"], config, row["language"])


@pytest.mark.parametrize("row", cases("must_drop_profiles.jsonl"))
def test_noise_is_dropped_by_every_profile_or_by_that_of_its_kind(row: dict[str, Any]) -> None:
    wanted = [row["profile"]] if "profile" in row else list(PROFILES)
    assert [name for name in wanted if "drop" not in actions(row["text"], NoiseConfig(profile=name))] == []


@pytest.mark.parametrize("name", list(PROFILES))
def test_every_profile_keeps_what_the_general_limits_keep(name: Any) -> None:
    rows = [json.loads(line) for line in (CASES / "must_keep.jsonl").read_text(encoding="utf-8").splitlines()]
    config = NoiseConfig(profile=name)
    assert [row["label"] for row in rows if "drop" in actions(row["text"], config)] == []


def test_finnish_has_limits_of_its_own_and_swedish_has_not() -> None:
    config = NoiseConfig()
    assert bounds_of(config, "fi")["min_stop_word_share"].value < DEFAULT["min_stop_word_share"].value
    assert bounds_of(config) == bounds_of(config, "sv") == bounds_of(config, "") == _ordered(DEFAULT)


def _ordered(bounds: Any) -> dict[str, Any]:
    return {key: bounds[key] for key in LIMIT_KEYS if key in bounds}


def test_a_limit_that_is_set_holds_for_every_language_and_profile() -> None:
    config = NoiseConfig(profile="legal", min_stop_word_share=0.2, off=("max_top_word",))
    assert {bounds_of(config, code)["min_stop_word_share"].value for code in ("sv", "fi", "")} == {0.2}
    assert "max_top_word" not in bounds_of(config)
    rule = next(rule for rule in noise_rules(config) if rule.measure == "stop_word_share")
    assert rule.limits("sv").low == rule.limits("fi").low == 0.2


def test_where_profile_and_language_both_change_a_limit_the_wider_holds() -> None:
    key = "max_noise_score"
    for name, changes in PROFILES.items():
        if key in changes:
            mine = {changes[key].bound.value, OWN_LANGUAGES["fi"][key].bound.value}
            assert bounds_of(NoiseConfig(profile=name), "fi")[key].value == max(mine)


def test_fineweb2_has_a_column_for_each_language_and_medians_for_the_rest() -> None:
    config = NoiseConfig(preset="fineweb2")
    assert own_languages(config) == ("sv", "da", "nb", "nn", "fi", "is", "de", "fr")
    key = "min_line_punct"
    wanted = {"sv": 0.2, "da": 0.1, "nb": 0.107, "nn": 0.125, "fi": 0.114, "is": 0.095, "de": 0, "fr": 0.1}
    assert {code: bounds_of(config, code)[key].value for code in own_languages(config)} == wanted
    assert bounds_of(config, "en")[key].value == bounds_of(config, "unknown")[key].value == 0.1
    assert bounds_of(config, "nl") == _ordered(PRESETS["fineweb2"])


def test_a_document_is_judged_by_the_limits_of_its_language() -> None:
    text = "Sääntö koskee metsää.\n" * 2 + "Avaa asetukset ja valitse verkko.\nTallenna muutokset.\n" * 3
    fineweb2 = NoiseConfig(preset="fineweb2", min_words=5)
    rules = {rule.measure: rule for rule in noise_rules(fineweb2)}
    measured = run_measure(
        Noise(), pa.table({"doc_id": ["1", "2"], "text": pa.array([text] * 2, pa.large_string())})
    ).append_column("language", pa.array(["fi", "sv"]))
    out = next(iter(rules["newlines_per_word"](measured)))
    assert measured["newlines_per_word"][0].as_py() > 0.161
    assert out.rows.tolist() == [True, True]
    assert (rules["newlines_per_word"].limits("fi").high, rules["newlines_per_word"].limits("sv").high) == (
        0.161,
        0.135,
    )


def test_published_presets_have_no_near_zone() -> None:
    for preset in ("gopher", "c4", "fineweb", "fineweb2"):
        config = NoiseConfig(preset=preset)  # type: ignore[arg-type]
        for language in ("", *own_languages(config)):
            assert all(bound.near == 0 for bound in bounds_of(config, language).values())


def test_a_profile_changes_only_limits_that_exist_and_says_why() -> None:
    for changes in (*PROFILES.values(), *OWN_LANGUAGES.values()):
        assert set(changes) <= set(LIMIT_KEYS)
        assert all(len(change.why) > 20 for change in changes.values())


def test_a_source_may_have_a_profile_beside_a_published_preset() -> None:
    web = NoiseConfig(preset="fineweb2", min_words=30)
    legal = for_profile(web, "legal")
    assert (legal.preset, legal.profile, legal.min_words) == ("default", "legal", 30)
    assert for_profile(web, None) is web


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"profile": "law"}, "noise.profile = 'law' is not allowed; allowed: 'general', 'web', 'legal'"),
        (
            {"profile": "legal", "preset": "gopher"},
            "noise.profile = 'legal' changes Kvarn's own limits, and noise.preset = 'gopher'",
        ),
    ],
)
def test_a_profile_that_cannot_hold_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(NoiseConfig, values, "noise", "kvarn.toml")
