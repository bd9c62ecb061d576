"""A small corpus, and the steps of a refresh taken in this process: no Prefect, no worker processes, no Great Expectations."""

import functools
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.stages.duplicates import DuplicatesConfig
from pipeline.stages.split import SplitConfig
from pipeline.storage.files import write_bytes
from pipeline.storage.lock import exclusive
from pipeline.storage.manifest import Manifest
from pipeline.storage.paths import Store
from pipeline.storage.releases import Release
from pipeline.work import plan, refresh
from pipeline.work.candidate import ReleaseConfig, ShardFiles
from pipeline.work.code import code_digest
from pipeline.work.jobs import Job, perform
from pipeline.work.judge import JudgeSettings
from pipeline.work.markers import Marker
from pipeline.work.measure import MeasureSettings
from pipeline.work.plan import Plan, make_plan
from pipeline.work.publish import Candidate, CandidateState, hold, publish_candidate
from pipeline.work.refresh import Measured, Refresh, RefreshSettings, by_source
from pipeline.work.templates import Fitted

SUBJECTS = (
    "Plantering", "Röjning", "Gallring", "Dikning", "Gödsling", "Markberedning", "Viltskador", "Skogsbrand", "Virkesmätning",
)  # fmt: skip

SENTENCES = (
    "{0} kräver planering i god tid, eftersom marken ofta är för blöt under våren och för torr under sommaren.",
    "Den som äger skogen bestämmer själv när arbetet ska göras, men det är klokt att fråga en rådgivare om {1}.",
    "Vid {1} bör man tänka på fukten, på lutningen och på hur långt det är till närmaste väg.",
    "I vår trakt har {1} blivit vanligare sedan priset på virke steg, och flera grannar delar på maskinerna.",
    "Efter {1} lämnas alltid några träd kvar, så att fåglar och insekter har någonstans att ta vägen.",
)

ENGLISH = "The forest belongs to everybody who walks in it, and nobody may fence it in without a permit. "

OLD = 1_700_000_000
"""Seconds; a time of change that is long past, so that hashes are remembered."""


def article(number: int) -> str:
    """One of many short Swedish texts, none a near-duplicate of another."""
    subject = SUBJECTS[number % len(SUBJECTS)]
    other = SUBJECTS[(number * 5 + 3) % len(SUBJECTS)].lower()
    lines = [
        SENTENCES[(number + k) % len(SENTENCES)].format(subject, f"{other} i område {number + k}")
        for k in range(5)
    ]
    return f"{subject} i trakten {number}\n\n" + "\n\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (OLD, OLD))


def write_corpus(raw: Path, articles: int = 12) -> None:
    """Two sources with prose, a copy, foreign text, personal data, and what cannot be read: articles + 8 items."""
    write(raw / "blad" / "source.toml", 'licence = "CC0-1.0"\npriority = 5\n')
    for number in range(articles):
        write(raw / "blad" / f"artikel-{number:02d}.txt", article(number))
    records = [{"id": f"b-{n}", "text": article(n + 100), "group": f"g{n // 2}"} for n in range(4)]
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    lines[3] = '{"id": "broken", "text": '
    write(raw / "brev" / "brev.jsonl", "\n".join(lines) + "\n")
    write(raw / "brev" / "kopia.txt", article(4))
    write(raw / "brev" / "english.txt", ENGLISH * 6)
    write(raw / "brev" / "medlem.txt", article(60) + "\nRing mig på 070-1740605 i morgon.\n")
    write(raw / "brev" / "avbruten.pdf", "%PDF-1.7\n1 0 obj\n<< /Type /Catalog")


@dataclass
class DirectPool:
    """The Pool protocol in this process. Remembers what it was asked to do."""

    jobs: list[Job] = field(default_factory=list)

    def submit(self, job: Job) -> Marker:
        self.jobs.append(job)
        return perform(job)


def refresh_settings() -> RefreshSettings:
    return RefreshSettings(
        MeasureSettings(), JudgeSettings(), DuplicatesConfig(), SplitConfig(), ReleaseConfig()
    )


def plan_of(raw: Path, store: Store, shard_bytes: int = 64 << 20) -> Plan:
    return make_plan(raw, store, {"section": {"key": 1}}, shard_bytes)


def fitted_of(run: Refresh, measured: Sequence[Measured]) -> list[Fitted]:
    """The templates of every source."""
    return [run.templates(shards) for shards in by_source(measured)]


def shards_of(run: Refresh) -> list[ShardFiles]:
    """Every shard measured and judged."""
    measured = [run.measure(shard) for shard in run.plan.shards]
    return [run.judge(item) for item in run.with_cuts(measured, fitted_of(run, measured))]


def seal(run: Refresh, shards: Sequence[ShardFiles] | None = None) -> Manifest:
    """The candidate in the build folder, sealed."""
    done = shards_of(run) if shards is None else shards
    fitted = fitted_of(run, [run.measure(shard) for shard in run.plan.shards])
    return run.seal(run.assemble(done, run.resolve(done), fitted))


def write_report(folder: Path, digest: str, verdict: str = "PASS") -> None:
    """The files that name the digest."""
    report = {"digest": digest, "verdict": verdict, "after": verdict}
    write_bytes(folder / "report.json", json.dumps(report).encode())
    write_bytes(folder / "report.html", b"<!doctype html>")
    write_bytes(folder / "validation.json", b"[]")


def held(
    run: Refresh, verdict: str = "PASS", *, needs_approval: bool = False, time: str = "2026-01-01"
) -> Candidate:
    """A sealed candidate under candidates/, with a report that holds only what publishing looks at."""
    manifest = seal(run)
    write_report(run.plan.store.build, manifest.digest, verdict)
    state = CandidateState(verdict, verdict, needs_approval, time=time)
    return hold(run.plan.store, manifest.digest, state)


def release(raw: Path, store: Store, pool: DirectPool | None = None) -> Release:
    """A published release of what lies in raw/ now."""
    with exclusive(store):
        run = Refresh(plan_of(raw, store), refresh_settings(), pool or DirectPool())
        return publish_candidate(store, held(run))


@dataclass(frozen=True)
class World:
    """A raw folder and its store."""

    raw: Path
    store: Store

    def refresh(self, pool: DirectPool | None = None, shard_bytes: int = 64 << 20) -> Refresh:
        """A refresh under way."""
        return Refresh(plan_of(self.raw, self.store, shard_bytes), refresh_settings(), pool or DirectPool())

    def release(self, pool: DirectPool | None = None) -> Release:
        """Publish what lies in raw/ now."""
        return release(self.raw, self.store, pool)

    def copy(self, folder: Path) -> "World":
        shutil.copytree(self.raw.parent, folder, symlinks=True)
        return World(folder / "raw", Store(folder / "curated"))


@functools.cache
def _digest_once(only: tuple[str, ...]) -> str:
    return code_digest(only)


@contextmanager
def pinned_code() -> Iterator[None]:
    """Sources are hashed once a session: somebody who edits one meanwhile must not fail a test about something else."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (plan, refresh):
            patch.setattr(module, "code_digest", lambda only=(): _digest_once(tuple(only)))
        yield


@functools.cache
def made_once(base: Path) -> World:
    """Release 1 of the small corpus, made once for all test folders; nobody may change it."""
    folder = base / "small-store"
    world = World(folder / "raw", Store(folder / "curated"))
    write_corpus(world.raw)
    with pinned_code():
        world.release()
    return world
