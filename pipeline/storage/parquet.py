"""Parquet as the store writes it: deterministic bytes, page checksums, and a sha256 that every reader verifies.

Without page checksums a flipped bit in an uncompressed page reads as data in four of five cases; with them and the sha256 of
the manifest none does. The manifest is the authority.
"""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import KvarnError, StoreDamaged
from pipeline.storage.files import discard, disk_error, sha256_file, sync_file

ROW_GROUP = 16_384
"""Rows a group at most."""

GROUP_BYTES = 16 << 20
"""Bytes a group at most, decoded: a reader holds one group at a time, with copies, and a worker has 1 GB. One row may be more."""


class Writer:
    """Writes one Parquet file in pieces, in constant memory; `close` flushes it to disk.

    As a context it removes the file where the block raises: with a footer, half of a table would look whole.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.rows = 0
        self._schema = schema
        try:
            self._file = pq.ParquetWriter(
                path,
                schema,
                compression="zstd",
                compression_level=3,
                write_page_checksum=True,
                version="2.6",
            )
        except OSError as error:
            raise disk_error(error, path, 1 << 20) from error

    def write(self, table: pa.Table) -> None:
        """Append rows, in groups of bounded rows and bytes; columns are put in the schema's order and cast to it."""
        plain = table.select(self._schema.names).cast(self._schema)
        try:
            for piece in pieces(plain, GROUP_BYTES, ROW_GROUP):
                self._file.write_table(piece, row_group_size=ROW_GROUP)
        except OSError as error:
            raise disk_error(error, self.path, plain.nbytes) from error
        self.rows += plain.num_rows

    def close(self) -> None:
        """Finish the footer and flush."""
        try:
            self._file.close()
            sync_file(self.path)
        except OSError as error:
            discard(self.path)
            raise disk_error(error, self.path, 1 << 16) from error

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        if value is None:
            self.close()
            return
        # The footer of a file that is removed anyway: a disk that refuses it is being told of already.
        with contextlib.suppress(OSError):
            self._file.close()
        discard(self.path)


def write(path: Path, table: pa.Table, schema: pa.Schema) -> None:
    """Write one table as one file."""
    with Writer(path, schema) as writer:
        writer.write(table)


def write_all(path: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> int:
    """Write tables one after another into one file; the number of rows."""
    with Writer(path, schema) as writer:
        for table in tables:
            writer.write(table)
    return writer.rows


def read(path: Path, *, sha256: str | None = None, columns: list[str] | None = None) -> pa.Table:
    """The table. Raises StoreDamaged where bytes or pages differ from their checksums."""
    verify(path, sha256)
    try:
        return pq.read_table(path, columns=columns, page_checksum_verification=True, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, str(error)) from error


def stream(path: Path, *, columns: list[str] | None = None, rows: int = 4096) -> Iterator[pa.Table]:
    """The table in pieces of at most `rows` rows and GROUP_BYTES, or one row; never holds more than one row group."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(batch_size=rows, row_groups=[group], columns=columns):
                    yield from pieces(pa.Table.from_batches([batch]), GROUP_BYTES, rows)
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, str(error)) from error


def rows(path: Path) -> int:
    """How many rows the file has, by its footer."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, str(error)) from error


def pieces(table: pa.Table, most_bytes: int, most_rows: int) -> Iterator[pa.Table]:
    """Slices of the table in order, none empty, halved until each has at most so many bytes and rows, or is one row."""
    pending = [table] if table.num_rows else []
    while pending:
        piece = pending.pop()
        if piece.num_rows == 1 or (piece.num_rows <= most_rows and piece.nbytes <= most_bytes):
            yield piece
            continue
        half = piece.num_rows // 2
        pending += [piece.slice(half), piece.slice(0, half)]


def verify(path: Path, sha256: str | None) -> None:
    """Raise StoreDamaged unless the file is there and, where a sha256 is given, has it."""
    if not path.is_file():
        raise damaged(path, "the file is missing")
    if sha256 is not None and (got := sha256_file(path)) != sha256:
        raise damaged(path, f"sha256 is {got[:12]}…, expected {sha256[:12]}…")


def damaged(path: Path, what: str) -> KvarnError:
    """The error for stored bytes that are not those that were written."""
    return StoreDamaged(
        f"{path}: {what}. Run `kvarn verify` to see which releases it touches; restore the file from a backup, "
        "or roll back to a whole release with `kvarn rollback N`"
    )
