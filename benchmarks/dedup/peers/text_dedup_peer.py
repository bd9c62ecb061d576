"""text-dedup: its MinHash command with a configuration file; its check of false positives is off, as it is by default.

Where saving fails after the work is done, that is told, and time counts until then.
"""

from typing import Any

from common import BANDS, PERMUTATIONS, ROWS, THRESHOLD, WIDTH, Arguments, run
from pyarrow import parquet as pq
from text_dedup import minhash
from text_dedup.config.base import load_config_from_toml

CONFIG = """
[input]
input_type = "local_files"
file_type = "parquet"
read_arguments = {{ path = "parquet", data_files = "{source}", split = "train" }}

[algorithm]
algorithm_name = "minhash"
text_column = "text"
num_perm = {permutations}
bands = {bands}
rows = {rows}
ngram_size = {width}
threshold = {threshold}
num_proc = {cores}

[output]
output_dir = "{out}"

[debug]
"""


def find(arguments: Arguments) -> dict[str, Any]:
    path = arguments.scratch / "config.toml"
    path.write_text(
        CONFIG.format(
            source=arguments.source,
            permutations=PERMUTATIONS,
            bands=BANDS,
            rows=ROWS,
            width=WIDTH,
            threshold=THRESHOLD,
            cores=arguments.cores,
            out=arguments.scratch / "out",
        )
    )
    found: dict[int, int] = {}
    cluster = minhash.cluster

    def keep(*given: Any) -> dict[int, int]:
        found.update(cluster(*given))
        return found

    minhash.cluster = keep
    told = {}
    try:
        minhash.main(load_config_from_toml(path))
    except Exception as error:  # whatever it is, it is the finding
        if not found:
            raise
        told["failed_after_clustering"] = f"{type(error).__name__}: {error}"[:200]
    ids = pq.read_table(arguments.source, columns=["id"])["id"]
    labels = [found.get(row, -1 - row) for row in range(len(ids))]
    return {"ids": ids, "labels": labels, **told}


if __name__ == "__main__":
    run(find)
