"""Ours, two ways: `kvarn dedup` as a whole process, and the engine alone inside one.

python -m benchmarks.dedup.ours IN.parquet OUT --threads 2 --threshold 0.8     # engine; prints one JSON line
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.stages.duplicates import DuplicatesConfig, batches
from pipeline.work.near import Items, NearDuplicates


def engine(texts: Iterator[pa.Array], threshold: float, threads: int) -> tuple[pa.Array, pa.Table]:
    """Label of the cluster of each text, and the verified pairs (rows i, j). All that knows the engine's interface."""
    config = DuplicatesConfig(threshold=threshold)
    with tempfile.TemporaryDirectory(prefix="kvarn-") as scratch:
        near = NearDuplicates(Path(scratch) / "near", config, threads, keep=False)
        try:
            near.add(piece for batch in texts for piece in batches(batch))
            everyone = np.arange(near.added)
            rows, _ = near.rows_of(np.stack([everyone, everyone], axis=1).astype(np.uint64))
            similar, _ = near.compare(Items(rows, everyone, np.zeros_like(everyone)), [None])
        finally:
            near.close()
    return pa.array(similar.labels()), similar.pairs(config.full_bucket)


def command_line(source: Path, out: Path, threshold: float) -> list[str]:
    """The installed command is this very call."""
    call = "import sys; from flows.cli import main; sys.argv[0] = 'kvarn'; main()"
    return [sys.executable, "-c", call, "dedup", str(source), "-o", f"{out}.pairs.parquet", "--threshold", str(threshold), "--json"]  # fmt: skip


def engine_command(source: Path, out: Path, threshold: float, cores: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.dedup.ours", str(source), str(out), "--threads", str(cores), "--threshold", str(threshold)]  # fmt: skip


def read_texts(source: Path, ids: list[pa.Array]) -> Iterator[pa.Array]:
    """Texts, row group by row group; their ids go to `ids`."""
    with pq.ParquetFile(source) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=["id", "text"], use_threads=False)
            ids += table["id"].chunks
            yield from table["text"].chunks


def warm_up_texts() -> list[str]:
    """A few texts for which every kernel is loaded: a form, a near copy, an equal one, a short one."""
    form = " ".join(f"mall{n}" for n in range(400))
    texts = [f"{form} " + " ".join(f"ord{n}a{k}" for k in range(30)) for n in range(12)]
    return [*texts, texts[0], texts[1] + " till", "ett två tre"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--threshold", type=float, default=0.8)
    arguments = parser.parse_args()
    pa.set_cpu_count(arguments.threads)
    engine(iter([pa.array(warm_up_texts(), pa.large_string())]), 0.8, 1)
    wall, cpu = time.perf_counter(), time.process_time()
    ids: list[pa.Array] = []
    labels, pairs = engine(read_texts(arguments.source, ids), arguments.threshold, arguments.threads)
    inner = {"inner_wall": time.perf_counter() - wall, "inner_cpu": time.process_time() - cpu}
    names = pa.chunked_array(ids)
    pq.write_table(pa.table({"id": names, "cluster": labels}), f"{arguments.out}.clusters.parquet")
    listed = {"id_a": names.take(pairs["i"]), "id_b": names.take(pairs["j"])}
    pq.write_table(pa.table(listed), f"{arguments.out}.pairs.parquet")
    print(json.dumps({"docs": len(names), "pairs": len(pairs), **inner}))


if __name__ == "__main__":
    main()
