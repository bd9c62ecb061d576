"""Sketches: what of a text says which others may be alike. The text itself is read again only where one may be.

What is odd for the kernels (see pipeline.kernels.tokens) is normalised by Python first, document by document.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.kernels import lsh, minhash, shingles, small_sets, tokens
from pipeline.schema import text_buffers
from pipeline.stages.duplicates_config import DuplicatesConfig

Texts: TypeAlias = pa.ChunkedArray | pa.Array
Check: TypeAlias = Callable[[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]], None]
"""Takes rows with offsets and hashes of their shingles, as they were read, and raises where they are not what they were."""

BATCH_BYTES = 4 << 20
"""Text per kernel call: scratch memory stays within a few times this (4 MiB; larger gained nothing)."""


SMALL_TABLES = 8
"""Tables of the keys of small sets, by the top bits of the key: a text has up to fifteen of these keys, and one table is held at a
time."""

_TOP_BITS = np.uint64(61)
_SIMD = 16


@dataclass(frozen=True, slots=True)
class Sketch:
    """n texts: 8 bytes a band, 24 a text, and some tens for each text of few words."""

    keys: NDArray[np.uint64]
    """uint64[bands, n]: texts that share one in some band are candidates. Meaningless where `windows` is 0."""
    windows: NDArray[np.int64]
    """int64[n]: shingles in reading order, repeats included; 0: no word."""
    digests: NDArray[np.uint64]
    """uint64[n, 2]: equal for equal sequences of shingles (or, without words, equal texts); zeros for the empty text."""
    small_keys: NDArray[np.uint64]
    """Keys that small sets share where they are alike (see pipeline.kernels.small_sets)."""
    small_rows: NDArray[np.int64]
    """Row of each small key."""

    def __len__(self) -> int:
        return len(self.windows)


@dataclass(frozen=True, slots=True)
class _Signed:
    """Columns of `minhash.sketch_documents`, odd documents included."""

    signatures: NDArray[np.uint32]
    windows: NDArray[np.int64]
    digests: NDArray[np.uint64]
    few_bounds: NDArray[np.int64]
    few_hashes: NDArray[np.uint64]


def batches(texts: Texts) -> Iterator[pa.Array]:
    """The texts in pieces of about BATCH_BYTES."""
    for chunk in texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]:
        offsets, _ = text_buffers(chunk)
        start = 0
        while start < len(chunk):
            limit = offsets[start] + BATCH_BYTES
            end = max(int(np.searchsorted(offsets, limit, "right")) - 1, start + 1)
            yield chunk.slice(start, end - start)
            start = end


def sketch(texts: Texts, config: DuplicatesConfig) -> list[Sketch]:
    """Sketches of the texts (large_string, no nulls), one per batch of some MB, in order. Lists of several texts can be joined."""
    return [sketch_batch(batch, config) for batch in batches(texts)]


def sketch_parallel(parts: Iterable[pa.Array], config: DuplicatesConfig, threads: int) -> Iterator[Sketch]:
    """Sketches of the batches, in order, on so many threads (kernels leave Python's lock alone); at most 2 * threads wait."""
    if threads < 2:
        yield from (sketch_batch(part, config) for part in parts)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting = []
        for part in parts:
            waiting.append(pool.submit(sketch_batch, part, config))
            if len(waiting) >= 2 * threads:
                yield waiting.pop(0).result()
        for one in waiting:
            yield one.result()


def sketch_batch(texts: pa.Array, config: DuplicatesConfig) -> Sketch:
    """The sketch of one batch."""
    bands, rows = config.shape
    # Whole vectors: 95 values cost a third more than 96.
    length = min(-(-bands * rows // _SIMD) * _SIMD, config.permutations)
    signed = _signed(texts, config, length, small_sets.reach(config.threshold))
    keys = np.empty((bands, len(texts)), np.uint64)
    lsh.band_keys(signed.signatures, bands, rows, keys)
    small = small_sets.small_set_keys(signed.few_bounds, signed.few_hashes, config.threshold)
    _digest_wordless(texts, signed)
    return Sketch(keys, signed.windows, signed.digests, *small)


def signatures(texts: Texts, config: DuplicatesConfig) -> NDArray[np.uint32]:
    """uint32[n, config.permutations]: equal to datasketch's with hashfunc=shingle_hash32, scheme affine32 and the same seed."""
    parts = [_signed(batch, config, config.permutations, 0).signatures for batch in batches(texts)]
    return np.concatenate([np.empty((0, config.permutations), np.uint32), *parts])


def _signed(texts: pa.Array, config: DuplicatesConfig, length: int, few: int) -> _Signed:
    """Signatures of the first `length` permutations, and shingles of texts of at most `few`."""
    a, b = minhash.permutations(config.permutations, config.seed)
    permuted, factors = (a[:length], b[:length]), shingles.powers(config.shingle)
    rows = np.empty((len(texts), length), np.uint32)
    windows, digests, odd, bounds, hashes = minhash.sketch_documents(
        text_buffers(texts), tokens.fold_table(), factors, permuted, few, rows
    )
    if odd.any():
        settled = text_buffers(_settled(texts, odd))
        odd_rows = np.empty((int(odd.sum()), length), np.uint32)
        odd_windows, odd_digests, _, odd_bounds, odd_hashes = minhash.sketch_documents(
            settled, tokens.settled_table(), factors, permuted, few, odd_rows
        )
        rows[odd], windows[odd], digests[odd] = odd_rows, odd_windows, odd_digests
        bounds, hashes = merged(bounds, hashes, odd, odd_bounds, odd_hashes)
    return _Signed(rows, windows, digests, bounds, hashes)


def entries(sketches: Sequence[Sketch], table: int, first: int = 0) -> NDArray[np.uint64]:
    """Sorted entries (see pipeline.kernels.lsh) of one table of these sketches, rows numbered from `first`: the bands, and after
    them SMALL_TABLES for the keys of small sets.
    """
    keys, rows = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for part in sketches:
        if table < len(part.keys):
            chosen = np.flatnonzero(part.windows)
            keys.append(part.keys[table, chosen])
            rows.append(chosen + first)
        else:
            mine = part.small_keys >> _TOP_BITS == table - len(part.keys)
            keys.append(part.small_keys[mine])
            rows.append(part.small_rows[mine] + first)
        first += len(part)
    return lsh.entries(np.concatenate(keys), np.concatenate(rows))


def shingle(texts: pa.Array, width: int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Offsets (int64[n + 1]) and shingle hashes of the texts, in reading order, with repeats."""
    factors = shingles.powers(width)
    bounds, hashes, odd = shingles.shingle_documents(*text_buffers(texts), tokens.fold_table(), factors)
    if odd.any():
        settled = text_buffers(_settled(texts, odd))
        odd_bounds, odd_hashes, _ = shingles.shingle_documents(*settled, tokens.settled_table(), factors)
        bounds, hashes = merged(bounds, hashes, odd, odd_bounds, odd_hashes)
    return bounds, hashes


def digests_of(offsets: NDArray[np.int64], hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """uint64[n, 2]: the digest of each sequence of shingles, as in `Sketch.digests`."""
    digests: NDArray[np.uint64] = minhash.digests_of_sequences(offsets, hashes)
    return digests


def _settled(texts: pa.Array, odd: NDArray[np.bool_]) -> pa.Array:
    return pa.array(
        [tokens.settle(texts[int(row)].as_py()) for row in np.flatnonzero(odd)], pa.large_string()
    )


def merged(
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
    joined = np.empty(len(from_odd), np.uint64)
    joined[from_odd], joined[~from_odd] = odd_hashes, hashes
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]), joined


def _digest_wordless(texts: pa.Array, signed: _Signed) -> None:
    """Texts without a word are alike only where they are equal, and the empty one never."""
    offsets, data = text_buffers(texts)
    for row in np.flatnonzero(signed.windows == 0).tolist():
        text = data[offsets[row] : offsets[row + 1]]
        digest = hashlib.blake2b(text.tobytes(), digest_size=16).digest() if len(text) else bytes(16)
        signed.digests[row] = np.frombuffer(digest, np.uint64)
