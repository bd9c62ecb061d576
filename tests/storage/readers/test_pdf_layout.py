"""The order of a PDF's text: columns, odd orders of writing, tables, turned text, paragraphs."""

import random
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pdf_builder import COURIER, OTHER, PROSE, Page, flat, read

LEFT, RIGHT = (textwrap.wrap(text, 36) for text in (PROSE, OTHER))
"""Lines of two columns in Courier 10: 36 characters are 216 points."""


def columns(order: str, shift: float = 0) -> Page:
    """Two columns below a heading and above a footer, written in one of several orders."""
    page = Page()
    left = [(50.0, 700.0 - 12 * n, line) for n, line in enumerate(LEFT)]
    right = [(320.0, 700.0 + shift - 12 * n, line) for n, line in enumerate(RIGHT)]
    pairs = [line for pair in zip(left, right, strict=False) for line in pair]
    rest = left[len(right) :] + right[len(left) :]
    written = {
        "column by column": left + right,
        "line by line": pairs + rest,
        "right column first": right + left,
        "from the bottom": (left + right)[::-1],
        "at random": random.Random(5).sample(left + right, len(left + right)),
    }[order]
    for x, y, line in written:
        page.text(x, y, line, 10, "courier")
    return page


ORDERS = ["column by column", "line by line", "right column first", "from the bottom", "at random"]


@pytest.mark.parametrize("shift", [0, 5])
@pytest.mark.parametrize("order", ORDERS)
def test_two_columns_are_read_one_after_the_other(order: str, shift: float) -> None:
    assert flat(read(columns(order, shift)).text) == flat(f"{PROSE} {OTHER}")


@pytest.mark.parametrize("order", ["column by column", "line by line"])
def test_a_line_across_the_page_parts_columns_above_from_columns_below(order: str) -> None:
    page = Page()
    page.text(50, 740, "En rubrik som går över hela sidan, från kant till kant", 16, "bold")
    page.parts += columns(order).parts
    low = 700 - 12 * max(len(LEFT), len(RIGHT)) - 30
    page.text(50, low, "En mening som går över hela sidan och inte hör till någon av de två spalterna.", 11)
    first, second = PROSE.split(". ", 1), OTHER.split(". ", 1)
    text = flat(read(page).text)
    assert text.startswith("En rubrik som går över hela sidan, från kant till kant Gallring")
    assert text.endswith(
        "till grannen. En mening som går över hela sidan och inte hör till någon av de två spalterna."
    )
    assert text.index(first[1]) < text.index(second[0])


def test_three_columns_written_line_by_line() -> None:
    texts = [PROSE, OTHER, PROSE[::-1].lower()]
    sides = [textwrap.wrap(text, 24) for text in texts]
    page = Page()
    for n in range(max(map(len, sides))):
        for at, side in enumerate(sides):
            if n < len(side):
                page.text(40 + 180 * at, 780 - 12 * n, side[n], 10, "courier")
    assert flat(read(page).text) == flat(" ".join(texts))


def test_a_footer_that_was_written_first_is_read_last() -> None:
    page = Page()
    page.text(50, 40, "Skriften kan beställas från förlaget.", 8)
    page.lines(50, 760, ["Skogen växer långsamt.", "Den som väntar får mer virke."])
    assert read(page).text == (
        "Skogen växer långsamt.\nDen som väntar får mer virke.\n\nSkriften kan beställas från förlaget."
    )


def test_lines_written_from_the_bottom_up_are_turned_round() -> None:
    page = Page()
    lines = ["Skogen växer långsamt,", "och den som väntar", "får mer virke."]
    for n, line in reversed(list(enumerate(lines))):
        page.text(50, 700 - 14 * n, line)
    assert read(page).text == "\n".join(lines)


def test_a_box_beside_the_text_does_not_cut_into_its_lines() -> None:
    """Written last and standing beside the body, it stays in one piece."""
    page = Page()
    page.lines(50, 700, textwrap.wrap(PROSE, 50), 10, font="courier")
    page.lines(400, 690, ["Fakta", "Tall: 60 år", "Gran: 50 år"], 9)
    text = read(page).text
    assert flat(PROSE) in flat(text)
    assert "Fakta\nTall: 60 år\nGran: 50 år" in text


@pytest.mark.parametrize("order", ["by row", "by column", "at random"])
@pytest.mark.parametrize("unit", ["word", "letter"])
def test_a_page_set_word_by_word_or_letter_by_letter_comes_out_in_lines(order: str, unit: str) -> None:
    page, size = Page(), 10
    lines = [*textwrap.wrap(PROSE, 70), "", "Rubrik", "", *textwrap.wrap(OTHER, 70)]
    pieces = []
    for n, line in enumerate(lines):
        at = 0
        for word in line.split():
            start = line.index(word, at)
            at = start + len(word)
            parts = [(start, word)] if unit == "word" else list(enumerate(word, start))
            pieces += [(50 + COURIER * size * x, 760 - 12 * n, part) for x, part in parts]
    if order == "by column":
        pieces.sort(key=lambda piece: (piece[0], -piece[1]))
    elif order == "at random":
        random.Random(3).shuffle(pieces)
    for piece in pieces:
        page.text(*piece, size, "courier")
    assert read(page).text == "\n".join(lines).replace("\n\n\n", "\n\n")


def test_rows_of_a_table_stay_rows_and_its_cells_are_set_apart() -> None:
    page = Page()
    page.lines(50, 760, ["Så mycket växte provytorna under tio år, i kubikmeter och i kronor."])
    rows = [
        ("Trädslag", "Tillväxt", "Värde"),
        ("Tall", "4,1", "1 200"),
        ("Gran", "6,3", "1 900"),
        ("Björk", "5,0", "700"),
    ]
    for n, row in enumerate(rows):
        for at, cell in enumerate(row):
            page.text(50 + 150 * at, 720 - 16 * n, cell)
    text = read(page).text
    assert "Trädslag | Tillväxt | Värde\nTall | 4,1 | 1 200\nGran | 6,3 | 1 900\nBjörk | 5,0 | 700" in text


def test_long_cells_are_not_taken_for_columns() -> None:
    rows = [
        ("Anmälan om avverkning", "Skogsstyrelsen i länet", "Sex veckor innan"),
        ("Ansökan om dispens", "Länsstyrelsen på orten", "Tre månader innan"),
        ("Samråd enligt balken", "Den som har ansvaret", "Så snart som möjligt"),
        ("Rapport om återväxt", "Markägaren som sökte", "Inom fem år efter"),
        ("Besiktning på platsen", "En opartisk person", "När det är barmark"),
    ]
    page = Page()
    for n, row in enumerate(rows):
        for at, cell in enumerate(row):
            page.text(50 + 170 * at, 720 - 16 * n, cell, 10)
    assert read(page).text == "\n".join(" | ".join(row) for row in rows)


def test_bullets_numbers_and_contents_are_no_tables() -> None:
    page = Page()
    for n, (mark, text) in enumerate(
        [("•", "tall"), ("•", "gran"), ("•", "björk och annat löv"), ("•", "lärk")]
    ):
        page.text(50, 760 - 14 * n, mark)
        page.text(80, 760 - 14 * n, text)
    for n, (text, number) in enumerate(
        [("Inledning", "1"), ("Gallring", "4"), ("Röjning", "9"), ("Ord", "12")]
    ):
        page.text(50, 600 - 14 * n, text)
        page.text(500, 600 - 14 * n, number)
    assert read(page).text == (
        "• tall\n• gran\n• björk och annat löv\n• lärk\n\nInledning 1\nGallring 4\nRöjning 9\nOrd 12"
    )


def test_loose_lines_of_justified_text_are_no_table() -> None:
    page = Page()
    page.lines(50, 760, ["Ett stycke har ibland rader med", "långa ord,"])
    for n, row in enumerate([(50, 110, 190), (50, 110, 175)]):
        for x, word in zip(row, ("Skogen", "växer", "långsamt"), strict=True):
            page.text(x, 760 - 13.2 * (n + 2), word)
    assert "|" not in read(page).text


def test_a_watermark_and_text_in_the_margin_stay_out_of_the_lines() -> None:
    page = Page()
    lines = ["Skogen växer långsamt,", "och den som väntar", "får mer virke."]
    for n, line in enumerate(lines):
        page.text(50, 700 - 14 * n, line)
        if n == 0:
            page.text(60, 500, "UTKAST", 70, angle=45)
            page.text(25, 640, "Blankett 17", 8, angle=90)
    assert read(page).text == "Skogen växer långsamt,\noch den som väntar\nfår mer virke.\n\nBlankett 17"


@pytest.mark.parametrize(("rotate", "angle"), [(0, 90), (0, 270), (90, 90), (0, 180), (180, 180)])
def test_a_page_that_lies_on_its_side_is_read_as_one_that_stands(rotate: int, angle: int) -> None:
    page = Page(rotate=rotate)
    for n, line in enumerate([*LEFT, "", "Rubrik", "", *RIGHT]):
        x, y = {90: (100 + 12 * n, 100), 270: (450 - 12 * n, 700), 180: (500, 100 + 12 * n)}[angle]
        page.text(x, y, line, 10, "courier", angle)
    assert read(page).text == "\n".join([*LEFT, "", "Rubrik", "", *RIGHT])


def test_blank_lines_part_paragraphs_and_headings() -> None:
    page = Page()
    page.text(50, 760, "Om skogen", 18, "bold")
    y = page.lines(50, 725, ["Skogen växer långsamt, och den som", "väntar får mer virke."])
    y = page.lines(50, y - 8, ["Ett annat stycke kommer här, och det", "har också två rader."])
    y = page.lines(50, y - 14, ["Gallring"], font="bold")
    page.lines(50, y - 4, ["Här är det tredje stycket, som även det", "är på två rader."])
    assert read(page).text == (
        "Om skogen\n\nSkogen växer långsamt, och den som\nväntar får mer virke.\n\n"
        "Ett annat stycke kommer här, och det\nhar också två rader.\n\nGallring\n\n"
        "Här är det tredje stycket, som även det\när på två rader."
    )


def test_double_spacing_is_no_paragraph_each_line() -> None:
    page = Page()
    for n, line in enumerate(textwrap.wrap(PROSE, 60)):
        page.text(50, 760 - 22 * n, line)
    assert read(page).text == "\n".join(textwrap.wrap(PROSE, 60))


def test_a_paragraph_goes_on_in_the_next_column_and_on_the_next_page() -> None:
    first, second, third = Page(), Page(), Page()
    first.lines(50, 760, ["Skogen växer långsamt, och den", "som väntar får"])
    second.lines(50, 760, ["mer virke.", "Sedan är det klart."])
    third.lines(50, 760, ["Ett nytt stycke."])
    assert read(first, second, third).text == (
        "Skogen växer långsamt, och den\nsom väntar får\nmer virke.\nSedan är det klart.\n\nEtt nytt stycke."
    )


def test_words_are_neither_lost_nor_doubled_whatever_the_layout() -> None:
    """Words at random places, sizes and turns: order means nothing there, but every word is in the text once."""
    chance = random.Random(11)
    for _ in range(30):
        page, words = Page(), []
        for n in range(chance.randint(1, 60)):
            word = f"ord{n}"
            words.append(word)
            angle = chance.choice([0, 0, 0, 0, 90, 45])
            page.text(
                chance.uniform(20, 500), chance.uniform(20, 800), word, chance.uniform(6, 14), angle=angle
            )
        text = read(page).text
        # Random words may lie on top of each other and then be joined; none of their letters may go.
        assert Counter(text.replace(" | ", "").replace(" ", "").replace("\n", "")) == Counter("".join(words))
