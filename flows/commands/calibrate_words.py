"""What `kvarn calibrate` says to people, and the [noise] section that it writes."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.output import safe, table
from pipeline.quality.calibration import Calibration, Cost, Proposal, Share, Together
from pipeline.quality.calibration_fit import FEWEST_FOUND

if TYPE_CHECKING:
    from flows.commands.calibrate import Known, Language


WIDTH = 118
"""Of comments in the file that is written."""


def per_cent(value: float) -> str:
    """A share in per cent with the digits that it deserves.

    >>> per_cent(0), per_cent(0.00042), per_cent(0.026), per_cent(0.314), per_cent(1.0)
    ('0', '0.04', '2.6', '31', '100')
    """
    number = 100 * value
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}" if number >= 0.1 else f"{number:.1g}"


def share(seen: Share) -> str:
    """Count, share and interval: `2 of 274 (0.7 %, 0.09 to 2.6)`."""
    if not seen.of:
        return "none there"
    return f"{seen.hits:,} of {seen.of:,} ({per_cent(seen.value)} %, {per_cent(seen.low)} to {per_cent(seen.high)})"


def lines_of(
    known: Known, language: Language, found: Calibration, out: Path | None, *, every: bool
) -> list[str]:
    """The sample, the language, each limit, all together, what is proposed."""
    left = (
        "; left out: " + ", ".join(f"{n:,} {name}" for name, n in known.left_out.items())
        if known.left_out
        else ""
    )
    lines = [
        f"{int(known.good.sum()):,} good and {int(known.bad.sum()):,} bad documents ({safe(known.origin)}){left}",
        "Shares with 95 % intervals (Clopper and Pearson).",
        "",
        *_language(language),
        "",
        *_costs(found, every=every),
        "",
        *_now(found),
        "",
        *_proposals(found),
    ]
    if every and found.margins:
        lines += ["", *_margins(found)]
    if out is not None:
        lines += ["", f"written: {out} (a [noise] section for kvarn.toml)"]
    elif found.proposals:
        lines += [
            "",
            "-o limits.toml writes them as a [noise] section for kvarn.toml; `kvarn what-if --set` shows what they would change",
        ]
    return lines


def _language(language: Language) -> list[str]:
    lines = [
        f"Language: good documents dropped as foreign: {share(language.lost)}; flagged: {share(language.flagged)}"
    ]
    if language.lost_by_language:
        names = ", ".join(f"{name} {n:,}" for name, n in language.lost_by_language.items())
        lines.append(f"  they are {names}; if they are wanted, add their languages to [language] target")
    beside = f", and {language.bad_lost:,} bad ones" if language.bad_lost else ""
    if language.lost.hits or language.bad_lost:
        lines.append(
            f"  the limits below are about the rest: {language.lost.hits:,} good documents{beside} are gone before them"
        )
    return lines


def _costs(found: Calibration, *, every: bool) -> list[str]:
    """One row a limit in force; without `every` those that do something."""
    shown = [cost for cost in found.costs if every or cost.lost.hits or cost.flagged.hits or cost.only]
    hidden = len(found.costs) - len(shown)
    lines = []
    if shown:
        head = ["limit", "now", "good lost", "near it", "bad found", "only it"]
        labelled = found.now.found.of > 0
        rows = [
            _row(cost, labelled=labelled)
            for cost in sorted(shown, key=lambda cost: (-cost.lost.hits, -cost.only, cost.key))
        ]
        lines = table(rows, head if labelled else head[:4])
    if hidden:
        nothing = Share(0, found.now.lost.of, 0.0, found.costs[0].lost.high if found.costs else 1.0)
        most = max(cost.lost.high for cost in found.costs if cost not in shown) if nothing.of else 1.0
        lines.append(
            f"{'… and ' if shown else ''}{hidden} limits that lose none of {nothing.of:,} good documents (at most {per_cent(most)} % each)"
            + (" and find nothing alone" if found.now.found.of else "")
            + "; --all lists them"
        )
    return lines


def _row(cost: Cost, *, labelled: bool) -> list[object]:
    row: list[object] = [cost.key, f"{cost.now:g}", share(cost.lost), f"{cost.flagged.hits:,}"]
    return [*row, f"{cost.found.hits:,} of {cost.found.of:,}", f"{cost.only:,}"] if labelled else row


def _now(found: Calibration) -> list[str]:
    lines = [f"All limits in force together lose {share(found.now.lost)} of the good documents"]
    if found.now.found.of:
        lines[0] += f" and find {share(found.now.found)} of the bad ones"
    lines[0] += "."
    return lines


def _proposals(found: Calibration) -> list[str]:
    accepted = f"{per_cent(found.accepted)} %"
    lines = []
    if not found.proposals and not found.refused:
        return [_enough(found, accepted)]
    if found.proposals:
        whose = "the good documents" if found.now_held_out else "this sample"
        lines = [f"Proposed, so that all limits together lose at most {accepted} of {whose}:", ""]
        rows = [_proposal(proposal, labelled=found.now_held_out is not None) for proposal in found.proposals]
        last = (
            ["good lost, held out", "bad found, held out"]
            if found.now_held_out
            else ["good lost", "of all such, at most"]
        )
        lines += table(rows, ["limit", "now", "proposed", *last])
        lines += ["", *_verdict(found)]
    if found.refused:
        lines += ["", f"note: {found.refused}."] if lines else [f"No proposal: {found.refused}."]
    return lines


def _enough(found: Calibration, accepted: str) -> str:
    if found.now.found.of:
        return f"Nothing to propose: the limits in force lose no more than {accepted} of the good documents, and no other limit finds {FEWEST_FOUND} more bad ones at that cost."
    words = f"Nothing to propose: the limits in force lose no more than {accepted} of this sample."
    if found.now.lost.high > found.accepted:
        words += f" Of all such documents it may be up to {per_cent(found.now.lost.high)} %; a larger sample would say."
    return f"{words} Good documents alone cannot show what tighter limits would find."


def _proposal(proposal: Proposal, *, labelled: bool) -> list[object]:
    now = "off" if proposal.now is None else f"{proposal.now:g}"
    limit = "off" if proposal.limit is None else f"{proposal.limit:g}"
    if labelled:
        found = f"{proposal.found.hits:,} of {proposal.found.of:,}"
        return [proposal.key, now, limit, share(proposal.lost), found]
    most = "-" if proposal.most is None else f"{per_cent(proposal.most)} %"
    return [proposal.key, now, limit, share(proposal.lost), most]


def _verdict(found: Calibration) -> list[str]:
    """What came of the proposals where they were not fitted."""
    assert found.proposed is not None
    if found.now_held_out is None:
        return [
            f"With them {share(found.proposed.lost)} of this sample is lost. The sample made them, so that is too kind a figure; the last "
            "column holds for a limit by itself, chosen beforehand, with 95 % confidence, for documents drawn as these were (Wilks)."
        ]
    lines = [
        "On the half of the sample that they were not fitted on (which half a text is in is said by its hash):"
    ]
    rows = [_half(name, half) for name, half in (("now", found.now_held_out), ("proposed", found.proposed))]
    lines += table(rows, ["limits", "good lost", "bad found"])
    if not found.worth_it:
        lines.append("There they do no better than the limits in force: keep those.")
    return lines


def _half(name: str, half: Together) -> list[object]:
    return [name, share(half.lost), share(half.found)]


def _margins(found: Calibration) -> list[str]:
    rows = [[key, f"{limit:g}"] for key, limit in found.margins.items()]
    title = f"Limits that are off: each alone would lose at most {per_cent(found.accepted)} % of such documents (95 % confidence) at"
    return [title, "", *table(rows, ["limit", "at"])]


def fragment(noise: Mapping[str, Any], found: Calibration, origin: str) -> str:
    """A [noise] section: the keys that were set, and those proposed, each with what it costs. It replaces the one in kvarn.toml."""
    proposed = {item.key: item for item in found.proposals}
    active = proposed if found.worth_it else {}
    costs = {cost.key: cost for cost in found.costs}
    lines = [
        f"# Written by `kvarn calibrate`: {found.now.lost.of:,} good and {found.now.found.of:,} bad documents ({safe(origin)}).",
        "# It takes the place of [noise] in kvarn.toml. Shares with 95 % intervals (Clopper and Pearson).",
        f"# Together the limits before lost {share(found.now.lost)} of the good documents.",
        *_fragment_verdict(found),
        "[noise]",
    ]
    off = [key for key in noise.get("off", ()) if key not in active]
    off += [key for key, item in active.items() if item.limit is None]
    for key, value in noise.items():
        if key != "off" and key not in active:
            lines += [*([f"# {_cost_words(costs[key])}"] if key in costs else []), f"{key} = {_toml(value)}"]
    for key, item in active.items():
        lines.append(f"# {_proposal_words(item)}")
        lines.append(
            f"{key} = {_toml(item.limit)}" if item.limit is not None else f"# {key} is off, see below"
        )
    if off:
        lines += ["# Limits that apply no more.", f"off = {_toml(off)}"]
    rest = [cost for cost in found.costs if cost.key not in active and cost.key not in noise]
    lines += ["", "# In force as they were:"] if rest else []
    lines += [f"# {cost.key} = {cost.now:g}    {_cost_words(cost)}" for cost in rest]
    for key, item in proposed.items():
        if key not in active:
            lines.append(
                f"# not better on held-out documents: {key} = {'off' if item.limit is None else f'{item.limit:g}'}"
            )
    return "\n".join(lines) + "\n"


def _fragment_verdict(found: Calibration) -> list[str]:
    if found.proposed is None:
        words = f"Nothing is proposed{f': {found.refused}' if found.refused else ''}."
        return textwrap.wrap(words, WIDTH, initial_indent="# ", subsequent_indent="# ")
    if found.now_held_out is None:
        return [f"# Together these lose {share(found.proposed.lost)} of the same documents."]
    return [
        f"# On held-out documents the limits before lose {share(found.now_held_out.lost)} good and find {share(found.now_held_out.found)} bad;",
        f"# those proposed lose {share(found.proposed.lost)} and find {share(found.proposed.found)}.",
    ]


def _cost_words(cost: Cost) -> str:
    words = f"loses {share(cost.lost)} good"
    return f"{words}, finds {cost.found.hits:,} of {cost.found.of:,} bad" if cost.found.of else words


def _proposal_words(item: Proposal) -> str:
    was = "off" if item.now is None else f"{item.now:g}"
    words = f"was {was}; loses {share(item.lost)} good"
    if item.most is not None:
        return f"{words}, at most {per_cent(item.most)} % of all such (95 % confidence)"
    return (
        f"{words}, finds {item.found.hits:,} of {item.found.of:,} bad, held out" if item.found.of else words
    )


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    # JSON's text in quotes is TOML's.
    return f"{value:.10g}" if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)
