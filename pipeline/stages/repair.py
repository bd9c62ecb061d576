"""Repair: mojibake, newlines, invisible characters, odd spaces, ligatures, hyphens at line ends, NFC; and the content_id.

Digits, å ä ö and typographic quotes stay as they are (no NFKC, nothing is folded). A native scan picks the texts that can
need anything; ftfy sees their suspicious lines only. What was done is named in `repairs`.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import ContractError
from pipeline.kernels import suspects
from pipeline.kernels.measure_spec import MeasureSpec
from pipeline.schema import REPAIRED, text_buffers
from pipeline.stage import put
from pipeline.stages import repair_steps as steps
from pipeline.stages.repair_encoding import fix_encoding, replay_encoding

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


Mend = Callable[[str], tuple[str, list[str]]]
"""From a text to the mended one and the records of what was done."""

Step = tuple[str, int, Mend]
"""Name, the suspicions that call for it, and the repair."""


def _whole(name: str, function: Callable[[str], str]) -> Mend:
    """A repair of the whole text, whose record is its name: doing it again is replaying it."""

    def mend(text: str) -> tuple[str, list[str]]:
        changed = function(text)
        return changed, [] if changed == text else [name]

    return mend


WHOLE: dict[str, Callable[[str], str]] = {
    "newlines": steps.fix_newlines,
    "entities": steps.fix_entities,
    "ligatures": steps.fix_ligatures,
    "spaces": steps.fix_spaces,
    "controls": steps.remove_controls,
    "hyphenation": steps.join_hyphens,
    "invisible": steps.remove_invisible,
    "nfc": steps.compose,
}
CALLS = {
    "newlines": suspects.CARRIAGE_RETURN | suspects.CONTROL | suspects.SPACE,
    "encoding": suspects.MOJIBAKE,
    "entities": suspects.ENTITY,
    "ligatures": suspects.LIGATURE,
    "spaces": suspects.SPACE,
    "controls": suspects.CONTROL,
    "hyphenation": suspects.LINE_END_HYPHEN,
    "invisible": suspects.INVISIBLE,
    "nfc": suspects.COMPOSITION,
}
"""In the order in which the steps run."""


def recipe(config: RepairConfig) -> tuple[Step, ...]:
    """The steps in the order in which they run; those that are no option always do."""
    return tuple(
        (name, calls, fix_encoding if name == "encoding" else _whole(name, WHOLE[name]))
        for name, calls in CALLS.items()
        if getattr(config, name, True)
    )


def repair_text(text: str, config: RepairConfig | None = None) -> tuple[str, list[str]]:
    r"""The repaired text, and records of the repairs in the order in which they were made: what `replay` takes.

    >>> repair_text("FÃ¶rordning om skogs-\nbruk")
    ('Förordning om skogsbruk', ['encoding 1 encode=latin-1 decode=utf-8', 'hyphenation'])
    >>> repair_text("nord- och sydsida, 10 000 kr, ”så”")
    ('nord- och sydsida, 10 000 kr, ”så”', [])
    """
    wanted = recipe(config or RepairConfig())
    done: list[str] = []
    for _ in range(ROUNDS):
        before = text
        bits = suspects.suspicions(*_one(text))[0]
        for _name, calls, step in wanted:
            if bits & calls:
                text, records = step(text)
                done += records
        if text == before:
            break
    return text, done


def replay(text: str, repairs: Iterable[str]) -> str:
    r"""The raw text with recorded repairs made again, and nothing looked for. Raises ContractError for records not of this text.

    >>> replay("FÃ¶r skogs-\nbruk", ["encoding 1 encode=latin-1 decode=utf-8", "hyphenation"])
    'För skogsbruk'
    """
    for record in repairs:
        if record.startswith("encoding "):
            text = replay_encoding(text, record)
        elif record in WHOLE:
            text = WHOLE[record](text)
        else:
            raise ContractError(f"no repair is called {record!r}; known: encoding, {', '.join(WHOLE)}")
    return text


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
    measures: tuple[MeasureSpec, ...] = ()

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
            after, records = repair_text(before, self.config)
            if after != before:
                changed[row], repairs[row] = after, records
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
