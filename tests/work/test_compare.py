"""Items compared with what earlier releases had: what is read, what is kept, and in which form it is handed on."""

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from compared import CONFIG, compared, formed, items_of, text
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.errors import ContractError
from pipeline.schema import LEDGER
from pipeline.stages.duplicates import DuplicatesConfig, rank_of
from pipeline.storage import parquet
from pipeline.storage.files import sha256_file
from pipeline.storage.manifest import FileEntry, entry
from pipeline.work.candidate import ShardFiles
from pipeline.work.compare import (
    SETS,
    SETS_FILE,
    Comparison,
    Texts,
    compare_items,
    inherited_templates,
    templates_table,
    text_ids,
)
from pipeline.work.near import TemplateSet
from pipeline.work.resolve import add_reasons

# --- shards ------------------------------------------------------------------------------------------------------------


def shard(folder: Path, name: str, texts: Sequence[str]) -> ShardFiles:
    path = folder / f"{name}.parquet"
    table = pa.table({"published": pa.array(list(texts), pa.large_string())})
    pq.write_table(table, path, row_group_size=2)
    return ShardFiles(name, path, path)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the shards whose texts were read, in order."""
    names: list[str] = []
    stream = parquet.stream

    def spy(path: Path, *arguments: Any, **more: Any) -> Iterator[pa.Table]:
        names.append(path.stem)
        return stream(path, *arguments, **more)

    monkeypatch.setattr(parquet, "stream", spy)
    return names


def in_shards(
    folder: Path,
    shards: Sequence[Sequence[str]],
    more: Sequence[str] = (),
    dropped: frozenset[int] = frozenset(),
) -> list[dict[str, Any]]:
    """The pairs among all texts, but for the dropped rows of the shards."""
    files = [shard(folder, f"s{n}", texts) for n, texts in enumerate(shards)]
    every = [text for texts in shards for text in texts]
    eligible = np.array([n for n in range(len(every)) if n not in dropped], np.int64)
    where = Texts(files, len(every), eligible, pa.chunked_array([pa.array(list(more), pa.large_string())]))
    items = items_of([*(every[n] for n in eligible.tolist()), *more])
    similar, _ = compare_items(items, rank_of(items, CONFIG), where, {}, Comparison(CONFIG, folder / "near"))
    found: list[dict[str, Any]] = similar.pairs(CONFIG.full_bucket).to_pylist()
    return found


SHARDS = [[text(1), text(2), text(3)], [text(1, changed=9), text(4)], [text(2, changed=9), text(5)]]


def test_texts_of_all_shards_are_compared_with_each_other(tmp_path: Path, opened: list[str]) -> None:
    pairs = in_shards(tmp_path, SHARDS, [text(4, changed=9)])
    assert [(p["i"], p["j"]) for p in pairs] == [(0, 3), (1, 5), (4, 7)]
    assert opened == ["s0", "s1", "s2"]


def test_a_shard_whose_texts_are_known_is_not_opened(tmp_path: Path, opened: list[str]) -> None:
    first = in_shards(tmp_path, SHARDS)
    opened.clear()
    assert in_shards(tmp_path, SHARDS) == first
    assert opened == []
    changed = [SHARDS[0], [*SHARDS[1], text(5, changed=9)], SHARDS[2]]
    pairs = in_shards(tmp_path, changed)
    assert opened == ["s1"]
    assert [(p["i"], p["j"]) for p in pairs] == [(0, 3), (1, 6), (5, 7)]


def test_a_text_that_stands_twice_is_read_once(tmp_path: Path, opened: list[str]) -> None:
    assert len(in_shards(tmp_path, [[text(1), text(1)], [text(1)]], [text(1)])) == 6
    assert opened == ["s0"]


def test_what_is_not_eligible_is_neither_read_nor_compared(tmp_path: Path, opened: list[str]) -> None:
    pairs = in_shards(tmp_path, SHARDS, dropped=frozenset({0, 3, 4}))
    assert [(p["i"], p["j"]) for p in pairs] == [(0, 2)]
    assert opened == ["s0", "s2"]


@given(st.lists(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=5), max_size=4), st.data())
def test_the_wanted_texts_come_in_order(
    tmp_path_factory: pytest.TempPathFactory, cut: list[list[tuple[bool, bool]]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    numbers = iter(range(100))
    named = [[(f"text {next(numbers)}", *flags) for flags in one] for one in cut]
    files = [shard(folder, f"s{n}", [name for name, _, _ in one]) for n, one in enumerate(named)]
    every = [row for one in named for row in one]
    more = data.draw(st.lists(st.booleans(), max_size=3))
    eligible = np.array([n for n, (_, is_eligible, _) in enumerate(every) if is_eligible], np.int64)
    wanted = np.array([every[n][2] for n in eligible.tolist()] + more, bool)
    later = pa.chunked_array([pa.array([f"senare {n}" for n in range(len(more))], pa.large_string())])
    found = [one for part in Texts(files, len(every), eligible, later).of(wanted) for one in part.to_pylist()]
    assert found == [
        *(name for name, is_eligible, is_wanted in every if is_eligible and is_wanted),
        *(f"senare {n}" for n, is_wanted in enumerate(more) if is_wanted),
    ]


# --- ids ---------------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.binary(max_size=3), max_size=4), max_size=4), st.integers(0, 3))
def test_ids_are_the_first_half_of_the_sha256(parts: list[list[bytes]], skipped: int) -> None:
    names = [[hashlib.sha256(value).hexdigest() for value in part] for part in parts]
    column = pa.chunked_array([pa.array(part, pa.string()) for part in names], pa.string()).slice(skipped)
    wanted = [
        [int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:16], "little")]
        for digest in (bytes.fromhex(name) for part in names for name in part)
    ]
    ids = text_ids(column)
    assert ids.tolist() == wanted[skipped:]
    assert ids.dtype == np.uint64
    assert ids.shape[1] == 2


@pytest.mark.parametrize("name", ["", "0" * 63, "0" * 65])
def test_what_is_no_sha256_is_refused(name: str) -> None:
    with pytest.raises(ContractError, match="64 hex digits"):
        text_ids(pa.chunked_array([["0" * 64, name]]))


# --- templates of the parent -------------------------------------------------------------------------------------------


class OneFile:
    """A release of which only one file is asked for."""

    def __init__(self, folder: Path, table: pa.Table | None) -> None:
        self._path = folder / SETS_FILE
        self._is_there = table is not None
        if table is not None:
            parquet.write(self._path, table, SETS)

    def files(self, prefix: str) -> list[tuple[Path, FileEntry]]:
        if not self._is_there or not SETS_FILE.startswith(prefix):
            return []
        assert sha256_file(self._path) == entry(self._path).sha256
        return [(self._path, entry(self._path))]


SETS_OF_TWO = {
    "b": TemplateSet(7, np.array([1, 2**63 + 5, 2**64 - 1], np.uint64)),
    "a": TemplateSet(0, np.zeros(0, np.uint64)),
}


def plain(sets: Any) -> dict[str, tuple[int, list[int]]]:
    return {source: (one.texts, one.hashes.tolist()) for source, one in sets.items()}


def inherited(releases: Sequence[OneFile], config: DuplicatesConfig = CONFIG) -> dict[str, Any]:
    return plain(inherited_templates(releases, config))  # type: ignore[arg-type]


def test_templates_are_inherited_as_they_were_written(tmp_path: Path) -> None:
    table = templates_table(SETS_OF_TWO, CONFIG)
    assert table.schema == SETS
    assert table["source"].to_pylist() == ["a", "b"]
    assert inherited([OneFile(tmp_path, table)]) == plain(SETS_OF_TWO)


@pytest.mark.parametrize(
    "changes",
    [
        {"shingle": 4},
        {"template_share": 0.5},
        {"template_documents": 4},
        {"template_sample": 100},
        {"content_threshold": 0.0},
    ],
)
def test_templates_of_other_settings_are_not_inherited(tmp_path: Path, changes: dict[str, Any]) -> None:
    other = dataclasses.replace(CONFIG, **changes)
    assert inherited([OneFile(tmp_path, templates_table(SETS_OF_TWO, CONFIG))], other) == {}


def test_settings_that_decide_no_template_do_not_matter(tmp_path: Path) -> None:
    other = DuplicatesConfig(
        template_documents=3, template_share=0.2, threshold=0.7, content_threshold=0.5, own_shingles=5, seed=4
    )
    assert inherited([OneFile(tmp_path, templates_table(SETS_OF_TWO, CONFIG))], other) == plain(SETS_OF_TWO)


def test_only_the_newest_release_counts(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    old = OneFile(tmp_path / "a", templates_table(SETS_OF_TWO, CONFIG))
    new = OneFile(tmp_path / "b", templates_table({"c": SETS_OF_TWO["b"]}, CONFIG))
    assert list(inherited([old, new])) == ["c"]
    assert inherited([old, OneFile(tmp_path, None)]) == {}
    assert inherited([]) == {}


MADE_UP = np.array([1, 2, 3], np.uint64)


@pytest.mark.parametrize(("texts", "is_kept"), [(8, False), (9, True), (10, True), (11, True), (12, False)])
def test_templates_are_kept_while_a_source_changes_little(tmp_path: Path, texts: int, is_kept: bool) -> None:
    before = {"s": TemplateSet(10, MADE_UP)}
    found = compared(tmp_path / "near", [formed(n) for n in range(texts)], inherited=before).templates["s"]
    if is_kept:
        # With the number that they were sought with, so that small changes do not add up unseen.
        assert found == (10, MADE_UP.tolist())
    else:
        assert found == compared(tmp_path / "anew", [formed(n) for n in range(texts)]).templates["s"]
        assert found[0] == texts
        assert len(found[1]) == 2


def test_copies_and_texts_without_words_do_not_count_as_texts_of_a_source(tmp_path: Path) -> None:
    texts = [*map(formed, range(5)), formed(0), formed(0) + ".", "?!", ""]
    assert compared(tmp_path / "near", texts).templates["s"][0] == 5


def test_each_source_has_its_own_templates(tmp_path: Path) -> None:
    texts = [*map(formed, range(6)), *map(text, range(10, 14))]
    sources = ["a"] * 3 + ["b"] * 3 + ["c"] * 4
    kept = {"b": TemplateSet(3, MADE_UP), "gone": TemplateSet(3, MADE_UP)}
    found = compared(tmp_path / "near", texts, sources=sources, inherited=kept).templates
    assert list(found) == ["a", "b", "c"]
    assert found["a"] == compared(tmp_path / "a", texts[:3]).templates["s"]
    assert len(found["a"][1]) == 2
    assert found["b"] == (3, MADE_UP.tolist())
    assert found["c"] == (4, [])


def test_other_templates_change_what_is_known_of_a_pair(tmp_path: Path) -> None:
    series = [f"{text(1, length=200)} {text(n, length=30)}" for n in range(5, 9)]
    config = dataclasses.replace(CONFIG, threshold=0.6)
    none = {"s": TemplateSet(4, np.zeros(0, np.uint64))}
    as_content = compared(tmp_path / "near", series, config, inherited=none).pairs
    assert min(pair["jaccard_content"] for pair in as_content) > 0.6
    # The same texts, known now; the templates are sought this time.
    as_template = compared(tmp_path / "near", series, config).pairs
    assert as_template == compared(tmp_path / "anew", series, config).pairs
    assert max(pair["jaccard_content"] for pair in as_template) < 0.2


# --- reasons -----------------------------------------------------------------------------------------------------------

REASONS = LEDGER.field("reasons").type


@given(
    st.lists(st.tuples(st.lists(st.sampled_from(["a", "bc", ""]), max_size=3), st.booleans()), max_size=10),
    st.integers(0, 10),
    st.integers(0, 10),
)
@example([], 0, 0)
def test_a_reason_is_added_at_the_end_of_each_row_that_gets_one(
    rows: list[tuple[list[str], bool]], cut: int, skipped: int
) -> None:
    lists = [codes for codes, _ in rows]
    parts = [pa.array(lists[:cut], REASONS), pa.array(lists[cut:], REASONS)]
    column = pa.chunked_array(parts, REASONS).slice(skipped)
    rest = rows[skipped:]
    chosen = [n for n, (_, gets) in enumerate(rest) if gets]
    added = add_reasons(column, np.array(chosen, np.int64), [f"ny.{n}" for n in chosen])
    assert added.type == REASONS
    assert added.to_pylist() == [codes + [f"ny.{n}"] * gets for n, (codes, gets) in enumerate(rest)]
    whole = pa.array(lists, REASONS).slice(skipped)
    assert add_reasons(whole, np.array(chosen, np.int64), [f"ny.{n}" for n in chosen]).equals(added)
