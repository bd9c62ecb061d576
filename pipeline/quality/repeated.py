"""What the report says of repeated lines: how many there are in a source, the most common ones, and what was cut."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.quality.ledger import coded

TOP = 12
"""Lines and paragraphs of a source that the report shows."""

TEXT = 200
"""Characters of one that it shows."""


@dataclass(frozen=True, slots=True)
class Template:
    """A line, or a paragraph of several lines, with personal data masked."""

    text: str
    more: bool
    """More text than is shown."""
    documents: int
    share: float
    """Of the documents that were looked at."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was cut out of a source."""

    places: int = 0
    characters: int = 0
    documents: int = 0


@dataclass(frozen=True, slots=True)
class Repeated:
    """The repeated lines and paragraphs of one source."""

    found: int
    sampled: int
    """Documents that were looked at."""
    share: float
    """Of their characters that stand in repeated lines and paragraphs."""
    cut_share: float | None
    """Share of the documents from which on they are cut; None where they are only reported."""
    removed: Removed
    top: tuple[Template, ...]


def repeated_of(
    templates: pa.Table, fits: pa.Table, ledger: pa.Table, cut_shares: Mapping[str, float]
) -> dict[str, Repeated]:
    """By source, from templates.parquet, template_fits.parquet and the edits of the ledger; sources without any are left out.

    `cut_shares` names the sources in which they are cut, and from which share of the documents on.
    """
    removed = _removed(ledger)
    found = {}
    for row in sorted(fits.to_pylist(), key=lambda row: row["source"]):
        source = row["source"]
        cut = removed.get(source, Removed())
        if row["found"] or cut.places:
            found[source] = Repeated(
                found=row["found"],
                sampled=row["sampled"],
                share=row["repeated"] / max(1, row["characters"]),
                cut_share=cut_shares.get(source),
                removed=cut,
                top=_top(templates.filter(pc.equal(templates["source"], source))),
            )
    return found


def _top(rows: pa.Table) -> tuple[Template, ...]:
    """The most common ones. A line that stands only in a repeated paragraph is shown with that."""
    whole = rows.filter(pc.invert(rows["part"])).slice(0, TOP)
    return tuple(
        Template(
            row["text"][:TEXT],
            max(row["characters"], len(row["text"])) > TEXT,
            row["documents"],
            round(row["share"], 6),
        )
        for row in whole.to_pylist()
    )


def _removed(ledger: pa.Table) -> dict[str, Removed]:
    edits = ledger["edits"].combine_chunks()
    flat = pc.list_flatten(edits)
    mine = pc.equal(pc.struct_field(flat, "stage"), "templates").to_numpy(zero_copy_only=False)
    owners = pc.list_parent_indices(edits).to_numpy()[mine]
    sizes = (pc.subtract(pc.struct_field(flat, "end"), pc.struct_field(flat, "start"))).to_numpy()[mine]
    source, names = coded(ledger["source"])
    places = np.bincount(source[owners], minlength=len(names))
    characters = np.bincount(source[owners], sizes, minlength=len(names)).astype(np.int64)
    documents = np.bincount(source[np.unique(owners)], minlength=len(names))
    rows = zip(names, places.tolist(), characters.tolist(), documents.tolist(), strict=True)
    return {name: Removed(*counts) for name, *counts in rows if counts[0]}
