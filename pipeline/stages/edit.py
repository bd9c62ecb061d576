"""From the repaired text to the one that is published: foreign paragraphs and repeated lines cut, personal data masked, fixes
of people.

Only items with something to edit are touched as Python strings; all others pass through as a column. What was done is
listed in `edits`, with offsets in code points of the repaired text; neither doc_id nor content_id changes.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import ConfigError
from pipeline.schema import DROPPED, EDIT, EDIT_COLUMNS, QUARANTINED, text_buffers
from pipeline.stage import bools, put
from pipeline.stages.decisions import Decision
from pipeline.stages.pii import finds
from pipeline.stages.pii_masks import MASKS, Masks
from pipeline.stages.templates_cut import STAGE, CutSet, holding, spans

_NO_LANGUAGE = ("unknown", "und", "zxx", "mixed", "")
"""Labels that do not say that a paragraph is foreign: too short to tell, or no language."""


class Cut(NamedTuple):
    """One edit: the code points start..end of the repaired text become `text`."""

    start: int
    end: int
    text: str
    stage: str
    kind: str


@dataclass(frozen=True, slots=True)
class EditConfig:
    """Section [edit]. Whether foreign paragraphs are cut at all is said by [language] foreign; for repeated lines by [templates]."""

    quote_chars: int = 200
    """Foreign passages of fewer code points stay: a quotation or a title belongs to the text. Two or three sentences."""

    def __post_init__(self) -> None:
        if self.quote_chars < 0:
            raise ConfigError(f"edit.quote_chars = {self.quote_chars} is negative; allowed: 0 or more")


@dataclass(frozen=True, slots=True)
class Edit:
    """Measure: adds published, text_sha256 and edits.

    `target` and `cut_foreign` (foreign == "cut") come from LanguageConfig; `masked` are the kinds of personal data whose
    policy is mask; `templates` are the repeated lines and paragraphs of the items' source that are cut.
    """

    config: EditConfig = EditConfig()
    target: Sequence[str] = ("sv",)
    masked: Sequence[str] = tuple(MASKS)
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    cut_foreign: bool = True
    templates: CutSet = field(default_factory=CutSet)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.masked) - set(MASKS))
        if unknown:
            raise ConfigError(f"pii: no mask for {', '.join(unknown)}; known kinds: {', '.join(MASKS)}")

    @property
    def name(self) -> str:
        return "edit"

    @property
    def adds(self) -> pa.Schema:
        return EDIT_COLUMNS

    def __call__(self, items: pa.Table) -> pa.Table:
        touched = np.flatnonzero(self._suspects(items))
        texts, edits = items.column("text"), []
        if len(touched):
            results = [self.edited(row) for row in items.take(pa.array(touched)).to_pylist()]
            edits = [[edit._asdict() for edit in made] for _, made, _ in results]
            mask = np.zeros(items.num_rows, bool)
            mask[touched] = True
            new = pa.array([text for text, _, _ in results], pa.large_string())
            texts = pc.replace_with_mask(texts.combine_chunks(), pa.array(mask), new)
        columns = (texts, _hashes(texts), _edit_column(edits, touched, items.num_rows))
        for name, column in zip(EDIT_COLUMNS.names, columns, strict=True):
            items = put(items, EDIT_COLUMNS.field(name), column)
        return items

    def _suspects(self, items: pa.Table) -> NDArray[np.bool_]:
        """Rows that may need an edit, found without a Python object per row."""
        hit = _holds(items.column("pii"), "kind", self.masked)
        if self.cut_foreign:
            hit |= _with_foreign(items, self.target)
        if self.templates:
            hit |= ~_gone(items) & holding(items.column("text"), self.templates)
        fixes = [key for key, made in sorted(self.decisions.items()) if made.decision == "fix"]
        if fixes:
            about = pc.is_in(items.column("content_id"), value_set=pa.array(fixes, pa.string()))
            hit |= bools(about) & bools(pc.equal(items.column("decision"), "fix").fill_null(fill_value=False))
        return hit

    def edited(self, row: Mapping[str, Any]) -> tuple[str, list[Cut], Masks]:
        """The text to publish of one item, the edits that make it, and the masks of its values for what stands beside it."""
        text = row["text"]
        personal = [
            Cut(span["start"], span["end"], MASKS[span["kind"]], "pii", span["kind"])
            for span in row["pii"]
            if span["kind"] in self.masked
        ]
        masks = Masks([text, row.get("meta") or ""])
        published, made = self._published(row, personal, masks)
        fix = self.decisions.get(row["content_id"])
        if fix is not None and fix.text is not None and row["decision"] == "fix":
            fixed = self._masked_fix(fix.text, text, personal, masks)
            return fixed, [Cut(0, len(text), fix.text, "decision", "fix")], masks
        return published, made, masks

    def _published(
        self, row: Mapping[str, Any], personal: Sequence[Cut], masks: Masks
    ) -> tuple[str, list[Cut]]:
        """No document is emptied: what would leave nothing is not done, templates first."""
        foreign, templates = self._foreign_cuts(row), self._template_cuts(row, personal)
        text, made = row["text"], _without_overlap(personal)
        for cuts in ([*foreign, *templates], foreign):
            fewer = _without_overlap([*cuts, *personal])
            if apply(text, fewer).strip():
                made = fewer
                break
        made = [
            cut._replace(text=masks.mask(cut.kind, text[cut.start : cut.end])) if cut.stage == "pii" else cut
            for cut in made
        ]
        return apply(text, made), made

    def _masked_fix(self, fixed: str, text: str, personal: Sequence[Cut], masks: Masks) -> str:
        """A person's text with the personal data masked that was found in the original and still stands in it, each value with
        the number it has there; then what is found in the text as it is now. Masks that the person left stay as they are.
        """
        masks.keep([fixed])
        shown = {(cut.kind, text[cut.start : cut.end]): None for cut in personal}
        hidden = {value: masks.mask(kind, value) for kind, value in shown}
        for value in sorted(hidden, key=lambda value: (-len(value), value)):
            fixed = fixed.replace(value, hidden[value])
        return mask_finds(fixed, self.masked, masks)

    def _foreign_cuts(self, row: Mapping[str, Any]) -> list[Cut]:
        if not self.cut_foreign or row["fate"] in (DROPPED, QUARANTINED):
            return []
        return [
            Cut(start, _through_break(row["text"], end), "", "language", "foreign")
            for start, end in _foreign(row["segments"], self.target, self.config.quote_chars)
        ]

    def _template_cuts(self, row: Mapping[str, Any], masks: Sequence[Cut]) -> list[Cut]:
        """Without those that would tear a find of personal data in two: what is left of it would not be masked."""
        if not self.templates or row["fate"] in (DROPPED, QUARANTINED):
            return []
        cuts = [Cut(start, end, "", STAGE, kind) for start, end, kind in spans(row["text"], self.templates)]
        return [cut for cut in cuts if not any(_tears(cut, mask) for mask in masks)]


def _tears(cut: Cut, mask: Cut) -> bool:
    overlaps = mask.start < cut.end and cut.start < mask.end
    return overlaps and not (cut.start <= mask.start and mask.end <= cut.end)


def apply(text: str, cuts: Sequence[Cut]) -> str:
    """`text` with sorted, disjoint cuts made.

    >>> apply("Ring 070-1740605 nu", [Cut(5, 16, "[TELEFON]", "pii", "phone")])
    'Ring [TELEFON] nu'
    """
    parts, at = [], 0
    for cut in cuts:
        parts += [text[at : cut.start], cut.text]
        at = cut.end
    published = "".join([*parts, text[at:]])
    return published.rstrip() if cuts and cuts[-1].end >= len(text) and not cuts[-1].text else published


def _without_overlap(cuts: Sequence[Cut]) -> list[Cut]:
    """Sorted and disjoint: of two that overlap the one that begins first and is longer holds, masks inside a cut go."""
    made: list[Cut] = []
    for cut in sorted(cuts, key=lambda c: (c.start, -c.end)):
        if not made or cut.start >= made[-1].end:
            made.append(cut)
        elif cut.end > made[-1].end:
            # Overlapping finds of personal data: nothing of either may show.
            made[-1] = made[-1]._replace(end=cut.end)
    return made


def hidden(text: str, kinds: Collection[str]) -> str:
    """A text that stands alone, such as a reason that a person gave, with what is found in it masked."""
    return mask_finds(text, kinds, Masks([text]))


def mask_finds(text: str, kinds: Collection[str], masks: Masks) -> str:
    """`text` with what is found in it masked."""
    found = finds(text, kinds)
    return apply(text, [Cut(a, b, masks.mask(kind, text[a:b]), "pii", kind) for a, b, kind in found])


def _through_break(text: str, end: int) -> int:
    """End of a cut paragraph with the line breaks behind it."""
    while end < len(text) and text[end] in "\n\r":
        end += 1
    return end


def _foreign(
    segments: Sequence[Mapping[str, Any]], target: Sequence[str], shortest: int
) -> list[tuple[int, int]]:
    """Runs of foreign segments of at least `shortest` code points; only white space may stand between segments.

    >>> english = [{"start": 0, "end": 120, "language": "en"}, {"start": 121, "end": 300, "language": "en"}]
    >>> _foreign([*english, {"start": 301, "end": 400, "language": "sv"}], ["sv"], 200)
    [(0, 300)]
    """
    runs: list[tuple[int, int]] = []
    joined = False
    for segment in segments:
        if segment["language"] in target or segment["language"] in _NO_LANGUAGE:
            joined = False
            continue
        start = runs.pop()[0] if joined else segment["start"]
        runs.append((start, segment["end"]))
        joined = True
    return [(start, end) for start, end in runs if end - start >= shortest]


def _holds(
    column: pa.ChunkedArray, member: str, values: Sequence[str], *, outside: bool = False
) -> NDArray[np.bool_]:
    """Rows of a list<struct> column with a member that is among (or outside) the values."""
    lists = column.combine_chunks()
    hit = np.zeros(len(lists), bool)
    inner = pc.struct_field(pc.list_flatten(lists), member)
    among = bools(pc.is_in(inner, value_set=pa.array(list(values), pa.string())))
    hit[pc.list_parent_indices(lists).to_numpy()[among != outside]] = True
    return hit


def _gone(items: pa.Table) -> NDArray[np.bool_]:
    return bools(pc.is_in(items.column("fate"), value_set=pa.array([DROPPED, QUARANTINED], pa.string())))


def _with_foreign(items: pa.Table, target: Sequence[str]) -> NDArray[np.bool_]:
    """Rows that stand, hold a segment in a target language and one in another."""
    segments = items.column("segments")
    own = _holds(segments, "language", target)
    return ~_gone(items) & own & _holds(segments, "language", [*target, *_NO_LANGUAGE], outside=True)


def _hashes(texts: pa.ChunkedArray | pa.Array) -> pa.Array:
    offsets, data = text_buffers(texts)
    view = data.data
    pairs = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    return pa.array([hashlib.sha256(view[start:end]).hexdigest() for start, end in pairs], pa.string())


def _edit_column(edits: list[list[dict[str, Any]]], touched: NDArray[np.int64], rows: int) -> pa.ListArray:
    sizes = np.zeros(rows, np.int32)
    sizes[touched] = [len(made) for made in edits]
    flat = [{name: edit[name] for name in EDIT.names} for made in edits for edit in made]
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(flat, EDIT), type=pa.list_(EDIT))
