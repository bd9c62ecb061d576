"""What `kvarn what-if` says to people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.commands.changes import told
from flows.output import safe, table
from pipeline.schema import FATES
from pipeline.work.what_if import Answer

ROWS = 12
"""Rows of a table of sources, languages or reasons; --json has all."""

Listed = Sequence[tuple[Mapping[str, Any], str | None]]


def lines_of(
    what: str,
    changed: Sequence[tuple[str, Any, Any]],
    answer: Answer,
    listed: Listed,
    remarks: Sequence[str],
    out: Path | None,
) -> list[str]:
    """Counts, who moves and why, what stays open, examples."""
    lines = [f"{safe(what)}: {answer.items:,} documents, judged anew from stored measures"]
    lines += [f"  {key}: {safe(told(was))} → {safe(told(now))}" for key, was, now in changed[:ROWS]]
    lines += [f"  … and {len(changed) - ROWS} more; --json lists all"] if len(changed) > ROWS else []
    lines += [f"note: {safe(remark)}" for remark in remarks]
    lines += ["", *_fates(answer), "", *_moved(answer)]
    if answer.moved:
        lines += ["", *_moves(answer.movers)]
    lines += _reasons(answer)
    for name in ("source", "language"):
        lines += _by(answer.movers, name)
    lines += _open(answer)
    lines += _examples(listed, answer.moved)
    return lines + ([f"written: {out} ({answer.moved:,} rows)"] if out is not None else [])


def _fates(answer: Answer) -> list[str]:
    rows: list[list[object]] = []
    for fate in FATES:
        was, now = answer.count(fate, after=False), answer.count(fate, after=True)
        rows.append([fate, was, now, signed(now - was)])
    width = max(len(str(row[3])) for row in rows)
    rows = [[*row[:3], str(row[3]).rjust(width)] for row in rows]
    return table(rows, ["fate", "before", "after", "change"])


def signed(value: int) -> str:
    """With its sign; nothing for zero.

    >>> signed(1200), signed(-3), signed(0)
    ('+1,200', '-3', '')
    """
    return f"{value:+,}" if value else ""


def _moved(answer: Answer) -> list[str]:
    if not answer.moved:
        lines = ["Nobody would move."]
    else:
        kept, both = answer.words_kept(after=False), answer.words_kept_in_both()
        leaving, coming = kept - both, answer.words_kept(after=True) - both
        lines = [
            f"{answer.moved:,} of {answer.items:,} documents would move ({percent(answer.moved, answer.items)})."
        ]
        lines.append(
            f"Of {kept:,.0f} words that are kept now, {leaving:,.0f} would leave ({percent(leaving, kept)}) and "
            f"{coming:,.0f} would come in ({percent(coming, kept)})."
        )
    if answer.other_reasons:
        lines.append(f"{answer.other_reasons:,} more keep their fate for other reasons than before.")
    if answer.judged_otherwise:
        lines.append(
            f"note: {answer.judged_otherwise:,} documents were stored with another fate than these settings give today (another "
            "version of Kvarn, or other settings); before and after are both judged today."
        )
    return lines


def percent(part: float, whole: float) -> str:
    """A share as people read it.

    >>> percent(1, 3), percent(1, 40_000), percent(0, 5), percent(1, 0)
    ('33 %', '0.0025 %', '0 %', '-')
    """
    if not whole:
        return "-"
    value = 100 * part / whole
    return f"{value:.0f} %" if value >= 10 or not value else f"{value:.2g} %"


def _moves(movers: pa.Table) -> list[str]:
    counted = movers.group_by(["was", "now"]).aggregate([([], "count_all"), ("words", "sum")]).to_pylist()
    rows = [
        [f"{row['was']} → {row['now']}", row["count_all"], round(row["words_sum"] or 0)]
        for row in sorted(counted, key=lambda row: -row["count_all"])
    ]
    return table(rows, ["move", "documents", "words"])


def _reasons(answer: Answer) -> list[str]:
    """Reasons that hold for another number of documents than before."""
    codes = {*answer.reasons_before, *answer.reasons_after}
    pairs = [(code, answer.reasons_before[code], answer.reasons_after[code]) for code in codes]
    rows = [
        [code, was, now, signed(now - was)]
        for code, was, now in sorted(pairs, key=lambda row: (-abs(row[2] - row[1]), row[0]))
        if was != now
    ]
    return _some(rows, ["reason", "before", "after", "change"])


def _by(movers: pa.Table, name: str) -> list[str]:
    if name not in movers.schema.names or not movers.num_rows:
        return []
    counts = movers[name].value_counts().to_pylist()
    moves = movers.group_by([name, "was", "now"]).aggregate([([], "count_all")]).to_pylist()
    rows: list[list[object]] = []
    for entry in sorted(counts, key=lambda entry: (-entry["counts"], entry["values"])):
        mine = sorted(
            (row for row in moves if row[name] == entry["values"]), key=lambda row: -row["count_all"]
        )
        words = ", ".join(f"{row['count_all']:,} {row['was']} → {row['now']}" for row in mine)
        rows.append([entry["values"], entry["counts"], words])
    return _some(rows, [name, "documents", "moves"])


def _some(rows: Sequence[Sequence[object]], head: Sequence[str]) -> list[str]:
    if not rows:
        return []
    more = [f"… and {len(rows) - ROWS:,} more; --json lists all"] if len(rows) > ROWS else []
    return ["", *table(rows[:ROWS], head), *more]


def _open(answer: Answer) -> list[str]:
    """What the next refresh may settle otherwise."""
    left, lines = answer.open, []
    if left.freed:
        lines.append(
            f"{left.freed:,} near-duplicates are dropped now for a document that would leave; one of each cluster may stay instead."
        )
    if left.never_compared:
        lines.append(
            f"{left.never_compared:,} documents that would come in were never compared for duplicates; the next refresh drops copies among them."
        )
    if left.other_survivor:
        lines.append(
            f"{left.other_survivor:,} copies would be judged otherwise themselves; another copy may become the one that stays."
        )
    return (
        ["", "Duplicates and splits are not recomputed here:", *(f"  {line}" for line in lines)]
        if lines
        else []
    )


def _examples(listed: Listed, moved: int) -> list[str]:
    if not listed:
        return []
    head = "Most affected first" if len(listed) < moved else "All of them, most affected first"
    lines = ["", f"{head} (value against limit, and how far off):", ""]
    for row, text in listed:
        lines.append(f"{safe(row['record_id'])}: {row['was']} → {row['now']}, {against(row)}")
        if text is not None:
            lines.append(f"    | {safe(text)}")
    if len(listed) < moved:
        lines.append(
            f"… and {moved - len(listed):,} more: --list N shows more, -o FILE.csv and --json have all"
        )
    return lines


def against(row: Mapping[str, Any]) -> str:
    """The reason of a move, with value, limit and distance where it has a limit."""
    reason = row["reason"] or "another reason"
    if row["limit"] is None or row["value"] is None:
        return str(reason)
    far = "" if row["off"] is None or not row["limit"] else f", {100 * row['off']:.0f} % off"
    return f"{reason} {row['value']:.4g} against {row['limit']:.4g}{far}"
