"""Is anything published twice, and does anything tie train, validation and test together."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import ContractError
from pipeline.quality.inputs import NO_BASELINE, CheckInputs, grade, limits, small, zero
from pipeline.quality.ledger import coded
from pipeline.quality.verdicts import Check, Verdict
from pipeline.schema import KEPT, SPLITS

SHOWN = 10


@dataclass(frozen=True, slots=True)
class KeptPairs:
    """Verified pairs at or above the threshold with both ends kept: ledger rows, whether their splits differ, and whether more than a
    template is alike.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    across: NDArray[np.bool_]
    content: NDArray[np.bool_]


def kept_pairs(inputs: CheckInputs) -> KeptPairs:
    """Raises ContractError where a pair names an item that the ledger does not know, or not clearly."""
    strong = inputs.pairs.filter(pc.greater_equal(inputs.pairs.column("jaccard"), inputs.threshold))
    a, b = rows_of(inputs.ledger, strong)
    kept = pc.equal(inputs.ledger.column("fate"), KEPT).to_numpy()
    split, _ = coded(inputs.ledger.column("split"))
    both = kept[a] & kept[b]
    a, b = a[both], b[both]
    template = pc.less(strong.column("jaccard_content"), inputs.content_threshold).fill_null(fill_value=False)
    return KeptPairs(a, b, split[a] != split[b], ~template.to_numpy()[both])


def rows_of(ledger: pa.Table, pairs: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ledger rows of both ends. Ids are doc ids; record ids where those are unique."""
    ends = [pairs.column("id_a").combine_chunks(), pairs.column("id_b").combine_chunks()]
    for name in ("doc_id", "record_id"):
        names = ledger.column(name).combine_chunks()
        found = [pc.index_in(end, value_set=names) for end in ends]
        if not any(part.null_count for part in found):
            _must_be_unique(names, ends, name)
            a, b = (part.to_numpy(zero_copy_only=False).astype(np.int64) for part in found)
            return a, b
    raise ContractError("pairs.parquet names items that ledger.parquet does not have")


def _must_be_unique(names: pa.Array, ends: list[pa.Array], column: str) -> None:
    used = names.filter(pc.is_in(names, value_set=pa.chunked_array(ends).unique()))
    if pc.count_distinct(used).as_py() != len(used):
        raise ContractError(f"pairs.parquet names items by {column}, which is not unique in ledger.parquet")


def near(inputs: CheckInputs) -> Iterator[Check]:
    """Kept documents with a kept near-duplicate in their own split; across splits it is leakage. Those that share a template only
    stay on purpose.
    """
    config, pairs = inputs.config, kept_pairs(inputs)
    inside = ~pairs.across & pairs.content
    left = np.unique(np.concatenate([pairs.a[inside], pairs.b[inside]]))
    total = inputs.profile.kept.documents
    rate = len(left) / total if total else 0.0
    verdict = small(
        grade(rate, config.near_left_warn, config.near_left_block), len(left), config.small_counts
    )
    yield Check(
        "duplicates.near",
        "Andel behållna dokument med en nästan lika kvar",
        "Share of kept documents with a near-duplicate left",
        verdict,
        value=rate,
        limit=limits(config.near_left_warn, config.near_left_block),
        n=total,
        examples=_names(inputs, left),
        unit="share",
    )


def exact(inputs: CheckInputs) -> Iterator[Check]:
    yield Check(
        "duplicates.exact",
        "Exakta kopior kvar bland de behållna",
        "Exact copies left among the kept",
        zero(inputs.profile.exact_left),
        value=inputs.profile.exact_left,
        limit="= 0",
        last=inputs.previous.exact_left if inputs.previous else None,
        n=inputs.profile.kept.documents,
        unit="count",
    )


def leaked_pairs(inputs: CheckInputs) -> Iterator[Check]:
    pairs = kept_pairs(inputs)
    across = pairs.a[pairs.across]
    yield Check(
        "leakage.pairs",
        "Nästan lika dokument i olika delar (träning, validering, test)",
        "Near-duplicates across train, validation and test",
        zero(len(across)),
        value=len(across),
        limit="= 0",
        n=inputs.pairs.num_rows,
        waivable=False,
        examples=_names(inputs, across),
        unit="count",
    )


def chains(inputs: CheckInputs) -> Iterator[Check]:
    """Documents alike only through others that were removed. It warns: a new document can tie two that were published long
    ago in different splits, and those stay where they are.
    """
    kept = inputs.ledger.filter(pc.equal(inputs.ledger.column("fate"), KEPT))
    kept = kept.select(["cluster", "split"]).filter(pc.is_valid(kept.column("cluster")))
    counts = kept.group_by("cluster").aggregate([("split", "count_distinct")])
    tied = counts.filter(pc.greater(counts.column("split_count_distinct"), 1)).num_rows
    yield Check(
        "split.chains",
        "Kedjor av lika dokument som når flera delar",
        "Chains of alike documents that reach several splits",
        Verdict.WARN if tied else Verdict.PASS,
        value=tied,
        limit="warn > 0",
        n=counts.num_rows,
        unit="count",
    )


def groups(inputs: CheckInputs) -> Iterator[Check]:
    count = inputs.profile.groups_split
    yield Check(
        "split.groups",
        "Grupper (författare, ärende, tråd) som delas mellan träning, validering och test",
        "Groups (author, case, thread) divided between train, validation and test",
        zero(count),
        value=count,
        limit="= 0",
        n=inputs.profile.kept.documents,
        unit="count",
    )


def moved(inputs: CheckInputs) -> Iterator[Check]:
    """Content that was held out in the last release and is trained on now. Raises ContractError without that ledger."""
    words = (
        "Innehåll som hölls undan förut och nu är träning",
        "Content held out before that is now trained on",
    )
    common: dict[str, Any] = dict(limit="= 0", waivable=False, unit="count")
    if inputs.previous is None:
        yield Check("leakage.moved", *words, Verdict.PASS, value=0, note=NO_BASELINE, **common)
        return
    if inputs.parent_ledger is None:
        raise ContractError("the ledger of the last release was not given")
    train, *held = SPLITS
    before = _contents(inputs.parent_ledger, held)
    now = _contents(inputs.ledger, [train])
    count = int(pc.sum(pc.is_in(now, value_set=before)).as_py() or 0)
    yield Check("leakage.moved", *words, zero(count), value=count, n=len(now), **common)


def _contents(ledger: pa.Table, splits: list[str]) -> pa.ChunkedArray:
    chosen = pc.and_(
        pc.equal(ledger.column("fate"), KEPT), pc.is_in(ledger.column("split"), pa.array(splits))
    )
    return ledger.column("content_id").filter(chosen).unique()


def conflicts(inputs: CheckInputs) -> Iterator[Check]:
    """Items in quarantine because they tie documents of different splits together."""
    config, profile = inputs.config, inputs.profile
    count = sum(sum(row.values()) for code, row in profile.reasons.items() if code.startswith("split."))
    rate = count / profile.items if profile.items else 0.0
    yield Check(
        "split.conflicts",
        "Andel poster som binder ihop dokument i olika delar",
        "Share of items that tie documents of different splits together",
        small(grade(rate, config.conflicts_warn, config.conflicts_block), count, config.small_counts),
        value=rate,
        limit=limits(config.conflicts_warn, config.conflicts_block),
        n=profile.items,
        unit="share",
    )


def _names(inputs: CheckInputs, rows: NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(inputs.ledger.column("record_id").take(pa.array(rows[:SHOWN])).to_pylist())


CHECKS: Mapping[str, Callable[[CheckInputs], Iterator[Check]]] = {
    "duplicates.exact": exact,
    "duplicates.near": near,
    "leakage.pairs": leaked_pairs,
    "split.chains": chains,
    "split.groups": groups,
    "leakage.moved": moved,
    "split.conflicts": conflicts,
}
