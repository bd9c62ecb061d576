"""Reading of ours and of peers, format by format, one after another on one core, in rounds.

    python -m benchmarks.read.run                          # all, some ten minutes; writes docs/bench-read.md and .json
    python -m benchmarks.read.run --only HTML,PDF --rounds 3
    python -m benchmarks.read.run --only none --memory     # peak memory over small and large files alone

Speed is bytes of the files for each CPU second, from after the imports and a first record. In a round each tool of a format
runs once, so that all meet the same machine; the median over the rounds counts.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.dedup.measure import measure
from benchmarks.dedup.places import ROOT
from benchmarks.dedup.run import machine
from benchmarks.dedup.tools import environment
from benchmarks.read import inputs
from benchmarks.read.report import page

PEERS = {
    "JSONL": ("json (standard library)", "pandas, JSONL", "pyarrow, JSONL"),
    "JSONL, short records": ("json (standard library)", "pandas, JSONL", "pyarrow, JSONL"),
    "JSONL, gzip": ("gzip + json (standard library)",),
    "Parquet": ("pandas, Parquet", "pyarrow, Parquet"),
    "Parquet, short records": ("pandas, Parquet", "pyarrow, Parquet"),
    "CSV, cp1252": ("csv (standard library)", "pandas, CSV"),
    "HTML": ("trafilatura", "resiliparse"),
    "PDF": ("pypdf",),
    "WARC": ("warcio alone", "warcio + trafilatura", "warcio + resiliparse"),
}
OURS = "Kvarn"
HERE = Path(__file__).resolve().parent
RESULTS = ROOT / "docs" / "bench-read.json"
SCRATCH = inputs.HERE / "scratch"

MEMORY = {
    "JSONL": ((1, "long.jsonl"), (10, "long-10.jsonl"), (50, "long-50.jsonl")),
    "WARC": ((1, "pages.warc.gz"), (10, "pages-10.warc.gz"), (125, "pages-125.warc.gz")),
}
"""Copies of the made file, and the name of the file that holds so many."""

Told = dict[str, Any]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", default=";".join(inputs.KINDS), help="formats, parted by semicolons, or none"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action=argparse.BooleanOptionalAction, default=True)
    return parser.parse_args()


def once(command: list[str], paths: list[Path], ours: bool) -> Told:
    """What one run tells, with its peak memory. Raises RuntimeError with its last words."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    names = SCRATCH / "files.json"
    names.write_text(json.dumps([str(path) for path in paths]))
    got = measure([*command, str(names)], 1, SCRATCH, {"PYTHONPATH": str(ROOT) if ours else ""})
    if got.code:
        raise RuntimeError(
            f"exit {got.code}: {(got.errors.strip().splitlines() or ['no message'])[-1][:200]}"
        )
    return {**json.loads(got.output.strip().splitlines()[-1]), "pss_mb": got.pss_mb}


def our_command() -> list[str]:
    return [sys.executable, "-m", "benchmarks.read.ours"]


def compare(kind: str, rounds: int) -> list[Told]:
    """Medians of each tool on the files of one format."""
    paths = inputs.inputs(kind)
    size = sum(path.stat().st_size for path in paths)
    python = environment("read", HERE / "requirements.txt")
    tools: dict[str, Callable[[], Told]] = {OURS: lambda: once(our_command(), paths, True)}
    for name in PEERS.get(kind, ()):
        # -P: html.py beside it is not the standard library.
        command = [str(python), "-P", str(HERE / "peers.py"), name]
        tools[name] = lambda command=command: once(command, paths, False)  # type: ignore[misc]
    runs: dict[str, list[Told]] = {name: [] for name in tools}
    for _ in range(rounds):
        for name, run in tools.items():
            runs[name].append(run())
    return [
        {"kind": kind, "tool": name, "files": len(paths), "bytes": size, "runs": rounds, **medians(told)}
        for name, told in runs.items()
    ]


def medians(runs: list[Told]) -> Told:
    return {key: median(run[key] for run in runs) for key in runs[0]}


def memory(kind: str, copies: int, name: str) -> Told:
    """Peak memory of reading one large file, which is removed after."""
    (small,) = inputs.inputs(kind)

    def write(path: Path) -> None:
        with path.open("wb") as stream:
            for _ in range(copies):
                stream.write(small.read_bytes())

    path = inputs.made(name, write)
    told = once(our_command(), [path], True)
    size = path.stat().st_size
    if copies > 1:
        path.unlink()
    return {"kind": kind, "bytes": size, **told}


def main() -> None:
    given = arguments()
    results: Told = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"entries": [], "memory": []}
    results["machine"] = machine()
    for kind in (kind for kind in inputs.KINDS if kind in given.only.split(";")):
        found = compare(kind, given.rounds)
        results["entries"] = [old for old in results["entries"] if old["kind"] != kind] + found
        for entry in found:
            print(f"{kind:24} {entry['tool']:32} {entry['bytes'] / 1e6 / entry['cpu']:8.2f} MB/s", flush=True)
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    if given.memory:
        results["memory"] = [memory(kind, *size) for kind, sizes in MEMORY.items() for size in sizes]
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    RESULTS.with_suffix(".md").write_text(page(results, inputs.KINDS))
    print(page(results, inputs.KINDS))


if __name__ == "__main__":
    main()
