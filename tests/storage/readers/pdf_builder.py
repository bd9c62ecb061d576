"""Writes small PDFs for tests: text at given places in the standard fonts, always the same bytes for the same pages."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from math import cos, radians, sin

from pipeline.storage.readers.pdf import read_pdf
from pipeline.storage.readers.record import Found, Input, ReadLimits
from pipeline.storage.sources import SourceSpec

PROSE = (
    "Gallring är en av de viktigaste åtgärderna i en växande skog. Genom att ta bort en del av stammarna får de träd som "
    "lämnas mer ljus, vatten och näring, och de växer sig grövre under de år som är kvar till slutavverkningen. Den som "
    "gallrar för sent får smala kronor och träd som bryts av snö, medan den som gallrar för hårt öppnar för stormen."
)
OTHER = (
    "Granbarkborren svärmar när dagarna blir varma och angriper helst träd som är försvagade av torka. Honan lägger sina ägg "
    "under barken, och larverna äter av det lager som leder näring nedåt. Ett angripet träd känns igen på det bruna borrmjölet "
    "vid stammens fot, och det ska ut ur skogen innan nästa generation kryper fram och flyger vidare till grannen."
)

WIDTH, HEIGHT = 595, 842
FONTS = {"helvetica": "Helvetica", "times": "Times-Roman", "courier": "Courier", "bold": "Helvetica-Bold"}
COURIER = 0.6
"""Width of every character of Courier, as a share of its size: the only standard font in which a test can do sums."""

LIGATURES = {"\N{LATIN SMALL LIGATURE FI}": "\x81", "\N{LATIN SMALL LIGATURE FL}": "\x8d"}
"""Characters that the fonts draw as one glyph, at two places that cp1252 leaves free."""

ENCODING = b"<</Type/Encoding/BaseEncoding/WinAnsiEncoding/Differences[129/fi 141/fl]>>"
PIXEL = b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>stream\n\x80\nendstream"


@dataclass
class Page:
    """Content in the order in which it is written, which need not be the order in which it is read."""

    parts: list[bytes] = field(default_factory=list)
    rotate: int = 0
    broken: bool = False

    def text(
        self, x: float, y: float, text: str, size: float = 11, font: str = "helvetica", angle: float = 0
    ) -> None:
        """One string whose baseline starts at x, y (points from the lower left corner)."""
        turn = radians(angle)
        place = (cos(turn), sin(turn), -sin(turn), cos(turn), x, y)
        matrix = " ".join(f"{number:.4f}" for number in place).encode()
        shown = _bytes(text).replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        self.parts.append(b"BT /%s %.2f Tf %s Tm (%s) Tj ET" % (font.encode(), size, matrix, shown))

    def lines(self, x: float, y: float, lines: Iterable[str], size: float = 11, **how: object) -> float:
        """Lines one below the other; the baseline for one more line is returned."""
        for line in lines:
            self.text(x, y, line, size, **how)  # type: ignore[arg-type]
            y -= 1.2 * size
        return y

    def image(self, x: float = 0, y: float = 0, width: float = WIDTH, height: float = HEIGHT) -> None:
        self.parts.append(b"q %.2f 0 0 %.2f %.2f %.2f cm /Im Do Q" % (width, height, x, y))


def read(*pages: Page) -> Found:
    """What the reader finds in a file of these pages."""
    return read_bytes(pdf(*pages))


def read_bytes(data: bytes) -> Found:
    (found,) = read_pdf(Input("skog.pdf", "skog.pdf", BytesIO(data), SourceSpec(), ReadLimits()))
    return found


def flat(text: str) -> str:
    """The words alone, with one space between."""
    return " ".join(text.split())


def pdf(*pages: Page, title: str = "") -> bytes:
    """A file of these pages. Object 1 is the catalogue, 2 the tree of pages, 3 the picture, then fonts and pages."""
    fonts = [
        b"<</Type/Font/Subtype/Type1/BaseFont/%s/Encoding%s>>" % (f.encode(), ENCODING)
        for f in FONTS.values()
    ]
    first = 4 + len(fonts)
    named = b"".join(b"/%s %d 0 R" % (name.encode(), 4 + n) for n, name in enumerate(FONTS))
    resources = b"<</Font<<%s>>/XObject<</Im 3 0 R>>>>" % named
    kids = b" ".join(b"%d 0 R" % (first + 2 * n) for n in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(pages)),
        PIXEL,
        *fonts,
    ]
    for number, page in enumerate(pages):
        content = b"\n".join(page.parts)
        objects.append(_page(page, first + 2 * number + 1, resources))
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    objects.append(b"<</Title(%s)>>" % title.encode("cp1252"))
    return _file(objects)


def _bytes(text: str) -> bytes:
    for glyph, place in LIGATURES.items():
        text = text.replace(glyph, place)
    return b"".join(c.encode("latin-1" if c in LIGATURES.values() else "cp1252") for c in text)


def _page(page: Page, content: int, resources: bytes) -> bytes:
    if page.broken:
        return b"(no page at all)"
    box = b"[0 0 %d %d]" % (WIDTH, HEIGHT)
    return b"<</Type/Page/Parent 2 0 R/MediaBox%s/Rotate %d/Contents %d 0 R/Resources%s>>" % (
        box,
        page.rotate,
        content,
        resources,
    )


def _file(objects: list[bytes]) -> bytes:
    body, offsets = b"%PDF-1.4\n", []
    for number, part in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count, info = len(objects) + 1, len(objects)
    trailer = b"trailer<</Size %d/Root 1 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF" % (count, info, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % count + table + trailer
