"""PDF: the text that is in it, in the order in which it is read, without headers and footers."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pipeline.errors import Unreadable
from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.html import NO_TEXT
from pipeline.storage.readers.pdf_furniture import without_furniture
from pipeline.storage.readers.pdf_layout import in_reading_order
from pipeline.storage.readers.pdf_paragraphs import as_text
from pipeline.storage.readers.pdf_words import Piece, page_pieces
from pipeline.storage.readers.record import Found, Input

PAGES_LOST = "read.pdf_pages_lost"
MOSTLY_PICTURES = "read.mostly_pictures"

STAMP = 200
"""Characters under which a page may be a picture with a stamp or a page number on it (our choice; a line has 80)."""

PICTURE_DEPTH = 3
"""How deep in nested forms a picture is looked for; producers of scans put it on the page or one form down."""


PARTS = 5_000
"""Parts of such a page that are looked at; a drawing can have a million, and a scan has one or a few hundred (our choice)."""


@dataclass(slots=True)
class _Page:
    pieces: list[Piece]
    # Whether a page of little text holds a picture.
    pictured: bool = False
    lost: bool = False


def read_pdf(file: Input) -> Iterator[Found]:
    data = file.data()
    pages, meta = _pages(data, file.limits.pdf_pages)
    bodies = without_furniture([page.pieces for page in pages])
    text = as_text([in_reading_order(body) for body in bodies])
    counts = {
        "pages": len(pages),
        "pages_without_text": sum(
            page.pictured and not body for page, body in zip(pages, bodies, strict=True)
        ),
        "pages_lost": sum(page.lost for page in pages),
    }
    date = _date(meta.pop("CreationDate", ""))
    described: dict[str, Any] = {
        key.lower(): meta[key] for key in ("Title", "Author", "Subject") if meta.get(key)
    }
    described |= {key: count for key, count in counts.items() if count or key == "pages"}
    yield Found(text, date=date, meta=described, notes=tuple(_notes(text, counts)), whole=True)


def _notes(text: str, counts: dict[str, int]) -> Iterator[str]:
    if not text:
        yield NO_TEXT
    elif counts["pages_without_text"] > counts["pages"] / 2:
        yield MOSTLY_PICTURES
    if counts["pages_lost"]:
        yield PAGES_LOST


def _pages(data: bytes, most: int) -> tuple[list[_Page], dict[str, str]]:
    """Pieces of text of each page, and the document's own description."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        code = "read.pdf_encrypted" if "password" in str(error).lower() else "read.pdf_corrupt"
        raise Unreadable(code, f"PDF cannot be opened: {error}") from error
    try:
        if len(document) > most:
            raise Unreadable("read.too_large", f"{len(document)} pages; the limit is {most}")
        pages = [_page(document, number) for number in range(len(document))]
        if pages and all(page.lost for page in pages):
            raise Unreadable("read.pdf_corrupt", f"none of the {len(pages)} pages can be read")
        return pages, document.get_metadata_dict()
    except pypdfium2.PdfiumError as error:
        raise Unreadable("read.pdf_corrupt", f"the PDF opens but cannot be read: {error}") from error
    finally:
        document.close()


def _page(document: Any, number: int) -> _Page:
    """One page; a damaged one is told of and the others are read."""
    import pypdfium2

    try:
        with closing(document[number]) as page, closing(page.get_textpage()) as text_page:
            pieces = page_pieces(text_page)
            little = sum(len(piece.text) for piece in pieces) < STAMP
            return _Page(pieces, pictured=little and _has_picture(page))
    except pypdfium2.PdfiumError:
        return _Page([], lost=True)


def _has_picture(page: Any) -> bool:
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    return any(
        part.type == FPDF_PAGEOBJ_IMAGE for part in islice(page.get_objects(max_depth=PICTURE_DEPTH), PARTS)
    )


def _date(written: str) -> str | None:
    """PDF writes D:20240131160855-00'00'."""
    found = re.match(r"D:(\d{8})", written)
    return iso_date(found[1]) if found else None
