"""Every hostile file ends as its case says: a fault with a code and words, or good records; never an exception."""

from pathlib import Path

import pytest
from hostile import cases
from hostile_case import Case

from pipeline.storage.readers import ReadLimits, read_file
from pipeline.storage.readers.codes import FAULTS, NOTES
from pipeline.storage.sources import SourceSpec

CASES = list(cases())


def test_there_are_many_cases_and_their_names_differ() -> None:
    assert len({case.name + case.file for case in CASES}) == len(CASES) > 240


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}: {case.name}")
def test_a_hostile_file_has_the_outcome_that_its_case_names(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.file
    path.write_bytes(case.make())
    before = set(tmp_path.rglob("*"))
    records = list(read_file(path, path.name, SourceSpec(), ReadLimits()))
    faults = {record.fault for record in records if record.fault}
    notes = {note for record in records for note in record.notes}
    assert records
    assert faults <= set(FAULTS)
    assert notes <= set(NOTES)
    assert faults | notes <= case.codes
    assert bool(faults | notes) == bool(case.codes)
    if case.good is not None:
        assert sum(record.fault is None for record in records) == case.good
    assert all(record.meta.get("fault") and record.text == "" for record in records if record.fault)
    assert all(len(record.raw_sha256) == 64 for record in records)
    assert len({(record.uri, record.position) for record in records}) == len(records)
    assert set(tmp_path.rglob("*")) == before
