"""What a stored number says about itself."""

from typing import NamedTuple


class MeasureSpec(NamedTuple):
    """One float32 column: name, unit, the range it can take, where the formula comes from, what it says in words."""

    name: str
    unit: str
    low: float
    high: float
    source: str
    words: str
