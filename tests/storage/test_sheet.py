"""Small tables from spreadsheets: marks, names, lines, and what is refused."""

from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.storage.sheet import read_rows


def rows(path: Path, text: str) -> list[tuple[str, dict[str, str]]]:
    path.write_text(text, encoding="utf-8", newline="")
    return list(read_rows(path, "\t;,", UsageError))


def test_the_head_says_what_parts_cells_and_its_quotes_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert rows(path, 'id,"a; b; c"\r\n1,x\r\n') == [(f"{path}: line 2", {"id": "1", "a; b; c": "x"})]
    assert rows(path, "id\tlabel\n1\tgood, too\n")[0][1] == {"id": "1", "label": "good, too"}
    assert rows(path, "") == rows(path, "id\n") == []


def test_a_cell_may_hold_lines_and_rows_end_where_they_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    text = '\ufeffid,note\n1,"två\nrader\N{LINE SEPARATOR}här"\n\n2,\n'
    assert rows(path, text) == [
        (f"{path}: line 3", {"id": "1", "note": "två\nrader\N{LINE SEPARATOR}här"}),
        (f"{path}: line 5", {"id": "2", "note": ""}),
    ]


def test_columns_without_name_and_cells_are_passed_over(tmp_path: Path) -> None:
    assert rows(tmp_path / "a.csv", "id;;\n1;;\n")[0][1] == {"id": "1"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,id\n1,2\n", "line 1: column 'id' stands twice"),
        ("id,x\n1,2,3\n", "line 2: '3' stands in no column"),
        ('id\n"1\n', "line 2: not CSV"),
        ("id\n" + "x" * 200_000, "line 2: not CSV"),
    ],
)
def test_what_is_wrong_is_named_by_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        rows(tmp_path / "a.csv", text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.csv: cannot be read: No such file"):
        list(read_rows(tmp_path / "a.csv", ",", UsageError))
