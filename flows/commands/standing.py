"""Where a release or candidate stands now. Its report cannot say: it was written before anybody approved or published."""

from typing import Any

from flows.output import safe
from pipeline.quality.report import Report
from pipeline.storage.releases import Release
from pipeline.work.publish import Candidate


def standing_lines(of: Release | Candidate, report: Report) -> list[str]:
    """What was done, and by whom; for a candidate what may be done next."""
    approvals = of.commit.approvals if isinstance(of, Release) else of.state.approvals
    people = [
        f"approved by {safe(item['by'])} ({item.get('identity', 'claimed')}) at {item.get('time', 'an unknown time')}"
        + (f": {safe(item['reason'])}" if item.get("reason") else "")
        for item in approvals
    ]
    if isinstance(of, Release):
        commit = of.commit
        return [
            f"published as release {commit.number} at {commit.time}",
            *people,
            *([safe(commit.reason)] if commit.reason else []),
        ]
    if people:
        return [*people, f"not published yet: kvarn publish {of.digest[:12]}"]
    return [f"{report.act.en} {report.command}"]


def standing_facts(of: Release | Candidate) -> dict[str, Any]:
    """The same for programs: `published` is null for a candidate."""
    if isinstance(of, Candidate):
        return {"published": None, "approvals": list(of.state.approvals)}
    commit = of.commit
    published = {"number": commit.number, "time": commit.time, "reason": commit.reason}
    return {"published": published, "approvals": list(commit.approvals)}
