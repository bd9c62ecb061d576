"""Sketches: signatures and shingle hashes of texts, made shard by shard and joined as lists.

The text itself is not needed afterwards. What is odd for the kernels (see pipeline.kernels.tokens) is normalised by Python
first, document by document.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.kernels import minhash, tokens
from pipeline.schema import text_buffers
from pipeline.stages.duplicates_config import DuplicatesConfig

Texts: TypeAlias = pa.ChunkedArray | pa.Array
_BATCH_BYTES = 4 << 20
"""Text per kernel call: scratch memory stays within a few times this (4 MiB; larger gained nothing)."""


@dataclass(frozen=True, slots=True)
class Sketches:
    """What comparison needs of n documents: 4 * permutations bytes each and 8 bytes per shingle."""

    signatures: NDArray[np.uint32]
    """uint32[n, permutations]; equal to datasketch's with hashfunc=shingle_hash32, scheme affine32, same seed."""
    offsets: NDArray[np.int64]
    """int64[n + 1] into `hashes`."""
    hashes: NDArray[np.uint64]
    """Shingle hashes in reading order, repeats included."""
    digests: NDArray[np.uint64]
    """uint64[n]: equal for equal sequences of shingles."""
    wordless: dict[int, bytes]
    """128-bit digest of the text of each document that has text but no word, by row."""

    def __len__(self) -> int:
        return len(self.digests)


def sketch(texts: Texts, config: DuplicatesConfig) -> list[Sketches]:
    """Sketches of the texts (large_string, no nulls), one per batch of some MB, in order. Lists of shards can be joined."""
    chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    permuted = minhash.permutations(config.permutations, config.seed)
    return [_sketch_batch(batch, config.shingle, permuted) for chunk in chunks for batch in _batches(chunk)]


def _batches(texts: pa.Array) -> Iterator[pa.Array]:
    offsets, _ = text_buffers(texts)
    start = 0
    while start < len(texts):
        limit = offsets[start] + _BATCH_BYTES
        end = max(int(np.searchsorted(offsets, limit, "right")) - 1, start + 1)
        yield texts.slice(start, end - start)
        start = end


def _sketch_batch(
    texts: pa.Array, width: int, permuted: tuple[NDArray[np.uint32], NDArray[np.uint32]]
) -> Sketches:
    offsets, data = text_buffers(texts)
    signatures = np.empty((len(texts), len(permuted[0])), np.uint32)
    bounds, hashes, digests, odd = minhash.sketch_documents(
        offsets, data, tokens.fold_table(), width, permuted, signatures
    )
    if odd.any():
        rows = np.flatnonzero(odd)
        settled = pa.array([tokens.settle(texts[int(row)].as_py()) for row in rows], pa.large_string())
        odd_signatures = np.empty((len(rows), signatures.shape[1]), np.uint32)
        odd_bounds, odd_hashes, odd_digests, _ = minhash.sketch_documents(
            *text_buffers(settled), tokens.settled_table(), width, permuted, odd_signatures
        )
        signatures[rows], digests[rows] = odd_signatures, odd_digests
        bounds, hashes = _merged(bounds, hashes, odd, odd_bounds, odd_hashes)
    wordless = np.flatnonzero((np.diff(bounds) == 0) & (np.diff(offsets) > 0))
    return Sketches(signatures, bounds, hashes, digests, {int(row): _digest(texts, row) for row in wordless})


def _merged(
    bounds: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    odd: NDArray[np.bool_],
    odd_bounds: NDArray[np.int64],
    odd_hashes: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Offsets and hashes with the odd documents' put where they left none."""
    counts = np.diff(bounds)
    counts[odd] = np.diff(odd_bounds)
    from_odd = np.repeat(odd, counts)
    merged = np.empty(len(from_odd), np.uint64)
    merged[from_odd], merged[~from_odd] = odd_hashes, hashes
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]), merged


def _digest(texts: pa.Array, row: np.int64) -> bytes:
    return hashlib.blake2b(texts[int(row)].as_py().encode(), digest_size=16).digest()
