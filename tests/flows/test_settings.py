"""kvarn.toml is found upwards, shipped whole, and says what the code says."""

import itertools
import re
from dataclasses import fields
from pathlib import Path

import pytest

from flows.reference import reference
from flows.settings import Settings, load
from pipeline.config import build, read_toml
from pipeline.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


def test_the_shipped_file_is_what_the_code_says() -> None:
    assert (ROOT / "kvarn.toml").read_text(encoding="utf-8") == reference(), (
        "run: python -m flows.reference > kvarn.toml"
    )


def test_every_section_and_key_is_in_the_shipped_file() -> None:
    text = reference()
    for section in fields(Settings):
        if section.name != "sources":
            assert f"[{section.name}]" in text
            for key in fields(getattr(Settings(), section.name)):
                assert f"\n# {key.name} =" in text, f"{section.name}.{key.name}"


def test_every_key_has_a_reason() -> None:
    lines = reference().split("\n")
    bare = [
        line
        for before, line in itertools.pairwise(lines)
        if re.match("# [a-z_]+ = ", line) and not before.strip()
    ]
    assert bare == []


def test_uncommenting_every_key_gives_the_defaults(tmp_path: Path) -> None:
    lines = []
    for line in reference().split("# What the project knows of a source")[0].split("\n"):
        if (
            line.startswith("# ")
            and " = " in line
            and "(not set)" not in line
            and line[2].islower()
            and " " not in line[2:].split(" = ")[0]
        ):
            lines.append(line[2:])
        elif line.startswith("#     ") or (line.startswith("[") and line.endswith("]")):
            lines.append(line.lstrip("# "))
    path = tmp_path / "kvarn.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    made = build(Settings, read_toml(path), "", str(path))
    for section in ("run", "language", "duplicates", "split", "gate", "release", "train"):
        assert getattr(made, section) == getattr(Settings(), section), section


def test_the_nearest_file_upwards_counts(tmp_path: Path) -> None:
    (tmp_path / "kvarn.toml").write_text("[run]\nworkers = 3\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    project = load(start=below)
    assert project.settings.run.workers == 3
    assert project.root == tmp_path
    assert project.given == {"run": {"workers": 3}}


def test_no_file_means_defaults(tmp_path: Path) -> None:
    project = load(start=tmp_path)
    assert project.settings == Settings()
    assert project.file is None


def test_a_folder_may_stand_for_its_file_and_a_missing_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "kvarn.toml").write_text("")
    assert load(tmp_path).settings == Settings()
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "other.toml")


@pytest.mark.parametrize("toml", ["[run]\nworkers = 999\n", "[run]\nshard_mb = 0\n"])
def test_out_of_range_values_are_refused(tmp_path: Path, toml: str) -> None:
    (tmp_path / "kvarn.toml").write_text(toml)
    with pytest.raises(ConfigError, match="is not allowed; allowed"):
        load(tmp_path)
