"""Speed of the near-duplicate kernels alone, on one thread and on two.

    python -m benchmarks.dedup.kernels 100

One-permutation hashing stands beside the signatures that are used: one hash a shingle, its upper part choosing one of as many bins as
the signature is long (Li, Owen, Zhang 2012), empty bins not yet filled, so its cost is a lower bound.
"""

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numba import njit

from benchmarks.dedup.corpus import corpus
from pipeline.kernels import minhash, shingles, tokens
from pipeline.schema import text_buffers
from pipeline.stages.duplicates import DuplicatesConfig, batches
from pipeline.stages.duplicates_sketch import sketch_batch

ROUNDS = 5


@njit(cache=True, nogil=True)
def one_permutation(bounds: Any, hashes: Any, rows: Any) -> None:
    """Smallest lower half in each bin, the upper half choosing the bin."""
    bins = np.uint64(rows.shape[1])
    for i in range(len(bounds) - 1):
        row = rows[i]
        row[:] = np.uint32(0xFFFFFFFF)
        for at in range(bounds[i], bounds[i + 1]):
            bin_ = ((hashes[at] >> np.uint64(32)) * bins) >> np.uint64(32)
            row[bin_] = min(row[bin_], np.uint32(hashes[at]))


@njit(cache=True, nogil=True)
def signatures(bounds: Any, hashes: Any, a: Any, b: Any, rows: Any) -> None:
    for i in range(len(bounds) - 1):
        rows[i] = np.uint32(0xFFFFFFFF)
        upper = (hashes[bounds[i] : bounds[i + 1]] >> np.uint64(32)).astype(np.uint32)
        minhash.sign(upper, a, b, rows[i])


def best(work: Callable[[], Any], clock: Callable[[], float]) -> float:
    """Seconds of the fastest of ROUNDS, after one to warm up."""
    work()
    seconds = []
    for _ in range(ROUNDS):
        start = clock()
        work()
        seconds.append(clock() - start)
    return min(seconds)


def signing(bounds: Any, hashes: Any, count: int) -> float:
    a, b = minhash.permutations(count, 1)
    rows = np.empty((len(bounds) - 1, count), np.uint32)
    return best(lambda: signatures(bounds, hashes, a, b, rows), time.process_time)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("mb", type=int, nargs="?", default=100)
    arguments = parser.parse_args()
    texts = pq.read_table(corpus(arguments.mb), columns=["text"])["text"]
    parts = list(batches(texts))
    megabytes = (
        sum(len(text_buffers(part)[1][slice(*text_buffers(part)[0][[0, -1]])]) for part in parts) / 1e6
    )
    config, fold, factors = DuplicatesConfig(), tokens.fold_table(), shingles.powers(5)
    bounds, hashes, _ = shingles.shingle_documents(*text_buffers(texts), fold, factors)
    found = {f"signatures of {k}, from shingles": signing(bounds, hashes, k) for k in (95, 96, 128, 224)}
    rows = np.empty((len(bounds) - 1, 96), np.uint32)
    found["one permutation, 96 bins, from shingles"] = best(
        lambda: one_permutation(bounds, hashes, rows), time.process_time
    )
    found["shingles"] = best(
        lambda: [shingles.shingle_documents(*text_buffers(part), fold, factors) for part in parts],
        time.process_time,
    )
    found["sketches, one thread"] = best(
        lambda: [sketch_batch(part, config) for part in parts], time.perf_counter
    )
    with ThreadPoolExecutor(2) as pool:
        found["sketches, two threads"] = best(
            lambda: list(pool.map(lambda part: sketch_batch(part, config), parts)), time.perf_counter
        )
    speeds = {
        name: {"seconds": round(value, 4), "MB/s": round(megabytes / value)} for name, value in found.items()
    }
    scale = found["sketches, one thread"] / found["sketches, two threads"]
    print(json.dumps({"mb": round(megabytes, 1), "scale": round(scale, 3), **speeds}, indent=1))


if __name__ == "__main__":
    main()
