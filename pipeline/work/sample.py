"""A measured sample as calibration looks at it: who is good, whom language drops, and what each limit does."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.quality.calibration import Candidate, Mask
from pipeline.stage import Finding
from pipeline.stages.language import LanguageConfig, language_findings
from pipeline.stages.noise import LIMIT_KEYS, SWEDISH, NoiseConfig, bounds_of, noise_rules
from pipeline.stages.noise_limits import limit_of
from pipeline.work.stored import JUDGED_MEASURES, check_measures


def candidates_of(items: pa.Table, config: NoiseConfig) -> list[Candidate]:
    """Every limit that [noise] knows over the items, those in force as the rules themselves judge them. Raises UsageError where a
    measure is missing. Where languages have limits of their own, those of the sample's commonest language are told.
    """
    check_measures(items, {limit_of(key).measure for key in LIMIT_KEYS})
    languages = Counter(items["language"].to_pylist())
    bounds = bounds_of(config, max(sorted(languages), key=languages.__getitem__, default=SWEDISH))
    found = {rule.measure: list(rule(items)) for rule in noise_rules(config)}
    candidates = []
    for key in LIMIT_KEYS:
        limit = limit_of(key)
        values = np.asarray(items[limit.measure].to_numpy(), np.float32)
        drops = flags = np.zeros(len(values), bool)
        if key in bounds:
            drops, flags = (_side(key, values, rows, bounds) for rows in _rows(found[limit.measure]))
        now = float(bounds[key].value) if key in bounds else None
        candidates.append(Candidate(key, limit.is_low, now, values, drops, flags))
    return candidates


def _rows(findings: Sequence[Finding]) -> tuple[Mask, Mask]:
    """Rows that a rule drops, and those near it."""
    near = findings[1].rows if len(findings) > 1 else np.zeros(len(findings[0].rows), bool)
    return findings[0].rows, near


def _side(
    key: str, values: NDArray[np.float32], rows: Mask, bounds: Mapping[str, tuple[float, float]]
) -> Mask:
    """Of a rule with two limits the rows of one of them."""
    measure, other = key[4:], ("max_" if key.startswith("min_") else "min_") + key[4:]
    if other not in bounds:
        return rows
    middle = (bounds[f"min_{measure}"][0] + bounds[f"max_{measure}"][0]) / 2
    low: Mask = values < middle
    return rows & (low if key.startswith("min_") else ~low)


def language_fates(items: pa.Table, config: LanguageConfig) -> tuple[Mask, Mask]:
    """Items that [language] drops, and those that it only flags. Raises UsageError where a measure is missing."""
    check_measures(items, JUDGED_MEASURES)
    masks = {action: np.zeros(items.num_rows, bool) for action in ("drop", "flag")}
    for finding in language_findings(config)(items):
        masks[finding.action] |= finding.rows
    return masks["drop"], masks["flag"] & ~masks["drop"]


def halves(content_ids: Sequence[str]) -> Mask:
    """Which half a content is in, by its hash: the same in every sample, and copies are never in both."""
    return np.array([int(content[:8], 16) % 2 == 0 for content in content_ids], bool)
