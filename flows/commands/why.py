"""`kvarn why DOC`: the whole story of one item over all releases, from the ledgers alone."""

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.commands.context import context
from flows.commands.terms import term_words
from flows.output import emit, safe, table
from pipeline.config import build
from pipeline.errors import UsageError
from pipeline.schema import QUARANTINED
from pipeline.stage import Rule
from pipeline.stages.language import LanguageConfig
from pipeline.stages.noise import NoiseConfig, for_profile, noise_rules
from pipeline.stages.relevance import RelevanceConfig, relevance_rules
from pipeline.storage import parquet
from pipeline.storage.paths import Store
from pipeline.storage.readers.codes import FAULTS, NOTES
from pipeline.storage.releases import Release, list_releases

WORDS = {**FAULTS, **NOTES}
"""Reason codes of reading, in words."""

SHOWN = 1200
"""Characters of a document that are printed: enough to recognise it."""


def run(doc: str, config: Path | None, curated: Path | None, *, as_json: bool) -> None:
    """Raises UsageError when no release knows the item, listing what was searched."""
    where = context(config, curated=curated)
    releases = list_releases(where.store)
    stories = [story for release in releases for story in _stories(release, doc)]
    if not stories:
        raise UsageError(_unknown(doc, where.store, releases))
    lines = [line for story in stories for line in [*_lines(story), ""]]
    emit(stories, lines, as_json=as_json)


def _unknown(doc: str, store: Store, releases: list[Release]) -> str:
    searched = ", ".join(str(release.number) for release in releases) or "none yet"
    return (
        f"{doc}: no item has this record_id, doc_id, content_id or uri (whole, or the first 6 characters or more of an id); "
        f"searched releases of {store.releases}: {searched}"
    )


def _stories(release: Release, doc: str) -> list[dict[str, Any]]:
    path, wanted = release.files("ledger.parquet")[0]
    ledger = parquet.read(path, sha256=wanted.sha256)
    rows = ledger.filter(_matches(ledger, doc))
    return [_story(release, ledger, row) for row in rows.to_pylist()[:20]]


def _matches(ledger: pa.Table, doc: str) -> pa.ChunkedArray:
    exact = pc.or_(pc.equal(ledger["record_id"], doc), pc.equal(ledger["uri"], doc))
    if len(doc) < 6:
        return exact
    starts = pc.or_(pc.starts_with(ledger["doc_id"], doc), pc.starts_with(ledger["content_id"], doc))
    return pc.or_(exact, starts)


def _story(release: Release, ledger: pa.Table, row: dict[str, Any]) -> dict[str, Any]:
    measures = _one(release, "measures.parquet", row["doc_id"]) or {}
    measures.pop("doc_id", None)
    limits = [
        {
            "reason": rule.code,
            "measure": rule.measure,
            "value": measures.get(rule.measure),
            "low": in_force.low,
            "high": in_force.high,
            "near": in_force.near,
        }
        for rule in _rules(release, row["source"])
        for in_force in [rule.limits(row["language"])]
    ]
    return {
        "release": release.number,
        **row,
        "words": {code: WORDS[code] for code in row["reasons"] if code in WORDS},
        "limits": limits,
        "measures": measures,
        "duplicates": _pairs(release, ledger, row["doc_id"]),
        "text": _text(release, row["doc_id"]),
        "terms": _terms(release, row["doc_id"]),
    }


def _rules(release: Release, source: str) -> list[Rule]:
    """The limits that judged this source of the release: those of its own manifest, not those of today."""
    config = release.manifest().config
    where = f"release {release.number}"
    noise = build(NoiseConfig, _set(config["noise"]), "noise", where)
    language = build(LanguageConfig, _set(config["language"]), "language", where)
    profile = config.get("sources", {}).get(source, {}).get("profile")
    foreign = Rule("language.foreign", "target_share", low=language.min_target_share)
    # Releases from before relevance was measured have no such section.
    relevance = build(RelevanceConfig, _set(config.get("relevance", {})), "relevance", where)
    return [foreign, *noise_rules(for_profile(noise, profile)), *relevance_rules(relevance)]


def _set(section: dict[str, Any]) -> dict[str, Any]:
    """The keys that had a value: a manifest writes null for a limit that is not set."""
    return {key: value for key, value in section.items() if value is not None}


def _one(release: Release, prefix: str, doc_id: str) -> dict[str, Any] | None:
    for path, wanted in release.files(prefix):
        parquet.verify(path, wanted.sha256)
        for rows in parquet.stream(path, rows=16_384):
            found = rows.filter(pc.equal(rows["doc_id"], doc_id))
            if found.num_rows:
                return dict(found.to_pylist()[0])
    return None


def _terms(release: Release, doc_id: str) -> list[dict[str, Any]]:
    """Terms of the glossary and variants to avoid in this item; none in releases without a glossary."""
    found: list[dict[str, Any]] = []
    for path, wanted in release.files("terms.parquet"):
        rows = parquet.read(path, sha256=wanted.sha256)
        found += rows.filter(pc.equal(rows["doc_id"], doc_id)).drop_columns("doc_id").to_pylist()
    return found


def _text(release: Release, doc_id: str) -> str | None:
    row = _one(release, "data/", doc_id) or _one(release, "withheld/", doc_id)
    return None if row is None else str(row["text"])


def _pairs(release: Release, ledger: pa.Table, doc_id: str) -> list[dict[str, Any]]:
    path, wanted = release.files("pairs.parquet")[0]
    pairs = parquet.read(path, sha256=wanted.sha256)
    mine = pairs.filter(pc.or_(pc.equal(pairs["id_a"], doc_id), pc.equal(pairs["id_b"], doc_id))).to_pylist()
    others = {
        row["id_b"] if row["id_a"] == doc_id else row["id_a"]: {
            name: row.get(name) for name in ("jaccard", "jaccard_content")
        }
        for row in mine
    }
    named = ledger.filter(pc.is_in(ledger["doc_id"], pa.array(list(others), pa.string())))
    rows = named.select(["doc_id", "record_id", "source"]).to_pylist()
    return [{**row, **others[row["doc_id"]]} for row in rows]


def _lines(story: dict[str, Any]) -> list[str]:
    """One release's story in words."""
    lines = [
        f"Release {story['release']}: {safe(story['record_id'])}  (source {safe(story['source'])}, file {safe(story['uri'])})",
        f"  item {story['doc_id']}, content {story['content_id'][:16]}…, language {story['language']}",
        f"  {story['fate']}{_because(story)}",
    ]
    lines += [f"  {code}: {words}" for code, words in story["words"].items()]
    if story["duplicate_of"]:
        lines.append(f"  copy of {safe(story['duplicate_of'])}, Jaccard {story['jaccard']:.3f}")
    for pair in story["duplicates"]:
        content = pair["jaccard_content"]
        beside = "" if content is None else f", {content:.3f} without the templates of the source"
        lines.append(
            f"  verified near-duplicate: {safe(pair['record_id'])}, Jaccard {pair['jaccard']:.3f}{beside}"
        )
    for edit in story["edits"]:
        lines.append(f"  edited by {edit['stage']}: {edit['kind']} at {edit['start']} to {edit['end']}")
    lines += [f"  {line}" for line in term_words(story["terms"])]
    if story["decision"]:
        lines.append(f"  decision of a person: {safe(story['decision'])}")
    if story["fate"] != QUARANTINED:
        rows = [
            [limit["reason"], limit["value"], limit["low"], limit["high"], _verdict(limit)]
            for limit in story["limits"]
        ]
        lines += ["", *(f"  {line}" for line in table(rows, ["rule", "value", "lowest", "highest", ""]))]
    if story["text"]:
        lines += ["", *(f"  | {safe(line)}" for line in story["text"][:SHOWN].split("\n"))]
    return lines


def _because(story: dict[str, Any]) -> str:
    words = f" into {story['split']}" if story["split"] else ""
    return f"{words}: {', '.join(map(safe, story['reasons']))}" if story["reasons"] else words


def _verdict(limit: dict[str, Any]) -> str:
    value = limit["value"]
    if value is None or math.isnan(value):
        return "does not apply"
    low = limit["low"] is not None and value < limit["low"]
    high = limit["high"] is not None and value > limit["high"]
    if low or high:
        return "OUT"
    near_low = limit["low"] is not None and value < limit["low"] + limit.get("near", 0)
    near_high = limit["high"] is not None and value > limit["high"] - limit.get("near", 0)
    return "near" if limit.get("near") and (near_low or near_high) else "ok"
