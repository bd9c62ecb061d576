r"""Near-duplicates: what the rest of the pipeline calls.

    sketch(texts)      in parallel: what of each text says which others may be alike
    find_candidates    global: pairs that share a bucket; incremental where some were compared before
    verify             each candidate pair by its true Jaccard
    find_similar(...)  all of this in memory
    Similar            what was found; pairs() lists every verified pair, labels() the clusters
    resolve(...)       who survives, in policy order

Two documents are compared by the sets of their word 5-grams (NFC, lower case, `\w+`; fewer than five words: one shingle of
all), so Jaccard 1.0 also joins texts that differ in punctuation or case only. Texts without a word pair only with equal texts.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import ContractError
from pipeline.kernels import clusters
from pipeline.schema import PAIRS
from pipeline.stages.duplicates_compare import (
    TextStore,
    Verified,
    View,
    copy_sets,
    find_candidates,
    still_listed,
    verify,
)
from pipeline.stages.duplicates_config import DuplicatesConfig
from pipeline.stages.duplicates_resolve import ITEMS, Resolved, rank_of, resolve
from pipeline.stages.duplicates_similar import Similar, find_similar, similar_items, view_of
from pipeline.stages.duplicates_sketch import (
    BATCH_BYTES,
    SMALL_TABLES,
    Sketch,
    Texts,
    batches,
    digests_of,
    entries,
    signatures,
    sketch,
    sketch_parallel,
)
from pipeline.stages.duplicates_templates import SourceTemplates, fit, one_source

__all__ = [
    "BATCH_BYTES",
    "ITEMS",
    "SMALL_TABLES",
    "DuplicatesConfig",
    "Resolved",
    "Similar",
    "Sketch",
    "SourceTemplates",
    "TextStore",
    "Verified",
    "View",
    "batches",
    "components",
    "copy_sets",
    "digests_of",
    "entries",
    "find_candidates",
    "find_similar",
    "fit",
    "one_source",
    "pairs_table",
    "rank_of",
    "resolve",
    "signatures",
    "similar_items",
    "sketch",
    "sketch_parallel",
    "smallest_of",
    "still_listed",
    "verified_pairs",
    "verify",
    "view_of",
]


def components(n: int, pairs: pa.Table) -> NDArray[np.int64]:
    """Smallest row of each of n rows' connected component; pairs has int64 columns i and j."""
    return clusters.components(n, pairs["i"].to_numpy(), pairs["j"].to_numpy())


def verified_pairs(texts: Texts, config: DuplicatesConfig) -> pa.Table:
    """i, j (int64 rows, i < j, sorted) jaccard and jaccard_content (float32) of every pair of texts at or above config.threshold."""
    return find_similar(texts, config).pairs(config.full_bucket)


def pairs_table(pairs: pa.Table, ids: pa.Array, cluster: pa.Array) -> pa.Table:
    """The PAIRS schema from rows: ids and clusters are strings, one per row; id_a < id_b, sorted."""
    i, j = pairs["i"].combine_chunks(), pairs["j"].combine_chunks()
    left, right = ids.take(i), ids.take(j)
    columns = [
        pc.min_element_wise(left, right),
        pc.max_element_wise(left, right),
        pairs["jaccard"].combine_chunks(),
        pairs["jaccard_content"].combine_chunks(),
        cluster.take(i),
    ]
    return pa.table(columns, schema=PAIRS).sort_by([("id_a", "ascending"), ("id_b", "ascending")])


def smallest_of(labels: NDArray[np.int64], names: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Name of each row's cluster: the smallest name (a content_id, an id) of the rows with the same label."""
    n = len(labels)
    if len(names) != n:
        raise ContractError(f"clusters: {n} labels for {len(names)} names")
    joined = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    order = pc.sort_indices(joined).to_numpy()
    smallest = np.empty(n, np.int64)
    # Written last, so that it stands: the smallest.
    smallest[labels[order[::-1]]] = order[::-1]
    return joined.take(pa.array(smallest[labels]))
