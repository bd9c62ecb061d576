"""What `kvarn report` and `kvarn gate show` add to a report: who approved since, and what was published."""

import json
import shutil
from typing import Any

import pytest
from in_process import Suites, refresh
from small_store import World, article, write

from flows.commands import gate, publish, releases
from pipeline.quality.verdicts import Verdict

Say = pytest.CaptureFixture[str]


def told(say: Say) -> list[str]:
    """By both commands, as words."""
    say.readouterr()
    releases.show_report(None, None, None, None, as_json=False)
    report = say.readouterr().out
    gate.show(None, None, None, as_json=False)
    return [report, say.readouterr().out]


def facts(say: Say) -> list[dict[str, Any]]:
    say.readouterr()
    releases.show_report(None, None, None, None, as_json=True)
    report = json.loads(say.readouterr().out)
    gate.show(None, None, None, as_json=True)
    return [report, json.loads(say.readouterr().out)]


def test_a_first_release_tells_who_approved_it(world: World, capsys: Say) -> None:
    (world.raw.parent / "kvarn.toml").write_text('[gate]\nfirst_release = "approve"\n')
    shutil.rmtree(world.store.root)
    digest = refresh(world)["digest"]
    for words in told(capsys):
        assert f"approves it with: kvarn gate approve {digest[:12]}" in words
    gate.approve(None, "Eva\x1b[31m", "läst", None, None, as_json=False)
    for words in told(capsys):
        assert "approved by Eva\\x1b[31m (claimed) at 20" in words
        assert f"not published yet: kvarn publish {digest[:12]}" in words
    assert [item["published"] for item in facts(capsys)] == [None, None]
    publish.publish_candidate(None, None, None, as_json=False)
    for words in told(capsys):
        assert "published as release 1 at 20" in words
        assert "approved by Eva\\x1b[31m (claimed) at 20" in words
        assert ": läst" in words
        assert "waiting for approval" not in words
    for item in facts(capsys):
        assert item["published"]["number"] == 1
        assert item["approvals"][0]["digest"] == digest


def test_a_rollback_tells_its_own_number_and_reason(world: World, capsys: Say) -> None:
    write(world.raw / "brev" / "ny.txt", article(300))
    refresh(world)
    publish.rollback_to(1, "provning av återgång", None, None, as_json=False)
    for words in told(capsys):
        assert "published as release 3 at 20" in words
        assert "rollback to release 1: provning av återgång" in words


def test_the_gate_shows_what_a_check_remarked_and_of_which_source(world: World, capsys: Say) -> None:
    assert "no baseline" in told(capsys)[1]
    shutil.rmtree(world.raw / "brev")
    refresh(world, suites=Suites(Verdict.PASS))
    assert "The source vanished (brev): gone on purpose? set `retired`" in told(capsys)[1]
