"""Write, audit, publish: a reader sees release n or n + 1 whole, never half of one."""

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.errors import AlreadyRunning, KvarnError, StoreDamaged, UsageError
from pipeline.storage import parquet
from pipeline.storage.files import put_if_absent
from pipeline.storage.lock import exclusive
from pipeline.storage.manifest import LATE, FileEntry, Input, Manifest, entry, read_manifest
from pipeline.storage.paths import Store
from pipeline.storage.releases import (
    Commit,
    Release,
    get,
    late_files,
    latest,
    list_releases,
    next_number,
    publish,
    remove_uncommitted,
    verify,
)

SCHEMA = pa.schema([("text", pa.string())])


def make_candidate(store: Store, text: str) -> tuple[Path, str]:
    """A small sealed candidate and its digest."""
    folder = store.candidates / "new"
    folder.mkdir(parents=True)
    parquet.write(folder / "data.parquet", pa.table({"text": [text]}), SCHEMA)
    files = {"data.parquet": entry(folder / "data.parquet", 1)}
    inputs = (Input("a", "x.txt", 3, "0" * 64),)
    manifest = Manifest(files, inputs, {}, "c", {}, {}, "d", None)
    (folder / "manifest.json").write_bytes(manifest.to_bytes())
    for name in LATE:
        (folder / name).write_text("{}")
    return folder, manifest.digest


def commit_for(store: Store, folder: Path, digest: str) -> Commit:
    number = next_number(store)
    late = late_files(folder)
    return Commit(number, f"{number:06d}", digest, None, "PASS", "PASS", [], [], "2026-01-01T00:00:00", late)


def publish_text(store: Store, text: str) -> Release:
    store.create()
    folder, digest = make_candidate(store, text)
    return publish(store, folder, commit_for(store, folder, digest))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "curated")


def test_a_published_release_is_listed_whole_and_named_current(store: Store) -> None:
    release = publish_text(store, "skog")
    assert [item.number for item in list_releases(store)] == [1]
    assert verify(release) == []
    assert store.current.read_text() == "000001\n"
    assert latest(store) == get(store, 1)


def test_an_empty_store_has_no_release(store: Store) -> None:
    assert list_releases(store) == []
    assert latest(store) is None
    with pytest.raises(UsageError, match="no release 4; there are: none yet"):
        get(store, 4)


def test_a_folder_without_commit_is_no_release_and_is_removed_by_the_next_publisher(store: Store) -> None:
    publish_text(store, "skog")
    (store.releases / "000002").mkdir()
    assert len(list_releases(store)) == 1
    second = publish_text(store, "gran")
    assert second.number == 2
    assert (second.folder / "data.parquet").is_file()


def test_removing_uncommitted_folders_touches_no_release(store: Store) -> None:
    release = publish_text(store, "skog")
    (store.releases / "000007").mkdir()
    assert remove_uncommitted(store) == ["000007"]
    assert verify(release) == []


def test_a_commit_is_never_overwritten(store: Store) -> None:
    release = publish_text(store, "skog")
    path = store.releases / "000001.json"
    before = path.read_bytes()
    assert not put_if_absent(path, b"other")
    assert path.read_bytes() == before
    assert verify(release) == []


@pytest.mark.parametrize("at", [4, 100, -5])
def test_every_flipped_bit_is_found(store: Store, at: int) -> None:
    release = publish_text(store, "skog " * 200)
    path = release.folder / "data.parquet"
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert "sha256" in verify(release)[0]
    with pytest.raises(StoreDamaged, match=r"data\.parquet"):
        parquet.read(path, sha256=release.manifest().files["data.parquet"].sha256)


def test_a_missing_an_extra_and_a_truncated_file_are_found(store: Store) -> None:
    release = publish_text(store, "skog")
    (release.folder / "extra").write_text("x")
    (release.folder / "report.json").write_text("{ }")
    (release.folder / "data.parquet").unlink()
    found = "\n".join(verify(release))
    assert "missing" in found
    assert "not part of the release" in found
    assert "3 bytes, expected 2" in found


def test_an_edited_manifest_is_refused(store: Store) -> None:
    release = publish_text(store, "skog")
    path = release.folder / "manifest.json"
    path.write_text(path.read_text().replace('"rows": 1', '"rows": 2'))
    with pytest.raises(StoreDamaged, match="the commit says"):
        release.manifest()
    assert verify(release)


def test_swapped_commits_are_found(store: Store) -> None:
    publish_text(store, "skog")
    publish_text(store, "gran")
    one, two = store.releases / "000001.json", store.releases / "000002.json"
    data = one.read_bytes(), two.read_bytes()
    one.write_bytes(data[1])
    with pytest.raises(StoreDamaged, match="files were swapped"):
        list_releases(store)


@pytest.mark.parametrize("torn", [b"", b'{"number": 1', b"[]"])
def test_a_torn_commit_is_damage_not_silence(store: Store, torn: bytes) -> None:
    publish_text(store, "skog")
    (store.releases / "000001.json").write_bytes(torn)
    with pytest.raises(StoreDamaged, match="not a commit"):
        list_releases(store)


def test_a_candidate_that_changed_after_its_audit_is_not_published(store: Store) -> None:
    store.create()
    folder, digest = make_candidate(store, "skog")
    commit = commit_for(store, folder, digest)
    (folder / "report.json").write_text('{"verdict": "PASS"}')
    with pytest.raises(StoreDamaged, match="changed after its audit"):
        publish(store, folder, commit)
    assert list_releases(store) == []


def test_all_of_a_candidate_is_on_disk_before_its_rename_and_the_rename_before_its_commit(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power failure spares: files before the folder that names them, the folder before the commit."""
    store.create()
    folder, digest = make_candidate(store, "skog")
    deep = folder / "suites" / "more"
    deep.mkdir(parents=True)
    (deep / "own.json").write_text("[]")
    names = {
        path.stat().st_ino: path for path in (folder, *folder.rglob("*"), store.releases, store.candidates)
    }
    seen: list[Path | str] = []

    def recorded(name: str, real: Callable[..., None]) -> Callable[..., None]:
        def operation(*paths: Path) -> None:
            seen.append(name)
            real(*paths)

        return operation

    monkeypatch.setattr(os, "fsync", lambda handle: seen.append(names.get(os.fstat(handle).st_ino, "other")))
    for name in ("rename", "link"):
        monkeypatch.setattr(os, name, recorded(name, getattr(os, name)))
    publish(store, folder, commit_for(store, folder, digest))
    renamed, linked = seen.index("rename"), seen.index("link")
    before, between = seen[:renamed], seen[renamed + 1 : linked]
    assert {folder, *names.values()} - {store.releases, store.candidates} == set(before)
    for path in before:
        assert path == folder or before.index(path) < before.index(path.parent)  # type: ignore[union-attr]
    assert between[:2] == [store.releases, store.candidates]


def test_a_candidate_that_cannot_be_flushed_is_not_published(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create()
    folder, digest = make_candidate(store, "skog")
    commit = commit_for(store, folder, digest)

    def failing(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(KvarnError, match=r"cannot write .*: Input/output error; nothing was published"):
        publish(store, folder, commit)
    assert list_releases(store) == []
    assert folder.is_dir()


@pytest.mark.parametrize("name", LATE)
def test_a_release_without_its_report_is_not_published(store: Store, name: str) -> None:
    store.create()
    folder, digest = make_candidate(store, "skog")
    commit = commit_for(store, folder, digest)
    few = replace(commit, files={key: item for key, item in commit.files.items() if key != name})
    with pytest.raises(StoreDamaged, match=f"{name}: no checksum of it was kept"):
        publish(store, folder, few)
    assert list_releases(store) == []


def test_a_newer_schema_version_is_refused_by_name(tmp_path: Path) -> None:
    content = json.loads(Manifest({}, (), {}, "", {}, {}, "", None).to_bytes())
    content["schema_version"] = 99
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(StoreDamaged, match="schema version 99 is newer"):
        read_manifest(tmp_path)


def test_only_one_process_writes_a_store(store: Store) -> None:
    with exclusive(store), pytest.raises(AlreadyRunning, match="another run holds"), exclusive(store):
        pass
    with exclusive(store):
        assert store.lock.read_text().strip().isdigit()


def test_the_digest_depends_on_every_file(store: Store) -> None:
    one = Manifest({"a": FileEntry("1", 1, 1)}, (), {}, "", {}, {}, "", None)
    two = Manifest({"a": FileEntry("2", 1, 1)}, (), {}, "", {}, {}, "", None)
    assert one.digest != two.digest
