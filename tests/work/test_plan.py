"""A plan says what differs from the newest release, and nothing when nothing does."""

import dataclasses
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_store import World, plan_of, write

from pipeline.errors import Blocked, KvarnError, UsageError
from pipeline.stages.split import SplitConfig
from pipeline.storage.manifest import Input, Manifest
from pipeline.storage.paths import Store
from pipeline.storage.releases import Commit, Release
from pipeline.work.plan import Plan, file_digest, make_plan, plain, worker_count


@dataclass(frozen=True)
class Remembered(Release):
    """A release whose manifest is in memory."""

    told: Manifest | None = None

    def manifest(self) -> Manifest:
        assert self.told is not None
        return self.told


def parent_with(**fields: Any) -> Release:
    manifest = Manifest(files={}, seeds={}, parent=None, **fields)
    commit = Commit(1, "000001", manifest.digest, None, "PASS", "PASS", [], [], "2026-01-01")
    return Remembered(commit, Path("000001"), manifest)


def plan_with(parent: Release | None, **fields: Any) -> Plan:
    return Plan(
        raw=Path("raw"), store=Store(Path("curated")), files={}, specs={}, shards=(), parent=parent, **fields
    )


inputs = st.lists(
    st.builds(Input, st.sampled_from("ab"), st.sampled_from("xyz"), st.just(1), st.sampled_from(["0", "1"])),
    max_size=4,
    unique_by=lambda item: (item.source, item.uri),
).map(tuple)
depends_on = st.fixed_dictionaries(
    {
        "inputs": inputs,
        "config": st.dictionaries(st.sampled_from("pq"), st.integers(0, 1), max_size=2),
        "code": st.sampled_from("cd"),
        "lock": st.dictionaries(st.just("numba"), st.sampled_from("12"), max_size=1),
        "decisions": st.sampled_from("ef"),
    }
)


@given(depends_on, depends_on)
def test_changes_are_empty_exactly_when_nothing_differs(was: dict[str, Any], now: dict[str, Any]) -> None:
    changes = plan_with(parent_with(**was), **now).changes()
    same_inputs = {*was["inputs"]} == {*now["inputs"]}
    same_rest = all(was[name] == now[name] for name in ("config", "code", "lock", "decisions"))
    assert (changes == ()) == (same_inputs and same_rest)
    assert plan_with(parent_with(**now), **now).changes() == ()


@given(inputs, inputs)
def test_new_changed_and_gone_files_are_counted(was: tuple[Input, ...], now: tuple[Input, ...]) -> None:
    same = {"config": {}, "code": "c", "lock": {}, "decisions": "d"}
    words = " ".join(plan_with(parent_with(inputs=was, **same), inputs=now, **same).changes())
    old = {(item.source, item.uri): item.sha256 for item in was}
    new = {(item.source, item.uri): item.sha256 for item in now}
    counts = {
        "new": len(new.keys() - old.keys()),
        "gone": len(old.keys() - new.keys()),
        "changed": sum(old[key] != new[key] for key in old.keys() & new.keys()),
    }
    for word, count in counts.items():
        assert (f"{count} file{'s' if count > 1 else ''} {word}" in words) == bool(count)


@pytest.mark.parametrize(
    ("field", "word"),
    [("config", "settings"), ("code", "code"), ("lock", "libraries"), ("decisions", "decisions")],
)
def test_what_changed_is_named(field: str, word: str) -> None:
    same: dict[str, Any] = {"inputs": (), "config": {}, "code": "c", "lock": {}, "decisions": "d"}
    other: Any = {"a": "1"} if field in ("config", "lock") else "other"
    plan = plan_with(parent_with(**same), **{**same, field: other})
    assert plan.changes() == (f"{word} changed",)


def test_a_first_plan_says_that_there_is_no_release() -> None:
    plan = plan_with(None, inputs=(), config={}, code="c", lock={}, decisions="d")
    assert plan.changes() == ("no release yet",)


def test_a_plan_of_an_unchanged_folder_has_no_changes(world: World) -> None:
    assert plan_of(world.raw, world.store).changes() == ()


def test_touching_a_file_changes_nothing_and_a_new_byte_does(world: World) -> None:
    path = world.raw / "blad" / "artikel-00.txt"
    os.utime(path, (1_700_000_500, 1_700_000_500))
    assert plan_of(world.raw, world.store).changes() == ()
    write(path, path.read_text(encoding="utf-8") + "!")
    write(world.raw / "blad" / "ny.txt", "ny")
    (world.raw / "brev" / "english.txt").unlink()
    assert plan_of(world.raw, world.store).changes() == ("1 file new", "1 file changed", "1 file gone")


def test_a_decision_is_a_change(world: World) -> None:
    world.store.decisions.write_text("{}\n")
    assert plan_of(world.raw, world.store).changes() == ("decisions changed",)


def test_inputs_are_sorted_and_every_file_is_in_one_shard(world: World) -> None:
    plan = plan_of(world.raw, world.store, 400)
    names = [(item.source, item.uri) for item in plan.inputs]
    assert names == sorted(names)
    assert [item for shard in plan.shards for item in shard.inputs] == list(plan.inputs)
    assert len(plan.shards) > 2
    assert set(plan.files) == set(names)


def test_a_folder_without_files_is_blocked_and_a_missing_one_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with pytest.raises(Blocked, match="holds no files; put your documents there"):
        plan_of(tmp_path / "raw", Store(tmp_path / "curated"))
    with pytest.raises(UsageError, match="does not exist"):
        plan_of(tmp_path / "nowhere", Store(tmp_path / "curated"))


def test_a_store_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    write(tmp_path / "raw" / "a.txt", "text")
    (tmp_path / "curated").write_text("a file, not a folder")
    with pytest.raises(KvarnError, match=r"cannot write .*curated"):
        make_plan(tmp_path / "raw", Store(tmp_path / "curated"), {}, 1)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text("ab", min_size=1, max_size=2), inner, max_size=2)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=2), values, max_size=3))
def test_plain_settings_are_their_own_plain_form(config: dict[str, Any]) -> None:
    assert plain(plain(config)) == plain(config) == config


def test_dataclasses_and_paths_become_what_json_holds() -> None:
    made = plain({"split": SplitConfig(), "path": Path("a/b")})
    assert made == {"split": dataclasses.asdict(SplitConfig()), "path": "a/b"}


def test_no_decisions_have_the_digest_of_nothing(tmp_path: Path) -> None:
    assert file_digest(tmp_path / "none") == hashlib.sha256(b"").hexdigest()
    (tmp_path / "some").write_bytes(b"x")
    assert file_digest(tmp_path / "some") == hashlib.sha256(b"x").hexdigest()


def test_no_number_of_workers_means_one_for_each_core() -> None:
    assert worker_count(3) == 3
    assert worker_count(0) == len(os.sched_getaffinity(0))


def test_what_source_toml_says_is_a_change(tmp_path: Path) -> None:
    write(tmp_path / "raw" / "a" / "a.txt", "text")
    before = make_plan(tmp_path / "raw", Store(tmp_path / "curated"), {}, 1)
    write(tmp_path / "raw" / "a" / "source.toml", "priority = 7\n")
    after = make_plan(tmp_path / "raw", Store(tmp_path / "curated"), {}, 1)
    assert before.inputs == after.inputs
    assert before.config != after.config
