"""Recall and precision of what a tool found, against the true pairs."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.dedup.truth import jaccard


def score(true: pa.Table, clusters: pa.Table | None, pairs: pa.Table | None) -> dict[str, float]:
    """Scores at J >= .8 and J >= .7, as far as the tool gave clusters (id, cluster) or pairs (id_a, id_b).

    recall: share of the true pairs that lie in one cluster (where only pairs are given: that are listed);
    documents_right: share of the clustered documents that have a true neighbour; pairs_right: share of the listed pairs
    that are true.
    """
    numbers = _Numbers(true)
    out: dict[str, float] = {}
    for name, low in (("80", 0.8), ("70", 0.7)):
        keys, members = numbers.true_at(low)
        if pairs is not None:
            listed = np.unique(numbers.keys(pairs["id_a"], pairs["id_b"]))
            out[f"pairs_right_{name}"] = _share(np.isin(listed, keys))
            out[f"recall_{name}"] = _share(np.isin(keys, listed))
        if clusters is not None:
            label, clustered = numbers.labels(clusters)
            left, right = keys >> 32, keys & 0xFFFFFFFF
            out[f"recall_{name}"] = _share((label[left] == label[right]) & (label[left] >= 0))
            out[f"documents_right_{name}"] = _share(np.isin(clustered, members))
        out[f"true_pairs_{name}"] = len(keys)
    return out


def _share(right: NDArray[np.bool_]) -> float:
    return round(float(right.mean()), 5) if len(right) else 1.0


class _Numbers:
    """Document ids as numbers in one space, so that pairs compare as integers."""

    def __init__(self, true: pa.Table) -> None:
        self.known: dict[str, int] = {}
        self.jaccard = true["jaccard"].to_numpy()
        self.true = self.keys(true["id_a"], true["id_b"])

    def of(self, ids: pa.ChunkedArray) -> NDArray[np.int64]:
        coded = pc.dictionary_encode(ids).combine_chunks()
        table = np.array(
            [self.known.setdefault(name, len(self.known)) for name in coded.dictionary.to_pylist()], np.int64
        )
        return table[coded.indices.to_numpy()] if len(ids) else np.zeros(0, np.int64)

    def keys(self, left: pa.ChunkedArray, right: pa.ChunkedArray) -> NDArray[np.int64]:
        a, b = self.of(left), self.of(right)
        return (np.minimum(a, b) << 32) | np.maximum(a, b)

    def true_at(self, low: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        keys = self.true[self.jaccard >= low]
        return keys, np.unique(np.concatenate([keys >> 32, keys & 0xFFFFFFFF]))

    def labels(self, clusters: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cluster of every known document (-1: none) and the documents in clusters of two or more."""
        rows = self.of(clusters["id"])
        coded = pc.dictionary_encode(clusters["cluster"]).combine_chunks().indices.to_numpy()
        label = np.full(len(self.known), -1, np.int64)
        label[rows] = coded
        return label, rows[np.bincount(coded, minlength=1)[coded] > 1]


def sampled_score(path: Path, clusters: pa.Table, pairs: pa.Table, sample: int = 2000) -> dict[str, float]:
    """The same of a corpus too large for the whole truth: exact Jaccard of a sample of planted and of listed pairs."""
    draw = np.random.Generator(np.random.PCG64(0))
    known = _drawn(
        draw, pq.read_table(path.with_suffix(".planted.parquet"), columns=["id_a", "id_b"]), sample
    )
    listed = _drawn(draw, pairs.select(["id_a", "id_b"]), sample)
    texts = _texts(path, {name for pair in known + listed for name in pair})
    label = dict(zip(clusters["id"].to_pylist(), clusters["cluster"].to_pylist(), strict=True))
    planted = [(a, b, jaccard(texts[a], texts[b])) for a, b in known]
    values = np.array([jaccard(texts[a], texts[b]) for a, b in listed])
    out = {}
    for name, low in (("80", 0.8), ("70", 0.7)):
        true = [(a, b) for a, b, value in planted if value >= low]
        found = np.array([a in label and label[a] == label.get(b) for a, b in true])
        out |= {f"recall_{name}": _share(found), f"true_pairs_{name}": len(true)}
        out[f"pairs_right_{name}"] = _share(values >= low)
    return {**out, "sampled": sample}


def _drawn(draw: np.random.Generator, pairs: pa.Table, sample: int) -> list[tuple[str, str]]:
    rows = np.sort(draw.permutation(len(pairs))[:sample])
    some = pairs.take(pa.array(rows))
    return list(zip(some["id_a"].to_pylist(), some["id_b"].to_pylist(), strict=True))


def _texts(path: Path, names: set[str]) -> dict[str, str]:
    """Texts of these documents, read row group by row group."""
    wanted = pa.array(sorted(names))
    texts: dict[str, str] = {}
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            table = table.filter(pc.is_in(table["id"], wanted))
            texts |= dict(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True))
    return texts
