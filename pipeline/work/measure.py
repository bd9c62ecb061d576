"""One shard, measured: read, repair, then every measure of every item. Runs inside a sandboxed worker."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field

import pyarrow as pa

from pipeline.config import fingerprint
from pipeline.schema import LANGUAGE_COLUMNS, PII_COLUMNS, REPAIRED
from pipeline.stage import Described, Measure, run_measure
from pipeline.stages.glossary import Glossary
from pipeline.stages.language import Language, LanguageConfig
from pipeline.stages.noise import Noise, NoiseConfig
from pipeline.stages.pii import Pii, PiiConfig
from pipeline.stages.relevance import Relevance, RelevanceModel
from pipeline.stages.repair import Repair, RepairConfig
from pipeline.stages.terms import Terms
from pipeline.storage import handover, parquet
from pipeline.storage.readers import ReadLimits
from pipeline.work.heartbeat import go_on
from pipeline.work.markers import Marker, finish
from pipeline.work.read import FilesJob, count_faults, fault_facts, read_files

ITEMS = "items.parquet"
HANDED = "items.arrow"

LANGUAGE_LIMITS = ("min_target_share", "keep_target_share", "foreign")
"""Keys of [language] that judge and do not measure."""

BATCH_BYTES = 8 << 20
"""Bytes of a table that is written at once: large against the cost of a row group, small against memory."""

BATCH_ROWS = 2048
"""Rows that go through the stages between two beats: large against the cost of a call (5 ms, a sixth of what 512 texts of 300
bytes take), and 10 s where every text needs a second opinion on its language (up to 5 ms each).
"""


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """What reading and measuring depend on; limits do not belong here, so that changing one measures nothing anew."""

    read: ReadLimits = field(default_factory=ReadLimits)
    repair: RepairConfig = field(default_factory=RepairConfig)
    language: LanguageConfig = field(default_factory=LanguageConfig)
    noise: NoiseConfig = field(default_factory=NoiseConfig)
    pii: PiiConfig = field(default_factory=PiiConfig)
    relevance: RelevanceModel = field(default_factory=RelevanceModel)
    """Made of the exemplars before any text is measured; without them nothing is measured."""
    glossary: Glossary = field(default_factory=Glossary)

    @property
    def fingerprint(self) -> str:
        # Noise measures depend on no setting. Of the others, only what is measured counts, not what is done about it.
        language = {key: value for key, value in asdict(self.language).items() if key not in LANGUAGE_LIMITS}
        return fingerprint(
            self.read,
            self.repair,
            language,
            self.pii.looked_for,
            self.relevance.digest,
            self.glossary.fingerprint,
        )

    def stages(self) -> tuple[Described, ...]:
        """In the order in which they run; each may read what those before it added."""
        return (
            Repair(self.repair),
            Language(self.language),
            Noise(self.noise),
            Pii(self.pii),
            Relevance(self.relevance),
            Terms(self.glossary),
        )


@dataclass(frozen=True, slots=True)
class MeasureJob(FilesJob):
    """One shard to measure. `kept`: its items stay as ITEMS for later runs; else they are handed over as HANDED within this one."""

    settings: MeasureSettings
    kept: bool = field(default=True, kw_only=True)


def measured_schema(stages: Iterable[Measure]) -> pa.Schema:
    """Columns of items.parquet: what was read and repaired, language and personal data, then one float32 per measure."""
    columns = {column.name: column for column in REPAIRED}
    for stage in stages:
        columns |= {column.name: column for column in stage.adds}
    return pa.schema(list(columns.values()))


def measure_names(schema: pa.Schema) -> list[str]:
    """The float32 measure columns, sorted by name."""
    fixed = {*REPAIRED.names, *LANGUAGE_COLUMNS.names, *PII_COLUMNS.names}
    names = [column.name for column in schema if column.type == pa.float32() and column.name not in fixed]
    return sorted([*names, "language_confidence"])


def read_shard(job: MeasureJob) -> Iterator[pa.Table]:
    """Items of the shard's files in order, in tables of some megabytes, so that a shard of small files has few row groups."""
    pending: list[pa.Table] = []
    size = 0
    for items in read_files(job, job.settings.read):
        pending.append(items)
        size += items.nbytes
        if size >= BATCH_BYTES:
            yield _joined(pending)
            pending, size = [], 0
    if pending:
        yield _joined(pending)


def _joined(tables: list[pa.Table]) -> pa.Table:
    """In one piece each column, once for all stages."""
    return pa.concat_tables(tables).combine_chunks()


def measured(tables: Iterable[pa.Table], stages: tuple[Measure, ...]) -> Iterator[pa.Table]:
    """Each table with the columns of every stage; rows keep number and order."""
    for items in tables:
        parts = list(parquet.pieces(items, 2 * BATCH_BYTES, BATCH_ROWS)) or [items]
        yield pa.concat_tables([_through(stages, part) for part in parts])


def _through(stages: tuple[Measure, ...], items: pa.Table) -> pa.Table:
    for stage in stages:
        items = run_measure(stage, items)
    go_on()
    return items


def measure_shard(job: MeasureJob) -> Marker:
    """Write the items into the job's folder, and the marker of those that are kept."""
    stages = job.settings.stages()
    schema = measured_schema(stages)
    faults: dict[str, int] = {}
    with _writer(job, schema) as writer:
        for items in measured(read_shard(job), stages):
            writer.write(items)
            count_faults(items, faults)
    facts = fault_facts(faults, job.poison)
    return (
        finish(job.folder, {ITEMS: writer.rows}, facts)
        if job.kept
        else Marker({}, {"rows": writer.rows, **facts})
    )


def _writer(job: MeasureJob, schema: pa.Schema) -> parquet.Writer | handover.Writer:
    if job.kept:
        return parquet.Writer(job.folder / ITEMS, schema)
    return handover.Writer(job.folder / HANDED, schema)
