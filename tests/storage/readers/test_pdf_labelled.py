"""Documents made at random from known text, in many layouts and orders of writing: the text must come back."""

import random
import sys
import textwrap
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from pipeline.stages.repair import repair_text

sys.path.insert(0, str(Path(__file__).parent))

from pdf_builder import COURIER, OTHER, PROSE, Page, flat, read

WORDS = f"{PROSE} {OTHER}".lower().replace(",", "").replace(".", "").split()
TOP, BOTTOM, LEADING, SIZE = 760, 80, 13, 10

Placed = list[tuple[float, float, str]]


def sentence(chance: random.Random) -> str:
    words = chance.choices(WORDS, k=chance.randint(5, 18))
    return f"{' '.join(words)}.".capitalize()


def paragraph(chance: random.Random, width: int) -> Iterator[str]:
    """Lines of a paragraph; long words may be divided, as typesetters do."""
    text = " ".join(sentence(chance) for _ in range(chance.randint(2, 5)))
    line = ""
    for word in text.split():
        room = width - len(line) - bool(line)
        if len(word) <= room:
            line = f"{line} {word}".strip()
            continue
        cut = min(room - 1, len(word) - 4)
        if cut >= 3 and len(word) > 8:
            yield f"{line} {word[:cut]}-".strip()
            line = word[cut:]
        else:
            yield line
            line = word
    yield line


def column(chance: random.Random, x: float, width: int) -> tuple[Placed, list[str]]:
    """Paragraphs, headings and lists from the top of the page to its foot, and the lines that they are."""
    placed: Placed = []
    y: float = TOP
    while True:
        lines = list(paragraph(chance, width))
        if chance.random() < 0.2:
            lines = [f"• {sentence(chance)[: width - 3]}" for _ in range(3)]
        elif chance.random() < 0.3:
            lines = [sentence(chance)[: width - 2].strip(" ."), *lines]
        if y - LEADING * len(lines) < BOTTOM:
            return placed, [text for _, _, text in placed]
        placed += [(x, y - LEADING * n, line) for n, line in enumerate(lines)]
        y -= LEADING * len(lines) + 8


def written(placed: Placed, chance: random.Random, by_word: bool) -> Page:
    page = Page()
    for x, y, line in placed:
        if not by_word:
            page.text(x, y, line, SIZE, "courier")
            continue
        at = 0
        for word in line.split():
            start = line.index(word, at)
            at = start + len(word)
            page.text(x + COURIER * SIZE * start, y, word, SIZE, "courier")
    if chance.random() < 0.3:
        chance.shuffle(page.parts)
    return page


def document(seed: int) -> tuple[list[Page], str]:
    chance = random.Random(seed)
    columns, by_word = chance.choice([1, 2]), chance.random() < 0.3
    count, footer = (
        chance.randint(2, 7),
        chance.choice(["Sida {} av {}", "{} ({})", "– {} –", "Skogens handbok {}"]),
    )
    pages, lines = [], []
    for number in range(1, count + 1):
        sides = [column(chance, 50 + 270 * n, 38 if columns == 2 else 75) for n in range(columns)]
        placed = [line for side, _ in sides for line in side]
        if columns == 2 and chance.random() < 0.3:
            placed.sort(key=lambda line: -line[1])
        lines += [line for _, side in sides for line in side]
        page = written(placed, chance, by_word)
        page.text(290, 40, footer.format(number, count), 9)
        page.text(50, 810, "Skogsstyrelsens handbok om träd", 9)
        pages.append(page)
    return pages, "\n".join(lines)


def f1(found: str, expected: str) -> float:
    """Characters in words that both texts have in the same order."""
    a, b = flat(found).split(), flat(expected).split()
    same = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    common = sum(len(word) for block in same for word in a[block.a : block.a + block.size])
    return 2 * common / (sum(map(len, a)) + sum(map(len, b)))


@pytest.mark.parametrize("seed", range(24))
def test_the_text_of_a_made_document_comes_back(seed: int) -> None:
    pages, expected = document(seed)
    found, wanted = read(*pages).text, expected
    assert f1(found, wanted) > 0.999
    assert f1(repair_text(found)[0], repair_text(wanted)[0]) > 0.999


def test_the_score_tells_a_wrong_order_and_a_lost_line() -> None:
    lines = textwrap.wrap(PROSE, 40)
    assert f1(PROSE, PROSE) == 1
    assert f1(" ".join(lines[::-1]), PROSE) < 0.5
    assert f1(" ".join(lines[1:]), PROSE) < 0.97
