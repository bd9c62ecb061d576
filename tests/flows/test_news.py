"""What `kvarn report` and `kvarn gate show` show where nothing is named: the news of the store, not what is long past."""

import json

import pytest
from in_process import Suites, refresh
from small_store import World, article, write

from flows.commands import gate, publish, releases
from pipeline.errors import UsageError
from pipeline.quality.verdicts import Verdict

Say = pytest.CaptureFixture[str]


def changed(world: World, number: int = 300) -> World:
    write(world.raw / "brev" / f"ny-{number}.txt", article(number))
    return world


def reported(say: Say) -> str:
    """Digest of the report that is shown."""
    releases.show_report(None, None, None, None, as_json=True)
    return str(json.loads(say.readouterr().out)["digest"])


def test_a_mended_release_is_the_news_not_the_failure_before_it(world: World, capsys: Say) -> None:
    failed = refresh(changed(world), suites=Suites(Verdict.FAIL))
    assert reported(capsys) == failed["digest"]
    assert gate.show(None, None, None, as_json=True) == 3
    capsys.readouterr()
    mended = refresh(changed(world, 301))
    assert mended["state"] == "published"
    assert reported(capsys) == mended["digest"]
    assert gate.show(None, None, None, as_json=True) == 0
    assert not list(world.store.candidates.iterdir())
    with pytest.raises(UsageError, match="waiting: none"):
        gate.show(failed["digest"], None, None, as_json=True)


def test_after_a_rollback_the_release_is_the_news(world: World, capsys: Say) -> None:
    refresh(changed(world))
    failed = refresh(changed(world, 301), suites=Suites(Verdict.FAIL))
    publish.rollback_to(1, "provning av återgång", None, None, as_json=True)
    capsys.readouterr()
    assert reported(capsys) != failed["digest"]
    assert gate.show(None, None, None, as_json=True) == 0
    assert gate.show(failed["digest"], None, None, as_json=True) == 3
