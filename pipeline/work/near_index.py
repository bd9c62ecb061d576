"""What earlier comparisons found, on disk: entries of every band, verified pairs, and the texts themselves.

It is keyed by text, not by release: which pairs of texts are alike depends on no other text, so that what stays of an earlier release
is not compared again. It can be made again at any time; a file that is not as it was written is told of, and all is made again.

    state.json         generation, bytes of texts, and sha256 of every other file but the texts
    rows-G.npz         one row a text: the id, the digest of its shingles, how many, and where in texts.bin it lies
    table-G-NN.npy     sorted entries of one band
    pairs-G.npz        verified pairs
    texts-T.bin        the texts; what is read of them is checked by the digest of its shingles
"""

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import StoreDamaged
from pipeline.stages.duplicates import Verified
from pipeline.storage.files import discard, disk_error, write_bytes
from pipeline.storage.manifest import FileEntry, check_files, entry

STATE = "state.json"

Arrays = Mapping[str, NDArray[Any]]

_LOG = logging.getLogger(__name__)


def _none() -> dict[str, NDArray[Any]]:
    return {
        "ids": np.zeros((0, 2), np.uint64),
        "digests": np.zeros((0, 2), np.uint64),
        "windows": np.zeros(0, np.int64),
        "starts": np.zeros(0, np.int64),
        "sizes": np.zeros(0, np.int64),
    }


@dataclass(frozen=True, slots=True)
class Known:
    """An opened index. `rows` holds ids and digests (uint64[n, 2]), windows, starts and sizes (int64[n])."""

    folder: Path
    generation: int = 0
    text_file: str = "texts-0.bin"
    text_bytes: int = 0
    rows: Arrays = field(default_factory=_none)
    pairs: Verified = field(default_factory=Verified)

    def __len__(self) -> int:
        return len(self.rows["windows"])

    def table(self, table: int) -> NDArray[np.uint64]:
        """Sorted entries of one band."""
        if not len(self):
            return np.zeros(0, np.uint64)
        entries: NDArray[np.uint64] = np.load(self.folder / _table(self.generation, table))
        return entries


@dataclass(frozen=True, slots=True)
class _State:
    """state.json."""

    key: str
    generation: int
    tables: int
    text_file: str
    text_bytes: int
    files: Mapping[str, FileEntry]

    @staticmethod
    def read(path: Path) -> "_State":
        """Raises StoreDamaged, or an error of JSON or of types, where it is not what `Writer.commit` writes."""
        content = json.loads(path.read_bytes())
        content["files"] = {name: FileEntry(**item) for name, item in content["files"].items()}
        state = _State(**content)
        wanted = {_rows(state.generation), _pairs(state.generation)}
        wanted |= {_table(state.generation, table) for table in range(state.tables)}
        is_whole = set(state.files) == wanted and Path(state.text_file).name == state.text_file
        if not is_whole or not isinstance(state.text_bytes, int) or state.text_bytes < 0:
            raise StoreDamaged(f"{path} does not list the files of one generation")
        return state

    def check(self, folder: Path) -> None:
        """Raise StoreDamaged where a file is not as it was written. Texts are checked when they are read."""
        if faults := check_files(folder, self.files):
            raise StoreDamaged("; ".join(faults))
        texts = folder / self.text_file
        size = texts.stat().st_size if texts.is_file() else -1
        if size < self.text_bytes:
            raise StoreDamaged(f"{texts}: {max(size, 0)} bytes, expected {self.text_bytes} at least")


def open_index(folder: Path, key: str) -> Known:
    """The index in this folder, if it was made with this key; else, or where it is damaged, an empty one."""
    if not (folder / STATE).exists():
        return _fresh(folder)
    try:
        state = _State.read(folder / STATE)
        if state.key != key:
            return _fresh(folder)
        state.check(folder)
        with np.load(folder / _rows(state.generation)) as stored:
            rows = {name: stored[name] for name in _none()}
        with np.load(folder / _pairs(state.generation)) as stored:
            pairs = Verified(*(stored[name] for name in Verified.__slots__))
        return Known(folder, state.generation, state.text_file, state.text_bytes, rows, pairs)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StoreDamaged) as error:
        tell_of_damage(folder, error)
        return _fresh(folder)


def tell_of_damage(folder: Path, error: Exception) -> None:
    """Say that the index is made again, and why."""
    _LOG.warning("%s: the index of near-duplicates is damaged and is made again: %s", folder, error)


def _fresh(folder: Path) -> Known:
    """An empty index in an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise disk_error(error, folder, 4096) from error
    return Known(folder)


class Writer:
    """Writes the next generation beside the one that is read; `commit` makes it the index."""

    def __init__(self, known: Known, key: str) -> None:
        self._known = known
        self._key = key
        self._generation = known.generation + 1
        self._files: dict[str, FileEntry] = {}

    def table(self, table: int, entries: NDArray[np.uint64]) -> None:
        self._save(_table(self._generation, table), lambda path: np.save(path, entries))

    def rows(self, rows: Arrays) -> None:
        self._save(_rows(self._generation), lambda path: np.savez(path, allow_pickle=False, **rows))

    def pairs(self, pairs: Verified) -> None:
        arrays = {name: getattr(pairs, name) for name in Verified.__slots__}
        self._save(_pairs(self._generation), lambda path: np.savez(path, allow_pickle=False, **arrays))

    def commit(self, text_file: str, text_bytes: int) -> None:
        """From here on the new generation counts; the files of older ones go."""
        state = {
            "key": self._key,
            "generation": self._generation,
            "tables": sum(name.startswith("table-") for name in self._files),
            "text_file": text_file,
            "text_bytes": text_bytes,
            "files": {name: asdict(item) for name, item in self._files.items()},
        }
        write_bytes(self._known.folder / STATE, json.dumps(state, sort_keys=True).encode())
        keep = {STATE, text_file, *self._files}
        for path in self._known.folder.iterdir():
            if path.name not in keep and path.is_file():
                discard(path)

    def _save(self, name: str, write: Any) -> None:
        path = self._known.folder / name
        try:
            write(path)
        except OSError as error:
            raise disk_error(error, path, 1 << 20) from error
        self._files[name] = entry(path)


def _rows(generation: int) -> str:
    return f"rows-{generation}.npz"


def _pairs(generation: int) -> str:
    return f"pairs-{generation}.npz"


def _table(generation: int, table: int) -> str:
    return f"table-{generation}-{table:02d}.npy"
