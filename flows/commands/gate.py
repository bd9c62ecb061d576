"""`kvarn gate show` and `kvarn gate approve`: the verdict check by check, and the people behind exceptions."""

import getpass
from dataclasses import replace
from pathlib import Path

from flows.commands.context import context
from flows.commands.standing import standing_facts, standing_lines
from flows.output import emit, safe, table
from flows.steps import read_report, report_facts, report_lines
from pipeline.errors import Blocked, CheckNotRun, UsageError
from pipeline.quality.verdicts import Check, Verdict
from pipeline.storage.lock import exclusive
from pipeline.storage.paths import Store
from pipeline.storage.releases import Release, get, latest
from pipeline.work.publish import Candidate, choose, foremost, now, save_state


def show(which: str | None, config: Path | None, curated: Path | None, *, as_json: bool) -> int:
    """Print all checks; the exit code is that of the verdict."""
    chosen = _chosen(context(config, curated=curated).store, which)
    report = read_report(chosen)
    rows = [
        [check.id, check.value, check.limit, check.last, check.verdict, _words(check)]
        for check in report.checks
    ]
    lines = [
        *map(safe, report_lines(report)[:2]),
        *standing_lines(chosen, report),
        "",
        *table(rows, ["check", "value", "limit", "last", "verdict", "what"]),
    ]
    emit(report_facts(report) | standing_facts(chosen), lines, as_json=as_json)
    if not report.after.blocks:
        return 0
    return Blocked.exit_code if report.after is Verdict.FAIL else CheckNotRun.exit_code


def _words(check: Check) -> str:
    """What was asked, of which source, and what the check remarked."""
    words = f"{check.words_en} ({check.source})" if check.source else check.words_en
    return f"{words}: {check.note}" if check.note else words


def approve(
    digest: str | None,
    by: str | None,
    reason: str,
    config: Path | None,
    curated: Path | None,
    *,
    as_json: bool,
) -> None:
    """Record an approval, as claimed by the person. Raises UsageError where the gate itself forbids publishing."""
    store = context(config, curated=curated).store
    person = by or getpass.getuser()
    with exclusive(store):
        candidate = choose(store, digest)
        if candidate.state.blocked:
            verdict = candidate.state.verdict_after_waivers
            raise UsageError(
                f"candidate {candidate.digest[:12]}: verdict {verdict} cannot be approved away; see `kvarn gate show`"
            )
        record = {
            "by": person,
            "identity": "claimed",
            "digest": candidate.digest,
            "reason": reason,
            "time": now(),
        }
        approvals = [*candidate.state.approvals, record]
        save_state(store, candidate.digest, replace(candidate.state, approvals=approvals))
    line = f"candidate {candidate.digest[:12]} approved by {safe(person)} (claimed); publish it with `kvarn publish`"
    emit(record, [line], as_json=as_json)


def _chosen(store: Store, which: str | None) -> Release | Candidate:
    if which is not None and which.isdigit() and len(which) <= 6:
        return get(store, int(which))
    if which is not None:
        return choose(store, which)
    news = foremost(store) or latest(store)
    if news is None:
        raise UsageError(f"{store.releases}: no release and no candidate yet; run `kvarn refresh`")
    return news
