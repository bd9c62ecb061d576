"""What `kvarn what-if` costs on many documents: the records of a file of `kvarn measure` again and again, with ids of their own.

kvarn measure raw -o measured.parquet
python -m benchmarks.what_if measured.parquet [--rows 1000000]
"""

import argparse
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dedup.measure import measure
from benchmarks.dedup.places import ROOT, WORK
from benchmarks.judge.ours import CALL
from pipeline.storage import parquet

FOLDER = WORK / "what-if"


def repeated(source: Path, rows: int, target: Path) -> None:
    """Write `rows` records: those of the source in order, all again with other ids, and so on. Texts are left empty."""
    table = pq.read_table(source)
    at = table.schema.get_field_index("text")
    table = table.set_column(at, table.schema.field(at), pa.array([""] * table.num_rows, pa.large_string()))
    # As large as the groups that `kvarn measure` writes.
    table = pa.concat_tables([table] * (parquet.ROW_GROUP // table.num_rows + 1)).slice(0, parquet.ROW_GROUP)
    ids = table["record_id"].to_pylist()
    with pq.ParquetWriter(target, table.schema) as writer:
        written = 0
        while written < rows:
            part = table.slice(0, rows - written)
            named = [f"{written + number}:{name}" for number, name in enumerate(ids[: part.num_rows])]
            writer.write_table(part.set_column(0, table.schema.field(0), pa.array(named)))
            written += part.num_rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("measured", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    many = FOLDER / "many.parquet"
    repeated(given.measured, given.rows, many)
    command = [sys.executable, "-c", CALL, "what-if", str(many), "--set", "noise.min_words=50", "--json"]
    for _ in range(given.rounds):
        got = measure(command, 1, FOLDER, {"PYTHONPATH": str(ROOT)}, 600)
        if got.code:
            raise SystemExit(got.errors)
        numbers = got.numbers()
        print(f"{given.rows:,} records: {numbers['cpu']:.1f} s of CPU, {numbers['pss_mb']:.0f} MB")
    many.unlink()


if __name__ == "__main__":
    main()
