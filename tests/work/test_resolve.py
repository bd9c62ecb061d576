"""The global steps do not know where shards were cut: fates, survivors and splits follow from the items alone."""

import hashlib
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_store import World, article, shards_of, write

from pipeline.schema import DROPPED, FATES, KEPT, QUARANTINED, SPLITS, doc_id
from pipeline.stages.duplicates import DuplicatesConfig
from pipeline.stages.split import CONFLICT, SplitConfig
from pipeline.storage import parquet
from pipeline.storage.sources import SourceSpec
from pipeline.work.candidate import RESOLUTION, ShardFiles
from pipeline.work.compare import Comparison
from pipeline.work.judge import JUDGED_SCHEMA
from pipeline.work.resolve import HELD_OUT, Inherited, Resolution, inherit, resolve_all

NOTHING = Inherited({}, frozenset())
SPECS = {"a": SourceSpec(priority=5), "b": SourceSpec()}


def item(number: int, text: str, fate: str = KEPT, source: str = "a", **changes: Any) -> dict[str, Any]:
    """One judged item."""
    uri = f"{number:03d}.txt"
    row: dict[str, Any] = {
        "doc_id": doc_id(source, uri, 0),
        "record_id": f"{source}/{uri}",
        "source": source,
        "uri": uri,
        "position": 0,
        "group": None,
        "date": None,
        "meta": "{}",
        "fault": None,
        "raw_sha256": f"{number:064x}",
        "content_id": hashlib.sha256(text.encode()).hexdigest(),
        "language": "sv",
        "words": len(text.split()),
        "fate": fate,
        "reasons": [] if fate == KEPT else [f"noise.{fate}"],
        "decision": None,
        "published": text,
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "edits": [],
    }
    return row | changes


def in_shards(rows: Sequence[dict[str, Any]], cuts: Sequence[int], folder: Path) -> list[ShardFiles]:
    """The items in shards that end at the cuts."""
    bounds = [0, *sorted(cuts), len(rows)]
    shards = []
    for at, (start, end) in enumerate(itertools.pairwise(bounds)):
        path = folder / f"{at}.parquet"
        pq.write_table(pa.Table.from_pylist(list(rows[start:end]), JUDGED_SCHEMA), path)
        shards.append(ShardFiles(f"s{at}", path, path))
    return shards


def resolved(
    rows: Sequence[dict[str, Any]], folder: Path, cuts: Sequence[int] = (), inherited: Inherited = NOTHING
) -> Resolution:
    return resolve_all(
        in_shards(rows, cuts, folder),
        SPECS,
        inherited,
        Comparison(DuplicatesConfig(), folder / "near"),
        SplitConfig(),
    )


def by_record(rows: Sequence[dict[str, Any]], resolution: Resolution) -> dict[str, dict[str, Any]]:
    return {row["record_id"]: out for row, out in zip(rows, resolution.rows.to_pylist(), strict=True)}


texts = st.one_of(
    st.integers(0, 5).map(article),
    # A near-duplicate: one of five paragraphs differs by a word.
    st.integers(0, 5).map(lambda n: article(n).replace("träd", "buskar")),
    st.just("Kort text."),
)
corpora = st.lists(
    st.tuples(texts, st.sampled_from(FATES), st.sampled_from("ab"), st.sampled_from([None, "g"])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=30)
@given(corpora, st.data())
def test_fates_survivors_and_splits_do_not_depend_on_shard_cuts(
    tmp_path_factory: pytest.TempPathFactory,
    corpus: list[tuple[str, str, str, str | None]],
    data: st.DataObject,
) -> None:
    rows = [item(n, text, fate, source, group=group) for n, (text, fate, source, group) in enumerate(corpus)]
    cuts = data.draw(st.lists(st.integers(0, len(rows)), min_size=2, max_size=2))
    folder = tmp_path_factory.mktemp("shards")
    whole, cut = resolved(rows, folder), resolved(rows, folder, cuts)
    assert whole.rows.equals(cut.rows)
    assert whole.pairs.equals(cut.pairs)
    assert whole.empty_splits == cut.empty_splits


@settings(max_examples=30)
@given(corpora)
def test_every_item_keeps_its_place_and_has_one_fate(
    tmp_path_factory: pytest.TempPathFactory, corpus: list[tuple[str, str, str, str | None]]
) -> None:
    rows = [item(n, text, fate, source, group=group) for n, (text, fate, source, group) in enumerate(corpus)]
    out = resolved(rows, tmp_path_factory.mktemp("shards")).rows
    assert out.schema.equals(RESOLUTION)
    assert out["doc_id"].to_pylist() == [row["doc_id"] for row in rows]
    kept = {row["record_id"] for row, new in zip(rows, out.to_pylist(), strict=True) if new["fate"] == KEPT}
    for row, new in zip(rows, out.to_pylist(), strict=True):
        assert (new["fate"] == KEPT) == (new["split"] in SPLITS)
        # Nobody is lifted: what was not kept before is not kept now, and reasons only grow.
        assert new["fate"] == row["fate"] or new["fate"] in (DROPPED, QUARANTINED)
        assert new["reasons"][: len(row["reasons"])] == row["reasons"]
        if row["fate"] == KEPT and new["fate"] == DROPPED:
            assert new["duplicate_of"] in kept
            assert new["jaccard"] >= 0.8


def test_the_copy_in_the_source_of_higher_priority_survives(tmp_path: Path) -> None:
    rows = [item(0, article(1), source="b"), item(1, article(1), source="a"), item(2, article(2))]
    found = by_record(rows, resolved(rows, tmp_path))
    assert found["b/000.txt"]["duplicate_of"] == "a/001.txt"
    assert found["b/000.txt"]["reasons"] == ["duplicate.exact"]
    assert found["a/001.txt"]["fate"] == KEPT


def test_what_was_published_before_stays_the_survivor(tmp_path: Path) -> None:
    rows = [item(0, article(1), source="b"), item(1, article(1), source="a", content_id="f" * 64)]
    before = Inherited({rows[0]["content_id"]: "test"}, frozenset({rows[0]["content_id"]}))
    found = by_record(rows, resolved(rows, tmp_path, inherited=before))
    assert found["a/001.txt"]["duplicate_of"] == "b/000.txt"
    assert found["b/000.txt"]["split"] == "test"


def test_what_ties_two_splits_together_is_quarantined(tmp_path: Path) -> None:
    rows = [
        item(0, article(1), group="g"),
        item(1, article(2), group="g"),
        item(2, article(3), group="g"),
        *[item(n, article(n)) for n in range(4, 8)],
    ]
    before = Inherited({rows[0]["content_id"]: "train", rows[1]["content_id"]: "test"}, frozenset())
    found = by_record(rows, resolved(rows, tmp_path, inherited=before))
    assert (found["a/002.txt"]["fate"], found["a/002.txt"]["split"]) == (QUARANTINED, None)
    assert found["a/002.txt"]["reasons"] == [CONFLICT]
    assert [found[f"a/00{n}.txt"]["split"] for n in (0, 1)] == ["train", "test"]


def test_nothing_kept_leaves_every_split_empty(tmp_path: Path) -> None:
    rows = [item(0, article(1), DROPPED), item(1, "", QUARANTINED)]
    out = resolved(rows, tmp_path)
    assert out.empty_splits == SPLITS
    assert out.pairs.num_rows == 0
    assert out.rows["cluster"].null_count == 2


def test_real_shards_cut_small_or_large_resolve_alike(world: World) -> None:
    tables = []
    for size in (64 << 20, 300):
        run = world.refresh(shard_bytes=size)
        shards = shards_of(run)
        resolution = run.resolve(shards)
        judged = pa.concat_tables([parquet.read(shard.judged, columns=["doc_id"]) for shard in shards])
        assert judged["doc_id"].equals(resolution.rows["doc_id"])
        tables.append((len(shards), resolution))
    (few, one), (many, other) = tables
    assert many > few
    assert one.rows.equals(other.rows)
    assert one.pairs.equals(other.pairs)


def test_splits_of_all_releases_are_inherited_and_only_the_last_is_published(world: World) -> None:
    first = world.release()
    gone = parquet.read(first.folder / "ledger.parquet").to_pylist()
    path = world.raw / "blad" / "artikel-00.txt"
    removed = next(row for row in gone if row["uri"] == path.name)
    path.unlink()
    write(world.raw / "blad" / "ny.txt", article(300))
    second = world.release()
    inherited = inherit([first, second], DuplicatesConfig())
    kept = {
        row["content_id"]
        for row in parquet.read(second.folder / "ledger.parquet").to_pylist()
        if row["split"]
    }
    assert inherited.splits[removed["content_id"]] == removed["split"]
    assert removed["content_id"] not in inherited.published
    assert inherited.published == kept
    assert inherit([], DuplicatesConfig()) == NOTHING


def held(rows: Sequence[dict[str, Any]], splits: dict[str, str]) -> Inherited:
    """What a release with these rows leaves behind for the next one."""
    columns = HELD_OUT.names
    texts = [{**row, "text": row["published"]} for row in rows if splits[row["content_id"]] != "train"]
    table = pa.Table.from_pylist([{name: row[name] for name in columns} for row in texts], HELD_OUT)
    return Inherited(splits, frozenset(splits), table)


def test_an_edited_held_out_document_stays_out_of_train(tmp_path: Path) -> None:
    first = [item(n, article(n)) for n in range(12)]
    out = by_record(first, resolved(first, tmp_path))
    splits = {row["content_id"]: str(out[row["record_id"]]["split"]) for row in first}
    assert set(splits.values()) == set(SPLITS)
    edited = [item(n, article(n) + "Tillägg.\n") for n in range(12)]
    again = by_record(edited, resolved(edited, tmp_path, inherited=held(first, splits)))
    for old, new in zip(first, edited, strict=True):
        if splits[old["content_id"]] != "train":
            assert again[new["record_id"]]["split"] == splits[old["content_id"]]
            assert again[new["record_id"]]["fate"] == KEPT


def test_a_cluster_is_named_by_a_content_of_the_release_and_not_by_one_that_is_gone(tmp_path: Path) -> None:
    first = [item(n, article(n)) for n in range(12)]
    edited = [item(n, article(n) + "Tillägg.\n") for n in range(12)]
    splits = {row["content_id"]: "test" for row in first}
    again = resolved(edited, tmp_path, inherited=held(first, splits)).rows.to_pylist()
    assert [row["cluster"] for row in again] == [row["content_id"] for row in edited]


def test_what_ties_a_held_out_document_that_is_gone_to_train_is_quarantined(tmp_path: Path) -> None:
    first = [item(n, article(n)) for n in range(12)]
    out = by_record(first, resolved(first, tmp_path))
    splits = {row["content_id"]: str(out[row["record_id"]]["split"]) for row in first}
    gone = next(row for row in first if splits[row["content_id"]] == "test")
    kept = next(row for row in first if splits[row["content_id"]] == "train")
    tie = item(90, gone["published"] + "Tillägg.\n", group="g")
    rows = [{**kept, "group": "g"}, tie]
    again = by_record(rows, resolved(rows, tmp_path, inherited=held(first, splits)))
    assert again[kept["record_id"]]["split"] == "train"
    assert again[tie["record_id"]]["reasons"] == [CONFLICT]


def test_equal_record_ids_in_two_sources_are_two_items(tmp_path: Path) -> None:
    rows = [item(n, article(n), source, record_id="1") for n, source in ((1, KEPT), (2, KEPT))]
    rows.append(item(3, article(1), source="b", record_id="1"))
    pairs = resolved(rows, tmp_path).pairs.to_pylist()
    assert [{pair["id_a"], pair["id_b"]} for pair in pairs] == [{rows[0]["doc_id"], rows[2]["doc_id"]}]


def test_a_source_that_is_gone_still_binds(tmp_path: Path) -> None:
    gone = item(1, article(1), source="vanished")
    rows = [item(2, article(1) + "Tillägg.\n")]
    out = resolved(rows, tmp_path, inherited=held([gone], {gone["content_id"]: "test"}))
    assert out.rows.to_pylist()[0]["split"] == "test"
