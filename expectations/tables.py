"""The tables of a candidate that suites are about, as pandas frames of bounded size."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.errors import UsageError
from pipeline.quality.ledger import fates_by_source
from pipeline.quality.texts import word_counts
from pipeline.schema import FATES, KEPT, SPLITS

TEXT_BYTES = 128 << 20
"""Text that a table of documents holds at most. Larger candidates are sampled by content_id; the release checks see all rows."""
LEDGER_ROWS = 1_000_000
"""Ledger rows that a table holds at most; larger ones are sampled by cluster, so that clusters stay whole."""


class Candidate:
    """A candidate folder. Tables are made when a suite asks for them."""

    def __init__(self, folder: Path, intake: Mapping[str, Mapping[str, int]]) -> None:
        self.folder = folder
        self.intake = intake

    def table(self, name: str) -> pd.DataFrame:
        """Raises UsageError listing the tables there are."""
        makers: dict[str, Callable[[], pd.DataFrame]] = {
            "intake": self._intake,
            "documents": lambda: self._documents("data"),
            "withheld": lambda: self._documents("withheld"),
            "splits": self._splits,
            "release": self._release,
        }
        if name not in makers:
            raise UsageError(f"there is no table {name!r}; there are: {', '.join(makers)}")
        return makers[name]()

    def _ledger(self, columns: list[str]) -> pa.Table:
        return pq.read_table(self.folder / "ledger.parquet", columns=columns, page_checksum_verification=True)

    def _intake(self) -> pd.DataFrame:
        """One row per source: what the readers counted beside what the ledger holds."""
        fates = fates_by_source(self._ledger(["source", "fate"]))
        rows = []
        for source in sorted(self.intake.keys() | fates.keys()):
            counts, row = self.intake.get(source, {}), fates.get(source, dict.fromkeys(FATES, 0))
            known = sum(row[fate] for fate in FATES)
            items = counts.get("items", 0)
            rows.append(
                {"source": source, "files": counts.get("files", 0), "items": items, "rest": items - known}
                | {fate: row[fate] for fate in FATES}
                | {"share_kept": row[KEPT] / known if known else 0.0}
            )
        return pd.DataFrame(rows)

    def _documents(self, part: str) -> pd.DataFrame:
        """Rows of data/ or withheld/ with `part` of the file's name as split (or fate), characters and words."""
        paths = sorted((self.folder / part).glob("*.parquet"))
        size = sum(_text_bytes(path) for path in paths)
        share = min(1.0, TEXT_BYTES / size) if size else 1.0
        tables = [
            _with_amounts(table, path.name.split("-")[0]) for path in paths for table in _sample(path, share)
        ]
        frame: pd.DataFrame = pa.concat_tables(tables).to_pandas() if tables else pd.DataFrame()
        return frame

    def _splits(self) -> pd.DataFrame:
        """One row per kept item."""
        columns = ["record_id", "doc_id", "content_id", "source", "language", "split", "cluster", "fate"]
        ledger = self._ledger(columns)
        kept = ledger.filter(pc.equal(ledger.column("fate"), KEPT)).drop_columns(["fate"])
        share = min(1.0, LEDGER_ROWS / max(1, kept.num_rows))
        frame: pd.DataFrame = _chosen(kept, "cluster", share).to_pandas()
        return frame

    def _release(self) -> pd.DataFrame:
        """One row: the sums of the candidate."""
        ledger = self._ledger(["source", "fate", "split"])
        counts = {fate: _count(ledger, "fate", fate) for fate in FATES}
        items = sum(row.get("items", 0) for row in self.intake.values())
        row: dict[str, Any] = {
            "items": items,
            "rest": items - sum(counts.values()),
            "sources": len(self.intake),
        } | counts
        row |= {f"{split}_documents": _count(ledger, "split", split) for split in SPLITS}
        row |= {f"share_{fate}": count / max(1, items) for fate, count in counts.items()}
        row["rows_published"] = sum(_rows(path) for path in sorted((self.folder / "data").glob("*.parquet")))
        return pd.DataFrame([row])


def read_intake(path: Path) -> Mapping[str, Mapping[str, int]]:
    """{source: {"files": n, "items": n}}."""
    content: Mapping[str, Mapping[str, int]] = json.loads(path.read_bytes())
    return content


def _text_bytes(path: Path) -> int:
    footer = pq.read_metadata(path)
    return sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))


def _rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)


def _sample(path: Path, share: float) -> Iterator[pa.Table]:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for batch in file.iter_batches(batch_size=4096):
            yield _chosen(pa.Table.from_batches([batch]), "content_id", share)


def _chosen(table: pa.Table, column: str, share: float) -> pa.Table:
    """The rows whose hash lies in the lowest `share`: the same ones in any order and on any machine."""
    if share >= 1.0:
        return table
    bound = f"{int(share * 16**8):08x}"
    return table.filter(pc.less(pc.utf8_slice_codeunits(table.column(column), 0, 8), bound))


def _with_amounts(table: pa.Table, name: str) -> pa.Table:
    text = table.column("text")
    table = table.drop_columns([column for column in ("meta", "reasons") if column in table.schema.names])
    table = table.append_column("split", pa.array([name] * table.num_rows, pa.string()))
    table = table.append_column("words", pa.array(word_counts(text)))
    return table.append_column("characters", pc.utf8_length(text))


def _count(ledger: pa.Table, column: str, value: str) -> int:
    return int(pc.sum(pc.equal(ledger.column(column), value)).as_py() or 0)
