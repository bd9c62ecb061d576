"""What a refresh came to: an exit code for programs, a few lines for people; and the bar that shows it at work."""

import io
import sys
from typing import get_args

import pytest
from small_store import World, plan_of

from flows import outcome, progress
from flows.outcome import EXIT, Outcome, State, lines, nothing_new
from pipeline.errors import ContractError


def test_every_state_has_an_exit_code() -> None:
    assert set(EXIT) == set(get_args(State))
    assert EXIT == {"published": 0, "nothing new": 0, "awaiting approval": 3, "blocked": 3, "not checked": 4}


@pytest.mark.parametrize("state", get_args(State))
def test_facts_hold_the_exit_code(state: State) -> None:
    facts = Outcome(state, "d" * 64, "PASS").facts()
    assert (facts["state"], facts["exit_code"]) == (state, EXIT[state])


def test_a_published_release_is_told_with_its_fates_and_its_report() -> None:
    made = Outcome(
        "published", "d" * 64, "WARN", 7, "/s/000007", {"kept": 1200, "dropped": 34}, "Almost all well."
    )
    assert lines(made.facts()) == [
        "WARN: Almost all well.",
        "in 1,234 = 1,200 kept + 34 dropped",
        "release 7 published: /s/000007",
        "report: /s/000007/report.html",
    ]


def test_a_held_candidate_is_told_with_what_to_do_next() -> None:
    held = Outcome("blocked", "d" * 64, "FAIL", folder="/c", next_step="next: kvarn gate show")
    assert lines(held.facts()) == [f"blocked: candidate {'d' * 12} in /c", "next: kvarn gate show"]


def test_nothing_new_names_the_newest_release(flown: World) -> None:
    made = nothing_new(plan_of(flown.raw, flown.store))
    assert (made.state, made.release, made.folder) == ("nothing new", 1, str(flown.store.releases / "000001"))


def test_nothing_new_without_a_release_is_a_bug(flown: World, tmp_path: object) -> None:
    plan = plan_of(flown.raw, type(flown.store)(flown.store.root.parent / "empty"))
    with pytest.raises(ContractError, match="there is no release"):
        outcome.nothing_new(plan)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_the_steps_and_anything_else_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet, terminal = io.StringIO(), Terminal()
    monkeypatch.setattr(sys, "stderr", quiet)
    progress.start(3)
    assert progress.advance("measured", "result") == "result"
    progress.stop()
    assert quiet.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", terminal)
    progress.start(3)
    assert progress.advance("measured", 5) == 5
    progress.stop()
    progress.stop()
    assert "measured" in terminal.getvalue()
