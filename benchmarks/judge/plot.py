"""Speed of ours and of peers on clean text, one line a tool, as SVG.

python -m benchmarks.judge.plot      # docs/bench-judge.svg from docs/bench-judge.json
"""

import json
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import vl_convert as vlc

from benchmarks.dedup.places import ROOT
from benchmarks.dedup.plot import FONT, INK, RULE, SOFT
from benchmarks.dedup.report import number
from benchmarks.judge import report

WIDTH, STEP = 560, 34
OURS, PEER = "#0b6e4f", "#9aa5b1"
NAMES = {
    ("stages", "clean"): "Kvarn, stages in memory",
    ("kvarn measure", "1 worker"): "Kvarn, whole command",
    ("datatrove", "swedish"): "datatrove, FineWeb2's Swedish limits",
    ("datatrove", "all"): "datatrove, every measure of every document",
    ("datatrove", "all+edits"): "datatrove, with ftfy, e-mail and IP",
    ("data-juicer", "loose"): "data-juicer, its default limits",
    ("data-juicer", "all, fused"): "data-juicer, every measure, fused",
    ("data-juicer", "all"): "data-juicer, every measure",
    ("data-juicer", "all+edits"): "data-juicer, with ftfy, e-mail and IP",
}


def rows(results: dict[str, Any]) -> pd.DataFrame:
    """Those of NAMES that ran, the fastest first."""
    found = [(name, report.find(results, *key)) for key, name in NAMES.items()]
    speeds = [(name, report.speed(entry), name.startswith("Kvarn")) for name, entry in found if entry]
    frame = pd.DataFrame(speeds, columns=["name", "speed", "ours"])
    best = frame["speed"].max() if len(frame) else 0.0
    frame["label"] = [
        f"{number(speed)} MB/s" + ("" if ours else f", {number(best / speed)} times slower")
        for speed, ours in zip(frame["speed"], frame["ours"], strict=True)
    ]
    return frame.sort_values("speed", ascending=False)


def chart(frame: pd.DataFrame) -> alt.LayerChart:
    title = alt.Title(
        "Language, noise, personal data and repair on one core",
        subtitle=["MB of clean Swedish text per CPU second, start-up left out. To the right is better."],
        anchor="start", fontSize=16, fontWeight="bold", subtitleFontSize=12, subtitleColor=SOFT, subtitlePadding=6, offset=16, color=INK,
    )  # fmt: skip
    high = float(frame["speed"].max()) * 8
    x = alt.X("speed:Q", scale=alt.Scale(type="log", domain=[0.1, high], nice=False), axis=alt.Axis(title="MB/s", values=[0.1, 0.2, 0.5, 1, 2, 5, 10, 20], format="~g"))  # fmt: skip
    y = alt.Y("name:N", sort=None, axis=alt.Axis(title=None, domain=False, ticks=False, labelLimit=330, labelFontSize=12, labelColor=INK, labelPadding=10))  # fmt: skip
    color = alt.Color("ours:N", scale=alt.Scale(domain=[True, False], range=[OURS, PEER]), legend=None)
    base = alt.Chart(frame).encode(x=x, y=y)
    dots = base.mark_point(size=150, filled=True, opacity=1).encode(color=color)
    labels = base.mark_text(align="left", dx=12, fontSize=12, color=INK).encode(text="label:N")
    return (
        alt.layer(dots, labels)
        .properties(width=WIDTH, height=alt.Step(STEP), title=title, background="#ffffff", padding=16)
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(gridColor=RULE, domainColor=SOFT, tickColor=RULE, labelColor=SOFT, titleColor=INK, titleFontWeight="normal")
    )  # fmt: skip


def write(results: dict[str, Any], path: Path) -> None:
    frame = rows(results)
    if len(frame):
        path.write_text(vlc.vegalite_to_svg(chart(frame).to_dict()) + "\n")


if __name__ == "__main__":
    stored = ROOT / "docs" / "bench-judge.json"
    write(json.loads(stored.read_text()), stored.with_suffix(".svg"))
