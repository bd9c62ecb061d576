"""Templates: which shingles are frequent in a source, and that they alone drop nothing."""

import dataclasses
import hashlib
import math
import random
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.kernels.jaccard import content_of_pairs
from pipeline.kernels.shingles import shingle_hash
from pipeline.stages.duplicates import (
    ITEMS,
    DuplicatesConfig,
    Resolved,
    SourceTemplates,
    find_similar,
    fit,
    resolve,
)

CONFIG = DuplicatesConfig()
FEW = DuplicatesConfig(template_documents=3, template_share=0.0)


class Listed:
    """Texts in a list. Remembers which rows were read."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.taken: list[int] = []

    def take(self, rows: NDArray[np.int64]) -> pa.Array:
        self.taken += rows.tolist()
        return pa.array([self.texts[row] for row in rows.tolist()], pa.large_string())


def shingles(text: str, width: int = 5) -> set[int]:
    words = re.findall(r"\w+", text.lower())
    count = max(len(words) - width + 1, min(len(words), 1))
    return {shingle_hash(" ".join(words[at : at + width]).encode()) for at in range(count)}


def fitted(texts: Sequence[str], config: DuplicatesConfig, names: Sequence[int] | None = None) -> list[int]:
    rows = np.arange(len(texts))
    chosen = np.array(list(names) if names is not None else range(len(texts)), np.uint64)
    found: list[int] = fit(Listed(texts), rows, chosen, config).tolist()
    return found


TEXTS = st.lists(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=8).map(" ".join), min_size=1, max_size=12
)


@given(TEXTS, st.integers(2, 5), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_templates_are_the_shingles_of_enough_documents(texts: list[str], least: int, share: float) -> None:
    config = DuplicatesConfig(shingle=2, template_documents=least, template_share=share)
    counts = Counter(value for text in texts for value in shingles(text, 2))
    needed = max(least, math.ceil(share * len(texts)))
    wanted = sorted(value for value, count in counts.items() if count >= needed)
    assert fitted(texts, config) == wanted


@given(TEXTS, st.randoms(use_true_random=False))
def test_the_order_of_documents_says_nothing(texts: list[str], draw: random.Random) -> None:
    config = DuplicatesConfig(shingle=2, template_documents=2, template_sample=10)
    names = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") for text in texts]
    both = list(zip(texts, names, strict=True))
    draw.shuffle(both)
    assert fitted([t for t, _ in both], config, [n for _, n in both]) == fitted(texts, config, names)


def test_the_sample_is_of_the_smallest_names() -> None:
    texts = Listed([f"mall nummer {n % 2}" for n in range(40)])
    config = dataclasses.replace(CONFIG, template_documents=10, template_sample=10)
    names = np.array([n if n % 2 else 1000 + n for n in range(40)], np.uint64)
    found = fit(texts, np.arange(40), names, config)
    assert texts.taken == list(range(1, 20, 2))
    assert set(found.tolist()) == shingles("mall nummer 1")


def test_only_the_rows_of_the_source_are_read() -> None:
    texts = Listed(["a b", "a b", "c d", "a b"])
    found = fit(texts, np.array([0, 1, 3]), np.array([3, 2, 1], np.uint64), FEW)
    assert sorted(texts.taken) == [0, 1, 3]
    assert set(found.tolist()) == shingles("a b")


def test_a_small_source_has_no_template() -> None:
    texts = Listed(["alla är lika"] * 9)
    assert len(fit(texts, np.arange(9), np.arange(9, dtype=np.uint64), CONFIG)) == 0
    assert texts.taken == []
    assert len(fitted(["alla är lika"] * 10, CONFIG)) == 1


@pytest.mark.parametrize(("copies", "count"), [(3, 0), (4, 1)])
def test_a_share_between_two_numbers_of_documents_means_the_larger(copies: int, count: int) -> None:
    # Half of seven documents are four.
    texts = ["alla är lika"] * copies + [f"annat nummer {n}" for n in range(7 - copies)]
    assert len(fitted(texts, dataclasses.replace(FEW, template_share=0.5))) == count


def test_no_template_is_sought_where_content_does_not_count() -> None:
    assert fitted(["alla är lika"] * 20, dataclasses.replace(CONFIG, content_threshold=0.0)) == []


# --- of pairs ----------------------------------------------------------------------------------------------------------

SETS = [np.array([1, 2], np.uint64), np.array([2, 3], np.uint64), np.zeros(0, np.uint64)]


def left(templates: SourceTemplates, row: int, other: int) -> set[int]:
    """Which of the values 1 to 9 count for this pair of rows."""
    (name,) = templates.basis(np.array([row]), np.array([other])).tolist()
    offsets, hashes = np.arange(0, 11), np.arange(10, dtype=np.uint64)
    hashes[0] = 99
    every, ones = np.arange(10), np.ones(10, np.int64)
    _, sizes = content_of_pairs(every, every, offsets, hashes, ones, templates.table(name))
    return set(np.flatnonzero(sizes[1:]) + 1)


@pytest.mark.parametrize(
    ("rows", "gone"),
    [
        ((0, 0), {1, 2}),
        ((1, 1), {2, 3}),
        ((2, 2), set()),
        ((0, 1), {1, 2, 3}),
        ((1, 0), {1, 2, 3}),
        ((0, 2), {1, 2}),
        ((2, 1), {2, 3}),
    ],
)
def test_the_templates_of_both_sources_do_not_count(rows: tuple[int, int], gone: set[int]) -> None:
    templates = SourceTemplates(np.array([0, 1, 2]), SETS)
    assert left(templates, *rows) == set(range(1, 10)) - gone


def test_pairs_with_the_same_templates_have_the_same_basis_and_others_another() -> None:
    templates = SourceTemplates(np.array([0, 0, 1, 2, 2]), SETS)
    i, j = np.array([0, 0, 2, 3, 0, 2]), np.array([1, 2, 1, 4, 3, 3])
    one, mixed, turned, none, with_none, other = templates.basis(i, j).tolist()
    assert mixed == turned
    assert none == 0
    # A source without templates adds none.
    assert with_none == one
    assert len({one, mixed, none, other}) == 4


def test_the_basis_follows_the_templates_and_not_the_number_of_the_source() -> None:
    one, other = SourceTemplates(np.array([0, 1]), SETS[:2]), SourceTemplates(np.array([1, 0]), SETS[1::-1])
    rows = np.array([0]), np.array([1])
    assert one.basis(*rows).tolist() == other.basis(*rows).tolist()
    changed = SourceTemplates(np.array([0, 1]), [SETS[0], np.array([2, 4], np.uint64)])
    assert one.basis(*rows).tolist() != changed.basis(*rows).tolist()


# --- what users see ----------------------------------------------------------------------------------------------------


def words(count: int, seed: int) -> str:
    draw = random.Random(seed)
    return " ".join(f"ord{draw.randrange(10**6)}" for _ in range(count))


def series(documents: int, own: int, *, template: int = 400) -> list[str]:
    """Documents with one long template around their own words."""
    half = words(template // 2, 1), words(template // 2, 2)
    return [f"{half[0]} {words(own, 100 + n)} {half[1]}" for n in range(documents)]


def edited(text: str, at: int = 215) -> str:
    """One of the words replaced: of its own, in a series."""
    parts = text.split()
    parts[at] = "ändrat"
    return " ".join(parts)


def resolved(texts: Sequence[str], config: DuplicatesConfig = CONFIG) -> tuple[Resolved, pa.Table]:
    rows = [
        {
            "doc_id": f"d{n:03}", "content_id": f"c{n:03}", "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "fate": "kept", "priority": 0.0, "quality": None, "date": None, "published_before": False,
        }
        for n, text in enumerate(texts)
    ]  # fmt: skip
    similar = find_similar(pa.array(list(texts), pa.large_string()), config)
    return resolve(pa.Table.from_pylist(rows, ITEMS), similar, config), similar.pairs(config.full_bucket)


def true_jaccard(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


def test_a_series_with_one_long_template_is_not_dropped() -> None:
    texts = series(12, 35)
    assert true_jaccard(texts[0], texts[1]) >= 0.8
    found, pairs = resolved(texts)
    assert (found.survivor == -1).all()
    # The pairs are told of all the same, and say why nothing was dropped.
    assert pairs.num_rows == 12 * 11 // 2
    assert min(pairs["jaccard"].to_pylist()) >= 0.8
    assert max(pairs["jaccard_content"].to_pylist()) < 0.1


def test_an_edited_copy_within_a_series_is_dropped() -> None:
    texts = series(12, 35)
    found, pairs = resolved([*texts, edited(texts[3])])
    assert found.survivor.tolist() == [*[-1] * 12, 3]
    assert found.jaccard[12] == pytest.approx(true_jaccard(texts[3], edited(texts[3])))
    (content,) = [p["jaccard_content"] for p in pairs.to_pylist() if (p["i"], p["j"]) == (3, 12)]
    # 35 words of its own: 39 shingles that no other document has, 5 of them changed.
    assert content == pytest.approx(34 / 44)


@pytest.mark.parametrize(("documents", "dropped"), [(9, 8), (10, 0)])
def test_a_series_of_too_few_documents_is_no_template(documents: int, dropped: int) -> None:
    found, _ = resolved(series(documents, 35))
    assert np.count_nonzero(found.survivor >= 0) == dropped


def test_copies_make_no_template() -> None:
    text = words(100, 1)
    found, pairs = resolved([text] * 20 + [edited(text, 50)])
    assert np.count_nonzero(found.survivor >= 0) == 20
    assert min(pairs["jaccard_content"].to_pylist()) >= 0.8


@pytest.mark.parametrize(("own", "dropped"), [(15, 11), (16, 0)])
def test_documents_with_little_of_their_own_are_judged_by_the_plain_jaccard(own: int, dropped: int) -> None:
    # Four shingles more than words: those that reach into the template.
    found, pairs = resolved(series(12, own))
    assert np.count_nonzero(found.survivor >= 0) == dropped
    assert pairs["jaccard_content"].null_count == (pairs.num_rows if dropped else 0)


def test_the_smaller_of_the_two_decides_whether_enough_is_left() -> None:
    texts = series(12, 35)
    bare = texts[0].replace(words(35, 100), "")
    found, pairs = resolved([*texts, bare])
    content = {(p["i"], p["j"]): p["jaccard_content"] for p in pairs.to_pylist()}
    assert content[0, 12] is None
    assert content[0, 1] is not None
    assert found.survivor[12] >= 0


def test_content_threshold_zero_switches_it_off() -> None:
    off = dataclasses.replace(CONFIG, content_threshold=0.0)
    found, pairs = resolved(series(12, 35), off)
    assert np.count_nonzero(found.survivor >= 0) == 11
    assert pairs["jaccard_content"].to_pylist() == pytest.approx(pairs["jaccard"].to_pylist())


def test_without_templates_content_is_everything() -> None:
    text = words(100, 1)
    _, pairs = resolved([text, edited(text, 50), words(100, 2)])
    assert [(p["i"], p["j"]) for p in pairs.to_pylist()] == [(0, 1)]
    assert pairs["jaccard_content"].equals(pairs["jaccard"])


@pytest.mark.parametrize(("limit", "survivor"), [(34 / 44, 3), (0.78, -1)])
def test_content_exactly_at_its_threshold_drops(limit: float, survivor: int) -> None:
    texts = series(12, 35)
    config = dataclasses.replace(CONFIG, content_threshold=limit)
    assert resolved([*texts, edited(texts[3])], config)[0].survivor[12] == survivor


def test_the_order_of_a_series_says_nothing() -> None:
    texts = [*series(11, 35), *series(3, 5), edited(series(1, 35)[0])]
    order = random.Random(5).sample(range(len(texts)), len(texts))
    _, pairs = resolved(texts)
    _, shuffled = resolved([texts[n] for n in order])
    wanted = {frozenset((p["i"], p["j"])): (p["jaccard"], p["jaccard_content"]) for p in pairs.to_pylist()}
    assert wanted == {
        frozenset((order[p["i"]], order[p["j"]])): (p["jaccard"], p["jaccard_content"])
        for p in shuffled.to_pylist()
    }
