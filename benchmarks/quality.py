"""Every quality figure, from the command line's own outputs, into docs/quality.md.

Run by `make quality`. Needs the labelled sets in ../shared/data and the scorers in ../shared/scorers; says so where they are not.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
DATA, SCORERS = SHARED / "data", SHARED / "scorers"
KVARN = [sys.executable, "-m", "flows.cli"]


@dataclass
class Run:
    """One call of the command line."""

    seconds: float
    code: int
    output: str


@dataclass
class Figures:
    """What was measured, by section."""

    scores: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def kvarn(*arguments: object, name: str, figures: Figures) -> Run:
    """Run `kvarn` with the arguments; its wall time is kept under `name`."""
    start = time.monotonic()
    done = subprocess.run(
        [*KVARN, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    run = Run(time.monotonic() - start, done.returncode, done.stdout)
    figures.seconds[name] = run.seconds
    if done.returncode not in (0, 3):
        raise SystemExit(
            f"kvarn {' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stderr[-2000:]}"
        )
    sys.stderr.write(f"{name}: {run.seconds:.1f} s\n")
    return run


def score(scorer: str, *predictions: Path) -> dict[str, Any]:
    """The figures of one scorer as it prints them."""
    command = [sys.executable, str(SCORERS / f"score_{scorer}.py"), str(DATA), *map(str, predictions)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def make_inputs(work: Path) -> Path:
    """The labelled sets without their labels."""
    inputs = work / "in"
    if not inputs.exists():
        subprocess.run([sys.executable, str(SCORERS / "make_inputs.py"), str(DATA), str(inputs)], check=True)
    return inputs


def measure_all(work: Path, figures: Figures) -> None:
    """The sets that `kvarn measure` answers."""
    inputs = make_inputs(work)
    sets = {
        "lid": "lid.jsonl", "mixed": "mixed.jsonl", "quality": "quality.jsonl", "mojibake": "mojibake.jsonl",
        "encoding": "encoding", "html": "html", "pii": "pii.jsonl", "sfs": "sfs",
    }  # fmt: skip
    for name, source in sets.items():
        kvarn(
            "measure",
            inputs / source,
            "-o",
            work / f"{name}.parquet",
            name=f"measure {name}",
            figures=figures,
        )
    for name in ("lid", "mixed", "quality", "mojibake", "encoding", "html"):
        figures.scores[name] = score(name, work / f"{name}.parquet")
    figures.scores["pii"] = score("pii", work / "pii.parquet", work / "sfs.parquet")


def dedup_all(work: Path, figures: Figures) -> None:
    """Near-duplicate pairs down to .7, as the scorer wants them."""
    found = work / "neardup"
    found.mkdir(exist_ok=True)
    for path in sorted((make_inputs(work) / "neardup").glob("*.jsonl")):
        out = found / f"{path.stem}.parquet"
        kvarn("dedup", path, "-o", out, "--threshold", ".7", name=f"dedup {path.stem}", figures=figures)
    figures.scores["neardup"] = score("neardup", found)


def refresh_all(work: Path, figures: Figures) -> None:
    """The end-to-end stream, then everything in ../shared/data/raw."""
    stores = {"e2e": make_inputs(work) / "e2e", "raw": DATA / "raw"}
    for name, raw in stores.items():
        store = work / f"curated-{name}"
        shutil.rmtree(store, ignore_errors=True)
        kvarn("refresh", "--raw", raw, "--curated", store, name=f"refresh {name}", figures=figures)
    e2e = work / "curated-e2e"
    figures.scores["e2e"] = score("e2e", _folder(e2e))
    figures.scores["raw"] = _fates(_folder(work / "curated-raw"))


def _folder(store: Path) -> Path:
    """The newest release, or the candidate that was held back."""
    released = sorted((store / "releases").glob("[0-9]*/"))
    return (released or sorted(store.glob(".work/candidates/*/")))[-1]


def _fates(folder: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "ledger.parquet", columns=["source", "fate"])
    fates: dict[str, dict[str, int]] = {}
    for row in table.to_pylist():
        mine = fates.setdefault(row["source"], {"kept": 0, "dropped": 0, "flagged": 0, "quarantined": 0})
        mine[row["fate"]] += 1
    return fates


def write(figures: Figures, path: Path) -> None:
    """The figures as Markdown."""
    lines = [
        "# Quality",
        "",
        "Computed by `make quality` from the outputs of the command line on labelled third-party sets; nothing is written by hand.",
        "",
    ]
    for name, scores in figures.scores.items():
        if name == "raw":
            lines += _raw_table(scores)
            continue
        lines += [f"## {name}", "", "| figure | value |", "| --- | --- |"]
        lines += [f"| {key} | {_cell(value)} |" for key, value in scores.items()]
        lines.append("")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    lines += [
        "## Wall time",
        "",
        f"Largest single process: {peak:,.0f} MB resident.",
        "",
        "| command | seconds |",
        "| --- | --- |",
    ]
    lines += [f"| {name} | {seconds:.1f} |" for name, seconds in figures.seconds.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _raw_table(scores: dict[str, Any]) -> list[str]:
    head = [
        "## raw: fates per source",
        "",
        "| source | in | kept | dropped | flagged | quarantined |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    rows = [
        f"| {source} | {sum(fates.values())} | " + " | ".join(str(count) for count in fates.values()) + " |"
        for source, fates in scores.items()
    ]
    return [*head, *rows, ""]


def _cell(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return text.replace("|", "\\|")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=ROOT / "benchmarks" / ".work" / "quality")
    parser.add_argument(
        "--only", choices=["measure", "dedup", "refresh"], help="one part; docs/quality.md is not written"
    )
    arguments = parser.parse_args()
    if not DATA.is_dir() or not SCORERS.is_dir():
        raise SystemExit(
            f"needs the labelled sets in {DATA} and the scorers in {SCORERS}; nothing was measured"
        )
    arguments.work.mkdir(parents=True, exist_ok=True)
    figures = Figures()
    parts = {"measure": measure_all, "dedup": dedup_all, "refresh": refresh_all}
    for name, part in parts.items():
        if arguments.only in (None, name):
            part(arguments.work, figures)
    if arguments.only is None:
        write(figures, ROOT / "docs" / "quality.md")
    print(json.dumps({"scores": figures.scores, "seconds": figures.seconds}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
