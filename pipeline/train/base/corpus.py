"""Pre-training text: read, held out by a hash of the id, packed into blocks."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tokenizers import Tokenizer

HELD_OUT_PER_MILLE = 10
"""About 1 % of the documents measure perplexity and are never trained on."""


@dataclass(frozen=True)
class Document:
    """One pre-training document."""

    id: str
    source: str
    lang: str
    text: str


def read_documents(path: Path) -> Iterator[Document]:
    """Yield the documents of a gzipped JSONL file ({id, source, lang, text} a line)."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield Document(row["id"], row["source"], row["lang"], row["text"])


def is_held_out(document_id: str) -> bool:
    """Decide by a hash, so that adding a document never moves another between the halves."""
    digest = hashlib.sha256(document_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") % 1000 < HELD_OUT_PER_MILLE


def token_stream(texts: Sequence[str], tokenizer: Tokenizer, eos: int) -> np.ndarray:
    """All texts as one int64 stream; every text is preceded by EOS, which thus also means "start"."""
    parts: list[int] = []
    for encoded in tokenizer.encode_batch_fast(list(texts)):
        parts.append(eos)
        parts.extend(encoded.ids)
    parts.append(eos)
    return np.asarray(parts, dtype=np.int64)


def blocks(stream: np.ndarray, context: int) -> np.ndarray:
    """Cut a stream into rows of context + 1 tokens that overlap by one.

    Row i predicts tokens i * context + 1 … (i + 1) * context, so each token is a target once.
    The remainder, shorter than one row, is left out.
    """
    rows = (len(stream) - 1) // context
    starts = np.arange(rows)[:, None] * context
    cut: np.ndarray = stream[starts + np.arange(context + 1)[None, :]]
    return cut
