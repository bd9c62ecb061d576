"""The curves of a run as one SVG: losses above, learning rate below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAMES = {"train": "training", "validation": "validation (domain)", "general": "general"}
_COLOURS = {"training": "#7a7a7a", "validation (domain)": "#0b6e4f", "general": "#b3541e"}
"""Grey, green and brown differ in lightness too, so they stay apart without colour vision."""


def draw_curves(curves: Mapping[str, Sequence[Mapping[str, float | None]]], title: str) -> str:
    """Draw the curves; same numbers, same text."""
    import altair as alt
    import vl_convert

    losses = [
        {"step": point["step"], "loss": point["loss"], "text": shown}
        for key, shown in _NAMES.items()
        for point in curves[key]
        if point["loss"] is not None
    ]
    colour = alt.Color(
        "text:N", title=None, scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values()))
    )
    step = alt.X("step:Q", title="step", axis=alt.Axis(tickMinStep=1))
    upper = (
        alt.Chart(alt.Data(values=losses), width=560, height=240, title=title)
        .mark_line(point=alt.OverlayMarkDef(size=18))
        .encode(
            x=step,
            y=alt.Y("loss:Q", title="loss (nats per token)", scale=alt.Scale(zero=False)),
            color=colour,
        )
    )
    lower = (
        alt.Chart(alt.Data(values=[dict(point) for point in curves["learning_rate"]]), width=560, height=90)
        .mark_line(color="#3b5b92")
        .encode(x=step, y=alt.Y("rate:Q", title="learning rate"))
    )
    spec: dict[str, Any] = alt.vconcat(upper, lower).to_dict()
    return str(vl_convert.vegalite_to_svg(spec))
