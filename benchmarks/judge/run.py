"""Language, noise, personal data and repair of ours and of peers, side by side on one core, in rounds.

    python -m benchmarks.judge.run                                   # all, about ten minutes; writes docs/bench-judge.md and .json
    python -m benchmarks.judge.run --only ours --rounds 3            # ours anew, peers as they were measured before
    python -m benchmarks.judge.run --only ours,datatrove --mb 10 --fresh
    python -m benchmarks.judge.run --only none                       # the page anew from docs/bench-judge.json

In a round each tool runs once, so that all meet the same machine; medians over the rounds count. A peer's results are kept with a
key over its packages, script and input: where that is unchanged only missing rounds run, unless --fresh asks for all; the page says on
which days its figures were measured. A tool that fails is recorded with what it said, and the rest goes on.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.dedup.measure import measure
from benchmarks.dedup.places import ROOT, WORK
from benchmarks.dedup.run import machine, without_paths
from benchmarks.dedup.tools import our_version
from benchmarks.judge import inputs, ours, plot
from benchmarks.judge.report import line, page
from benchmarks.judge.tools import PEERS, Peer

Entry = dict[str, Any]
Job = tuple[Entry, Callable[[], Entry]]
"""What is known of a measurement before it runs, and one run of it."""

RESULTS = ROOT / "docs" / "bench-judge.json"
SCRATCH = WORK / "scratch-judge"
WORKERS = (1, 2)
LIMIT = 900.0
"""Seconds after which a run is given up."""
OFFLINE = {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1", "HF_DATASETS_OFFLINE": "1", "RAY_USAGE_STATS_ENABLED": "0"}
"""data-juicer installs what it misses while it runs; here it may not."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ["ours", *(peer.name for peer in PEERS)]
    parser.add_argument("--only", default=",".join(names), help=f"of {', '.join(names)}, or none")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mb", type=float, default=20, help="megabytes of clean text for ours")
    parser.add_argument("--fresh", action="store_true", help="measure peers anew, also where nothing changed")
    return parser.parse_args()


def once(command: list[str], cores: int, env: dict[str, str]) -> Entry:
    """One run of a command on so many cores, with the JSON object at the end of its output. Raises RuntimeError with its last words."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    homes = {name: str(SCRATCH / "home") for name in ("HF_HOME", "CACHE_HOME", "XDG_CACHE_HOME")}
    got = measure(command, cores, SCRATCH, {**OFFLINE, **homes, **env}, LIMIT)
    if got.code:
        words = [text for text in got.errors.splitlines() if text.strip()] or ["no message"]
        raise RuntimeError(f"exit {got.code}: {words[-1].strip()}")
    output = f"\n{got.output}"
    told = json.loads(output[output.rindex("\n{") :])
    return {**got.numbers(), "load": round(os.getloadavg()[0], 1), "told": told}


def whole(command: Callable[[Path], list[str]], source: Path, cores: int, env: dict[str, str]) -> Entry:
    """A command on one short document, then on a file: the difference is what the text costs."""
    first = once(command(inputs.first(source)), cores, env)
    start = {f"start_{name}": first[name] for name in ("cpu", "wall")}
    return {**once(command(source), cores, env), **start}


def our_jobs(mb: float) -> list[Job]:
    python = {"PYTHONPATH": str(ROOT)}
    version = our_version()
    jobs: list[Job] = []
    for kind in inputs.KINDS:
        source = inputs.made(kind, mb)
        command = [sys.executable, "-m", "benchmarks.judge.ours", str(source)]
        entry = {"tool": "stages", "setting": kind, "version": version, **inputs.facts(source)}
        jobs.append((entry, partial(once, command, 1, python)))
    source = inputs.made("clean", mb)
    for workers in WORKERS:
        entry = {"tool": "kvarn measure", "setting": f"{workers} workers" if workers > 1 else "1 worker"}

        def command(given: Path, workers: int = workers) -> list[str]:
            return ours.command(given, SCRATCH / "out.parquet", workers)

        jobs.append(
            (
                entry | {"version": version, "cores": workers, **inputs.facts(source)},
                partial(whole, command, source, workers, python),
            )
        )
    return jobs


def peer_jobs(peer: Peer) -> list[Job]:
    source = inputs.made("clean", peer.mb)
    facts = {"key": peer.key(source), **inputs.facts(source)}
    jobs: list[Job] = []
    for setting in peer.settings:

        def command(given: Path, setting: str = setting) -> list[str]:
            return [str(peer.python()), str(peer.script), setting, str(given), str(SCRATCH)]

        entry = {"tool": peer.name, "setting": setting, "version": peer.version(setting), **facts}
        jobs.append((entry, partial(whole, command, source, 1, {"PYTHONPATH": ""})))
    return jobs


def begun(results: Entry, entry: Entry, *, fresh: bool) -> Entry:
    """The entry of `results` to go on with: an old one of the same key, else the given one in the old one's place."""
    same = [old for old in results["entries"] if _name(old) == _name(entry)]
    if same and not fresh and "key" in entry and same[0].get("key") == entry["key"] and "runs" in same[0]:
        return same[0]  # type: ignore[no-any-return]
    entry["runs"] = []
    results["entries"] = [old for old in results["entries"] if _name(old) != _name(entry)] + [entry]
    return entry


def _name(entry: Entry) -> tuple[str, str]:
    return entry["tool"], entry["setting"]


def first_compilation(mb: float) -> Entry:
    """`kvarn measure` of one short document where no kernel was ever compiled."""
    cold = {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(WORK / "scratch-judge-numba")}
    shutil.rmtree(cold["NUMBA_CACHE_DIR"], ignore_errors=True)
    one = inputs.first(inputs.made("clean", mb))
    got = once(ours.command(one, SCRATCH / "out.parquet", 1), 1, cold)
    shutil.rmtree(cold["NUMBA_CACHE_DIR"], ignore_errors=True)
    return {name: got[name] for name in ("cpu", "wall")}


def save(results: Entry) -> None:
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    RESULTS.with_suffix(".md").write_text(page(results))


def main() -> None:
    given = arguments()
    wanted = given.only.split(",")
    results: Entry = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"entries": []}
    results["machine"] = machine()
    jobs = our_jobs(given.mb) if "ours" in wanted else []
    jobs += [job for peer in PEERS if peer.name in wanted for job in peer_jobs(peer)]
    begun_jobs = [(begun(results, entry, fresh=given.fresh), run) for entry, run in jobs]
    for number in range(given.rounds):
        for entry, run in begun_jobs:
            if len(entry["runs"]) > number or "error" in entry:
                continue
            try:
                entry["runs"].append(run() | {"day": date.today().isoformat()})
            except (RuntimeError, OSError, ValueError) as error:
                entry["error"] = without_paths(str(error))
                entry.pop("key", None)
            save(results)
            print(f"round {number + 1}: {line(entry)}", flush=True)
    if "ours" in wanted:
        results["cold"] = first_compilation(given.mb)
    save(results)
    plot.write(results, RESULTS.with_suffix(".svg"))
    print(page(results))


if __name__ == "__main__":
    main()
