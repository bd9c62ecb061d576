"""docs/measures.md, written from the code: every number that is stored for a document, and every limit on one.

`python -m flows.measures > docs/measures.md` writes it; a test holds the shipped file to it.
"""

import math
import sys
from collections.abc import Iterable, Iterator

from flows.reference import reasons_of
from flows.settings import Settings
from pipeline.kernels.measure_spec import MeasureSpec
from pipeline.stages.duplicates_config import SPECS as DUPLICATES
from pipeline.stages.noise import LIMIT_KEYS, NoiseConfig
from pipeline.stages.noise_limits import DEFAULT, LANGUAGES, PRESETS, Bound, limit_of
from pipeline.stages.noise_profiles import OWN_LANGUAGES, PROFILES, Change
from pipeline.work.stored import count_specs

HEAD = """\
# Measures and limits

Written by `python -m flows.measures` from the code; a test holds this file to it. Every measure of every document is stored
(`measures.parquet`, and the output of `kvarn measure`), whatever became of the document, so that limits can be set anew without
a new run. A measure that has nothing to divide by is NaN and meets no limit. `kvarn why DOC` shows the measures of one document
beside the limits that were in force for it: those of its source's profile and of its language.
"""

COUNTS_HEAD = "In `measures.parquet` of a release only: what lists of finds and notes are counted to, so that `kvarn what-if` can judge anew."

LIMITS_HEAD = """\
## Limits of [noise]

`general` are the limits of `preset = "default"`; a profile (`[noise] profile`, `[sources.NAME] profile`) changes some of them, and
an empty cell changes nothing. The last columns are published presets; an empty cell there is no limit. `0.85 (0.1)`: dropped
beyond 0.85, flagged from 0.1 before it. Published presets decide as published and flag nothing.
"""

LANGUAGES_HEAD = """\
## Limits by language

By the language that was measured for the document. A document of any other language gets the column `other`. Where a profile
changes the same limit as a language, the wider of the two holds.
"""

ELSEWHERE = (
    ("target_share", "language", "min_target_share", "below it dropped (`language.foreign`)"),
    (
        "target_share",
        "language",
        "keep_target_share",
        'below it flagged (`language.mixed`) where `foreign = "flag"`',
    ),
    ("language_margin", "language", "doubt_margin", "below it langdetect is asked too"),
    ("relevance", "relevance", "min_relevance", "below it dropped or flagged (`relevance.low`); no default"),
    ("wrong_terms", "terms", "wrong", 'with `wrong = "flag"`, one or more are flagged (`terms.wrong`)'),
    ("jaccard", "duplicates", "threshold", "from it on a document is a near-duplicate (`duplicate.near`)"),
    ("jaccard_content", "duplicates", "content_threshold", "below it a near-duplicate is kept after all"),
)
"""Limits of other sections: measure, section, key, what it does."""


def document() -> str:
    """The whole file."""
    stages = [(stage.name, stage.measures) for stage in Settings().measure.stages()]
    lines = [HEAD]
    for name, specs in [*stages, ("duplicates", DUPLICATES)]:
        if specs:
            lines += [f"## Stage `{name}`", "", *_measures(specs), ""]
    lines += ["## Counted per document", "", COUNTS_HEAD, "", *_measures(count_specs()), ""]
    lines += [LIMITS_HEAD, *_limits(), "", LANGUAGES_HEAD, *_languages(), ""]
    lines += ["## Limits of other sections", "", *_elsewhere(), ""]
    lines += ["## Why these limits", "", *_reasons()]
    return "\n".join(lines) + "\n"


def _table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def _measures(specs: Iterable[MeasureSpec]) -> list[str]:
    rows = [[f"`{spec.name}`", spec.unit, _range(spec), spec.source, spec.words] for spec in specs]
    return _table(["measure", "unit", "range", "source", "what it says"], rows)


def _range(spec: MeasureSpec) -> str:
    if math.isinf(spec.low):
        return "any number"
    return f"{spec.low:g} to {spec.high:g}" if math.isfinite(spec.high) else f"{spec.low:g} and more"


def _cell(bound: Bound | None) -> str:
    if bound is None:
        return ""
    return f"{bound.value:g} ({bound.near:g})" if bound.near else f"{bound.value:g}"


def _changed(changes: dict[str, Change], key: str) -> str:
    return _cell(changes[key].bound) if key in changes else ""


def _limits() -> list[str]:
    profiles = [name for name in PROFILES if name != "general"]
    presets = [name for name in PRESETS if name not in {"default", "fineweb2"}]
    rows = [
        [
            f"`{key}`",
            _cell(DEFAULT.get(key)),
            *(_changed(dict(PROFILES[name]), key) for name in profiles),
            *(_cell(PRESETS[name].get(key)) for name in presets),
            _cell(LANGUAGES["fineweb2"]["sv"].get(key)),
        ]
        for key in LIMIT_KEYS
    ]
    return _table(["key", "general", *profiles, *presets, "fineweb2 (sv)"], rows)


def _languages() -> list[str]:
    own = [
        [
            f"`{key}`",
            *(_changed(dict(changes), key) for changes in OWN_LANGUAGES.values()),
            _cell(DEFAULT.get(key)),
        ]
        for key in LIMIT_KEYS
        if any(key in changes for changes in OWN_LANGUAGES.values())
    ]
    lines = ["### Kvarn's own", "", *_table(["key", *OWN_LANGUAGES, "other"], own), ""]
    for preset, columns in LANGUAGES.items():
        rows = [
            [
                f"`{key}`",
                *(_cell(column.get(key)) for column in columns.values()),
                _cell(PRESETS[preset].get(key)),
            ]
            for key in LIMIT_KEYS
            if key in PRESETS[preset]
        ]
        lines += [f"### `{preset}`", "", *_table(["key", *columns, "other"], rows)]
    return lines


def _elsewhere() -> list[str]:
    settings = Settings()
    rows = [
        [f"`{measure}`", f"`[{section}] {key}`", _told(getattr(getattr(settings, section), key)), words]
        for measure, section, key, words in ELSEWHERE
    ]
    return _table(["measure", "key", "default", "what it does"], rows)


def _told(value: float | str | None) -> str:
    if value is None:
        return "not set"
    return value if isinstance(value, str) else f"{value:g}"


def _reasons() -> Iterator[str]:
    general = dict(reasons_of(NoiseConfig))
    yield from _table(
        ["key", "measure", "why"],
        [[f"`{key}`", f"`{limit_of(key).measure}`", general.get(key, "")] for key in LIMIT_KEYS],
    )
    for name, changes in [*PROFILES.items(), *OWN_LANGUAGES.items()]:
        if changes:
            yield from ("", f"### `{name}`", "")
            rows = [[f"`{key}`", _cell(change.bound), change.why] for key, change in changes.items()]
            yield from _table(["key", "limit", "why"], rows)


if __name__ == "__main__":
    sys.stdout.write(document())
