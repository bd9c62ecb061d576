"""A step is skipped only when its marker and every checksum in it hold."""

from pathlib import Path

import pytest

from pipeline.work.markers import finish, finished, key


@pytest.fixture
def done(tmp_path: Path) -> Path:
    (tmp_path / "a.bin").write_bytes(b"abc")
    finish(tmp_path, {"a.bin": 3}, {"note": 1})
    return tmp_path


def test_a_finished_step_is_recognised_with_its_facts(done: Path) -> None:
    marker = finished(done)
    assert marker is not None
    assert marker.files["a.bin"].rows == 3
    assert marker.facts == {"note": 1}


@pytest.mark.parametrize("data", [b"", b"abd", b"abcd"])
def test_a_changed_output_makes_the_step_undone(done: Path, data: bytes) -> None:
    (done / "a.bin").write_bytes(data)
    assert finished(done) is None


@pytest.mark.parametrize("data", [b"", b'{"files": {', b"[]", b'{"files": {"a.bin": {"md5": 1}}}'])
def test_a_torn_marker_makes_the_step_undone(done: Path, data: bytes) -> None:
    (done / "done.json").write_bytes(data)
    assert finished(done) is None


def test_a_missing_output_makes_the_step_undone(done: Path) -> None:
    (done / "a.bin").unlink()
    assert finished(done) is None


def test_keys_differ_when_anything_differs() -> None:
    assert key("a", "b") != key("ab")
    assert key("a", ["b"]) == key("a", ["b"])
