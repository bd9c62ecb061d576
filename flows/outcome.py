"""What a refresh came to, for people and programs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pipeline.errors import ContractError
from pipeline.work.plan import Plan

State = Literal["published", "nothing new", "awaiting approval", "blocked", "not checked"]

EXIT = {"published": 0, "nothing new": 0, "awaiting approval": 3, "blocked": 3, "not checked": 4}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One refresh."""

    state: State
    digest: str
    verdict: str
    release: int | None = None
    folder: str = ""
    fates: Mapping[str, int] = field(default_factory=dict)
    sentence: str = ""
    next_step: str = ""

    def facts(self) -> dict[str, Any]:
        return {**asdict(self), "exit_code": EXIT[self.state]}


def nothing_new(plan: Plan) -> Outcome:
    """The outcome where the newest release is what a refresh would make."""
    if plan.parent is None:
        raise ContractError("nothing new, but there is no release")
    commit = plan.parent.commit
    folder = str(plan.parent.folder)
    return Outcome("nothing new", commit.digest, commit.verdict_after_waivers, commit.number, folder)


def lines(facts: Mapping[str, Any]) -> list[str]:
    """The outcome in a few lines."""
    fates = facts["fates"]
    out = [f"{facts['verdict']}: {facts['sentence']}"] if facts["sentence"] else []
    if fates:
        total = sum(fates.values())
        out.append(f"in {total:,} = " + " + ".join(f"{count:,} {name}" for name, count in fates.items()))
    if facts["state"] == "published":
        out += [
            f"release {facts['release']} published: {facts['folder']}",
            f"report: {facts['folder']}/report.html",
        ]
    else:
        out.append(f"{facts['state']}: candidate {facts['digest'][:12]} in {facts['folder']}")
    return [*out, facts["next_step"]] if facts["next_step"] else out
