"""What killed its worker twice: left out of the job, and remembered by content, so that later runs do not pay for it again.

A shard is done anew when any of its files changes. Without a memory each new file would cost the deaths of its poisonous
neighbour once more.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.storage.files import sha256_file, write_bytes
from pipeline.storage.sources import InputFile
from pipeline.work.markers import key

FOLDER = "poison"
"""Beside the folders of the jobs, which can all be made again."""


@dataclass(frozen=True, slots=True)
class Poison:
    """A file, or a part of it, that is not read again. `passing`: for this run only, since the fault may be the machine's."""

    uri: str
    code: str
    detail: str
    part: int = 0
    passing: bool = False

    @property
    def message(self) -> str:
        """In the words of the quarantined record."""
        return f"reading it killed its worker twice ({self.detail}); open it by hand, or leave it out"


class Memory:
    """Poison of earlier runs, one small file each. `version` names code, settings and limits: with others it is tried again.

    It is asked for only where there is poison: naming the code means hashing it.
    """

    def __init__(self, folder: Path, version: Callable[[], str]) -> None:
        self._folder = folder / FOLDER
        self._version = version

    def known(self, files: Iterable[InputFile]) -> tuple[Poison, ...]:
        """The poison in these files. Only a file as large as a poisonous one is hashed, so that most runs hash nothing."""
        entries = [entry for path in sorted(self._folder.glob("*.json")) if (entry := _load(path))]
        entries = [entry for entry in entries if entry.get("version") == self._version()]
        found = []
        for file in files:
            same_size = [entry for entry in entries if entry.get("size") == file.size and file.fault is None]
            digest = _digest(file) if same_size else None
            found += [_poison(entry, file) for entry in same_size if entry.get("sha256") == digest]
        return tuple(found)

    def add(self, poison: Poison, files: Iterable[InputFile]) -> None:
        """Remember a lasting one. A file that is gone or unreadable by now is not remembered."""
        file = next((file for file in files if file.uri == poison.uri), None)
        digest = _digest(file) if file is not None and not poison.passing else None
        if file is None or digest is None:
            return
        entry = {**asdict(poison), "version": self._version(), "size": file.size, "sha256": digest}
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{key(entry['version'], digest, poison.part)}.json"
        write_bytes(self._folder / name, json.dumps(entry).encode("utf-8", "backslashreplace"))


def _digest(file: InputFile) -> str | None:
    try:
        return sha256_file(file.path)
    except OSError:
        return None


def _load(path: Path) -> dict[str, object] | None:
    try:
        entry = json.loads(path.read_bytes())
    except (OSError, ValueError):
        # Torn or gone: the file is tried again, no more.
        return None
    return entry if isinstance(entry, dict) else None


def _poison(entry: dict[str, object], file: InputFile) -> Poison:
    return Poison(file.uri, str(entry["code"]), str(entry["detail"]), int(str(entry["part"])))
