"""Parquet corpora of any size with planted near-duplicates, the same bytes on every run.

    python -m benchmarks.dedup.corpus 100                 # benchmarks/.work/dedup/100.parquet, 100.planted.parquet
    python -m benchmarks.dedup.corpus 100 --add 0.01      # and 100.added.parquet: new documents, a fifth copies of the first

Documents are 1-20 kB, log-uniform, of real sentences with every seventh word replaced. A fifth of the documents are edited
copies of earlier originals: of the chosen originals, 80 % have one copy and 20 % two to six.
"""

import argparse
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.dedup.drawing import MAX_BYTES, MIN_BYTES, draw_documents
from benchmarks.dedup.places import CORPORA
from benchmarks.dedup.sources import Pool, pool_of, real_texts

SEED = 1
COPIED = 0.2
GROUP_BYTES = 12_000_000
"""Text in a row group."""
KINDS: dict[str, tuple[float, float, float]] = {
    "original": (0, 0, 0),
    "exact": (0, 0, 0),
    "words .5 %": (0.005, 0, 0),
    "words 1 %": (0.01, 0, 0),
    "words 2 %": (0.02, 0, 0),
    "words 5 %": (0.05, 0, 0),
    "words 10 %": (0.10, 0, 0),
    "cut 3 %": (0, 0.03, 0),
    "cut 8 %": (0, 0.08, 0),
    "cut 15 %": (0, 0.15, 0),
    "cut 30 %": (0, 0.30, 0),
    "words 1 %, cut 8 %": (0.01, 0.08, 0),
    "words 2 %, cut 15 %": (0.02, 0.15, 0),
    "layout": (0, 0, 1),
}
"""Share of words replaced, share cut out as one stretch, and whether white space, case and punctuation change."""
SCHEMA = pa.schema([("id", pa.string()), ("text", pa.large_string())])


@dataclass(frozen=True, slots=True)
class Plan:
    """What each document is, before any text: nothing else of a corpus is held in memory."""

    first: int
    """Number of the first document."""
    source: NDArray[np.int64]
    """Number of the original; a document's own number: it is one."""
    wanted: NDArray[np.int64]
    """Bytes that the original is drawn with."""
    kind: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.source)


@lru_cache(1)
def real_pool() -> Pool:
    return pool_of(real_texts())


def _sizes(draw: np.random.Generator, n: int) -> NDArray[np.int64]:
    return (MIN_BYTES * (MAX_BYTES / MIN_BYTES) ** draw.random(n)).astype(np.int64)


def _count(megabytes: float) -> int:
    mean = (MAX_BYTES - MIN_BYTES) / np.log(MAX_BYTES / MIN_BYTES)
    return max(2, int(megabytes * 1e6 / mean))


def plan(megabytes: float, seed: int = SEED) -> Plan:
    """Originals stand at random places of the corpus and each copy at a random place after its original."""
    draw = np.random.Generator(np.random.PCG64(seed))
    n = _count(megabytes)
    copies = int(COPIED * n)
    originals = n - copies
    many = draw.random(copies) < 0.2
    each = np.where(many, draw.integers(2, 7, copies), 1)
    chosen = int(np.searchsorted(np.cumsum(each), copies)) + 1
    sources = draw.permutation(originals)[:chosen]
    of = np.repeat(sources, each[:chosen])[:copies]
    place = draw.random(originals)
    later = place[of] + (1 - place[of]) * draw.random(copies)
    order = np.argsort(np.concatenate([place, later]), kind="stable")
    number = np.empty(n, np.int64)
    number[order] = np.arange(n)
    source = np.concatenate([number[:originals], number[of]])[order]
    wanted = _sizes(draw, n)[source]
    return Plan(0, source, wanted, _kinds(draw, source == np.arange(n)))


def plan_added(base: Plan, share: float, seed: int = SEED) -> Plan:
    """New documents numbered on from `base`, of which a fifth are edited copies of its originals."""
    draw = np.random.Generator(np.random.PCG64([seed, 1]))
    n = max(2, int(len(base) * share))
    first = base.first + len(base)
    own = np.arange(first, first + n)
    old = np.flatnonzero(base.source == np.arange(len(base)))
    is_copy = draw.random(n) < COPIED
    picked = draw.choice(old, n)
    source = np.where(is_copy, picked, own)
    wanted = np.where(is_copy, base.wanted[picked], _sizes(draw, n))
    return Plan(first, source, wanted, _kinds(draw, ~is_copy))


def _kinds(draw: np.random.Generator, is_original: NDArray[np.bool_]) -> NDArray[np.uint8]:
    kinds = draw.integers(1, len(KINDS), len(is_original)).astype(np.uint8)
    kinds[is_original] = 0
    return kinds


def tables(of: Plan, pool: Pool, threads: int = 2, seed: int = SEED) -> Iterator[pa.Table]:
    """One table for each row group, in order. Two or three groups of text are in memory at a time."""
    ends = np.searchsorted(
        np.cumsum(of.wanted), np.arange(1, of.wanted.sum() // GROUP_BYTES + 1) * GROUP_BYTES
    )
    bounds = sorted({0, *ends.tolist(), len(of)})
    jobs: list[Callable[[], pa.Table]] = [
        lambda low=low, high=high: _table(of, pool, low, high, seed) for low, high in pairwise(bounds)
    ]
    with ThreadPoolExecutor(threads) as workers:
        running: deque[Future[pa.Table]] = deque()
        for job in jobs:
            running.append(workers.submit(job))
            if len(running) > threads:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def _table(of: Plan, pool: Pool, low: int, high: int, seed: int) -> pa.Table:
    edits = np.array(list(KINDS.values()), np.float64)[of.kind[low:high]]
    # Cuts only shrink, replaced words may be longer, layout adds up to a byte for a word and a few for punctuation.
    buffer = np.empty(int(of.wanted[low:high].sum() * 2) + (high - low) * 1000, np.uint8)
    offsets = np.empty(high - low + 1, np.int64)
    draw_documents(
        seed, of.first + low, of.source[low:high], of.wanted[low:high], edits, *pool.arrays, buffer, offsets
    )
    data = pa.py_buffer(buffer[: offsets[-1]])
    texts = pa.LargeStringArray.from_buffers(high - low, pa.py_buffer(offsets), data)
    return pa.table([names(np.arange(low, high) + of.first), texts], schema=SCHEMA)


def names(numbers: NDArray[np.int64]) -> pa.Array:
    return pa.array([f"d{number + 1:07d}" for number in numbers.tolist()], pa.string())


def planted(of: Plan) -> pa.Table:
    """id_a (original), id_b (copy) and kind of the edit."""
    rows = np.flatnonzero(of.kind)
    kinds = list(KINDS)
    return pa.table(
        {
            "id_a": names(of.source[rows]),
            "id_b": names(rows + of.first),
            "kind": pa.array([kinds[k] for k in of.kind[rows]], pa.string()),
        }
    )


def write(of: Plan, pool: Pool, path: Path, threads: int = 2) -> int:
    """Write PATH and what is planted beside it; returns bytes of text. A file under its name is always whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    size = 0
    with pq.ParquetWriter(part, SCHEMA, compression="zstd", use_dictionary=False) as writer:
        for table in tables(of, pool, threads):
            offsets = np.frombuffer(table["text"].chunk(0).buffers()[1], np.int64)
            size += int(offsets[-1])
            writer.write_table(table, row_group_size=len(table))
    pq.write_table(planted(of), path.with_suffix(".planted.parquet"), compression="zstd")
    path.with_suffix(".json").write_text(json.dumps({"bytes": size, "documents": len(of)}) + "\n")
    part.rename(path)
    return size


def corpus(megabytes: float, add: float = 0.0, threads: int = 2) -> Path:
    """Path of the corpus (with `add`: of its addition), built where it is not there yet."""
    path = CORPORA / f"{megabytes:g}.parquet"
    if add:
        path = path.with_suffix(f".added{add:g}.parquet")
    if not path.exists():
        of = plan(megabytes)
        write(plan_added(of, add) if add else of, real_pool(), path, threads)
    return path


def facts(path: Path) -> dict[str, int]:
    """Bytes of text and documents."""
    return dict(json.loads(path.with_suffix(".json").read_text()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("megabytes", type=float, nargs="+")
    parser.add_argument("--add", type=float, default=0.0, help="share of new documents in a second corpus")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    for megabytes in arguments.megabytes:
        for add in sorted({0.0, arguments.add}):
            start = time.perf_counter()
            path = corpus(megabytes, add, arguments.threads)
            told = facts(path)
            print(
                f"{path}: {told['bytes'] / 1e6:.1f} MB, {told['documents']} documents, {time.perf_counter() - start:.1f} s"
            )


if __name__ == "__main__":
    main()
