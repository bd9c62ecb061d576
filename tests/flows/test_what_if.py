"""`kvarn what-if`: what it says to people and programs, what it refuses, and what it starts from."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from in_process import Say, facts
from small_store import World

from flows.commands import measure, what_if
from flows.commands.changes import Change, applied, differences, judging, parse_changes
from flows.commands.what_if import _cell
from flows.settings import Settings
from pipeline.errors import ConfigError, StoreDamaged, UsageError
from pipeline.stages.noise import LIMIT_KEYS, bounds_of


def ask(*sets: str, unsets: tuple[str, ...] = (), file: Path | None = None, number: int | None = None, shown: int = 10,
        out: Path | None = None, as_json: bool = False) -> None:  # fmt: skip
    what_if.run(file, sets, unsets, number, None, None, shown, out, as_json=as_json)


def told(say: Say, *sets: str, **more: Any) -> Any:
    ask(*sets, as_json=True, **more)
    return facts(say)


# The changes of a command line


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("noise.min_words=30", Change("noise", "min_words", 30)),
        (" noise.max_top_word = 0.3", Change("noise", "max_top_word", 0.3)),
        ("noise.min_words=off", Change("noise", "min_words", None)),
        ("noise.preset=fineweb2", Change("noise", "preset", "fineweb2")),
        ('noise.preset="gopher"', Change("noise", "preset", "gopher")),
        ('noise.off=["min_words"]', Change("noise", "off", ["min_words"])),
        ("pii.email=drop", Change("pii", "email", "drop")),
        ("language.foreign=flag", Change("language", "foreign", "flag")),
    ],
)
def test_a_change_is_read_as_toml_and_a_bare_word_is_text(text: str, change: Change) -> None:
    assert parse_changes([text], []) == [change]


def test_a_limit_can_be_switched_off_and_on_again() -> None:
    base = {"noise": {"min_words": 5, "off": ["max_top_word"]}}
    off = applied(base, parse_changes([], ["noise.min_words"]))
    assert "min_words" not in bounds_of(off.noise)
    on = applied(base, parse_changes(["noise.max_top_word=0.3"], []))
    assert bounds_of(on.noise)["max_top_word"].value == 0.3
    assert differences(applied(base, ()), on) == [("noise.max_top_word", None, 0.3)]


@given(st.sampled_from(LIMIT_KEYS), st.floats(0, 1000))
def test_any_limit_set_is_in_force(key: str, value: float) -> None:
    assert bounds_of(applied({}, parse_changes([f"noise.{key}={value!r}"], [])).noise)[key].value == value


@pytest.mark.parametrize(
    ("sets", "unsets", "words"),
    [
        (["min_words=3"], [], "expected SECTION.KEY=VALUE, as in --set noise.min_words=30"),
        ([], ["min_words"], "--unset min_words: expected SECTION.KEY, as in --unset noise.min_words"),
        (["noise.min_words=["], [], "not a TOML value"),
        (["noise.min_wrods=3"], [], "unknown key 'noise.min_wrods'; did you mean 'min_words'"),
        (["noise.min_words=many"], [], "noise.min_words = 'many' is str; allowed"),
        (["noise.min_words=-1"], [], "noise.min_words = -1.0 is not allowed"),
        (["noise.min_words=nan"], [], "noise.min_words = nan is not allowed"),
        (["relevance.buckets=1000"], [], "keys of \\[relevance\\] that judge: min_relevance, below"),
        (['terms.glossary="x.toml"'], [], "keys of \\[terms\\] that judge: wrong"),
        (["terms.min_documents=9"], [], "changes the fate of no document"),
        (["noise.preset=off"], [], "is no limit, so it cannot be off"),
        ([], ["pii.email"], "only limits of \\[noise\\] can be switched off"),
        (["repair.x=1"], [], "run `kvarn refresh`, or `kvarn measure`"),
        (['language.candidates=["sv"]'], [], "keys of \\[language\\] that judge: min_target_share"),
        (["language.nonsense=1"], [], "unknown key 'language.nonsense'"),
        (["duplicates.threshold=0.7"], [], "then `kvarn diff`"),
        (["train.rank=3"], [], "changes the fate of no document"),
        (["nowhere.x=3"], [], "no such section; sections that judge: language, noise, pii"),
        (["pii.person=flag"], [], "what was not looked for is not stored"),
        (["pii.email=off"], [], "what was not looked for is not stored"),
        (["pii.email=hide"], [], "allowed: 'mask', 'flag', 'drop', 'off'"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_what_to_do(
    sets: list[str], unsets: list[str], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        applied({}, parse_changes(sets, unsets))


# A release


def test_counts_reasons_and_examples_of_a_release(world: World, capsys: Say) -> None:
    ask("noise.min_words=120", shown=2)
    out = capsys.readouterr().out
    assert out.startswith(
        "release 1: 20 documents, judged anew from stored measures\n  noise.min_words: 10 → 120\n"
    )
    assert "kept → dropped" in out
    assert "noise.words" in out
    assert "against 120" in out
    assert "    | " in out
    assert "--list N shows more" in out
    assert max(map(len, out.splitlines())) <= 140


def test_the_facts_name_everybody_who_moves(world: World, capsys: Say) -> None:
    said = told(capsys, "noise.min_words=120")
    assert said["moved"] == len(said["movers"]) > 1
    assert said["fates"]["kept"]["before"] - said["fates"]["kept"]["after"] == said["moved"]
    assert said["changes"] == [{"key": "noise.min_words", "before": 10, "after": 120}]
    mover = said["movers"][0]
    assert (mover["was"], mover["now"], mover["reason"]) == ("kept", "dropped", "noise.words")
    assert mover["value"] < mover["limit"] == 120
    assert sum(sum(moves.values()) for moves in said["by"]["source"].values()) == said["moved"]


def test_without_a_change_nobody_moves(world: World, capsys: Say) -> None:
    assert told(capsys)["moved"] == 0
    ask()
    assert "Nobody would move." in capsys.readouterr().out


def test_without_a_change_it_asks_what_kvarn_toml_says_now(world: World, capsys: Say) -> None:
    (world.raw.parent / "kvarn.toml").write_text('[noise]\nmin_words = 120\n[pii]\nperson = "flag"\n')
    said = told(capsys)
    assert [change["key"] for change in said["changes"]] == ["noise.min_words"]
    assert said["moved"] > 0
    assert "pii.person (off → flag). Only `kvarn refresh` can tell" in said["remarks"][0]
    said = told(capsys, "noise.max_top_word=0.9")
    assert said["moved"] == 0
    assert any("differs from release 1 in noise.min_words" in remark for remark in said["remarks"])


def test_what_is_measured_with_is_named_and_stays(world: World, capsys: Say) -> None:
    (world.raw.parent / "o.toml").write_text('[[term]]\nterm = "skog"\n')
    (world.raw.parent / "kvarn.toml").write_text('[terms]\nglossary = "o.toml"\n[noise]\nmin_words = 120\n')
    said = told(capsys)
    assert [change["key"] for change in said["changes"]] == ["noise.min_words"]
    assert "terms.glossary (off → o.toml). Only `kvarn refresh` can tell" in said["remarks"][0]


def test_settings_that_were_measured_with_are_those_of_the_release() -> None:
    settings = applied(judging({"repair": {"ligatures": False}, "read": {}, "noise": {"min_words": 3}}), ())
    assert (settings.repair.ligatures, settings.noise.min_words) == (False, 3)


def test_decisions_made_since_are_said_not_to_be_applied(world: World, capsys: Say) -> None:
    assert told(capsys)["remarks"] == []
    world.store.decisions.write_text(
        '{"content_id": "c", "decision": "drop", "by": "eva", "time": "2026-01-01T10:00:00Z"}\n'
    )
    assert told(capsys)["remarks"] == [
        "people have decided since release 1 was made: those decisions are not applied here"
    ]


def test_personal_data_is_judged_by_what_was_found(world: World, capsys: Say) -> None:
    said = told(capsys, "pii.phone=flag")
    assert [
        (mover["record_id"], mover["now"], mover["measure"], mover["value"]) for mover in said["movers"]
    ] == [("brev/medlem.txt", "flagged", "pii_phone", 1)]


def test_an_excerpt_is_of_the_text_that_is_published(world: World, capsys: Say) -> None:
    ask("pii.phone=flag")
    out = capsys.readouterr().out
    assert "brev/medlem.txt: kept → flagged, pii.phone 1 against 0" in out
    assert "070-1740605" not in out


def test_a_release_that_is_damaged_is_said(world: World) -> None:
    (world.store.releases / "000001" / "measures.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreDamaged, match=r"measures\.parquet"):
        ask("noise.min_words=120")


def test_a_damaged_text_is_not_shown(world: World) -> None:
    path = next((world.store.releases / "000001" / "data").glob("train-*"))
    table = pq.read_table(path)
    pq.write_table(table, path)
    with pytest.raises(StoreDamaged, match="sha256 is"):
        ask("noise.min_words=200")


def test_no_release_is_no_answer(world: World, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no release yet"):
        what_if.run(None, ["noise.min_words=120"], [], None, None, tmp_path / "new", 0, None, as_json=False)
    with pytest.raises(UsageError, match="no release 7; there are: 1"):
        ask("noise.min_words=120", number=7)


# All that move, as a file


def test_all_that_move_are_written(world: World, tmp_path: Path, capsys: Say) -> None:
    ask("noise.min_words=120", out=tmp_path / "m.parquet")
    table = pq.read_table(tmp_path / "m.parquet")
    ask("noise.min_words=120", out=tmp_path / "m.csv")
    assert f"written: {tmp_path / 'm.csv'} ({table.num_rows:,} rows)" in capsys.readouterr().out
    with (tmp_path / "m.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["doc_id"] for row in rows] == table["doc_id"].to_pylist()
    assert {row["reason"] for row in rows} == {"noise.words"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert _cell(text) == f"'{text}"
    assert _cell([text]) == f"'{text}"


def test_plain_cells_stay_as_they_are() -> None:
    assert [_cell(value) for value in ("brev/a.txt", ["a", "b"], 0.1234567, None)] == [
        "brev/a.txt",
        "a; b",
        "0.123457",
        None,
    ]


def test_the_output_must_be_csv_or_parquet(world: World, tmp_path: Path) -> None:
    for bad in (tmp_path / "m.xlsx", tmp_path / "none" / "m.csv"):
        with pytest.raises(UsageError, match=r"ends in .csv or .parquet"):
            ask("noise.min_words=120", out=bad)


# A measured file


@pytest.fixture
def measured(world: World, monkeypatch: pytest.MonkeyPatch, capsys: Say) -> Path:
    """raw/brev as `kvarn measure` writes it."""
    from contextlib import nullcontext

    from small_store import DirectPool

    monkeypatch.setattr(measure, "open_pool", lambda workers: nullcontext(DirectPool()))
    out = world.raw.parent / "m.parquet"
    measure.run(world.raw / "brev", out, None, 1, as_json=True)
    capsys.readouterr()
    return out


def test_a_measured_file_is_asked_as_a_release_is(measured: Path, capsys: Say) -> None:
    assert told(capsys, file=measured)["moved"] == 0
    said = told(capsys, "noise.min_words=200", "pii.phone=drop", file=measured)
    assert said["judged_otherwise_by_this_version"] == 0
    assert {mover["record_id"] for mover in said["movers"]} >= {"b-0", "kopia.txt", "medlem.txt"}
    ask("noise.min_words=200", file=measured, shown=1)
    assert "    | " in capsys.readouterr().out


def test_without_a_change_a_file_is_held_against_kvarn_toml(
    measured: Path, world: World, capsys: Say
) -> None:
    (world.raw.parent / "kvarn.toml").write_text("[noise]\nmin_words = 200\n")
    assert told(capsys, file=measured)["moved"] > 0
    # With a change it starts from kvarn.toml, and says that the file was made with other limits.
    said = told(capsys, "noise.min_words=201", file=measured)
    assert said["judged_otherwise_by_this_version"] > 0


def test_a_file_without_records_or_with_a_measure_less_is_refused(measured: Path) -> None:
    table = pq.read_table(measured)
    pq.write_table(table.slice(0, 0), measured)
    with pytest.raises(UsageError, match="holds no records"):
        ask("noise.min_words=3", file=measured)
    pq.write_table(table.drop_columns(["wrong_terms"]), measured)
    with pytest.raises(UsageError, match="no wrong_terms is stored"):
        ask("noise.min_words=3", file=measured)


def test_a_file_and_a_release_are_not_asked_at_once(measured: Path) -> None:
    with pytest.raises(UsageError, match="ask about one of them"):
        ask("noise.min_words=3", file=measured, number=1)


def test_errors_of_values_name_the_option(world: World) -> None:
    with pytest.raises(ConfigError, match=r"^--set: noise\.min_words = True is bool"):
        ask("noise.min_words=true")


def test_the_facts_are_json(world: World, capsys: Say) -> None:
    ask("noise.min_words=120", as_json=True)
    assert json.loads(capsys.readouterr().out)["of"] == "release 1"


def test_settings_of_the_defaults_judge_every_source() -> None:
    assert what_if.settings_of(Settings())("any") == Settings().judge
