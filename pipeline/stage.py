"""The two protocols of a stage, and the law that no stage loses a row.

Measure: items -> the same items in the same order plus columns.
Judge: measured items -> findings, each a reason code, what it calls for, and the rows it hits.
`decide` (pipeline.stages.decide) folds the findings of all judges and the decisions of people into one fate per item.

A stage reads no files, clocks or random state: the same rows give the same columns, in any batch and any process.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import ContractError
from pipeline.schema import check_schema

Action = Literal["drop", "flag"]


class Measure(Protocol):
    """Adds columns; never removes, adds or moves a row."""

    @property
    def name(self) -> str:
        """The stage's name: first part of its reason codes and its section in kvarn.toml."""
        ...

    @property
    def adds(self) -> pa.Schema:
        """The columns it adds (or replaces)."""
        ...

    def __call__(self, items: pa.Table) -> pa.Table: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason, what it calls for, and a boolean mask of the rows it hits (length = rows of the table)."""

    code: str
    action: Action
    rows: NDArray[np.bool_]


class Judge(Protocol):
    """Compares stored measures with limits; removes nothing."""

    def __call__(self, items: pa.Table) -> Iterator[Finding]: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit on one float32 measure column: outside low..high is `action`, near it is a flag.

    `near` is an absolute distance inside the limit within which an item is flagged instead of kept (0: no such zone).
    A measure that is NaN does not apply to the item and passes.
    """

    code: str
    measure: str
    low: float | None = None
    high: float | None = None
    near: float = 0.0
    action: Action = "drop"

    def __call__(self, items: pa.Table) -> Iterator[Finding]:
        values = items.column(self.measure).to_numpy()
        below = np.zeros(len(values), bool) if self.low is None else values < self.low
        above = np.zeros(len(values), bool) if self.high is None else values > self.high
        out = below | above
        yield Finding(self.code, self.action, out)
        if self.near > 0:
            near = np.zeros(len(values), bool)
            if self.low is not None:
                near |= values < self.low + self.near
            if self.high is not None:
                near |= values > self.high - self.near
            yield Finding(f"{self.code}.near", "flag", near & ~out)


def run_measure(stage: Measure, items: pa.Table) -> pa.Table:
    """Run one stage and hold it to its promise. Raises ContractError if rows or columns are not as promised."""
    out = stage(items)
    if out.num_rows != items.num_rows or not out.column("doc_id").equals(items.column("doc_id")):
        raise ContractError(
            f"stage {stage.name}: {items.num_rows} items went in, {out.num_rows} came out or moved"
        )
    lost = set(items.schema.names) - set(out.schema.names)
    if lost:
        raise ContractError(f"stage {stage.name}: columns lost: {', '.join(sorted(lost))}")
    check_schema(out, stage.adds, f"stage {stage.name}")
    return out


def put(items: pa.Table, field: pa.Field, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """`items` with the column `field` added, or replaced in place where it exists."""
    at = items.schema.get_field_index(field.name)
    if at >= 0:
        return items.set_column(at, field, values)
    return items.append_column(field, values)
