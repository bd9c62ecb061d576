"""Real sentences as arrays of word numbers: what documents of any size are drawn from.

Statutes, parliament, regulations, handbooks and literature in Swedish, English, Norwegian, Danish, Finnish and German.
"""

import gzip
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.dedup.places import DATA

MAX_WORDS = 80
"""Longer "sentences" are tables or lists that lost their line ends."""
_TAG = re.compile(r"<[^>]*>")
_FRONT = re.compile(r"\A---\n.*?\n---\s*(\n|\Z)", re.DOTALL)
_END = re.compile(r"(?<=[.:?!])\s+|\n\s*\n")


@dataclass(frozen=True, slots=True)
class Pool:
    """All distinct sentences. Word w is letters[word_at[w] : word_at[w + 1]]; sentence s is stream[start[s] : start[s + 1]]."""

    letters: NDArray[np.uint8]
    word_at: NDArray[np.int64]
    stream: NDArray[np.int32]
    start: NDArray[np.int64]

    @property
    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
        return self.letters, self.word_at, self.stream, self.start


def pool_of(texts: Iterator[str]) -> Pool:
    """Sentences of the texts, each once, in the order in which they are met (so that the pool never depends on hashing)."""
    numbers: dict[str, int] = {}
    seen: set[tuple[int, ...]] = set()
    stream: list[int] = []
    start = [0]
    for text in texts:
        for sentence in _END.split(text):
            words = sentence.split()
            key = tuple(numbers.setdefault(word, len(numbers)) for word in words)
            if 0 < len(words) <= MAX_WORDS and key not in seen:
                seen.add(key)
                stream += key
                start.append(len(stream))
    coded = [word.encode() for word in numbers]
    return Pool(
        np.frombuffer(b"".join(coded), np.uint8),
        np.cumsum([0, *map(len, coded)]),
        np.array(stream, np.int32),
        np.array(start, np.int64),
    )


def real_texts(data: Path = DATA) -> Iterator[str]:
    """Plain text of the sets that give it simply. What a tag or a front matter holds is left out."""
    for path in sorted(data.glob("neardup/*.jsonl")):
        yield from _lines(path.read_text("utf-8"))
    for path in sorted(data.glob("pretrain/*.jsonl.gz")):
        yield from _lines(gzip.decompress(path.read_bytes()).decode("utf-8"))
    for path in _files(data, "sfs_md", "18f_md", "digg_md"):
        yield _FRONT.sub("", path.read_text("utf-8", "replace"))
    for path in _files(data, "interpellationer_tei", "gnome_mallard", "lovtidend_html"):
        body = path.read_text("utf-8", "replace").split("<body>", 1)[-1]
        yield html.unescape(_TAG.sub(" ", body))
    for path in _files(data, "riksdag_json"):
        yield html.unescape(_TAG.sub(" ", _riksdag(path)))


def _files(data: Path, *folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in (data / "raw" / folder).rglob("*") if path.is_file())


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield json.loads(line)["text"]


def _riksdag(path: Path) -> str:
    """The document's HTML, or nothing where the file is of another shape."""
    try:
        return str(json.loads(path.read_text("utf-8-sig"))["dokumentstatus"]["dokument"]["html"])
    except (ValueError, KeyError, TypeError):
        return ""
