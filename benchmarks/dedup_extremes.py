"""What the largest and the most repetitive inputs cost `kvarn dedup`: seconds, exit code, and memory of its processes.

    python benchmarks/dedup_extremes.py [--mb 1000] [--copies 100000] [--only NAME]

Each input is written to a temporary folder (up to --mb megabytes) and removed. Memory is the proportional set size (PSS), looked
at twenty times a second: of the main process, of the largest process below it, and of all together. Linux only.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

LINE = "skog och mark "
PAGE_WORDS = 300
NEAR = 1_000
"""Copies of the page in which one word is another."""


def one_line(path: Path, megabytes: int) -> None:
    """A text file that is one line."""
    with path.open("w") as file:
        _fill(file.write, megabytes)


def one_record(path: Path, megabytes: int) -> None:
    """JSON lines, the first of which is far beyond the limit, the second good."""
    with path.open("w") as file:
        file.write('{"id": "a", "text": "')
        _fill(file.write, megabytes)
        file.write('"}\n{"id": "b", "text": "en rad"}\n')


def _fill(write: Callable[[str], object], megabytes: int) -> None:
    piece = LINE * (1_000_000 // len(LINE))
    for _ in range(megabytes):
        write(piece)


def copies(path: Path, count: int) -> None:
    """One page so many times, and NEAR near copies of it."""
    draw = random.Random(3)
    words = [f"ord{draw.randrange(5_000)}" for _ in range(PAGE_WORDS)]
    with path.open("w") as file:
        for n in range(count):
            file.write(json.dumps({"id": f"k{n}", "text": " ".join(words)}) + "\n")
        for n in range(NEAR):
            at = draw.randrange(PAGE_WORDS)
            file.write(
                json.dumps({"id": f"n{n}", "text": " ".join([*words[:at], f"nytt{n}", *words[at + 1 :]])})
                + "\n"
            )


def below(pid: int) -> Iterator[int]:
    """The processes that this one started, and those that they started."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            yield child
            yield from below(child)


def pss(pid: int) -> int:
    """Kilobytes; 0 for a process that is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def measure(name: str, command: list[str]) -> None:
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    main = child = together = 0
    while process.poll() is None:
        try:
            others = [pss(pid) for pid in below(process.pid)]
        except OSError:
            others = []
        own = pss(process.pid)
        main, child, together = max(main, own), max([child, *others]), max(together, own + sum(others))
        time.sleep(0.05)
    seconds = time.perf_counter() - start
    said = process.stdout.read().strip().replace("\n", "\n    ") if process.stdout else ""
    memory = f"PSS {main >> 10} MiB main, {child >> 10} largest child, {together >> 10} together"
    print(f"{name}: {seconds:.1f} s, exit {process.returncode}, {memory}\n    {said}", flush=True)


def run() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--copies", type=int, default=100_000)
    parser.add_argument("--only", help="line.txt, half.txt, line.jsonl or copies.jsonl")
    options = parser.parse_args()
    inputs: dict[str, Callable[[Path], None]] = {
        "line.txt": lambda path: one_line(path, options.mb),
        "half.txt": lambda path: one_line(path, options.mb // 2),
        "line.jsonl": lambda path: one_record(path, options.mb),
        "copies.jsonl": lambda path: copies(path, options.copies),
    }
    for name, write in inputs.items():
        if options.only not in (None, name):
            continue
        folder = Path(tempfile.mkdtemp(prefix="kvarn-extremes-"))
        try:
            write(folder / name)
            out = str(folder / "pairs.parquet")
            measure(name, [sys.executable, "-P", "-m", "flows.cli", "dedup", str(folder / name), "-o", out])
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    run()
