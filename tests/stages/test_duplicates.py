"""Verified pairs, survivors and clusters: against brute force, and whatever the order of the rows."""

import dataclasses
import hashlib
import itertools
import json
import random
import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import build
from pipeline.errors import ConfigError, ContractError
from pipeline.kernels.shingles import shingle_hash
from pipeline.schema import PAIRS, check_schema
from pipeline.stages import duplicates_sketch
from pipeline.stages.duplicates import (
    ITEMS,
    DuplicatesConfig,
    Resolved,
    components,
    find_similar,
    pairs_table,
    rank_of,
    resolve,
    sketch,
    smallest_of,
    verified_pairs,
)
from pipeline.stages.duplicates_sketch import shingle

CONFIG = DuplicatesConfig()


def strings(values: list[str]) -> pa.Array:
    return pa.array(values, pa.large_string())


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())
    if len(words) < 5:
        return {tuple(words)} if words else set()
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def in_order(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())
    return [tuple(words[at : at + 5]) for at in range(len(words) - 4)]


def true_jaccard(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    if not a and not b:
        return float(bool(one) and one == other)
    return len(a & b) / len(a | b)


def found(texts: list[str], config: DuplicatesConfig = CONFIG) -> dict[tuple[str, str], int]:
    """How often each pair of texts is listed, whatever the rows."""
    out: dict[tuple[str, str], int] = {}
    for pair in verified_pairs(strings(texts), config).to_pylist():
        a, b = sorted([texts[pair["i"]], texts[pair["j"]]])
        out[a, b] = out.get((a, b), 0) + 1
    return out


def long_text(*, words: int = 120, changed: int = 0, seed: int = 0) -> str:
    draw = random.Random(seed)
    made = [f"ord{draw.randrange(10**6)}" for _ in range(words)]
    for n in range(changed):
        made[n * (words // changed)] = f"ändrat{n}"
    return " ".join(made)


# Short vocabularies and few words, so that texts are alike often.
NEAR_TEXTS = st.lists(
    st.lists(st.sampled_from(["skog", "Skog", "lag", "2", "å", "a\u030a", "\u0130", "!"]), max_size=12).map(
        " ".join
    ),
    max_size=12,
)


@settings(max_examples=150)
@given(NEAR_TEXTS)
def test_every_pair_at_the_threshold_is_listed_with_its_true_jaccard(texts: list[str]) -> None:
    # Texts of so few shingles are compared without chance.
    config = DuplicatesConfig(threshold=0.5)
    table = verified_pairs(strings(texts), config)
    got = {(p["i"], p["j"]): p["jaccard"] for p in table.to_pylist()}
    wanted = {
        (i, j): value
        for i, j in itertools.combinations(range(len(texts)), 2)
        if (value := true_jaccard(texts[i], texts[j])) >= 0.5
    }
    assert list(got) == sorted(wanted)
    assert got == pytest.approx(wanted, abs=1e-6)


@given(NEAR_TEXTS, st.randoms(use_true_random=False))
def test_the_same_pairs_are_found_in_any_order_and_cut_of_rows(texts: list[str], draw: random.Random) -> None:
    shuffled = list(texts)
    draw.shuffle(shuffled)
    assert found(texts) == found(shuffled)
    cut = draw.randrange(len(texts) + 1)
    chunked = pa.chunked_array([strings(texts[:cut]), strings(texts[cut:])], pa.large_string())
    assert verified_pairs(chunked, CONFIG).equals(verified_pairs(strings(texts), CONFIG))


def test_exact_copies_are_listed_pair_by_pair() -> None:
    text = long_text()
    table = verified_pairs(strings([text, "annat", text, text.upper()]), CONFIG)
    assert [(p["i"], p["j"], p["jaccard"]) for p in table.to_pylist()] == [(0, 2, 1), (0, 3, 1), (2, 3, 1)]


def test_copies_of_near_copies_are_listed_too() -> None:
    one, other = long_text(), long_text(changed=1)
    table = verified_pairs(strings([one, other, one, other]), CONFIG)
    assert [(p["i"], p["j"]) for p in table.to_pylist()] == list(itertools.combinations(range(4), 2))


def test_wordless_texts_pair_only_where_they_are_equal_and_not_empty() -> None:
    texts = ["", "", "?!", "?!", "…", " "]
    assert found(texts) == {("?!", "?!"): 1}


def test_a_number_that_differs_counts_as_a_difference() -> None:
    assert found(["avgiften är 100 kronor per år", "avgiften är 900 kronor per år"]) == {}


def test_a_value_at_the_threshold_is_not_below_it_once_stored() -> None:
    words = [f"o{n}" for n in range(14)]
    texts = [" ".join(words), " ".join(words[:11])]  # 10 and 7 windows, 7 shared
    (pair,) = verified_pairs(strings(texts), DuplicatesConfig(threshold=0.7)).to_pylist()
    assert 0.7 <= pair["jaccard"] < 0.7 + 1e-6


def test_chunks_and_slices_give_the_pairs_of_the_whole() -> None:
    texts = [long_text(seed=n // 2) for n in range(20)]
    whole = verified_pairs(strings(texts), CONFIG)
    chunked = pa.chunked_array(
        [strings(["bort", *texts[:7]])[1:], strings([]), strings(texts[7:])], pa.large_string()
    )
    assert verified_pairs(chunked, CONFIG).equals(whole)
    assert whole.num_rows == 10


@given(NEAR_TEXTS, st.integers(1, 80))
def test_batches_of_any_size_give_the_pairs_of_the_whole(texts: list[str], size: int) -> None:
    whole = verified_pairs(strings(texts), CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates_sketch, "BATCH_BYTES", size)
        assert sum(map(len, sketch(strings(texts), CONFIG))) == len(texts)
        assert verified_pairs(strings(texts), CONFIG).equals(whole)


def test_wordless_texts_of_different_shards_are_copies_too() -> None:
    shards = pa.chunked_array([strings(["ord", "?!", ""]), strings(["annat", "…", "?!"])])
    assert find_similar(shards, CONFIG).copy_of.tolist() == [0, 1, 2, 3, 4, 1]


def test_documents_that_python_must_normalise_keep_their_place_among_others() -> None:
    plain = [long_text(seed=n) for n in range(6)]
    odd = [text + " a\u030a \u0130 \u03a3" for text in plain]
    texts = [text for pair in zip(plain, odd, strict=True) for text in pair]
    offsets, hashes = shingle(strings(texts), CONFIG.shingle)
    for row, text in enumerate(texts):
        part = hashes[offsets[row] : offsets[row + 1]].tolist()
        assert part == [shingle_hash(" ".join(words).encode()) for words in in_order(text)]
    table = verified_pairs(strings(texts), CONFIG)
    assert [(p["i"], p["j"]) for p in table.to_pylist()] == [(n, n + 1) for n in range(0, 12, 2)]


def test_no_text_at_all_gives_no_pair() -> None:
    table = verified_pairs(pa.chunked_array([], pa.large_string()), CONFIG)
    assert (table.num_rows, table.schema.types) == (0, [pa.int64(), pa.int64(), pa.float32(), pa.float32()])


def test_many_copies_beyond_the_bound_are_listed_as_a_star_and_stay_one_cluster() -> None:
    one, other = long_text(), long_text(changed=1)
    similar = find_similar(strings([one] * 2000 + [other] * 2000), CONFIG)
    assert similar.pairs(10).num_rows < 4 * 2000
    assert set(components(4000, similar.pairs(10)).tolist()) == {0}
    assert set(similar.labels().tolist()) == {0}


def test_many_near_copies_cost_linear_work_and_leave_one_survivor() -> None:
    texts = [f"{long_text()} sida {n}" for n in range(300)]
    config = DuplicatesConfig(full_bucket=20, leaders=4)
    items = items_of([{"content_id": f"{n:03}"} for n in range(300)])
    similar = find_similar(strings(texts), config, rank_of(items, config))
    assert len(similar.i) < 300 * 40
    assert np.count_nonzero(resolve(items, similar, config).survivor < 0) == 1


@pytest.mark.data
@pytest.mark.parametrize("name", ["interpellationer_200607", "sfs_revisions"])
@pytest.mark.parametrize("threshold", [0.7, 0.8])
def test_all_gold_pairs_are_found_and_no_other(shared_data: Path, name: str, threshold: float) -> None:
    lines = (shared_data / "neardup" / f"{name}.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    head, *gold = (shared_data / "neardup" / f"{name}.gold.tsv").read_text("utf-8").splitlines()
    records = [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in gold]
    wanted = {(r["id_a"], r["id_b"]) for r in records if float(r["jaccard_w5"]) >= threshold}
    table = verified_pairs(strings([row["text"] for row in rows]), DuplicatesConfig(threshold=threshold))
    ids = [row["id"] for row in rows]
    got = {tuple(sorted((ids[p["i"]], ids[p["j"]]))) for p in table.to_pylist()}
    assert got == {tuple(sorted(pair)) for pair in wanted}


# --- survivors ---------------------------------------------------------------------------------------------------------


def items_of(rows: list[dict[str, Any]]) -> pa.Table:
    standard = {"fate": "kept", "priority": 0.0, "quality": None, "date": None, "published_before": False}
    full = [
        {"doc_id": f"d{n:03}", "content_id": f"c{n:03}", "text_sha256": f"t{n}", **standard, **row}
        for n, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(full, ITEMS)


def resolved(texts: list[str], rows: list[dict[str, Any]], config: DuplicatesConfig = CONFIG) -> Resolved:
    full = [
        {"text_sha256": hashlib.sha256(t.encode()).hexdigest(), **row}
        for t, row in zip(texts, rows, strict=True)
    ]
    return resolve(items_of(full), find_similar(strings(texts), config), config)


A, A_NEAR, B = long_text(), long_text(changed=1), long_text(seed=7)


@pytest.mark.parametrize(
    ("rows", "stays"),
    [
        ([{}, {}], 0),
        ([{}, {"priority": 1.0}], 1),
        ([{"quality": 0.9}, {"priority": 1.0}], 1),
        ([{}, {"quality": 0.5}], 1),
        ([{"quality": 0.4}, {"quality": 0.5}], 1),
        ([{"date": "2019"}, {"date": "2020-01-05"}], 1),
        ([{}, {"date": "2020"}], 1),
        ([{"content_id": "b"}, {"content_id": "a"}], 1),
        ([{"content_id": "a", "doc_id": "y"}, {"content_id": "a", "doc_id": "x"}], 1),
        ([{"priority": 9.0}, {"published_before": True}], 1),
        ([{"priority": 9.0, "fate": "flagged"}, {}], 1),
        ([{"published_before": True, "fate": "flagged"}, {}], 1),
    ],
)
def test_the_best_copy_stays(rows: list[dict[str, Any]], stays: int) -> None:
    out = resolved([A, A_NEAR], rows)
    assert out.survivor[stays] == -1
    assert out.survivor[1 - stays] == stays
    assert out.jaccard[1 - stays] == pytest.approx(true_jaccard(A, A_NEAR))
    assert out.reason[1 - stays] == "duplicate.near"
    assert out.reason[stays] is None


def test_the_order_of_keys_and_of_dates_can_be_chosen() -> None:
    rows = [{"date": "2019", "quality": 0.1}, {"date": "2020", "quality": 0.9}]
    oldest = DuplicatesConfig(survivor=("date",), date_order="oldest")
    assert resolved([A, A_NEAR], rows).survivor.tolist() == [1, -1]
    assert resolved([A, A_NEAR], rows, oldest).survivor.tolist() == [-1, 0]


def test_equal_published_texts_are_exact_duplicates() -> None:
    out = resolved([A, A, A.upper()], [{}, {}, {}])
    assert out.reason == [None, "duplicate.exact", "duplicate.near"]
    assert out.jaccard[1:].tolist() == [1.0, 1.0]


def test_flagged_items_remove_nothing() -> None:
    out = resolved([A, A, B], [{"fate": "flagged"}, {"fate": "flagged"}, {}])
    assert out.survivor.tolist() == [-1, -1, -1]


def test_a_chain_loses_nothing() -> None:
    words = [f"o{n}" for n in range(120)]
    chain = [" ".join(words[at : at + 100]) for at in (0, 10, 20)]
    assert true_jaccard(chain[0], chain[1]) >= 0.8 > true_jaccard(chain[0], chain[2])
    assert resolved(chain, [{}, {}, {}]).survivor.tolist() == [-1, 0, -1]
    assert resolved(chain, [{}, {"priority": 1.0}, {}]).survivor.tolist() == [1, -1, 1]


def test_other_fates_and_other_lengths_are_refused() -> None:
    similar = find_similar(strings([A]), CONFIG)
    with pytest.raises(ContractError, match="dropped"):
        resolve(items_of([{"fate": "dropped"}]), similar, CONFIG)
    with pytest.raises(ContractError, match="2 items but 1"):
        resolve(items_of([{}, {}]), similar, CONFIG)
    with pytest.raises(ContractError, match="labels"):
        smallest_of(np.zeros(2, np.int64), pa.array(["a"]))


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[str], list[dict[str, Any]]]:
    words = [f"o{n}" for n in range(60)]
    spans = draw(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 2)), min_size=1, max_size=10))
    texts = [" ".join(words[start : start + 40 + more]) for start, more in spans]
    row = st.fixed_dictionaries(
        {
            "content_id": st.sampled_from("abcd"),
            "fate": st.sampled_from(["kept", "kept", "flagged"]),
            "priority": st.sampled_from([0.0, 1.0]),
            "quality": st.sampled_from([None, 0.5, 0.7]),
            "date": st.sampled_from([None, "2020", "2021-03-04"]),
            "published_before": st.booleans(),
        }
    )
    rows = draw(st.lists(row, min_size=len(texts), max_size=len(texts)))
    return texts, [{**one, "doc_id": f"d{n}"} for n, one in enumerate(rows)]


@settings(max_examples=150)
@given(corpora(), st.randoms(use_true_random=False))
def test_survivors_and_clusters_do_not_depend_on_the_order_of_rows(
    corpus: tuple[list[str], list[dict[str, Any]]], draw: random.Random
) -> None:
    texts, rows = corpus
    order = draw.sample(range(len(texts)), len(texts))

    def outcome(order: list[int]) -> dict[str, Any]:
        picked, chosen = [texts[n] for n in order], [rows[n] for n in order]
        out = resolved(picked, chosen)
        labels = find_similar(strings(picked), CONFIG).labels()
        names = smallest_of(labels, pa.array([str(row["content_id"]) for row in chosen])).to_pylist()
        return {
            row["doc_id"]: (chosen[s]["doc_id"] if s >= 0 else None, names[n], out.reason[n])
            for n, (row, s) in enumerate(zip(chosen, out.survivor.tolist(), strict=True))
        }

    assert outcome(order) == outcome(list(range(len(texts))))


@given(corpora())
def test_each_dropped_item_is_verified_and_a_second_run_drops_nothing(
    corpus: tuple[list[str], list[dict[str, Any]]],
) -> None:
    texts, rows = corpus
    out = resolved(texts, rows)
    for row, survivor in enumerate(out.survivor.tolist()):
        if survivor >= 0:
            assert out.survivor[survivor] == -1
            assert rows[survivor]["fate"] == "kept"
            assert true_jaccard(texts[row], texts[survivor]) >= 0.8
            assert out.jaccard[row] == pytest.approx(true_jaccard(texts[row], texts[survivor]))
    stay = np.flatnonzero(out.survivor < 0).tolist()
    again = resolved([texts[n] for n in stay], [rows[n] for n in stay])
    assert (again.survivor < 0).all()


def test_pairs_of_the_release_are_sorted_and_name_the_cluster() -> None:
    ids = pa.array(["z", "m", "a"])
    similar = find_similar(strings([A, B, A_NEAR]), CONFIG)
    clusters = smallest_of(similar.labels(), ids)
    table = pairs_table(similar.pairs(512), ids, clusters)
    check_schema(table, PAIRS, "pairs")
    assert [(p["id_a"], p["id_b"], p["cluster"]) for p in table.to_pylist()] == [("a", "z", "a")]


# --- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"threshold": 1.2}, "duplicates.threshold = 1.2"),
        ({"bands": 8}, "set both"),
        ({"bands": 40, "rows": 7}, "280 exceeds"),
        ({"survivor": ["quality", "age"]}, "priority, quality, date"),
        ({"survivor": ["date", "date"]}, "once each"),
        ({"date_order": "new"}, "'newest', 'oldest'"),
        ({"leaders": 600}, "duplicates.leaders"),
        ({"threshhold": 0.8}, "threshold"),
    ],
)
def test_bad_settings_are_refused_by_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        build(DuplicatesConfig, values, "duplicates", "kvarn.toml")


def test_the_shape_follows_threshold_and_recall_unless_set() -> None:
    assert CONFIG.shape == (19, 5)
    assert dataclasses.replace(CONFIG, threshold=0.7).shape == (28, 4)
    assert dataclasses.replace(CONFIG, bands=14, rows=8).shape == (14, 8)
