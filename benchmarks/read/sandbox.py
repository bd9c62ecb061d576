"""What the sandbox costs: the same files read by the reading job in this process, and in a confined worker.

    python -m benchmarks.read.sandbox [--rounds 7] [--files 4000] [--mb 80] [INPUT]

Without INPUT a corpus is made: small text, Markdown and HTML files, and JSON lines of --mb megabytes. Both ways are warm and take
turns. CPU seconds in the worker are its own and those of this process, which watches it. Start-up of the pool is told apart.
"""

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.storage.readers import ReadLimits
from pipeline.storage.sources import SourceSpec, list_input
from pipeline.work.read import ReadJob, read_job
from pipeline.work.sandbox import SandboxPool

WORDS = [
    "skog",
    "mark",
    "växer",
    "planta",
    "gallring",
    "tall",
    "gran",
    "björk",
    "avverkning",
    "tillväxt",
    "bestånd",
    "ståndort",
    "röjning",
    "frö",
    "kotte",
]


@dataclass(frozen=True)
class Cost:
    wall: float
    cpu: float


def timed(job: ReadJob) -> Any:
    """Read, and say how much CPU time of this process that took. The entry point of the worker."""
    before = time.process_time()
    marker = read_job(job)
    return {"cpu": time.process_time() - before, "rows": sum(file.rows for file in marker.files.values())}


def make(folder: Path, files: int, megabytes: int) -> None:
    """The corpus; the same bytes each time."""
    draw = random.Random(11)
    for number in range(files):
        text = "\n\n".join(" ".join(draw.choices(WORDS, k=60)) + "." for _ in range(5))
        name, data = f"{number:05d}.txt", text
        if number % 4 == 1:
            name, data = (
                f"{number:05d}.md",
                f"---\ntitle: Sida {number}\ndate: 2024-01-02\n---\n# Skog\n\n{text}",
            )
        elif number % 4 == 2:
            body = "".join(f"<p>{part}</p>" for part in text.split("\n\n"))
            name, data = (
                f"{number:05d}.html",
                f"<!doctype html><html><body><article>{body}</article></body></html>",
            )
        (folder / name).write_text(data)
    for number in range(4):
        with (folder / f"rader-{number}.jsonl").open("w") as lines:
            while lines.tell() < megabytes * 250_000:
                lines.writelines(
                    json.dumps({"id": draw.random(), "text": " ".join(draw.choices(WORDS, k=200))}) + "\n"
                    for _ in range(100)
                )


def measure(source: Path, scratch: Path, rounds: int) -> tuple[float, list[Cost], list[Cost]]:
    """Seconds of the pool's start, then the costs here and in a worker, round by round; the first of each warms up."""
    files = tuple(list_input(source))
    here: list[Cost] = []
    confined: list[Cost] = []
    started = time.monotonic()
    with SandboxPool[ReadJob, Any](1, "benchmarks.read.sandbox:timed") as pool:
        pool.describe()
        start = time.monotonic() - started
        for number in range(rounds + 1):
            for name, costs in (("here", here), ("worker", confined)):
                job = ReadJob(scratch / f"{name}-{number}", files, SourceSpec(), ReadLimits())
                job.folder.mkdir()
                wall, cpu = time.monotonic(), time.process_time()
                told = timed(job) if name == "here" else pool.submit(job)
                watching = 0.0 if name == "here" else time.process_time() - cpu
                costs.append(Cost(time.monotonic() - wall, told["cpu"] + watching))
    return start, here[1:], confined[1:]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--files", type=int, default=4000)
    parser.add_argument("--mb", type=int, default=80)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = given.source or Path(folder, "in")
        if given.source is None:
            source.mkdir()
            make(source, given.files, given.mb)
        start, here, confined = measure(source, Path(folder), given.rounds)
    size = sum(file.size for file in list_input(source)) if given.source else None
    print(
        f"{os.cpu_count()} cores, {given.rounds} rounds, start of the pool {start:.2f} s"
        + (f", {size} bytes" if size else "")
    )
    for unit in ("wall", "cpu"):
        one = statistics.median(getattr(cost, unit) for cost in here)
        two = statistics.median(getattr(cost, unit) for cost in confined)
        ratio = statistics.median(
            getattr(b, unit) / getattr(a, unit) for a, b in zip(here, confined, strict=True)
        )
        print(f"{unit:5} here {one:.3f} s, worker {two:.3f} s; median of the ratios {ratio:.3f}")


if __name__ == "__main__":
    main()
