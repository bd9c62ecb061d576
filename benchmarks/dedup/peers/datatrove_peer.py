"""datatrove: its four stages with the Swedish tokenizer and 64-bit hashes, to the filtered files. Verifies nothing."""

from pathlib import Path
from typing import Any

import numpy as np
from common import BANDS, ROWS, WIDTH, Arguments, run
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.hashing import HashConfig
from pyarrow import parquet as pq

LANGUAGE = "swe"


def stage(pipeline: list[Any], scratch: Path, name: str, tasks: int = 1) -> None:
    LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(scratch / "logs" / name)).run()


def find(arguments: Arguments) -> dict[str, Any]:
    source, scratch = arguments.source, arguments.scratch
    config = MinhashConfig(
        n_grams=WIDTH, num_buckets=BANDS, hashes_per_bucket=ROWS, hash_config=HashConfig(precision=64)
    )
    reader = ParquetReader(str(source.parent), glob_pattern=source.name)
    at = {name: str(scratch / name) for name in ("signatures", "buckets", "removed", "kept")}
    stage([reader, MinhashDedupSignature(at["signatures"], config, language=LANGUAGE)], scratch, "1")
    stage([MinhashDedupBuckets(at["signatures"], at["buckets"], config=config)], scratch, "2", BANDS)
    stage(
        [MinhashDedupCluster(at["buckets"], at["removed"], config=config, save_cluster_id=True)], scratch, "3"
    )
    stage([reader, MinhashDedupFilter(at["removed"]), ParquetWriter(at["kept"])], scratch, "4")
    ids = pq.read_table(source, columns=["id"])["id"]
    labels = -1 - np.arange(len(ids))
    member = np.fromfile(scratch / "removed" / "000000.clusters", np.uint32).reshape(-1, 2)
    labels[member[:, 0]] = member[:, 1]
    return {"ids": ids, "labels": labels}


if __name__ == "__main__":
    run(find)
