"""A candidate's files hold every item once, where its fate says; what the parent has already is shared with it."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_store import World

from pipeline.errors import KvarnError
from pipeline.schema import DATA, DROPPED, FATES, FLAGGED, KEPT, LEDGER, QUARANTINED, SPLITS, WITHHELD, doc_id
from pipeline.storage.manifest import FileEntry, check_files, entry
from pipeline.work.candidate import (
    RESOLUTION,
    ReleaseConfig,
    ShardFiles,
    share_with_parent,
    write_ledger,
    write_measures,
    write_shard,
)
from pipeline.work.judge import JUDGED_SCHEMA

Withheld = Literal["all", "flagged", "none"]

outcomes = st.lists(st.tuples(st.sampled_from(FATES), st.sampled_from(SPLITS)), max_size=12)


def judged_row(number: int) -> dict[str, Any]:
    uri = f"{number}.txt"
    text = f"text {number}"
    return {
        "doc_id": doc_id("a", uri, 0), "record_id": f"a/{uri}", "source": "a", "uri": uri, "position": 0, "group": None,
        "date": None, "meta": "{}", "fault": None, "raw_sha256": "0" * 64, "content_id": f"{number:064x}",
        "language": "sv", "words": 2, "fate": KEPT, "reasons": [], "decision": None, "published": text,
        "text_sha256": f"{number:064x}", "edits": [],
    }  # fmt: skip


def a_shard(
    folder: Path, name: str, start: int, outcomes: list[tuple[str, str]]
) -> tuple[ShardFiles, pa.Table]:
    """Judged items and what the global steps made of them."""
    rows = [judged_row(start + n) for n in range(len(outcomes))]
    path = folder / f"judged-{name}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, JUDGED_SCHEMA), path)
    resolution = [
        {
            "doc_id": row["doc_id"], "fate": fate, "split": split if fate == KEPT else None,
            "reasons": [] if fate == KEPT else [f"noise.{fate}"], "duplicate_of": None, "jaccard": None, "cluster": None,
        }
        for row, (fate, split) in zip(rows, outcomes, strict=True)
    ]  # fmt: skip
    return ShardFiles(name, path, path), pa.Table.from_pylist(resolution, RESOLUTION)


def rows_of(folder: Path, pattern: str) -> list[dict[str, Any]]:
    return [row for path in sorted(folder.glob(pattern)) for row in pq.read_table(path).to_pylist()]


@settings(max_examples=25)
@given(outcomes, outcomes, st.sampled_from(["all", "flagged", "none"]))
def test_in_equals_kept_dropped_flagged_and_quarantined(
    tmp_path_factory: pytest.TempPathFactory,
    one: list[tuple[str, str]],
    two: list[tuple[str, str]],
    withheld: Withheld,
) -> None:
    folder = tmp_path_factory.mktemp("candidate")
    made = [a_shard(folder, "one", 0, one), a_shard(folder, "two", len(one), two)]
    config = ReleaseConfig(withheld=withheld)
    files: dict[str, FileEntry] = {}
    for shard, resolution in made:
        files |= write_shard(shard, resolution, folder, config)
    whole = pa.concat_tables([resolution for _, resolution in made])
    ledger = write_ledger([shard for shard, _ in made], whole, folder / "ledger.parquet")
    rows = pq.read_table(folder / "ledger.parquet").to_pylist()
    fates = Counter(row["fate"] for row in rows)
    assert ledger.rows == len(one) + len(two) == sum(fates[name] for name in FATES)
    assert [row["doc_id"] for row in rows] == whole["doc_id"].to_pylist()
    # Each file says how many rows it has, and all of them together are what is kept and what may be withheld.
    assert sum(item.rows or 0 for name, item in files.items() if name.startswith("data/")) == fates[KEPT]
    shown = {"all": (FLAGGED, DROPPED), "flagged": (FLAGGED,), "none": ()}[withheld]
    held = sum(item.rows or 0 for name, item in files.items() if name.startswith("withheld/"))
    assert held == sum(fates[name] for name in shown)
    assert all(item.rows for item in files.values()), "a file without rows was written"
    assert check_files(folder, files) == []
    for split in SPLITS:
        wanted = {row["doc_id"] for row in rows if row["split"] == split}
        assert {row["doc_id"] for row in rows_of(folder, f"data/{split}-*")} == wanted
    assert QUARANTINED not in {name.split("/")[1].split("-")[0] for name in files}


def test_files_have_the_schemas_of_the_contract(tmp_path: Path) -> None:
    shard, resolution = a_shard(tmp_path, "s", 0, [(KEPT, "train"), (FLAGGED, "test"), (DROPPED, "test")])
    write_shard(shard, resolution, tmp_path, ReleaseConfig())
    write_ledger([shard], resolution, tmp_path / "ledger.parquet")
    assert pq.read_schema(tmp_path / "data" / "train-s.parquet").equals(DATA)
    assert pq.read_schema(tmp_path / "withheld" / "flagged-s.parquet").equals(WITHHELD)
    assert pq.read_schema(tmp_path / "ledger.parquet").equals(LEDGER)
    assert rows_of(tmp_path, "data/*")[0]["text"] == "text 0"
    assert rows_of(tmp_path, "withheld/dropped*")[0]["reasons"] == ["noise.dropped"]


def test_measures_have_one_row_an_item(world: World, tmp_path: Path) -> None:
    run = world.refresh()
    shards = [run.judge(run.measure(shard)) for shard in run.plan.shards]
    schema = pq.read_schema(shards[0].items)
    made = write_measures(shards, tmp_path / "measures.parquet", schema)
    table = pq.read_table(tmp_path / "measures.parquet")
    ledger = pq.read_table(world.store.releases / "000001" / "ledger.parquet")
    assert made.rows == table.num_rows == 20
    assert table["doc_id"].equals(ledger["doc_id"])
    assert {str(column.type) for column in table.schema} == {"string", "float"}


def test_only_equal_files_are_shared_with_the_parent(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    for folder, texts in ((mine, ("same", "new", "only mine")), (theirs, ("same", "old", None))):
        folder.mkdir()
        for name, text in zip("abc", texts, strict=True):
            if text is not None:
                (folder / name).write_text(text)
    files = {name: entry(mine / name) for name in "abc"}
    parent = {name: entry(theirs / name) for name in "ab"}
    assert share_with_parent(mine, files, theirs, parent) == 1
    assert (mine / "a").stat().st_ino == (theirs / "a").stat().st_ino
    assert (mine / "b").stat().st_ino != (theirs / "b").stat().st_ino
    assert check_files(mine, files) == []


@pytest.mark.parametrize("damage", [b"sam3", b"", None])
def test_a_damaged_file_of_the_parent_is_not_shared(tmp_path: Path, damage: bytes | None) -> None:
    """The candidate keeps the good copy that was just made: a damaged release must not end every later refresh."""
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    for folder in (mine, theirs):
        folder.mkdir()
        (folder / "a").write_bytes(b"same")
    files, parent = {"a": entry(mine / "a")}, {"a": entry(theirs / "a")}
    (theirs / "a").unlink() if damage is None else (theirs / "a").write_bytes(damage)
    assert share_with_parent(mine, files, theirs, parent) == 0
    assert (mine / "a").read_bytes() == b"same"


def test_a_judged_shard_that_is_damaged_is_not_assembled(tmp_path: Path) -> None:
    shard, resolution = a_shard(tmp_path, "s", 0, [(KEPT, "train")] * 3)
    shard.judged.write_bytes(shard.judged.read_bytes()[:-9])
    with pytest.raises(KvarnError, match=r"judged-s\.parquet"):
        write_shard(shard, resolution, tmp_path, ReleaseConfig())
