"""Small candidates for the tests: a ledger, data rows and everything that is computed from them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from pipeline.quality.checks import CheckInputs
from pipeline.quality.profile import Profile, ProfileBuilder
from pipeline.schema import DATA, LEDGER, PAIRS, SPLITS, WITHHELD, doc_id


@dataclass(frozen=True)
class Item:
    """One raw item and what became of it."""

    name: str
    source: str = "a"
    text: str = "Skogen är en förnybar resurs, och åtgärder i röjningen ger bättre virke."
    fate: str = "kept"
    split: str | None = "train"
    reasons: tuple[str, ...] = ()
    language: str = "sv"
    group: str | None = None
    cluster: str | None = None
    decision: str | None = None
    duplicate_of: str | None = None

    @property
    def record_id(self) -> str:
        return f"{self.source}/{self.name}"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def ledger(items: Sequence[Item]) -> pa.Table:
    rows = [
        {
            "doc_id": doc_id(item.source, item.name, 0),
            "record_id": item.record_id,
            "source": item.source,
            "uri": item.name,
            "content_id": digest(item.name),
            "language": item.language,
            "fate": item.fate,
            "split": item.split if item.fate == "kept" else None,
            "reasons": list(item.reasons),
            "edits": [],
            "duplicate_of": item.duplicate_of,
            "jaccard": None,
            "cluster": item.cluster or digest(item.name),
            "decision": item.decision,
        }
        for item in items
    ]
    return pa.Table.from_pylist(rows, schema=LEDGER)


def data(items: Sequence[Item], schema: pa.Schema = DATA) -> pa.Table:
    rows: list[dict[str, Any]] = [
        {
            "doc_id": doc_id(item.source, item.name, 0),
            "record_id": item.record_id,
            "content_id": digest(item.name),
            "text_sha256": digest(item.text),
            "source": item.source,
            "uri": item.name,
            "group": item.group,
            "language": item.language,
            "date": None,
            "text": item.text,
            "meta": "{}",
            "reasons": list(item.reasons),
        }
        for item in items
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def kept(items: Sequence[Item], split: str) -> list[Item]:
    return [item for item in items if item.fate == "kept" and item.split == split]


def withheld(items: Sequence[Item], fate: str) -> pa.Table:
    return data([item for item in items if item.fate == fate], WITHHELD)


def profile(items: Sequence[Item]) -> Profile:
    builder = ProfileBuilder()
    for split in SPLITS:
        builder.add(data(kept(items, split)), split)
    return builder.finish(ledger(items))


def intake(items: Sequence[Item]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for item in items:
        row = counts.setdefault(item.source, {"files": 0, "items": 0})
        row["files"] += 1
        row["items"] += 1
    return counts


def pairs(rows: Sequence[tuple[Item, Item, float]] = ()) -> pa.Table:
    found = [
        {"id_a": a.record_id, "id_b": b.record_id, "jaccard": value, "cluster": digest(a.name)}
        for a, b, value in rows
    ]
    return pa.Table.from_pylist(found, schema=PAIRS)


def inputs(items: Sequence[Item], last: Sequence[Item] | None = None, **changes: Any) -> CheckInputs:
    """The inputs of the checks for `items`, after a release of `last`."""
    table = ledger(items)
    made = CheckInputs(
        ledger=table,
        measures=table.select(["doc_id"]),
        pairs=pairs(),
        intake=intake(items),
        files=[(item.source, item.name) for item in items],
        profile=profile(items),
        file_faults=(),
        threshold=0.8,
        content_threshold=0.6,
        previous=profile(last) if last is not None else None,
        parent_ledger=ledger(last) if last is not None else None,
    )
    return replace(made, **changes)


def corpus(count: int = 60, sources: Sequence[str] = ("a", "b", "c")) -> list[Item]:
    """A healthy corpus: different Swedish texts, nine in ten for training."""
    splits: Mapping[int, str] = {8: "validation", 9: "test"}
    return [
        Item(
            f"{i:04d}.txt",
            source=sources[i % len(sources)],
            text=f"Dokument {i}: skogen sköts med röjning och gallring på våren, och plantorna växer bäst efter {i} månader. "
            * (1 + i % 5),
            split=splits.get(i % 10, "train"),
        )
        for i in range(count)
    ]
