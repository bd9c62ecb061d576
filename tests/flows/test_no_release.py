"""A release that is not there is never taken for one that is whole, nor for another one."""

from pathlib import Path

import pytest
from small_store import World

from flows.commands import releases, train
from pipeline.errors import UsageError


@pytest.mark.parametrize("as_json", [True, False])
def test_where_there_is_no_release_nothing_is_as_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    with pytest.raises(UsageError, match="no release to verify; `kvarn refresh` makes the first"):
        releases.verify_all(None, None, tmp_path / "nowhere", as_json=as_json)
    assert capsys.readouterr().out == ""


def test_release_0_is_neither_all_nor_the_newest(world: World) -> None:
    with pytest.raises(UsageError, match="no release 0; there are: 1"):
        releases.verify_all(0, None, None, as_json=False)
    with pytest.raises(UsageError, match="no release 0; there are: 1"):
        train.run(0, None, None, None, None, as_json=False)
