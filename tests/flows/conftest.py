"""A store whose release 1 was made by the flow, once for all tests here."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "work"))

from in_process import refresh
from small_store import World, pinned_code, write_corpus

from pipeline.storage.paths import Store


@pytest.fixture(scope="session")
def flown(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Release 1 of the small corpus with report and card; nobody may change it."""
    folder = tmp_path_factory.mktemp("flown")
    world = World(folder / "raw", Store(folder / "curated"))
    write_corpus(world.raw)
    (folder / "kvarn.toml").write_text("")
    facts = refresh(world)
    assert facts["state"] == "published", facts
    return world


@pytest.fixture
def world(flown: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A copy of `flown` for one test, which runs in its folder."""
    copy = flown.copy(tmp_path / "world")
    monkeypatch.chdir(copy.raw.parent)
    return copy


@pytest.fixture(autouse=True)
def one_code() -> Iterator[None]:
    """Sources hashed once for all tests."""
    with pinned_code():
        yield
