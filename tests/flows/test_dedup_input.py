"""What `kvarn dedup` makes of bad input: everything readable is compared, the rest is named, nothing ends in a traceback."""

import gzip
import json
import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from small_store import DirectPool, article

from flows.commands import dedup, inputs
from pipeline.errors import UsageError

Say = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker processes, and no kvarn.toml above the working folder."""
    monkeypatch.setattr(inputs, "open_reading_pool", lambda workers: nullcontext(DirectPool()))
    monkeypatch.chdir(tmp_path)


@dataclass
class Result:
    """The pairs of one call, its facts, and what it said beside them."""

    pairs: list[tuple[str, str, float]]
    facts: dict[str, Any]
    err: list[str]


@dataclass
class Corpus:
    """A folder of files, and `kvarn dedup` on it."""

    folder: Path
    say: Say
    threshold: float | None = None
    out: Path = field(default=Path("pairs.parquet"))

    def write(self, files: dict[str, str | bytes]) -> "Corpus":
        for name, data in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.encode() if isinstance(data, str) else data)
        return self

    def records(self, texts: list[tuple[str, str]]) -> "Corpus":
        rows = [json.dumps({"id": name, "text": text}) for name, text in texts]
        return self.write({"in.jsonl": "\n".join(rows) + "\n"})

    def dedup(self) -> Result:
        dedup.run(self.folder, self.out, self.threshold, None, as_json=True)
        told = self.say.readouterr()
        pairs = [(row["id_a"], row["id_b"], row["jaccard"]) for row in pq.read_table(self.out).to_pylist()]
        return Result(pairs, json.loads(told.out), told.err.splitlines())


@pytest.fixture
def corpus(tmp_path: Path, capsys: Say) -> Corpus:
    (tmp_path / "in").mkdir()
    return Corpus(tmp_path / "in", capsys)


# Texts with little in them


@pytest.mark.parametrize("text", ["", " ", "\n\t \r\n", "\N{NO-BREAK SPACE}\N{EM SPACE}\n"])
def test_texts_without_a_sign_are_unreadable_and_pair_with_nothing(corpus: Corpus, text: str) -> None:
    found = corpus.write({"a.txt": text, "b.txt": text, "c.txt": article(1)}).dedup()
    assert (found.pairs, found.facts["records"], found.facts["unreadable"]) == ([], 1, 2)
    assert found.err[0] == "2 records could not be read:"
    assert [line.split(": ")[:2] for line in found.err[1:]] == [
        ["a.txt", "read.empty"],
        ["b.txt", "read.empty"],
    ]


@pytest.mark.parametrize(
    ("one", "other", "jaccard"),
    [
        ("skog", "skog", 1.0),
        ("skog", "Skog!", 1.0),
        ("skog", "mark", None),
        ("skog", "skog skog", None),
        ("skog " * 5_000, "skog " * 5_000, 1.0),
        # Sets of shingles: as often as one likes is once.
        ("skog " * 5_000, "skog " * 6, 1.0),
        ("skog " * 5_000, "mark " * 5_000, None),
        ("!!! ... ???", "!!! ... ???", 1.0),
        ("!!! ... ???", "!!! ... ??", None),
        ("!!! ... ???", "skog", None),
        ("\N{EVERGREEN TREE}", "\N{EVERGREEN TREE}", 1.0),
        ("\N{EVERGREEN TREE}", "\N{DECIDUOUS TREE}", None),
    ],
)
def test_one_word_one_repeated_word_and_no_word(
    corpus: Corpus, one: str, other: str, jaccard: float | None
) -> None:
    """Texts without a word pair with equal texts only."""
    found = corpus.write({"a.txt": one, "b.txt": other}).dedup()
    assert found.pairs == ([] if jaccard is None else [("a.txt", "b.txt", jaccard)])
    assert (found.facts["records"], found.err) == (2, [])


# Bytes that are no text


def test_stray_bytes_cost_the_words_that_they_stand_in(corpus: Corpus) -> None:
    """They are mended, the rest is read as the UTF-8 that it is, and so the copy is found."""
    good = article(1).encode()
    line = json.dumps({"text": article(1), "id": "rad"}, ensure_ascii=False).encode()
    corpus.threshold = 0.9
    corpus.write(
        {
            "a.txt": good,
            "b.txt": good + b"\xff\xfe\x80",
            "c.jsonl": line[:-1].replace(b"rad", b"r\xffd") + b"}",
        }
    )
    found = corpus.dedup()
    assert {(a, b) for a, b, _ in found.pairs} == {("a.txt", "b.txt"), ("a.txt", "rÿd"), ("b.txt", "rÿd")}
    assert found.err == []


def test_a_line_that_is_no_json_costs_that_line(corpus: Corpus) -> None:
    good = json.dumps({"id": "a", "text": article(1)}).encode()
    corpus.write({"in.jsonl": good + b"\n{\xff\xfe\n" + good.replace(b'"a"', b'"b"') + b"\n"})
    found = corpus.dedup()
    assert found.pairs == [("a", "b", 1.0)]
    assert found.err[1].startswith("in.jsonl#1: read.corrupt_json: ")


# Files that cannot be read


def test_unreadable_files_among_good_ones_are_named(corpus: Corpus) -> None:
    corpus.write(
        {"a.txt": article(1), "b.txt": article(1), "c.pdf": b"%PDF-1.7\n1 0 obj", "d.txt": bytes(5_000)}
    )
    os.mkfifo(corpus.folder / "e.txt")
    (corpus.folder / "f.txt").symlink_to("nowhere")
    (corpus.folder / "g").symlink_to(".")
    found = corpus.dedup()
    assert found.pairs == [("a.txt", "b.txt", 1.0)]
    assert found.facts["unreadable"] == 5
    codes = dict(line.split(": ")[:2] for line in found.err[1:])
    assert codes == {
        "c.pdf": "read.pdf_corrupt",
        "d.txt": "read.binary",
        "e.txt": "read.io_error",
        "f.txt": "read.io_error",
        "g": "read.io_error",
    }


def test_a_file_without_permission_is_named(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.write({"a.txt": article(1), "b.txt": article(2)})
    opened = Path.open

    def refuse(path: Path, *args: Any, **more: Any) -> Any:
        if path.name == "b.txt":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **more)

    # The tests may run as root, whom no mode keeps out.
    monkeypatch.setattr(Path, "open", refuse)
    found = corpus.dedup()
    assert found.err == [
        "1 records could not be read:",
        "b.txt: read.io_error: cannot be read: Permission denied",
    ]


def test_an_empty_folder_is_a_wrong_call(corpus: Corpus) -> None:
    with pytest.raises(
        UsageError, match="in: no record could be read: it holds no files; name one that does"
    ):
        corpus.dedup()
    assert not corpus.out.exists()


def test_where_nothing_can_be_read_it_is_said_why(corpus: Corpus) -> None:
    corpus.write({"a.pdf": b"%PDF-1.7", "b.jsonl": "{\n" * 30})
    with pytest.raises(
        UsageError, match=r"in: no record could be read:\na\.pdf: read\.pdf_corrupt: "
    ) as error:
        corpus.dedup()
    lines = str(error.value).splitlines()
    assert (len(lines), lines[-1]) == (1 + inputs.TOLD + 1, "and 11 more")
    assert not corpus.out.exists()


# Names


@pytest.mark.parametrize(
    ("files", "places"),
    [
        (
            {"a.jsonl": '{"id": "k", "text": "x"}\n{"id": "k", "text": "y"}\n'},
            r"a\.jsonl, record 1 and a\.jsonl, record 2",
        ),
        (
            {"a.csv": "id;text\nj;x\nk;y\n", "b/c.jsonl": '{"id": "k", "text": "y"}\n'},
            r"a\.csv, record 2 and b/c\.jsonl, record 1",
        ),
        # A record's own id may be the name of a file.
        ({"a.jsonl": '{"id": "k", "text": "x"}\n', "k": "ett två"}, r"a\.jsonl, record 1 and k, record 1"),
    ],
)
def test_two_records_of_one_id_are_refused_with_both_places(
    corpus: Corpus, files: dict[str, str | bytes], places: str
) -> None:
    corpus.write(files)
    with pytest.raises(UsageError, match=rf"the id 'k' names two records \({places}\); give each"):
        corpus.dedup()
    assert not corpus.out.exists()


NAMES = [
    "a\nb",
    "c\x1b[31md",
    "å\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{EVERGREEN TREE}",
    "x" * 5_000,
    '"quoted"\\',
    "-o",
]


def test_ids_are_kept_as_they_are_whatever_is_in_them(corpus: Corpus) -> None:
    found = corpus.records([(name, article(1)) for name in NAMES]).dedup()
    assert {name for pair in found.pairs for name in pair[:2]} == set(NAMES)
    assert len(found.pairs) == len(NAMES) * (len(NAMES) - 1) // 2
    assert all(a < b for a, b, _ in found.pairs)


def test_an_id_of_white_space_is_none(corpus: Corpus) -> None:
    found = corpus.records([(" ", article(1)), ("", article(1))]).dedup()
    assert found.pairs == [("in.jsonl#0", "in.jsonl#1", 1.0)]


@pytest.mark.parametrize("name", NAMES[:3])
def test_an_id_in_an_error_cannot_steer_the_terminal(corpus: Corpus, name: str) -> None:
    corpus.records([(name, "x"), (name, "y")])
    with pytest.raises(UsageError) as error:
        corpus.dedup()
    assert set(str(error.value)) & {"\n", "\x1b", "\u202e"} == set()


def test_a_file_name_that_is_no_utf_8_is_a_name(corpus: Corpus) -> None:
    for name in (b"a\xff.txt", b"b\n\x1b.txt"):
        Path(os.fsdecode(os.fsencode(corpus.folder) + b"/" + name)).write_text(article(1))
    assert corpus.dedup().pairs == [("a\\xff.txt", "b\n\x1b.txt", 1.0)]


# Formats


def test_a_folder_of_mixed_formats_is_one_set(corpus: Corpus) -> None:
    text = article(1)
    flat = " ".join(text.split())
    body = "".join(f"<p>{line}</p>" for line in text.splitlines() if line)
    corpus.write(
        {
            "a.txt": text,
            "b.md": f"---\ntitle: Skog\n---\n{text}",
            "c.jsonl": json.dumps({"id": "rad", "text": text}),
            "d.csv": f'id;text\ncell;"{flat}"\n',
            "e.html": f"<html><body><article>{body}</article></body></html>",
            "f.txt.gz": gzip.compress(text.encode()),
            "g/h.txt": text.encode("utf-16"),
            "README": text,
            ".hidden.txt": text,
        }
    )
    found = corpus.dedup()
    names = {"a.txt", "b.md", "rad", "cell", "e.html", "f.txt.gz", "g/h.txt", "README"}
    assert {name for pair in found.pairs for name in pair[:2]} == names
    assert {value for _, _, value in found.pairs} == {1.0}
    assert (found.facts["clusters"], found.err) == (1, [])


# Size


def test_copies_beyond_the_full_bucket_cost_no_square(corpus: Corpus) -> None:
    """3,000 copies of a page and 60 near copies: each is tied to the others, and 4.5 million pairs are not listed."""
    words = [f"ord{n}" for n in range(100)]
    rows = [(f"k{n}", " ".join(words)) for n in range(3_000)]
    rows += [(f"n{n}", " ".join([*words[:n], "nytt", *words[n + 1 :]])) for n in range(60)]
    found = corpus.records(rows).dedup()
    assert (found.facts["records"], found.facts["clusters"]) == (3_060, 1)
    assert {name for pair in found.pairs for name in pair[:2]} == {name for name, _ in rows}
    assert found.facts["pairs"] < 3_060 * 200


def call(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, with its confined workers."""
    command = [sys.executable, "-P", "-m", "flows.cli", "dedup", *map(str, arguments), "-o", "pairs.parquet"]
    root = str(Path(__file__).resolve().parents[2])
    return subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


LONG = "skog och mark " * (20_000_000 // 14)


def test_a_text_of_one_line_of_20_mb_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "lång.txt").write_text(LONG)
    done = call("lång.txt")
    assert done.returncode == 2
    assert "lång.txt: read.too_large: 19999994 characters of text; the limit is 5000000" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_record_of_one_line_of_20_mb_costs_that_record(tmp_path: Path) -> None:
    rows = [{"id": "a", "text": "en kort rad"}, {"id": "b", "text": LONG}, {"id": "c", "text": "en kort rad"}]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    done = call("in.jsonl")
    assert (done.returncode, done.stderr.splitlines()[1]) == (
        0,
        "in.jsonl#1: read.line_too_long: a line of 20000017 bytes; the limit is 16777216",
    )
    assert [row["id_b"] for row in pq.read_table("pairs.parquet").to_pylist()] == ["c"]


def test_a_long_text_within_the_limit_is_compared(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(LONG[:4_900_000])
    done = call(".")
    assert done.returncode == 0, done.stderr
    assert "2 records: 1 verified pairs" in done.stdout
