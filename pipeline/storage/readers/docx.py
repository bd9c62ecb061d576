"""Word documents: paragraphs, lists and tables in document order."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from pipeline.errors import Unreadable
from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.html import NO_TEXT
from pipeline.storage.readers.package import Package
from pipeline.storage.readers.record import Found, Input

DOCTYPE = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
"""Sought in the whole part: any number of spaces may stand before it."""


def read_docx(file: Input) -> Iterator[Found]:
    data = file.data()
    _check(data, file)
    document = _open(data)
    blocks = [_block(block) for block in document.iter_inner_content()]
    text = "\n\n".join(block for block in blocks if block.strip())
    core = document.core_properties
    meta = {key: value for key, value in (("title", core.title), ("author", core.author)) if value}
    # python-docx invents a date where there is none; a year before Word is no date.
    date = iso_date(core.created) if core.created and core.created.year > 1990 else None
    yield Found(text, date=date, meta=meta, notes=() if text else (NO_TEXT,), whole=True)


def _check(data: bytes, file: Input) -> None:
    """Refuse bombs and DTDs before python-docx parses every part. Word writes no DTD, ever."""
    package = Package(data, file.limits)
    for name in sorted(package.names):
        if name.endswith((".xml", ".rels")) and any(mark in package.read(name) for mark in DOCTYPE):
            raise Unreadable("read.xml_dtd", f"the part {name} declares a DTD, which Word never does")
    package.close()


def _open(data: bytes) -> Any:
    import docx
    from docx.opc.exceptions import OpcError
    from lxml import etree

    try:
        return docx.Document(io.BytesIO(data))
    except (
        OpcError,
        etree.XMLSyntaxError,
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        ValueError,
        AttributeError,
    ) as error:
        raise Unreadable("read.docx_corrupt", f"Word document cannot be read: {error}") from error


def _block(block: Any) -> str:
    if hasattr(block, "rows"):
        return "\n".join(_row(row) for row in block.rows)
    text: str = block.text
    style = (block.style.name or "") if block.style is not None else ""
    return f"- {text}" if text.strip() and style.startswith("List") else text


def _row(row: Any) -> str:
    """Cells parted by bars; a merged cell comes once, though Word lists it for every column that it covers."""
    cells: list[Any] = []
    for cell in row.cells:
        if not cells or cell._tc is not cells[-1]._tc:
            cells.append(cell)
    return " | ".join(" ".join(cell.text.split()) for cell in cells)
