"""The results as Markdown. Every number says what it is; medians everywhere, with the number of runs."""

from math import log
from statistics import median
from typing import Any

from benchmarks.dedup.tools import TOOLS

Entry = dict[str, Any]
LABELS = {tool.name: tool.label for tool in TOOLS}
OURS = [tool.name for tool in TOOLS if not tool.is_peer]


def middle(entry: Entry, name: str) -> float:
    return median(run[name] for run in entry["runs"])


def speed(entry: Entry, inner: bool = False) -> float:
    """MB/s: on one core per CPU second (other work on the machine does not change it), on more per second of wall."""
    name = "cpu" if entry["cores"] == 1 else "wall"
    return float(entry["text_mb"] / middle(entry, f"inner_{name}" if inner else name))


def has_inner(entry: Entry) -> bool:
    return "runs" in entry and "inner_cpu" in entry["runs"][0]


def line(entry: Entry) -> str:
    head = f"{entry['tool']:13} {entry['mb']:6g} MB {entry['cores']} cores, J {entry['threshold']:g}: "
    if "error" in entry:
        return f"{head}FAILED: {entry['error']}"
    inside = f", inside {speed(entry, True):.1f}" if has_inner(entry) else ""
    scores = ", ".join(f"{k} {v:g}" for k, v in entry.get("score", {}).items())
    return (
        f"{head}{speed(entry):.2f} MB/s{inside}; wall {middle(entry, 'wall'):.1f} CPU {middle(entry, 'cpu'):.1f} s, "
        f"PSS {middle(entry, 'pss_mb'):.0f} MB; {scores}"
    )


def find(results: Entry, **wanted: Any) -> list[Entry]:
    return [e for e in results["entries"] if all(e[k] == v for k, v in wanted.items())]


def one(results: Entry, **wanted: Any) -> Entry | None:
    found = [entry for entry in find(results, **wanted) if "runs" in entry]
    return found[0] if found else None


def table(head: list[str], rows: list[list[str]]) -> str:
    """Names left, numbers right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, rule, *rows])


def side_by_side(results: Entry) -> str:
    """One table a size that peers ran at."""
    parts = []
    for mb in sorted({e["mb"] for e in results["entries"] if e["tool"] not in OURS}):
        rows = [_row(results, tool, mb) for tool in LABELS if one(results, tool=tool, mb=mb, cores=1)]
        head = [
            f"{mb:g} MB", "MB/s, one core", "times slower", "inside, MB/s", "times slower", "two cores, MB/s", "peak MB",
            "recall .8", "recall .7", "documents right", "pairs right", "runs",
        ]  # fmt: skip
        parts.append(table(head, rows))
    return "\n\n".join(parts)


def _row(results: Entry, tool: str, mb: float) -> list[str]:
    entry = one(results, tool=tool, mb=mb, cores=1, threshold=0.8) or {}
    two = one(results, tool=tool, mb=mb, cores=2, threshold=0.8)
    at = entry.get("score", {})
    loose = (one(results, tool=tool, mb=mb, cores=1, threshold=0.7) or entry).get("score", {})
    command = one(results, tool="kvarn", mb=mb, cores=1, threshold=0.8)
    engine = one(results, tool="kvarn-engine", mb=mb, cores=1, threshold=0.8)
    peer = tool not in OURS
    return [
        f"{LABELS[tool]} {entry['version'] if peer else ''}".strip(),
        number(speed(entry)),
        ratio(command, entry, inner=False) if peer else "",
        number(speed(entry, True)) if has_inner(entry) else "",
        ratio(engine, entry, inner=True) if peer and has_inner(entry) else "",
        number(speed(two)) if two else "",
        f"{middle(entry, 'pss_mb'):.0f}",
        share(at.get("recall_80")),
        share(loose.get("recall_70")),
        share(at.get("documents_right_80")),
        share(at.get("pairs_right_80")),
        str(len(entry["runs"])),
    ]


def ratio(ours: Entry | None, theirs: Entry, inner: bool) -> str:
    return f"{speed(ours, inner) / speed(theirs, inner):.1f}" if ours else ""


def number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}".rstrip("0").removeprefix("0").rstrip(".") or "0"


def growth(results: Entry) -> str:
    """Ours at every size."""
    rows = []
    for tool in OURS:
        before = None
        for entry in find(results, tool=tool, cores=1, threshold=0.8):
            if "runs" not in entry:
                rows.append([LABELS[tool], f"{entry['mb']:g}", f"failed: {entry['error']}", *[""] * 8])
                continue
            rows.append(_growth_row(results, entry, before))
            before = entry
    head = [
        "ours", "MB", "CPU s", "inside, CPU s", "MB/s, one core", "MB/s, two cores", "exponent", "peak MB",
        "recall .8", "pairs right", "runs",
    ]  # fmt: skip
    return table(head, rows)


def _growth_row(results: Entry, entry: Entry, before: Entry | None) -> list[str]:
    two = one(results, tool=entry["tool"], mb=entry["mb"], cores=2, threshold=0.8)
    inner = has_inner(entry)
    return [
        LABELS[entry["tool"]],
        f"{entry['mb']:g}",
        f"{middle(entry, 'cpu'):.2f}",
        f"{middle(entry, 'inner_cpu'):.2f}" if inner else "",
        number(speed(entry, inner)),
        number(speed(two, inner)) if two else "",
        f"{exponent(before, entry, inner):.2f}" if before else "",
        f"{middle(entry, 'pss_mb'):.0f}",
        share(entry["score"].get("recall_80")),
        share(entry["score"].get("pairs_right_80")),
        str(len(entry["runs"])),
    ]


def exponent(small: Entry, large: Entry, inner: bool) -> float:
    """The e of cost ~ size ** e between two sizes; 1 is linear."""
    name = "inner_cpu" if inner else "cpu"
    return log(middle(large, name) / middle(small, name)) / log(large["text_mb"] / small["text_mb"])


def failures(results: Entry) -> str:
    rows = [f"- {line(entry)}" for entry in results["entries"] if "error" in entry]
    rows += [
        f"- {e['tool']} at {e['mb']:g} MB on {e['cores']} cores: {e['told']['failed_after_clustering']} (time until then)"
        for e in results["entries"]
        if "failed_after_clustering" in e.get("told", {})
    ]
    return "\n".join(rows) or "None."


def page(results: Entry) -> str:
    of = results["machine"]
    peers = "\n".join(f"- **{tool.label}**: {tool.says}." for tool in TOOLS)
    return PAGE.format(
        machine=f"{of['processor']}, {of['cores']} cores, {of['memory_gib']} GiB, Python {of['python']}",
        tables=side_by_side(results), growth=growth(results), tools=peers, failures=failures(results),
    )  # fmt: skip


PAGE = """# Near-duplicates: speed, memory, recall and precision

`make bench-dedup` writes this page. {machine}; other work ran on the machine too, so speed on one core counts CPU seconds.

![Speed against recall](bench-dedup.svg)

## Side by side

{tables}

## What the numbers are

- **Corpus**: documents of 1 to 20 kB (log-uniform) of real Swedish and other sentences with every seventh word replaced; a fifth of
  the documents are edited copies of earlier ones. `benchmarks/dedup/corpus.py` makes the same bytes every time.
- **One core**: MB of UTF-8 text per CPU second (user and system, all processes of the tree), pinned to one core, one thread. The
  first figure is the whole process with start-up and imports, the second counts from after the imports ("inside"; for Kvarn's
  engine also after a first tiny call, so without loading compiled code).
- **times slower**: against `kvarn dedup` for whole processes, against Kvarn's engine inside.
- **Two cores**: MB per second of wall, whole process. Disturbed by whatever else ran.
- **Peak**: proportional set size of the process tree, sampled every fifth of a second.
- **Recall**: share of all true pairs (Jaccard of word 5-gram sets ≥ .8 or ≥ .7, found by an exact join over all pairs) whose two
  documents are in one cluster. Ours is run once more at threshold .7 for the second; the peers' bands are as they are.
- **Documents right**: share of the clustered documents that have a true neighbour at ≥ .8. **Pairs right**: share of the listed
  pairs that are true at ≥ .8; empty where a tool lists none. Ours is 1 by construction (it computes the truth's own value), as
  long as nothing is broken; what is measured is recall and cost.
- datasketch and rensa were given the truth's own shingles; Daft, gaoya, text-dedup and datatrove cut words in their own ways.
- All peers: 14 bands of 8 rows, word 5-grams. Medians; "runs" says of how many.

## How cost grows

{growth}

"Exponent" is e of cost ~ size^e from the row above; 1 is linear. Above 100 MB recall and precision are of 2 000 planted and 2 000
listed pairs.

## Tools

{tools}

## What failed

{failures}
"""
