"""Every hostile file ends as its case says: a fault with a code and words, or good records; never an exception."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.storage.readers import ReadLimits, read_file
from pipeline.storage.readers.codes import FAULTS, NOTES
from pipeline.storage.sources import SourceSpec


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hostile", Path(__file__).with_name("hostile.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["hostile"] = module
    spec.loader.exec_module(module)
    return module


CASES = list(_generator().cases())


def test_there_are_many_cases_and_their_names_differ() -> None:
    assert len({case.name + case.file for case in CASES}) == len(CASES) > 100


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}: {case.name}")
def test_a_hostile_file_has_the_outcome_that_its_case_names(case: object, tmp_path: Path) -> None:
    path = tmp_path / case.file  # type: ignore[attr-defined]
    path.write_bytes(case.make())  # type: ignore[attr-defined]
    before = set(tmp_path.rglob("*"))
    records = list(read_file(path, path.name, SourceSpec(), ReadLimits()))
    faults = {record.fault for record in records if record.fault}
    notes = {note for record in records for note in record.notes}
    assert records
    assert faults <= set(FAULTS)
    assert notes <= set(NOTES)
    assert faults | notes <= case.codes  # type: ignore[attr-defined]
    assert bool(faults | notes) == bool(case.codes)  # type: ignore[attr-defined]
    if case.good is not None:  # type: ignore[attr-defined]
        assert sum(record.fault is None for record in records) == case.good  # type: ignore[attr-defined]
    assert all(record.meta.get("fault") and record.text == "" for record in records if record.fault)
    assert all(len(record.raw_sha256) == 64 for record in records)
    assert len({(record.uri, record.position) for record in records}) == len(records)
    assert set(tmp_path.rglob("*")) == before
