"""Templates of a source: fitted once, kept while the source is about as large, cut only where policy says so."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_store import (
    DirectPool,
    World,
    article,
    fitted_of,
    held,
    plan_of,
    refresh_settings,
    shards_of,
    write,
    write_report,
)

from pipeline.errors import StoreDamaged
from pipeline.schema import TEMPLATE_FITS, TEMPLATES
from pipeline.stages.pii import PiiConfig
from pipeline.stages.templates import CutSet, TemplatesConfig
from pipeline.storage.lock import exclusive
from pipeline.storage.releases import Release, latest, verify
from pipeline.work.judge import JudgeJob
from pipeline.work.measure import MeasureJob
from pipeline.work.publish import CandidateState, hold, publish_candidate
from pipeline.work.refresh import Refresh, by_source
from pipeline.work.templates import (
    CONTENTS,
    FITS,
    ROWS,
    Fitted,
    TemplateSettings,
    TemplatesJob,
    alike,
    fits_of,
)

HOME = "Till startsidan för skogsbladet"
LOW = TemplatesConfig(min_documents=5)


@pytest.fixture
def blad(world: World) -> World:
    """A source in which every page has its navigation, and no release yet."""
    shutil.rmtree(world.store.root)
    for number in range(12):
        write(world.raw / "blad" / f"artikel-{number:02d}.txt", f"{HOME}\n\n{article(number)}")
    return world


def run_of(
    world: World, settings: TemplateSettings, pool: DirectPool, shard_bytes: int = 64 << 20
) -> Refresh:
    plan = plan_of(world.raw, world.store, shard_bytes)
    return Refresh(plan, replace(refresh_settings(), templates=settings), pool)


def release(
    world: World, settings: TemplateSettings | None = None, pool: DirectPool | None = None
) -> Release:
    with exclusive(world.store):
        return publish_candidate(
            world.store, held(run_of(world, settings or TemplateSettings(LOW), pool or DirectPool()))
        )


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / name).to_pylist()
    return found


def jobs(pool: DirectPool, kind: type) -> list[Any]:
    return [job for job in pool.jobs if isinstance(job, kind)]


def published(made: Release) -> dict[str, str]:
    return {
        row["record_id"]: row["text"]
        for path in sorted((made.folder / "data").iterdir())
        for row in pq.read_table(path).to_pylist()
    }


def edits(made: Release, stage: str = "templates") -> dict[str, list[tuple[str, int, int]]]:
    return {
        row["record_id"]: [(e["kind"], e["start"], e["end"]) for e in row["edits"] if e["stage"] == stage]
        for row in rows(made.folder, "ledger.parquet")
        if any(edit["stage"] == stage for edit in row["edits"])
    }


CUT = TemplateSettings(replace(LOW, lines="cut"))


def test_a_release_lists_what_repeats_in_each_source(blad: World) -> None:
    made = release(blad)
    assert verify(made) == []
    assert pq.read_schema(made.folder / ROWS).equals(TEMPLATES)
    assert pq.read_schema(made.folder / FITS).equals(TEMPLATE_FITS)
    (first, *_) = rows(made.folder, ROWS)
    assert (first["source"], first["kind"], first["text"], first["documents"]) == ("blad", "line", HOME, 12)
    fits = {row["source"]: row for row in rows(made.folder, FITS)}
    assert {name: (row["items"], row["sampled"]) for name, row in fits.items()} == {
        "blad": (12, 12),
        "brev": (8, 6),
    }
    assert fits["blad"]["repeated"] >= 12 * len(HOME)
    assert edits(made) == {}
    assert all(text.startswith(HOME) for name, text in published(made).items() if name.startswith("blad/"))


def test_cutting_removes_the_line_names_it_in_the_ledger_and_drops_nothing(blad: World) -> None:
    reported = release(blad)
    fates = [row["fate"] for row in rows(reported.folder, "ledger.parquet")]
    pool = DirectPool()
    cut = release(blad, CUT, pool)
    assert [row["fate"] for row in rows(cut.folder, "ledger.parquet")] == fates
    assert set(edits(cut)) >= {f"blad/artikel-{n:02d}.txt" for n in range(12)}
    assert edits(cut)["blad/artikel-00.txt"][0] == ("line", 0, len(HOME) + 2)
    texts = published(cut)
    assert not any(HOME in text for text in texts.values())
    assert texts.keys() == published(reported).keys()
    assert jobs(pool, MeasureJob) == jobs(pool, TemplatesJob) == []


def test_a_source_may_have_a_policy_of_its_own_and_only_it_is_judged_again(blad: World) -> None:
    release(blad)
    pool = DirectPool()
    made = release(blad, TemplateSettings(LOW, {"blad": "cut"}), pool)
    assert len(jobs(pool, JudgeJob)) == 1
    assert {name.split("/")[0] for name in edits(made)} == {"blad"}
    pool = DirectPool()
    release(blad, TemplateSettings(replace(LOW, lines="cut"), {"blad": "report", "brev": "report"}), pool)
    assert pool.jobs == []


def test_shards_and_their_order_change_nothing(blad: World, tmp_path: Path) -> None:
    def made(world: World, shard_bytes: int, turn: int) -> Sequence[tuple[Any, ...]]:
        run = run_of(world, CUT, DirectPool(), shard_bytes)
        measured = [run.measure(shard) for shard in run.plan.shards][::turn]
        return [
            (item.source, item.rows, item.fit, run.settings.templates.cut(item.source, item.rows))
            for item in fitted_of(run, measured)
        ]

    assert made(blad, 64 << 20, 1) == made(blad.copy(tmp_path / "b"), 300, -1)


def test_a_source_of_about_the_same_size_keeps_its_templates(blad: World) -> None:
    release(blad, CUT)
    write(blad.raw / "blad" / "ny.txt", f"{HOME}\n\n{article(200)}")
    pool = DirectPool()
    second = release(blad, CUT, pool)
    assert jobs(pool, TemplatesJob) == []
    assert [row["items"] for row in rows(second.folder, FITS)] == [12, 8]
    assert "blad/ny.txt" in edits(second)
    write(blad.raw / "blad" / "ny2.txt", article(201))
    third = release(blad, CUT, pool)
    assert [job.source for job in jobs(pool, TemplatesJob)] == ["blad"]
    assert [row["items"] for row in rows(third.folder, FITS)] == [14, 8]


def test_a_source_of_the_same_size_with_other_contents_is_fitted_anew(blad: World) -> None:
    release(blad, CUT)
    for number in range(3):
        write(blad.raw / "blad" / f"artikel-{number:02d}.txt", f"Ny meny för alla sidor\n\n{article(number)}")
    pool = DirectPool()
    second = release(blad, CUT, pool)
    assert [job.source for job in jobs(pool, TemplatesJob)] == ["blad"]
    assert [row["items"] for row in rows(second.folder, FITS)] == [12, 8]


@given(st.sets(st.integers(0, 3000), max_size=900), st.sets(st.integers(0, 3000), max_size=900))
def test_the_smallest_contents_tell_how_much_two_sources_share(one: set[int], other: set[int]) -> None:
    def smallest(values: set[int]) -> list[int]:
        return sorted(values)[:CONTENTS]

    whole = sorted(one | other)[:CONTENTS]
    wanted = sum(value in one & other for value in whole) / len(whole) if whole else 1.0
    assert alike(smallest(one), smallest(other)) == wanted
    assert alike(smallest(other), smallest(one)) == wanted


def test_other_settings_fit_anew(blad: World) -> None:
    release(blad)
    for settings in (
        TemplateSettings(replace(LOW, min_letters=4)),
        TemplateSettings(LOW, pii=PiiConfig(person="flag")),
    ):
        pool = DirectPool()
        run = run_of(blad, settings, pool)
        fitted_of(run, [run.measure(shard) for shard in run.plan.shards])
        assert [job.source for job in jobs(pool, TemplatesJob)] == ["blad", "brev"]


def test_a_fit_is_not_made_twice(blad: World) -> None:
    for times in (2, 0):
        pool = DirectPool()
        run = run_of(blad, CUT, pool)
        fitted_of(run, [run.measure(shard) for shard in run.plan.shards])
        assert len(jobs(pool, TemplatesJob)) == times


def test_an_older_release_has_no_templates_and_no_release_has_none(blad: World) -> None:
    assert fits_of(None) == {}
    made = release(blad)
    assert set(fits_of(made)) == {"blad", "brev"}
    run = run_of(blad, CUT, DirectPool())
    shards = shards_of(run)
    files = run.assemble(shards, run.resolve(shards))
    for name in (ROWS, FITS):
        assert files.pop(name).rows == 0
        (blad.store.build / name).unlink()
    digest = run.seal(files).digest
    write_report(blad.store.build, digest)
    with exclusive(blad.store):
        older = publish_candidate(blad.store, hold(blad.store, digest, CandidateState("PASS", "PASS", False)))
    assert fits_of(older) == {}
    assert fitted_of(run_of(blad, CUT, DirectPool()), [run.measure(shard) for shard in run.plan.shards])


def test_damaged_templates_of_the_parent_stop_the_run(blad: World) -> None:
    made = release(blad)
    (made.folder / ROWS).write_bytes(b"x")
    with pytest.raises(StoreDamaged, match=r"templates\.parquet"):
        fits_of(latest(blad.store))


@pytest.mark.parametrize(("items", "stands"), [(90, True), (110, True), (89, False), (111, False)])
def test_a_tenth_more_or_less_is_about_the_same(items: int, stands: bool) -> None:
    row = {
        "source": "s",
        "items": 100,
        "contents": [1, 2],
        "sampled": 1,
        "characters": 1,
        "repeated": 0,
        "found": 0,
        "settings": "x",
    }
    fitted = Fitted("s", TEMPLATES.empty_table(), pa.Table.from_pylist([row], TEMPLATE_FITS))
    assert fitted.stands(items, [1, 2], "x") is stands
    assert not fitted.stands(100, [1, 2], "y")
    assert not fitted.stands(100, [1, 3], "x")


def test_shards_are_grouped_by_source_and_get_its_cuts(blad: World) -> None:
    run = run_of(blad, TemplateSettings(LOW, {"blad": "cut"}), DirectPool(), 300)
    measured = [run.measure(shard) for shard in run.plan.shards]
    groups = by_source(measured)
    assert [{item.shard.source for item in group} for group in groups] == [{"blad"}, {"brev"}]
    cuts = {(item.shard.source, bool(item.cut)) for item in run.with_cuts(measured, fitted_of(run, measured))}
    assert cuts == {("blad", True), ("brev", False)}
    assert all(item.cut == CutSet() for item in measured)
