"""report.html from report.json alone: one file, no network, no script, every value of the data escaped."""

from functools import cache
from pathlib import Path
from typing import Any

from pipeline.quality.numbers import LANGUAGES
from pipeline.quality.report import Report
from pipeline.quality.samples import RULES
from pipeline.quality.views import View
from pipeline.quality.visible import visible

CEILING = 2_000_000
"""Bytes of the file at most: it is mailed around."""

FOLDER = Path(__file__).parent / "templates"


def render(report: Report) -> bytes:
    """The same report, the same bytes. Samples of the rarest reasons give way where the file would pass CEILING."""
    rules = RULES
    while True:
        page = _page(report, rules)
        if len(page) <= CEILING or rules == 0:
            return page
        rules //= 2


def _page(report: Report, rules: int) -> bytes:
    template = _environment().get_template("report.html")
    views = [View(report, language) for language in LANGUAGES]
    html: str = template.render(
        report=report, views=views, rules=rules, shown=min(rules, len(report.withheld_samples))
    )
    return html.encode("utf-8", "backslashreplace")


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # The last step of every {{ value }}: what is not markup already is escaped and made visible.
        finalize=lambda value: value if hasattr(value, "__html__") else visible(value),
    )
    environment.filters["visible"] = visible
    return environment
