"""Fixtures for all tests: the labelled data beside the repository, and Hypothesis profiles."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=60)
settings.register_profile("dev", deadline=None, max_examples=60)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The labelled third-party sets in ../shared/data; tests that need them are skipped where they do not lie."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("labelled data is not here: ../shared/data does not exist beside the repository")
    return folder


@pytest.fixture(scope="session")
def scorers() -> Path:
    """The scorers in ../shared/scorers, which compute every quality figure."""
    folder = ROOT.parent / "shared" / "scorers"
    if not folder.is_dir():
        pytest.skip("scorers are not here: ../shared/scorers does not exist beside the repository")
    return folder
