"""Documents whose fate other limits would change: each with the limit that moves it most, and how far off it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.schema import FATES
from pipeline.stage import Rule
from pipeline.work.judge import JudgeSettings
from pipeline.work.stored import stored_counts

STANDING = np.array([2, 0, 1, 0])
"""How far each of FATES is from training: kept, then flagged, then the rest."""

NAMED = ("record_id", "doc_id", "source", "uri", "language")
"""What a mover is told by, where it is stored."""

MOVERS = pa.schema(
    [
        *[(name, pa.string()) for name in NAMED],
        ("words", pa.float32()),
        ("was", pa.string()),
        ("now", pa.string()),
        ("reasons_was", pa.list_(pa.string())),
        ("reasons_now", pa.list_(pa.string())),
        # The limit that moves it, its measure, value and limit, and how far the value is off: a share of the limit.
        ("reason", pa.string()),
        ("measure", pa.string()),
        ("value", pa.float64()),
        ("limit", pa.float64()),
        ("off", pa.float64()),
    ]
)
"""Columns of the movers; of NAMED those that are stored."""

Codes = NDArray[np.int8]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """A fate (number in FATES) and reasons per row."""

    fate: Codes
    reasons: pa.ListArray


def fate_codes(column: pa.ChunkedArray) -> Codes:
    """int8[rows], numbers in FATES."""
    return np.asarray(pc.index_in(column, value_set=pa.array(FATES)).to_numpy(), np.int8)


def limits_of(settings: JudgeSettings | None) -> dict[str, Rule]:
    """The limits behind reason codes; codes of judges that compare nothing with a limit are not there."""
    if settings is None:
        return {}
    language = settings.language
    found = [
        Rule("language.foreign", "target_share", low=language.min_target_share),
        Rule("language.mixed", "target_share", low=language.keep_target_share),
        *(judge for judge in settings.judges() if isinstance(judge, Rule)),
    ]
    return {rule.code: rule for rule in found}


def edges(rule: Rule, items: pa.Table, *, near: bool) -> tuple[Floats, Floats]:
    """Lowest and highest value per row; with `near` those of the zone inside of the limits where items are kept unflagged."""
    low, high, width = (np.broadcast_to(bound, items.num_rows) for bound in rule.bounds(items))
    return (low + width, high - width) if near else (low, high)


def movers(
    items: pa.Table,
    was: Judged,
    now: Judged,
    settled: tuple[Codes, Codes],
    limits: tuple[Mapping[str, Rule], Mapping[str, Rule]],
) -> pa.Table:
    """Columns MOVERS of the items whose settled fate differs; `limits` are those before and after."""
    rows = np.flatnonzero(settled[0] != settled[1])
    at, fates = pa.array(rows), pa.array(FATES)
    moved = items.take(at)
    lists = (was.reasons.take(at), now.reasons.take(at))
    falls = STANDING[settled[1][rows]] < STANDING[settled[0][rows]]
    told: dict[str, pa.Array | pa.ChunkedArray] = {
        **{name: moved[name] for name in (*NAMED, "words") if name in moved.schema.names},
        "was": fates.take(pa.array(settled[0][rows])),
        "now": fates.take(pa.array(settled[1][rows])),
        "reasons_was": lists[0],
        "reasons_now": lists[1],
        **_causes(moved, lists, falls, limits),
    }
    return pa.table(told, schema=pa.schema([MOVERS.field(name) for name in told]))


def ranked(pieces: Sequence[pa.Table]) -> pa.Table:
    """All movers, those farthest from the limit first."""
    if not pieces:
        return MOVERS.empty_table()
    every = pa.concat_tables(pieces).combine_chunks()
    # Arrow's sort keeps no order among equals; a stable one gives the same list on every machine.
    far = np.nan_to_num(every["off"].to_numpy(), nan=-1.0)
    return every.take(pa.array(np.argsort(-far, kind="stable")))


def _causes(
    moved: pa.Table,
    lists: tuple[pa.ListArray, pa.ListArray],
    falls: NDArray[np.bool_],
    limits: tuple[Mapping[str, Rule], Mapping[str, Rule]],
) -> dict[str, pa.Array]:
    n = moved.num_rows
    reason, measure = np.full(n, None, object), np.full(n, None, object)
    value, limit, off = (np.full(n, np.nan) for _ in range(3))
    known = np.full(n, -2.0)
    counts = stored_counts(moved, _codes(lists))
    for code, rows in _moving(lists, falls):
        rules = limits if falls[rows[0]] else limits[::-1]
        # A fall is explained by the limits after, a rise by those before.
        rule = rules[1].get(code.removesuffix(".near")) or rules[0].get(code.removesuffix(".near"))
        name, values, bounds = _against(moved, rows, code, rule, counts)
        far = np.abs(values - bounds) / np.where(bounds == 0, 1.0, np.abs(bounds))
        rank = np.nan_to_num(far, nan=-1.0)
        better = rank > known[rows]
        chosen = rows[better]
        known[chosen] = rank[better]
        reason[chosen], measure[chosen] = code, name
        value[chosen], limit[chosen], off[chosen] = values[better], bounds[better], far[better]
    texts = {"reason": pa.array(reason, pa.string()), "measure": pa.array(measure, pa.string())}
    numbers = {"value": value, "limit": limit, "off": off}
    return texts | {name: pa.array(array, mask=np.isnan(array)) for name, array in numbers.items()}


def _codes(lists: Sequence[pa.ListArray]) -> list[str]:
    return sorted({code for reasons in lists for code in pc.unique(pc.list_flatten(reasons)).to_pylist()})


def _moving(
    lists: tuple[pa.ListArray, pa.ListArray], falls: NDArray[np.bool_]
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Reason codes with the rows that they move: gained where the fate falls, lost where it rises."""
    codes = _codes(lists)
    keys = []
    for reasons in lists:
        at = pc.index_in(pc.list_flatten(reasons), value_set=pa.array(codes, pa.string())).to_numpy()
        keys.append(pc.list_parent_indices(reasons).to_numpy() * len(codes) + at)
    told = np.zeros(len(falls), bool)
    for mine, others, wanted in ((keys[1], keys[0], falls), (keys[0], keys[1], ~falls)):
        only = mine[~np.isin(mine, others)]
        told[only // len(codes)] |= wanted[only // len(codes)]
        for number, code in enumerate(codes):
            rows = only[only % len(codes) == number] // len(codes)
            rows = rows[wanted[rows]].astype(np.int64)
            if len(rows):
                yield code, rows
    # Where the codes are the same, what is done about one of them is not: never about a limit of [noise].
    for mine, wanted in ((keys[1], falls & ~told), (keys[0], ~falls & ~told)):
        for number, code in enumerate(codes):
            rows = mine[mine % len(codes) == number] // len(codes)
            rows = rows[wanted[rows]].astype(np.int64)
            if len(rows) and not code.startswith("noise."):
                yield code, rows


def _against(
    moved: pa.Table,
    rows: NDArray[np.int64],
    code: str,
    rule: Rule | None,
    counts: Mapping[str, NDArray[np.float32]],
) -> tuple[str | None, Floats, Floats]:
    """Measure, values and limits of these rows; NaN where the code has no limit."""
    if code in counts:
        return code.replace(".", "_"), counts[code][rows].astype(np.float64), np.zeros(len(rows))
    if rule is None:
        return None, np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    values = moved[rule.measure].to_numpy()[rows].astype(np.float64)
    low, high = (bound[rows] for bound in edges(rule, moved, near=code.endswith(".near")))
    bounds = np.where((values < low) | np.isinf(high), low, high)
    return rule.measure, values, np.where(np.isinf(bounds), np.nan, bounds)
