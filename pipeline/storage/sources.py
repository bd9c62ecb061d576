"""What lies under raw/: one folder a source, its source.toml, and its files in an order that no file system decides.

Only regular files are read. Loops, pipes, sockets and devices are reported as faults of that file, never opened: opening a
pipe would wait for ever, and following a loop would never end.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import build, read_toml
from pipeline.errors import ConfigError, UsageError

LOOSE = "raw"
"""The source of the files that lie directly under raw/."""

INPUT = "input"
"""The source of a single INPUT given to `kvarn measure`, `dedup` or `extract`."""

SPEC_FILE = "source.toml"


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """source.toml: what the owner of a source says about it. `text`, `id`, `group` and `date` name fields of its records."""

    licence: str | None = None
    lawful_basis: str | None = None
    language: str | None = None
    text: str | None = None
    id: str | None = None
    group: str | None = None
    date: str | None = None
    # A copy in a source of higher priority survives deduplication.
    priority: int = 0
    # A required source without a file is an error for the gate, not an empty source.
    required: bool = False

    def __post_init__(self) -> None:
        for key in ("text", "id", "group", "date", "language"):
            if getattr(self, key) == "":
                raise ConfigError(f"{key} is empty; name a field or leave the key out")


@dataclass(frozen=True, slots=True)
class InputFile:
    r"""One file to read. `uri` is relative to the source folder, with `/`, and names bytes that are no UTF-8 as `\xNN`.

    `prefix` + `uri` is the path relative to raw/ (or INPUT): what `record_id` is made of. `fault` is a reason code when the
    file must not be opened; `message` says why.
    """

    source: str
    uri: str
    path: Path
    size: int
    mtime_ns: int
    prefix: str = ""
    fault: str | None = None
    message: str | None = None


def read_spec(raw: Path, source: str) -> SourceSpec:
    """The source.toml of one source under raw/, or the defaults. Raises ConfigError naming file, key and value."""
    folder = raw / source
    if source == LOOSE and not folder.is_dir():
        folder = raw
    elif not folder.is_dir():
        # A name that is no UTF-8 was escaped when it was listed.
        folder = next((Path(entry.path) for entry in _entries(raw) if _escape(entry.name) == source), folder)
    path = folder / SPEC_FILE
    if not path.is_file():
        return SourceSpec()
    return build(SourceSpec, read_toml(path), "", str(path))


def list_specs(raw: Path) -> dict[str, SourceSpec]:
    """Every source under raw/ by name, with or without files."""
    names = sorted({_escape(entry.name) for entry in _entries(raw) if _is_source(entry)} | {LOOSE})
    return {name: read_spec(raw, name) for name in names}


def list_files(raw: Path) -> list[InputFile]:
    """All files under raw/, sorted by (source, uri). Raises UsageError where raw/ is missing or no folder."""
    files: list[InputFile] = []
    for entry in _entries(raw):
        if _is_source(entry):
            name = _escape(entry.name)
            found = _walk(Path(entry.path), name, f"{name}/")
            files.extend(file for file in found if file.uri != SPEC_FILE)
        elif not entry.name.startswith((".", "README")) and entry.name != SPEC_FILE:
            files.append(_file(Path(entry.path), LOOSE, _escape(entry.name), ""))
    if len({file.prefix for file in files if file.source == LOOSE}) > 1:
        raise UsageError(
            f"{raw / LOOSE}: this name stands for the files directly under {raw}; rename the folder"
        )
    return sorted(files, key=lambda file: (file.source, file.uri))


def list_input(path: Path) -> list[InputFile]:
    """The files of one INPUT: a file (uri = its name) or a folder (uri relative to it). Raises UsageError if missing.

    A source.toml in the folder, or in one directly below it (INPUT may be a raw/ folder), is no record; see `input_specs`.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist; give a file or a folder with text")
    if not path.is_dir():
        return [_file(path, INPUT, _escape(path.name), "")]
    files = (file for file in _walk(path, INPUT, "") if not _is_spec(file.uri))
    return sorted(files, key=lambda file: file.uri)


def input_specs(path: Path, files: Iterable[InputFile]) -> list[SourceSpec]:
    """What the nearest source.toml says of each file of `list_input(path)`: that of its first folder below INPUT, else of INPUT
    itself (of the folder of a single file), else nothing. Raises ConfigError naming file, key and value.
    """
    own = path if path.is_dir() else path.absolute().parent
    known: dict[Path, SourceSpec | None] = {}

    def spec(folder: Path) -> SourceSpec | None:
        if folder not in known:
            file = folder / SPEC_FILE
            known[folder] = build(SourceSpec, read_toml(file), "", str(file)) if file.is_file() else None
        return known[folder]

    def nearest(file: InputFile) -> SourceSpec:
        inside = file.path.relative_to(path).parts[:-1] if path.is_dir() else ()
        return (spec(own / inside[0]) if inside else None) or spec(own) or SourceSpec()

    return [nearest(file) for file in files]


def _is_spec(uri: str) -> bool:
    folder, _, name = uri.rpartition("/")
    return name == SPEC_FILE and "/" not in folder


def _entries(raw: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(raw) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError as error:
        raise UsageError(
            f"{raw} does not exist; make the folder and put one folder a source into it, or name another with --raw"
        ) from error
    except NotADirectoryError as error:
        raise UsageError(f"{raw} is a file; --raw names the folder that holds one folder a source") from error
    except PermissionError as error:
        raise UsageError(f"{raw} may not be read by this user; check its permissions") from error


def _is_source(entry: os.DirEntry[str]) -> bool:
    # A link to a folder is followed here, at the top, where an operator mounts a corpus from elsewhere; loops are met below.
    return _is_folder(entry) and not entry.name.startswith(".")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """A link to itself is no folder: opening it says what is wrong with it."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _walk(
    folder: Path, source: str, prefix: str, seen: frozenset[tuple[int, int]] = frozenset()
) -> Iterator[InputFile]:
    """Every file below `folder`; `seen` holds (device, inode) of the folders above, to notice loops of links."""
    pending = [(folder, "", seen)]
    while pending:
        here, uri, above = pending.pop()
        try:
            status = here.stat()
            with os.scandir(here) as listing:
                entries = list(listing)
        except OSError as error:
            yield _faulty(here, source, uri, prefix, f"folder cannot be listed: {error.strerror}")
            continue
        if (status.st_dev, status.st_ino) in above:
            yield _faulty(here, source, uri, prefix, "folder links back to a folder above it")
            continue
        path_down = above | {(status.st_dev, status.st_ino)}
        for entry in entries:
            if entry.name.startswith("."):
                continue
            below = uri + ("/" if uri else "") + _escape(entry.name)
            if _is_folder(entry):
                pending.append((Path(entry.path), below, path_down))
            else:
                yield _file(Path(entry.path), source, below, prefix)


def _file(path: Path, source: str, uri: str, prefix: str) -> InputFile:
    try:
        status = path.stat()
    except OSError as error:
        return _faulty(path, source, uri, prefix, f"cannot be opened: {error.strerror}")
    if not stat.S_ISREG(status.st_mode):
        return _faulty(path, source, uri, prefix, f"is {_kind(status.st_mode)}, not a file")
    return InputFile(source, uri, path, status.st_size, status.st_mtime_ns, prefix)


def _faulty(path: Path, source: str, uri: str, prefix: str, message: str) -> InputFile:
    return InputFile(source, uri, path, 0, 0, prefix, "read.io_error", message)


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a folder"))
    return next((word for test, word in kinds if test(mode)), "a device")


def _escape(name: str) -> str:
    r"""A name as valid UTF-8: bytes that are none become `\xNN`. A backslash in a name stays; the two cannot both exist often.

    >>> _escape("a\udcff.txt")
    'a\\xff.txt'
    """
    return os.fsencode(name).decode("utf-8", "backslashreplace")
