"""Distances between two releases. Effect sizes, not p-values: those fire on size alone and differ from run to run."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.quality.profile import LENGTH_EDGES


def shares(counts: Mapping[str, float]) -> dict[str, float]:
    """Counts over their sum; empty where the sum is 0.

    >>> shares({"a": 1, "b": 3})
    {'a': 0.25, 'b': 0.75}
    """
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()} if total else {}


def relative(now: float, last: float) -> float:
    """Change over the last value; infinite where something came from nothing.

    >>> relative(80, 100)
    -0.2
    """
    if last:
        return (now - last) / last
    return 0.0 if not now else float("inf")


def total_variation(now: Mapping[str, float], last: Mapping[str, float]) -> float:
    """Half the sum of the differences of shares: the part of the text that changed place, 0 to 1.

    >>> total_variation({"a": 1}, {"a": 1, "b": 1})
    0.5
    """
    a, b = shares(now), shares(last)
    return sum(abs(a.get(name, 0.0) - b.get(name, 0.0)) for name in sorted(a.keys() | b.keys())) / 2


def jensen_shannon(now: Mapping[str, float], last: Mapping[str, float]) -> float:
    """Jensen-Shannon distance (square root of the divergence, base 2) of shares, 0 to 1.

    >>> jensen_shannon({"sv": 1}, {"en": 1})
    1.0
    """
    a, b = shares(now), shares(last)
    names = sorted(a.keys() | b.keys())
    p, q = (np.array([part.get(name, 0.0) for name in names]) for part in (a, b))
    middle = (p + q) / 2
    divergence = sum(
        float(np.sum(side[side > 0] * np.log2(side[side > 0] / middle[side > 0]))) / 2 for side in (p, q)
    )
    return float(np.sqrt(max(0.0, divergence)))


def length_shift(now: Sequence[int], last: Sequence[int]) -> float:
    """Wasserstein distance of log2(words) between two length histograms, in standard deviations of the last.

    A document is put in the middle of its bin. 0 where either side is empty or the last has no spread and none came.
    """
    a, b = np.asarray(now, float), np.asarray(last, float)
    if not a.sum() or not b.sum():
        return 0.0
    a, b = a / a.sum(), b / b.sum()
    # Empty documents stand a quarter of an octave below one word.
    at = np.log2(np.maximum(np.asarray(LENGTH_EDGES, float), 2**-0.25))
    mean = float(b @ at)
    deviation = float(np.sqrt(b @ (at - mean) ** 2))
    distance = float(np.abs(np.cumsum(a - b))[:-1] @ np.diff(at))
    # One bin's width is the least that the histogram can tell apart.
    return distance / max(deviation, 0.25)
