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
from pipeline.kernels.language_id import NO_FEATURE, Automaton

UNKNOWN = "unknown"
RELATED = frozenset({"sv", "da", "nb", "nn"})
"""Near relatives, told apart in short lines by a letter or two."""
PARTS = ("ptc", "pc", "classes", "nextmove", "nextmove_row", "out_feat")

MODEL_CODES = {
    **{
        code: code
        for code in [
            "af",
            "am",
            "ar",
            "as",
            "az",
            "be",
            "bg",
            "bn",
            "br",
            "bs",
            "ca",
            "cs",
            "cy",
            "da",
            "de",
            "el",
            "en",
            "eo",
            "es",
            "et",
            "eu",
            "fa",
            "fi",
            "fr",
            "fy",
            "ga",
            "gd",
            "gl",
            "gu",
            "ha",
            "he",
            "hi",
            "hr",
            "ht",
            "hu",
            "hy",
            "id",
            "ig",
            "is",
            "it",
            "ja",
            "jv",
            "ka",
            "kk",
            "km",
            "kn",
            "ko",
            "ku",
            "ky",
            "la",
            "lg",
            "ln",
            "lo",
            "lt",
            "lv",
            "mg",
            "mk",
            "ml",
            "mn",
            "mr",
            "ms",
            "my",
            "ne",
            "nl",
            "om",
            "or",
            "pa",
            "pl",
            "ps",
            "pt",
            "qu",
            "ro",
            "ru",
            "sa",
            "si",
            "sk",
            "sl",
            "so",
            "sq",
            "sr",
            "sv",
            "sw",
            "ta",
            "te",
            "th",
            "tl",
            "tr",
            "ug",
            "uk",
            "ur",
            "uz",
            "vi",
            "xh",
            "yo",
            "zh",
            "zu",
            "dz",
            "rw",
            "se",
            "sn",
            "st",
            "an",
            "fo",
            "gd",
            "lb",
            "mt",
            "nn",
            "oc",
            "tg",
            "tk",
            "tt",
            "vo",
            "wa",
            "ba",
        ]
    },
    "nb": "no",
}
"""ISO 639-1 code -> class of the model, whose `no` is Bokmål: its Nynorsk is a class of its own."""


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """`languages` in the order of the columns, and what `identify` takes: automaton, weights, log priors, relatives."""

    languages: tuple[str, ...]
    arrays: tuple[Automaton, NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]


@lru_cache(maxsize=1)
def _parts() -> dict[str, NDArray[Any]]:
    path = files("py3langid") / "data" / "model.npz.xz"
    with np.load(io.BytesIO(lzma.decompress(path.read_bytes())), allow_pickle=False) as stored:
        missing = [name for name in PARTS if name not in stored.files]
        if missing:
            raise KvarnError(
                f"{path}: parts {missing} are missing; expected the layout of py3langid 0.4: install that version"
            )
        return {name: stored[name] for name in PARTS}


@lru_cache(maxsize=4)
def load_model(languages: tuple[str, ...]) -> LanguageModel:
    """The model restricted to `languages`. About a second and 150 MB at the first call of a process.

    Classes that occur twice in the model (scripts of one language) count by their first column, as in py3langid.
    """
    parts = _parts()
    classes = parts["classes"].tolist()
    columns = [classes.index(MODEL_CODES[code]) for code in languages]
    states = np.empty((len(parts["nextmove_row"]), 2), np.uint32)
    states[:, 0] = parts["nextmove_row"].astype(np.uint32) << np.uint32(8)
    states[:, 1] = parts["out_feat"].astype(np.int32).view(np.uint32)
    if states[0, 1] != NO_FEATURE:
        raise KvarnError(
            "py3langid's model: its start state ends a feature; expected none there: install py3langid 0.4"
        )
    automaton = (parts["nextmove"].astype(np.uint32), states)
    weights = np.ascontiguousarray(parts["ptc"][:, columns].astype(np.float32))
    related = np.array([code in RELATED for code in languages], bool)
    return LanguageModel(languages, (automaton, weights, parts["pc"][columns].astype(np.float32), related))
