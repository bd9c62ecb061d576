"""Ours, in one process: a file judged in the tables that workers use, timed from after reading it and a first call.

python -m benchmarks.judge.ours FILE.jsonl            # prints one JSON line
python -m benchmarks.judge.ours FILE.jsonl --profile  # what the Python around the kernels costs, function by function
"""

import argparse
import cProfile
import json
import pstats
import sys
import time
from collections.abc import Callable
from pathlib import Path

CALL = "import sys; from flows.cli import main; sys.argv[0] = 'kvarn'; main()"
"""The installed command is this very call."""


def command(source: Path, out: Path, workers: int) -> list[str]:
    """`kvarn measure`, the whole command."""
    return [sys.executable, "-c", CALL, "measure", str(source), "-o", str(out), "--workers", str(workers), "--json"]  # fmt: skip


def clock(work: Callable[[], object]) -> float:
    """CPU seconds."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    start = time.process_time()
    from pipeline.work.pool import warm_up

    warm_up()
    told = {"start_up": time.process_time() - start}
    if given.profile:
        _profile(given.source)
    else:
        print(json.dumps(told | times(given.source)))


def times(source: Path) -> dict[str, float]:
    """CPU seconds of each stage, of all stages together as a worker runs them, and of reading; and what was judged."""
    import pyarrow.compute as pc

    from pipeline.stage import run_measure
    from pipeline.stages.language import Language, LanguageConfig
    from pipeline.storage import parquet
    from pipeline.work.measure import BATCH_BYTES, BATCH_ROWS, MeasureSettings, measured

    start = time.process_time()
    tables = read(source)
    spent: dict[str, float] = {"read": time.process_time() - start, "documents": 0, "bytes": 0, "asked": 0}
    stages = MeasureSettings().stages()
    # The first pass loads what is loaded at first use: langdetect's profiles, phonenumbers, ftfy.
    for name in ("first", "together"):
        spent[name] = clock(lambda: [rows.num_rows for rows in measured(tables, stages)])
    spent |= dict.fromkeys((stage.name for stage in stages), 0.0)
    first_only, spent["language_first"] = Language(LanguageConfig(sample=0.0, doubt_margin=0.0)), 0.0
    for items in tables:
        for part in parquet.pieces(items, 2 * BATCH_BYTES, BATCH_ROWS):
            spent["documents"] += part.num_rows
            spent["bytes"] += sum(len(text.encode()) for text in part["text"].to_pylist())
            for stage in stages:
                if stage.name == "language":
                    spent["language_first"] += clock(lambda part=part: run_measure(first_only, part))  # type: ignore[misc]
                start = time.process_time()
                part = run_measure(stage, part)
                spent[stage.name] += time.process_time() - start
            # NaN where langdetect was not asked.
            spent["asked"] += part.num_rows - pc.sum(pc.is_nan(part["language_disagreement"])).as_py()
    return spent


def read(source: Path) -> list:
    """The tables that a worker gives to the stages."""
    from pipeline.storage.sources import SourceSpec, list_input
    from pipeline.work.measure import MeasureJob, MeasureSettings, read_shard

    job = MeasureJob(source.parent, tuple(list_input(source)), SourceSpec(), settings=MeasureSettings())
    return list(read_shard(job))


def _profile(source: Path) -> None:
    from pipeline.work.measure import MeasureSettings, measured

    tables = read(source)
    profile = cProfile.Profile()
    profile.enable()
    rows = sum(part.num_rows for part in measured(tables, MeasureSettings().stages()))
    profile.disable()
    print(f"{rows} documents")
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    main()
