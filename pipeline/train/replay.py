"""General text against forgetting: what is replayed, what is watched, what measures at the end."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGED = Path(__file__).parent / "general"
"""Everyday Swedish and English, written for this project; nothing in it is about forestry."""

_PARTS = 18
_REPLAYED = 10
_WATCHED = 12
"""Of 18 parts by hash, 10 are replayed, 2 only watched to choose a checkpoint, 6 measure at the end.

Two thirds may steer the training and one third never does, so the final figure is not flattered by
the choice of a checkpoint.
"""

_SUFFIXES = (".jsonl", ".txt", ".md")


@dataclass(frozen=True)
class GeneralText:
    """General texts in three disjoint parts."""

    replay: tuple[str, ...]
    watch: tuple[str, ...]
    evaluation: tuple[str, ...]


def load_general(replay: str) -> GeneralText:
    """Read the packaged set ("general") or the user's file or folder, and split it by hash.

    Raises UsageError where nothing is there or a part would be empty.
    """
    path = PACKAGED if replay == "general" else Path(replay)
    texts = dict(sorted(_texts(path)))
    parts: dict[str, list[str]] = {"replay": [], "watch": [], "evaluation": []}
    for name, text in texts.items():
        parts[part_of(name)].append(text)
    for part, members in parts.items():
        if not members:
            raise UsageError(
                f"train.replay = {replay!r}: {len(texts)} texts leave none for {part}; "
                'expected a .jsonl, .txt or .md file or a folder with some dozens of texts, or "general"'
            )
    return GeneralText(*(tuple(parts[part]) for part in ("replay", "watch", "evaluation")))


def part_of(name: str) -> str:
    """The part a text belongs to, by the hash of its id: other texts coming or going change nothing."""
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % _PARTS
    return "replay" if place < _REPLAYED else "watch" if place < _WATCHED else "evaluation"


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix in _SUFFIXES and file.is_file():
                yield from _texts_of_file(file, file.relative_to(path).as_posix())
    elif path.is_file() and path.suffix in _SUFFIXES:
        yield from _texts_of_file(path, path.name)


def _texts_of_file(file: Path, name: str) -> Iterator[tuple[str, str]]:
    try:
        content = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    if file.suffix != ".jsonl":
        # A plain file without records is cut at blank lines, so that one long file can be split too.
        for number, part in enumerate(_passages(content)):
            yield f"{name}#{number}", part
        return
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            row = _row(line, file, number)
            yield str(row.get("id", f"{name}#{number}")), row["text"]


def _row(line: str, file: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{file}, line {number}: not JSON ({error.msg}); expected one object a line"
        ) from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise UsageError(f"{file}, line {number}: no text; expected an object with the key text")
    return row


def _passages(content: str, least: int = 1000) -> list[str]:
    """Join paragraphs until a passage has about a thousand characters: enough context to score fairly."""
    passages: list[str] = []
    current = ""
    for paragraph in content.split("\n\n"):
        current = f"{current}\n\n{paragraph}" if current else paragraph
        if len(current) >= least:
            passages.append(current)
            current = ""
    return [passage for passage in [*passages, current] if passage.strip()]


@dataclass(frozen=True)
class Plan:
    """The order of the blocks of a whole run: row i of `general` says where row i of `index` points."""

    general: np.ndarray
    """bool: True for a block of general text, False for one of the domain."""
    index: np.ndarray
    """int64: the block's row in its own set."""


def mix(domain: int, general: int, share: float, epochs: float, seed: int) -> Plan:
    """Plan all epochs: every domain block once an epoch, general blocks spread evenly between them.

    General blocks go round and round in a shuffled order, so that all are used before one comes again.
    """
    generator = np.random.default_rng(seed)
    wanted = round(domain * epochs)
    rounds = [generator.permutation(domain) for _ in range(-(-wanted // domain))]
    own = np.concatenate(rounds)[:wanted]
    extra = round(wanted * share / (1 - share)) if general else 0
    turns = [generator.permutation(general) for _ in range(-(-extra // general))] if extra else []
    replayed = np.concatenate([*turns, np.empty(0, dtype=np.int64)])[:extra].astype(np.int64)
    # Evenly spread: the i-th of n blocks of a kind wants to stand at (i + 0.5) / n of the way.
    places = np.concatenate([(np.arange(wanted) + 0.5) / wanted, (np.arange(extra) + 0.5) / max(extra, 1)])
    order = np.argsort(places, kind="stable")
    kind = np.concatenate([np.zeros(wanted, dtype=bool), np.ones(extra, dtype=bool)])[order]
    return Plan(kind, np.concatenate([own, replayed])[order])
