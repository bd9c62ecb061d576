"""One writer a store: an flock that the kernel drops with its process, so that no crash leaves a stale lock behind."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import AlreadyRunning
from pipeline.storage.files import disk_error
from pipeline.storage.paths import Store


@contextmanager
def exclusive(store: Store) -> Iterator[None]:
    """Hold the store's lock. Raises AlreadyRunning, naming the holder, when another process has it."""
    store.create()
    try:
        handle = os.open(store.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise disk_error(error, store.lock, 64) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 64, 0).decode(errors="replace").strip() or "unknown"
            raise AlreadyRunning(
                f"{store.root}: another run holds {store.lock} (process {holder}); wait for it, or stop it first"
            ) from error
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            raise disk_error(error, store.lock, 64) from error
        yield
    finally:
        os.close(handle)
