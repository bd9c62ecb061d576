"""Personal data beside the text: what is masked there is masked in `meta` too, with the same masks, and never names a group.

Meta is what a reader found in other fields of a record: a sender, a phone number in a column of its own. Rows whose meta can
hold nothing of the kind pass through as a column.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.kernels import personal
from pipeline.schema import RAW, text_buffers
from pipeline.stage import put
from pipeline.stages.edit import Cut, Edit, apply
from pipeline.stages.pii import find
from pipeline.stages.pii_masks import Masks
from pipeline.stages.pii_text import Found

SUSPECT = r"[0-9@]|:[0-9A-Fa-f]*:"
"""Without a digit, an @ or two colons of an IPv6 address there is no personal data but names."""

SHORTEST = 10**6
"""Numbers below have fewer digits than any personal number: counts and years stay numbers."""

GROUP_HEX = 16
"""64 bits: two of a million groups share a name with a chance of 3 in 100 million."""

Place = tuple[str, str]
"""The key under which a value stands, and the value as text: "bankgiro" says what the digits are."""

ROW = ("text", "segments", "pii", "fate", "decision", "content_id", "meta")
"""Columns from which the masks of a document are given out again."""


def mask_meta(items: pa.Table, edit: Edit) -> pa.Table:
    """`items` with personal data of the kinds that `edit` masks replaced in `meta`, and groups that hold such named by their
    sha256. A value has the mask that it has in the published text; those that stand in meta alone follow in order.
    """
    meta, group = items.column("meta"), items.column("group")
    suspects = np.flatnonzero(_suspects(meta, edit.masked))
    values = [json.loads(text) for text in meta.take(pa.array(suspects)).to_pylist()]
    groups = pc.unique(group.drop_null()).to_pylist()
    places = dict.fromkeys(place for value in values for place in _places("", value))
    found = _found([*places, *(("", name) for name in groups)], frozenset(edit.masked))
    if not found:
        return items
    holding = [at for at, value in enumerate(values) if any(place in found for place in _places("", value))]
    rows = suspects[holding]
    known = items.select(ROW).take(pa.array(rows)).to_pylist()
    made = [
        _dumps(_replaced("", values[at], found, edit.edited(row)[2]))
        for at, row in zip(holding, known, strict=True)
    ]
    items = put(items, RAW.field("meta"), _with(meta, rows, made))
    renamed = {name: _named(name) for name in groups if ("", name) in found}
    at = np.flatnonzero(_boolean(pc.is_in(group, value_set=pa.array(sorted(renamed), pa.string()))))
    names = [renamed[name] for name in group.take(pa.array(at)).to_pylist()]
    return put(items, RAW.field("group"), _with(group, at, names))


def _suspects(meta: pa.ChunkedArray, masked: Collection[str]) -> NDArray[np.bool_]:
    """Rows to parse; names of people have no sign of their own."""
    found = pc.not_equal(meta, "{}") if "person" in masked else pc.match_substring_regex(meta, SUSPECT)
    return _boolean(found)


def _places(key: str, value: Any) -> Iterator[Place]:
    """Every text in a JSON value, keys and large whole numbers too."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield "", name
            yield from _places(name, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _places(key, inner)
    elif (text := _text(value)) is not None:
        yield key, text


def _text(value: Any) -> str | None:
    """The text in which personal data is looked for; None for values that hold none. Spreadsheets turn numbers to floats."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not SHORTEST <= abs(value) < 1e18:
        return None
    return str(int(value)) if value == int(value) else None


def _found(places: list[Place], masked: frozenset[str]) -> dict[Place, list[Found]]:
    """Finds of each place that holds personal data, offsets in its value."""
    texts = pa.array([f"{key}: {value}" for key, value in places], pa.large_string())
    candidates = personal.candidates(*text_buffers(texts))
    bounds = np.searchsorted(candidates[:, 0], np.arange(len(places) + 1))
    todo = range(len(places)) if "person" in masked else np.unique(candidates[:, 0]).tolist()
    made: dict[Place, list[Found]] = {}
    for row in todo:
        key, value = places[row]
        before = len(key) + 2
        spans = find(f"{key}: {value}", candidates[bounds[row] : bounds[row + 1], 1:], masked)
        inside = [(max(start - before, 0), end - before, kind) for start, end, kind in spans if end > before]
        if inside:
            made[key, value] = inside
    return made


def _replaced(key: str, value: Any, found: dict[Place, list[Found]], masks: Masks) -> Any:
    if isinstance(value, dict):
        return {
            _hidden("", name, found, masks): _replaced(name, inner, found, masks)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_replaced(key, inner, found, masks) for inner in value]
    text = _text(value)
    return value if text is None or (key, text) not in found else _hidden(key, text, found, masks)


def _hidden(key: str, text: str, found: dict[Place, list[Found]], masks: Masks) -> str:
    spans = found.get((key, text), [])
    return apply(text, [Cut(a, b, masks.mask(kind, text[a:b]), "pii", kind) for a, b, kind in spans])


def _dumps(value: Any) -> str:
    """As readers write meta: sorted keys, no spaces, letters as they are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _named(group: str) -> str:
    return hashlib.sha256(group.encode()).hexdigest()[:GROUP_HEX]


def _with(column: pa.ChunkedArray, rows: NDArray[np.int64], values: list[str]) -> pa.ChunkedArray:
    hit = np.zeros(len(column), bool)
    hit[rows] = True
    replace: Callable[..., pa.ChunkedArray] = pc.replace_with_mask
    return replace(column, pa.chunked_array([pa.array(hit)]).combine_chunks(), pa.array(values, pa.string()))


def _boolean(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    return np.array(column.combine_chunks().to_numpy(zero_copy_only=False), bool)
