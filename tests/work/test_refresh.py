"""The steps of a refresh: same input, same bytes; what is unchanged is neither measured nor written again."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_store import DirectPool, World, article, plan_of, refresh_settings, seal, shards_of, write

from pipeline.errors import KvarnError, UsageError
from pipeline.stages.noise import NoiseConfig
from pipeline.storage.manifest import NAME, check_files, read_manifest
from pipeline.storage.releases import latest, verify
from pipeline.work import refresh as module
from pipeline.work.judge import JudgeJob, JudgeSettings
from pipeline.work.markers import key
from pipeline.work.measure import ITEMS, MeasureJob
from pipeline.work.refresh import Refresh, intake_counts
from pipeline.work.templates import TemplatesJob


def decide(world: World, record_id: str, choice: str) -> None:
    ledger = pq.read_table(world.store.releases / "000001" / "ledger.parquet").to_pylist()
    content = next(row["content_id"] for row in ledger if row["record_id"] == record_id)
    event = {"content_id": content, "decision": choice, "by": "eva", "time": "2026-02-01T10:00:00Z"}
    world.store.decisions.write_text(json.dumps(event) + "\n\n")


def kinds(pool: DirectPool) -> list[str]:
    names = {MeasureJob: "measure", TemplatesJob: "templates", JudgeJob: "judge"}
    return [names[type(job)] for job in pool.jobs]


def test_a_release_verifies_and_names_what_it_was_made_from(made: World) -> None:
    release = latest(made.store)
    assert release is not None
    assert verify(release) == []
    manifest = release.manifest()
    assert manifest.parent is None
    assert manifest.config["section"] == {"key": 1}
    assert manifest.seeds == {"duplicates": refresh_settings().duplicates.seed, "split": 1}
    assert {item.source for item in manifest.inputs} == {"blad", "brev"}
    assert str(made.raw) not in (release.folder / NAME).read_text()


def test_another_store_in_another_place_gives_the_same_digest(made: World, tmp_path: Path) -> None:
    copy = made.copy(tmp_path / "elsewhere")
    shutil.rmtree(copy.store.root)
    assert seal(copy.refresh(shard_bytes=64 << 20)).digest == latest(made.store).commit.digest  # type: ignore[union-attr]


def test_what_is_unchanged_is_not_measured_again(world: World) -> None:
    pool = DirectPool()
    shards_of(world.refresh(pool))
    assert pool.jobs == []
    write(world.raw / "brev" / "ny.txt", article(300))
    run = world.refresh(pool)
    shards_of(run)
    measured = [job.files[0].source for job in pool.jobs if isinstance(job, MeasureJob)]
    assert measured == ["brev"]


def test_a_changed_limit_judges_and_measures_nothing(world: World) -> None:
    pool = DirectPool()
    settings = replace(refresh_settings(), judge=JudgeSettings(noise=NoiseConfig(min_words=31)))
    shards_of(Refresh(plan_of(world.raw, world.store), settings, pool))
    assert kinds(pool) == ["judge", "judge"]


def test_a_profile_of_a_source_judges_that_source_anew_and_no_other(world: World) -> None:
    pool = DirectPool()
    settings = replace(refresh_settings(), judge=JudgeSettings(profiles={"brev": "legal"}))
    shards_of(Refresh(plan_of(world.raw, world.store), settings, pool))
    (job,) = pool.jobs
    assert isinstance(job, JudgeJob)
    assert job.settings.noise == NoiseConfig(profile="legal")


def test_a_changed_source_toml_measures_its_source_only(world: World) -> None:
    write(world.raw / "blad" / "source.toml", 'licence = "CC0-1.0"\npriority = 6\n')
    pool = DirectPool()
    shards_of(world.refresh(pool))
    assert [job.files[0].source for job in pool.jobs if isinstance(job, MeasureJob)] == ["blad"]


def test_changed_code_measures_everything(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "code_digest", lambda only=(): "other")
    pool = DirectPool()
    shards_of(world.refresh(pool))
    assert kinds(pool) == ["measure", "measure", "judge", "judge"]


def test_one_decision_judges_one_shard_and_is_kept_in_the_release(world: World) -> None:
    decide(world, "brev/english.txt", "keep")
    pool = DirectPool()
    release = world.release(pool)
    assert kinds(pool) == ["judge"]
    (job,) = pool.jobs
    assert isinstance(job, JudgeJob)
    assert len(job.decisions) == 1
    rows = {row["record_id"]: row for row in pq.read_table(release.folder / "ledger.parquet").to_pylist()}
    assert (rows["brev/english.txt"]["fate"], rows["brev/english.txt"]["decision"]) == ("kept", "keep")
    (event,) = pq.read_table(release.folder / "decisions.parquet").to_pylist()
    assert event["content_id"] == rows["brev/english.txt"]["content_id"]
    assert json.loads(event["event"])["by"] == "eva"


def test_a_bad_decision_stops_the_run_before_any_work(world: World) -> None:
    world.store.decisions.write_text('{"content_id": "x"}\n')
    with pytest.raises(UsageError, match=r"decisions\.jsonl, line 1"):
        world.refresh()


def test_unchanged_files_are_shared_with_the_parent(world: World) -> None:
    write(world.raw / "brev" / "ny.txt", article(300))
    release = world.release()
    first = world.store.releases / "000001"
    shared = {path.name for path in (release.folder / "data").iterdir() if path.stat().st_nlink > 1}
    assert shared
    assert all((release.folder / "data" / name).samefile(first / "data" / name) for name in shared)
    assert verify(release) == []


def test_the_build_folder_is_swept_before_each_run(world: World) -> None:
    world.store.build.mkdir()
    (world.store.build / "left-over").write_text("x")
    run = world.refresh()
    manifest = seal(run)
    assert not (world.store.build / "left-over").exists()
    assert check_files(world.store.build, manifest.files) == []
    assert read_manifest(world.store.build, manifest.digest) == manifest


def test_a_build_folder_that_cannot_be_made_is_named(world: World) -> None:
    world.store.build.write_text("a file where a folder should be")
    run = world.refresh()
    shards = shards_of(run)
    with pytest.raises(KvarnError, match=r"cannot write .*build"):
        run.assemble(shards, run.resolve(shards))


def test_texts_join_the_candidate_with_their_checksum(world: World) -> None:
    run = world.refresh()
    shards = shards_of(run)
    files = run.assemble(shards, run.resolve(shards))
    run.add_text(files, "suites/intake.json", b"{}")
    manifest = run.seal(files)
    assert manifest.files["suites/intake.json"].bytes == 2
    assert check_files(world.store.build, manifest.files) == []


def test_intake_is_what_the_readers_counted(world: World) -> None:
    run = world.refresh(shard_bytes=300)
    measured = [run.measure(shard) for shard in run.plan.shards]
    assert intake_counts(measured) == {"blad": {"files": 12, "items": 12}, "brev": {"files": 5, "items": 8}}
    assert sum(pq.read_metadata(item.folder / ITEMS).num_rows for item in measured) == 20


plain = st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(plain, max_size=4))
def test_a_key_is_stable_and_blind_to_the_order_of_settings(parts: list[object]) -> None:
    def turned(value: object) -> object:
        if isinstance(value, dict):
            return {name: turned(value[name]) for name in reversed(list(value))}
        return [turned(item) for item in value] if isinstance(value, list) else value

    assert key(*parts) == key(*map(turned, parts))
    assert len(key(*parts)) == 32
    assert key(*parts, "more") != key(*parts)


def test_a_key_is_what_it_was_in_earlier_versions() -> None:
    """A changed key would measure every store anew."""
    assert key("a", ["b", 1], {"c": None}) == "c78040e7d874dac1ca6ea2663499c1bf"
