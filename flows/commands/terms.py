"""`kvarn report --terms`: what the glossary says of a release, with every place in which a variant to avoid stands."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.output import safe, table
from pipeline.errors import UsageError
from pipeline.quality.report import Report
from pipeline.quality.terms import TermsReport, TermUse
from pipeline.storage import parquet
from pipeline.storage.manifest import read_manifest
from pipeline.storage.releases import Release
from pipeline.work.candidate import TERMS_FILE
from pipeline.work.publish import Candidate

SHOWN = 50
"""Places of variants that are printed (our choice: a screen or two); all are in the JSON."""


def term_facts(of: Release | Candidate, report: Report) -> dict[str, Any]:
    """Raises UsageError where the release was made without a glossary."""
    terms = _terms(report)
    return {
        "release": report.number,
        "min_documents": terms.min_documents,
        "terms": [_facts(use) for use in terms.terms],
        "under_covered": [use.term for use in terms.under_covered],
        "wrong": places(of),
    }


def term_lines(of: Release | Candidate, report: Report) -> list[str]:
    """The same in words: terms to collect text about, then variants by place."""
    terms = _terms(report)
    under, wrong = terms.under_covered, places(of)
    lines = [
        f"Release {report.number}: {len(terms.covered)} of {len(terms.terms)} terms stand in {terms.min_documents} kept documents or more",
        "",
        f"Collect more text about these ({len(under)}):" if under else "No term is under-covered.",
    ]
    rows = [[use.term, use.documents, use.count] for use in under]
    lines += [f"  {line}" for line in table(rows, ["term", "documents", "places"])] if under else []
    lines += [
        "",
        f"Variants to avoid ({len(wrong)} places):" if wrong else "No variant to avoid stands anywhere.",
    ]
    rows = [
        [one["record_id"], one["fate"], one["start"], one["end"], one["variant"], one["term"]]
        for one in wrong
    ]
    head = ["record", "fate", "start", "end", "variant", "write"]
    lines += [f"  {line}" for line in table(rows[:SHOWN], head)] if wrong else []
    return [*lines, *([f"  and {len(rows) - SHOWN:,} more: --json has all"] if len(rows) > SHOWN else [])]


def _terms(report: Report) -> TermsReport:
    if report.terms is None:
        raise UsageError(
            f"release {report.number} was made without a glossary; name one under [terms] in kvarn.toml and refresh"
        )
    return report.terms


def _facts(use: TermUse) -> dict[str, Any]:
    splits = {name: {"documents": one.documents, "count": one.count} for name, one in use.splits.items()}
    return {
        "term": use.term,
        "definition": use.definition,
        "documents": use.documents,
        "count": use.count,
        "splits": splits,
    }


def places(of: Release | Candidate) -> list[dict[str, Any]]:
    """Every place of every variant in items that were not dropped, in the order of the ledger."""
    rows = _read(of, TERMS_FILE)
    wrong = rows.filter(pc.is_valid(rows["variant"])).to_pylist()
    ledger = _read(of, "ledger.parquet", ["doc_id", "record_id", "fate"])
    wanted = ledger.filter(pc.is_in(ledger["doc_id"], value_set=rows["doc_id"].combine_chunks()))
    known = {row["doc_id"]: row for row in wanted.to_pylist() if row["fate"] in ("kept", "flagged")}
    return [
        {**known[row["doc_id"]], "variant": row["variant"], "term": row["term"], **span}
        for row in wrong
        if row["doc_id"] in known
        for span in row["spans"]
    ]


def _read(of: Release | Candidate, name: str, columns: list[str] | None = None) -> pa.Table:
    digest = of.commit.digest if isinstance(of, Release) else of.digest
    wanted = read_manifest(of.folder, digest).files[name]
    return parquet.read(of.folder / name, sha256=wanted.sha256, columns=columns)


def term_words(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rows of terms.parquet of one item in the words of `kvarn why`."""
    terms = [f"{safe(row['term'])} ({row['count']})" for row in rows if row["variant"] is None]
    lines = [f"terms of the glossary: {', '.join(terms)}"] if terms else []
    for row in rows:
        if row["variant"] is not None:
            at = ", ".join(f"{span['start']} to {span['end']}" for span in row["spans"])
            lines.append(f"variant to avoid: {safe(row['variant'])} at {at}; write {safe(row['term'])}")
    return lines
