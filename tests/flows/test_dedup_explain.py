"""`kvarn dedup --explain ID`: who is alike, what differs, and what is said where nobody is."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_store import DirectPool, article
from typer.testing import CliRunner

from flows import cli
from flows.commands import dedup, dedup_explain, inputs
from flows.commands.dedup_explain import MARKS, PLACES, explain, shown
from flows.settings import Settings
from pipeline.errors import KvarnError, UsageError
from pipeline.quality.word_diff import DELETE, EQUAL, INSERT, word_diff
from pipeline.schema import PAIRS

Say = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def pool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DirectPool:
    """Stands for the workers; and no kvarn.toml is found above the working folder."""
    made = DirectPool()
    monkeypatch.setattr(inputs, "open_reading_pool", lambda workers: nullcontext(made))
    monkeypatch.chdir(tmp_path)
    return made


def written(folder: Path, texts: dict[str, str]) -> Path:
    path = folder / "in.jsonl"
    rows = [json.dumps({"id": name, "text": text}, ensure_ascii=False) for name, text in texts.items()]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """One text with a copy, one with a changed word and one without its final sign; and one that is like none."""
    text = article(1)
    texts = {
        "a": text,
        "b": text.replace("grannar", "bönder"),
        "c": text,
        "d": text.strip().removesuffix("."),
        "z": article(8),
    }
    return written(tmp_path, texts)


def explained(source: Path, record: str, capsys: Say, out: Path | None = None) -> Any:
    dedup.run(source, out, 0.5, None, as_json=True, record=record)
    return json.loads(capsys.readouterr().out)


def said(source: Path, record: str, capsys: Say) -> str:
    dedup.run(source, None, 0.5, None, as_json=False, record=record)
    return capsys.readouterr().out


def test_partners_come_nearest_first_with_their_diff(source: Path, tmp_path: Path, capsys: Say) -> None:
    facts = explained(source, "a", capsys, tmp_path / "pairs.parquet")
    told = facts["explain"]
    assert (told["id"], told["more"], told["cluster_records"]) == ("a", 0, 4)
    assert [(item["id"], item["jaccard"] == 1) for item in told["partners"]] == [
        ("c", True),
        ("d", True),
        ("b", False),
    ]
    assert [part["op"] for part in told["partners"][0]["diff"]] == [EQUAL]
    diff = told["partners"][2]["diff"]
    changes = [(part["op"], part["text"]) for part in diff if part["op"] != EQUAL]
    assert changes == [(DELETE, "grannar"), (INSERT, "bönder")]
    assert "".join(part["text"] for part in diff if part["op"] != INSERT) == article(1)
    assert pq.read_table(tmp_path / "pairs.parquet").num_rows == facts["pairs"] == 6


def test_the_explained_record_is_the_first_text_of_each_diff(source: Path, capsys: Say) -> None:
    partners = explained(source, "b", capsys)["explain"]["partners"]
    assert [item["id"] for item in partners] == ["a", "c", "d"]
    assert [part["text"] for part in partners[0]["diff"] if part["op"] == DELETE] == ["bönder"]


def test_people_see_the_words_around_each_change(source: Path, capsys: Say) -> None:
    lines = said(source, "a", capsys).splitlines()
    head = lines.index("a: 3 partner(s), in a cluster of 4 records; [-only in it-] {+only in the partner+}")
    assert lines[head + 2 : head + 4] == ["c, Jaccard 1.000", "  the two texts are equal"]
    (change,) = [line for line in lines if "bönder" in line]
    assert change == "  … virke steg, och flera [-grannar-]{+bönder+} delar på maskinerna. Efter …"
    assert "  … för torr under sommaren[-. -]" in lines
    assert not any("written" in line for line in lines)


@pytest.mark.parametrize(
    ("terminal", "no_color", "term", "colour"),
    [
        (True, "", "xterm", True),
        (True, "1", "xterm", False),
        (True, "", "dumb", False),
        (False, "", "xterm", False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    source: Path, capsys: Say, monkeypatch: pytest.MonkeyPatch, terminal: bool, no_color: str, term: str, colour: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", term)
    told = said(source, "a", capsys)
    assert ("\x1b[31;9mgrannar\x1b[0m\x1b[32;4mbönder\x1b[0m" in told) == colour
    assert ("[-grannar-]{+bönder+}" in told) != colour


def test_texts_and_ids_cannot_steer_the_terminal(tmp_path: Path, capsys: Say) -> None:
    text = article(3)
    source = written(
        tmp_path, {"a\x1b[2J": text + "slut\x1b]0;x\x07", "b\nc": text + "\N{RIGHT-TO-LEFT OVERRIDE}klart"}
    )
    told = said(source, "b\nc", capsys)
    assert set(told) & {"\x1b", "\x07", "\u202e"} == set()
    assert "b\\nc: 1 partner(s)" in told
    assert "a\\x1b[2J, Jaccard" in told
    assert "{+slut\\x1b]0;x\\x07+}" in told


def test_an_id_may_be_given_as_it_is_shown(tmp_path: Path, capsys: Say) -> None:
    source = written(tmp_path, {"a\nb": article(3), "c": article(3), "d\te\x07": article(8)})
    assert explained(source, "a\\nb", capsys)["explain"]["partners"][0]["id"] == "c"
    assert explained(source, "d e\\x07", capsys)["explain"]["id"] == "d\te\x07"


def test_a_record_without_partners_is_said_to_have_none(source: Path, capsys: Say) -> None:
    assert explained(source, "z", capsys)["explain"] == {
        "id": "z",
        "partners": [],
        "more": 0,
        "cluster_records": 1,
    }
    assert "z: no verified partner at this threshold\n" in said(source, "z", capsys)


def test_an_unknown_id_is_named_with_those_near_it(tmp_path: Path, source: Path) -> None:
    with pytest.raises(
        UsageError, match=r"in\.jsonl: no record has the id 'å'; its 5 ids are other, such as 'a'"
    ):
        dedup.run(source, None, None, None, as_json=False, record="å")
    names = {f"brev/{name}.txt": article(at) for at, name in enumerate(["kopia", "kopia-2", "annat"])}
    source = written(tmp_path, names)
    with pytest.raises(UsageError, match=r"near it: 'brev/kopia\.txt'$"):
        dedup.run(source, None, None, None, as_json=False, record="kopia.txt")
    with pytest.raises(UsageError, match=r"near it: 'brev/kopia\.txt', 'brev/kopia-2\.txt'"):
        dedup.run(source, None, None, None, as_json=False, record="brev/kopja.txt")


def test_the_pairs_of_an_unknown_id_are_written_all_the_same(source: Path, tmp_path: Path) -> None:
    """They took the time, and do not depend on the id."""
    with pytest.raises(UsageError, match="no record has the id 'nobody'"):
        dedup.run(source, tmp_path / "pairs.parquet", 0.5, None, as_json=False, record="nobody")
    assert pq.read_table(tmp_path / "pairs.parquet").num_rows == 6


def test_a_record_that_could_not_be_read_is_said_to_be_that(tmp_path: Path) -> None:
    source = written(tmp_path, {"a": article(1)})
    source.write_text(source.read_text() + "{\n")
    with pytest.raises(UsageError, match=r"record 'in\.jsonl#1' could not be read \(read\.corrupt_json\)"):
        dedup.run(source, None, None, None, as_json=False, record="in.jsonl#1")


def test_of_many_partners_the_nearest_are_shown(tmp_path: Path, capsys: Say) -> None:
    base = [f"ord{n}" for n in range(100)]
    texts = {"mitt": " ".join(base)}
    for n in range(14):
        texts[f"p{n:02d}"] = " ".join([*(f"nytt{n}-{k}" for k in range(n)), *base[n:]])
    told = explained(written(tmp_path, texts), "mitt", capsys)["explain"]
    assert [item["id"] for item in told["partners"]] == [f"p{n:02d}" for n in range(10)]
    assert (told["more"], told["cluster_records"]) == (4, 15)
    assert "and 4 more partner(s)" in said(tmp_path / "in.jsonl", "mitt", capsys)


def test_records_tied_through_others_are_counted(source: Path) -> None:
    ids = {
        "id_a": ["a", "b"],
        "id_b": ["b", "c"],
        "jaccard": [0.9, 0.9],
        "jaccard_content": [None] * 2,
        "cluster": ["a", "a"],
    }
    told = explain(source, Settings(), pa.table(ids, schema=PAIRS), "a")
    assert told.cluster_records == 3
    assert (
        told.lines()[-1]
        == "1 other record(s) of its cluster have no listed pair with it: alike through others, or copies beyond full_bucket"
    )


def test_a_text_that_went_meanwhile_is_named(source: Path) -> None:
    pairs = pa.table(
        {"id_a": ["a"], "id_b": ["borta"], "jaccard": [0.9], "jaccard_content": [None], "cluster": ["a"]},
        schema=PAIRS,
    )
    with pytest.raises(
        KvarnError, match=r"changed while it was compared: 'borta' cannot be read any more; run again"
    ):
        explain(source, Settings(), pairs, "a")


def test_reading_ends_with_the_last_text_that_is_needed(
    tmp_path: Path, pool: DirectPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "abcdefghijklmnopqrstuvxyz":
        (folder / f"{name}.txt").write_text(article(ord(name)))
    parts = inputs.parts
    monkeypatch.setattr(inputs, "parts", lambda source: parts(source, 1))
    pairs = pa.table(
        {
            "id_a": ["a.txt"],
            "id_b": ["b.txt"],
            "jaccard": [0.9],
            "jaccard_content": [None],
            "cluster": ["a.txt"],
        },
        schema=PAIRS,
    )
    told = explain(folder, Settings(), pairs, "a.txt")
    assert [partner.id for partner in told.partners] == ["b.txt"]
    assert len(pool.jobs) < 25


# The rendering alone.


def test_a_long_change_is_cut_and_many_are_counted() -> None:
    (line,) = shown(word_diff("en början", "en " + "lång " * 2_000 + "början"), MARKS)
    assert len(line) < 400
    assert " characters … " in line
    old = " ".join(f"ord{n}" if n % 20 else f"här{n}" for n in range(1_000))
    lines = shown(word_diff(old, old.replace("här", "där")), MARKS)
    assert len(lines) == PLACES + 1
    assert lines[-1] == "and 30 more places; --json has all"


def test_white_space_shows_where_nothing_else_changed() -> None:
    assert shown(word_diff("ett två", "ett\ntvå"), MARKS) == ["ett[- -]{+\\n+}två"]
    assert shown(word_diff("ett\n\ntvå", "ett\n\ntre"), MARKS) == ["ett [-två-]{+tre+}"]


texts = st.lists(st.sampled_from(["skog", "mark", "å\x1b[1m", " ", "\n", ". ", "x" * 700])).map("".join)


@given(texts, texts)
def test_what_is_shown_is_safe_and_short(old: str, new: str) -> None:
    lines = shown(word_diff(old, new), MARKS)
    assert len(lines) <= PLACES + 1
    assert not any(ord(char) < 32 for line in lines for char in line)
    assert (lines == ["the two texts are equal"]) == (old == new)


# The command line.


def test_an_output_may_be_left_out_only_with_a_record(source: Path) -> None:
    done = CliRunner().invoke(cli.app, ["dedup", str(source), "--explain", "a"])
    assert (done.exit_code, "3 partner(s)" in done.stdout) == (0, True), done.output
    with pytest.raises(UsageError, match=r"-o is missing; name a Parquet file .* --explain ID"):
        dedup.run(source, None, None, None, as_json=False)
    with pytest.raises(UsageError, match="-o nowhere/x: is a folder, or its folder does not exist"):
        dedup.run(source, Path("nowhere/x"), None, None, as_json=False, record="a")


def test_near_ids_are_few() -> None:
    names = [f"doc-{n:06d}" for n in range(20_000)]
    assert dedup_explain.near_ids("doc-00012x", names) == [f"doc-00012{n}" for n in range(5)]
    assert len(dedup_explain.near_ids("doc-", names)) == 5
