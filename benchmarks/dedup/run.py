"""Near-duplicate detection of ours and of peers, measured side by side, one at a time.

    python -m benchmarks.dedup.run                                    # the standard run, about an hour
    python -m benchmarks.dedup.run --only kvarn --sizes 5000 --cores 2
    python -m benchmarks.dedup.run --only datatrove --peer-mb 20 --peer-repeat 3
    python -m benchmarks.dedup.run --only none                        # tables and figure anew from docs/bench-dedup.json

Corpora, truth and the peers' environments are made where they are not there yet. Each result replaces the one of the same
tool, size, cores and threshold in docs/bench-dedup.json; then docs/bench-dedup.md and .svg are written. A tool that fails is
recorded with what it said, and the rest goes on.
"""

import argparse
import json
import os
import platform
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dedup import corpus, plot, report, score, truth
from benchmarks.dedup.measure import Measured, measure
from benchmarks.dedup.places import CORPORA, RESULTS, ROOT, WORK
from benchmarks.dedup.tools import TOOLS, Job, Tool, environment

Entry = dict[str, Any]
KEY = ("tool", "mb", "cores", "threshold")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="20,100,500", help="megabytes of text for ours")
    parser.add_argument("--peer-mb", default="20,100", help="megabytes for peers (each up to what it can do)")
    parser.add_argument("--peers", default="all", help="names, all or none")
    parser.add_argument("--only", default="", help="names of tools, ours too (kvarn, kvarn-engine), or none")
    parser.add_argument("--cores", default="1,2")
    parser.add_argument("--thresholds", default="0.8,0.7", help="those of ours; peers always run as at .8")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--peer-repeat", type=int, default=1)
    parser.add_argument("--limit", type=float, default=3600, help="seconds after which a run is given up")
    return parser.parse_args()


def chosen(given: argparse.Namespace) -> list[Tool]:
    if given.only:
        return [tool for tool in TOOLS if tool.name in given.only.split(",")]
    peers = {tool.name for tool in TOOLS} if given.peers == "all" else set(given.peers.split(","))
    return [tool for tool in TOOLS if not tool.is_peer or tool.name in peers]


def plan(given: argparse.Namespace, tools: list[Tool]) -> list[tuple[Tool, float, int, float]]:
    """Every measurement, small corpora first and ours right before its peers, so that they meet the same machine."""
    sizes = {True: _floats(given.peer_mb), False: _floats(given.sizes)}
    asked = _floats(given.thresholds)
    return [
        (tool, mb, cores, threshold)
        for mb in sorted({*sizes[True], *sizes[False]})
        for cores in map(int, _floats(given.cores))
        for tool in tools
        if mb in sizes[tool.is_peer] and mb <= tool.max_mb and cores in tool.cores
        for threshold in tool.thresholds
        if tool.is_peer or (threshold in asked and (cores == 1 or threshold == tool.thresholds[0]))
    ]


def _floats(text: str) -> list[float]:
    return [float(part) for part in text.split(",") if part]


def once(tool: Tool, job: Job, limit: float) -> tuple[Measured, Entry]:
    """One run of a tool, and what it told of itself. Raises RuntimeError with its last words."""
    shutil.rmtree(job.scratch, ignore_errors=True)
    for kind in ("clusters", "pairs"):
        Path(f"{job.out}.{kind}.parquet").unlink(missing_ok=True)
    job.scratch.mkdir(parents=True)
    env = {"PYTHONPATH": "" if tool.is_peer else str(ROOT), "HF_HOME": str(job.scratch / "hf")}
    got = measure(tool.command(job), job.cores, job.scratch, env, limit)
    if got.code:
        words = got.errors.strip().splitlines() or ["no message"]
        raise RuntimeError(f"exit {got.code}: {words[-1]}")
    return got, told_of(got.output)


def told_of(output: str) -> Entry:
    """The JSON at the end of the output: an object on one line, or one that is laid out over several."""
    told = json.loads(output[output.rindex("\n{" if "\n{" in output else "{") :])
    return {k: v for k, v in told.items() if k != "out"}


def entry_of(tool: Tool, mb: float, cores: int, threshold: float, repeat: int, limit: float) -> Entry:
    """All repeats of one measurement, and the scores of the last."""
    path = corpus.corpus(mb)
    out = CORPORA / "found" / f"{tool.name}-{mb:g}-{cores}-{threshold:g}"
    out.parent.mkdir(exist_ok=True)
    job = Job(path, out, WORK / "scratch", cores, threshold)
    entry: Entry = {
        "tool": tool.name,
        "mb": mb,
        "cores": cores,
        "threshold": threshold,
        "version": tool.version(),
    }
    try:
        if tool.is_peer:
            environment(tool.name)
        runs = []
        for _ in range(repeat):
            got, told = once(tool, job, limit)
            inner = {k: round(told.pop(k), 3) for k in ("inner_wall", "inner_cpu") if k in told}
            runs.append({**got.numbers(), **inner})
        entry |= {"text_mb": corpus.facts(path)["bytes"] / 1e6, "runs": runs, "told": told}
        entry["score"] = scored(path, mb, out)
    except (RuntimeError, OSError, ValueError, IndexError) as error:
        entry["error"] = without_paths(str(error))
    return entry


def scored(path: Path, mb: float, out: Path) -> dict[str, float]:
    pairs, clusters = (_read(Path(f"{out}.{kind}.parquet")) for kind in ("pairs", "clusters"))
    if clusters is None and pairs is not None:
        clusters = _clusters_of(pairs)
    if mb <= truth.MAX_MB:
        return score.score(pq.read_table(truth.truth(path)), clusters, pairs)
    if pairs is None or clusters is None:
        return {}
    return score.sampled_score(path, clusters, pairs)


def _read(path: Path) -> pa.Table | None:
    return pq.read_table(path) if path.exists() else None


def _clusters_of(pairs: pa.Table) -> pa.Table:
    """The command lists each pair with its cluster, so that every clustered document occurs."""
    sides = [pairs.select([side, "cluster"]).rename_columns(["id", "cluster"]) for side in ("id_a", "id_b")]
    return pa.concat_tables(sides).group_by(["id", "cluster"]).aggregate([])


def without_paths(text: str) -> str:
    """No place of this machine in what is published."""
    for place in (ROOT, ROOT.parent, Path.home()):
        text = text.replace(str(place), "…")
    return text[:300]


def machine() -> dict[str, str | int]:
    model = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return {
        "processor": model[0] if model else platform.machine(),
        "cores": os.cpu_count() or 0,
        "memory_gib": memory,
        "python": platform.python_version(),
    }


def merge(results: Entry, entry: Entry) -> None:
    key = [entry[k] for k in KEY]
    kept = [old for old in results["entries"] if [old[k] for k in KEY] != key]
    results["entries"] = sorted(
        [*kept, entry], key=lambda e: (e["mb"], e["cores"], e["tool"], -e["threshold"])
    )


def main() -> None:
    given = arguments()
    results: Entry = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"entries": []}
    results["machine"] = machine()
    for tool, mb, cores, threshold in plan(given, chosen(given)):
        repeat = given.peer_repeat if tool.is_peer else given.repeat
        entry = entry_of(tool, mb, cores, threshold, repeat, given.limit)
        merge(results, entry)
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        print(report.line(entry), flush=True)
    RESULTS.with_suffix(".md").write_text(report.page(results))
    plot.write(results, RESULTS.with_suffix(".svg"))
    print(report.side_by_side(results))


if __name__ == "__main__":
    main()
