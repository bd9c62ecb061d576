"""PDF: hyphens and ligatures up to the repaired text, scans, damage, description."""

import random
import sys
import textwrap
from pathlib import Path

import pytest

from pipeline.errors import Unreadable
from pipeline.stages.repair import repair_text

sys.path.insert(0, str(Path(__file__).parent))

from pdf_builder import PROSE, Page, flat, pdf, read, read_bytes

SCAN = Page()
SCAN.image()


def page_of(*lines: str, y: float = 740) -> Page:
    page = Page()
    page.lines(50, y, lines)
    return page


def test_words_divided_at_line_ends_are_joined_by_repair() -> None:
    text = read(
        page_of("Skogen kräver ett skogs-", "bruk som tar hänsyn till små-", "vatten och våtmarker.")
    ).text
    assert text == "Skogen kräver ett skogs-\nbruk som tar hänsyn till små-\nvatten och våtmarker."
    assert (
        flat(repair_text(text)[0])
        == "Skogen kräver ett skogsbruk som tar hänsyn till småvatten och våtmarker."
    )


def test_hyphens_that_belong_to_the_word_stay() -> None:
    lines = ("Det gäller nord-", "och sydsidan, och tv-", "program om skog.")
    assert (
        flat(repair_text(read(page_of(*lines)).text)[0])
        == "Det gäller nord- och sydsidan, och tv- program om skog."
    )


def test_a_word_divided_over_two_pages_is_joined() -> None:
    pages = [
        page_of("Den som vill ha ett hållbart skogs-"),
        page_of("bruk får vänta länge. Det är", "också ett fri-"),
        page_of("lufts-", "liv."),
    ]
    for n, page in enumerate(pages, 1):
        page.text(50, 800, "Skogens handbok", 9)
        page.text(290, 40, f"Sida {n} av 3", 9)
    text = repair_text(read(*pages).text)[0]
    assert (
        flat(text) == "Den som vill ha ett hållbart skogsbruk får vänta länge. Det är också ett friluftsliv."
    )


def test_a_word_divided_over_two_columns_is_joined() -> None:
    page = page_of("Den som vill ha", "ett hållbart skogs-")
    page.lines(320, 740, ["bruk får vänta", "länge."])
    assert "skogsbruk får vänta" in flat(repair_text(read(page).text)[0])


def test_ligatures_are_letters_after_repair() -> None:
    text = read(page_of("Det ﬁnns ﬂera ﬁskar i ﬂoden.")).text
    assert repair_text(text)[0] == "Det finns flera fiskar i floden."


def test_spaces_are_kept_as_they_are_seen() -> None:
    page = Page()
    page.text(50, 740, "Skogen växer")
    page.text(120.4, 740, "långsamt och")
    page.text(50, 726, "ändå  fort.")
    assert read(page).text == "Skogen växer långsamt och\nändå fort."


def test_a_scan_is_told_of() -> None:
    found = read(SCAN, SCAN)
    assert (found.text, found.notes) == ("", ("read.no_text",))
    assert found.meta == {"pages": 2, "pages_without_text": 2}


def test_mostly_scans_are_told_of() -> None:
    found = read(page_of("Handlingarna i målet följer här."), SCAN, SCAN, SCAN)
    assert found.text == "Handlingarna i målet följer här."
    assert found.notes == ("read.mostly_pictures",)
    assert found.meta["pages_without_text"] == 3


def test_scans_with_stamped_page_numbers_are_scans() -> None:
    pages = []
    for n in range(1, 4):
        page = Page()
        page.image()
        page.text(290, 30, f"Sida {n} av 3", 9)
        pages.append(page)
    found = read(*pages)
    assert (found.text, found.notes, found.meta["pages_without_text"]) == ("", ("read.no_text",), 3)


def test_a_few_pages_of_pictures_are_only_counted() -> None:
    found = read(page_of("Första sidan."), SCAN, page_of("Tredje sidan."), Page())
    assert found.notes == ()
    assert found.meta == {"pages": 4, "pages_without_text": 1}


def test_a_damaged_page_does_not_take_the_others_with_it() -> None:
    found = read(page_of("Första sidan."), Page(broken=True), page_of("Tredje sidan."))
    assert found.text == "Första sidan.\n\nTredje sidan."
    assert (found.fault, found.notes, found.meta) == (
        None,
        ("read.pdf_pages_lost",),
        {"pages": 3, "pages_lost": 1},
    )


def test_a_file_of_damaged_pages_is_damaged() -> None:
    with pytest.raises(Unreadable, match="none of the 2 pages can be read") as caught:
        read(Page(broken=True), Page(broken=True))
    assert caught.value.code == "read.pdf_corrupt"


def test_damage_at_any_place_gives_text_or_one_known_fault() -> None:
    """Bytes overwritten at random: whatever comes of it, it is not another exception."""
    pages = [page_of(*textwrap.wrap(PROSE, 60)) for _ in range(4)]
    whole, chance = pdf(*pages), random.Random(7)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        assert outcome(bytes(data)) in ("text", "read.pdf_corrupt", "read.pdf_encrypted")


def outcome(data: bytes) -> str:
    try:
        read_bytes(data)
    except Unreadable as fault:
        return fault.code
    return "text"


def test_text_of_no_size_or_far_off_the_page_is_no_trouble() -> None:
    page = page_of("Skogen växer.")
    page.text(50, 600, "osynlig", 0.001)
    page.text(-9e6, 9e6, "långt borta", 11)
    page.text(50, 580, "stor", 900)
    assert "Skogen växer." in read(page).text


def test_the_same_file_gives_the_same_text() -> None:
    data = pdf(page_of(*textwrap.wrap(PROSE, 60)), page_of("Slut."), title="Gallring")
    assert read_bytes(data) == read_bytes(data)
    assert read_bytes(data).meta["title"] == "Gallring"


@pytest.mark.data
def test_minutes_of_a_meeting_read_as_a_person_would_copy_them(shared_data: Path) -> None:
    """Headings and items stand on their own, wrapped lines stay together, and page numbers are gone."""
    text = read_bytes((shared_data / "raw/digg_pdf/process_3.0_meet1.pdf").read_bytes()).text
    assert text.startswith(
        "Mötesanteckningar 1 DCAT-AP-SE 3.0\n\nDeltagare:\n\nUlrika Domellöf Mattsson, Mattias Ekhem, Digg\n"
    )
    assert (
        "\n\n103\n\nSka HVD category vara sökbart? Metadata behöver då läggas till i DCAT theme.\n\nDokumentation:"
        in text
    )
    assert "lägga till attribut\nmen inte ha obligatoriskt.\n\nFörslag från NV:" in text
    assert "\n\n1) De fält vi önskar\n2) Verktyg\n\nLM: inga inlåsningar\n\n" in text
    assert "(3)" not in text
