"""langdetect as second opinion: seeded for every document, so that its answer never depends on what came before.

It has no Nynorsk and calls Bokmål `no`; it contradicts only between languages that it knows.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SEED = 0
SAMPLE_CHARACTERS = 1500
"""langdetect is slow (2 MB/s); its answer settles long before the 10 000 characters at which it stops by itself."""
NORWEGIAN = ("nb", "nn")

_rows: dict[str, NDArray[np.float64]] = {}
"""What detectors have read of the profiles: at most 88 000 n-grams of half a kilobyte, in fact some thousands."""


@lru_cache(maxsize=1)
def _factory() -> Any:
    """Langdetect's detectors over its own profiles, loaded in the order of their names: langdetect itself takes the order
    of the folder, which differs from disk to disk. Takes a quarter of a second, so only when first asked.
    """
    import langdetect.detector_factory as langdetect

    factory = langdetect.DetectorFactory()
    profiles = sorted(Path(langdetect.PROFILES_DIRECTORY).iterdir())
    factory.load_json_profile([profile.read_text(encoding="utf-8") for profile in profiles])
    return factory


def second_opinion(text: str) -> str | None:
    """Langdetect's language of the text's beginning (nb for its `no`), or None where it finds no letters."""
    from langdetect.lang_detect_exception import LangDetectException

    from pipeline.stages.seeded_detector import SeededDetector

    detector = SeededDetector(_factory(), SEED, _rows)
    detector.append(text[:SAMPLE_CHARACTERS])
    try:
        answer = str(detector.detect())
    except LangDetectException:
        return None
    return None if answer == "unknown" else {"no": "nb"}.get(answer, answer.split("-")[0])


@lru_cache(maxsize=1)
def known_languages() -> frozenset[str]:
    """Languages of langdetect's profiles, `no` as nb."""
    codes = {str(code).split("-")[0] for code in _factory().langlist}
    return frozenset({"nb" if code == "no" else code for code in codes})


def disagreement(
    items: pa.Table, languages: NDArray[np.object_], asked: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """1 where langdetect contradicts, 0 where it agrees or cannot say, NaN where it was not asked.

    items: with columns text and segments. Only paragraphs in the document's own language are shown to langdetect:
    quotations in another one are no contradiction.
    """
    out = np.full(len(languages), np.nan, np.float32)
    text, segments = items.column("text"), items.column("segments")
    for i in np.flatnonzero(asked).tolist():
        merged = "nb" if languages[i] in NORWEGIAN else str(languages[i])
        if merged not in known_languages():
            continue
        whole = text[i].as_py()
        own = [whole[s["start"] : s["end"]] for s in segments[i].as_py() if s["language"] == languages[i]]
        answer = second_opinion("".join(own))
        out[i] = float(answer is not None and answer != merged)
    return out
