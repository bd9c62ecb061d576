"""Which measure each key of [noise] limits, and the presets: sets of limits from published filters, and Kvarn's own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pipeline.stages.noise_fineweb2 import COLUMNS, REST, limits_of


class Limit(NamedTuple):
    """A key of [noise] and the measure whose low or high end it sets."""

    key: str
    measure: str
    is_low: bool


def limit_of(key: str) -> Limit:
    """The limit that a key sets: min_ and max_ before the name of a measure.

    >>> limit_of("min_words")
    Limit(key='min_words', measure='words', is_low=True)
    """
    return Limit(key, key[4:], key.startswith("min_"))


class Bound(NamedTuple):
    """A limit's value, and how far inside it an item is still flagged."""

    value: float
    near: float = 0.0


_GOPHER = {
    "min_words": 50,
    "max_words": 100_000,
    "min_mean_word_length": 3,
    "max_mean_word_length": 10,
    "max_hash_per_word": 0.1,
    "max_ellipsis_per_word": 0.1,
    "max_bullet_lines": 0.9,
    "max_ellipsis_lines": 0.3,
    "min_alpha_tokens": 0.8,
    "min_stop_words": 2,
    "max_dup_lines": 0.3,
    "max_dup_line_chars": 0.2,
    "max_dup_paragraphs": 0.3,
    "max_dup_paragraph_chars": 0.2,
    "max_top_2gram": 0.2,
    "max_top_3gram": 0.18,
    "max_top_4gram": 0.16,
    "max_dup_5gram": 0.15,
    "max_dup_6gram": 0.14,
    "max_dup_7gram": 0.13,
    "max_dup_8gram": 0.12,
    "max_dup_9gram": 0.11,
    "max_dup_10gram": 0.1,
}
"""arXiv 2112.11446, sections on quality and repetition (table A1), as datatrove applies them."""

_C4 = {"min_sentences": 5, "max_longest_word": 1000, "max_filler_words": 0.05, "max_script_words": 0.0}
"""arXiv 1910.10683, its document rules. Lines without end mark are not cut: FineWeb found that to hurt."""

_FINEWEB = {
    **_GOPHER,
    "min_line_punct": 0.12,
    "max_short_lines": 0.67,
    "max_char_dup": 0.01,
    "max_newlines_per_word": 0.3,
}
"""arXiv 2406.17557: Gopher's limits and three of its own."""


def _bounds(values: Mapping[str, float]) -> Mapping[str, Bound]:
    return MappingProxyType({key: Bound(value) for key, value in values.items()})


DEFAULT: Mapping[str, Bound] = MappingProxyType(
    {
        "min_words": Bound(10, 5),
        "min_mean_word_length": Bound(2.0, 0.5),
        "max_mean_word_length": Bound(15.0, 0.5),
        "min_stop_words": Bound(2),
        "min_stop_word_share": Bound(0.09, 0.02),
        "min_alpha_words": Bound(0.4, 0.05),
        "min_letter_share": Bound(0.5, 0.05),
        "max_ellipsis_lines": Bound(0.5, 0.1),
        "max_dup_lines": Bound(0.7, 0.1),
        "max_dup_line_chars": Bound(0.5, 0.1),
        "max_dup_paragraph_chars": Bound(0.5, 0.1),
        "max_top_2gram": Bound(0.35, 0.05),
        "max_top_3gram": Bound(0.5, 0.05),
        "max_top_4gram": Bound(0.5, 0.05),
        "max_dup_10gram": Bound(0.5, 0.1),
        "max_open_short_lines": Bound(1.0, 0.05),
        "max_shout_chars": Bound(1.0, 0.5),
        "max_filler_words": Bound(0.1, 0.05),
        "max_code_lines": Bound(0.4, 0.1),
        "max_mark_share": Bound(0.25, 0.03),
        "max_backslashes": Bound(0.1, 0.03),
        "max_encoded_share": Bound(0.1, 0.05),
        "max_roff_lines": Bound(0.15, 0.05),
        "max_log_lines": Bound(0.3, 0.1),
        "max_contents_lines": Bound(0.4, 0.1),
        "max_register_words": Bound(0.6, 0.05),
        "max_number_words": Bound(0.45, 0.05),
        "max_odd_words": Bound(0.25, 0.05),
        "max_single_letters": Bound(0.25, 0.03),
        "max_consent_lines": Bound(0.1, 0.03),
        "max_url_share": Bound(0.6, 0.1),
        "max_top_word": Bound(0.2, 0.03),
        "max_ocr_noise": Bound(0.15, 0.05),
        "max_noise_score": Bound(0.93, 0.1),
    }
)
"""Kvarn's own. Each has a near zone except the count of function words, where one word more says little: of 3 195 good documents of
thirteen kinds and nine languages all zones together flag 34 (benchmarks/noise_profiles.py)."""

PRESETS: Mapping[str, Mapping[str, Bound]] = MappingProxyType(
    {
        "default": DEFAULT,
        "gopher": _bounds(_GOPHER),
        "c4": _bounds(_C4),
        "fineweb": _bounds(_FINEWEB),
        "fineweb2": _bounds(limits_of(REST)),
    }
)
"""Limits for any language; those that a language has instead stand in LANGUAGES and in pipeline.stages.noise_profiles.

What a paper publishes has no near zone: its limits decide as published."""

LANGUAGES: Mapping[str, Mapping[str, Mapping[str, Bound]]] = MappingProxyType(
    {"fineweb2": MappingProxyType({code: _bounds(limits_of(column)) for code, column in COLUMNS.items()})}
)
"""Limits of a published preset by language."""
