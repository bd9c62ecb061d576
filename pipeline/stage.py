"""The two protocols of a stage, and the law that no stage loses a row.

Measure: items -> the same items in the same order plus columns.
Judge: measured items -> findings, each a reason code, what it calls for, and the rows it hits.
`decide` (pipeline.stages.decide) folds the findings of all judges and the decisions of people into one fate per item.

A stage reads no files, clocks or random state: the same rows give the same columns, in any batch and any process.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import ContractError
from pipeline.kernels.measure_spec import MeasureSpec
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


class Described(Measure, Protocol):
    """A Measure whose numbers are stored: it says what each of its float32 columns means."""

    @property
    def measures(self) -> tuple[MeasureSpec, ...]:
        """One entry per float32 column that it adds. docs/measures.md is written from them."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason, what it calls for, and a boolean mask of the rows it hits (length = rows of the table)."""

    code: str
    action: Action
    rows: NDArray[np.bool_]


class Judge(Protocol):
    """Compares stored measures with limits; removes nothing."""

    def __call__(self, items: pa.Table) -> Iterator[Finding]: ...


class Limits(NamedTuple):
    """What one rule allows: low..high (None: open), and how far inside of it an item is still flagged."""

    low: float | None = None
    high: float | None = None
    near: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit on one float32 measure column: outside low..high is `action`, near it is a flag.

    `near` is an absolute distance inside the limit within which an item is flagged instead of kept (0: no such zone).
    A measure that is NaN does not apply to the item and passes. Where `by_language` holds the language that was measured for
    an item (column `language`), those limits take the place of low, high and near.
    """

    code: str
    measure: str
    low: float | None = None
    high: float | None = None
    near: float = 0.0
    action: Action = "drop"
    by_language: Mapping[str, Limits] = field(default_factory=dict)

    def limits(self, language: str | None = None) -> Limits:
        """The limits in force for a document of that language."""
        own = Limits(self.low, self.high, self.near)
        return own if language is None else self.by_language.get(language, own)

    def bounds(self, items: pa.Table) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Lowest, highest and width of the near zone per row: one number for all rows where no language has its own."""
        every = [self.limits(), *self.by_language.values()]
        lows = np.array([-np.inf if limits.low is None else limits.low for limits in every])
        highs = np.array([np.inf if limits.high is None else limits.high for limits in every])
        nears = np.array([limits.near for limits in every], float)
        if not self.by_language:
            return lows, highs, nears
        if "language" not in items.schema.names:
            raise ContractError(
                f"rule {self.code} has limits by language and the table has no column 'language'; join it to the measures"
            )
        known = pa.array(self.by_language, pa.string())
        at = pc.fill_null(pc.index_in(items.column("language"), value_set=known), -1).to_numpy() + 1
        return lows[at], highs[at], nears[at]

    def __call__(self, items: pa.Table) -> Iterator[Finding]:
        # In the precision of the measure: a document whose value is the limit itself passes.
        values = items.column(self.measure).to_numpy()
        low, high, width = (bound.astype(values.dtype) for bound in self.bounds(items))
        out = (values < low) | (values > high)
        yield Finding(self.code, self.action, out)
        if (width > 0).any():
            near = (width > 0) & ((values < low + width) | (values > high - width))
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


def bools(column: pa.ChunkedArray | pa.Array) -> NDArray[np.bool_]:
    """A column of booleans without nulls as a numpy array of its own: (rows,)."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.array(array.to_numpy(zero_copy_only=False), bool)
