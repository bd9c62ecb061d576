"""The repetition kernels against a plain-Python reading of the published formulae."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.kernels.text_measures import NAMES, measure_texts


def measures_of(text: str) -> dict[str, float]:
    raw = text.encode()
    row = measure_texts(np.array([0, len(raw)], np.int64), np.frombuffer(raw, np.uint8))[0]
    return {name: float(value) for name, value in zip(NAMES, row, strict=True)}


def lower(text: str) -> str:
    # Like the kernel: a letter whose lower case is several characters stays itself.
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def reference(text: str) -> dict[str, float]:
    words = re.findall(r"\w+", lower(text))
    chars = len(text)
    found = {}
    for n in (2, 3, 4):
        counts = Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
        gram, times = counts.most_common(1)[0] if counts else ("", 0)
        found[f"top_{n}gram"] = len(gram) * times / chars if times > 1 else 0.0
    for n in range(5, 11):
        seen: set[tuple[str, ...]] = set()
        repeated, i = 0, 0
        while i < len(words) - n + 1:
            gram_words = tuple(words[i : i + n])
            if gram_words in seen:
                repeated += len("".join(gram_words))
                i += n
            else:
                seen.add(gram_words)
                i += 1
        found[f"dup_{n}gram"] = repeated / chars
    return found | _lines(text)


def _lines(text: str) -> dict[str, float]:
    lines = [line for line in text.split("\n") if line.strip()]
    blocks = re.split(r"\n(?:[^\S\n]*\n)+", text)
    paragraphs = ["\n".join(line for line in block.split("\n") if line.strip()) for block in blocks]
    paragraphs = [paragraph for paragraph in paragraphs if paragraph]
    found = {}
    for name, parts in (("line", lines), ("paragraph", paragraphs)):
        again = [part for i, part in enumerate(parts) if part in parts[:i]]
        found[f"dup_{name}s"] = len(again) / len(parts)
        found[f"dup_{name}_chars"] = sum(map(len, again)) / len(text)
    return found


texts = st.lists(
    st.sampled_from(["ett", "två", "Två", "tre-fyra", "å", ".", "\n", "\n\n", "\n \n"]),
    min_size=1,
    max_size=120,
).map(" ".join)


@given(texts.filter(lambda text: bool(text.strip())))
@example("a b a b a b")
@example("samma rad\nsamma rad\n\nsamma rad\nsamma rad")
@example("ett två tre fyra fem sex sju åtta nio tio " * 3)
def test_repetition_agrees_with_the_formulae_in_plain_python(text: str) -> None:
    got = measures_of(text)
    for name, wanted in reference(text).items():
        assert got[name] == pytest.approx(wanted, rel=1e-6), name


def test_a_text_without_repetition_scores_zero() -> None:
    got = measures_of("Varje ord i denna mening står bara en gång här.")
    assert {got[name] for name in NAMES if name.startswith(("top_", "dup_")) and name.endswith("gram")} == {
        0.0
    }


def test_the_same_paragraph_twice_is_half_of_the_text() -> None:
    got = measures_of("Ett stycke\nom två rader.\n\nEtt stycke\nom två rader.")
    assert got["dup_paragraphs"] == 0.5
    assert got["dup_lines"] == 0.5
