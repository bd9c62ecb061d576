"""Holds our compiled signatures against datasketch's, on a few documents of every refresh.

A kernel that was compiled wrongly, or came stale from a cache, gives no error: it gives other signatures, and duplicates stay.
"""

import os
import re

import numpy as np
import pyarrow as pa

from pipeline.errors import ContractError
from pipeline.kernels.shingles import shingle_hash32
from pipeline.kernels.tokens import settle
from pipeline.stages.duplicates_config import DuplicatesConfig
from pipeline.stages.duplicates_sketch import signatures

DOCUMENTS = 4
"""Documents audited: a wrong kernel is wrong nearly everywhere, and datasketch takes some milliseconds each."""

CHARACTERS = 1_000
"""Of each, its beginning: about a hundred and fifty shingles."""


def audit_signatures(texts: pa.ChunkedArray | pa.Array, config: DuplicatesConfig) -> int:
    """The number of documents (the first DOCUMENTS of `texts`, large_string) whose signatures are datasketch's.

    Raises ContractError where one is not, saying what to do.
    """
    sample = [text[:CHARACTERS] for text in texts.slice(0, DOCUMENTS).to_pylist()]
    ours = signatures(pa.array(sample, pa.large_string()), config)
    for text, row in zip(sample, ours, strict=True):
        if not np.array_equal(row, _reference(text, config)):
            raise ContractError(
                "duplicates: a compiled kernel gives another signature than datasketch for the same shingles; delete "
                f"{os.environ.get('NUMBA_CACHE_DIR', 'the cache of numba')} and run again"
            )
    return len(sample)


def _reference(text: str, config: DuplicatesConfig) -> np.ndarray:
    """The signature by datasketch, from words that Python's own `re` finds."""
    from datasketch import MinHash

    words = re.findall(r"\w+", settle(text))
    width = config.shingle
    theirs = MinHash(
        num_perm=config.permutations, seed=config.seed, hashfunc=shingle_hash32, scheme="affine32"
    )
    for at in range(max(len(words) - width + 1, min(len(words), 1))):
        theirs.update(" ".join(words[at : at + width]).encode())
    values: np.ndarray = theirs.hashvalues
    return values
