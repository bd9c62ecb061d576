"""Templates: lines and paragraphs that many documents of a source share, as navigation, letterheads and standing headings do.

They are fitted per source on a sample of its documents that no order of files decides, and reported; the policy "cut" takes the
most common ones out of what is published (pipeline.stages.templates_cut). No document is dropped for one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.kernels import lines as kernel
from pipeline.schema import PII, TEMPLATES, need, text_buffers
from pipeline.stages.edit import Cut, apply
from pipeline.stages.pii_masks import MASKS
from pipeline.stages.templates_config import Policy, TemplatesConfig
from pipeline.stages.templates_cut import LINE, PARAGRAPH, CutSet, cut_set

__all__ = ["CutSet", "Fit", "Policy", "Sample", "TemplatesConfig", "cut_set", "fit"]

SAMPLE_BYTES = 64 << 20
"""Text of a sample at most: with the hashes of its lines a fit stays below a worker's gigabyte, even where every line has three
letters."""

LARGEST = 4 << 20
"""Bytes of the largest document that is sampled; a larger one is a dump or a book, and would crowd out hundreds of others."""

PIECE_BYTES = 1 << 20
"""Text whose lines are held as a table at once: 48 bytes a line, and a line may be two bytes."""

TEXT = 600
"""Code points of a template that are kept to be read, as long as a sample of a document in the report."""

SAMPLE = pa.schema(
    [need("content_id", pa.string()), need("text", pa.large_string()), need("pii", pa.list_(PII))]
)
"""What is read of measured items."""


class Sample:
    """The documents of a source that are looked at: each content once, the smallest content_ids, at most so much text."""

    def __init__(self, config: TemplatesConfig) -> None:
        self._config = config
        self._bound: str | None = None
        self._kept = SAMPLE.empty_table()

    def offer(self, items: pa.Table) -> None:
        """More measured items, in any order and of any number."""
        size = pc.binary_length(items["text"])
        wanted = pc.and_(pc.greater(size, 0), pc.less_equal(size, LARGEST))
        if self._bound is not None:
            wanted = pc.and_(wanted, pc.less(items["content_id"], self._bound))
        rows = items.select(SAMPLE.names).filter(wanted).cast(SAMPLE)
        if rows.num_rows:
            self._kept = self._smallest(pa.concat_tables([self._kept, rows]))

    def _smallest(self, rows: pa.Table) -> pa.Table:
        rows = rows.take(pc.sort_indices(rows["content_id"]))
        names = rows["content_id"].to_numpy(zero_copy_only=False)
        rows = rows.filter(pa.array(np.append(True, names[1:] != names[:-1])))
        text = np.cumsum(pc.binary_length(rows["text"]).to_numpy())
        count = min(self._config.sample, int(np.searchsorted(text, SAMPLE_BYTES, side="right")))
        if count < rows.num_rows:
            # What is left out now must stay out, whatever comes later: else the order would decide.
            self._bound = rows["content_id"][count].as_py()
        return rows.slice(0, count).combine_chunks()

    @property
    def documents(self) -> pa.Table:
        """Schema SAMPLE, sorted by content_id."""
        return self._kept


@dataclass(frozen=True, slots=True)
class Fit:
    """What was found in a sample: rows with schema TEMPLATES, and the counts of TEMPLATE_FITS that a sample knows."""

    rows: pa.Table
    sampled: int
    characters: int
    repeated: int
    found: int


def fit(source: str, sample: pa.Table, config: TemplatesConfig) -> Fit:
    """The lines and paragraphs that documents of the sample (schema SAMPLE, sorted) share."""
    least = max(config.min_documents, int(np.ceil(config.min_share * sample.num_rows)))
    lines, paragraphs = _counts(sample, config.min_letters, least)
    seen = _Seen(lines, paragraphs)
    for piece in _pieces(sample):
        seen.look(piece)
    rows = _table(source, seen, sample.num_rows, config.most)
    characters = pc.sum(pc.utf8_length(sample["text"])).as_py() or 0
    return Fit(rows, sample.num_rows, characters, seen.repeated, len(lines) + len(paragraphs))


Counts = dict[int, int]
"""Documents by hash."""


def _pieces(sample: pa.Table) -> Iterator[pa.Table]:
    """Consecutive documents of about PIECE_BYTES."""
    place = np.cumsum(pc.binary_length(sample["text"]).to_numpy()) // PIECE_BYTES
    for part in np.split(np.arange(sample.num_rows), np.flatnonzero(np.diff(place)) + 1):
        if len(part):
            yield sample.slice(int(part[0]), len(part))


def _counts(sample: pa.Table, min_letters: int, least: int) -> tuple[Counts, Counts]:
    """Lines and paragraphs in at least `least` documents."""
    lines: list[NDArray[np.uint64]] = []
    paragraphs: list[NDArray[np.uint64]] = []
    for piece in _pieces(sample):
        hashes, table = kernel.lines_of(*text_buffers(piece["text"]))
        values, found = kernel.paragraphs_of(hashes, table)
        lines.append(_once(hashes, table, min_letters))
        paragraphs.append(_once(values, found, min_letters))
    return _frequent(lines, least), _frequent(paragraphs, least)


def _once(hashes: NDArray[np.uint64], table: NDArray[np.int64], min_letters: int) -> NDArray[np.uint64]:
    """Each hash once for every document that holds it."""
    counted = table[:, kernel.LETTERS] >= min_letters
    hashes, owner = hashes[counted], table[counted, kernel.DOCUMENT]
    order = np.lexsort((hashes, owner))
    hashes, owner = hashes[order], owner[order]
    first = np.ones(len(hashes), bool)
    first[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
    return hashes[first]


def _frequent(parts: list[NDArray[np.uint64]], least: int) -> Counts:
    if not parts:
        return {}
    values, counts = np.unique(np.concatenate(parts), return_counts=True)
    frequent = counts >= least
    return dict(zip(values[frequent].tolist(), counts[frequent].tolist(), strict=True))


class _Seen:
    """What a second look at the sample finds out: a text for every hash, which lines are parts, and the text they all make."""

    def __init__(self, lines: Counts, paragraphs: Counts) -> None:
        self.counts: Mapping[str, Counts] = {LINE: lines, PARAGRAPH: paragraphs}
        self.texts: Mapping[str, dict[int, tuple[str, int]]] = {LINE: {}, PARAGRAPH: {}}
        self.parts: set[int] = set()
        self.repeated = 0
        self._ordered = {kind: _ordered(counts) for kind, counts in self.counts.items()}

    def look(self, piece: pa.Table) -> None:
        hashes, table = kernel.lines_of(*text_buffers(piece["text"]))
        values, found = kernel.paragraphs_of(hashes, table)
        repeated = np.isin(hashes, self._ordered[LINE])
        for at in np.flatnonzero(repeated).tolist():
            self._keep(LINE, int(hashes[at]), piece, table[at : at + 1])
        for at in np.flatnonzero(np.isin(values, self._ordered[PARAGRAPH])).tolist():
            first, last = found[at, [kernel.FIRST, kernel.LAST]].tolist()
            repeated[first:last] = True
            if self._keep(PARAGRAPH, int(values[at]), piece, table[first:last]):
                self._mark_parts(int(values[at]), hashes[first:last].tolist())
        self.repeated += int((table[repeated, kernel.END] - table[repeated, kernel.START]).sum())

    def _keep(self, kind: str, value: int, piece: pa.Table, lines: NDArray[np.int64]) -> bool:
        """The text of a hash that has none yet; the first document of the sample that holds it gives it."""
        if value in self.texts[kind]:
            return False
        row = {name: piece[name][int(lines[0, kernel.DOCUMENT])].as_py() for name in ("text", "pii")}
        spans = lines[:, [kernel.START, kernel.END]].tolist()
        size = sum(len(_folded(row["text"][start:end])) + 1 for start, end in spans) - 1
        self.texts[kind][value] = "\n".join(_readable(row, start, end) for start, end in spans)[:TEXT], size
        return True

    def _mark_parts(self, paragraph: int, lines: list[int]) -> None:
        documents = self.counts[PARAGRAPH][paragraph]
        self.parts |= {line for line in lines if self.counts[LINE].get(line, 0) <= documents}


def _ordered(hashes: Iterable[int]) -> NDArray[np.uint64]:
    """Sorted, as kernels search them."""
    return np.array(sorted(hashes), np.uint64)


def _folded(text: str) -> str:
    return " ".join(text.split())


def _readable(row: Mapping[str, Any], start: int, end: int) -> str:
    """One line, folded, with every find of personal data in it masked: the table lies beside the published text."""
    cuts = [
        Cut(max(span["start"], start) - start, min(span["end"], end) - start, MASKS[span["kind"]], "pii", "")
        for span in row["pii"]
        if span["start"] < end and span["end"] > start
    ]
    return _folded(apply(row["text"][start:end], cuts))


def _table(source: str, seen: _Seen, documents: int, most: int) -> pa.Table:
    weighed = [
        (-count, -seen.texts[kind][value][1], kind, value)
        for kind, counts in seen.counts.items()
        for value, count in counts.items()
    ]
    return pa.Table.from_pylist(
        [_row(source, seen, documents, kind, value) for *_, kind, value in sorted(weighed)[:most]],
        schema=TEMPLATES,
    )


def _row(source: str, seen: _Seen, documents: int, kind: str, value: int) -> dict[str, Any]:
    text, characters = seen.texts[kind][value]
    count = seen.counts[kind][value]
    return {
        "source": source,
        "kind": kind,
        "text": text,
        "hash": value,
        "documents": count,
        "share": count / documents,
        "characters": characters,
        "part": kind == LINE and value in seen.parts,
    }
