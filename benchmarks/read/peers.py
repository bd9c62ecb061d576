"""Peers, each in the environment of requirements.txt: files to texts, timed as ours are.

python peers.py NAME FILES.json     # prints one JSON line
"""

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path


def stdlib_jsonl(path: Path) -> Iterator[str]:
    with path.open("rb") as stream:
        for line in stream:
            yield json.loads(line)["text"]


def pandas_jsonl(path: Path) -> Iterator[str]:
    import pandas

    for frame in pandas.read_json(path, lines=True, chunksize=4096, dtype=False, convert_dates=False):
        yield from frame["text"]


def pyarrow_jsonl(path: Path) -> Iterator[str]:
    from pyarrow import json as arrow_json

    options = arrow_json.ReadOptions(use_threads=False, block_size=16 << 20)
    yield from arrow_json.read_json(path, options)["text"].to_pylist()


def stdlib_gzip_jsonl(path: Path) -> Iterator[str]:
    import gzip

    with gzip.open(path, "rb") as stream:
        for line in stream:
            yield json.loads(line)["text"]


def pandas_parquet(path: Path) -> Iterator[str]:
    import pandas

    yield from pandas.read_parquet(path)["text"]


def pyarrow_parquet(path: Path) -> Iterator[str]:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches(1024, use_threads=False):
        for row in batch.to_pylist():
            yield row["text"]


def stdlib_csv(path: Path) -> Iterator[str]:
    import csv

    csv.field_size_limit(1 << 24)
    with path.open(encoding="cp1252", newline="") as stream:
        for row in csv.DictReader(stream, delimiter=";"):
            yield row["text"]


def pandas_csv(path: Path) -> Iterator[str]:
    import pandas

    yield from pandas.read_csv(path, sep=";", encoding="cp1252")["text"]


def trafilatura_html(path: Path) -> Iterator[str]:
    yield _trafilatura(path.read_bytes())


def _trafilatura(data: bytes) -> str:
    import trafilatura

    return trafilatura.extract(data, include_comments=False, include_tables=True) or ""


def resiliparse_html(path: Path) -> Iterator[str]:
    yield _resiliparse(path.read_bytes())


def _resiliparse(data: bytes) -> str:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import detect_encoding
    from resiliparse.parse.html import HTMLTree

    tree = HTMLTree.parse_from_bytes(data, detect_encoding(data))
    return extract_plain_text(tree, main_content=True, alt_texts=False)


def pypdf_pdf(path: Path) -> Iterator[str]:
    import pypdf

    yield "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(path.read_bytes())).pages)


def _warcio(path: Path) -> Iterator[bytes]:
    from warcio.archiveiterator import ArchiveIterator

    with path.open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type == "response":
                yield record.content_stream().read()


def warcio_alone(path: Path) -> Iterator[str]:
    """The pages as they are, no text taken from them."""
    for body in _warcio(path):
        yield body.decode("utf-8", "replace")


def warcio_trafilatura(path: Path) -> Iterator[str]:
    yield from map(_trafilatura, _warcio(path))


def warcio_resiliparse(path: Path) -> Iterator[str]:
    yield from map(_resiliparse, _warcio(path))


READERS: dict[str, Callable[[Path], Iterator[str]]] = {
    "json (standard library)": stdlib_jsonl,
    "gzip + json (standard library)": stdlib_gzip_jsonl,
    "pandas, JSONL": pandas_jsonl,
    "pyarrow, JSONL": pyarrow_jsonl,
    "pandas, Parquet": pandas_parquet,
    "pyarrow, Parquet": pyarrow_parquet,
    "csv (standard library)": stdlib_csv,
    "pandas, CSV": pandas_csv,
    "trafilatura": trafilatura_html,
    "resiliparse": resiliparse_html,
    "pypdf": pypdf_pdf,
    "warcio alone": warcio_alone,
    "warcio + trafilatura": warcio_trafilatura,
    "warcio + resiliparse": warcio_resiliparse,
}


def main() -> None:
    reader = READERS[sys.argv[1]]
    paths = [Path(name) for name in json.loads(Path(sys.argv[2]).read_text())]
    next(reader(paths[0]))
    cpu, wall = time.process_time(), time.perf_counter()
    records = text = 0
    for path in paths:
        for found in reader(path):
            records += 1
            text += len(found)
    told = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps({**told, "records": records, "text": text}))


if __name__ == "__main__":
    main()
