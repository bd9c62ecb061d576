"""[gate] in kvarn.toml: who must approve, and the limit of every check.

The limits are starting values for a corpus that nobody has measured yet. Once there are ten releases, set a warning at three
times the 99th percentile of the differences between random halves of a release. None is a p-value: those fire on size.
"""

from dataclasses import dataclass, fields
from typing import Literal

from pipeline.errors import ConfigError


@dataclass(frozen=True, slots=True)
class GateConfig:
    """Shares are 0 to 1. `*_warn` asks somebody to look, `*_block` stops the release; a value at the limit passes."""

    first_release: Literal["publish", "approve"] = "publish"
    """A first release has no baseline, so drift cannot be checked: publish it, or wait for `kvarn gate approve`."""
    two_people: bool = False
    """A waiver counts only if its approver is not its requester."""

    rows_floor: int = 1
    """Fewest kept documents of a release. 1: an empty release is never right."""
    rows_warn: float = 0.20
    """Relative change of the number of kept documents, up or down."""
    rows_block: float = 0.50
    """Relative loss of kept documents. Half a corpus does not vanish by itself; growth never blocks."""
    letters_warn: float = 0.15
    """Relative change of the share of å, ä or ö among the letters."""
    letters_block: float = 0.30
    """Relative loss of å, ä or ö: cp1252 read as cp1250 turns every å into ĺ and leaves the rest of a text readable."""
    language_warn: float = 0.98
    """Smallest share of characters in documents of the target languages."""
    language_block: float = 0.95
    language_drift_warn: float = 0.05
    """Jensen-Shannon distance (base 2, 0 to 1) of the languages' shares from the last release."""
    near_left_warn: float = 0.005
    """Share of kept documents that still have a verified near-duplicate among the kept of their own split."""
    near_left_block: float = 0.01
    conflicts_warn: float = 0.001
    """Share of items in quarantine because they tie documents of different splits together."""
    conflicts_block: float = 0.01
    quarantine_warn: float = 0.001
    """Share of items that could not be read (or were quarantined for another reason than a split conflict)."""
    quarantine_block: float = 0.01
    encoding_warn: float = 10e-6
    """Share of kept documents with U+FFFD or mojibake after repair."""
    encoding_block: float = 1000e-6
    small_counts: int = 20
    """Rates of quarantine, conflicts, damaged encoding and near-duplicates left block only where more items than this are hit,
    else they warn. One corrupt file among a hundred is 1 % and no reason to stop a refresh; 21 bad items are worth a look in
    a corpus of any size. Quarantine in a required source blocks without this floor."""
    mix_warn: float = 0.10
    """Total variation (half the sum of differences) of the sources' shares of words."""
    mix_block: float = 0.25
    length_warn: float = 0.10
    """Wasserstein distance of log2(words per document) over its standard deviation in the last release."""
    length_block: float = 0.25
    reasons_warn: float = 0.50
    """Relative change of a reason's rate, where it is also more than `reasons_points` and five items."""
    reasons_block: float = 3.0
    """A reason's rate over its last one: three times as often is a broken source or a changed limit."""
    reasons_points: float = 0.005
    """Absolute change of a reason's rate below which it is not looked at: half a percentage point."""
    split_floor: int = 10
    """Kept documents from which an empty validation or test split blocks; fewer cannot be expected to fill three splits."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, int | float) and not isinstance(value, bool) and not value >= 0:
                raise ConfigError(f"gate.{item.name} = {value!r} is not allowed; allowed: 0 or more")
        for name in ("rows", "letters", "near_left", "conflicts", "quarantine", "encoding", "mix", "length"):
            warn, block = getattr(self, f"{name}_warn"), getattr(self, f"{name}_block")
            if warn > block:
                raise ConfigError(
                    f"gate.{name}_warn = {warn!r} is above gate.{name}_block = {block!r}: it would never warn"
                )
        if self.language_warn < self.language_block:
            raise ConfigError(
                f"gate.language_warn = {self.language_warn!r} is below gate.language_block = {self.language_block!r}: it would never warn"
            )
