"""What the peers' scripts share. They run in environments of their own: only numpy and pyarrow may be imported here."""

import argparse
import json
import os
import re
import time
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

BANDS, ROWS, WIDTH, THRESHOLD = 14, 8, 5, 0.8
PERMUTATIONS = BANDS * ROWS
Pair = tuple[int, int]


class Arguments(argparse.Namespace):
    source: Path
    out: Path
    cores: int
    scratch: Path


def read(source: Path) -> tuple[pa.ChunkedArray, list[str]]:
    """Ids, and texts as strings."""
    table = pq.read_table(source, columns=["id", "text"])
    return table["id"], table["text"].to_pylist()


def shingles(text: str) -> list[str]:
    """Word 5-grams as the truth defines them, the fastest way that plain Python has; repeats are left in."""
    words = re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())
    if len(words) < WIDTH:
        return [" ".join(words)] if words else []
    return list(map(" ".join, zip(words, words[1:], words[2:], words[3:], words[4:], strict=False)))


def components(n: int, pairs: Iterable[Pair]) -> list[int]:
    """Smallest row of each row's connected component."""
    parent = list(range(n))
    for a, b in pairs:
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        parent[max(a, b)] = min(a, b)
    for row in range(n):
        parent[row] = parent[parent[row]]
    return parent


def run(find: Callable[[Arguments], dict[str, Any]]) -> None:
    """Call a peer with the arguments of the command line, keep what it found, print one JSON line.

    `find` returns ids, labels (cluster of each row), perhaps pairs of rows, and anything else that is worth telling.
    """
    parser = argparse.ArgumentParser()
    for name in ("source", "out", "scratch"):
        parser.add_argument(name, type=Path)
    parser.add_argument("cores", type=int)
    arguments = parser.parse_args(namespace=Arguments())
    wall, cpu = time.perf_counter(), cpu_seconds()
    found = find(arguments)
    told = {"inner_wall": time.perf_counter() - wall, "inner_cpu": cpu_seconds() - cpu}
    ids, labels, pairs = found.pop("ids"), found.pop("labels"), found.pop("pairs", None)
    told |= {"docs": len(ids), "mb": sum_mb(arguments.source), **found}
    if labels is not None:
        table = pa.table({"id": ids, "cluster": pa.array(labels, pa.int64())})
        pq.write_table(table, f"{arguments.out}.clusters.parquet")
        sizes = pc.value_counts(table["cluster"]).field("counts")
        told["clusters"] = pc.sum(pc.greater(sizes, 1)).as_py()
    if pairs is not None:
        listed = [ids.take(pa.array([pair[side] for pair in pairs], pa.int64())) for side in (0, 1)]
        pq.write_table(pa.table(listed, names=["id_a", "id_b"]), f"{arguments.out}.pairs.parquet")
        told["pairs"] = len(pairs)
    print(json.dumps(told))


def cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    return sum(os.times()[:4])


def sum_mb(source: Path) -> float:
    total = 0
    with pq.ParquetFile(source) as file:
        for batch in file.iter_batches(columns=["text"]):
            total += pc.sum(pc.binary_length(batch.column(0))).as_py() or 0
    return total / 1e6
