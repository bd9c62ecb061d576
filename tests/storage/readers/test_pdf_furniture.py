"""Headers, footers and page numbers of a PDF go; what only looks like them stays."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pdf_builder import Page, read

Header = Callable[[int, int], list[tuple[float, float, str]]]
"""Page number and number of pages -> lines at their places."""

BODY = [
    "Tallen växer på torr och mager mark, och dess virke är rikt på kåda.",
    "Granen vill ha vatten och tål skugga bättre än de flesta andra träd.",
    "Björken kommer först på hygget, och den lever sällan längre än hundra år.",
    "Aspen skjuter rotskott, och en enda stam kan bli en hel dunge på få år.",
    "Eken står längst av alla och släpper ljus till det som växer under den.",
    "Boken fäller sina löv sent, och under den trivs inga örter om sommaren.",
    "Lärken är det enda barrträd här som fäller sina barr om hösten.",
    "Almen är hotad av en svamp som sprids med små skalbaggar i barken.",
]


def document(pages: int, header: Header) -> list[Page]:
    """Pages of two lines each, with what the header says on each."""
    made = []
    for number in range(1, pages + 1):
        page = Page()
        for x, y, text in header(number, pages):
            page.text(x, y, text, 9)
        page.lines(50, 740, body(number))
        made.append(page)
    return made


def body(number: int) -> list[str]:
    """Two lines that no other page has."""
    return [f"{line[:-1]}, {'mycket ' * (number // 4)}ofta." for line in BODY[2 * (number % 4) :][:2]]


def expected(pages: int) -> str:
    return "\n\n".join("\n".join(body(number)) for number in range(1, pages + 1))


def roman(number: int) -> str:
    return ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"][number - 1]


NUMBERS: dict[str, Header] = {
    "plain": lambda n, _: [(290, 40, f"{n}")],
    "from another number": lambda n, _: [(290, 40, f"{n + 316}")],
    "dashes": lambda n, _: [(290, 40, f"– {n} –")],
    "sida 3 av 12": lambda n, all_: [(290, 40, f"Sida {n} av {all_}")],
    "3 (12)": lambda n, all_: [(500, 800, f"{n} ({all_})")],
    "3/12": lambda n, all_: [(500, 800, f"{n}/{all_}")],
    "roman": lambda n, _: [(290, 40, roman(n))],
    "at the outer edge": lambda n, _: [(50 if n % 2 else 540, 40, f"{n}")],
    "after the title": lambda n, _: [(50, 800, f"Skogens träd · sidan {n}")],
    "beside the title": lambda n, _: [(50, 800, "Skogens träd"), (520, 800, f"{n}")],
    "after the chapter": lambda n, _: [
        (50, 800, f"Kapitel {1 + n // 3}: {BODY[n // 3][:20]}"),
        (520, 800, f"{n}"),
    ],
    "title on even, chapter on odd pages": lambda n, _: [
        (50, 800, "Skogens träd" if n % 2 else "Andra delen av handboken"),
        (520, 800, f"{n}"),
    ],
}


@pytest.mark.parametrize("pages", [4, 7, 10])
@pytest.mark.parametrize("form", NUMBERS)
def test_page_numbers_of_any_form_go(form: str, pages: int) -> None:
    assert read(*document(pages, NUMBERS[form])).text == expected(pages)


@pytest.mark.parametrize("pages", [2, 3])
@pytest.mark.parametrize(
    "form", ["sida 3 av 12", "3 (12)", "3/12", "plain", "dashes", "after the title", "beside the title"]
)
def test_they_go_from_two_or_three_pages_too(form: str, pages: int) -> None:
    assert read(*document(pages, NUMBERS[form])).text == expected(pages)


def test_a_first_page_without_its_number_is_no_hindrance() -> None:
    for pages in (2, 3, 5):
        made = document(pages, lambda n, all_: [(500, 800, f"{n} ({all_})")] if n > 1 else [])
        assert read(*made).text == expected(pages)


def test_headers_of_many_lines_go() -> None:
    def letterhead(n: int, pages: int) -> list[tuple[float, float, str]]:
        lines = ["SKOGSSTYRELSEN", "Handbok om träd", f"Datum 2024-03-0{n}", f"Sida {n} av {pages}"]
        return [(50, 820 - 11 * at, line) for at, line in enumerate(lines)] + [
            (50, 50, "Box 1, 551 83 Jönköping"),
            (50, 39, "Telefon 036-35 93 00"),
        ]

    assert read(*document(6, letterhead)).text == expected(6)


def test_a_chapter_in_the_header_goes_where_it_stands_on_three_pages_in_a_row() -> None:
    chapters = ["Om tall", "Om tall", "Om tall", "Om gran", "Om gran", "Om gran", "Om gran"]
    made = document(7, lambda n, _: [(50, 800, chapters[n - 1])])
    assert read(*made).text == expected(7)


def test_what_stands_at_different_heights_is_text() -> None:
    made = document(5, lambda n, _: [(50, 800 - 7 * n, "Anteckningar")])
    assert read(*made).text.count("Anteckningar") == 5


def test_first_and_last_lines_that_are_alike_but_count_nothing_stay() -> None:
    """A statute book whose pages all begin with a paragraph sign: numbers that do not follow the pages."""
    numbers = [3, 7, 8, 15, 16, 20]
    made = document(6, lambda n, _: [(50, 756, f"{numbers[n - 1]} § Regeringen får meddela föreskrifter.")])
    text = read(*made).text
    assert all(f"{number} § Regeringen" in text for number in numbers)


def test_headings_that_count_chapters_stay() -> None:
    pages = []
    for n in range(1, 6):
        page = Page()
        page.text(50, 780, f"Kapitel {n}", 20, "bold")
        page.lines(50, 740, body(n))
        pages.append(page)
    text = read(*pages).text
    assert all(f"Kapitel {n}" in text for n in range(1, 6))


def test_the_head_of_a_table_stays_on_every_page() -> None:
    pages = []
    for n in range(1, 6):
        page = Page()
        page.text(290, 40, f"{n}", 9)
        for at, cell in enumerate(("Trädslag", "Höjd", "Ålder")):
            page.text(50 + 150 * at, 780, cell)
            for row in range(3):
                page.text(50 + 150 * at, 760 - 16 * row, f"{cell[:2]}{n}{row}")
        pages.append(page)
    text = read(*pages).text
    assert text.count("Trädslag | Höjd | Ålder\n") == 5
    assert "Tr10 | Hö10 | Ål10\nTr11 | Hö11 | Ål11" in text
    assert not text.endswith("5")


def test_text_that_comes_again_at_the_same_height_on_some_pages_stays() -> None:
    made = document(7, lambda n, _: [(50, 754, "Antal träd per hektar:")] if n in (2, 6) else [])
    assert read(*made).text.count("Antal träd per hektar:") == 2


def test_two_pages_of_different_text_lose_nothing() -> None:
    made = document(2, lambda n, _: [])
    assert read(*made).text == expected(2)


def test_a_watermark_on_every_page_goes_and_a_note_in_one_margin_stays() -> None:
    made = document(4, lambda n, _: [])
    for n, page in enumerate(made):
        page.text(150, 300, "UTKAST", 14, angle=45)
        page.text(25, 300, "Blankett 17 B", 8, angle=90)
        if n == 2:
            page.text(575, 300, "Se även bilagan", 8, angle=90)
    text = read(*made).text
    assert "UTKAST" not in text
    assert "Blankett" not in text
    assert text.replace("\n\nSe även bilagan", "") == expected(4)


@pytest.mark.parametrize("pages", [1, 2, 3, 5, 9])
def test_no_line_of_the_body_is_lost_whatever_the_header(pages: int) -> None:
    for form, header in NUMBERS.items():
        text = read(*document(pages, header)).text
        assert all(line in text for n in range(1, pages + 1) for line in body(n)), form
