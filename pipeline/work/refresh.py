"""The steps of a refresh, each named for what it makes. The flow (flows/refresh.py) is their order.

Steps hand over paths and markers, never tables. A step whose marker holds is not done again.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from pipeline.schema import PAIRS, TEMPLATE_FITS, TEMPLATES
from pipeline.stages.decisions import Decision, parse_decisions
from pipeline.stages.duplicates import DuplicatesConfig
from pipeline.stages.edit import hidden
from pipeline.stages.pii import masked_kinds
from pipeline.stages.split import SplitConfig
from pipeline.stages.templates import CutSet
from pipeline.storage import parquet
from pipeline.storage.files import disk_error, write_bytes
from pipeline.storage.manifest import NAME, FileEntry, Manifest, entry
from pipeline.storage.releases import list_releases
from pipeline.work.candidate import (
    TERMS_FILE,
    ReleaseConfig,
    ShardFiles,
    share_with_parent,
    write_ledger,
    write_measures,
    write_shard,
    write_terms,
)
from pipeline.work.code import MEASURING, code_digest
from pipeline.work.compare import SETS, SETS_FILE, Comparison, templates_table
from pipeline.work.jobs import Pool, run_job
from pipeline.work.judge import JUDGED, JudgeJob, JudgeSettings
from pipeline.work.markers import Marker, key
from pipeline.work.measure import ITEMS, MeasureJob, MeasureSettings, measured_schema
from pipeline.work.plan import Plan
from pipeline.work.resolve import Resolution, inherit, resolve_all
from pipeline.work.shards import Shard
from pipeline.work.templates import (
    FITS,
    ROWS,
    Fitted,
    TemplateSettings,
    TemplatesJob,
    fits_of,
    read_fit,
    smallest_contents,
)


@dataclass(frozen=True, slots=True)
class RefreshSettings:
    """The part of the settings that a candidate is made with."""

    measure: MeasureSettings
    judge: JudgeSettings
    duplicates: DuplicatesConfig
    split: SplitConfig
    release: ReleaseConfig
    templates: TemplateSettings = field(default_factory=TemplateSettings)
    threads: int = 1
    """For comparing near-duplicates, in this process. No result depends on it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured shard."""

    shard: Shard
    folder: Path
    marker: Marker
    cut: CutSet = field(default_factory=CutSet)
    """Repeated lines and paragraphs of its source that are cut."""


class Refresh:
    """One refresh under way. Methods may be called from several threads; each works in its own folder."""

    def __init__(self, plan: Plan, settings: RefreshSettings, pool: Pool) -> None:
        self.plan = plan
        self.settings = settings
        self._pool = pool
        # Of the sources that measure; a changed report template measures nothing anew.
        self._version = code_digest(MEASURING)
        self._decisions = parse_decisions(_lines(plan.store.decisions), str(plan.store.decisions))

    def measure(self, shard: Shard) -> Measured:
        """Read, repair and measure one shard."""
        spec = self.plan.specs[shard.source]
        parts = (
            shard.source,
            shard.inputs,
            spec,
            self.settings.measure.fingerprint,
            self._version,
            self.plan.lock,
        )
        folder = self.plan.store.shards / f"m-{key(*map(str, parts))}"
        files = tuple(self.plan.files[item.source, item.uri] for item in shard.inputs)
        job = MeasureJob(folder, files, spec, self.settings.measure)
        return Measured(shard, folder, run_job(self._pool, job))

    @cached_property
    def _earlier(self) -> dict[str, Fitted]:
        return fits_of(self.plan.parent)

    def templates(self, measured: Sequence[Measured]) -> Fitted:
        """Find the lines and paragraphs that documents of one source share, given all its shards; or keep the parent's."""
        source, settings = measured[0].shard.source, self.settings.templates
        count = sum(item.marker.files[ITEMS].rows or 0 for item in measured)
        items = tuple(item.folder / ITEMS for item in measured)
        contents = smallest_contents(items)
        earlier = self._earlier.get(source)
        if earlier is not None and earlier.stands(count, contents, settings.fingerprint):
            return earlier
        parts = (source, [item.marker.digest for item in measured], settings.fingerprint, self._version)
        folder = self.plan.store.shards / f"t-{key(*map(str, parts))}"
        run_job(self._pool, TemplatesJob(folder, source, items, count, contents, settings))
        return read_fit(source, folder)

    def with_cuts(self, measured: Sequence[Measured], fitted: Sequence[Fitted]) -> list[Measured]:
        """The shards, each with what is cut in its source."""
        cuts = {item.source: self.settings.templates.cut(item.source, item.rows) for item in fitted}
        return [replace(item, cut=cuts[item.shard.source]) for item in measured]

    def judge(self, measured: Measured) -> ShardFiles:
        """Decide and edit one measured shard."""
        decisions, cut = self._decisions_of(measured), measured.cut
        settings = self.settings.judge.of(measured.shard.source)
        parts: list[object] = [
            measured.marker.digest,
            settings.fingerprint,
            decisions,
            self._version,
        ]
        if cut:
            parts.append(cut)
        folder = self.plan.store.shards / f"j-{key(*map(str, parts))}"
        items = measured.folder / ITEMS
        run_job(self._pool, JudgeJob(folder, items, settings, decisions, cut))
        return ShardFiles(measured.shard.name, items, folder / JUDGED)

    def _decisions_of(self, measured: Measured) -> dict[str, Decision]:
        """Only the decisions on contents of this shard, so that one decision re-judges one shard."""
        if not self._decisions:
            return {}
        contents = parquet.read(measured.folder / ITEMS, columns=["content_id"])["content_id"].to_pylist()
        return {name: self._decisions[name] for name in sorted(set(contents)) if name in self._decisions}

    def resolve(self, shards: Sequence[ShardFiles]) -> Resolution:
        """Deduplicate and split over all shards."""
        settings = self.settings
        inherited = inherit(list_releases(self.plan.store), settings.duplicates)
        comparison = Comparison(settings.duplicates, self.plan.store.near, settings.threads)
        return resolve_all(shards, self.plan.specs, inherited, comparison, settings.split)

    def assemble(
        self, shards: Sequence[ShardFiles], resolution: Resolution, fitted: Sequence[Fitted] = ()
    ) -> dict[str, FileEntry]:
        """Write the candidate's tables into the build folder; their entries by name."""
        build = self._fresh_build()
        files: dict[str, FileEntry] = {}
        at = 0
        for shard in shards:
            rows = _count(shard.judged)
            files |= write_shard(shard, resolution.rows.slice(at, rows), build, self.settings.release)
            at += rows
        if self.plan.parent is not None:
            theirs = dict(self.plan.parent.manifest().files)
            share_with_parent(build, files, self.plan.parent.folder, theirs)
        files["ledger.parquet"] = write_ledger(shards, resolution.rows, build / "ledger.parquet")
        schema = measured_schema(self.settings.measure.stages())
        files["measures.parquet"] = write_measures(shards, build / "measures.parquet", schema)
        if self.settings.measure.glossary:
            files[TERMS_FILE] = write_terms(shards, build / TERMS_FILE)
        parquet.write(build / "pairs.parquet", resolution.pairs, PAIRS)
        files["pairs.parquet"] = entry(build / "pairs.parquet", resolution.pairs.num_rows)
        for name, schema, tables in (
            (ROWS, TEMPLATES, [item.rows for item in fitted]),
            (FITS, TEMPLATE_FITS, [item.fit for item in fitted]),
            (SETS_FILE, SETS, [templates_table(resolution.templates, self.settings.duplicates)]),
        ):
            files[name] = entry(build / name, parquet.write_all(build / name, tables, schema))
        files["decisions.parquet"] = self._write_decisions(build / "decisions.parquet")
        return files

    def _write_decisions(self, path: Path) -> FileEntry:
        """The decisions as they are applied; what people typed is masked like every text of a release."""
        masked = masked_kinds(self.settings.judge.pii)
        shown = [
            (
                name,
                replace(
                    item, text=item.text and hidden(item.text, masked), reason=hidden(item.reason, masked)
                ),
            )
            for name, item in sorted(self._decisions.items())
        ]
        rows = [{"content_id": name, "event": json.dumps(asdict(item), sort_keys=True, ensure_ascii=False)}
                for name, item in shown]  # fmt: skip
        schema = pa.schema([("content_id", pa.string()), ("event", pa.string())])
        parquet.write(path, pa.Table.from_pylist(rows, schema), schema)
        return entry(path, len(rows))

    def add_text(self, files: dict[str, FileEntry], name: str, data: bytes) -> None:
        """Add a file that is not a table (card, suites) to the candidate."""
        path = self.plan.store.build / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, data)
        files[name] = entry(path)

    def seal(self, files: Mapping[str, FileEntry]) -> Manifest:
        """Write the manifest: from here on the candidate has a digest."""
        manifest = Manifest(
            files=dict(sorted(files.items())),
            inputs=self.plan.inputs,
            config=self.plan.config,
            code=self.plan.code,
            lock=self.plan.lock,
            seeds={"duplicates": self.settings.duplicates.seed, "split": self.settings.split.seed},
            decisions=self.plan.decisions,
            parent=self.plan.parent.commit.digest if self.plan.parent else None,
        )
        write_bytes(self.plan.store.build / NAME, manifest.to_bytes())
        return manifest

    def _fresh_build(self) -> Path:
        build = self.plan.store.build
        shutil.rmtree(build, ignore_errors=True)
        try:
            build.mkdir(parents=True)
        except OSError as error:
            raise disk_error(error, build, 4096) from error
        return build


def by_source(measured: Sequence[Measured]) -> list[list[Measured]]:
    """The shards of each source, in their order."""
    ordered = sorted(measured, key=lambda item: item.shard.source)
    return [list(mine) for _, mine in groupby(ordered, key=lambda item: item.shard.source)]


def intake_counts(measured: Sequence[Measured]) -> dict[str, dict[str, int]]:
    """Files and items per source as they were read: what the ledger is held against."""
    counts: dict[str, dict[str, int]] = {}
    for item in measured:
        mine = counts.setdefault(item.shard.source, {"files": 0, "items": 0})
        mine["files"] += len(item.shard.inputs)
        mine["items"] += item.marker.files[ITEMS].rows or 0
    return counts


def _count(path: Path) -> int:
    return sum(part.num_rows for part in parquet.stream(path, columns=["doc_id"], rows=1 << 16))


def _lines(path: Path) -> list[str]:
    """Lines of a JSONL file, split at line feeds only; none where there is no file."""
    return path.read_text(encoding="utf-8").split("\n") if path.exists() else []
