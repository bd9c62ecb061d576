"""The command line: help without heavy imports, documented commands, safe output, plain errors."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from flows.cli import app
from flows.output import emit, safe, table

ROOT = Path(__file__).resolve().parents[2]


def commands() -> list[str]:
    group = get_command(app)
    names = []
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        names += (
            [f"{name} {sub}" for sub in sorted(command.commands)] if hasattr(command, "commands") else [name]
        )
    return names


def loaded_after(code: str) -> set[str]:
    """Top-level modules that are loaded after `code` ran in a fresh interpreter."""
    script = f"{code}\nimport sys\nprint(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_help_loads_nothing_heavy() -> None:
    heavy = {
        "prefect",
        "great_expectations",
        "torch",
        "transformers",
        "peft",
        "pandas",
        "pyarrow",
        "numba",
        "numpy",
        "duckdb",
    }
    assert not heavy & loaded_after("import sys; sys.path.insert(0, '.'); import flows.cli")


@pytest.mark.parametrize(
    "module", ["measure", "dedup", "extract", "why", "what_if", "calibrate", "diff", "releases", "gate"]
)
def test_asking_loads_neither_prefect_nor_great_expectations_nor_torch(module: str) -> None:
    loaded = loaded_after(f"import sys; sys.path.insert(0, '.'); import flows.commands.{module}")
    assert not {"prefect", "great_expectations", "torch", "transformers"} & loaded


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme_and_has_help(command: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    words = command.split()
    pattern = rf"`(kvarn )?{words[0]}( {words[1]})?" if len(words) > 1 else rf"`(kvarn )?{words[0]}\b"
    assert re.search(pattern, readme) or all(word in readme for word in words), command


def test_every_file_named_in_contributing_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_]+/[a-z_/]+(?:\.[a-z]+|/))`", text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_four_steps_to_a_filter_name_things_that_exist() -> None:
    from pipeline.stages.noise import ALL_MEASURES, NoiseConfig, noise_rules

    names = {spec.name for spec in ALL_MEASURES}
    assert {rule.measure for rule in noise_rules(NoiseConfig())} <= names


def test_text_of_documents_cannot_steer_the_terminal() -> None:
    assert safe("a\x1b[31mb\nc") == "a\\x1b[31mb\\nc"
    assert safe("å\N{RIGHT-TO-LEFT OVERRIDE}") == "å\\u202e"


def test_a_table_aligns_numbers_to_the_right() -> None:
    lines = table([["a", 5, None, True, 0.25], ["bb", 1234, None, False, 1.0]], ["name", "n", "x", "ok", "f"])
    assert lines[0].split() == ["name", "n", "x", "ok", "f"]
    assert "    5" in lines[2]
    assert "1,234" in lines[3]


def test_emit_prints_json_or_lines(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"a": "å"}, ["x"], as_json=True)
    emit({"a": 1}, ["x", "y"], as_json=False)
    assert capsys.readouterr().out == '{\n  "a": "å"\n}\nx\ny\n'


def test_a_bug_is_said_without_a_page_of_frames() -> None:
    code = "import sys; sys.path.insert(0, '.'); import flows.cli as c; c.call = lambda: 1 / 0; c.main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "this is a bug: ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_measure_that_does_not_apply_is_null_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    emit([{"m": float("nan"), "n": (1.5, float("inf"))}], [], as_json=True)
    assert json.loads(capsys.readouterr().out) == [{"m": None, "n": [1.5, None]}]
