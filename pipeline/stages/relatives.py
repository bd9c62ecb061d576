"""Swedish, Danish, Bokmål and Nynorsk told apart by their words, where the general model is in doubt.

The words come from the lexica of the package simplemma (forms and lemmas, 2.2 million words), read once a process; what it says
for a language that a word stands in some of them and not in others was fitted by benchmarks/language/fit.py on sentences written
for this project, and lies in nordic/weights.json (nordic/README.md is its card).
"""

import json
import lzma
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import KvarnError
from pipeline.kernels.lexica import SLOTS, Kin, add_lexicon

NORDIC = ("sv", "da", "nb", "nn")
"""The relatives, in the order of the weights' columns and of the bits of a pattern."""

DOUBT = 1.5
"""Lead of a relative over the next, in nats per square root of a line's bytes, below which their words are asked. Of 13 000
sentences whose relative the words changed, one in a thousand had a larger lead; a tenth of clean Swedish text has a smaller."""

_MAGIC = b"SMFC1"


def load_kin(languages: tuple[str, ...]) -> Kin:
    """What settles the relatives among these languages."""
    stored = json.loads((files("pipeline.stages") / "nordic" / "weights.json").read_text(encoding="utf-8"))
    columns = [languages.index(code) if code in languages else -1 for code in NORDIC]
    return Kin(
        np.array(columns, np.int64),
        DOUBT,
        read_table(),
        np.array(stored["weights"], np.float32),
        np.array(stored["leads"], np.float32),
    )


@lru_cache(maxsize=1)
def read_table() -> NDArray[np.uint32]:
    """The words of all four lexica: half a second, and 16 MB kept, at the first call of a process. Raises KvarnError where a file is not in the layout of simplemma 2."""
    table = np.zeros(SLOTS, np.uint32)
    total = 0
    for number, language in enumerate(NORDIC):
        path = files("simplemma") / "strategies" / "dictionaries" / "data" / f"{language}.plzma"
        data = lzma.decompress(path.read_bytes())
        if not data.startswith(_MAGIC):
            raise KvarnError(
                f"{path}: is no front-coded lexicon; expected the layout of simplemma 2: install that version"
            )
        at = len(_MAGIC)
        count, start = _count(data, at + 1)
        records, new = add_lexicon(
            np.frombuffer(data, np.uint8), start, bool(data[at] & 1), 1 << number, table
        )
        total += new
        if records != count or total > SLOTS * 3 // 4:
            raise KvarnError(
                f"{path}: {records} of {count} entries were read, {total} words in all; expected the layout and size "
                "of simplemma 2: install that version"
            )
    return table


def _count(data: bytes, at: int) -> tuple[int, int]:
    """The number of records (seven bits a byte, the lowest first), and where the first of them begins."""
    value, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
