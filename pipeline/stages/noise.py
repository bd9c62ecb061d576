"""Noise: text that teaches a model nothing worth knowing. Measures of form, and the limits that judge them.

Every measure of every item is stored (float32, see pipeline.kernels.text_measures), so limits can be set anew without a
new run. What an item near a limit gets is a flag, not a drop.
"""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from pipeline.errors import ConfigError, one_of
from pipeline.kernels.text_measures import measure_texts
from pipeline.schema import text_buffers
from pipeline.stage import Rule, put
from pipeline.stages.noise_limits import PRESETS, Bound, limit_of
from pipeline.stages.noise_score import ALL_MEASURES, noise_score

Preset = Literal["default", "gopher", "c4", "fineweb", "fineweb2"]


@dataclass(frozen=True, slots=True)
class NoiseConfig:
    """Section [noise]. A limit that is not set here comes from the preset; one named in `off` applies no more."""

    preset: Preset = "default"
    """default: wide limits fitted on labelled Swedish documents of law, parliament, administration and handbooks."""
    off: tuple[str, ...] = ()
    """Names of limits to switch off, for example ["max_header_lines"] for a corpus of letters."""
    min_words: float | None = None
    max_words: float | None = None
    min_mean_word_length: float | None = None
    max_mean_word_length: float | None = None
    max_hash_per_word: float | None = None
    max_ellipsis_per_word: float | None = None
    max_bullet_lines: float | None = None
    max_ellipsis_lines: float | None = None
    min_alpha_words: float | None = None
    min_alpha_tokens: float | None = None
    min_stop_words: float | None = None
    min_stop_word_share: float | None = None
    max_dup_lines: float | None = None
    max_dup_line_chars: float | None = None
    max_dup_paragraphs: float | None = None
    max_dup_paragraph_chars: float | None = None
    max_top_2gram: float | None = None
    max_top_3gram: float | None = None
    max_top_4gram: float | None = None
    max_dup_5gram: float | None = None
    max_dup_6gram: float | None = None
    max_dup_7gram: float | None = None
    max_dup_8gram: float | None = None
    max_dup_9gram: float | None = None
    max_dup_10gram: float | None = None
    min_terminal_lines: float | None = None
    min_sentences: float | None = None
    max_longest_word: float | None = None
    max_script_words: float | None = None
    max_filler_words: float | None = None
    min_line_punct: float | None = None
    max_short_lines: float | None = None
    max_char_dup: float | None = None
    max_newlines_per_word: float | None = None
    max_digit_share: float | None = None
    min_letter_share: float | None = None
    max_upper_share: float | None = None
    max_mark_share: float | None = None
    max_code_lines: float | None = None
    max_backslashes: float | None = None
    max_tag_share: float | None = None
    max_url_share: float | None = None
    max_encoded_share: float | None = None
    max_roff_lines: float | None = None
    max_log_lines: float | None = None
    max_contents_lines: float | None = None
    max_header_lines: float | None = None
    max_register_words: float | None = None
    max_shout_chars: float | None = None
    max_number_words: float | None = None
    max_odd_words: float | None = None
    max_single_letters: float | None = None
    max_consent_lines: float | None = None
    max_top_word: float | None = None
    max_noise_score: float | None = None

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise one_of("noise.preset", self.preset, PRESETS)
        for key in self.off:
            if key not in LIMIT_KEYS:
                raise one_of("noise.off", key, LIMIT_KEYS)
        for key in LIMIT_KEYS:
            value = getattr(self, key)
            if value is not None and value < 0:
                raise ConfigError(f"noise.{key} = {value!r} is negative; allowed: a number from 0 up")


LIMIT_KEYS: tuple[str, ...] = tuple(
    field.name for field in dataclasses.fields(NoiseConfig) if field.name.startswith(("min_", "max_"))
)


def bounds_of(config: NoiseConfig) -> dict[str, Bound]:
    """The limits in force by key, in the order of LIMIT_KEYS.

    >>> bounds_of(NoiseConfig(preset="gopher", min_words=5, off=("max_words",)))["min_words"]
    Bound(value=5, near=0.0)
    """
    preset = PRESETS[config.preset]
    bounds = {}
    for key in LIMIT_KEYS:
        given = getattr(config, key)
        if key in config.off:
            continue
        if given is not None:
            # The zone of flags keeps its width: it says how sure the measure is, not where the limit lies.
            bounds[key] = Bound(given, preset[key].near if key in preset else 0.0)
        elif key in preset:
            bounds[key] = preset[key]
    return bounds


def noise_rules(config: NoiseConfig) -> tuple[Rule, ...]:
    """One rule per measure that has a limit, with the reason code noise.MEASURE."""
    bounds = bounds_of(config)
    rules: dict[str, Rule] = {}
    for key, bound in bounds.items():
        limit = limit_of(key)
        rule = rules.get(limit.measure, Rule(f"noise.{limit.measure}", limit.measure))
        rules[limit.measure] = dataclasses.replace(
            rule,
            low=bound.value if limit.is_low else rule.low,
            high=rule.high if limit.is_low else bound.value,
            near=max(rule.near, bound.near),
        )
    return tuple(rules.values())


@dataclass(frozen=True, slots=True)
class Noise:
    """Measure: adds one float32 column per noise measure."""

    config: NoiseConfig = NoiseConfig()

    @property
    def name(self) -> str:
        return "noise"

    @property
    def adds(self) -> pa.Schema:
        return pa.schema([pa.field(measure.name, pa.float32(), nullable=False) for measure in ALL_MEASURES])

    def __call__(self, items: pa.Table) -> pa.Table:
        measures = measure_texts(*text_buffers(items.column("text")))
        columns = [*np.ascontiguousarray(measures.T), noise_score(measures)]
        for field, column in zip(self.adds, columns, strict=True):
            items = put(items, field, pa.array(column))
        return items
