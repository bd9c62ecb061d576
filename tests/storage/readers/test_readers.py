"""What single readers know of their formats."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import ConfigError
from pipeline.storage.readers import ReadLimits, Record, parquet, read_file, read_tables
from pipeline.storage.readers.dates import iso_date
from pipeline.storage.readers.record import Found, Input
from pipeline.storage.sources import SourceSpec, list_input

LIMITS = ReadLimits()


def read(folder: Path, name: str, content: str | bytes, spec: SourceSpec | None = None) -> list[Record]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_file(path, name, spec or SourceSpec(), LIMITS, prefix="källa/"))


def test_front_matter_becomes_meta_and_leaves_the_text(tmp_path: Path) -> None:
    page = "---\ntitle: Gallring\ndate: 2024-03-01\nlang: sv\ngroup: skötsel\ntags: [tall, gran]\n---\n\n# Gallring\n\nText.\n"
    (record,) = read(tmp_path, "g.md", page)
    assert record.text == "# Gallring\n\nText.\n"
    assert (record.date, record.declared_language, record.group) == ("2024-03-01", "sv", "skötsel")
    assert record.meta == {"title": "Gallring", "tags": ["tall", "gran"]}
    assert record.record_id == "källa/g.md"


@pytest.mark.parametrize(
    "page", ["---\nEn linje överst, inget mer.\n", "---\n- a\n- b\n---\ntext", "---\na: [b\n---\ntext"]
)
def test_what_is_no_front_matter_stays_text(page: str, tmp_path: Path) -> None:
    (record,) = read(tmp_path, "g.md", page)
    assert record.text == page
    assert record.meta == {}


def test_a_record_takes_its_own_id_group_date_and_language(tmp_path: Path) -> None:
    row = {
        "id": 7,
        "text": "Hej",
        "group": "a",
        "datum": "3 maj 1998",
        "lang": "nn",
        "källa": "x",
        "tom": None,
    }
    first, second = read(tmp_path, "r.jsonl", json.dumps(row) + "\n" + json.dumps({"text": "Hå"}))
    assert (first.record_id, first.group, first.date, first.declared_language) == (
        "7",
        "a",
        "1998-05-03",
        "nn",
    )
    assert first.meta == {"källa": "x"}
    assert second.record_id == "källa/r.jsonl#1"


def test_source_toml_names_the_fields(tmp_path: Path) -> None:
    spec = SourceSpec(text="brödtext", id="nr", group="ärende", date="inkom", language="sv")
    row = {"nr": "A1", "brödtext": "Hej", "ärende": "12", "inkom": "2024-01-31", "text": "fel"}
    (record,) = read(tmp_path, "r.jsonl", json.dumps(row), spec)
    assert (record.record_id, record.text, record.group, record.date) == ("A1", "Hej", "12", "2024-01-31")
    assert record.declared_language == "sv"
    (missing,) = read(tmp_path, "r.jsonl", json.dumps({"text": "fel"}), spec)
    assert missing.fault == "read.no_text_field"
    assert "brödtext" in missing.meta["fault"]
    assert "fields here: text" in missing.meta["fault"]


def test_swedish_excel_writes_semicolons_cp1252_and_cells_of_many_lines(tmp_path: Path) -> None:
    rows = 'Id;Rubrik;Text\r\n1;Å, ä och ö;"Första raden\r\n\r\nAndra; raden ""så"""\r\n2;Två;Träd\r\n'
    first, second = read(tmp_path, "r.csv", rows.encode("cp1252"))
    assert first.text == 'Första raden\r\n\r\nAndra; raden "så"'
    assert (first.record_id, first.meta) == ("1", {"Rubrik": "Å, ä och ö"})
    assert second.text == "Träd"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_whatever_the_text_holds(delimiter: str, tmp_path: Path) -> None:
    lines = [delimiter.join((str(n), '"Text, med; alla | tecken\toch mer"')) for n in range(5)]
    records = read(tmp_path, "r.csv", "\n".join(["id" + delimiter + "text", *lines]))
    assert [record.record_id for record in records] == ["0", "1", "2", "3", "4"]


def test_nested_json_gives_the_nearest_object_with_text(tmp_path: Path) -> None:
    value = {
        "status": {"dokument": {"titel": "Lag", "text": "", "html": "<p>Första</p><p>Andra</p>"}, "x": 1}
    }
    (record,) = read(tmp_path, "d.json", json.dumps(value))
    assert record.text.split() == ["Första", "Andra"]
    assert record.meta["titel"] == "Lag"
    assert [
        r.text for r in read(tmp_path, "l.json", json.dumps({"data": [{"text": "a"}, {"text": "b"}]}))
    ] == ["a", "b"]


def test_format_goes_by_content_before_name(tmp_path: Path) -> None:
    (page,) = read(
        tmp_path, "sida.xml", "<!DOCTYPE html><html><body><main><p>Text på svenska.</p></main></body></html>"
    )
    assert page.text == "Text på svenska."
    lines = read(tmp_path, "rader.json", '{"text": "a"}\n{"text": "b"}\n')
    assert [record.text for record in lines] == ["a", "b"]


def test_html_keeps_lists_and_tables_and_drops_furniture(tmp_path: Path) -> None:
    page = (
        "<html><body><header class='site-header'><ul class='menu'><li>Hem</li></ul></header><div class='cookie-banner'>Kakor</div>"
        "<main><h1>Gallring</h1><p>Text.</p><ul><li><p>Tall</p></li><li>Gran</li></ul><table><tr><td>1</td><td>2</td></tr></table></main>"
        "<footer>Sidfot</footer></body></html>"
    )
    (record,) = read(tmp_path, "s.html", page)
    lines = [line for line in record.text.split("\n") if line]
    assert lines == ["Gallring", "Text.", "- Tall", "- Gran", "1 | 2"]


def test_html_without_a_declaration_is_utf_8_where_it_is_valid(tmp_path: Path) -> None:
    assert read(tmp_path, "s.html", "<main><p>Å på ön</p></main>")[0].text == "Å på ön"
    assert (
        read(tmp_path, "s.html", "<main><p>Å på ön växer</p></main>".encode("latin-1"))[0].text
        == "Å på ön växer"
    )


def test_text_deeper_than_256_elements_is_not_lost(tmp_path: Path) -> None:
    for depth in (240, 300, 5000):
        (record,) = read(tmp_path, "s.html", "<div>" * depth + "Längst in.")
        assert "Längst in." in record.text
        assert ("read.html_too_deep" in record.notes) == (depth > 250)


def test_mallard_docbook_and_alto(tmp_path: Path) -> None:
    mallard = (
        "<page xmlns='http://projectmallard.org/1.0/' xml:lang='sv'><info><desc>Bort</desc></info><title>Skärm</title>"
        "<steps><item><p>Tryck <gui>OK</gui> på <keyseq><key>Ctrl</key><key>C</key></keyseq>.</p></item></steps></page>"
    )
    (record,) = read(tmp_path, "m.page", mallard)
    assert record.text == "Skärm\n\n- Tryck OK på Ctrl+C."
    assert (record.declared_language, record.meta["title"]) == ("sv", "Skärm")
    alto = (
        "<alto><Layout><TextBlock><TextLine><String CONTENT='Skogens' WC='0.9'/><SP/><String CONTENT='be' WC='0.7'/><HYP CONTENT='-'/>"
        "</TextLine><TextLine><String CONTENT='stånd'/></TextLine></TextBlock></Layout></alto>"
    )
    (record,) = read(tmp_path, "a.xml", alto)
    assert record.text == "Skogens be-\nstånd"
    assert record.meta == {"ocr_confidence": 0.8}


def test_roff_loses_its_requests_and_fonts(tmp_path: Path) -> None:
    page = '.TH LS 1\n.SH NAMN\nls \\- lista\n.SH BESKRIVNING\n.PP\nVisa \\fBfiler\\fR\ni en\n.IR katalog (5).\n.\\" gömt\n'
    (record,) = read(tmp_path, "ls.1", page)
    assert record.text.split("\n\n") == ["NAMN", "ls - lista", "BESKRIVNING", "Visa filer i en katalog(5)."]


def test_a_mail_thread_is_a_group(tmp_path: Path) -> None:
    mail = "Message-ID: <2@a>\nReferences: <1@a> <x@a>\nDate: Mon, 01 Jan 2024 10:00:00 +0100\nSubject: Skog\n\nHej\n"
    (record,) = read(tmp_path, "m.eml", mail)
    assert (record.date, record.text) == ("2024-01-01T10:00:00+01:00", "Hej\n")
    first = "Message-ID: <1@a>\nSubject: Skog\n\nHej\n"
    (other,) = read(tmp_path, "n.eml", first)
    assert record.group == other.group == hashlib.sha256(b"1@a").hexdigest()[:16]


@pytest.mark.parametrize("name", ["m.eml", "m.mbox"])
def test_no_address_of_a_mail_header_is_kept(tmp_path: Path, name: str) -> None:
    mail = (
        "From: Eva Svensson <eva.svensson@example.se>\nTo: Åke <ake@example.se>\nCc: bo@example.se\nSubject: Skog\n"
        "Message-ID: <eva.svensson@example.se>\nReferences: <1.eva.svensson@example.se>\n\nHej!\n"
    )
    head = "From eva.svensson@example.se Mon Jan  1 10:00:00 2024\n" if name.endswith("mbox") else ""
    (record,) = read(tmp_path, name, head + mail)
    assert record.meta == {"subject": "Skog"}
    assert record.group is not None
    for kept in (record.group, record.record_id, record.text):
        assert "svensson" not in kept.lower()


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2024-02-30", None),
        ("20240131", "2024-01-31"),
        ("1998", "1998"),
        ("2024-05", "2024-05"),
        ("i går", None),
        (True, None),
    ],
)
def test_dates_are_normalised_only_where_they_mean_one_day(written: object, iso: str | None) -> None:
    assert iso_date(written) == iso


def test_a_file_that_cannot_be_opened_is_one_fault(tmp_path: Path) -> None:
    (record,) = read_file(tmp_path / "borta.txt", "borta.txt", SourceSpec(), LIMITS)
    assert record.fault == "read.io_error"
    (tmp_path / "mapp").mkdir()
    (folder,) = read_file(tmp_path / "mapp", "mapp", SourceSpec(), LIMITS)
    assert folder.fault == "read.io_error"


def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"text": "a"}\n' * 3)
    records = read_file(path, "r.jsonl", SourceSpec(), LIMITS)
    assert next(records).fault is None
    path.write_text("annat")
    assert [record.fault for record in records][-1] == "read.changed_while_read"


@pytest.mark.parametrize("change", ["size", "time"])
def test_a_file_that_is_not_the_one_that_was_listed_is_not_read(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Det som räknades in.")
    (file,) = list_input(tmp_path)
    (table,) = read_tables(file, SourceSpec(), LIMITS)
    assert table["fault"].to_pylist() == [None]
    if change == "size":
        path.write_text("Något helt annat som skrevs efteråt.")
    os.utime(path, ns=(file.mtime_ns, file.mtime_ns + (change == "time")))
    (table,) = read_tables(file, SourceSpec(), LIMITS)
    assert table["fault"].to_pylist() == ["read.changed_while_read"]
    assert table["text"].to_pylist() == [""]


def test_a_limit_that_would_read_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="text_chars = 0"):
        ReadLimits(text_chars=0)


@pytest.mark.parametrize(
    ("content", "fault", "words"),
    [
        ("\N{EVERGREEN TREE}" * 10, None, ""),
        (("\N{EVERGREEN TREE}" * 10).encode("utf-32"), None, ""),
        ("skog och mark", "read.too_large", "13 characters of text; the limit is 10"),
        ("x" * 45, "read.too_large", "more than 44 bytes in a format that must be read whole"),
    ],
)
def test_a_text_file_that_must_be_too_long_is_not_read(
    tmp_path: Path, content: str | bytes, fault: str | None, words: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (record,) = read_file(path, path.name, SourceSpec(), ReadLimits(text_chars=10))
    assert (record.fault, record.meta.get("fault", "")) == (fault, words)


def test_tables_are_cut_at_4096_rows(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"text": "a"}\n' * 5000)
    (file,) = list_input(tmp_path)
    assert [table.num_rows for table in read_tables(file, SourceSpec(), LIMITS)] == [4096, 904]


@pytest.mark.data
def test_main_text_of_labelled_pages_is_found(
    shared_data: Path, scorers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(scorers))
    import score_html  # type: ignore[import-not-found]

    names: set[str] = set()
    for gold in ("html_main", "web_segments"):
        lines = (shared_data / "quality" / f"{gold}.jsonl").read_text(encoding="utf-8").split("\n")
        names |= {json.loads(line)["html_path"] for line in lines if line}
    rows = [
        {
            "id": name,
            "text": "\n".join(r.text for r in read_file(shared_data / name, name, SourceSpec(), LIMITS)),
        }
        for name in sorted(names)
    ]
    score = score_html.score(str(shared_data), rows)
    assert score["char_f1"] >= 0.99
    assert score["boilerplate_leak"] <= 0.0225
    assert score["segments_balanced"] >= 0.975


@pytest.mark.parametrize(("length", "most"), [(10, 1024), (1_000_000, 8)])
def test_long_rows_of_a_parquet_file_are_read_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int, most: int
) -> None:
    path = tmp_path / "p.parquet"
    texts = [f"{at:02d}" + "x" * length for at in range(12)]
    pq.write_table(pa.table({"text": texts}), path)
    seen: list[int] = []
    rows = parquet._rows

    def counted(batch: pa.RecordBatch, file: Input) -> Iterator[Found]:
        seen.append(batch.num_rows)
        return rows(batch, file)

    monkeypatch.setattr(parquet, "_rows", counted)
    assert [record.text for record in read_file(path, "p.parquet", SourceSpec(), LIMITS)] == texts
    assert max(seen) <= most
    assert sum(seen) == 12
