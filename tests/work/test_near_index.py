"""The index of near-duplicates: whatever befalls its files, the result is that of an index made anew, and damage is told of."""

import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from compared import CONFIG, Outcome, compared, formed, text

from pipeline.errors import KvarnError
from pipeline.stages import duplicates_compare, duplicates_sketch
from pipeline.stages.duplicates import DuplicatesConfig, sketch
from pipeline.work import near, near_spool
from pipeline.work.near_index import STATE, Writer, open_index
from pipeline.work.near_spool import SketchSpool
from pipeline.work.near_texts import TextFile

# A near pair, documents made with one form, and a short text.
FIRST = [text(1), text(1, changed=30), text(2), *map(formed, range(4)), "kort text"]
# Near copies of what is known, so that known texts are read again; one known text is gone.
SECOND = [*FIRST[:6], text(2, changed=10), formed(0) + " med tillägg", "kort text", "kort text!"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index that knows FIRST; nobody may change it."""
    folder = tmp_path_factory.mktemp("made") / "near"
    compared(folder, FIRST)
    return folder


@pytest.fixture(scope="module")
def anew(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What a comparison finds in SECOND that knows nothing."""
    return compared(tmp_path_factory.mktemp("anew") / "near", SECOND)


@pytest.fixture
def index(made: Path, tmp_path: Path) -> Path:
    """A copy of `made` for one test."""
    return Path(shutil.copytree(made, tmp_path / "near"))


def names_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def texts_of(folder: Path) -> Path:
    (path,) = folder.glob("texts-*.bin")
    return path


def told(caplog: pytest.LogCaptureFixture) -> bool:
    return "the index of near-duplicates is damaged and is made again" in caplog.text


def holds(folder: Path, words: str) -> bool:
    """Is any file below with these bytes?"""
    return any(words.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_an_index_that_is_whole_is_used_and_not_told_of(
    index: Path, anew: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    known = len(open_index(index, near.index_key(CONFIG)))
    assert known == len(FIRST)
    assert compared(index, SECOND) == anew
    assert not told(caplog)
    assert json.loads((index / STATE).read_bytes())["generation"] == 2
    # Of a generation only the newest lies there.
    assert not [name for name in names_of(index) if "-1" in name.removesuffix(".npy").rsplit("-", 1)[0]]


def test_there_are_pairs_and_templates_to_lose(anew: Outcome) -> None:
    assert len(anew.pairs) >= 4
    assert anew.templates["s"][1]


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [truncate, flip, empty, Path.unlink])
def test_every_damaged_file_is_told_of_and_the_index_made_again(
    made: Path,
    anew: Outcome,
    tmp_path: Path,
    damage: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    checked = [name for name in names_of(made) if name.endswith((".npy", ".npz"))]
    assert len(checked) == CONFIG.shape[0] + duplicates_sketch.SMALL_TABLES + 2
    # Bands are alike: three of them stand for all.
    for name in [name for name in checked if "table" not in name] + checked[-1:-4:-1] + checked[2:3]:
        index = Path(shutil.copytree(made, tmp_path / name))
        damage(index / name)
        caplog.clear()
        assert compared(index, SECOND) == anew, name
        assert told(caplog), name
        assert name in caplog.text
        # And what was made again is whole.
        caplog.clear()
        assert compared(index, SECOND) == anew
        assert not told(caplog)


def at(folder: Path, words: str) -> int:
    return texts_of(folder).read_bytes().index(words.encode())


@pytest.mark.parametrize("shorter", [1, 10**9])
def test_texts_that_end_too_soon_are_told_of(
    index: Path, anew: Outcome, caplog: pytest.LogCaptureFixture, shorter: int
) -> None:
    path = texts_of(index)
    os.truncate(path, max(path.stat().st_size - shorter, 0))
    assert compared(index, SECOND) == anew
    assert told(caplog)
    assert path.name in caplog.text


@pytest.mark.parametrize("damage", [b"\xff", b"\xc3(", b"\x00" * 40, b"annat ord "], ids=repr)
def test_a_text_that_was_overwritten_is_told_of(
    index: Path, anew: Outcome, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    path, place = texts_of(index), at(index, text(2))
    content = bytearray(path.read_bytes())
    content[place + 10 : place + 10 + len(damage)] = damage
    path.write_bytes(content)
    assert compared(index, SECOND) == anew
    assert told(caplog)
    assert path.name in caplog.text


def test_a_text_with_another_bit_is_told_of(
    index: Path, anew: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    path, place = texts_of(index), at(index, text(2))
    content = bytearray(path.read_bytes())
    content[place + 5] ^= 1
    path.write_bytes(content)
    assert compared(index, SECOND) == anew
    assert told(caplog)


def test_texts_that_changed_places_are_told_of(
    index: Path, anew: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    path = texts_of(index)
    one, other = text(2).encode(), text(1).encode()
    content = path.read_bytes()
    assert len(one) == len(other)
    path.write_bytes(content.replace(one, b"?").replace(other, one).replace(b"?", other))
    assert compared(index, SECOND) == anew
    assert told(caplog)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"x"', "{}", "\x00" * 30])
def test_a_broken_state_is_told_of(
    index: Path, anew: Outcome, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    (index / STATE).write_text(content)
    assert compared(index, SECOND) == anew
    assert told(caplog)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("files", {"rows-1.npz": {}}),
        ("files", {"rows-1.npz": None}),
        ("text_bytes", 10**9),
        ("text_bytes", "x"),
    ],
)
def test_a_state_that_says_something_else_is_told_of(
    index: Path, anew: Outcome, caplog: pytest.LogCaptureFixture, key: str, value: object
) -> None:
    state = json.loads((index / STATE).read_bytes())
    (index / STATE).write_text(json.dumps(state | {key: value}))
    assert compared(index, SECOND) == anew
    assert told(caplog)


def test_fewer_bytes_of_texts_than_there_are_are_found_when_they_are_read(
    index: Path, anew: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    state = json.loads((index / STATE).read_bytes())
    (index / STATE).write_text(json.dumps(state | {"text_bytes": 20}))
    assert compared(index, SECOND) == anew
    assert told(caplog)


def test_an_index_of_other_settings_or_without_a_state_is_not_used(
    index: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    other = DuplicatesConfig(threshold=0.6, template_documents=3, template_share=0.2)
    assert compared(index, SECOND, other) == compared(tmp_path / "other", SECOND, other)
    assert len(open_index(index, near.index_key(other))) == len(set(SECOND))
    (index / STATE).unlink()
    assert len(open_index(index, near.index_key(other))) == 0
    # It was not damaged, and nothing of it is left.
    assert not told(caplog)
    assert names_of(index) == []


def test_other_templates_need_no_other_index() -> None:
    changed = DuplicatesConfig(template_documents=5, content_threshold=0.5, own_shingles=3)
    assert near.index_key(changed) == near.index_key(CONFIG)


# --- what was removed --------------------------------------------------------------------------------------------------


def test_a_removed_text_is_overwritten(index: Path) -> None:
    assert holds(index, "ord2a50")
    stay = [one for one in FIRST if one != text(2)]
    compared(index, stay)
    assert not holds(index, "ord2a50")
    assert names_of(index).count("texts-0.bin") == 1
    assert holds(index, "ord1a17")


def test_a_text_file_of_which_more_than_half_was_removed_is_written_anew(index: Path, tmp_path: Path) -> None:
    before = texts_of(index).stat().st_size
    stay = [FIRST[0], FIRST[-1], text(1, changed=12)]
    found = compared(index, stay)
    assert found == compared(tmp_path / "anew", stay)
    path = texts_of(index)
    assert path.name == "texts-2.bin"
    assert path.stat().st_size == sum(len(one.encode()) for one in stay) < before / 2
    assert not holds(index, "ord2a17")
    # And it is an index like any other.
    assert compared(index, SECOND) == compared(tmp_path / "again", SECOND)
    assert texts_of(index).name == "texts-2.bin"


def test_a_text_that_comes_back_is_known_no_more(index: Path, tmp_path: Path) -> None:
    compared(index, [one for one in FIRST if one != text(2)])
    assert compared(index, SECOND) == compared(tmp_path / "anew", SECOND)


def test_nothing_is_left_of_a_corpus_that_is_gone(index: Path) -> None:
    compared(index, [])
    assert not holds(index, "ord1a17")
    assert texts_of(index).stat().st_size == 0


# --- runs that are killed ----------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends here."""


def killed(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize("step", ["table", "pairs", "rows", "commit"])
@pytest.mark.parametrize("texts", [SECOND, FIRST[:1]], ids=["more", "compacted"])
def test_a_run_that_is_killed_leaves_the_old_index(
    index: Path,
    anew: Outcome,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    step: str,
    texts: list[str],
) -> None:
    state = (index / STATE).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(Writer, step, killed)
        with pytest.raises(Killed):
            compared(index, texts)
    assert (index / STATE).read_bytes() == state
    assert len(open_index(index, near.index_key(CONFIG))) == len(FIRST)
    assert compared(index, SECOND) == anew
    assert not told(caplog)
    # What the killed run left is gone.
    assert {name.split("-")[1] for name in names_of(index) if name.endswith("npy")} == {"2"}


def test_a_run_that_is_killed_while_it_swept_is_told_of_where_it_matters(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "commit", killed)
        with pytest.raises(Killed):
            compared(index, [one for one in FIRST if one != text(2)])
    # The text is known to the old index, but overwritten on disk.
    again = [*FIRST, text(2, changed=10)]
    assert compared(index, again).pairs == compared(tmp_path / "anew", again).pairs


def test_a_full_disk_is_told_of_by_the_name_of_the_file(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for name, target in (("save", "table-2-00.npy"), ("savez", "pairs-2.npz")):
        with monkeypatch.context() as patch:
            patch.setattr(np, name, full)
            with pytest.raises(KvarnError, match=f"cannot write .*{target}: the disk is full"):
                compared(index, SECOND)


# --- bounds ------------------------------------------------------------------------------------------------------------


def test_keys_beyond_the_bound_lie_on_disk_and_are_the_same(
    tmp_path: Path, anew: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates_sketch, "BATCH_BYTES", 900)
    parts = sketch(pa.array(SECOND, pa.large_string()), CONFIG)
    assert len(parts) > 3
    bands = CONFIG.shape[0]
    whole = SketchSpool(tmp_path / "whole", bands, 5)
    monkeypatch.setattr(near_spool, "HELD_BYTES", parts[0].keys.nbytes)
    spilled = SketchSpool(tmp_path / "spilled", bands, 5)
    for part in parts:
        spilled.add(part)
    monkeypatch.undo()
    for part in parts:
        whole.add(part)
    assert not (tmp_path / "whole").exists()
    assert len(names_of(tmp_path / "spilled")) > 1
    assert len(whole) == len(spilled) == bands + duplicates_sketch.SMALL_TABLES
    assert sum(len(whole.entries(table)) for table in range(len(whole))) > len(SECOND) * bands
    for table in range(len(whole)):
        assert np.array_equal(whole.entries(table), spilled.entries(table))
    assert np.array_equal(whole.windows, spilled.windows)
    assert np.array_equal(whole.digests, spilled.digests)


def test_a_comparison_beyond_the_bound_finds_the_same(
    index: Path, anew: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_spool, "HELD_BYTES", 0)
    assert compared(index, SECOND) == anew
    # Nothing of it stays.
    assert not (index / "spool").exists()


def test_a_disk_that_is_full_of_keys_is_told_of(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(near_spool, "HELD_BYTES", 0)
    monkeypatch.setattr(np, "save", full)
    with pytest.raises(KvarnError, match="keys-00000: the disk is full"):
        compared(index, SECOND)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_nothing(
    index: Path, tmp_path: Path, anew: Outcome, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    # Many batches and many parts.
    monkeypatch.setattr(duplicates_sketch, "BATCH_BYTES", 300)
    monkeypatch.setattr(duplicates_compare, "VERIFY_SHINGLES", 50)
    assert compared(tmp_path / "fresh", SECOND, threads=threads) == anew
    assert compared(index, SECOND, threads=threads) == anew


def test_a_disk_that_fills_with_texts_is_told_of(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(KvarnError, match=r"cannot write .*texts-0\.bin: the disk is full"):
        compared(index, SECOND)
    monkeypatch.undo()
    # The old index holds.
    assert len(open_index(index, near.index_key(CONFIG))) == len(FIRST)
    assert TextFile(index / "texts-0.bin", 3).take(np.array([0]), np.array([3])).to_pylist() == ["ord"]
