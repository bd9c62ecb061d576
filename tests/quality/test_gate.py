from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, UsageError
from pipeline.quality.gate import Candidate, GateConfig, Waiver, apply_waivers, decide
from pipeline.quality.verdicts import Check, Verdict, after_waivers, complete, overall, worst

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DIGEST = "d" * 64

verdicts = st.sampled_from(list(Verdict))


def check(verdict: Verdict = Verdict.FAIL, **changes: Any) -> Check:
    return replace(Check("rows.change", "ord", "words", verdict, value=0.5, n=10), **changes)


def waiver(**changes: Any) -> Waiver:
    fields = {
        "check": "rows.change",
        "reason": "The archive was closed; half of it is gone on purpose.",
        "requester": "Ada",
        "approver": "Bo",
        "created": "2026-02-20",
        "expires": "2026-04-20",
        "max_observed": 0.5,
        "digest": DIGEST,
    }
    return Waiver(**(fields | changes))


def waived(one: Check, *waivers: Waiver, two_people: bool = False) -> bool:
    checks, _, _ = apply_waivers([one], waivers, DIGEST, NOW, expected=(), two_people=two_people)
    return checks[0].waived


@given(st.lists(verdicts, min_size=1))
def test_the_worst_verdict_wins_in_any_order(given_verdicts: list[Verdict]) -> None:
    result = worst(given_verdicts)
    assert result in given_verdicts
    assert all(result.severity >= verdict.severity for verdict in given_verdicts)
    assert worst(reversed(given_verdicts)) is result


def test_nothing_checked_is_not_a_pass() -> None:
    assert overall([], []) is Verdict.NOT_RUN


def test_an_expected_check_that_is_absent_counts_as_not_run() -> None:
    present = check(Verdict.PASS)
    assert overall([present], ["rows.change"]) is Verdict.PASS
    assert overall([present], ["rows.change", "leakage.pairs"]) is Verdict.NOT_RUN
    absent = complete([present], ["leakage.pairs"])[1]
    assert (absent.id, absent.verdict, absent.waivable) == ("leakage.pairs", Verdict.NOT_RUN, False)


@pytest.mark.parametrize(
    ("verdict", "blocks"),
    [("PASS", False), ("WARN", False), ("FAIL", True), ("ERROR", True), ("NOT_RUN", True)],
)
def test_fail_error_and_not_run_block(verdict: str, blocks: bool) -> None:
    assert Verdict(verdict).blocks is blocks


def test_a_check_from_json_gets_a_verdict_and_an_unknown_word_is_refused() -> None:
    plain = {"id": "gx.x", "words_sv": "", "words_en": "", "examples": ["a"]}
    assert Check(**plain, verdict="WARN").verdict is Verdict.WARN  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="OK"):
        Check(**plain, verdict="OK")  # type: ignore[arg-type]


def test_a_waiver_lifts_the_check_that_it_names_to_a_warning() -> None:
    checks, verdict, used = apply_waivers([check()], [waiver()], DIGEST, NOW, expected=["rows.change"])
    assert checks[0].waived
    assert checks[0].verdict is Verdict.FAIL
    assert verdict is Verdict.WARN
    assert used == (waiver(),)


def test_a_waiver_for_a_source_holds_for_any_digest_until_it_expires() -> None:
    scoped = waiver(digest=None, source="blog")
    assert waived(check(source="blog"), scoped)
    assert not waived(check(source="news"), scoped)
    assert not waived(check(source=None), scoped)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"check": "rows.kept"}, "another check"),
        ({"digest": "e" * 64}, "another candidate"),
        ({"max_observed": 0.4}, "the value got worse"),
        ({"max_observed": "0.5"}, "values that cannot be compared"),
        ({"max_observed": float("nan")}, "an accepted value that is no number"),
        ({"created": "2026-01-01", "expires": "2026-03-01T11:59:59"}, "expired"),
        ({"created": "2026-03-02", "expires": "2026-03-09"}, "not yet valid"),
    ],
)
def test_a_waiver_is_void_for(change: dict[str, Any], why: str) -> None:
    assert not waived(check(), waiver(**change)), why


def test_which_way_is_worse_depends_on_the_check() -> None:
    share = check(value=0.4, worse="lower")
    assert waived(share, waiver(max_observed=0.4))
    assert waived(share, waiver(max_observed=0.3))
    assert not waived(share, waiver(max_observed=0.5))


def test_values_that_are_words_must_be_equal() -> None:
    assert waived(check(value="gone"), waiver(max_observed="gone"))
    assert not waived(check(value="gone"), waiver(max_observed="other"))


@pytest.mark.parametrize("identity", ["accounting.rest", "checksums", "leakage.pairs", "tombstones.found"])
def test_some_checks_cannot_be_waived_whatever_they_say(identity: str) -> None:
    assert not waived(check(id=identity, waivable=True), waiver(check=identity))


def test_a_check_may_refuse_to_be_waived() -> None:
    assert not waived(check(waivable=False), waiver())


@given(verdicts)
def test_only_a_failure_can_be_waived(verdict: Verdict) -> None:
    assert waived(check(verdict), waiver()) is (verdict is Verdict.FAIL)


@given(st.lists(st.builds(check, verdicts), max_size=5), st.booleans())
def test_waivers_never_make_a_verdict_worse_and_never_a_clean_pass(
    checks: list[Check], given_one: bool
) -> None:
    before = overall(checks, ())
    _, after, used = apply_waivers(checks, [waiver()] if given_one else [], DIGEST, NOW, expected=())
    assert after.severity <= before.severity
    assert used or after is before
    assert not used or after is not Verdict.PASS


def test_two_people_means_that_the_approver_is_somebody_else() -> None:
    alone = waiver(requester="Ada", approver=" ada ")
    assert waived(check(), alone)
    assert not waived(check(), alone, two_people=True)
    assert waived(check(), waiver(), two_people=True)


def test_a_waiver_that_lifts_two_checks_is_listed_once() -> None:
    both = [check(), check(source="blog")]
    checks, _, used = apply_waivers(both, [waiver(), waiver(approver="Cy")], DIGEST, NOW, expected=())
    assert all(one.waived for one in checks)
    assert used == (waiver(),)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"digest": None}, "give a digest or a source"),
        ({"reason": "fine"}, "20 characters"),
        ({"requester": " "}, "requester is empty"),
        ({"approver": ""}, "approver is empty"),
        ({"expires": "2026-06-01"}, "90 days"),
        ({"expires": "2026-02-20"}, "90 days"),
        ({"expires": "soon"}, "not a time"),
    ],
)
def test_a_bad_waiver_is_refused_with_what_is_allowed(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        waiver(**change)


@pytest.mark.parametrize(
    ("verdict", "first", "approved", "config", "action"),
    [
        ("PASS", False, False, GateConfig(), "publish"),
        ("WARN", True, False, GateConfig(), "publish"),
        ("PASS", True, False, GateConfig(first_release="approve"), "approve"),
        ("PASS", True, True, GateConfig(first_release="approve"), "publish"),
        ("PASS", False, False, GateConfig(first_release="approve"), "publish"),
        ("FAIL", False, True, GateConfig(), "blocked"),
        ("ERROR", False, True, GateConfig(), "blocked"),
        ("NOT_RUN", True, True, GateConfig(), "blocked"),
    ],
)
def test_what_the_gate_says(
    verdict: str, first: bool, approved: bool, config: GateConfig, action: str
) -> None:
    candidate = Candidate(DIGEST, first, approved)
    outcome = decide([check(Verdict(verdict))], ["rows.change"], [], candidate, NOW, config)
    assert (outcome.action, outcome.verdict, outcome.after) == (action, Verdict(verdict), Verdict(verdict))


def test_the_gate_lets_a_waived_failure_through_and_records_both_verdicts() -> None:
    outcome = decide(
        [check()], ["rows.change"], [waiver()], Candidate(DIGEST, first=False), NOW, GateConfig()
    )
    assert (outcome.action, outcome.verdict, outcome.after) == ("publish", Verdict.FAIL, Verdict.WARN)
    assert outcome.waivers == (waiver(),)


def test_the_gate_blocks_when_an_expected_check_is_absent() -> None:
    candidate = Candidate(DIGEST, first=False)
    outcome = decide([check(Verdict.PASS)], ["rows.change", "checksums"], [], candidate, NOW, GateConfig())
    assert outcome.action == "blocked"
    assert after_waivers(outcome.checks, ()) is Verdict.NOT_RUN


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows_warn": -0.1}, "gate.rows_warn"),
        ({"letters_warn": 0.4}, "gate.letters_warn"),
        ({"language_warn": 0.9}, "gate.language_warn"),
        ({"rows_block": float("nan")}, "gate.rows_block"),
    ],
)
def test_limits_that_make_no_sense_are_refused_by_name(change: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        GateConfig(**change)  # type: ignore[arg-type]


def test_a_long_waiver_of_exactly_ninety_days_is_allowed() -> None:
    created = NOW - timedelta(days=1)
    longest = (created + timedelta(days=90)).isoformat()
    assert waiver(created=created.isoformat(), expires=longest).expires == longest
