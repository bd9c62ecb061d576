"""Measuring a shard: every record once, in order, whatever the size of a batch; what cannot be read is counted."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from small_store import World

from pipeline.schema import REPAIRED
from pipeline.stages.language import LanguageConfig
from pipeline.stages.noise import NoiseConfig
from pipeline.stages.pii import PiiConfig
from pipeline.storage import handover, parquet
from pipeline.work import heartbeat, measure
from pipeline.work.measure import (
    HANDED,
    ITEMS,
    MeasureJob,
    MeasureSettings,
    measure_names,
    measure_shard,
    measured_schema,
    read_shard,
)
from pipeline.work.poison import Poison


def job_of(world: World, folder: Path, source: str = "brev") -> MeasureJob:
    plan = world.refresh().plan
    files = tuple(file for (name, _), file in sorted(plan.files.items()) if name == source)
    folder.mkdir()
    return MeasureJob(folder, files, plan.specs[source], MeasureSettings())


@pytest.fixture(autouse=True)
def no_beat() -> None:
    heartbeat._beat.clear()


def test_every_record_comes_once_in_the_order_of_files_and_positions(world: World, tmp_path: Path) -> None:
    job = job_of(world, tmp_path / "shard")
    marker = measure_shard(job)
    rows = parquet.read(job.folder / ITEMS, columns=["uri", "position"]).to_pylist()
    order = [(row["uri"], row["position"]) for row in rows]
    assert order == sorted(order)
    assert len(order) == len(set(order)) == marker.files[ITEMS].rows == 8
    assert marker.facts == {"faults": {"read.corrupt_json": 1, "read.pdf_corrupt": 1}}


def test_what_is_handed_over_is_what_would_be_kept(world: World, tmp_path: Path) -> None:
    kept, handed = job_of(world, tmp_path / "kept"), job_of(world, tmp_path / "handed")
    handed = replace(handed, kept=False)
    facts = measure_shard(kept).facts
    assert measure_shard(handed).facts == {"rows": 8, **facts}
    assert [path.name for path in handed.folder.iterdir()] == [HANDED]
    schema = measured_schema(handed.settings.stages())
    rows = [row for items in handover.stream(handed.folder / HANDED, schema) for row in items.to_pylist()]
    assert repr(rows) == repr(parquet.read(kept.folder / ITEMS).to_pylist())


def test_batches_change_no_byte(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = job_of(world, tmp_path / "large", "blad")
    measure_shard(large)
    monkeypatch.setattr(measure, "BATCH_BYTES", 1)
    small = job_of(world, tmp_path / "small", "blad")
    measure_shard(small)
    assert len(list(read_shard(small))) == 12
    one, many = parquet.read(large.folder / ITEMS), parquet.read(small.folder / ITEMS)
    # Whole tables would differ where a measure is NaN.
    assert repr(one.to_pylist()) == repr(many.to_pylist())


def test_a_poisonous_file_is_never_opened(world: World, tmp_path: Path) -> None:
    job = replace(job_of(world, tmp_path / "shard"), poison=(Poison("medlem.txt", "read.crash", "x"),))
    (world.raw / "brev" / "medlem.txt").unlink()
    tables = pa.concat_tables(read_shard(job)).to_pylist()
    poisoned = [row for row in tables if row["uri"] == "medlem.txt"]
    assert [row["fault"] for row in poisoned] == ["read.crash"]


def test_the_file_at_work_is_told_before_it_is_read(world: World, tmp_path: Path) -> None:
    seen: list[str] = []
    heartbeat.beat_through(seen.append)
    job = job_of(world, tmp_path / "shard")
    list(read_shard(job))
    heartbeat._beat.clear()
    assert list(dict.fromkeys(seen)) == [file.uri for file in job.files]


def test_a_shard_without_files_has_no_tables(world: World, tmp_path: Path) -> None:
    job = replace(job_of(world, tmp_path / "shard"), files=())
    assert list(read_shard(job)) == []


def test_measures_are_float32_and_named_once() -> None:
    schema = measured_schema(MeasureSettings().stages())
    names = measure_names(schema)
    assert names == sorted(set(names))
    assert "language_confidence" in names
    assert all(schema.field(name).type == pa.float32() for name in names)
    assert not {"text", "language", "pii"} & set(names)
    assert set(REPAIRED.names) <= set(schema.names)


def test_limits_do_not_touch_the_fingerprint_of_other_sections() -> None:
    one = MeasureSettings()
    assert one.fingerprint == MeasureSettings().fingerprint
    other = replace(one, read=replace(one.read, text_chars=17))
    assert other.fingerprint != one.fingerprint


def test_plain_makes_dataclasses_objects_and_leaves_the_rest() -> None:
    assert heartbeat.plain({"a": 1}) == {"a": 1}
    assert heartbeat.plain(MeasureSettings) is MeasureSettings
    assert heartbeat.plain(MeasureSettings().read)["members"] == 10_000


def test_a_changed_limit_measures_nothing_anew_and_a_changed_measure_does() -> None:
    plain_settings = MeasureSettings().fingerprint
    assert MeasureSettings(noise=NoiseConfig(min_words=31)).fingerprint == plain_settings
    assert (
        MeasureSettings(language=LanguageConfig(min_target_share=0.6, foreign="flag")).fingerprint
        == plain_settings
    )
    assert MeasureSettings(pii=PiiConfig(email="flag")).fingerprint == plain_settings
    assert MeasureSettings(pii=PiiConfig(email="off")).fingerprint != plain_settings
    assert MeasureSettings(language=LanguageConfig(target=("da",))).fingerprint != plain_settings
