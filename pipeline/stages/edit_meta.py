"""Personal data beside the text: what is masked there is masked in `meta` too, and never names a group.

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
from pipeline.stages.edit import MASKS, Cut, apply
from pipeline.stages.pii import find

SUSPECT = r"[0-9@]|:[0-9A-Fa-f]*:"
"""Without a digit, an @ or two colons of an IPv6 address there is no personal data but names."""

SHORTEST = 10**6
"""Numbers below have fewer digits than any personal number: counts and years stay numbers."""

GROUP_HEX = 16
"""64 bits: two of a million groups share a name with a chance of 3 in 100 million."""

Place = tuple[str, str]
"""The key under which a value stands, and the value as text: "bankgiro" says what the digits are."""


def mask_meta(items: pa.Table, masked: Collection[str]) -> pa.Table:
    """`items` with personal data of the kinds `masked` replaced in `meta`, and groups that hold such named by their sha256."""
    meta, group = items.column("meta"), items.column("group")
    rows = np.flatnonzero(_suspects(meta, masked))
    values = [json.loads(text) for text in meta.take(pa.array(rows)).to_pylist()]
    groups = pc.unique(group.drop_null()).to_pylist()
    places = dict.fromkeys(place for value in values for place in _places("", value))
    masks = _masks([*places, *(("", name) for name in groups)], frozenset(masked))
    if not masks:
        return items
    made = [_dumps(_replaced("", value, masks)) for value in values]
    items = put(items, RAW.field("meta"), _with(meta, rows, made))
    renamed = {name: _named(name) for name in groups if ("", name) in masks}
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


def _masks(places: list[Place], masked: frozenset[str]) -> dict[Place, str]:
    """The masked text of each place that holds personal data."""
    texts = pa.array([f"{key}: {value}" for key, value in places], pa.large_string())
    candidates = personal.candidates(*text_buffers(texts))
    bounds = np.searchsorted(candidates[:, 0], np.arange(len(places) + 1))
    todo = range(len(places)) if "person" in masked else np.unique(candidates[:, 0]).tolist()
    made: dict[Place, str] = {}
    for row in todo:
        key, value = places[row]
        before = len(key) + 2
        spans = find(f"{key}: {value}", candidates[bounds[row] : bounds[row + 1], 1:], masked)
        cuts = [
            Cut(max(start - before, 0), end - before, MASKS[kind], "pii", kind)
            for start, end, kind in spans
            if end > before
        ]
        if cuts:
            made[key, value] = apply(value, cuts)
    return made


def _replaced(key: str, value: Any, masks: dict[Place, str]) -> Any:
    if isinstance(value, dict):
        return {masks.get(("", name), name): _replaced(name, inner, masks) for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(key, inner, masks) for inner in value]
    text = _text(value)
    return value if text is None else masks.get((key, text), value)


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
