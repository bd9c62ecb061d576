"""Expectations that the core has none of. Importing this module registers them under their snake_case names."""

from typing import Any, ClassVar

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation, ColumnAggregateExpectation
from great_expectations.expectations.metrics.column_aggregate_metric_provider import (
    ColumnAggregateMetricProvider,
    column_aggregate_value,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

__all__ = ["ExpectColumnLetterShareToBeBetween", "ExpectGroupsToHaveOneValue"]


class _GroupsWithSeveralValues(TableMetricProvider):
    """Number of different values of `group` that occur with more than one value of `value`; nulls are in no group."""

    metric_name = "table.groups_with_several_values"
    value_keys = ("group", "value")

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,  # noqa: N805  # the decorator makes it a class method
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict,
        metric_value_kwargs: dict,
        **_: Any,
    ) -> int:
        frame, _domain, _accessor = execution_engine.get_compute_domain(
            domain_kwargs=metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE
        )
        grouped = frame.groupby(metric_value_kwargs["group"])[metric_value_kwargs["value"]]
        return int((grouped.nunique() > 1).sum())


class ExpectGroupsToHaveOneValue(BatchExpectation):
    """Rows with the same `group` have the same `value`: a cluster or a thread lies in one split."""

    group: str
    value: str

    metric_dependencies: ClassVar = ("table.groups_with_several_values",)
    success_keys: ClassVar = ("group", "value")
    args_keys: ClassVar = ("group", "value")

    def _validate(
        self, metrics: dict, runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict:
        del runtime_configuration, execution_engine  # the base class passes them
        count = metrics["table.groups_with_several_values"]
        return {"success": count == 0, "result": {"observed_value": count}}


class _LetterShare(ColumnAggregateMetricProvider):
    """Share of `letter` (either case) among the letters of a column of text."""

    metric_name = "column.letter_share"
    value_keys = ("letter",)

    @column_aggregate_value(engine=PandasExecutionEngine)
    def _pandas(cls, column: Any, letter: str, **_: Any) -> float:  # noqa: N805  # the decorator makes it a class method
        lower = column.dropna().str.lower()
        letters = int(lower.str.count(r"[^\W\d_]").sum())
        return float(lower.str.count(letter.lower()).sum()) / letters if letters else 0.0


class ExpectColumnLetterShareToBeBetween(ColumnAggregateExpectation):
    """The share of a letter lies between two limits. Even a first release, without a baseline, shows a lost å like this."""

    letter: str
    min_value: float = 0.0
    max_value: float = 1.0

    metric_dependencies: ClassVar = ("column.letter_share",)
    success_keys: ClassVar = ("letter", "min_value", "max_value")
    args_keys: ClassVar = ("column", "letter", "min_value", "max_value")

    def _validate(
        self, metrics: dict, runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict:
        del runtime_configuration, execution_engine  # the base class passes them
        share = metrics["column.letter_share"]
        return {"success": self.min_value <= share <= self.max_value, "result": {"observed_value": share}}
