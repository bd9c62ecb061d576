"""Judging: limits and decisions change fates without a raw file being read again; every item comes out once."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from small_store import World

from pipeline.schema import FATES, KEPT
from pipeline.stage import Rule
from pipeline.stages.decisions import Decision
from pipeline.stages.noise import NoiseConfig
from pipeline.stages.pii import PiiConfig
from pipeline.storage import parquet
from pipeline.work.judge import JUDGED, JUDGED_SCHEMA, JudgeJob, JudgeSettings, judge_shard


@pytest.fixture
def items(world: World) -> Path:
    """The measured items of the source brev."""
    run = world.refresh()
    return next(
        run.measure(shard).folder / "items.parquet" for shard in run.plan.shards if shard.source == "brev"
    )


def judged(
    folder: Path, items: Path, settings: JudgeSettings, decisions: dict[str, Decision] | None = None
) -> pa.Table:
    folder.mkdir()
    marker = judge_shard(JudgeJob(folder, items, settings, decisions or {}))
    table = parquet.read(folder / JUDGED)
    assert marker.files[JUDGED].rows == table.num_rows
    return table


def fates(table: pa.Table) -> dict[str, str]:
    return dict(zip(table["record_id"].to_pylist(), table["fate"].to_pylist(), strict=True))


def test_every_item_has_one_fate_and_the_columns_of_the_hand_over(items: Path, tmp_path: Path) -> None:
    table = judged(tmp_path / "j", items, JudgeSettings())
    assert table.schema.equals(JUDGED_SCHEMA)
    assert table["doc_id"].to_pylist() == parquet.read(items)["doc_id"].to_pylist()
    assert set(fates(table).values()) <= set(FATES)
    assert fates(table)["brev/avbruten.pdf"] == "quarantined"
    assert fates(table)["brev/english.txt"] == "dropped"


def test_a_changed_limit_needs_no_raw_file(world: World, items: Path, tmp_path: Path) -> None:
    before = fates(judged(tmp_path / "a", items, JudgeSettings()))
    for path in (world.raw / "brev").iterdir():
        path.unlink()
    after = fates(judged(tmp_path / "b", items, JudgeSettings(noise=NoiseConfig(min_words=100_000))))
    assert before["brev/medlem.txt"] == KEPT
    assert after["brev/medlem.txt"] == "dropped"


def test_a_source_is_judged_by_its_own_profile_and_another_ones_changes_nothing_of_it() -> None:
    plain = JudgeSettings(noise=NoiseConfig(preset="fineweb2"))
    mixed = replace(plain, profiles={"lagar": "legal", "forum": "dialogue"})
    assert mixed.of("lagar").noise == NoiseConfig(profile="legal")
    assert mixed.of("brev").noise == NoiseConfig(preset="fineweb2")
    assert mixed.of("brev").fingerprint == plain.of("brev").fingerprint
    assert mixed.of("lagar").fingerprint != plain.of("lagar").fingerprint
    codes = {rule.code for rule in mixed.of("forum").judges() if isinstance(rule, Rule)}
    assert "noise.noise_score" in codes
    assert "noise.line_punct" not in codes


def test_a_decision_of_a_person_wins_and_is_named(items: Path, tmp_path: Path) -> None:
    rows = parquet.read(items).to_pylist()
    english = next(row for row in rows if row["record_id"] == "brev/english.txt")
    decision = Decision(english["content_id"], "keep", "eva", "2026-01-01T00:00:00Z")
    table = judged(tmp_path / "j", items, JudgeSettings(), {decision.content_id: decision})
    named = dict(zip(table["record_id"].to_pylist(), table["decision"].to_pylist(), strict=True))
    assert fates(table)["brev/english.txt"] == KEPT
    assert named["brev/english.txt"] == "keep"
    assert [name for name, value in named.items() if value] == ["brev/english.txt"]


def test_personal_data_are_masked_in_what_is_published(items: Path, tmp_path: Path) -> None:
    rows = judged(tmp_path / "j", items, JudgeSettings()).to_pylist()
    member = next(row for row in rows if row["record_id"] == "brev/medlem.txt")
    assert "070-1740605" not in member["published"]
    assert "[TELEFON]" in member["published"]


def test_words_are_those_of_the_text_that_is_published(items: Path, tmp_path: Path) -> None:
    rows = judged(tmp_path / "j", items, JudgeSettings()).to_pylist()
    assert any(row["edits"] for row in rows)
    assert [row["words"] for row in rows] == [len(re.findall(r"\w+", row["published"])) for row in rows]


def test_equal_settings_have_an_equal_fingerprint_and_every_section_counts() -> None:
    one = JudgeSettings()
    others = [
        replace(one, language=replace(one.language, target=("sv", "da"))),
        replace(one, noise=replace(one.noise, min_words=17)),
        replace(one, pii=replace(one.pii, email="drop")),
    ]
    prints = [settings.fingerprint for settings in (one, *others)]
    assert one.fingerprint == JudgeSettings().fingerprint
    assert len(set(prints)) == len(prints)


def test_personal_data_beside_the_text_is_not_handed_over(world: World, tmp_path: Path) -> None:
    line = {
        "text": "En rad om skogen.",
        "från": "Eva Svensson <eva.svensson@example.se>",
        "group": "eva@example.se",
    }
    (world.raw / "brev" / "mejl.jsonl").write_text(json.dumps(line), encoding="utf-8")
    run = world.refresh()
    (shard,) = [shard for shard in run.plan.shards if shard.source == "brev"]
    measured = run.measure(shard).folder / "items.parquet"
    rows = {row["uri"]: row for row in judged(tmp_path / "a", measured, JudgeSettings()).to_pylist()}
    assert rows["mejl.jsonl"]["meta"] == '{"från":"Eva Svensson <[EPOST]>"}'
    assert "eva" not in rows["mejl.jsonl"]["group"]
    flagged = JudgeSettings(pii=PiiConfig(email="flag"))
    rows = {row["uri"]: row for row in judged(tmp_path / "b", measured, flagged).to_pylist()}
    assert "eva.svensson@example.se" in rows["mejl.jsonl"]["meta"]
