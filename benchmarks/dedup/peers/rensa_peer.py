"""rensa: RMinHash signatures and RMinHashLSH. It has no shingling of its own, so Python's is used. Verifies nothing."""

from typing import Any

from common import BANDS, PERMUTATIONS, THRESHOLD, Arguments, components, read, run, shingles
from rensa import RMinHash, RMinHashLSH

SEED = 42
BATCH = 1000
"""Documents whose shingles are held as Python strings at a time."""


def find(arguments: Arguments) -> dict[str, Any]:
    ids, texts = read(arguments.source)
    hashes: list[RMinHash] = []
    for start in range(0, len(texts), BATCH):
        sets = [shingles(text) for text in texts[start : start + BATCH]]
        hashes += RMinHash.from_token_sets(sets, PERMUTATIONS, SEED)
    index = RMinHashLSH(THRESHOLD, PERMUTATIONS, BANDS)
    index.insert_many(hashes)
    pairs = [
        (row, other) for row, found in enumerate(index.query_all(hashes)) for other in found if row < other
    ]
    return {"ids": ids, "labels": components(len(ids), pairs), "pairs": pairs}


if __name__ == "__main__":
    run(find)
