"""What is read: made files of one format each under benchmarks/.work/read/, and real files where they lie."""

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dedup.corpus import corpus
from benchmarks.dedup.places import DATA, WORK

HERE = WORK / "read"
MB = 100
"""Text in the made tables."""
COPIES = 10
"""Of each web page in the made web archive."""
SHORT = 40
"""Characters from which a line of the corpus is a short record of its own."""

PAGES = ("debian_install_html", "lovtidend_html", "web_cc", "lifelines_latin1")


def made(name: str, write: Callable[[Path], None]) -> Path:
    path = HERE / name
    if not path.exists():
        HERE.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f"{name}.part")
        write(scratch)
        scratch.rename(path)
    return path


def rows() -> Iterator[dict[str, str]]:
    """Documents of 1 to 20 kB."""
    for batch in pq.ParquetFile(corpus(MB)).iter_batches(256):
        yield from batch.to_pylist()


def short_rows() -> Iterator[dict[str, object]]:
    """Records of some hundred bytes with six fields, as forums and product texts have them."""
    number = 0
    for row in rows():
        for line in row["text"].split("\n"):
            if len(line) > SHORT:
                yield {
                    "id": f"r{number}",
                    "text": line,
                    "url": f"https://example.org/{number}",
                    "date": f"2024-03-{number % 28 + 1:02}",
                    "tags": ["skog", "träd"],
                    "score": number / 7,
                }
                number += 1
                if number == 50_000:
                    return


def _write_jsonl(path: Path, each: Iterator[dict[str, object]] | Iterator[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for row in each:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_csv(path: Path) -> None:
    with path.open("w", encoding="cp1252", errors="ignore", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
        writer.writerow(("id", "text"))
        writer.writerows((row["id"], row["text"]) for row in rows())


def _write_warc(path: Path) -> None:
    with path.open("wb") as stream:
        for copy in range(COPIES):
            for page in files(*PAGES):
                stream.write(gzip.compress(_warc_record(page, copy), mtime=0))


def _warc_record(page: Path, copy: int) -> bytes:
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page.read_bytes()
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://example.org/{copy}/{page.name}\r\n"
        "WARC-Date: 2024-01-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000000>\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
    )
    return head.encode() + http + b"\r\n\r\n"


def files(*folders: str, suffix: str = "") -> list[Path]:
    return [path for folder in folders for path in sorted((DATA / "raw" / folder).rglob(f"*{suffix}")) if path.is_file()]  # fmt: skip


def inputs(kind: str) -> list[Path]:
    """The files of one row of the table."""
    tables: dict[str, Callable[[], list[Path]]] = {
        "JSONL": lambda: [made("long.jsonl", lambda path: _write_jsonl(path, rows()))],
        "JSONL, short records": lambda: [made("short.jsonl", lambda path: _write_jsonl(path, short_rows()))],
        "JSONL, gzip": lambda: [made("long.jsonl.gz", lambda path: path.write_bytes(gzip.compress(inputs("JSONL")[0].read_bytes(), 6, mtime=0)) and None)],
        "Parquet": lambda: [corpus(MB)],
        "Parquet, short records": lambda: [made("short.parquet", lambda path: pq.write_table(pa.Table.from_pylist(list(short_rows())), path))],
        "CSV, cp1252": lambda: [made("long.csv", _write_csv)],
        "HTML": lambda: files(*PAGES, suffix=".html"),
        "PDF": lambda: files("digg_pdf", "debian_edu", suffix=".pdf"),
        "WARC": lambda: [made("pages.warc.gz", _write_warc)],
        "Markdown": lambda: files("sfs_md", "digg_md", "18f_md"),
        "XML (TEI)": lambda: files("interpellationer_tei"),
        "XML (Mallard)": lambda: files("gnome_mallard"),
        "XML (ALTO, gzip)": lambda: files("ocr_alto"),
        "roff, gzip": lambda: files("manpages_roff"),
        "JSON": lambda: files("riksdag_json"),
        "EPUB": lambda: files("debian_edu", suffix=".epub"),
    }  # fmt: skip
    return tables[kind]()


KINDS = (
    "JSONL", "JSONL, short records", "JSONL, gzip", "Parquet", "Parquet, short records", "CSV, cp1252", "HTML", "PDF",
    "WARC", "Markdown", "XML (TEI)", "XML (Mallard)", "XML (ALTO, gzip)", "roff, gzip", "JSON", "EPUB",
)  # fmt: skip
