"""What is judged: JSON lines with `id` and `text` under benchmarks/.work/judge/, made from real text beside the repository.

A file is made once and is the same every time; its name holds a digest of how it was made.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path

from benchmarks.dedup.places import DATA, WORK

HERE = WORK / "judge"
VERSION = 2
"""Raised with every change of what the files hold."""

SOURCES = ("sfs_md", "interpellationer_tei", "digg_md", "riksdag_json")
"""Statutes, interpellations, guides of an authority, reports of committees: 4 MB of Swedish in 764 documents."""

SHORT_BYTES = 300
"""Bytes from which a short document ends with its line or sentence."""

DAMAGED = 5
"""Every so many of the clean documents in the dirty input are read with the wrong encoding."""

SHARES = {"clean": 1.0, "short": 0.25, "dirty": 0.25}
"""Size of each input as a share of --mb. The stream is what it is: 4.4 MB."""

KINDS = (*SHARES, "stream")

Document = tuple[str, str]
"""Id and text."""


def shuffled(documents: Iterable[Document], turn: int) -> list[Document]:
    """In an order that only the ids and the turn decide."""
    return sorted(documents, key=lambda document: hashlib.sha256(f"{turn}:{document[0]}".encode()).digest())


def filled(documents: list[Document], size: float) -> Iterator[Document]:
    """Documents until their texts have so many bytes: all of them again and again, each turn in another order, with ids of its own.

    >>> list(filled([("a", "skog")], 8))
    [('a.0', 'skog'), ('a.1', 'skog')]
    """
    if not documents:
        raise ValueError("nothing to fill an input with: no document was read")
    written = 0
    for turn in count():
        for name, text in shuffled(documents, turn):
            if written >= size:
                return
            yield f"{name}.{turn}", text
            written += len(text.encode())


def pieces(text: str, size: int = SHORT_BYTES) -> list[str]:
    r"""The text in pieces of whole lines and sentences, each ended by the one that brings it to so many bytes.

    >>> pieces("En skog. Två skogar.\nTre.", 10)
    ['En skog. Två skogar.', 'Tre.']
    """
    found: list[str] = []
    piece = ""
    for line in text.split("\n"):
        sentences = line.split(". ")
        for at, sentence in enumerate(sentences):
            piece += sentence + ("\n" if at == len(sentences) - 1 else ". ")
            if len(piece.strip().encode()) >= size:
                found.append(piece.strip())
                piece = ""
    return [part for part in [*found, piece.strip()] if part]


def damaged(text: str) -> str:
    """UTF-8 read as Latin-1, as half of the mojibake on the web is.

    >>> damaged("sjö")
    'sjÃ¶'
    """
    return text.encode().decode("latin-1")


def clean() -> list[Document]:
    """Swedish documents as our readers give them; what could not be read and what is in English by its file's name is left out."""
    from pipeline.storage.readers import ReadLimits, read_tables
    from pipeline.storage.sources import SourceSpec, list_input

    found = []
    for source in SOURCES:
        for file in list_input(DATA / "raw" / source):
            if file.uri.startswith("en__"):
                continue
            for table in read_tables(file, SourceSpec(), ReadLimits()):
                rows = table.select(["record_id", "text", "fault"]).to_pylist()
                found += [(f"{source}/{row['record_id']}", row["text"]) for row in rows if not row["fault"]]
    return found


def short() -> list[Document]:
    return [(f"{name}/{at}", piece) for name, text in clean() for at, piece in enumerate(pieces(text))]


def dirty() -> list[Document]:
    """Mojibake, personal data, mixed languages, labelled bad text and OCR, with clean text in wrong encodings between."""
    sets = {
        "quality/mojibake_ftfy": "original",
        "quality/doc_labels": "text",
        "quality/ocr_pages": "text",
        "pii/sv_injected": "text",
        "pii/presidio_synth": "text",
    }
    found = [(f"{name}/{row['id']}", row[key]) for name, key in sets.items() for row in _rows(name)]
    for row in _rows("lid/mixed_docs"):
        found.append((f"mixed/{row['id']}", "\n\n".join(str(segment["text"]) for segment in row["segments"])))
    found += [(f"damaged/{name}", damaged(text)) for name, text in islice(clean(), 0, None, DAMAGED)]
    return found


def stream() -> list[Document]:
    return [(row["id"], row["text"]) for row in _rows("e2e/stream")]


def _rows(name: str) -> Iterator[dict]:
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def made(kind: str, mb: float) -> Path:
    """The file of one kind, written where it is not there yet."""
    size = mb * SHARES.get(kind, 0)
    path = HERE / (f"{kind}-{size:g}mb-{VERSION}.jsonl" if size else f"{kind}-{VERSION}.jsonl")
    if not path.exists():
        HERE.mkdir(parents=True, exist_ok=True)
        documents = {"clean": clean, "short": short, "dirty": dirty, "stream": stream}[kind]()
        scratch = path.with_suffix(".part")
        write(scratch, filled(documents, size * 1e6) if size else documents)
        scratch.rename(path)
    return path


def first(path: Path) -> Path:
    """A file with the first short document of another: what a command costs that has next to nothing to do."""
    name, text = next(documents(path))
    one = HERE / "first" / path.name
    one.parent.mkdir(exist_ok=True)
    write(one, [(name, pieces(text)[0])])
    return one


def write(path: Path, documents: Iterable[Document]) -> None:
    with path.open("w", encoding="utf-8") as out:
        for name, text in documents:
            out.write(json.dumps({"id": name, "text": text}, ensure_ascii=False) + "\n")


def documents(path: Path) -> Iterator[Document]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row["id"], row["text"]


def facts(path: Path) -> dict[str, float]:
    """Documents and bytes of text."""
    sizes = [len(text.encode()) for _, text in documents(path)]
    return {"documents": len(sizes), "bytes": sum(sizes)}
