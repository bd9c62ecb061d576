"""Plots as inline SVG. Horizontal positions are per cent and vertical ones pixels, so that a plot fits a phone and a desk
with text of the same size. Colours are classes of the page's style sheet, for dark mode and print.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipeline.quality.visible import visible

ROW = 42
"""Pixels a bar takes with its label."""
LABEL = 34
"""Characters of a label; longer ones would run into the number on a phone."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: share of the full width, and the class that colours it."""

    width: float
    kind: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled bar; `below` is a thin one under it (the last release)."""

    label: str
    number: str
    segments: tuple[Segment, ...]
    below: float | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """What a reader who cannot see the plot is told."""

    id: str
    title: str
    description: str


def bars(names: Names, rows: Sequence[Bar]) -> Markup:
    """Horizontal bars under their labels."""
    parts = [_bar(row, i * ROW) for i, row in enumerate(rows)]
    return _svg(names, len(rows) * ROW, Markup().join(parts))


def _bar(row: Bar, top: int) -> Markup:
    label = row.label if len(row.label) <= LABEL else f"{row.label[: LABEL - 1]}…"
    parts = [
        Markup('<text x="0" y="{}" class="label">{}</text>').format(top + 13, visible(label)),
        Markup('<text x="100%" y="{}" class="number">{}</text>').format(top + 13, row.number),
        Markup('<rect x="0" y="{}" width="100%" height="10" rx="2" class="track"/>').format(top + 20),
    ]
    start = 0.0
    for segment in row.segments:
        parts.append(
            Markup('<rect x="{}%" y="{}" width="{}%" height="10" class="s-{}"/>').format(
                _percent(start), top + 20, _percent(segment.width), segment.kind
            )
        )
        start += segment.width
    if row.below is not None:
        parts.append(
            Markup('<rect x="0" y="{}" width="{}%" height="3" class="s-before"/>').format(
                top + 32, _percent(row.below)
            )
        )
    return Markup().join(parts)


@dataclass(frozen=True, slots=True)
class Curve:
    """A cumulative curve: shares 0 to 1 at evenly spaced positions."""

    shares: tuple[float, ...]
    kind: str


def curves(names: Names, lines: Sequence[Curve], ticks: Sequence[tuple[float, str]], axis: str) -> Markup:
    """Curves over a horizontal axis; `ticks` are (position 0 to 1, label)."""
    height, top, left = 220, 12, 9.0
    grid = [
        Markup(
            '<line x1="{}%" x2="100%" y1="{y}" y2="{y}" class="grid"/><text x="{}%" y="{}" class="tick end">{}</text>'
        ).format(
            left,
            left - 1,
            top + height - height * share // 100 + 4,
            f"{share}{_THIN}%",
            y=top + height - height * share // 100,
        )
        for share in (0, 25, 50, 75, 100)
    ]
    span = 100 - left
    for at, label in ticks:
        # The first and last label stand inside the plot, the others under their tick.
        anchor = "start" if at < 0.04 else "end" if at > 0.94 else "middle"
        grid.append(
            Markup('<text x="{}%" y="{}" class="tick {}">{}</text>').format(
                _percent((left + span * at) / 100), top + height + 18, anchor, label
            )
        )
    drawn = [
        Markup('<polyline points="{}" class="line s-{}" vector-effect="non-scaling-stroke"/>').format(
            _points(line.shares), line.kind
        )
        for line in lines
    ]
    plot = Markup(
        '<svg x="{}%" y="{}" width="{}%" height="{}" viewBox="0 0 100 100" preserveAspectRatio="none" overflow="visible">{}</svg>'
    ).format(left, top, span, height, Markup().join(drawn))
    caption = Markup('<text x="100%" y="{}" class="tick end">{}</text>').format(top + height + 38, axis)
    return _svg(names, top + height + 44, Markup().join([*grid, plot, caption]))


_THIN = "\N{NARROW NO-BREAK SPACE}"


def _points(shares: Sequence[float]) -> str:
    step = 100 / max(1, len(shares))
    ends = [(i * step, 100 - share * 100) for i, share in enumerate(shares, 1)]
    return " ".join(f"{_round(x)},{_round(y)}" for x, y in [(0.0, 100.0), *ends])


def _svg(names: Names, height: int, content: Markup) -> Markup:
    return Markup(
        '<svg class="plot" role="img" width="100%" height="{}" aria-labelledby="{id}-t {id}-d">'
        '<title id="{id}-t">{}</title><desc id="{id}-d">{}</desc>{}</svg>'
    ).format(height, names.title, visible(names.description), content, id=names.id)


def _percent(share: float) -> str:
    return _round(100 * min(1.0, max(0.0, share)))


def _round(value: float) -> str:
    """Three decimals at most, without trailing zeros.

    >>> _round(12.0), _round(1 / 3)
    ('12', '0.333')
    """
    return f"{value:.3f}".rstrip("0").rstrip(".")
