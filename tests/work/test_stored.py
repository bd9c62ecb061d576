"""What a release stores of an item is all that the judges read of it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_store import World

from pipeline.errors import StoreDamaged, UsageError
from pipeline.schema import FATES, PII
from pipeline.stages.pii import KINDS
from pipeline.storage import parquet
from pipeline.storage.readers.codes import NOTES
from pipeline.storage.releases import Release, latest
from pipeline.work.stored import COUNTS, check_measured, is_measured, rebuilt, release_items, with_counts


def newest(world: World) -> Release:
    release = latest(world.store)
    assert release is not None
    return release


def lists(of: list[str]) -> st.SearchStrategy[list[list[str]]]:
    return st.lists(st.lists(st.sampled_from(of), max_size=4), min_size=3, max_size=3)


@given(lists(list(KINDS)), lists(sorted(NOTES)))
def test_counts_give_back_the_kinds_and_notes_of_every_item(
    pii: list[list[str]], notes: list[list[str]]
) -> None:
    spans = [[{"start": n, "end": n + 1, "kind": kind} for n, kind in enumerate(kinds)] for kinds in pii]
    items = pa.table({"pii": pa.array(spans, pa.list_(PII)), "notes": pa.array(notes, pa.list_(pa.string()))})
    measures = with_counts(items).select(COUNTS.names).append_column("doc_id", pa.array(["a", "b", "c"]))
    made = rebuilt(_ledger(3), measures)
    assert [sorted(span["kind"] for span in row) for row in made["pii"].to_pylist()] == [
        sorted(row) for row in pii
    ]
    assert [sorted(row) for row in made["notes"].to_pylist()] == [sorted(row) for row in notes]


def _ledger(rows: int) -> pa.Table:
    columns = {"doc_id": [str(n) for n in range(rows)], "fate": ["kept"] * rows}
    return pa.table({**columns, "reasons": pa.array([[]] * rows, pa.list_(pa.string()))})


@pytest.mark.parametrize(
    ("fate", "reasons", "fault"),
    [
        ("kept", [], None),
        ("quarantined", ["read.pdf_corrupt"], "read.pdf_corrupt"),
        ("dropped", ["read.empty", "noise.words"], "read.empty"),
        # A note flags and does not quarantine; a document that two splits claim was read well.
        ("flagged", ["read.no_text"], None),
        ("quarantined", ["split.conflict"], None),
        ("dropped", ["noise.words"], None),
    ],
)
def test_a_fault_is_told_from_other_reasons(fate: str, reasons: list[str], fault: str | None) -> None:
    ledger = pa.table(
        {"doc_id": ["x"], "fate": [fate], "reasons": pa.array([reasons], pa.list_(pa.string()))}
    )
    none = pa.table({"pii": pa.array([[]], pa.list_(PII)), "notes": pa.array([[]], pa.list_(pa.string()))})
    measures = with_counts(none).select(COUNTS.names)
    assert rebuilt(ledger, measures)["fault"].to_pylist() == [fault]


def test_a_release_gives_every_item_as_it_was_measured(world: World) -> None:
    release = newest(world)
    stored = pa.concat_tables(release_items(release))
    run = world.refresh()
    measured = pa.concat_tables(
        [parquet.read(run.measure(shard).folder / "items.parquet") for shard in run.plan.shards]
    )
    assert stored["doc_id"].to_pylist() == measured["doc_id"].to_pylist()
    assert stored["fault"].to_pylist() == measured["fault"].to_pylist()
    assert stored["notes"].to_pylist() == measured["notes"].to_pylist()
    kinds = [
        [[span["kind"] for span in row] for row in table["pii"].to_pylist()] for table in (stored, measured)
    ]
    assert kinds[0] == kinds[1]
    assert ["phone"] in kinds[0]
    assert repr(stored["words"].to_pylist()) == repr(measured["words"].to_pylist())
    assert set(stored["fate"].to_pylist()) <= set(FATES)


def _rewritten(release: Release, table: pa.Table) -> None:
    pq.write_table(table, release.folder / "measures.parquet")


def test_a_changed_byte_is_damage_and_not_an_answer(world: World) -> None:
    release = newest(world)
    _rewritten(release, pq.read_table(release.folder / "measures.parquet").slice(1))
    with pytest.raises(StoreDamaged, match=r"measures\.parquet: sha256 is"):
        list(release_items(release))


def test_measures_of_other_items_are_damage(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    release = newest(world)
    monkeypatch.setattr(parquet, "verify", lambda path, sha256: None)
    table = pq.read_table(release.folder / "measures.parquet")
    _rewritten(release, table.take(pa.array([*range(1, table.num_rows), 0])))
    with pytest.raises(StoreDamaged, match="other items than the ledger"):
        list(release_items(release))
    _rewritten(release, table.slice(0, 5))
    with pytest.raises(StoreDamaged, match="holds 5 rows, the ledger"):
        list(release_items(release))


def test_a_release_without_counts_says_what_to_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    release = newest(world)
    monkeypatch.setattr(parquet, "verify", lambda path, sha256: None)
    _rewritten(release, pq.read_table(release.folder / "measures.parquet").drop_columns(["pii_email"]))
    # Nobody asks about a kind that is masked.
    assert list(release_items(release, ()))
    with pytest.raises(UsageError, match=r"release 1: stores no pii_email.*kvarn refresh"):
        list(release_items(release, ["email"]))


def test_only_a_measured_file_is_taken(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "a.txt").write_text("Hej")
    pq.write_table(pa.table({"text": ["Hej"]}), folder / "b.parquet")
    assert not is_measured(folder / "a.txt")
    for name, words in (
        ("none.parquet", "no such file"),
        ("a.txt", "was not written by"),
        ("b.parquet", "was not written by"),
    ):
        with pytest.raises(UsageError, match=words):
            check_measured(folder / name)
