"""Pages as they come: broken, deep, in odd encodings, with text where none should be."""

import time
from typing import Any

import pytest

from pipeline.errors import Unreadable
from pipeline.storage.readers import html
from pipeline.storage.readers.html import TOO_DEEP, found_page

PROSE = "Gallring i äldre tallskog ger de kvarvarande träden mera ljus och vatten under tio år."


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("bara text", "bara text"),
        ("<p>ett</body></html>efter<p>sist", "ett\n\nefter\n\nsist"),
        ("<body>ett</body><body>två</body>", "ett\n\ntvå"),
        ("<title>t</title><p>utan html och body", "utan html och body"),
        ("<p>a\0b", "ab"),
        ("<p>före <![CDATA[ x < y & <b> ]]> efter", "före x < y & <b> efter"),
        ("<p>före <![CDATA[ utan slut", "före"),
        ("<![if !IE]>syns<![endif]><!--[if IE]>syns inte<![endif]-->", "syns"),
        ("<frameset><frame src=a><noframes><body>Text &amp; mer<p>två</noframes></frameset>", "Text & mer två"),
        ("<base href='http://x.example/'><p>text", "text"),
        ('<html:html xmlns:html="http://www.w3.org/1999/xhtml"><html:body><html:p>ett</html:p><html:p>två</html:p></html:body></html:html>', "ett\n\ntvå"),
        ("<p>ord<o:p></o:p>et", "ordet"),
        ("<p>1<b>2<i>3</b>4</i>5", "12345"),
        ("<div><p>oslutet<div><span>mer", "oslutet\n\nmer"),
        ("<template shadowrootmode=open><p>skugga</p></template><template>mall</template>ljus", "skugga\n\nljus"),
        ("<p>\N{REPLACEMENT CHARACTER}x", "\N{REPLACEMENT CHARACTER}x"),
    ],
)  # fmt: skip
def test_odd_markup_loses_no_text(page: str, text: str) -> None:
    assert found_page(page.encode()).text == text


@pytest.mark.parametrize("page", [b"", b"  \n", b"<!-- bara en kommentar -->"])
def test_a_page_of_nothing_is_named(page: bytes) -> None:
    with pytest.raises(Unreadable, match="no element and no text"):
        found_page(page)


def test_a_declaration_that_is_wrong_is_not_believed() -> None:
    page = f'<meta charset="iso-8859-1"><main><p>{PROSE}</p></main>'
    assert found_page(page.encode()).text == PROSE
    assert found_page(page.replace("iso-8859-1", "utf-8").encode("cp1252")).text == PROSE


@pytest.mark.parametrize("depth", [260, 2000])
def test_deep_pages_lose_furniture_and_no_text(depth: int) -> None:
    inner = f"<nav>meny</nav><h1>Först</h1><p>{PROSE}</p><div class=sidebar>bredvid</div>"
    found = found_page(f"{'<div>' * depth}{inner}{'</div>' * depth}<p>sist</p>".encode())
    assert found.text == f"Först\n\n{PROSE}\n\nsist"
    assert found.notes == ()


def test_a_page_without_end_of_depth_is_read_whole_and_in_order() -> None:
    page = "".join(f"<div>{n} " for n in range(100_000)) + "</div>" * 100_000 + "<p>sist</p>"
    found = found_page(page.encode())
    assert found.text.split() == [*map(str, range(100_000)), "sist"]
    assert found.notes == (TOO_DEEP,)
    assert html.markup_text(page).split()[-2:] == ["99999", "sist"]


def test_depth_alone_is_flagged_where_a_page_marks_nothing() -> None:
    assert found_page(("<div>" * 260 + "text").encode()).notes == (TOO_DEEP,)
    assert found_page(("<div>" * 260 + "<main><p>" + PROSE).encode()).notes == ()


def test_stray_end_tags_of_a_deep_page_do_not_take_minutes() -> None:
    page = "<i>" * 100_000 + "text" + "</b>" * 100_000
    assert found_page(page.encode()).text == "text"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<title> Gallring\n i tall </title>", {"title": "Gallring i tall"}),
        ("<link rel=canonical href='https://skog.example/a'>", {"url": "https://skog.example/a"}),
        ("<link rel=canonical href='/a'><link rel=next href='https://skog.example/b'>", {}),
        ("<svg><title>ikon</title></svg>", {}),
    ],
)
def test_title_and_address(head: str, expected: dict[str, Any]) -> None:
    assert found_page(f"{head}<p>text".encode()).meta == expected


def test_the_address_that_was_fetched_wins() -> None:
    page = b"<link rel=canonical href='https://skog.example/a'><p>text"
    assert found_page(page, url="https://skog.example/b").meta == {"url": "https://skog.example/b"}


@pytest.mark.parametrize(
    ("page", "language"),
    [
        ("<html lang=sv><meta property='og:locale' content='en_US'>", "sv"),
        ("<html xml:lang=nn>", "nn"),
        ("<meta http-equiv='Content-Language' content='da'>", "da"),
        ("<meta http-equiv='Content-Language' content='sv, en'>", None),
        ("<meta property='og:locale' content='sv_SE'>", "sv-SE"),
        ("<div lang=de>", None),
    ],
)
def test_language_as_declared(page: str, language: str | None) -> None:
    assert found_page(f"{page}<p>text".encode()).language == language


LINKED_DATA = '<script type="application/ld+json">{}</script>'


@pytest.mark.parametrize(
    ("page", "date"),
    [
        ("<meta property='article:published_time' content='2024-05-03T10:00:00+02:00'>", "2024-05-03T10:00:00+02:00"),
        ("<meta name='DC.date' content='2024-05-03'>", "2024-05-03"),
        ("<meta name=date content='vet ej'><time itemprop=datePublished datetime='2024-05-03'>i maj</time>", "2024-05-03"),
        ("<time pubdate datetime='2024-05-03'>i maj</time>", "2024-05-03"),
        ("<time datetime='2024-05-03'>i maj</time><p>© 2019", None),
        (LINKED_DATA.format('{"@graph": [{"@type": "Article", "datePublished": "2024-05-03"}]}'), "2024-05-03"),
        (LINKED_DATA.format('[{"datePublished": "2024-05-03"}, {"datePublished": "2023-01-01"}]'), None),
        (LINKED_DATA.format('{"datePublished": '), None),
        (LINKED_DATA.format("[" * 100_000), None),
    ],
)  # fmt: skip
def test_the_date_that_the_page_calls_its_own(page: str, date: str | None) -> None:
    assert found_page(f"{page}<p>text".encode()).date == date


@pytest.mark.parametrize(
    "page",
    [
        "<main>" + "<h2>Related</h2><a href=1>x</a>" * 20_000,
        "<main>" + PROSE * 9000 + "<div><a href=x>1. a</a><a href=x>1. b</a><a href=x>1. c</a>" * 2900,
        "<p>" + "<a href=x>share</a> " * 30_000,
        "<div>" + "<button>x</button><p>cookies" * 20_000,
        "<title>x</title>" + "<h1>x</h1><nav>y</nav>" * 20_000,
    ],
    ids=["headings", "nested links", "labels", "buttons", "headlines"],
)
def test_time_grows_with_the_page_and_not_with_its_square(page: str) -> None:
    start = time.process_time()
    found_page(page.encode())
    assert time.process_time() - start < 5


def test_indents_of_lists_without_end_do_not_swell_the_text() -> None:
    assert len(found_page(("<ul><li>x" * 1000).encode()).text) < 25_000
