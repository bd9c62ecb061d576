"""Splits: nothing that belongs together is divided, and what was once in test is never in train."""

import random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import build
from pipeline.errors import ConfigError, ContractError
from pipeline.stages.split import CONFLICT, ITEMS, Assignment, SplitConfig, assign

CONFIG = SplitConfig()
EVEN = SplitConfig(train=0.4, validation=0.3, test=0.3)


def table(rows: list[dict[str, Any]]) -> pa.Table:
    standard = {"source": "lagar", "group": None, "tokens": 100, "kept": True}
    return pa.Table.from_pylist([{"cluster": row["content_id"], **standard, **row} for row in rows], ITEMS)


def many(n: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"content_id": f"c{at:04}", **fields} for at in range(n)]


def by_content(rows: list[dict[str, Any]], out: Assignment) -> dict[str, str]:
    return {row["content_id"]: split for row, split in zip(rows, out.split, strict=True) if split}


def test_a_first_release_meets_its_quotas_of_tokens() -> None:
    draw = random.Random(3)
    rows = [{**row, "tokens": draw.randrange(50, 500)} for row in many(400)]
    out = assign(table(rows), {}, CONFIG)
    total = sum(row["tokens"] for row in rows)
    for split, share in CONFIG.shares.items():
        got = sum(row["tokens"] for row, to in zip(rows, out.split, strict=True) if to == split) / total
        assert got == pytest.approx(share, abs=0.01)
    assert out.empty == ()


@pytest.mark.parametrize("n", [3, 4, 7])
def test_three_clusters_are_enough_for_three_splits(n: int) -> None:
    assert assign(table(many(n)), {}, CONFIG).empty == ()


@pytest.mark.parametrize(
    ("n", "empty"), [(0, ("train", "validation", "test")), (1, ("validation", "test")), (2, ("test",))]
)
def test_splits_that_stay_empty_are_named(n: int, empty: tuple[str, ...]) -> None:
    assert assign(table(many(n)), {}, CONFIG).empty == empty


def test_a_split_without_a_share_is_not_missed() -> None:
    out = assign(table(many(30)), {}, SplitConfig(train=0.9, validation=0.1, test=0.0))
    assert (set(out.split), out.empty) == ({"train", "validation"}, ())


def test_a_group_of_one_source_stays_together_and_one_of_another_source_is_another() -> None:
    rows = many(60, group="ärende 7")
    assert len(set(assign(table(rows), {}, EVEN).split)) == 1
    apart = [{**row, "source": row["content_id"]} for row in rows]
    assert set(assign(table(apart), {}, EVEN).split) == {"train", "validation", "test"}


def test_only_kept_items_get_a_split_but_the_others_bind() -> None:
    # b is in no group of a's; the flagged copy ties their groups.
    rows = [
        {"content_id": "a", "group": "1"},
        {"content_id": "f", "group": "1", "cluster": "b", "kept": False},
        {"content_id": "b", "cluster": "b"},
        *many(20),
    ]
    for seed in range(20):
        split = assign(table(rows), {}, SplitConfig(train=0.4, validation=0.3, test=0.3, seed=seed)).split
        assert split[1] is None
        assert split[0] == split[2]


def test_new_documents_follow_the_earlier_ones_of_their_cluster() -> None:
    rows = [{"content_id": "old", "cluster": "k"}, {"content_id": "new", "cluster": "k"}, {"content_id": "x"}]
    for split in ("train", "validation", "test"):
        assert assign(table(rows), {"old": split}, CONFIG).split[:2] == [split, split]


def test_an_earlier_document_that_is_now_withheld_still_draws_its_copies() -> None:
    rows = [{"content_id": "old", "cluster": "k", "kept": False}, {"content_id": "new", "cluster": "k"}]
    assert assign(table(rows), {"old": "test"}, CONFIG).split == [None, "test"]


def test_a_document_that_ties_splits_goes_to_quarantine_and_the_earlier_ones_stay() -> None:
    rows = [{"content_id": name, "cluster": "k"} for name in ("a", "b", "tie")]
    out = assign(table(rows), {"a": "train", "b": "test"}, CONFIG)
    assert out.split == ["train", "test", None]
    assert out.reason == [None, None, CONFLICT]


def test_a_new_seed_moves_no_published_document() -> None:
    rows = many(50)
    first = by_content(rows, assign(table(rows), {}, EVEN))
    other = SplitConfig(train=0.2, validation=0.4, test=0.4, seed=99)
    assert by_content(rows, assign(table(rows), first, other)) == first


def test_new_units_of_later_releases_go_by_their_hash_alone() -> None:
    inherited = {"gammal": "train"}
    rows = many(600)
    out = assign(table(rows), inherited, CONFIG)
    alone = [assign(table([row]), inherited, CONFIG).split[0] for row in rows[:50]]
    assert alone == out.split[:50]
    assert out.split.count("train") / 600 == pytest.approx(0.9, abs=0.04)
    assert {"validation", "test"} <= set(out.split)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "content_id": st.sampled_from([f"c{n}" for n in range(14)]),
            "cluster": st.sampled_from([None, *(f"k{n}" for n in range(6))]),
            "group": st.sampled_from([None, None, "g1", "g2"]),
            "source": st.sampled_from(["s1", "s2"]),
            "tokens": st.integers(0, 50),
            "kept": st.sampled_from([True, True, False]),
        }
    ),
    max_size=14,
)


def check_bound(rows: list[dict[str, Any]], out: Assignment, inherited: dict[str, str]) -> None:
    """No cluster and no group crosses splits, but for documents that were in different splits before."""
    for key in ("cluster", "group", "content_id"):
        bound: dict[object, set[str]] = {}
        for row, split in zip(rows, out.split, strict=True):
            if split and row[key] is not None and row["content_id"] not in inherited:
                name = (row["source"], row[key]) if key == "group" else row[key]
                bound.setdefault(name, set()).add(split)
        assert all(len(splits) == 1 for splits in bound.values())


@settings(max_examples=200)
@given(ROWS, ROWS, st.randoms(use_true_random=False))
def test_the_laws_of_splitting(
    first: list[dict[str, Any]], later: list[dict[str, Any]], draw: random.Random
) -> None:
    before = assign(table(first), {}, EVEN)
    check_bound(first, before, {})
    assert CONFLICT not in before.reason
    inherited = by_content(first, before)

    # Some documents went, others came.
    rows = [row for row in first if draw.random() < 0.7] + later
    out = assign(table(rows), inherited, EVEN)
    check_bound(rows, out, inherited)
    for row, split, reason in zip(rows, out.split, out.reason, strict=True):
        assert (split is None) == (not row["kept"] or reason == CONFLICT)
        if row["kept"] and row["content_id"] in inherited:
            assert split == inherited[row["content_id"]]
        # What is new never joins earlier documents of another split.
        if split and row["content_id"] not in inherited:
            for other in rows:
                if other["content_id"] in inherited and other["cluster"] == row["cluster"] is not None:
                    assert inherited[other["content_id"]] == split

    order = draw.sample(range(len(rows)), len(rows))
    again = assign(table([rows[n] for n in order]), inherited, EVEN)
    assert [again.split[order.index(n)] for n in range(len(rows))] == out.split


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"train": 0.8}, "add up to 1"),
        ({"train": 1.5}, "split.train = 1.5"),
        ({"train": 0.0, "validation": 0.5, "test": 0.5}, "nothing to train on"),
        ({"traim": 0.8}, "split.traim"),
    ],
)
def test_bad_settings_are_refused_by_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(SplitConfig, values, "split", "kvarn.toml")


def test_unknown_earlier_splits_and_missing_columns_are_refused() -> None:
    with pytest.raises(ContractError, match="dev"):
        assign(table(many(1)), {"c0000": "dev"}, CONFIG)
    with pytest.raises(ContractError, match="tokens"):
        assign(table(many(1)).drop_columns(["tokens"]), {}, CONFIG)
