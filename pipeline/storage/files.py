"""The few file operations that durability hangs on: every write of the store goes through here.

A file is written beside its target, flushed to disk, renamed, and its folder is flushed: after a crash it is there whole or
not at all. A commit is made by `put_if_absent`, since a rename overwrites silently and a link never does.
"""

import contextlib
import errno
import hashlib
import os
from pathlib import Path

from pipeline.errors import KvarnError

CHUNK = 1 << 20
"""Bytes hashed at a time: large enough that Python's overhead vanishes, small against any memory limit."""


def sha256_file(path: Path) -> str:
    """Hex sha256 of the file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries: a rename or link is durable only after this."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Flush a file that another library wrote."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Flush every file below `folder`, then the folders from the innermost to `folder` itself. Raises KvarnError.

    A folder's entry must not outlive the bytes it leads to. Cheap where most files were flushed when they were written: the
    system call then finds nothing to do.
    """
    for root, _, names in os.walk(folder, topdown=False, onerror=_raise):
        for path in (*(Path(root, name) for name in sorted(names)), Path(root)):
            try:
                sync_file(path)
            except OSError as error:
                raise disk_error(error, path, 4096) from error


def _raise(error: OSError) -> None:
    """A folder that cannot be listed is not an empty one."""
    raise disk_error(error, Path(error.filename), 4096) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write `path` whole or not at all, durably. Raises KvarnError naming file and bytes when the disk is full."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        discard(temporary)
        raise disk_error(error, path, len(data)) from error


def put_if_absent(path: Path, data: bytes) -> bool:
    """Create `path` with `data` unless it exists; False where it did. The one step that makes a release visible."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write_bytes(temporary, data)
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        raise disk_error(error, path, len(data)) from error
    finally:
        discard(temporary)
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise KvarnError(
            f"{path} is there, but its folder cannot be flushed ({error.strerror}): a power failure could take it away; "
            "mend the disk and run again"
        ) from error
    return True


def discard(path: Path) -> None:
    """Remove what a failed write left, if the disk lets us: an error here must not hide the one that is being told."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def link_over(source: Path, target: Path) -> bool:
    """Put a hard link to `source` in place of `target`, which holds the same bytes; False where the file system cannot link.

    The link is made beside the target and renamed over it: at every moment there is a whole file.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        os.link(source, temporary)
        temporary.replace(target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise disk_error(error, target, 4096) from error
        return False
    finally:
        discard(temporary)
    return True


def disk_error(error: OSError, path: Path, size: int) -> KvarnError:
    """What failed, where, and what to do, for an operating-system error while writing."""
    advice = {
        errno.ENOSPC: f"the disk is full; free at least {size:,} bytes there and run again",
        errno.EDQUOT: f"the disk quota is used up; free at least {size:,} bytes there and run again",
        errno.EROFS: "the file system is read-only; mount it writable or choose another --curated",
        errno.EACCES: "permission denied; give this user write access or choose another --curated",
    }.get(error.errno or 0, f"{error.strerror}; nothing was published, run again when it is mended")
    return KvarnError(f"cannot write {path}: {advice}")
