"""Samples for readers of the report, where documents are alike in everything that orders them."""

import pyarrow as pa

from pipeline.quality.samples import KEPT_SAMPLES, sample_kept


def test_copies_of_one_id_and_one_content_can_be_sampled() -> None:
    """The same record in two sources, and twice in one."""
    rows = [
        {"record_id": "a", "content_id": "ab" * 32, "source": source, "language": "sv", "text": "Text."}
        for source in ("x", "y")
        for _ in range(KEPT_SAMPLES)
    ]
    tables = [pa.Table.from_pylist(rows[at : at + 3]) for at in range(0, len(rows), 3)]
    samples = sample_kept(tables)
    assert len(samples) == KEPT_SAMPLES
    assert {sample.record_id for sample in samples} == {"a"}
    assert sample_kept(reversed(tables)) == samples
