"""Faults that were found in the index of near-duplicates once, and shall not come back."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from compared import compared, formed, text

from pipeline.stages.duplicates import DuplicatesConfig, find_similar
from pipeline.work.near_index import STATE, Writer

FORMS = [formed(n) for n in range(3)] + [text(9)]


class Killed(BaseException):
    """What no handler of ours catches."""


def test_a_known_pair_of_small_sets_stays_when_its_band_becomes_hot(tmp_path: Path) -> None:
    config = DuplicatesConfig(threshold=0.5, bands=2, rows=1, full_bucket=3, leaders=1)
    form = " ".join(f"mall{n}" for n in range(30))
    one, other = f"{form} o1a0 o1a1 o1a2", f"{form} " + " ".join(f"o2a{n}" for n in range(8))
    more = [f"{form} " + " ".join(f"o0a{n}" for n in range(8)), f"{form} ny o3a1 o3a2."]
    compared(tmp_path / "near", [one, other], config)
    texts = [one, *more, other]
    assert compared(tmp_path / "near", texts, config) == compared(tmp_path / "anew", texts, config)


def test_a_damaged_text_that_is_read_for_templates_only_is_found_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    compared(tmp_path / "near", FORMS)
    path = tmp_path / "near" / "texts-0.bin"
    content = bytearray(path.read_bytes())
    at = content.index(FORMS[1].encode())
    content[at : at + 30] = b"x " * 15
    path.write_bytes(content)
    assert compared(tmp_path / "near", FORMS) == compared(tmp_path / "anew", FORMS)
    assert "damaged" in caplog.text


def test_a_run_killed_while_it_swept_spoils_no_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise Killed

    compared(tmp_path / "near", FORMS)
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "commit", kill)
        with pytest.raises(Killed):
            compared(tmp_path / "near", FORMS[1:])
    assert compared(tmp_path / "near", FORMS) == compared(tmp_path / "anew", FORMS)


@pytest.mark.parametrize(
    "change",
    [
        {"files": []},
        {"files": {}},
        {"files": None},
        {"generation": 7},
        {"generation": None},
        {"tables": 3},
        {"text_file": "texts-9.bin"},
        {"text_file": "../x"},
        {"text_bytes": -1},
        {"text_bytes": 5.0},
        {"more": 1},
    ],
)
def test_a_state_that_names_other_files_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, change: dict[str, Any]
) -> None:
    compared(tmp_path / "near", FORMS)
    path = tmp_path / "near" / STATE
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
    assert compared(tmp_path / "near", FORMS) == compared(tmp_path / "anew", FORMS)
    assert "damaged" in caplog.text


@pytest.mark.parametrize("name", ["texts-0.bin", "table-1-03.npy", "rows-1.npz"])
def test_a_file_that_is_gone_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    compared(tmp_path / "near", FORMS)
    (tmp_path / "near" / name).unlink()
    assert compared(tmp_path / "near", FORMS) == compared(tmp_path / "anew", FORMS)
    assert "damaged" in caplog.text


def test_fewer_shingles_than_a_template_needs_documents_are_no_error() -> None:
    texts = pa.array([*"abcdef", "?", "!", ".", "-"], pa.large_string())
    assert find_similar(texts, DuplicatesConfig()).pairs(9).num_rows == 0
