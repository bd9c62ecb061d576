"""The small store of the tests of pipeline.work, here as well."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "work"))

from small_store import World, made_once, pinned_code


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Release 1 of the small corpus; nobody may change it."""
    return made_once(tmp_path_factory.getbasetemp())


@pytest.fixture
def world(made: World, tmp_path: Path) -> World:
    """A copy of `made` for one test."""
    return made.copy(tmp_path / "world")


@pytest.fixture(autouse=True)
def one_code() -> Iterator[None]:
    """Sources hashed once for all tests."""
    with pinned_code():
        yield
