"""Texts, one after another in one file, read again by place: what verification needs of memory is a batch.

Uncompressed, since near-duplicates lie anywhere: a text of some kilobytes is one read, where a compressed block would be
decompressed whole for it (docs/log.md). Read with `pread`, not mapped, so that pages count as cache and not as ours.
"""

import itertools
import os
from bisect import bisect_right
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import StoreDamaged
from pipeline.schema import text_buffers
from pipeline.storage.files import disk_error


class TextFile:
    """One file of texts. Reading may be done from several threads."""

    def __init__(self, path: Path, size: int = 0, *, memory: int = 0) -> None:
        """Open or create it, with `size` bytes of texts in it; what a run that was killed wrote behind them goes.

        The first `memory` bytes that are appended stay in memory: a file that nobody reads later need not be written.
        """
        self.path = path
        self.size = size
        self._memory = memory
        self._held: list[memoryview] = []
        self._held_starts: list[int] = []
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            os.ftruncate(self._handle, size)
        except OSError as error:
            raise disk_error(error, path, size) from error

    def append(self, texts: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Write the texts (large_string) at the end; their places and sizes in bytes, int64[n]."""
        offsets, data = text_buffers(texts)
        block = memoryview(data.data)[int(offsets[0]) : int(offsets[-1])]
        starts = offsets[:-1] - offsets[0] + self.size
        if self.size + len(block) <= self._memory:
            self._held.append(block)
            self._held_starts.append(self.size)
        else:
            # From here on everything goes to the file: places stay in one order.
            self._memory = 0
            self._write(block, self.size)
        self.size += len(block)
        return starts, np.diff(offsets)

    def take(self, starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> pa.Array:
        """The texts at these places, large_string. Raises StoreDamaged where the file ends before, or holds no text there."""
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        buffer = np.empty(int(offsets[-1]), np.uint8)
        view = memoryview(buffer.data)
        # Neighbours in the file are one read.
        breaks = np.flatnonzero(starts[1:] != starts[:-1] + sizes[:-1]) + 1
        edges = [0, *breaks.tolist(), len(starts)] if len(starts) else [0]
        for low, high in itertools.pairwise(edges):
            self._read(view[int(offsets[low]) : int(offsets[high])], int(starts[low]))
        texts = pa.Array.from_buffers(
            pa.large_string(), len(starts), [None, pa.py_buffer(offsets), pa.py_buffer(buffer)]
        )
        try:
            # Kernels trust that text is UTF-8.
            texts.validate(full=True)
        except pa.ArrowInvalid as error:
            raise StoreDamaged(f"{self.path}: no text where one was written ({error})") from error
        return texts

    def blank(self, starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> None:
        """Overwrite the texts at these places with zeros: what was removed shall not lie about."""
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
            self._write(memoryview(bytes(size)), start)

    def close(self) -> None:
        os.close(self._handle)

    def _write(self, block: memoryview, at: int) -> None:
        try:
            while len(block):
                written = os.pwrite(self._handle, block, at)
                block, at = block[written:], at + written
        except OSError as error:
            raise disk_error(error, self.path, len(block)) from error

    def _read(self, block: memoryview, at: int) -> None:
        held = bisect_right(self._held_starts, at) - 1
        while len(block) and 0 <= held < len(self._held):
            part = self._held[held][at - self._held_starts[held] :][: len(block)]
            block[: len(part)] = part
            block, at, held = block[len(part) :], at + len(part), held + 1
        while len(block):
            got = os.preadv(self._handle, [block], at)
            if got == 0:
                raise StoreDamaged(f"{self.path}: ends at {at:,}, {len(block):,} bytes before a text does")
            block, at = block[got:], at + got
