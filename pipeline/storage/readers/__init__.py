"""Reading anything: one small file a format, all behind `read_tables`."""

from pipeline.storage.readers.formats import READERS
from pipeline.storage.readers.record import ReadLimits, Record
from pipeline.storage.readers.tables import read_file, read_tables, table

__all__ = ["READERS", "ReadLimits", "Record", "read_file", "read_tables", "table"]
