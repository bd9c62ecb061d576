"""All formats, a line each. A new one is a function in this package and a line here; docs/readers.md walks through it."""

from typing import NamedTuple


class Format(NamedTuple):
    """How files of one format are known and read."""

    reader: str
    """Module of this package and function: `read(file: Input) -> Iterator[Found | Rows]`. Modules load when a file needs them."""
    suffixes: str = ""
    """Endings of names, for formats whose content does not tell."""
    magic: bytes = b""
    """First bytes of every such file; they count more than a name."""


READERS = {
    "text": Format("text:read_text", "txt text asc"),
    "markdown": Format("text:read_markdown", "md markdown mdown mkd rmd qmd"),
    "jsonl": Format("lines:read_jsonl", "jsonl ndjson jl"),
    "json": Format("json:read_json", "json"),
    "delimited": Format("delimited:read_delimited", "csv tsv tab"),
    "parquet": Format("parquet:read_parquet", magic=b"PAR1"),
    "html": Format("html:read_html", "html htm xhtml xht"),
    "xml": Format("xml:read_xml", "xml tei alto page docbook dbk rng mets"),
    "pdf": Format("pdf:read_pdf", magic=b"%PDF-"),
    "docx": Format("docx:read_docx"),
    "epub": Format("epub:read_epub"),
    "opendocument": Format("opendocument:read_opendocument"),
    "mail": Format("mail:read_mail", "eml mbox mbx"),
    "warc": Format("warc:read_warc", magic=b"WARC/"),
    "roff": Format("roff:read_roff", "man roff mdoc ms me 1 2 3 4 5 6 7 8 9"),
}
"""docx, epub and opendocument are zips, told apart by their members (`detect.zip_kind`)."""
