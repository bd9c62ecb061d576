"""The worker processes of a run, warmed up: imports and kernels are ready before the first worker is forked."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from pipeline.schema import RAW
from pipeline.stage import run_measure
from pipeline.stages.decide import Decide
from pipeline.stages.glossary import Entry, Glossary
from pipeline.stages.language import LanguageConfig
from pipeline.stages.relevance import RelevanceConfig
from pipeline.stages.relevance import fit as fit_relevance
from pipeline.stages.templates import CutSet, Sample, TemplatesConfig, fit
from pipeline.stages.templates_cut import holding, spans
from pipeline.storage.manifest import FileEntry
from pipeline.storage.readers import Record, table
from pipeline.work.jobs import Job
from pipeline.work.judge import JudgeSettings
from pipeline.work.markers import Marker
from pipeline.work.measure import MeasureSettings, measured
from pipeline.work.sandbox import SandboxPool

WARM_TEXT = (
    "Skogen växer långsamt i norr, och den som planterar i dag avverkar sällan själv. Ring 070-1740605 på måndag.\n\n"
    "Betala till SE45 5000 0000 0583 9825 7466 fÃ¶r frÃ¥gan.\n\n"
    "The second paragraph is written in English, so that every branch of the language kernel is compiled.\n"
)


@contextmanager
def open_pool(workers: int) -> Iterator[SandboxPool[Job, Marker]]:
    """A pool that runs `pipeline.work.jobs:perform`; all its processes end with the block, or with this process."""
    with SandboxPool[Job, Marker](
        workers, "pipeline.work.jobs:perform", warm_up="pipeline.work.pool:warm_up", result=marker
    ) as pool:
        yield pool


@contextmanager
def open_reading_pool(workers: int) -> Iterator[SandboxPool[Job, Marker]]:
    """A pool for jobs that only read: no stage is imported and no kernel compiled, so that it starts in a fraction of the time."""
    with SandboxPool[Job, Marker](workers, "pipeline.work.read:read_job", result=marker) as pool:
        yield pool


def marker(answer: Mapping[str, Any]) -> Marker:
    """A worker's answer as the marker that it was."""
    return Marker({name: FileEntry(**item) for name, item in answer["files"].items()}, answer["facts"])


def warm_up() -> None:
    """Run every stage once on a few words: compiles the kernels, or loads them from their cache.

    Loads as well what stages load at first use (langdetect's profiles, phonenumbers, ftfy): here once for all workers, who share it.
    """
    record = Record("warm.txt", 0, "warm.txt", WARM_TEXT, None, None, None, {}, None, (), "0" * 64)
    items = table([record], "warm").cast(RAW)
    judges = JudgeSettings().judges()
    for rows in measured([items], _everything().stages()):
        run_measure(Decide(judges), rows)
        _warm_templates(rows)


def _everything() -> MeasureSettings:
    """Settings with a glossary and exemplars, without which their kernels would not run, and with langdetect asked every time."""
    model = fit_relevance([WARM_TEXT], [WARM_TEXT], RelevanceConfig(exemplars=("warm",), buckets=1000))
    return MeasureSettings(
        language=LanguageConfig(sample=1.0), relevance=model, glossary=Glossary((Entry("skog"),))
    )


def _warm_templates(rows: pa.Table) -> None:
    config = TemplatesConfig()
    sample = Sample(config)
    sample.offer(rows)
    fit("warm", sample.documents, config)
    nothing = CutSet((0,), (0,))
    holding(rows["text"], nothing)
    spans(WARM_TEXT, nothing)
