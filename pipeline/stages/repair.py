"""Repair: mojibake, newlines, invisible characters, odd spaces, ligatures, hyphens at line ends, NFC; and the content_id.

Digits, å ä ö and typographic quotes stay as they are (no NFKC, nothing is folded). A native scan picks the texts that can
need anything; ftfy sees their suspicious lines only. What was done is named in `repairs`.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.kernels import suspects
from pipeline.schema import REPAIRED, text_buffers
from pipeline.stage import put
from pipeline.stages import repair_steps as steps

ROUNDS = 6
"""One repair may uncover the next (an invisible character inside mojibake): steps run until nothing changes. Two rounds
are the rule; the limit only bounds hostile text."""


@dataclass(frozen=True)
class RepairConfig:
    """Section [repair]: every step can be switched off."""

    encoding: bool = True
    """UTF-8 that was read as something else ("fÃ¶r"), line by line, with ftfy. Misses about one such text in twenty; on
    40 texts that only look like it, it changes none."""

    entities: bool = True
    """HTML entities of letters and typography left in text ("&aring;"), never those of mark-up (&lt; &gt; &amp;)."""

    ligatures: bool = True
    """Typesetters' ligatures (U+FB00..U+FB06) that PDFs leave: "ﬁ" becomes "fi"."""

    spaces: bool = True
    """No-break and typographic spaces become spaces."""

    hyphenation: bool = True
    """Words that were divided at a line's end are joined where that is safe: "skogs-", "bruk" becomes "skogsbruk"."""


Step = tuple[str, int, Callable[[str], str]]
"""Name in `repairs`, the suspicions that call for it, and the repair."""

ALWAYS: tuple[Step, ...] = (
    ("newlines", suspects.CARRIAGE_RETURN | suspects.CONTROL | suspects.SPACE, steps.fix_newlines),
)


def recipe(config: RepairConfig) -> tuple[Step, ...]:
    """The steps in the order in which they run."""
    wanted: list[Step | None] = [
        *ALWAYS,
        ("encoding", suspects.MOJIBAKE, steps.fix_encoding) if config.encoding else None,
        ("entities", suspects.ENTITY, steps.fix_entities) if config.entities else None,
        ("ligatures", suspects.LIGATURE, steps.fix_ligatures) if config.ligatures else None,
        ("spaces", suspects.SPACE, steps.fix_spaces) if config.spaces else None,
        ("controls", suspects.CONTROL, steps.remove_controls),
        ("hyphenation", suspects.LINE_END_HYPHEN, steps.join_hyphens) if config.hyphenation else None,
        ("invisible", suspects.INVISIBLE, steps.remove_invisible),
        ("nfc", suspects.COMPOSITION, steps.compose),
    ]
    return tuple(step for step in wanted if step is not None)


def repair_text(text: str, config: RepairConfig | None = None) -> tuple[str, list[str]]:
    r"""The repaired text and the names of the repairs, each once, in the order in which they were first made.

    >>> repair_text("FÃ¶rordning om skogs-\nbruk")
    ('Förordning om skogsbruk', ['encoding', 'hyphenation'])
    >>> repair_text("nord- och sydsida, 10 000 kr, ”så”")
    ('nord- och sydsida, 10 000 kr, ”så”', [])
    """
    wanted = recipe(config or RepairConfig())
    done: list[str] = []
    for _ in range(ROUNDS):
        before = text
        bits = suspects.suspicions(*_one(text))[0]
        for name, calls, step in wanted:
            changed = step(text) if bits & calls else text
            if changed != text and name not in done:
                done.append(name)
            text = changed
        if text == before:
            break
    return text, done


def _one(text: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    data = np.frombuffer(text.encode("utf-8"), np.uint8)
    return np.array([0, len(data)], np.int64), data


def content_id(text: str) -> str:
    r"""sha256 hex of the repaired text without white space at line ends and blank lines at both ends.

    >>> content_id("\na  \nb\n\n") == content_id("a\nb")
    True
    """
    body = "\n".join(line.rstrip(" \t") for line in text.split("\n")).strip("\n")
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


class Repair:
    """Replaces `text` and adds content_id, repaired and repairs."""

    name = "repair"

    def __init__(self, config: RepairConfig | None = None) -> None:
        self.config = config or RepairConfig()
        added = ("text", "content_id", "repaired", "repairs")
        self.adds = pa.schema([REPAIRED.field(name) for name in added])
        self._bits = 0
        for _, bits, _step in recipe(self.config):
            self._bits |= bits

    def __call__(self, items: pa.Table) -> pa.Table:
        text = items.column("text")
        offsets, data = text_buffers(text)
        bits = suspects.suspicions(offsets, data)
        changed, repairs = self._repair(text, np.flatnonzero(bits & self._bits).tolist())
        ids = self._content_ids(text, changed, bits)
        items = put(items, self.adds.field("text"), replace(text, changed))
        items = put(items, self.adds.field("content_id"), pa.array(ids, pa.string()))
        repaired = np.zeros(items.num_rows, bool)
        repaired[list(changed)] = True
        items = put(items, self.adds.field("repaired"), pa.array(repaired))
        named = [repairs.get(i, []) for i in range(items.num_rows)]
        return put(items, self.adds.field("repairs"), pa.array(named, pa.list_(pa.string())))

    def _repair(self, text: pa.ChunkedArray, rows: list[int]) -> tuple[dict[int, str], dict[int, list[str]]]:
        changed: dict[int, str] = {}
        repairs: dict[int, list[str]] = {}
        for row in rows:
            before = text[row].as_py()
            after, names = repair_text(before, self.config)
            if after != before:
                changed[row], repairs[row] = after, names
        return changed, repairs

    def _content_ids(
        self, text: pa.ChunkedArray, changed: dict[int, str], bits: NDArray[np.int32]
    ) -> list[str]:
        offsets, data = text_buffers(text)
        view, bounds = data.data, offsets.tolist()
        ids = []
        for row, ragged in enumerate((bits & suspects.RAGGED).tolist()):
            if row in changed:
                ids.append(content_id(changed[row]))
            elif ragged:
                ids.append(content_id(text[row].as_py()))
            else:
                ids.append(hashlib.sha256(view[bounds[row] : bounds[row + 1]]).hexdigest())
        return ids


def replace(text: pa.ChunkedArray, changed: dict[int, str]) -> pa.ChunkedArray:
    """`text` with the rows of `changed` replaced; the very same column where there are none."""
    if not changed:
        return text
    mask = np.zeros(len(text), bool)
    mask[list(changed)] = True
    array = text.combine_chunks()
    return pa.chunked_array(
        [pc.replace_with_mask(array, pa.array(mask), pa.array(list(changed.values()), pa.large_string()))]
    )
