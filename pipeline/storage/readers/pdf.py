"""PDF: the text that is in it, page by page in the order in which it was written, without headers and footers."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipeline.errors import Unreadable
from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.html import NO_TEXT
from pipeline.storage.readers.record import Found, Input

ONE_WORD = 0.6
"""Share of one-word lines from which a page was set word by word and its line breaks mean nothing (our choice)."""

REPEATED = 0.6
"""Share of the pages on which a first or last line must stand to be a header or footer (our choice)."""


def read_pdf(file: Input) -> Iterator[Found]:
    data = file.data()
    pages, meta = _pages(data, file.limits.pdf_pages)
    text = "\n\n".join(filter(None, map(_mended, _without_furniture(pages)))).strip()
    date = _date(meta.pop("CreationDate", ""))
    described = {
        key.lower(): value for key, value in meta.items() if key in ("Title", "Author", "Subject") and value
    }
    described["pages"] = len(pages)
    yield Found(text, date=date, meta=described, notes=() if text else (NO_TEXT,), whole=True)


def _pages(data: bytes, most: int) -> tuple[list[list[str]], dict[str, Any]]:
    """Lines of each page, and the document's own description."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        code = "read.pdf_encrypted" if "password" in str(error).lower() else "read.pdf_corrupt"
        raise Unreadable(code, f"PDF cannot be opened: {error}") from error
    try:
        if len(document) > most:
            raise Unreadable("read.too_large", f"{len(document)} pages; the limit is {most}")
        pages = [_page_lines(document, number) for number in range(len(document))]
        return pages, document.get_metadata_dict()
    except pypdfium2.PdfiumError as error:
        raise Unreadable("read.pdf_corrupt", f"a page cannot be read: {error}") from error
    finally:
        document.close()


def _page_lines(document: Any, number: int) -> list[str]:
    page = document[number]
    text_page = page.get_textpage()
    text: str = text_page.get_text_range()
    text_page.close()
    page.close()
    # pdfium marks a hyphen at a line end that it would remove with U+FFFE or U+0002; repair joins such words.
    text = text.replace("\N{PARAGRAPH SEPARATOR}", "\n").replace("\ufffe", "-\n").replace("\x02", "-\n")
    return [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def _without_furniture(pages: list[list[str]]) -> list[list[str]]:
    """Pages without the first and last lines that most of them share; page numbers differ and count as the same."""
    pages = [[line for line in page if line.strip()] for page in pages]
    if len(pages) < 4:
        return pages
    for at in (0, -1):
        counts = Counter(_shape(page[at]) for page in pages if page)
        common = {shape for shape, count in counts.items() if count >= REPEATED * len(pages)}
        for page in pages:
            if page and _shape(page[at]) in common:
                del page[at]
    return pages


def _shape(line: str) -> str:
    return re.sub(r"\d+|\b[ivxlc]+\b", "0", line.strip().lower())


def _mended(lines: list[str]) -> str:
    """The page's text; a page of one word a line is one paragraph."""
    single = sum(" " not in line for line in lines)
    return (" " if len(lines) >= 20 and single > ONE_WORD * len(lines) else "\n").join(lines)


def _date(written: str) -> str | None:
    """PDF writes D:20240131160855-00'00'."""
    found = re.match(r"D:(\d{8})", written)
    return iso_date(found[1]) if found else None
