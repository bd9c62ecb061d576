"""The word diff: nothing is lost, changes are small, and no text however long or odd makes it slow."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.quality import word_diff as module
from pipeline.quality.word_diff import DELETE, EQUAL, INSERT, Part, word_diff

# Few different words, so that texts repeat themselves and have much in common.
pieces = st.lists(st.sampled_from(["skog", "Skog", "mark", "å", "1", " ", "  ", "\n", ", ", ".", "!", "–"]))
texts = st.one_of(pieces.map("".join), st.text())


def side(parts: list[Part], op: str) -> str:
    return "".join(part.text for part in parts if part.op in (EQUAL, op))


def holds(old: str, new: str) -> list[Part]:
    """The parts, after a look at the laws that hold for any two texts."""
    parts = word_diff(old, new)
    assert (side(parts, DELETE), side(parts, INSERT)) == (old, new)
    assert all(part.text for part in parts)
    order = [part.op for part in parts]
    allowed = {(EQUAL, DELETE), (EQUAL, INSERT), (DELETE, INSERT), (DELETE, EQUAL), (INSERT, EQUAL)}
    assert set(itertools.pairwise(order)) <= allowed
    return parts


@given(texts, texts)
def test_both_texts_are_whole_in_their_diff(old: str, new: str) -> None:
    assert ({part.op for part in holds(old, new)} <= {EQUAL}) == (old == new)


@given(texts, texts)
def test_texts_too_large_for_difflib_are_whole_too(old: str, new: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "VISITS", 2)
        assert ({part.op for part in holds(old, new)} <= {EQUAL}) == (old == new)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Tall, gran.", "Tall; gran.", "Tall[-,-]{+;+} gran."),
        ("en lång rad", "en lång, lång rad", "en {+lång, +}lång rad"),
        ("ett två tre", "ett  två\ntre", "ett[- -]{+  +}två[- -]{+\n+}tre"),
        ("ett - två", "fyra - fem", "[-ett - två-]{+fyra - fem+}"),
        ("Skog", "skog", "[-Skog-]{+skog+}"),
        ("", "ny", "{+ny+}"),
        ("§ 4 och § 5", "§ 4 och § 6", "§ 4 och § [-5-]{+6+}"),
        ("a" * 9, "a" * 8, f"[-{'a' * 9}-]{{+{'a' * 8}+}}"),
        ("!!!!", "!!?!", "!![-!-]{+?+}!"),
    ],
)
def test_a_change_is_as_small_as_words_allow(old: str, new: str, told: str) -> None:
    marks = {EQUAL: "{}", DELETE: "[-{}-]", INSERT: "{{+{}+}}"}
    assert "".join(marks[part.op].format(part.text) for part in holds(old, new)) == told


def changed(parts: list[Part]) -> int:
    return sum(len(part.text.split()) for part in parts if part.op != EQUAL)


def test_a_long_text_without_lines_shows_its_few_changes() -> None:
    chance = random.Random(7)
    words = [chance.choice(["och", "i", "skogen", f"ord{chance.randrange(9999)}"]) for _ in range(50_000)]
    edited = list(words)
    places = chance.sample(range(len(words)), 40)
    for place in places:
        edited[place] = f"nytt{place}"
    parts = holds(" ".join(words), " ".join(edited))
    assert changed(parts) == 80


@pytest.mark.parametrize(
    ("old", "new", "most"),
    [
        ("ord " * 200_000, "ord " * 199_990, 10),
        ("!" * 200_000, "!" * 100_000 + "?" + "!" * 99_999, 2),
        (" ".join(f"x u{n}" for n in range(2_000)), " ".join(f"x v{n}" for n in range(2_000)), 8_000),
        ("x" * 1_000_000, "x" * 999_999, 2),
        ("\n" * 200_000, "\n" * 199_999, 0),
    ],
)
def test_texts_that_repeat_themselves_end(old: str, new: str, most: int) -> None:
    """Half as long, the third took difflib alone 22 s, and time grows with the cube."""
    assert changed(holds(old, new)) <= most
