"""All of the real raw data is read, and every file is accounted for."""

from collections import Counter
from pathlib import Path

import pytest

from pipeline.storage.readers import ReadLimits, read_tables
from pipeline.storage.readers.codes import FAULTS, NOTES
from pipeline.storage.sources import SourceSpec, list_input


@pytest.mark.data
@pytest.mark.slow
def test_every_file_of_the_real_data_gives_records_and_none_is_lost(shared_data: Path) -> None:
    faults: Counter[str] = Counter()
    records = 0
    for file in list_input(shared_data / "raw"):
        rows = [row for table in read_tables(file, SourceSpec(), ReadLimits()) for row in table.to_pylist()]
        assert rows, file.uri
        assert {row["uri"] for row in rows} == {file.uri}
        assert [row["position"] for row in rows] == list(range(len(rows)))
        assert {note for row in rows for note in row["notes"]} <= set(NOTES)
        faults.update(row["fault"] for row in rows if row["fault"])
        records += len(rows)
    assert records == 1887
    # Pages that only lead elsewhere; a list of documents, and a document whose text lies in a file that it names.
    assert faults == {"read.empty": 27, "read.no_text_field": 2}
    assert set(faults) <= set(FAULTS)
