r"""Near-duplicates: what the rest of the pipeline calls.

    sketch(texts)      per shard, parallel: signatures and shingle hashes
    find_similar(...)  global: LSH candidates, each verified by its true Jaccard
    Similar            what was found; pairs() lists every verified pair, labels() the clusters
    resolve(...)       who survives, in policy order

Two documents are compared by the sets of their word 5-grams (NFC, lower case, `\w+`; fewer than five words: one shingle of
all), so Jaccard 1.0 also joins texts that differ in punctuation or case only. Texts without a word pair only with equal texts.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import ContractError
from pipeline.kernels import clusters
from pipeline.schema import PAIRS
from pipeline.stages.duplicates_config import DuplicatesConfig
from pipeline.stages.duplicates_resolve import ITEMS, Resolved, rank_of, resolve
from pipeline.stages.duplicates_similar import Similar, find_similar
from pipeline.stages.duplicates_sketch import Sketches, Texts, sketch

__all__ = [
    "ITEMS",
    "DuplicatesConfig",
    "Resolved",
    "Similar",
    "Sketches",
    "components",
    "find_similar",
    "pairs_table",
    "rank_of",
    "resolve",
    "sketch",
    "smallest_of",
    "verified_pairs",
]


def components(n: int, pairs: pa.Table) -> NDArray[np.int64]:
    """Smallest row of each of n rows' connected component; pairs has int64 columns i and j."""
    return clusters.components(n, pairs["i"].to_numpy(), pairs["j"].to_numpy())


def verified_pairs(texts: Texts, config: DuplicatesConfig) -> pa.Table:
    """i, j (int64 rows, i < j, sorted) and jaccard (float32) of every pair of texts at or above config.threshold."""
    return find_similar(sketch(texts, config), config).pairs(config.full_bucket)


def pairs_table(pairs: pa.Table, ids: pa.Array, cluster: pa.Array) -> pa.Table:
    """The PAIRS schema from rows: ids and clusters are strings, one per row; id_a < id_b, sorted."""
    i, j = pairs["i"].combine_chunks(), pairs["j"].combine_chunks()
    left, right = ids.take(i), ids.take(j)
    columns = [
        pc.min_element_wise(left, right),
        pc.max_element_wise(left, right),
        pairs["jaccard"].combine_chunks(),
        cluster.take(i),
    ]
    return pa.table(columns, schema=PAIRS).sort_by([("id_a", "ascending"), ("id_b", "ascending")])


def smallest_of(labels: NDArray[np.int64], content_ids: Sequence[str]) -> list[str]:
    """Name of each row's cluster: the smallest content_id of the rows with the same label."""
    if len(labels) != len(content_ids):
        raise ContractError(f"clusters: {len(labels)} labels for {len(content_ids)} content ids")
    smallest: dict[int, str] = {}
    for label, content_id in zip(labels.tolist(), content_ids, strict=True):
        smallest[label] = min(smallest.get(label, content_id), content_id)
    return [smallest[label] for label in labels.tolist()]
