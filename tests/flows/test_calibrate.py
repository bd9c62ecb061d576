"""`kvarn calibrate`: samples and labels in every form, what it says, and a section that kvarn.toml can hold."""

import json
import tomllib
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from in_process import Say, facts
from small_store import ENGLISH, DirectPool, World, article, write

from flows.commands import calibrate, measure
from flows.commands.calibrate import Labels
from flows.commands.calibrate_words import per_cent
from flows.commands.labels import labels_of_file
from flows.settings import load
from pipeline.config import build
from pipeline.errors import ConfigError, UsageError
from pipeline.stages.noise import NoiseConfig, bounds_of


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring without worker processes."""
    monkeypatch.setattr(measure, "open_pool", lambda workers: nullcontext(DirectPool()))


NOISE = "Den som äger skogen bestämmer själv när arbetet ska göras i område A1.\n" * 30


def record(number: int, text: str, **more: Any) -> str:
    return json.dumps({"id": f"r{number}", "text": text, **more}, ensure_ascii=False)


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve good articles, six lists of numbers, an English text, a copy, an empty record and one without a label."""
    lines = [record(n, article(n), label="good") for n in range(12)]
    lines += [record(20 + n, NOISE.replace("A1", f"B{n}1"), label="bad") for n in range(6)]
    lines += [
        record(30, ENGLISH * 5, label="good"),
        record(31, article(3), label="good"),
        record(32, "", label="good"),
    ]
    lines += [record(33, article(90))]
    path = tmp_path_factory.mktemp("sample") / "sample.jsonl"
    write(path, "\n".join(lines) + "\n")
    return path


def run(source: Path, labels: Labels | None = None, cost: float = 0.01, sets: Sequence[str] = (), out: Path | None = None,
        *, every: bool = False, as_json: bool = False) -> None:  # fmt: skip
    calibrate.run(source, labels or Labels(), cost, sets, out, None, 1, every=every, as_json=as_json)


def told(say: Say, source: Path, labels: Labels | None = None, **more: Any) -> Any:
    run(source, labels, as_json=True, **more)
    return facts(say)


def test_labels_of_a_field_are_read_and_what_is_left_out_is_counted(
    world: World, labelled: Path, capsys: Say
) -> None:
    said = told(capsys, labelled)
    assert (said["good"], said["bad"], said["labels"]) == (13, 6, "field label")
    assert said["left_out"] == {"unreadable or empty": 1, "without a label": 1, "copies": 1}
    assert (said["language"]["lost"]["hits"], said["language"]["lost_by_language"]) == (1, {"en": 1})
    assert said["now"]["lost"]["of"] == 12
    assert said["now"]["lost"]["hits"] == 0


def test_people_read_counts_with_intervals(world: World, labelled: Path, capsys: Say) -> None:
    run(labelled)
    out = capsys.readouterr().out
    assert (
        "13 good and 6 bad documents (field label); left out: 1 unreadable or empty, 1 without a label, 1 copies"
        in out
    )
    assert "1 of 13 (7.7 %, 0.19 to 36)" in out
    assert "they are en 1; if they are wanted, add their languages to [language] target" in out
    assert "0 of 12 (0 %, 0 to 26)" in out
    assert "about 200 good documents in all" in out
    assert "--all lists them" in out
    run(labelled, every=True)
    every = capsys.readouterr().out
    assert all(key in every for key in bounds_of(NoiseConfig()))


def test_a_measured_file_says_the_same_as_what_it_was_measured_from(
    world: World, labelled: Path, capsys: Say
) -> None:
    out = world.raw.parent / "m.parquet"
    measure.run(labelled, out, None, 1, as_json=True)
    capsys.readouterr()
    assert told(capsys, out) == told(capsys, labelled)


def test_without_labels_everything_is_taken_as_good(world: World, capsys: Say) -> None:
    said = told(capsys, world.raw / "blad")
    assert (said["good"], said["bad"], said["labels"]) == (12, 0, "no labels: all taken as good")
    run(world.raw / "blad", sets=["noise.min_words=200"])
    out = capsys.readouterr().out
    assert "12 of 12 (100 %, 74 to 100)" in out
    assert "takes 299" in out
    assert "bad found" not in out


def test_trusted_wins_over_a_field(world: World, labelled: Path, capsys: Say) -> None:
    assert told(capsys, labelled, Labels(trusted=True))["bad"] == 0


def test_limits_are_loosened_to_fit_a_trusted_sample_and_the_section_loads(
    world: World, tmp_path: Path, capsys: Say
) -> None:
    path, out = tmp_path / "many.jsonl", tmp_path / "limits.toml"
    write(path, "\n".join(record(n, article(n)) for n in range(320)) + "\n")
    run(path, sets=["noise.min_words=200", "noise.max_top_word=off", "noise.max_digit_share=0.5"], out=out)
    printed = capsys.readouterr().out
    assert "Proposed, so that all limits together lose at most 1 % of this sample" in printed
    section = tomllib.loads(out.read_text(encoding="utf-8"))["noise"]
    config = build(NoiseConfig, section, "noise", str(out))
    bounds = bounds_of(config)
    assert bounds["min_words"].value <= 108
    assert bounds["max_digit_share"].value == 0.5
    assert "max_top_word" not in bounds
    assert out.read_text(encoding="utf-8").count("good") > 20
    # It holds as the project's own file.
    (world.raw.parent / "kvarn.toml").write_text(out.read_text(encoding="utf-8"), encoding="utf-8")
    assert bounds_of(load(world.raw.parent / "kvarn.toml").settings.noise) == bounds
    said = told(capsys, path)
    assert said["proposals"] == []
    assert said["now"]["lost"]["hits"] == 0


def test_the_section_of_the_defaults_is_the_defaults(world: World, labelled: Path, tmp_path: Path) -> None:
    out = tmp_path / "limits.toml"
    run(labelled, out=out)
    section = tomllib.loads(out.read_text(encoding="utf-8")).get("noise", {})
    assert build(NoiseConfig, section, "noise", str(out)) == NoiseConfig()
    assert max(map(len, out.read_text(encoding="utf-8").splitlines())) <= 130


def test_the_section_keeps_what_kvarn_toml_sets(world: World, labelled: Path, tmp_path: Path) -> None:
    (world.raw.parent / "kvarn.toml").write_text('[noise]\nmin_words = 12\noff = ["max_url_share"]\n')
    out = tmp_path / "limits.toml"
    run(labelled, out=out)
    section = tomllib.loads(out.read_text(encoding="utf-8"))["noise"]
    assert section == {"min_words": 12, "off": ["max_url_share"]}


# Labels


RECORDS = [
    {"record_id": "a", "content_id": "c1"},
    {"record_id": "b", "content_id": "c2"},
    {"record_id": "c", "content_id": "c3"},
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.jsonl", '{"record_id": "a", "label": "good"}\n\n{"id": "b", "label": "BAD"}\n'),
        ("l.csv", "record_id,label\na,bra\nb,dålig\n"),
        ("l.csv", "id;label;note\na;1;\nb;0;x\n"),
        ("l.tsv", "\N{ZERO WIDTH NO-BREAK SPACE}record_id\tlabel\na\tkeep\nb\tdrop\nc\t\n"),
        ("d.jsonl", '{"content_id": "c1", "decision": "drop"}\n{"content_id": "c1", "decision": "keep"}\n'
                    '{"content_id": "c2", "decision": "drop"}\n{"content_id": "c3", "decision": "keep"}\n'
                    '{"content_id": "c3", "decision": "undo"}\n'),
    ],
)  # fmt: skip
def test_labels_come_from_files_of_several_kinds(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert labels_of_file(tmp_path / name, RECORDS)[0] == [True, False, None]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "l.jsonl",
            '{"record_id": "a", "label": "meh"}',
            "line 1: label 'meh' is not known; write good or bad",
        ),
        ("l.jsonl", '{"label": "good"}', "line 1: names no record"),
        ("l.jsonl", "a good", "line 1: not JSON"),
        ("l.jsonl", "[1]", "line 1: is list"),
        ("l.jsonl", '{"id": "x", "label": "good"}', "none of its 1 labels is about a record"),
        ("l.csv", "id,label\na,good\na,bad\n", "line 3: a is labelled good and bad"),
    ],
)
def test_labels_that_cannot_be_used_are_said(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        labels_of_file(tmp_path / name, RECORDS)


def test_a_file_that_is_not_utf8_is_said(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_bytes("id,label\nå,good\n".encode("cp1252"))
    with pytest.raises(UsageError, match=r"l\.csv: not UTF-8"):
        labels_of_file(tmp_path / "l.csv", RECORDS)


def test_a_file_of_labels_is_used(world: World, labelled: Path, tmp_path: Path, capsys: Say) -> None:
    (tmp_path / "l.csv").write_text("id,label\nr0,good\nr20,bad\nx,bad\n", encoding="utf-8")
    said = told(capsys, labelled, Labels(file=tmp_path / "l.csv"))
    assert (said["good"], said["bad"], said["labels"]) == (1, 1, "labels of l.csv")
    assert said["left_out"]["labels about no record"] == 1
    with pytest.raises(UsageError, match="give one of them"):
        run(labelled, Labels(file=tmp_path / "l.csv", trusted=True))


@pytest.mark.parametrize(
    ("lines", "labels", "words"),
    [
        (
            [record(1, article(1), label="sport")],
            Labels(),
            "record r1, field label: label 'sport' is not known",
        ),
        ([record(1, article(1))], Labels(field="quality"), "no record has it"),
        ([record(1, article(1), label="bad")], Labels(), "no record of the sample is good"),
        ([record(1, "", label="good")], Labels(), "no record of the sample could be read"),
        (
            [record(1, ENGLISH * 5, label="good")],
            Labels(),
            r"drops all 1 good documents of the sample \(1 en\)",
        ),
        (
            [record(1, article(1), label="bad"), record(2, article(1), label="good")],
            Labels(),
            "the same text is labelled good and bad",
        ),
    ],
)
def test_samples_that_cannot_be_used_are_said(
    world: World, tmp_path: Path, lines: list[str], labels: Labels, words: str
) -> None:
    write(tmp_path / "s.jsonl", "\n".join(lines) + "\n")
    with pytest.raises(UsageError, match=words):
        run(tmp_path / "s.jsonl", labels)


def test_what_is_asked_must_make_sense(world: World, labelled: Path, tmp_path: Path) -> None:
    for cost in (0.0, 1.0, -1.0):
        with pytest.raises(UsageError, match="--cost"):
            run(labelled, cost=cost)
    with pytest.raises(UsageError, match="name a file in an existing folder"):
        run(labelled, out=tmp_path / "none" / "limits.toml")
    with pytest.raises(ConfigError, match=r"unknown key 'noise\.nothing'"):
        run(labelled, sets=["noise.nothing=1"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no files"):
        run(tmp_path / "empty")


def test_per_cents_have_the_digits_that_they_deserve() -> None:
    assert [per_cent(value) for value in (0, 0.00042, 0.005, 0.01, 0.026, 0.31, 1)] == [
        "0",
        "0.04",
        "0.5",
        "1",
        "2.6",
        "31",
        "100",
    ]
