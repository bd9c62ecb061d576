"""A store that is made once, and a copy of it for each test: making it costs a second, copying it nothing."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

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
