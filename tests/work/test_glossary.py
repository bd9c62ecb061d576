"""Glossary files: TOML and CSV say the same, and what is wrong is named with file, entry and key."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.stages.glossary import Entry
from pipeline.work.glossary import read_glossary

ROOT = Path(__file__).resolve().parents[2]
TOML = """
[[term]]
term = "slutavverkning"
avoid = ["kalhuggning", "slutfällning"]
definition = "Den  sista\\navverkningen."

[[term]]
term = "bok"
inflections = ["boken", "bokar"]
compounds = false
"""
CSV = """term;avoid;definition;inflections;compounds
slutavverkning;kalhuggning|slutfällning;Den sista avverkningen.;;
bok;;;boken | bokar;nej
"""
ENTRIES = (
    Entry("slutavverkning", ("kalhuggning", "slutfällning"), "Den sista avverkningen."),
    Entry("bok", (), "", ("boken", "bokar"), compounds=False),
)


def written(folder: Path, text: str, name: str = "ordlista.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_toml_and_csv_say_the_same(tmp_path: Path) -> None:
    assert read_glossary(written(tmp_path, TOML)).entries == ENTRIES
    assert read_glossary(written(tmp_path, CSV, "a.csv")).entries == ENTRIES
    assert read_glossary(written(tmp_path, f"\ufeff{CSV}".replace(";", ","), "b.csv")).entries == ENTRIES


def test_definitions_do_not_change_what_is_measured(tmp_path: Path) -> None:
    one = read_glossary(written(tmp_path, TOML))
    other = read_glossary(written(tmp_path, TOML.replace("sista", "allra sista")))
    assert one != other
    assert one.fingerprint == other.fingerprint
    assert (
        one.fingerprint
        != read_glossary(written(tmp_path, TOML.replace("slutfällning", "fällning"))).fingerprint
    )


def test_the_glossary_of_the_sample_is_whole() -> None:
    entries = read_glossary(ROOT / "docs" / "ordlista.toml").entries
    assert 40 <= len(entries) <= 60
    assert all(entry.definition.endswith(".") for entry in entries)


TERM = '[[term]]\nterm = "a"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no terms"),
        ("x = 1\n", "unknown key 'x'"),
        ('[term]\nterm = "a"\n', "double brackets"),
        ("[[term]]\n", "entry 1: the key 'term' is missing"),
        (TERM + 'avod = ["b"]\n', "entry 1: unknown key 'avod'. Did you mean 'avoid'?"),
        (TERM + 'avoid = "b"\n', "term 'a', key 'avoid': 'b' is not allowed"),
        (TERM + 'avoid = ["b", "b"]\n', "key 'avoid': 'b' stands twice"),
        (TERM + "definition = 3\n", "key 'definition': 3 is int"),
        (TERM + 'compounds = "no"\n', "key 'compounds': 'no' is not allowed"),
        (TERM + TERM.replace('"a"', '"A"'), "term 'A' stands twice"),
        (TERM + 'avoid = ["A"]\n', "key 'avoid': 'A' is itself a term"),
        (TERM + 'avoid = ["b"]\n[[term]]\nterm = "b"\n', "term 'a', key 'avoid': 'b' is itself a term"),
        (TERM + 'avoid = ["b"]\n[[term]]\nterm = "c"\navoid = ["B"]\n', "'B' is avoided for 'a' as well"),
        (TERM + 'inflections = ["b"]\navoid = ["b"]\n', "stands in `inflections` of the same term"),
        (TERM + 'avoid = ["--"]\n', "holds no letter or digit"),
        ('[[term]]\nterm = "skog"\navoid = ["skogen"]\n', "'skogen' is a form of the term 'skog' too"),
        (
            '[[term]]\nterm = "enskild väg"\navoid = ["enskilda vägar"]\n',
            "is a form of the term 'enskild väg' too",
        ),
        ("[[term]\n", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_glossary(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("term,note\na,b\n", "line 2: unknown key 'note'"),
        ("term,avoid\na,b,c\n", "line 2: 'c' stands in no column"),
        ("term,compounds\na,maybe\n", "key 'compounds': 'maybe'"),
        ("term,avoid\n,b\n", "line 2: the key 'term' is missing"),
        ("term,avoid,avoid\na,b,c\n", "line 1: column 'avoid' stands twice"),
        ("term\n", "holds no terms; write a column 'term'"),
        ('term,avoid\na,"b\n', "line 2: not CSV"),
    ],
)
def test_what_is_wrong_with_a_csv_is_named_by_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_glossary(written(tmp_path, text, "a.csv"))


def test_files_as_windows_and_spreadsheets_leave_them(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("\ufeff" + TERM, encoding="utf-8")
    assert read_glossary(tmp_path / "a.toml").entries == (Entry("a"),)
    sheet = written(tmp_path, "term;avoid;;\nskog;;;\nväg;gata;;\n", "a.csv")
    assert read_glossary(sheet).entries == (Entry("skog"), Entry("väg", ("gata",)))
    quoted = written(tmp_path, 'term,definition\na,"b; c"\n', "b.csv")
    assert read_glossary(quoted).entries == (Entry("a", (), "b; c"),)


def test_words_are_written_as_repaired_texts_are(tmp_path: Path) -> None:
    path = written(tmp_path, '[[term]]\nterm = "a\u030ak\u00ader"\navoid = ["fa\u0308lt"]\n')
    assert read_glossary(path).entries == (Entry("åker", ("fält",)),)


def test_files_of_other_kinds_and_missing_ones_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_glossary(tmp_path / "a.toml")
    (tmp_path / "c.csv").write_bytes("term\nträd\n".encode("cp1252"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_glossary(tmp_path / "c.csv")
    with pytest.raises(ConfigError, match=r"a \.toml or \.csv file"):
        read_glossary(written(tmp_path, "", "a.xlsx"))
