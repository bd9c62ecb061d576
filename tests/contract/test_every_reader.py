"""What every reader promises: the text comes back, damage becomes a fault record, the same file gives the same records."""

import bz2
import gzip
import io
import json
import lzma
import sys
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pipeline.schema import RAW, check_schema, doc_id
from pipeline.storage.readers import READERS, ReadLimits, Record, read_file, read_tables
from pipeline.storage.readers.formats import Format
from pipeline.storage.readers.record import Found, Input
from pipeline.storage.sources import SourceSpec, list_input

FIRST = "Skogen på ön växer långsamt, men den växer."
SECOND = "Vid gallring tas de klena träden först."


def _html() -> bytes:
    menu = "<nav><a href='/'>Hem</a> <a href='/om'>Om oss</a></nav>"
    page = f"<html lang=sv><head><title>Skog</title></head><body>{menu}<main><p>{FIRST}</p><p>{SECOND}</p></main></body></html>"
    return page.encode()


def _zip(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data)
    return buffer.getvalue()


def _docx() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("Gallring", 1)
    document.add_paragraph(FIRST)
    table = document.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "tall", "gran"
    document.add_paragraph(SECOND)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _pdf() -> bytes:
    """A page with one line of text in a standard font, written by hand; WinAnsi is cp1252."""
    lines = b" ".join(
        b"BT /F1 12 Tf 50 %d Td (%s) Tj ET" % (700 - 20 * n, text.encode("cp1252"))
        for n, text in enumerate((FIRST, SECOND))
    )
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(lines), lines),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        body
        + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (table, len(body))
    )


def _parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": ["a", "b"], "text": [FIRST, SECOND]}), buffer, write_page_checksum=True)
    return buffer.getvalue()


def _epub() -> bytes:
    page = "<html xmlns='http://www.w3.org/1999/xhtml'><body><p>{}</p></body></html>"
    opf = (
        "<package xmlns='http://www.idpf.org/2007/opf'><metadata><dc:title xmlns:dc='http://purl.org/dc/elements/1.1/'>Skog</dc:title>"
        "</metadata><manifest><item id='b' href='2.xhtml'/><item id='a' href='1.xhtml'/></manifest>"
        "<spine><itemref idref='a'/><itemref idref='b'/></spine></package>"
    )
    return _zip(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": b"<container><rootfiles><rootfile full-path='O/b.opf'/></rootfiles></container>",
            "O/b.opf": opf.encode(),
            "O/1.xhtml": page.format(FIRST).encode(),
            "O/2.xhtml": page.format(SECOND).encode(),
        }
    )


def _odt() -> bytes:
    content = (
        "<o:document-content xmlns:o='urn:oasis:names:tc:opendocument:xmlns:office:1.0' "
        "xmlns:t='urn:oasis:names:tc:opendocument:xmlns:text:1.0'><o:body><o:text>"
        f"<t:h>Gallring</t:h><t:p>{FIRST}</t:p><t:p>{SECOND}</t:p></o:text></o:body></o:document-content>"
    )
    return _zip({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": content.encode()})


def _warc() -> bytes:
    records = []
    for number, text in enumerate((FIRST, SECOND)):
        http = (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + f"<p>{text}</p>".encode()
        )
        head = (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:0000000{number}-0000-4000-8000-000000000000>\r\n"
            "WARC-Date: 2024-01-01T00:00:00Z\r\nWARC-Target-URI: http://example.org/\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
        )
        records.append(head.encode() + http + b"\r\n\r\n")
    return b"".join(records)


def _mail() -> bytes:
    message = "From: a@example.org\nSubject: Skog\nMessage-ID: <1@example.org>\nContent-Type: text/plain; charset=utf-8\n\n"
    return "".join(
        f"From a Mon Jan  1 00:00:00 2024\n{message}{text}\n\n" for text in (FIRST, SECOND)
    ).encode()


def _tei() -> bytes:
    return (
        "<?xml version='1.0'?><TEI xmlns='http://www.tei-c.org/ns/1.0'><teiHeader><titleStmt><title>Skog</title></titleStmt></teiHeader>"
        f"<text><body><p>{FIRST}</p><pb/><p>{SECOND}</p></body></text></TEI>"
    ).encode()


ROWS = [{"id": "a", "text": FIRST}, {"id": "b", "text": SECOND}]

# Format -> file name, content, number of records.
SAMPLES: dict[str, tuple[str, Callable[[], bytes], int]] = {
    "text": ("skog.txt", lambda: f"{FIRST}\n{SECOND}\n".encode(), 1),
    "markdown": ("skog.md", lambda: f"---\ntitle: Skog\n---\n{FIRST}\n\n{SECOND}\n".encode(), 1),
    "jsonl": ("skog.jsonl", lambda: "".join(json.dumps(row) + "\n" for row in ROWS).encode(), 2),
    "json": ("skog.json", lambda: json.dumps(ROWS).encode(), 2),
    "delimited": ("skog.csv", lambda: f'id;text\r\na;"{FIRST}"\r\nb;{SECOND}\r\n'.encode("cp1252"), 2),
    "parquet": ("skog.parquet", _parquet, 2),
    "html": ("skog.html", _html, 1),
    "xml": ("skog.xml", _tei, 1),
    "pdf": ("skog.pdf", _pdf, 1),
    "docx": ("skog.docx", _docx, 1),
    "epub": ("skog.epub", _epub, 1),
    "opendocument": ("skog.odt", _odt, 1),
    "mail": ("skog.mbox", _mail, 2),
    "warc": ("skog.warc", _warc, 2),
    "roff": ("skog.1", lambda: f'.TH SKOG 1\n.SH NAMN\n{FIRST}\n.PP\n\\fB{SECOND}\\fP\n'.encode(), 1),
}  # fmt: skip


def _read(folder: Path, name: str, data: bytes) -> list[Record]:
    path = folder / name
    path.write_bytes(data)
    return list(read_file(path, name, SourceSpec(), ReadLimits()))


def _texts(records: list[Record]) -> str:
    return "\n".join(record.text for record in records)


def test_every_reader_has_a_sample() -> None:
    assert set(SAMPLES) == set(READERS)


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_text_comes_back_in_order_with_place_and_name(kind: str, tmp_path: Path) -> None:
    name, make, count = SAMPLES[kind]
    records = _read(tmp_path, name, make())
    assert [record.fault for record in records] == [None] * count
    assert [record.position for record in records] == list(range(count))
    assert len({record.record_id for record in records}) == count
    assert count > 1 or records[0].record_id == name
    text = _texts(records)
    assert 0 <= text.find(FIRST) < text.find(SECOND)
    assert "Om oss" not in text


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_empty_file_is_one_fault_record(kind: str, tmp_path: Path) -> None:
    (record,) = _read(tmp_path, SAMPLES[kind][0], b"")
    assert (record.fault, record.text) == ("read.empty", "")
    assert record.meta["fault"]


@pytest.mark.parametrize("kind", SAMPLES)
def test_truncated_and_flipped_bytes_never_raise(kind: str, tmp_path: Path) -> None:
    name, make, _ = SAMPLES[kind]
    data = make()
    for end in sorted({1, 2, 5, *range(7, len(data), max(1, len(data) // 25))}):
        assert _read(tmp_path, name, data[:end])
    for at in range(0, len(data), max(1, len(data) // 25)):
        broken = bytearray(data)
        broken[at] ^= 0xFF
        for record in _read(tmp_path, name, bytes(broken)):
            record.text.encode("utf-8")
            assert record.fault is None or record.text == ""


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_same_bytes_give_the_same_records(kind: str, tmp_path: Path) -> None:
    name, make, _ = SAMPLES[kind]
    data = make()
    assert _read(tmp_path, name, data) == _read(tmp_path, name, data)


@pytest.mark.parametrize("kind", SAMPLES)
def test_records_fit_the_schema(kind: str, tmp_path: Path) -> None:
    name, make, count = SAMPLES[kind]
    (tmp_path / name).write_bytes(make())
    (file,) = list_input(tmp_path)
    (table,) = read_tables(file, SourceSpec(), ReadLimits())
    check_schema(table, RAW, kind)
    assert table.num_rows == count
    assert table.column("doc_id").to_pylist() == [doc_id("input", name, at) for at in range(count)]
    assert all(
        meta == json.dumps(json.loads(meta), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        for meta in table.column("meta").to_pylist()
    )


def read_subtitles(file: Input) -> Iterator[Found]:
    """A reader as docs/readers.md shows it."""
    lines = [line.strip() for line in file.data().decode("utf-8").split("\n")]
    spoken = [line for line in lines if line and not line.isdigit() and "-->" not in line]
    yield Found("\n".join(spoken), whole=True)


def test_a_new_format_is_one_function_and_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("pipeline.storage.readers.subtitles")
    module.read_subtitles = read_subtitles  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(READERS, "subtitles", Format("subtitles:read_subtitles", "srt"))
    told = (
        f"1\n00:00:01,000 --> 00:00:04,000\n{FIRST}\n\n2\n00:00:05,000 --> 00:00:09,000\n{SECOND}\n".encode()
    )
    for name, data in {
        "a.srt": told,
        "b.srt.gz": gzip.compress(told),
        "c.zip": _zip({"d.srt": told}),
    }.items():
        (record,) = _read(tmp_path, name, data)
        assert (record.text, record.fault) == (f"{FIRST}\n{SECOND}", None)
    assert _read(tmp_path, "e.srt", b"\xff")[0].fault == "read.parser_failed"


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("kind", [kind for kind in SAMPLES if kind != "parquet"])
def test_compression_changes_nothing_but_the_name(kind: str, suffix: str, tmp_path: Path) -> None:
    name, make, _ = SAMPLES[kind]
    packers: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
        ".zst": zstandard.compress,
    }
    pack = packers[suffix]
    plain, packed = _read(tmp_path, name, make()), _read(tmp_path, name + suffix, pack(make()))
    assert [(record.text, record.meta, record.fault) for record in packed] == [
        (record.text, record.meta, record.fault) for record in plain
    ]
    assert packed[0].uri == name + suffix


@pytest.mark.parametrize("archive", ["alla.zip", "alla.tar", "alla.tar.gz"])
def test_every_format_reads_from_an_archive(archive: str, tmp_path: Path) -> None:
    files = {f"mapp/{name}": make() for name, make, _ in SAMPLES.values()}
    records = _read(tmp_path, archive, _zip(files) if archive.endswith("zip") else _tar(files, archive))
    assert {record.uri for record in records} == {f"{archive}/{name}" for name in files}
    assert [record.fault for record in records if record.fault] == []
    assert len(records) == sum(count for _, _, count in SAMPLES.values())


def _tar(files: dict[str, bytes], name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz" if name.endswith("gz") else "w") as archive:
        for member, data in files.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["jsonl", "delimited"])
def test_memory_stays_flat_over_a_long_file(kind: str, tmp_path: Path) -> None:
    name = SAMPLES[kind][0]
    row = json.dumps({"text": FIRST * 40}) if kind == "jsonl" else f"a;{FIRST * 40}"
    path = tmp_path / name
    path.write_bytes((("" if kind == "jsonl" else "id;text\n") + (row + "\n") * 10_000).encode())
    tracemalloc.start()
    count = sum(1 for _ in read_file(path, name, SourceSpec(), ReadLimits()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 10_000
    assert peak < 8 << 20
