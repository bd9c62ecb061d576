"""Groups of Swedish texts that must all stay, and groups of which one copy must go."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.stages.duplicates import ITEMS, DuplicatesConfig, find_similar, resolve

CASES = Path(__file__).resolve().parents[1] / "cases" / "duplicates"


def cases(name: str) -> list[dict[str, Any]]:
    lines = (CASES / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def texts_of(case: dict[str, Any]) -> list[str]:
    """The texts of a case, each in the frame that they share."""
    frame = case.get("frame", "{}")
    return [frame.replace("{}", text) for text in case["texts"]]


def survivors_of(texts: list[str], **changes: Any) -> list[int]:
    config = DuplicatesConfig(**changes)
    names = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    rows = [
        {
            "doc_id": f"d{n:03}", "content_id": name, "text_sha256": name, "fate": "kept", "priority": 0.0,
            "quality": None, "date": None, "published_before": False,
        }
        for n, name in enumerate(names)
    ]  # fmt: skip
    similar = find_similar(pa.array(texts, pa.large_string()), config)
    found: list[int] = resolve(pa.Table.from_pylist(rows, ITEMS), similar, config).survivor.tolist()
    return found


@pytest.mark.parametrize("case", cases("must_keep"), ids=lambda case: case["label"])
def test_texts_that_differ_all_stay(case: dict[str, Any]) -> None:
    assert case["expect"] == "keep"
    assert set(survivors_of(texts_of(case))) == {-1}, case["comment"]


@pytest.mark.parametrize("case", cases("must_drop"), ids=lambda case: case["label"])
def test_of_copies_one_stays(case: dict[str, Any]) -> None:
    assert case["expect"] == "drop"
    found = survivors_of(texts_of(case))
    assert found.count(-1) == case["stays"], case["comment"]
    assert all(found[row] == -1 for row in found if row >= 0)


def test_all_cases_together_keep_what_each_keeps_alone() -> None:
    # One source: the templates of one series must not be content of another, nor cover it.
    every = [*cases("must_keep"), *cases("must_drop")]
    texts = list(dict.fromkeys(text for case in every for text in texts_of(case)))
    order = random.Random(3).sample(range(len(texts)), len(texts))
    shuffled = [texts[n] for n in order]
    gone = {shuffled[row] for row, survivor in enumerate(survivors_of(shuffled)) if survivor >= 0}
    may_go = {text for case in cases("must_drop") for text in texts_of(case)}
    assert gone
    assert gone <= may_go


def test_must_keep_is_the_larger_file_and_labels_differ() -> None:
    keep, drop = cases("must_keep"), cases("must_drop")
    assert len(keep) > len(drop)
    labels = [case["label"] for case in keep + drop]
    assert len(set(labels)) == len(labels)
    sizes = [sum(len(texts_of(case)) for case in group) for group in (keep, drop)]
    assert sizes[0] > sizes[1]


@pytest.mark.parametrize("label", ["ansökningsblanketter", "kungörelser i serie"])
def test_without_templates_a_series_would_be_lost(label: str) -> None:
    # So that these cases say something about templates.
    (case,) = [case for case in cases("must_keep") if case["label"] == label]
    assert survivors_of(texts_of(case), content_threshold=0.0).count(-1) < len(case["texts"])
