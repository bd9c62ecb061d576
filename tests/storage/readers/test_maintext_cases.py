"""Made-up pages of many kinds of sites: what of them is text, and what is furniture. `html_cases.jsonl` holds one a line."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.storage.readers.html import found_page

LINES = (Path(__file__).parent / "html_cases.jsonl").read_text(encoding="utf-8").split("\n")
CASES = [json.loads(line) for line in LINES if line]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['family']}: {case['name']}" for case in CASES])
def test_the_text_of_a_page(case: dict[str, Any]) -> None:
    """`keep` stands in the text as it is, line ends too; nothing of `gone` does."""
    text = found_page(case["html"].encode()).text
    assert [part for part in case["keep"] if part not in text] == []
    assert [part for part in case["gone"] if part in text] == []


def test_names_of_cases_are_their_own() -> None:
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names)) > 50
