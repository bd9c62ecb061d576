"""The code digest: changes with every source that can change a byte of a release, and with no other."""

from importlib.metadata import version
from pathlib import Path

import pytest

from pipeline.work import code
from pipeline.work.code import LIBRARIES, MEASURING, code_digest, lock


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in place of our own ones."""
    folder = tmp_path / "grain"
    (folder / "sub").mkdir(parents=True)
    for name in ("__init__.py", "a.py", "sub/__init__.py", "sub/b.py", "sub/model.npz", "notes.txt"):
        (folder / name).write_text(f"# {name}")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(code, "PACKAGES", ("grain", "not_installed_here"))
    return folder


def test_the_digest_is_the_same_each_time_and_differs_by_part() -> None:
    assert code_digest() == code_digest()
    assert len({code_digest(), code_digest(MEASURING), code_digest(["pipeline/kernels"])}) == 3


@pytest.mark.parametrize("name", ["a.py", "sub/b.py", "sub/model.npz"])
def test_every_source_counts(package: Path, name: str) -> None:
    before = code_digest()
    (package / name).write_text("other")
    assert code_digest() != before


def test_a_moved_source_counts_and_other_files_do_not(package: Path) -> None:
    before = code_digest()
    (package / "notes.txt").write_text("other")
    (package / "sub" / "__pycache__").mkdir()
    (package / "sub" / "__pycache__" / "b.pyc").write_bytes(b"x")
    assert code_digest() == before
    (package / "a.py").rename(package / "c.py")
    assert code_digest() != before


def test_only_the_named_parts_count(package: Path) -> None:
    before = code_digest(["grain/sub"])
    (package / "a.py").write_text("other")
    assert code_digest(["grain/sub"]) == before
    (package / "sub" / "b.py").write_text("other")
    assert code_digest(["grain/sub"]) != before


def test_every_prefix_of_the_measuring_sources_names_something() -> None:
    root = Path(code.__file__).parents[2]
    for prefix in MEASURING:
        path = root / prefix
        assert path.is_dir() or path.with_suffix(".py").is_file(), prefix


def test_the_lock_holds_the_installed_version_of_each_library() -> None:
    assert {name: version(name) for name in LIBRARIES}.items() <= lock().items()
