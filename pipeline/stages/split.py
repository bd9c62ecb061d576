"""Split of the kept documents into train, validation and test, stable from release to release.

What belongs together goes together: documents of one near-duplicate cluster, of one group of a source (author, case,
thread), and with one content. Such a unit is never divided, and a content that was once in test is never in train.

First release: units in hash order, each to the split that is furthest below its quota of tokens, with one unit at least
for each split where there are three. Later releases: a unit goes where its earlier members are; a new one by its hash alone,
so that no other document can move it. A unit whose earlier members are in different splits is tied by something new: its new
documents go to quarantine (`split.conflict`) and the earlier ones stay where they were.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import ConfigError, ContractError
from pipeline.kernels.clusters import components
from pipeline.schema import SPLITS, check_schema

CONFLICT = "split.conflict"

_FIELDS: "list[pa.Field[Any]]" = [
    pa.field("content_id", pa.string(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    # Null: in no group.
    pa.field("group", pa.string()),
    pa.field("tokens", pa.int64(), nullable=False),
    # Of the connected component of verified pairs; items that never entered deduplication: null.
    pa.field("cluster", pa.string()),
    pa.field("kept", pa.bool_(), nullable=False),
]
ITEMS = pa.schema(_FIELDS)
"""Columns that `assign` takes (others may be there too)."""


@dataclass(frozen=True, slots=True)
class SplitConfig:
    """Section [split] of kvarn.toml. The three shares add up to 1.

    Nine tenths train: domain corpora are small, and a language model's loss is an average over tokens, so that 5 % of even
    200 documents (some thousand tokens) tell adapters apart, while every document taken from training is missed.
    """

    train: float = 0.9
    """Share of the tokens to train on."""
    validation: float = 0.05
    """Share of the tokens for early stopping and the choice of settings."""
    test: float = 0.05
    """Share of the tokens that is seen only when a finished adapter is judged."""
    seed: int = 1
    """Seed of the hash that orders the units; changing it moves new units only, never published ones."""

    def __post_init__(self) -> None:
        for key in SPLITS:
            share = getattr(self, key)
            if not 0 <= share <= 1:
                raise ConfigError(f"split.{key} = {share!r} is out of range; allowed: 0 to 1")
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ConfigError(
                f"split.train + split.validation + split.test = {total:g}; they must add up to 1"
            )
        if not self.train:
            raise ConfigError("split.train = 0 leaves nothing to train on; allowed: above 0 to 1")

    @property
    def shares(self) -> dict[str, float]:
        """Share of each split, in the order of SPLITS."""
        return {name: getattr(self, name) for name in SPLITS}


@dataclass(frozen=True, slots=True)
class Assignment:
    """One entry per item: `split` (None where it gets none) and `reason` (CONFLICT where it must be quarantined, else None).

    `empty` names the splits with a share above 0 that no item is in: the gate says so.
    """

    split: list[str | None]
    reason: list[str | None]
    empty: tuple[str, ...]


def assign(items: pa.Table, inherited: Mapping[str, str], config: SplitConfig) -> Assignment:
    """Split of every kept item; `inherited` maps content_id to the split of earlier releases, all of them.

    Only kept items get a split. Flagged and dropped ones still bind: what they tie together stays together.
    """
    check_schema(items, ITEMS, "split")
    unknown = set(inherited.values()) - set(SPLITS)
    if unknown:
        raise ContractError(f"split: earlier assignments name unknown splits: {', '.join(sorted(unknown))}")
    contents = [str(name) for name in items["content_id"].to_pylist()]
    kept = [bool(value) for value in items["kept"].to_pylist()]
    units = _units(items)
    earlier: dict[int, set[str]] = {}
    for unit, content in zip(units, contents, strict=True):
        if content in inherited:
            earlier.setdefault(unit, set()).add(inherited[content])
    placed = _place(_Unit.of_new(units, items, earlier), config, is_first=not inherited)
    split: list[str | None] = [None] * len(units)
    reason: list[str | None] = [None] * len(units)
    for row, unit in enumerate(units):
        if not kept[row]:
            continue
        if contents[row] in inherited:
            split[row] = inherited[contents[row]]
        elif len(earlier.get(unit, ())) > 1:
            reason[row] = CONFLICT
        else:
            split[row] = next(iter(earlier[unit])) if unit in earlier else placed[unit]
    taken = set(split)
    empty = tuple(name for name, share in config.shares.items() if share and name not in taken)
    return Assignment(split, reason, empty)


def _units(items: pa.Table) -> list[int]:
    """Smallest row of each row's unit: rows bound by cluster, by (source, group) or by content."""
    n = items.num_rows
    sources, groups = items["source"].to_pylist(), items["group"].to_pylist()
    edges: list[tuple[int, int]] = []
    bound_by: list[Sequence[object]] = [
        items["content_id"].to_pylist(),
        items["cluster"].to_pylist(),
        [None if group is None else (source, group) for source, group in zip(sources, groups, strict=True)],
    ]
    for names in bound_by:
        first: dict[object, int] = {}
        for row, name in enumerate(names):
            if name is not None:
                edges.append((first.setdefault(name, row), row))
    array: NDArray[np.int64] = np.array(edges, np.int64).reshape(-1, 2)
    labels: list[int] = components(n, array[:, 0].copy(), array[:, 1].copy()).tolist()
    return labels


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit that no earlier release knows: its label, its smallest content_id and the tokens of its kept items."""

    label: int
    name: str
    tokens: int

    @staticmethod
    def of_new(units: list[int], items: pa.Table, earlier: Mapping[int, set[str]]) -> "list[_Unit]":
        names: dict[int, str] = {}
        tokens: dict[int, int] = {}
        columns = (items[name].to_pylist() for name in ("content_id", "tokens", "kept"))
        for unit, content, count, kept in zip(units, *columns, strict=True):
            names[unit] = min(names.get(unit, content), content)
            if kept and unit not in earlier:
                tokens[unit] = tokens.get(unit, 0) + count
        return [_Unit(unit, names[unit], count) for unit, count in tokens.items()]


def _hash(name: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big")


def _place(units: list[_Unit], config: SplitConfig, *, is_first: bool) -> dict[int, str]:
    """Split of each new unit, by label."""
    if is_first:
        return _by_quota(
            sorted(units, key=lambda unit: (_hash(unit.name, config.seed), unit.name)), config.shares
        )
    return {unit.label: _by_hash(unit.name, config) for unit in units}


def _by_hash(name: str, config: SplitConfig) -> str:
    splits = [split for split, share in config.shares.items() if share]
    # The last split needs no upper edge: shares may add up to a hair less than 1.
    edges = list(accumulate(config.shares[split] for split in splits[:-1]))
    return splits[bisect_right(edges, _hash(name, config.seed) / 2**64)]


def _by_quota(units: list[_Unit], shares: Mapping[str, float]) -> dict[int, str]:
    """Units in order, each to the split furthest below its quota; the last ones are kept for splits still empty."""
    total = sum(unit.tokens for unit in units)
    missing = {split: share * total for split, share in shares.items() if share}
    empty = list(missing)
    placed: dict[int, str] = {}
    for at, unit in enumerate(units):
        open_to = empty if len(units) - at <= len(empty) else list(missing)
        # max takes the first of equals: train before validation before test.
        split = max(open_to, key=lambda name: missing[name])
        placed[unit.label] = split
        missing[split] -= unit.tokens
        if split in empty:
            empty.remove(split)
    return placed
