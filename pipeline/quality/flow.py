"""Where each item left the mill: one stage per withheld item, so that in = out + what left, per source and stage."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.quality.ledger import coded, exploded
from pipeline.schema import DROPPED, FATES, FLAGGED, KEPT, QUARANTINED

STAGES = (
    "read",
    "repair",
    "language",
    "noise",
    "pii",
    "relevance",
    "terms",
    "decide",
    "duplicate",
    "split",
    "other",
)
"""First parts of reason codes in the order of the path; `other` takes codes of stages that came later than this list."""

BY_PERSON = "decide"
"""Stage of an item that a person removed, or that has no reason of its own."""

NEAR = ".near"
"""End of the codes that only flag: near a limit, not beyond it. `duplicate.near` is no such code."""


@dataclass(frozen=True, slots=True)
class Step:
    """One stage: what came in, what left there and how, what went on."""

    stage: str
    arrived: int
    dropped: int
    flagged: int
    quarantined: int

    @property
    def left(self) -> int:
        return self.dropped + self.flagged + self.quarantined

    @property
    def passed(self) -> int:
        return self.arrived - self.left


def funnel(ledger: pa.Table) -> tuple[tuple[Step, ...], Mapping[str, tuple[Step, ...]]]:
    """All items, and by source. Stages where nothing left in any source are left out."""
    stage = leaving_stage(ledger)
    fate, fates = coded(ledger.column("fate"))
    source, sources = coded(ledger.column("source"))
    shape = (len(sources), len(STAGES), len(fates))
    counts = np.zeros(shape, np.int64)
    np.add.at(counts, (source, stage, fate), 1)
    by_fate = {name: counts[:, :, i] for i, name in enumerate(fates)}
    grid = np.stack([by_fate.get(name, np.zeros(shape[:2], np.int64)) for name in FATES], axis=2)
    leaves = grid[:, :, [FATES.index(fate) for fate in (DROPPED, FLAGGED, QUARANTINED)]]
    used = [i for i in range(len(STAGES)) if leaves[:, i].any()]
    arrived = grid.sum(axis=(1, 2))
    rows = {name: _steps(leaves[i], int(arrived[i]), used) for i, name in enumerate(sources)}
    return _steps(leaves.sum(axis=0), int(arrived.sum()), used), rows


def _steps(leaves: NDArray[np.int64], arrived: int, used: list[int]) -> tuple[Step, ...]:
    steps = []
    for i in used:
        step = Step(STAGES[i], arrived, *(int(count) for count in leaves[i]))
        steps.append(step)
        arrived = step.passed
    return tuple(steps)


def leaving_stage(ledger: pa.Table) -> NDArray[np.int64]:
    """Index into STAGES for each row. Kept rows get that of `split`, the last gate they passed.

    A duplicate left at `duplicate`, whatever it was flagged for before. Any other dropped item left at the first stage that
    gave it a reason other than a flag; a flagged or quarantined one at the first stage that gave it any.
    """
    rows, codes = exploded(ledger.column("reasons"))
    code, names = coded(codes)
    rank = np.array([stage_of(name) for name in names], np.int64)[code] if names else np.zeros(0, np.int64)
    dropped = pc.equal(ledger.column("fate"), DROPPED).to_numpy()
    only_flags = np.array([_only_flags(name) for name in names], bool)[code] if names else np.zeros(0, bool)
    first = np.full(ledger.num_rows, len(STAGES), np.int64)
    counts = ~(only_flags & dropped[rows])
    np.minimum.at(first, rows[counts], rank[counts])
    first[first == len(STAGES)] = STAGES.index(BY_PERSON)
    first[dropped & pc.is_valid(ledger.column("duplicate_of")).to_numpy()] = STAGES.index("duplicate")
    first[pc.equal(ledger.column("fate"), KEPT).to_numpy()] = STAGES.index("split")
    return first


def stage_of(code: str) -> int:
    """Index into STAGES of a reason code.

    >>> STAGES[stage_of("noise.short")], STAGES[stage_of("new.thing")]
    ('noise', 'other')
    """
    first = code.split(".")[0]
    return STAGES.index(first) if first in STAGES else STAGES.index("other")


def _only_flags(code: str) -> bool:
    return code.endswith(NEAR) and not code.startswith("duplicate.")
