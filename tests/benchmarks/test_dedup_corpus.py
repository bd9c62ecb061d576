"""The benchmark's corpus is the same on every run, and its truth is what brute force finds."""

import itertools
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.dedup import corpus, score, sources, truth

WORDS = [f"{a}{b}" for a, b in itertools.product(("skog", "lag", "ö", "Én"), ("en", "ar", "s.", ":an", "är"))]


@pytest.fixture(scope="module")
def pool() -> sources.Pool:
    draw = random.Random(0)
    return sources.pool_of(
        " ".join(draw.choices(WORDS, k=draw.randrange(3, 20))) + f" nr {at}." for at in range(5_000)
    )


@pytest.fixture(scope="module")
def plan() -> corpus.Plan:
    return corpus.plan(2)


@pytest.fixture(scope="module")
def table(plan: corpus.Plan, pool: sources.Pool) -> pa.Table:
    return pa.concat_tables(corpus.tables(plan, pool))


def test_same_bytes_whatever_the_threads(plan: corpus.Plan, pool: sources.Pool, tmp_path: Path) -> None:
    paths = [tmp_path / "one.parquet", tmp_path / "three.parquet"]
    sizes = [corpus.write(plan, pool, path, threads) for path, threads in zip(paths, (1, 3), strict=True)]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sizes[0] == sizes[1] == sum(len(text.as_py().encode()) for text in pq.read_table(paths[0])["text"])


def test_a_fifth_are_copies_of_earlier_originals(plan: corpus.Plan) -> None:
    rows = np.arange(len(plan))
    copies = plan.source != rows
    assert abs(copies.mean() - 0.2) < 0.01
    assert (plan.source <= rows).all()
    assert (plan.source[plan.source] == plan.source).all()
    assert (copies == (plan.kind > 0)).all()
    assert np.bincount(plan.source[copies]).max() <= 6


def test_exact_and_layout_copies_have_the_words_of_their_source(plan: corpus.Plan, table: pa.Table) -> None:
    texts = table["text"].to_pylist()
    kinds = list(corpus.KINDS)
    checked = 0
    for row, (source, kind) in enumerate(zip(plan.source, plan.kind, strict=True)):
        if kinds[kind] == "exact":
            assert texts[row] == texts[source]
        if kinds[kind] == "layout":
            assert texts[row] != texts[source]
            assert truth.words(texts[row]) == truth.words(texts[source])
            checked += 1
    assert checked


def test_added_documents_copy_the_first_corpus(
    plan: corpus.Plan, table: pa.Table, pool: sources.Pool
) -> None:
    added = corpus.plan_added(plan, 0.2)
    texts = pa.concat_tables(corpus.tables(added, pool))["text"].to_pylist()
    exact = np.flatnonzero(added.kind == list(corpus.KINDS).index("exact"))
    assert len(exact)
    assert all(texts[row] == table["text"][int(added.source[row])].as_py() for row in exact)


def test_truth_is_brute_force(table: pa.Table) -> None:
    texts = [
        *table["text"].to_pylist()[:200],
        "",
        "a b",
        "A  b!",
        "en två tre fyra",
        "...",
        "en två tre fyra fem",
    ]
    sets = [truth.shingles(text) for text in texts]
    wanted = []
    for (i, a), (j, b) in itertools.combinations(enumerate(sets), 2):
        if a | b and len(a & b) / len(a | b) >= truth.LOWEST:
            wanted.append((i, j, len(a & b) / len(a | b)))
    assert len(wanted) > 5
    assert truth.join(truth.shingle_sets(texts)) == wanted


def test_score_counts_what_is_missed_and_what_is_wrong() -> None:
    true = pa.table({"id_a": ["a", "a", "c"], "id_b": ["b", "e", "d"], "jaccard": [0.9, 0.75, 0.8]})
    clusters = pa.table({"id": ["a", "b", "x", "y"], "cluster": [0, 0, 1, 1]})
    got = score.score(true, clusters=clusters, pairs=pa.table({"id_a": ["b", "x"], "id_b": ["a", "y"]}))
    assert got["recall_80"] == 0.5
    assert got["recall_70"] == pytest.approx(1 / 3, abs=1e-4)
    assert got["documents_right_80"] == 0.5
    assert got["pairs_right_80"] == 0.5
