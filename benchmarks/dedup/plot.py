"""Speed against recall, one point a tool, as SVG for the README.

python -m benchmarks.dedup.plot      # docs/bench-dedup.svg from docs/bench-dedup.json
"""

import json
from math import log10
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import vl_convert as vlc

from benchmarks.dedup import report
from benchmarks.dedup.places import RESULTS
from benchmarks.dedup.tools import TOOLS

WIDTH, HEIGHT = 580, 330
INK, SOFT, RULE = "#1f2933", "#616e7c", "#e4e7eb"
FILLS = ["#ffffff", "#bfe3d6", "#0b6e4f"]
"""Documents right from LEAST to 1."""
LEAST = 0.8
FONT = "Helvetica Neue, Arial, DejaVu Sans, sans-serif"
LINE, CHARACTER, GAP = 14, 6.6, 10
"""Pixels: height of a label's line, mean width of its characters at 12 px, distance from the point."""
Box = tuple[float, float, float, float]


def points(results: dict[str, Any]) -> pd.DataFrame:
    """Each tool at the largest corpus up to 100 MB that it ran on: whole process, one core."""
    rows = []
    for tool in TOOLS:
        ran = [
            e
            for e in report.find(results, tool=tool.name, cores=1, threshold=0.8)
            if "runs" in e and e["mb"] <= 100
        ]
        if not ran:
            continue
        entry = max(ran, key=lambda e: float(e["mb"]))
        speed = report.speed(entry)
        size = "" if entry["mb"] == 100 else f" ({entry['mb']:g} MB)"
        rows.append(
            {
                "name": tool.label.replace("Kvarn's engine", "Kvarn, engine") + size,
                "value": f"{report.number(speed)} MB/s",
                "speed": speed,
                "recall": entry["score"]["recall_80"],
                "right": entry["score"]["documents_right_80"],
                "ours": not tool.is_peer,
            }
        )
    return pd.DataFrame(rows)


def place(frame: pd.DataFrame, x_domain: list[float], y_domain: list[float]) -> pd.DataFrame:
    """A free side for each label, the first that touches nothing: ours to the right, where the room is, peers to the left."""
    x = [(v - x_domain[0]) / (x_domain[1] - x_domain[0]) * WIDTH for v in frame["recall"]]
    span = log10(y_domain[1] / y_domain[0])
    y = [HEIGHT - log10(v / y_domain[0]) / span * HEIGHT for v in frame["speed"]]
    taken: list[Box] = [(a - 8, b - 8, a + 8, b + 8) for a, b in zip(x, y, strict=True)]
    sides = []
    for a, b, row in zip(x, y, frame.to_dict("records"), strict=True):
        boxes = _boxes(a, b, max(len(row["name"]), len(row["value"])) * CHARACTER)
        order = ["right", "above", "below", "left"] if row["ours"] else ["left", "right", "below", "above"]
        side = next((side for side in order if _free(boxes[side], taken)), order[0])
        taken.append(boxes[side])
        sides.append(side)
    return frame.assign(side=sides)


def _boxes(x: float, y: float, width: float) -> dict[str, Box]:
    return {
        "left": (x - GAP - width, y - LINE, x - GAP, y + LINE),
        "right": (x + GAP, y - LINE, x + GAP + width, y + LINE),
        "below": (x - width / 2, y + GAP, x + width / 2, y + GAP + 2 * LINE),
        "above": (x - width / 2, y - GAP - 2 * LINE, x + width / 2, y - GAP),
    }


def _free(box: Box, taken: list[Box]) -> bool:
    inside = box[0] >= 0 and box[2] <= WIDTH and box[1] >= 0 and box[3] <= HEIGHT
    return inside and not any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken
    )


SHIFTS = {"left": ("right", -GAP, 0), "right": ("left", GAP, 0), "above": ("center", 0, -GAP - LINE), "below": ("center", 0, GAP + LINE)}  # fmt: skip


def chart(results: dict[str, Any]) -> alt.LayerChart:
    frame = points(results)
    low = min(0.94, np.floor(frame["recall"].min() * 100 - 0.3) / 100)
    # Beyond 1 there is nothing but the labels of what reaches it.
    x_domain = [low, 1 + (1 - low) * 0.23]
    y_domain = [10 ** (-0.5), max(100.0, frame["speed"].max() * 1.6)]
    frame = place(frame, x_domain, y_domain)
    x = alt.X("recall:Q", scale=alt.Scale(domain=x_domain, nice=False), axis=alt.Axis(title="recall: share of the pairs with Jaccard ≥ .8 that were found", format=".2f", values=(np.arange(round(low * 100), 101) / 100).tolist()))  # fmt: skip
    y = alt.Y("speed:Q", scale=alt.Scale(type="log", domain=y_domain, nice=False), axis=alt.Axis(title="MB/s on one core", values=[0.5, 1, 2, 5, 10, 20, 50, 100, 200], format="~g"))  # fmt: skip
    fill = alt.Fill(
        "right:Q",
        scale=alt.Scale(domain=[LEAST, 0.9, 1.0], range=FILLS, clamp=True),
        legend=alt.Legend(
            title="precision", orient="none", legendX=12, legendY=HEIGHT - 62, gradientLength=120, direction="horizontal",
            format=".2f", values=[0.8, 0.9, 1.0],
        ),
    )  # fmt: skip
    dots = (
        alt.Chart(frame)
        .mark_point(size=130, stroke=INK, strokeWidth=1.4, opacity=1)
        .encode(x=x, y=y, fill=fill)
    )
    layers = [dots]
    for (side, ours), part in frame.groupby(["side", "ours"]):
        align, dx, dy = SHIFTS[str(side)]
        text = alt.Chart(part).encode(x=x, y=y)
        layers.append(
            text.mark_text(align=align, dx=dx, dy=dy - 6, fontSize=12, fontWeight="bold" if ours else "normal", color=INK).encode(text="name:N")
        )  # fmt: skip
        layers.append(
            text.mark_text(align=align, dx=dx, dy=dy + 7, fontSize=11, color=SOFT).encode(text="value:N")
        )
    return dressed(alt.layer(*layers))


def dressed(layers: alt.LayerChart) -> alt.LayerChart:
    title = alt.Title(
        "Near-duplicates: speed and recall on one core",
        subtitle=["100 MB of text unless said, whole processes with start-up. Fill, precision: share of the", "documents put into clusters that have a true neighbour. Up and to the right is better."],
        anchor="start", fontSize=16, fontWeight="bold", subtitleFontSize=12, subtitleColor=SOFT, subtitlePadding=6, offset=16, color=INK,
    )  # fmt: skip
    return (
        layers.properties(width=WIDTH, height=HEIGHT, title=title, background="#ffffff", padding=16)
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            gridColor=RULE, domainColor=SOFT, tickColor=RULE, labelColor=SOFT, titleColor=INK, labelFontSize=11,
            titleFontSize=12, titleFontWeight="normal", titlePadding=10,
        )
        .configure_legend(labelColor=SOFT, titleColor=INK, titleFontSize=11, titleFontWeight="normal", labelFontSize=11)
    )  # fmt: skip


def write(results: dict[str, Any], path: Path) -> None:
    if len(points(results)):
        path.write_text(vlc.vegalite_to_svg(chart(results).to_dict()) + "\n")


if __name__ == "__main__":
    write(json.loads(RESULTS.read_text()), RESULTS.with_suffix(".svg"))
