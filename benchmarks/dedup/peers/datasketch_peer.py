"""datasketch by its fastest way in: xxh32, the affine32 scheme (its default), signatures in bulk. Verifies nothing."""

from typing import Any

import xxhash
from common import BANDS, PERMUTATIONS, ROWS, Arguments, components, read, run, shingles
from datasketch import MinHash, MinHashLSH


def find(arguments: Arguments) -> dict[str, Any]:
    ids, texts = read(arguments.source)
    sets = ([shingle.encode() for shingle in set(shingles(text))] for text in texts)
    hashes = MinHash.bulk(sets, num_perm=PERMUTATIONS, hashfunc=xxhash.xxh32_intdigest)
    index = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS))
    for row, one in enumerate(hashes):
        index.insert(row, one, check_duplication=False)
    pairs = [(row, other) for row, one in enumerate(hashes) for other in index.query(one) if row < other]
    return {"ids": ids, "labels": components(len(ids), pairs), "pairs": pairs}


if __name__ == "__main__":
    run(find)
