from datetime import UTC, datetime

import pytest

from pipeline.quality.gate import Candidate, GateConfig, Outcome, decide
from pipeline.quality.sentences import act, sentence
from pipeline.quality.verdicts import Check, Verdict

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def outcome(*checks: Check) -> Outcome:
    return decide(checks, (), [], Candidate("d" * 64, first=False), NOW, GateConfig())


def check(verdict: str, **fields: object) -> Check:
    return Check(
        "rows.change", "Ändring av antalet dokument", "Change of documents", Verdict(verdict), **fields
    )  # type: ignore[arg-type]


def test_a_pass_counts_the_checks_and_a_first_release_says_that_it_is_one() -> None:
    passed = outcome(check("PASS"))
    assert sentence(passed, first=False).sv == "Alla 1 kontroller är godkända."
    assert "första utgåvan" in sentence(passed, first=True).sv
    assert "first release" in sentence(passed, first=True).en


def test_a_failure_is_told_with_its_value_and_how_many_more_there_are() -> None:
    failed = outcome(check("FAIL", value=0.31, unit="share"), check("FAIL"), check("WARN"), check("FAIL"))
    assert (
        sentence(failed, first=False).sv
        == "Publiceras inte: ändring av antalet dokument (31\u202f%); 2 kontroller till."
    )
    assert (
        sentence(failed, first=False).en
        == "Is not published: change of documents (31\u202f%); 2 more checks."
    )


def test_a_check_that_names_its_source_goes_first() -> None:
    failed = outcome(check("FAIL"), check("FAIL", source="blogg", value=0.02, unit="share"))
    assert (
        sentence(failed, first=False).sv
        == "Publiceras inte: ändring av antalet dokument (blogg, 2\u202f%); 1 kontroll till."
    )
    assert (
        sentence(failed, first=False).en
        == "Is not published: change of documents (blogg, 2\u202f%); 1 more check."
    )


def test_a_source_that_fails_as_a_whole_is_named_without_a_count() -> None:
    failed = outcome(check("FAIL", source="blogg", value=1, unit="count"))
    assert sentence(failed, first=False).en == "Is not published: change of documents (blogg)."


@pytest.mark.parametrize(
    ("verdict", "opening"),
    [
        ("WARN", "Får publiceras, men bör ses över:"),
        ("ERROR", "Går inte att bedöma, en kontroll gick sönder:"),
        ("NOT_RUN", "Går inte att bedöma, en kontroll har inte körts:"),
    ],
)
def test_each_verdict_opens_with_what_it_means(verdict: str, opening: str) -> None:
    assert sentence(outcome(check(verdict)), first=False).sv.startswith(opening)


def test_a_broken_check_is_named_by_its_id() -> None:
    assert sentence(outcome(check("ERROR")), first=False).en.endswith("[rows.change].")


def test_no_checks_at_all_is_said() -> None:
    assert sentence(outcome(), first=False).sv == "Ingen kontroll har körts."


@pytest.mark.parametrize(
    ("action", "command"),
    [("publish", "kvarn verify"), ("approve", "kvarn gate approve abc"), ("blocked", "kvarn gate show abc")],
)
def test_what_to_do_comes_with_the_exact_command(action: str, command: str) -> None:
    words, found = act(action, "abc")  # type: ignore[arg-type]
    assert found == command
    assert words.sv
    assert words.en


def test_a_report_tells_of_waiting_as_it_was_when_it_was_written() -> None:
    """The same bytes stand in the release, once a person has approved."""
    words, _ = act("approve", "abc")
    assert words.sv.startswith("När rapporten skrevs väntade kandidaten på godkännande.")
    assert words.en.startswith("When this report was written, the candidate was waiting for approval.")
