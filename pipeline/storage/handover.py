"""Tables from one process to the next through a file that is read once and removed: Arrow as it lies in memory.

Compressing text with lz4 and checking pages took as long as half of reading it (100 MB: 0.29 s to write and 0.08 s to read;
so 0.03 s and 0.07 s). Who writes is a worker that has parsed untrusted bytes, so whoever reads validates all of it.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from pipeline.errors import KvarnError
from pipeline.storage.files import discard, disk_error
from pipeline.storage.parquet import GROUP_BYTES, pieces


class Writer:
    """Writes tables of one schema to one file; a context that removes the file where its block raises."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.rows = 0
        self._schema = schema
        try:
            self._sink = pa.OSFile(str(path), "wb")
            self._writer = pa.ipc.new_file(self._sink, schema)
        except OSError as error:
            raise disk_error(error, path, 1 << 20) from error

    def write(self, table: pa.Table) -> None:
        """Append rows; columns are put in the schema's order and cast to it."""
        try:
            self._writer.write_table(table.select(self._schema.names).cast(self._schema))
        except OSError as error:
            raise disk_error(error, self.path, table.nbytes) from error
        self.rows += table.num_rows

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        try:
            self._writer.close()
            self._sink.close()
        except OSError as error:
            discard(self.path)
            if value is None:
                raise disk_error(error, self.path, 1 << 16) from error
        if value is not None:
            discard(self.path)


def stream(path: Path, schema: pa.Schema, rows: int = 4096) -> Iterator[pa.Table]:
    """The tables, in pieces of at most `rows` rows and GROUP_BYTES, or one row. One piece of the file is in memory at a time.

    Not mapped: pages of a mapped file count as memory of this process until the last table of them is gone. Raises KvarnError where the file is not what a writer with this schema leaves.
    """
    try:
        with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as file:
            if file.schema != schema:
                raise KvarnError(f"{path}: a hand-over with columns {file.schema.names}; run again")
            for number in range(file.num_record_batches):
                table = pa.Table.from_batches([file.get_batch(number)])
                table.validate(full=True)
                yield from pieces(table, GROUP_BYTES, rows)
    except (OSError, pa.ArrowException) as error:
        raise KvarnError(f"{path}: the hand-over of a worker is damaged: {error}; run again") from error
