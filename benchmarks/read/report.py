"""The results as Markdown."""

from collections.abc import Sequence
from typing import Any

from benchmarks.dedup.report import table

Entry = dict[str, Any]

NOTES = """
- MB/s are bytes of the files as they lie (packed where they are packed), text MB/s what comes out of them (peers: characters). CPU
  seconds are user and system time of the one
  process, pinned to one core, from after the imports and a first record; the median of so many rounds.
- Ours names, dates and hashes each record and finds its fields, its encoding and its faults; the peers give texts. `json`,
  `csv`, `pandas` and `pyarrow` stop at the first bad record.
- `warcio alone` gives pages as they came; the others take the main text out of them.
- The made files (JSONL, Parquet, CSV, WARC) are written by `benchmarks/read/inputs.py`, the same bytes every time; the others
  are the real files of the data set.
""".strip()


def page(results: Entry, order: Sequence[str]) -> str:
    machine = results["machine"]
    head = [
        "format",
        "tool",
        "MB/s",
        "text MB/s",
        "records/s",
        "times slower",
        "files",
        "MB",
        "records",
        "MB of text",
        "peak MB",
        "rounds",
    ]
    rows = [row for kind in order for row in _rows([e for e in results["entries"] if e["kind"] == kind])]
    parts = [
        "# Reading: speed and memory",
        f"`make bench-read` writes this page. {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"Python {machine['python']}; one core each.",
        "## Side by side",
        _left_two(table(head, rows)),
        NOTES,
    ]
    if results["memory"]:
        parts += ["## Memory", "Peak of reading one file, in one process.", _memory(results["memory"])]
    return "\n\n".join(parts) + "\n"


def _rows(entries: list[Entry]) -> list[list[str]]:
    if not entries:
        return []
    ours = entries[0]["cpu"]
    return [
        [
            entry["kind"] if not number else "",
            entry["tool"],
            f"{entry['bytes'] / 1e6 / entry['cpu']:.3g}",
            f"{entry['text'] / 1e6 / entry['cpu']:.3g}",
            f"{entry['records'] / entry['cpu']:,.0f}",
            f"{entry['cpu'] / ours:.2f}" if number else "",
            f"{entry['files']}",
            f"{entry['bytes'] / 1e6:.3g}",
            f"{entry['records']:,.0f}",
            f"{entry['text'] / 1e6:.3g}",
            f"{entry['pss_mb']:.0f}",
            f"{entry['runs']}",
        ]
        for number, entry in enumerate(entries)
    ]


def _left_two(text: str) -> str:
    return text.replace("| --- | ---: |", "| --- | --- |", 1)


def _memory(entries: list[Entry]) -> str:
    rows = [
        [e["kind"], f"{e['bytes'] / 1e6:,.0f}", f"{e['records']:,}", f"{e['pss_mb']:.0f}", f"{e['bytes'] / 1e6 / e['cpu']:.3g}"]
        for e in entries
    ]  # fmt: skip
    return table(["format", "MB", "records", "peak MB", "MB/s"], rows)
