"""Daft: reading, normalisation and signatures are its own; bands and clusters, which it lacks, are numpy. Verifies nothing."""

from typing import Any

import daft
import numpy as np
from common import BANDS, PERMUTATIONS, ROWS, WIDTH, Arguments, components, run
from daft.functions import minhash, normalize


def find(arguments: Arguments) -> dict[str, Any]:
    frame = daft.read_parquet(str(arguments.source))
    text = normalize(daft.col("text"), remove_punct=True, lowercase=True, nfd_unicode=True, white_space=True)
    signed = minhash(text, num_hashes=PERMUTATIONS, ngram_size=WIDTH, hash_function="xxhash")
    table = frame.select(daft.col("id"), signed.alias("signature")).to_arrow()
    flat = table["signature"].combine_chunks().flatten().to_numpy()
    pairs = banded(np.ascontiguousarray(flat.reshape(-1, PERMUTATIONS)))
    return {"ids": table["id"], "labels": components(len(table), pairs)}


def banded(signatures: "np.ndarray[Any, Any]") -> list[tuple[int, int]]:
    """Neighbours in each band's sorted order with equal values: enough for the connected components."""
    pairs: list[tuple[int, int]] = []
    for band in range(BANDS):
        part = np.ascontiguousarray(signatures[:, band * ROWS : (band + 1) * ROWS])
        keys = part.view(np.dtype((np.void, part.itemsize * ROWS))).ravel()
        order = np.argsort(keys, kind="stable")
        same = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
        pairs += zip(order[same].tolist(), order[same + 1].tolist(), strict=True)
    return pairs


if __name__ == "__main__":
    run(find)
