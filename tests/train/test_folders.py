import json
import os
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.train.folders import choose_name, current_run, publish, workspace


def run(models: Path, name: str, release: int, base: str = "embedded", verdict: str = "PASS") -> Path:
    folder = models / name
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(b"x")
    record = {"release": {"number": release}, "base_model": base, "verdict": verdict}
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def test_names_count_up_and_a_failed_run_keeps_its_own(tmp_path: Path) -> None:
    assert choose_name(tmp_path / "none", 3, None) == "r3-1"
    (tmp_path / "r3-9").mkdir()
    (tmp_path / ".failed" / "r3-10").mkdir(parents=True)
    (tmp_path / "r31-40").mkdir()
    assert choose_name(tmp_path, 3, None) == "r3-11"
    assert choose_name(tmp_path, 4, None) == "r4-1"
    assert choose_name(tmp_path, 3, "prov") == "prov"


@pytest.mark.parametrize("name", ["../x", ".x", "a/b", "", "x" * 101])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="expected letters"):
        choose_name(tmp_path, 1, name)


def test_a_name_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".failed" / "prov").mkdir(parents=True)
    with pytest.raises(UsageError, match="choose another"):
        choose_name(tmp_path, 1, "prov")


def test_a_workspace_leaves_nothing_behind_when_the_run_breaks(tmp_path: Path) -> None:
    def broken_run() -> None:
        with workspace(tmp_path, "r1-1") as folder:
            (folder / "half").write_text("x")
            raise KeyError

    with pytest.raises(KeyError):
        broken_run()
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_run_are_swept_and_those_of_a_living_one_are_not(tmp_path: Path) -> None:
    (tmp_path / ".work" / "r1-1.4194305").mkdir(parents=True)  # above the kernel's highest process id
    (tmp_path / ".work" / f"r1-2.{os.getppid()}").mkdir()
    with workspace(tmp_path, "r1-3") as folder:
        assert folder.is_dir()
    assert [entry.name for entry in (tmp_path / ".work").iterdir()] == [f"r1-2.{os.getppid()}"]


@pytest.mark.parametrize("released", [True, False])
def test_only_a_released_run_keeps_its_weights(tmp_path: Path, *, released: bool) -> None:
    with workspace(tmp_path, "r1-1") as folder:
        for name in ("adapter_model.safetensors", "adapter_config.json", "run.json"):
            (folder / name).write_text("{}")
        target = publish(folder, tmp_path, "r1-1", released=released)
    files = {file.name for file in target.iterdir()}
    if released:
        assert target == tmp_path / "r1-1"
        assert files == {"adapter_model.safetensors", "adapter_config.json", "run.json"}
    else:
        assert target == tmp_path / ".failed" / "r1-1"
        assert files == {"run.json"}
    assert not (tmp_path / ".work").exists()


def test_a_run_that_appeared_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "r1-1").mkdir()
    (tmp_path / "r1-1" / "run.json").write_text("first")
    with workspace(tmp_path, "r1-1") as folder:
        (folder / "run.json").write_text("second")
        with pytest.raises(UsageError, match="appeared while"):
            publish(folder, tmp_path, "r1-1", released=True)
    assert (tmp_path / "r1-1" / "run.json").read_text() == "first"


def test_the_current_adapter_is_the_latest_released_on_the_same_base(tmp_path: Path) -> None:
    assert current_run(tmp_path / "none", "embedded", "latest") is None
    run(tmp_path, "r2-9", 2)
    wanted = run(tmp_path, "r2-10", 2)
    run(tmp_path, "r1-11", 1)
    run(tmp_path, "r3-1", 3, base="another")
    run(tmp_path, "r4-1", 4, verdict="FAIL")
    run(tmp_path / ".failed", "r5-1", 5)
    (tmp_path / "r6-1").mkdir()
    assert current_run(tmp_path, "embedded", "latest") == wanted
    assert current_run(tmp_path, "embedded", "none") is None
    assert current_run(tmp_path, "embedded", "r2-9") == tmp_path / "r2-9"
    assert current_run(tmp_path, "third", "latest") is None


def test_a_run_to_compare_with_that_does_not_exist_is_an_error_that_lists_those_that_do(
    tmp_path: Path,
) -> None:
    run(tmp_path, "r2-1", 2)
    with pytest.raises(UsageError, match=r"train\.compare_with = 'r9-1'.*one of: r2-1"):
        current_run(tmp_path, "embedded", "r9-1")


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (run(tmp_path, "r2-1", 2) / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"models/r2-1/run\.json is damaged"):
        current_run(tmp_path, "embedded", "latest")
