"""`kvarn diff A B`: what changed between two releases, and why, document by document."""

from collections import Counter
from pathlib import Path
from typing import Any

from flows.commands.context import context
from flows.output import emit, safe, table
from pipeline.storage import parquet
from pipeline.storage.releases import Release, get

COLUMNS = [
    "doc_id",
    "record_id",
    "source",
    "uri",
    "content_id",
    "fate",
    "split",
    "reasons",
    "decision",
    "duplicate_of",
    "edits",
]
SHOWN = 40
"""Documents listed for people; --json lists all."""


def run(a: int, b: int, config: Path | None, curated: Path | None, *, as_json: bool) -> None:
    """Print totals per cause, then the documents that moved."""
    store = context(config, curated=curated).store
    old, new = get(store, a), get(store, b)
    moved = compare(old, new)
    causes = Counter(str(item["cause"]) for item in moved)
    facts = {"a": a, "b": b, "causes": dict(sorted(causes.items())), "documents": moved}
    lines = [f"Release {a} → {b}: {len(moved)} documents changed"]
    lines += [f"  {count:,}  {cause}" for cause, count in sorted(causes.items())]
    rows = [
        [item["record_id"], item["was"], item["now"], item["cause"], ", ".join(item["reasons"])]
        for item in moved[:SHOWN]
    ]
    if rows:
        lines += ["", *table(rows, ["document", "was", "is", "cause", "reasons"])]
    if len(moved) > SHOWN:
        lines.append(f"… and {len(moved) - SHOWN:,} more; --json lists all")
    emit(facts, map(safe, lines), as_json=as_json)


def compare(old: Release, new: Release) -> list[dict[str, Any]]:
    """One row per document whose fate, split or content differs, sorted by source and uri."""
    before, after = _ledger(old), _ledger(new)
    was_made, is_made = old.manifest(), new.manifest()
    moved = []
    for doc_id in sorted(before.keys() | after.keys()):
        was, now = before.get(doc_id), after.get(doc_id)
        if (
            was
            and now
            and all(
                was[name] == now[name] for name in ("content_id", "fate", "split", "duplicate_of", "edits")
            )
        ):
            continue
        row = now or was
        assert row is not None
        moved.append(
            {
                "doc_id": doc_id,
                "record_id": row["record_id"],
                "source": row["source"],
                "uri": row["uri"],
                "was": _state(was),
                "now": _state(now),
                "reasons": now["reasons"] if now else [],
                "cause": _cause(
                    was, now, limits=was_made.config != is_made.config, code=was_made.code != is_made.code
                ),
            }
        )
    return sorted(moved, key=lambda item: (item["source"], item["uri"], item["record_id"]))


def _ledger(release: Release) -> dict[str, dict[str, Any]]:
    path, wanted = release.files("ledger.parquet")[0]
    rows = parquet.read(path, sha256=wanted.sha256, columns=COLUMNS).to_pylist()
    return {row["doc_id"]: row for row in rows}


def _state(row: dict[str, Any] | None) -> str:
    if row is None:
        return "absent"
    return f"{row['fate']} ({row['split']})" if row["split"] else str(row["fate"])


def _cause(was: dict[str, Any] | None, now: dict[str, Any] | None, *, limits: bool, code: bool) -> str:
    """data, decision, limit or code: the first that can explain the change, nearest to the document first."""
    if was is None or now is None or was["content_id"] != now["content_id"]:
        return "data"
    if was["decision"] != now["decision"]:
        return "decision"
    if was["duplicate_of"] != now["duplicate_of"]:
        # Another document came or went, and took or lost the place of survivor.
        return "data"
    if limits:
        return "limit"
    return "code" if code else "data"
