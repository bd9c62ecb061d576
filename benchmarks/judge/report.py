"""The results as Markdown. Medians everywhere, with the number of runs."""

from statistics import median
from typing import Any

from benchmarks.dedup.report import number, table
from benchmarks.judge.tools import PEERS

Entry = dict[str, Any]
STAGES = ("repair", "language", "noise", "pii")
GOALS = (("datatrove", 30), ("data-juicer", 8))
"""Times slower than ours that a peer is to be."""
LEAST = 12
"""MB/s of clean text on one core."""


def middle(entry: Entry, name: str) -> float:
    return float(median(run[name] for run in entry["runs"]))


def told(entry: Entry, name: str) -> float:
    return float(median(run["told"][name] for run in entry["runs"]))


def text_mb(entry: Entry) -> float:
    return float(entry["bytes"]) / 1e6


def cost(entry: Entry, clock: str = "cpu") -> float:
    """Seconds of the text alone: those of the command less those of the same command on one short document."""
    return float(median(run[clock] - run[f"start_{clock}"] for run in entry["runs"]))


def speed(entry: Entry) -> float:
    """MB/s of CPU: of the stages inside one process, or of a command without its start-up."""
    seconds = told(entry, "together") if entry["tool"] == "stages" else cost(entry)
    return text_mb(entry) / seconds


def measured(results: Entry, *tools: str) -> list[Entry]:
    """Entries with results, tool by tool."""
    return [
        entry
        for tool in tools
        for entry in results["entries"]
        if entry["tool"] == tool and entry.get("runs") and "error" not in entry
    ]


def find(results: Entry, tool: str, setting: str) -> Entry | None:
    return next((entry for entry in measured(results, tool) if entry["setting"] == setting), None)


def line(entry: Entry) -> str:
    head = f"{entry['tool']}, {entry['setting']}"
    if "error" in entry:
        return f"{head}: FAILED: {entry['error']}"
    return f"{head}: {speed(entry):.2f} MB/s of CPU, median of {len(entry['runs'])}"


def ratio(ours: Entry | None, theirs: Entry) -> str:
    """How many times slower than ours."""
    return number(speed(ours) / speed(theirs)) if ours else ""


def side_by_side(results: Entry) -> str:
    stages, command = find(results, "stages", "clean"), find(results, "kvarn measure", "1 worker")
    head = [
        "tool", "MB", "documents", "kept", "CPU s", "of it start-up", "MB/s of CPU, start-up left out",
        "times slower than our stages", "than our command", "MB/s of wall", "peak MB", "runs",
    ]  # fmt: skip
    rows = []
    for entry in measured(results, "kvarn measure", "datatrove", "data-juicer"):
        is_ours = entry["tool"] == "kvarn measure"
        rows.append(
            [
                _name(entry),
                number(text_mb(entry)),
                f"{entry['documents']:,}",
                "" if is_ours else f"{told(entry, 'kept'):,.0f}",
                number(middle(entry, "cpu")),
                number(middle(entry, "start_cpu")),
                number(speed(entry)),
                "" if is_ours else ratio(stages, entry),
                "" if is_ours else ratio(command, entry),
                number(text_mb(entry) / cost(entry, "wall")),
                f"{middle(entry, 'pss_mb'):.0f}",
                str(len(entry["runs"])),
            ]
        )
    if stages:
        rows.insert(
            0,
            [
                "Kvarn's stages, in one process", number(text_mb(stages)), f"{stages['documents']:,}", "",
                *[""] * 2, number(speed(stages)), *[""] * 4, str(len(stages["runs"])),
            ],
        )  # fmt: skip
    return table(head, rows)


def _name(entry: Entry) -> str:
    if entry["tool"] == "kvarn measure":
        return f"`kvarn measure`, {entry['setting']}"
    return f"{entry['tool']} {entry['version']}, {entry['setting']}"


def by_stage(results: Entry) -> str:
    """Milliseconds of CPU a MB, which add up."""
    head = [
        "input", "MB", "documents", "MB/s, all stages", "µs a document", *(f"{name}, ms a MB" for name in STAGES),
        "language without second opinion", "documents asked twice", "first pass, MB/s", "reading, ms a MB", "runs",
    ]  # fmt: skip
    rows = []
    for entry in measured(results, "stages"):
        mb = text_mb(entry)
        rows.append(
            [
                entry["setting"],
                number(mb),
                f"{entry['documents']:,}",
                number(speed(entry)),
                f"{told(entry, 'together') / entry['documents'] * 1e6:.0f}",
                *(number(told(entry, name) / mb * 1e3) for name in (*STAGES, "language_first")),
                f"{told(entry, 'asked'):.0f}",
                number(mb / told(entry, "first")),
                number(told(entry, "read") / mb * 1e3),
                str(len(entry["runs"])),
            ]
        )
    return table(head, rows)


def alone(results: Entry) -> str:
    """Libraries beside the stage of ours that does what they do, and more."""
    stages = find(results, "stages", "clean")
    rows = []
    for entry in measured(results, "libraries"):
        stage = "pii" if "stdnum" in entry["setting"] else "language"
        ours = text_mb(stages) / told(stages, stage) if stages else 0.0
        rows.append(
            [
                f"{entry['setting']} {entry['version']}",
                stage,
                number(speed(entry)),
                number(ours) if ours else "",
                number(ours / speed(entry)) if ours else "",
                str(len(entry["runs"])),
            ]
        )
    return table(
        ["library", "beside our stage", "MB/s of CPU", "our stage, MB/s", "times slower than it", "runs"],
        rows,
    )


def goals(results: Entry) -> str:
    """What was set out to be reached, and what was."""
    stages, command = find(results, "stages", "clean"), find(results, "kvarn measure", "1 worker")
    found = []
    if stages:
        found.append(f"- Our stages on clean text: {number(speed(stages))} MB/s a core; the goal is {LEAST}.")
    for tool, least in GOALS:
        peers = measured(results, tool)
        if peers and stages and command:
            inside = [speed(stages) / speed(entry) for entry in peers]
            whole = [speed(command) / speed(entry) for entry in peers]
            found.append(
                f"- {tool}: {number(min(inside))} to {number(max(inside))} times slower than our stages, by setting, and "
                f"{number(min(whole))} to {number(max(whole))} times slower than our whole command; the goal is {least}."
            )
    return "\n".join(found)


def failures(results: Entry) -> str:
    rows = [
        f"- {entry['tool']}, {entry['setting']}: {entry['error']}"
        for entry in results["entries"]
        if "error" in entry
    ]
    return "\n".join(rows) or "None."


def page(results: Entry) -> str:
    of = results["machine"]
    runs = [run for entry in results["entries"] for run in entry.get("runs", ())]
    loads, days = [run["load"] for run in runs], sorted({run["day"] for run in runs if "day" in run})
    settings = [f"- **{peer.name}, {name}**: {says}." for peer in PEERS for name, says in peer.settings.items()]  # fmt: skip
    cold = results.get("cold")
    return PAGE.format(
        machine=f"{of['processor']}, {of['cores']} cores, {of['memory_gib']} GiB, Python {of['python']}",
        load=f"{min(loads):.1f} to {max(loads):.1f}" if loads else "not known",
        days=", ".join(days) or "not known",
        goals=goals(results),
        tables=side_by_side(results),
        stages=by_stage(results),
        alone=alone(results),
        settings="\n".join(settings),
        cold=f"{cold['cpu']:.0f} s of CPU where nothing was compiled before" if cold else "not measured",
        failures=failures(results),
    )


PAGE = """# Judging text: speed

`make bench-judge` writes this page. {machine}; one core each but where two workers are named. The
load average was {load}: others used the machine too, so CPU seconds (user and system, the whole process tree) count. Measured: {days};
ours and the peers run in turn.

![Speed of ours and of peers](bench-judge.svg)

{goals}

## Side by side

Clean Swedish text: language, noise, personal data and repair.

{tables}

## Ours by stage

CPU inside one process, in the tables that workers use, when all is loaded and compiled; "first pass" is the first over the text. The
first start of `kvarn measure` compiles its kernels: {cold}.

{stages}

## Single stages beside libraries

{alone}

## What the numbers are

- **Clean**: statutes, interpellations, reports of committees and guides of authorities in Swedish, as our readers give them; in an
  order by hash, again and again in other orders until the size is reached. Peers get the beginning of the same file: a peer that is
  slower gets less of it, enough for its start-up to be small or left out. **Short**: the same text in pieces of about 300 bytes.
  **Dirty**: labelled bad text, mojibake, OCR, injected personal data, mixed languages, and clean documents read as Latin-1.
  **Stream**: the labelled stream of the end-to-end test.
- **Start-up left out**: the CPU of a command less that of the same command on one short document: imports, models, and what a tool
  does once for each operator (data-juicer forks a process for each). Measured anew in each round, right before the text.
- **Stages** judge tables in memory. **Commands** read JSON lines and write their results: `kvarn measure` every measure of every
  document in Parquet, and it decides by limits, in a sandboxed worker; datatrove and data-juicer the documents that they keep, as
  JSON lines.
- **Not equivalent**. Ours labels paragraphs in 32 languages, asks langdetect where it is not sure, measures some sixty things about
  form, looks for eleven kinds of personal data with check digits, and repairs line by line what looks suspicious. The peers give one
  language a document and, without "edits", neither repair nor look for personal data; with them they know e-mail and IP addresses.
  Both peers would fetch lid.176.bin (126 MB), which cannot be had here: they run its packed form lid.176.ftz (0.9 MB).
  data-juicer's word lists cannot be fetched either: stop words are FineWeb2's for Swedish, the flagged words one made-up word; the
  call to torch after each use of a model is cut out, so that torch is not loaded.
{settings}
- **MB/s of wall** is disturbed by whatever else ran. Medians; "runs" says of how many.

## What failed

{failures}
"""
