"""Listing raw/: every file once, in one order, and nothing opened that is not a file."""

import os
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, UsageError
from pipeline.storage.sources import SourceSpec, input_specs, list_files, list_input, list_specs, read_spec


def _write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_folders_are_sources_and_loose_files_are_the_source_raw(tmp_path: Path) -> None:
    for name in (
        "b/x.txt",
        "a/z.txt",
        "a/under/y.txt",
        "lös.txt",
        "README.md",
        ".dold",
        "a/source.toml",
        "a/.git/x",
    ):
        _write(tmp_path / name, "" if name.endswith(".toml") else "x")
    found = [(file.source, file.uri, file.prefix + file.uri) for file in list_files(tmp_path)]
    assert found == [
        ("a", "under/y.txt", "a/under/y.txt"),
        ("a", "z.txt", "a/z.txt"),
        ("b", "x.txt", "b/x.txt"),
        ("raw", "lös.txt", "lös.txt"),
    ]


def test_what_is_no_file_is_a_fault_and_is_not_opened(tmp_path: Path) -> None:
    _write(tmp_path / "a" / "x.txt")
    os.mkfifo(tmp_path / "a" / "pipe.txt")
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "gone.txt").symlink_to(tmp_path / "nowhere")
    faults = {file.uri: file.fault for file in list_files(tmp_path)}
    assert faults == {
        "gone.txt": "read.io_error",
        "loop": "read.io_error",
        "pipe.txt": "read.io_error",
        "x.txt": None,
    }


def test_a_name_that_is_no_utf_8_is_listed_escaped(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/a/\xff.txt"))).write_text("x")
    (file,) = list_files(tmp_path)
    assert file.uri == "\\xff.txt"
    assert file.path.read_text() == "x"


def test_a_missing_raw_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one folder a source"):
        list_files(tmp_path / "raw")
    with pytest.raises(UsageError, match="is a file"):
        list_files(_write(tmp_path / "fil"))
    with pytest.raises(UsageError, match="does not exist"):
        list_input(tmp_path / "nowhere")


def test_a_folder_named_raw_beside_loose_files_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "raw" / "x.txt")
    assert [file.source for file in list_files(tmp_path)] == ["raw"]
    _write(tmp_path / "x.txt")
    with pytest.raises(UsageError, match="rename the folder"):
        list_files(tmp_path)


def test_an_input_is_one_source_with_paths_relative_to_it(tmp_path: Path) -> None:
    _write(tmp_path / "b" / "x.txt")
    _write(tmp_path / "a.txt")
    assert [(file.source, file.uri) for file in list_input(tmp_path)] == [
        ("input", "a.txt"),
        ("input", "b/x.txt"),
    ]
    assert [file.uri for file in list_input(tmp_path / "a.txt")] == ["a.txt"]


def test_an_input_is_read_as_the_nearest_source_toml_says(tmp_path: Path) -> None:
    _write(tmp_path / "source.toml", 'text = "allt"\n')
    _write(tmp_path / "a" / "source.toml", 'text = "rapport"\n')
    for name in ("x.csv", "a/x.csv", "a/djup/x.csv", "b/x.csv", "b/djup/source.toml"):
        _write(tmp_path / name)
    files = list_input(tmp_path)
    specs = dict(zip([file.uri for file in files], input_specs(tmp_path, files), strict=True))
    assert {uri: spec.text for uri, spec in specs.items()} == {
        "a/djup/x.csv": "rapport",
        "a/x.csv": "rapport",
        # Below the first level it is a file like any other, as in raw/.
        "b/djup/source.toml": "allt",
        "b/x.csv": "allt",
        "x.csv": "allt",
    }
    for path, text in (("a", "rapport"), ("a/x.csv", "rapport"), ("a/djup", None), ("b/x.csv", None)):
        found = input_specs(tmp_path / path, list_input(tmp_path / path))
        assert {spec.text for spec in found} == {text}
    _write(tmp_path / "a" / "source.toml", "txt = 1\n")
    with pytest.raises(ConfigError, match=r"source\.toml"):
        input_specs(tmp_path / "a", list_input(tmp_path / "a"))


def test_source_toml_is_checked_by_name(tmp_path: Path) -> None:
    _write(
        tmp_path / "a" / "source.toml",
        'licence = "CC0-1.0"\ntext = "Brödtext"\npriority = 3\nrequired = true\n',
    )
    assert read_spec(tmp_path, "a") == SourceSpec(
        licence="CC0-1.0", text="Brödtext", priority=3, required=True
    )
    assert read_spec(tmp_path, "b") == SourceSpec()
    assert set(list_specs(tmp_path)) == {"a", "raw"}
    _write(tmp_path / "a" / "source.toml", 'license = "CC0-1.0"\n')
    with pytest.raises(ConfigError, match="did you mean 'licence'"):
        read_spec(tmp_path, "a")
    _write(tmp_path / "a" / "source.toml", 'text = ""\n')
    with pytest.raises(ConfigError, match="text is empty"):
        read_spec(tmp_path, "a")
