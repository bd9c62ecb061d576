"""Files that kvarn.toml names beside itself, glossary and exemplars: their digests for the manifest, and what is made of them."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from pipeline.errors import ConfigError
from pipeline.stages.glossary import Glossary
from pipeline.stages.relevance import RelevanceConfig, RelevanceModel, fit
from pipeline.stages.terms import TermsConfig
from pipeline.storage.files import sha256_file
from pipeline.storage.sources import list_input
from pipeline.work.glossary import read_glossary
from pipeline.work.measure import MeasureSettings

if TYPE_CHECKING:
    from flows.settings import Project

GENERAL = ("general-sv.jsonl", "general-en.jsonl")
"""The background where none is named: texts of everyday matters, written for this project (pipeline/train/general)."""


def named_digests(root: Path, terms: TermsConfig, relevance: RelevanceConfig) -> dict[str, str]:
    """sha256 of the content of each; raises ConfigError naming key and path where one is missing."""
    found = {}
    if terms.glossary is not None:
        found["glossary"] = sha256_file(_existing(root, terms.glossary, "terms.glossary"))
    for key in ("exemplars", "background"):
        names = getattr(relevance, key)
        if names and relevance.exemplars:
            found[key] = _digest([_existing(root, name, f"relevance.{key}") for name in names])
    if relevance.exemplars and not relevance.background:
        found["background"] = hashlib.sha256("\0".join(general_texts()).encode()).hexdigest()
    return found


def glossary_of(project: "Project") -> Glossary:
    """The project's glossary; an empty one where it names none."""
    name = project.settings.terms.glossary
    return Glossary() if name is None else read_glossary(project.root / name)


def measure_settings(project: "Project") -> MeasureSettings:
    """What reading and measuring depend on, files that kvarn.toml names among it. Reads exemplars in sandboxed workers."""
    return replace(project.settings.measure, glossary=glossary_of(project), relevance=_relevance(project))


def _relevance(project: "Project") -> RelevanceModel:
    config = project.settings.relevance
    if not config.exemplars:
        return RelevanceModel()
    own = list(_texts(project, "exemplars"))
    general = list(_texts(project, "background")) if config.background else list(general_texts())
    return fit(own, general, config)


def _texts(project: "Project", key: str) -> Iterator[str]:
    """Repaired texts of all records that `[relevance] KEY` names. Raises ConfigError where a path holds none."""
    from flows.commands.inputs import read_input
    from pipeline.stages.repair import Repair

    repair = Repair(project.settings.repair)
    for name in getattr(project.settings.relevance, key):
        count = 0
        path = _existing(project.root, name, f"relevance.{key}")
        with closing(read_input(path, project.settings)) as tables:
            for items in tables:
                readable = repair(items.filter(pc.is_null(items["fault"])))
                texts = [text for text in readable["text"].to_pylist() if text.strip()]
                count += len(texts)
                yield from texts
        if not count:
            raise ConfigError(
                f"relevance.{key}: {path}: holds no text that could be read; name documents of the domain"
            )


def general_texts() -> Iterator[str]:
    """The background that comes with Kvarn."""
    folder = files("pipeline") / "train" / "general"
    for name in GENERAL:
        for line in (folder / name).read_text(encoding="utf-8").split("\n"):
            if line.strip():
                yield str(json.loads(line)["text"])


def _existing(root: Path, name: str, key: str) -> Path:
    path = root / name
    if not path.exists():
        raise ConfigError(f"{key}: {path}: no such file or folder; paths are relative to kvarn.toml")
    return path


def _digest(paths: Iterable[Path]) -> str:
    """Over the files' names within each path and their bytes."""
    digest = hashlib.sha256()
    for path in paths:
        for file in list_input(path):
            digest.update(f"{file.prefix}{file.uri}\0".encode("utf-8", "surrogatepass"))
            digest.update(bytes.fromhex(sha256_file(file.path)) if file.fault is None else b"\0")
    return digest.hexdigest()
