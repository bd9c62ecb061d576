"""Reading anything: one small file a format, all behind `read_file`."""

from pipeline.storage.readers.record import ReadLimits, Record
from pipeline.storage.readers.registry import READERS, fault_record, read_file, read_tables, table

__all__ = ["READERS", "ReadLimits", "Record", "fault_record", "read_file", "read_tables", "table"]
