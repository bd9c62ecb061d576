"""Templates of a source: fitted in a worker on its measured items, or taken over from the parent release.

What is cut decides which shards are judged anew. So a source keeps the templates of the parent release while it has about as many
items as they were fitted on: one per cent of new data must not judge a whole source again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import fingerprint
from pipeline.kernels.lines import VERSION
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
        looked_for = [item.name for item in fields(self.pii) if getattr(self.pii, item.name) != "off"]
        return fingerprint(self.config.fingerprint, VERSION, looked_for)

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

    def stands(self, items: int, settings: str) -> bool:
        """Whether they hold for a source that has so many items now."""
        (was,) = self.fit.to_pylist()
        few = abs(items - int(was["items"])) <= DRIFT * int(was["items"])
        return few and bool(was["settings"] == settings)


@dataclass(frozen=True, slots=True)
class TemplatesJob:
    """One source to fit: its measured shards."""

    folder: Path
    source: str
    items: tuple[Path, ...]
    count: int
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
