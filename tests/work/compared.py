"""Texts compared through an index in a folder, as a release compares them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.stages.duplicates import ITEMS, DuplicatesConfig, rank_of
from pipeline.work.compare import Comparison, Texts, compare_items
from pipeline.work.near import TemplateSet

# A template stands in three documents, so that small corpora have some.
CONFIG = DuplicatesConfig(template_documents=3, template_share=0.2)


@dataclass(frozen=True)
class Outcome:
    """What is alike: every listed pair of texts with its values, and the templates of each source."""

    pairs: list[dict[str, Any]]
    templates: dict[str, tuple[int, list[int]]]


def items_of(texts: Sequence[str], sources: Sequence[str] | None = None) -> pa.Table:
    """Items by content, so that the order of the texts says nothing."""
    rows = []
    for at, text in enumerate(texts):
        name = hashlib.sha256(text.encode()).hexdigest()
        rows.append(
            {
                "doc_id": f"{name[:8]}-{at:04}",
                "content_id": name,
                "text_sha256": name,
                "fate": "kept",
                "priority": 0.0,
                "quality": None,
                "date": None,
                "published_before": False,
                "source": sources[at] if sources else "s",
            }
        )
    return pa.Table.from_pylist(rows, ITEMS.append(pa.field("source", pa.string(), nullable=False)))


def compared(
    folder: Path,
    texts: Sequence[str],
    config: DuplicatesConfig = CONFIG,
    *,
    threads: int = 1,
    sources: Sequence[str] | None = None,
    inherited: dict[str, TemplateSet] | None = None,
) -> Outcome:
    """The texts compared through the index in this folder."""
    more = pa.chunked_array([pa.array(list(texts), pa.large_string())])
    where = Texts((), 0, np.zeros(0, np.int64), more)
    items = items_of(texts, sources)
    similar, sets = compare_items(
        items, rank_of(items, config), where, inherited or {}, Comparison(config, folder, threads)
    )
    return Outcome(
        similar.pairs(config.full_bucket).to_pylist(),
        {source: (one.texts, one.hashes.tolist()) for source, one in sets.items()},
    )


def text(number: int, *, length: int = 60, changed: int = -1) -> str:
    """Words of its own; one of them changed, it is a near copy of itself."""
    words = [f"ord{number}a{n}" for n in range(length)]
    if changed >= 0:
        words[changed] = "ändrat"
    return " ".join(words)


def formed(number: int) -> str:
    """A document made with a form that all of them share, and that is no near copy of another."""
    return "härmed ansöker jag om bidrag till " + text(number, length=40)
