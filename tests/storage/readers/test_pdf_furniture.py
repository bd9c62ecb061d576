"""Headers, footers and page numbers of a PDF go; what only looks like them stays."""

import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

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


def document(pages: int, header: Header, lines: int = 2) -> list[Page]:
    """Pages of a few lines each, with what the header says on each."""
    made = []
    for number in range(1, pages + 1):
        page = Page()
        for x, y, text in header(number, pages):
            page.text(x, y, text, 9)
        page.lines(50, 740, body(number, lines))
        made.append(page)
    return made


def body(number: int, lines: int = 2) -> list[str]:
    """Lines that no other page has at this place."""
    some = [*BODY, *BODY][2 * (number % 4) :][:lines]
    return [f"{line[:-1]}, {'mycket ' * (number // 4)}ofta." for line in some]


def expected(pages: int, lines: int = 2) -> str:
    return "\n\n".join("\n".join(body(number, lines)) for number in range(1, pages + 1))


def roman(number: int) -> str:
    return ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"][number - 1]


def chapter(number: int, pages: int) -> int:
    """Two chapters in files that have three pages for each."""
    return 2 if pages >= 6 and number > pages // 2 else 1


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
    "after the chapter": lambda n, all_: [
        (50, 800, f"Kapitel {chapter(n, all_)}: {BODY[chapter(n, all_)][:20]}"),
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
        placed: list[tuple[float, float, str]] = [(50, 820 - 11 * at, line) for at, line in enumerate(lines)]
        return [*placed, (50, 50, "Box 1, 551 83 Jönköping"), (50, 39, "Telefon 036-35 93 00")]

    assert read(*document(6, letterhead, lines=6)).text == expected(6, lines=6)


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


HEADINGS = {
    "numbered": ["1 Inledning", "2 Metod"],
    "chapters of an act": ["1 kap. Lagens syfte", "2 kap. Definitioner", "3 kap. Tillsyn"],
    "annexes": ["Bilaga 1", "Bilaga 2"],
    "annexes of a long file": [f"Bilaga {n}" for n in range(1, 7)],
    "sections": ["§ 11", "§ 12"],
    "sections of a long file": [f"§ {n}" for n in range(11, 17)],
    "chapters": [f"Kapitel {n}" for n in range(1, 6)],
    "one title, many numbers": [f"Fråga {n}: Hur stor är skogens yta?" for n in range(1, 6)],
    "numbered steps": [f"{n} Plantera och vattna träden" for n in range(1, 3)],
    "an interview each": [f"Deltagare {n}" for n in range(1, 7)],
    "numbers with a full stop": [f"{n}. Anteckningar från slingan" for n in range(1, 7)],
    "annexes that say how many they are": ["Bilaga 1 (2)", "Bilaga 2 (2)"],
    "years": ["2023", "2024"],
    "years of a long file": [f"{n}" for n in range(2019, 2025)],
}


@pytest.mark.parametrize("size", [11, 14])
@pytest.mark.parametrize("number", [False, True])
@pytest.mark.parametrize("form", HEADINGS)
def test_headings_that_go_up_with_the_pages_stay(form: str, number: bool, size: float) -> None:
    headings = HEADINGS[form]
    pages = document(len(headings), lambda n, _: [(290, 40, f"{n}")] if number else [], lines=4)
    for page, heading in zip(pages, headings, strict=True):
        page.text(50, 800, heading, size)
    text = read(*pages).text
    assert [heading for heading in headings if heading not in text] == []
    assert not text.endswith(f"\n{len(headings)}")


@pytest.mark.parametrize("number", [False, True])
def test_a_decision_low_on_both_of_two_pages_stays(number: bool) -> None:
    pages = document(2, lambda n, _: [(290, 810, f"{n}")] if number else [])
    for page in pages:
        page.text(50, 100, "Beslut: bifall till förslaget.")
    assert read(*pages).text.count("Beslut: bifall till förslaget.") == 2


def test_questions_and_answers_stay() -> None:
    pages = [Page() for _ in range(5)]
    for n, page in enumerate(pages, 1):
        page.text(50, 800, f"Fråga {n}: Hur stor är ytan?")
        page.text(50, 780, f"Svar: {13 * n} hektar.")
    text = read(*pages).text
    assert (text.count("Hur stor är ytan?"), text.count("Svar:")) == (5, 5)


def test_short_pages_that_are_much_alike_stay() -> None:
    pages = [Page() for _ in range(5)]
    for n, page in enumerate(pages, 1):
        page.text(50, 800, f"{n} §")
        page.text(50, 780, "Skogsägaren ska anmäla avverkning.")
        page.text(50, 760, f"Kapitel {n} handlar om skog.")
    found = read(*pages)
    assert found.notes == ()
    assert all(f"{n} §" in found.text and f"Kapitel {n} handlar" in found.text for n in range(1, 6))
    assert found.text.count("Skogsägaren ska anmäla avverkning.") == 5


@pytest.mark.parametrize("line", ["Bild {}", "Skogens många träd {}", "Träd"])
def test_pages_of_one_row_keep_it(line: str) -> None:
    pages = [Page() for _ in range(5)]
    for n, page in enumerate(pages, 1):
        page.text(50, 400, line.format(n))
    assert all(line.format(n) in read(*pages).text for n in range(1, 6))


def test_what_would_be_a_third_of_the_text_is_the_text() -> None:
    made = document(
        6,
        lambda n, _: [(50, 800, "Blankett för den som vill anmäla avverkning av skog"), (290, 40, f"{n}")],
        1,
    )
    text = read(*made).text
    assert text.count("Blankett för den som") == 6
    assert not text.endswith("6")


def test_a_header_of_a_short_file_goes_with_its_page_label() -> None:
    header: Header = lambda n, _: [(50, 811, "Skogens träd"), (50, 800, f"Sida {n}")]  # noqa: E731
    assert read(*document(2, header, lines=4)).text == expected(2, lines=4)


def test_a_sum_low_on_both_of_two_pages_stays() -> None:
    """Set off like a page number, but it does not count."""
    made = document(2, lambda n, _: [(50, 100, "Summa"), (500, 100, "100")])
    assert read(*made).text.count("100") == 2


def test_a_long_row_of_marks_takes_no_time() -> None:
    made = document(4, lambda n, _: [(0, 30, f"{'| ' * 30000}x {n} {'. ' * 30000}x")])
    start = process_time()
    read(*made)
    assert process_time() - start < 20
