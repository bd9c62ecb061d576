"""What 1 % of new data costs the deduplication stage of a refresh, beside a full comparison.

    python -m benchmarks.dedup.incremental 500

The corpus and its addition (a fifth of it edited copies of documents of the corpus) are put into shards as a refresh has them. Then
the stage (candidates, verification, survivors) runs three times: on the corpus, on corpus and addition with the index of the first
run, and on both anew. The second and the third must give the same. One process, one thread; the compiled code is loaded before.
"""

import argparse
import hashlib
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dedup.corpus import corpus
from benchmarks.dedup.places import CORPORA
from pipeline.schema import KEPT
from pipeline.stages.duplicates import DuplicatesConfig, rank_of, resolve
from pipeline.work.candidate import ShardFiles
from pipeline.work.compare import Comparison, Texts, compare_items

SHARD_BYTES = 64 << 20
ADDED = 0.01


def in_shards(source: Path, folder: Path, name: str) -> tuple[list[ShardFiles], list[str]]:
    """The texts of a corpus in shards, and the sha256 of each."""
    shards, hashes, pending, size = [], [], [], 0
    with pq.ParquetFile(source) as file:
        for group in range(file.num_row_groups):
            texts = file.read_row_group(group, columns=["text"])["text"]
            hashes += [hashlib.sha256(text.as_buffer()).hexdigest() for text in texts.combine_chunks()]
            pending.append(texts.combine_chunks())
            size += texts.nbytes
            if size >= SHARD_BYTES or group == file.num_row_groups - 1:
                path = folder / f"{name}-{len(shards):04d}.parquet"
                table = pa.table({"published": pa.chunked_array(pending)})
                pq.write_table(table, path, compression="zstd", row_group_size=2048, write_page_checksum=True)
                shards.append(ShardFiles(path.stem, path, path))
                pending, size = [], 0
    return shards, hashes


def items_of(hashes: list[str]) -> pa.Table:
    """What a refresh knows of each item when it ranks them."""
    n = len(hashes)
    names = pa.array([hashlib.sha256(f"{at}".encode()).hexdigest()[:32] for at in range(n)])
    return pa.table(
        {
            "doc_id": names,
            "content_id": pa.array(hashes),
            "text_sha256": pa.array(hashes),
            "source": pa.array(["corpus"] * n),
            "fate": pa.array([KEPT] * n),
            "priority": pa.array(np.zeros(n)),
            "quality": pa.array(np.arange(n) % 997, pa.float64()),
            "date": pa.nulls(n, pa.string()),
            "published_before": pa.array(np.zeros(n, bool)),
        },
        schema=pa.schema(
            [
                pa.field(name, kind, nullable=name in ("quality", "date"))
                for name, kind in [
                    ("doc_id", pa.string()), ("content_id", pa.string()), ("text_sha256", pa.string()), ("source", pa.string()),
                    ("fate", pa.string()), ("priority", pa.float64()), ("quality", pa.float64()), ("date", pa.string()),
                    ("published_before", pa.bool_()),
                ]
            ]
        ),
    )  # fmt: skip


def stage(
    shards: list[ShardFiles], items: pa.Table, inherited: dict[str, Any], folder: Path
) -> tuple[dict[str, float], pa.Table, dict[str, Any]]:
    """Seconds of one run, its pairs, and its templates."""
    comparison = Comparison(DuplicatesConfig(), folder, 1)
    n = items.num_rows
    texts = Texts(shards, n, np.arange(n), pa.chunked_array([pa.array([], pa.large_string())]))
    wall, cpu = time.perf_counter(), time.process_time()
    rank = rank_of(items, comparison.config)
    similar, sets = compare_items(items, rank, texts, inherited, comparison)
    found = resolve(items, similar, comparison.config, rank)
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {**seconds, "dropped": int((found.survivor >= 0).sum())}, similar.pairs(512), sets


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("mb", type=int, nargs="?", default=500)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    corpus(arguments.mb)
    corpus(arguments.mb, ADDED)
    with tempfile.TemporaryDirectory(prefix="kvarn-", dir=CORPORA) as scratch:
        folder = Path(scratch)
        base, base_hashes = in_shards(CORPORA / f"{arguments.mb}.parquet", folder, "base")
        more, more_hashes = in_shards(CORPORA / f"{arguments.mb}.added{ADDED}.parquet", folder, "more")
        few = items_of(base_hashes[:50])
        stage(
            base[:1], items_of(base_hashes[: pq.read_metadata(base[0].judged).num_rows]), {}, folder / "warm"
        )
        stage([], few.slice(0, 0), {}, folder / "warm")
        old, both = items_of(base_hashes), items_of(base_hashes + more_hashes)
        rows = []
        for _ in range(arguments.repeat):
            for name in ("index", "anew"):
                shutil.rmtree(folder / name, ignore_errors=True)
            full, _, sets = stage(base, old, {}, folder / "index")
            added, pairs, _ = stage(base + more, both, sets, folder / "index")
            anew, wanted, _ = stage(base + more, both, sets, folder / "anew")
            if not pairs.equals(wanted):
                raise SystemExit("the index changes the result")
            rows.append({"full": full, "added": added, "anew": anew, "share": added["cpu"] / anew["cpu"]})
    print(json.dumps({"mb": arguments.mb, "items": both.num_rows, "pairs": pairs.num_rows, "runs": rows}))


if __name__ == "__main__":
    main()
