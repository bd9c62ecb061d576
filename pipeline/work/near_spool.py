"""Sketches of the texts of one run, on disk beyond a bound, handed back band by band."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.duplicates import SMALL_TABLES, Sketch, entries
from pipeline.storage.files import disk_error

HELD_BYTES = 64 << 20
"""Bytes of keys kept in memory: some 400 000 texts."""


class SketchSpool:
    """Collects sketches; `entries(table)` gives one band at a time, sorted, with rows numbered from `first`."""

    def __init__(self, folder: Path, bands: int, first: int) -> None:
        self._folder = folder
        self._bands = bands
        self._first = first
        self._held: list[Sketch] = []
        self._held_first = first
        self._held_bytes = 0
        self._spilled: list[Path] = []
        self._windows: list[NDArray[np.int64]] = []
        self._digests: list[NDArray[np.uint64]] = []
        self.rows = 0

    def __len__(self) -> int:
        """Tables: bands, and those of small sets."""
        return self._bands + SMALL_TABLES

    def add(self, part: Sketch) -> None:
        self._held.append(part)
        self._held_bytes += part.keys.nbytes + 2 * part.small_keys.nbytes
        self._windows.append(part.windows)
        self._digests.append(part.digests)
        self.rows += len(part)
        if self._held_bytes > HELD_BYTES:
            self._spill()

    @property
    def windows(self) -> NDArray[np.int64]:
        return np.concatenate([np.zeros(0, np.int64), *self._windows])

    @property
    def digests(self) -> NDArray[np.uint64]:
        return np.concatenate([np.zeros((0, 2), np.uint64), *self._digests])

    def entries(self, table: int) -> NDArray[np.uint64]:
        """Sorted entries of one table."""
        parts = [np.load(folder / f"{table}.npy") for folder in self._spilled]
        joined = np.concatenate(
            [np.zeros(0, np.uint64), *parts, entries(self._held, table, self._held_first)]
        )
        joined.sort()
        return joined

    def _spill(self) -> None:
        folder = self._folder / f"keys-{len(self._spilled):05d}"
        try:
            folder.mkdir(parents=True)
            for table in range(len(self)):
                np.save(folder / f"{table}.npy", entries(self._held, table, self._held_first))
        except OSError as error:
            raise disk_error(error, folder, self._held_bytes) from error
        self._spilled.append(folder)
        self._held, self._held_bytes = [], 0
        self._held_first = self._first + self.rows
