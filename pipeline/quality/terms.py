"""What the report says of terms: how well the glossary is covered, and which variants stand that should not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.schema import FLAGGED, KEPT, SPLITS

EXAMPLES = 5
"""Documents that are named for a variant."""

Defined = tuple[str, str]
"""Term and definition."""


@dataclass(frozen=True, slots=True)
class Use:
    """How much something stands in kept documents of one split."""

    documents: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class TermUse:
    """One term of the glossary."""

    term: str
    definition: str
    splits: Mapping[str, Use]
    """Of each split, also where it is not used."""

    @property
    def documents(self) -> int:
        return sum(use.documents for use in self.splits.values())

    @property
    def count(self) -> int:
        return sum(use.count for use in self.splits.values())


@dataclass(frozen=True, slots=True)
class Wrong:
    """A variant to avoid that stands in kept or flagged documents."""

    variant: str
    term: str
    """What to write instead."""
    documents: int
    count: int
    kept: int
    """Of the documents, those that are published."""
    examples: tuple[str, ...]
    """record_ids, those in which it stands most often first."""


@dataclass(frozen=True, slots=True)
class TermsReport:
    """The glossary against one release."""

    terms: tuple[TermUse, ...]
    """In the order of the glossary."""
    wrong: tuple[Wrong, ...]
    """The most frequent first."""
    min_documents: int
    """A term in fewer kept documents is under-covered."""

    @property
    def covered(self) -> tuple[TermUse, ...]:
        return tuple(use for use in self.terms if use.documents >= self.min_documents)

    @property
    def under_covered(self) -> tuple[TermUse, ...]:
        """Those in the fewest documents first."""
        few = [use for use in self.terms if use.documents < self.min_documents]
        return tuple(sorted(few, key=lambda use: (use.documents, use.count)))


def terms_report(
    entries: Sequence[Defined], rows: pa.Table, ledger: pa.Table, min_documents: int
) -> TermsReport:
    """From terms.parquet (schema TERMS) and the ledger of one candidate."""
    known = ledger.select(["doc_id", "record_id", "fate", "split"])
    joined = rows.select(["doc_id", "term", "variant", "count"]).join(known, "doc_id", join_type="inner")
    right = joined.filter(pc.and_(pc.is_null(joined["variant"]), pc.equal(joined["fate"], KEPT)))
    uses = {
        (row["term"], row["split"]): Use(row["count_count"], row["count_sum"])
        for row in right.group_by(["term", "split"])
        .aggregate([("count", "count"), ("count", "sum")])
        .to_pylist()
    }
    terms = tuple(
        TermUse(term, definition, {split: uses.get((term, split), Use()) for split in SPLITS})
        for term, definition in entries
    )
    return TermsReport(terms, _wrong(joined), min_documents)


def _wrong(joined: pa.Table) -> tuple[Wrong, ...]:
    seen = pc.is_in(joined["fate"], pa.array([KEPT, FLAGGED]))
    rows = joined.filter(pc.and_(pc.is_valid(joined["variant"]), seen)).to_pylist()
    groups: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in sorted(rows, key=lambda row: (-row["count"], row["record_id"])):
        groups.setdefault((row["variant"], row["term"]), []).append(row)
    found = [
        Wrong(
            variant,
            term,
            len(mine),
            sum(int(str(row["count"])) for row in mine),
            sum(row["fate"] == KEPT for row in mine),
            tuple(str(row["record_id"]) for row in mine[:EXAMPLES]),
        )
        for (variant, term), mine in groups.items()
    ]
    return tuple(sorted(found, key=lambda wrong: (-wrong.count, wrong.variant)))
