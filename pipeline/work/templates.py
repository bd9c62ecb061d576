"""Templates of a source: fitted in a worker on its measured items, or taken over from the parent release.

What is cut decides which shards are judged anew. So a source keeps the templates of the parent release while it is about what they
were fitted on, in number and in content: one per cent of new data must not judge a whole source again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import fingerprint
from pipeline.kernels.lines import VERSION
from pipeline.quality.texts import hex_keys
from pipeline.schema import TEMPLATE_FITS, TEMPLATES
from pipeline.stages.pii import PiiConfig
from pipeline.stages.templates import SAMPLE, CutSet, Policy, Sample, TemplatesConfig, cut_set, fit
from pipeline.storage import parquet
from pipeline.storage.releases import Release
from pipeline.work.heartbeat import now_at
from pipeline.work.markers import Marker, finish

ROWS, FITS = "templates.parquet", "template_fits.parquet"
"""Files of a fit, and of a release."""

DRIFT = 0.1
"""By how much of their number the items of a source may change before its templates are fitted anew. A share of 40 % moves by less
than 7 points then, whatever came or went."""


CONTENTS = 256
"""Smallest content_ids that are compared: a sample of both sources alike, whose share in common is known to within .03."""

ALIKE = 0.8
"""Least share in common of what both hold: .91 where a tenth is new, .82 where a tenth was replaced."""


@dataclass(frozen=True, slots=True)
class TemplateSettings:
    """What templates depend on, and what is done about them."""

    config: TemplatesConfig = field(default_factory=TemplatesConfig)
    sources: Mapping[str, Policy] = field(default_factory=dict)
    """Policies of sources that have their own."""
    pii: PiiConfig = field(default_factory=PiiConfig)
    """Kinds of personal data that were not looked for cannot be masked in what is listed."""

    @property
    def fingerprint(self) -> str:
        """Of a fit; no policy is part of it."""
        return fingerprint(self.config.fingerprint, VERSION, self.pii.looked_for)

    def policy(self, source: str) -> Policy:
        """What is done about the repeated lines of a source."""
        return self.sources.get(source, self.config.lines)

    def cut_shares(self, sources: Iterable[str]) -> dict[str, float]:
        """The limit of each of the sources in which they are cut."""
        return {source: self.config.cut_share for source in sources if self.policy(source) == "cut"}

    def cut(self, source: str, rows: pa.Table) -> CutSet:
        """What is cut out of the documents of a source."""
        return cut_set(rows, self.config.cut_share) if self.policy(source) == "cut" else CutSet()


@dataclass(frozen=True, slots=True)
class Fitted:
    """The templates of one source: rows with schema TEMPLATES, and its one row with schema TEMPLATE_FITS."""

    source: str
    rows: pa.Table
    fit: pa.Table

    def stands(self, items: int, contents: Sequence[int], settings: str) -> bool:
        """Whether they hold for a source that has so many items now, and these smallest contents."""
        (was,) = self.fit.to_pylist()
        few = abs(items - int(was["items"])) <= DRIFT * int(was["items"])
        return few and bool(was["settings"] == settings) and alike(was["contents"], contents) >= ALIKE


def alike(one: Sequence[int], other: Sequence[int]) -> float:
    """Share in common of all contents of two sources, estimated from the smallest of each.

    >>> alike([1, 2, 3, 4], [2, 3, 4, 5]), alike([], [])
    (0.6, 1.0)
    """
    smallest = sorted({*one, *other})[:CONTENTS]
    both = set(one) & set(other)
    return sum(value in both for value in smallest) / len(smallest) if smallest else 1.0


def smallest_contents(items: Iterable[Path]) -> tuple[int, ...]:
    """The smallest content_ids of measured shards, by their first 64 bits."""
    kept = np.zeros(0, np.uint64)
    for path in items:
        for rows in parquet.stream(path, columns=["content_id"], rows=1 << 16):
            kept = np.unique(np.concatenate([kept, hex_keys(rows["content_id"])]))[:CONTENTS]
    return tuple(kept.tolist())


@dataclass(frozen=True, slots=True)
class TemplatesJob:
    """One source to fit: its measured shards."""

    folder: Path
    source: str
    items: tuple[Path, ...]
    count: int
    contents: tuple[int, ...]
    settings: TemplateSettings


def fit_source(job: TemplatesJob) -> Marker:
    """Write both tables and their marker into the job's folder. Holds no more text than a sample."""
    sample = Sample(job.settings.config)
    for path in job.items:
        for items in parquet.stream(path, columns=["uri", *SAMPLE.names]):
            now_at(items["uri"][0].as_py())
            sample.offer(items)
    made = fit(job.source, sample.documents, job.settings.config)
    row = {
        "source": job.source,
        "items": job.count,
        "contents": list(job.contents),
        "sampled": made.sampled,
        "characters": made.characters,
        "repeated": made.repeated,
        "found": made.found,
        "settings": job.settings.fingerprint,
    }
    parquet.write(job.folder / ROWS, made.rows, TEMPLATES)
    parquet.write(job.folder / FITS, pa.Table.from_pylist([row], TEMPLATE_FITS), TEMPLATE_FITS)
    return finish(job.folder, {ROWS: made.rows.num_rows, FITS: 1}, {})


def read_fit(source: str, folder: Path) -> Fitted:
    """What `fit_source` wrote."""
    return Fitted(source, parquet.read(folder / ROWS), parquet.read(folder / FITS))


def fits_of(release: Release | None) -> dict[str, Fitted]:
    """The templates of a release by source; none where there is no release, or it is older than they are."""
    paths = [file for name in (ROWS, FITS) for file in release.files(name)] if release is not None else []
    if len(paths) != 2:
        return {}
    rows, fits = (parquet.read(path, sha256=wanted.sha256) for path, wanted in paths)
    return {
        source: Fitted(source, _of(rows, source), _of(fits, source)) for source in fits["source"].to_pylist()
    }


def _of(table: pa.Table, source: str) -> pa.Table:
    return table.filter(pc.equal(table["source"], source))
