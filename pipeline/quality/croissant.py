"""croissant.json: the release described for machines (Croissant 1.0, JSON-LD), with the sha256 of every data file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipeline.quality.report import SourceFacts
from pipeline.schema import DATA, SPLITS

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the Croissant 1.0 specification prescribes."""

ABOUT = {
    "doc_id": "Identity of the item: 32 hex of sha256 over source, uri and position.",
    "record_id": "The item's own id, else its path relative to raw/.",
    "content_id": "sha256 of the text after repair and before edits; decisions of people hang on it.",
    "text_sha256": "sha256 of the published text.",
    "source": "Folder of raw/ that the item came from.",
    "uri": "Path of the file within its source.",
    "group": "What must stay in one split: author, case, thread.",
    "language": "ISO 639-1 code, nb and nn apart.",
    "date": "ISO 8601, as the source gave it.",
    "text": "The published text: repaired, foreign paragraphs cut, personal data masked.",
    "meta": "What else the source said, as JSON text with sorted keys.",
}


@dataclass(frozen=True, slots=True)
class CroissantInputs:
    """What croissant.json tells. No digest: it is inside the manifest whose sha256 the digest is."""

    name: str
    number: int
    files: Mapping[str, tuple[str, int]]
    """sha256 and bytes of data/*.parquet, by name relative to the release."""
    description: str = ""
    sources: Mapping[str, SourceFacts] = field(default_factory=dict)
    languages: tuple[str, ...] = ()


def croissant(inputs: CroissantInputs) -> bytes:
    """Canonical JSON: the same inputs give the same bytes."""
    names = sorted(name for name in inputs.files if name.startswith("data/"))
    splits = [split for split in SPLITS if any(_split_of(name) == split for name in names)]
    licences = sorted({facts.licence for facts in inputs.sources.values() if facts.licence})
    content = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": inputs.name,
        "version": f"{inputs.number}.0.0",
        "description": inputs.description or f"{inputs.name}, release {inputs.number}, curated by Kvarn.",
        "license": licences or ["not stated"],
        "inLanguage": sorted(inputs.languages),
        "isLiveDataset": False,
        "distribution": [_file(name, *inputs.files[name]) for name in names]
        + [_file_set(split) for split in splits],
        "recordSet": [_split_set(splits), *(_record_set(split) for split in splits)],
    }
    return (json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _split_of(name: str) -> str:
    return name.removeprefix("data/").split("-")[0]


def _file(name: str, sha256: str, size: int) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": sha256,
    }


def _file_set(split: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{split}-files",
        "name": f"{split}-files",
        "encodingFormat": "application/x-parquet",
        "includes": f"data/{split}-*.parquet",
    }


def _split_set(splits: list[str]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [{"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"}],
        "data": [{"splits/name": split} for split in splits],
    }


def _record_set(split: str) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "description": f"Published documents of the split {split}.",
        "key": {"@id": f"{split}/doc_id"},
        "field": [_field(split, column) for column in DATA],
    }


def _field(split: str, column: "pa.Field[Any]") -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{split}/{column.name}",
        "name": column.name,
        "description": ABOUT[column.name],
        "dataType": "sc:Text",
        "source": {"fileSet": {"@id": f"{split}-files"}, "extract": {"column": column.name}},
    }
