"""Ours, in one process: files to tables of records, timed from after the imports and one reading of the first file.

python -m benchmarks.read.ours FILES.json     # a list of paths; prints one JSON line
"""

import json
import sys
import time
from pathlib import Path

from pipeline.storage.readers import ReadLimits, read_tables
from pipeline.storage.sources import SourceSpec, list_input


def read(paths: list[Path]) -> tuple[int, int]:
    """Records and bytes of their text."""
    records = text = 0
    for path in paths:
        (file,) = list_input(path)
        for table in read_tables(file, SourceSpec(), ReadLimits()):
            records += table.num_rows
            text += table.column("text").nbytes - 8 * table.num_rows
    return records, text


def main() -> None:
    paths = [Path(name) for name in json.loads(Path(sys.argv[1]).read_text())]
    (first,) = list_input(paths[0])
    next(read_tables(first, SourceSpec(), ReadLimits()))
    cpu, wall = time.process_time(), time.perf_counter()
    records, text = read(paths)
    told = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps({**told, "records": records, "text": text}))


if __name__ == "__main__":
    main()
