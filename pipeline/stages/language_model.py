"""py3langid's model as arrays for the kernel, read once per process from the installed package.

The file is an .npz inside LZMA; it is read with allow_pickle=False, so nothing in it can run. Its layout (ptc, pc, classes,
nextmove, nextmove_row, out_feat) is that of py3langid 0.4; another layout is refused by name.
"""

import io
import lzma
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import KvarnError
from pipeline.kernels.language_id import DEPTH, HIGH, Model
from pipeline.kernels.lexica import Kin
from pipeline.stages.relatives import NORDIC, load_kin

UNKNOWN = "unknown"
PARTS = ("ptc", "pc", "classes", "nextmove", "nextmove_row", "out_feat")

_SAME_CODES = (
    "af am an ar as az ba be bg bn br bs ca cs cy da de dz el en eo es et eu fa fi fo fr fy ga gd gl gu ha he hi hr "
    "ht hu hy id ig is it ja jv ka kk km kn ko ku ky la lb lg ln lo lt lv mg mk ml mn mr ms mt my ne nl nn no oc om "
    "or pa pl ps pt qu ro ru rw sa se si sk sl sn so sq sr st sv sw ta te tg th tk tl tr tt ug uk ur uz vi vo wa xh "
    "yo zh zu"
)
MODEL_CODES = {**{code: code for code in _SAME_CODES.split()}, "nb": "no"}
"""ISO 639-1 code -> class of the model, whose `no` is Bokmål: its Nynorsk is a class of its own."""


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """`languages` in the order of the columns, and what the kernel `identify` takes."""

    languages: tuple[str, ...]
    arrays: Model
    kin: Kin


def read_parts() -> dict[str, NDArray[Any]]:
    """The arrays of the model file. Raises KvarnError where its layout is another."""
    path = files("py3langid") / "data" / "model.npz.xz"
    with np.load(io.BytesIO(lzma.decompress(path.read_bytes())), allow_pickle=False) as stored:
        missing = [name for name in PARTS if name not in stored.files]
        if missing:
            raise KvarnError(
                f"{path}: parts {missing} are missing; expected the layout of py3langid 0.4: install that version"
            )
        return {name: stored[name] for name in PARTS}


@lru_cache(maxsize=2)
def load_model(languages: tuple[str, ...]) -> LanguageModel:
    """The model restricted to `languages`: about a second, and 85 MB kept, at the first call of a process.

    Classes that occur twice in the model (scripts of one language) count by their first column, as in py3langid.
    """
    parts = read_parts()
    rows, moves, feature = parts["nextmove_row"], parts["nextmove"], parts["out_feat"]
    if depth(rows, moves) >= DEPTH:
        raise KvarnError(
            f"py3langid's model remembers {DEPTH} bytes or more; expected fewer: install py3langid 0.4"
        )
    state = rows.astype(np.uint64) << np.uint64(8) | (feature + 1).astype(np.uint64) << HIGH
    first, entries = int(rows[0]) << 8, state[moves]
    classes = parts["classes"].tolist()
    columns = [classes.index(MODEL_CODES[code]) for code in languages]
    chosen = parts["ptc"][:, columns].astype(np.float32)
    # Steps of 2**-11 or less lie below the half-precision in which the model stores its weights (of 4 to 15).
    step = float(np.abs(chosen).max()) / 32767
    weights = np.zeros((len(chosen) + 1, len(columns)), np.int16)
    weights[1:] = np.rint(chosen / step)
    related = np.array([code in NORDIC for code in languages], np.bool_)
    prior = parts["pc"][columns].astype(np.float32)
    return LanguageModel(languages, (entries, first, weights, step, prior, related), load_kin(languages))


def depth(rows: NDArray[Any], moves: NDArray[Any]) -> int:
    """How many bytes the automaton remembers at most: the longest of the shortest ways from its start to any state."""
    table = moves.reshape(-1, 256)
    seen = np.zeros(len(rows), np.bool_)
    seen[0] = True
    edge, steps = np.array([0]), -1
    while len(edge):
        steps += 1
        reached = np.zeros(len(rows), np.bool_)
        reached[table[np.unique(rows[edge])]] = True
        edge = np.flatnonzero(reached & ~seen)
        seen |= reached
    return steps
