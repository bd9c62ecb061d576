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
from pipeline.kernels.measure_spec import MeasureSpec
from pipeline.kernels.misreadings import OCR_NOISE, ocr_noise
from pipeline.kernels.text_measures import MEASURES, measure_texts
from pipeline.schema import text_buffers
from pipeline.stage import Limits, Rule, put
from pipeline.stages.noise_limits import LANGUAGES, PRESETS, Bound, limit_of
from pipeline.stages.noise_profiles import OWN_LANGUAGES, PROFILES, Profile, wider
from pipeline.stages.noise_score import SCORE, noise_score

ALL_MEASURES: tuple[MeasureSpec, ...] = (*MEASURES, OCR_NOISE, SCORE)
"""Columns of the noise stage, in their order."""

Preset = Literal["default", "gopher", "c4", "fineweb", "fineweb2"]


@dataclass(frozen=True, slots=True)
class NoiseConfig:
    """Section [noise]. A limit that is not set here comes from the preset, as the profile and the language of a document change
    it; one named in `off` applies no more. docs/measures.md lists them all.

    "Good documents" below are the 281 labelled good and about 2 000 more of law, parliament, handbooks, textbooks, novels
    and declarations in ten languages (benchmarks/fit_noise_score.py reads them).
    """

    preset: Preset = "default"
    """default: wide limits fitted on labelled Swedish documents of law, parliament, administration and handbooks. The others are
    published sets; fineweb2 has those of sv, da, nb, nn, fi, is, de and fr, by the language that was measured, and medians for
    the rest."""
    profile: Profile = "general"
    """What kind of text it is: general, web, legal, administrative, technical or dialogue change some of the default preset's
    limits. [sources.NAME] profile sets it for one source."""
    off: tuple[str, ...] = ()
    """Names of limits to switch off, for example ["max_top_word"] for a corpus of songs."""
    min_words: float | None = None
    """Gopher 50. Default 10: from ten words on function words tell text from lists; notices of twenty words are good text."""
    max_words: float | None = None
    """Gopher 100 000. No default: long documents are cut into chunks for training, not dropped."""
    min_mean_word_length: float | None = None
    """Gopher and FineWeb2 3. Default 2: short greetings reach 2.4; good labelled documents 3.7 and more."""
    max_mean_word_length: float | None = None
    """Gopher 10, FineWeb2 12 for Swedish. Default 15: compounds of law reach 12.2, runs without spaces 20 and more."""
    max_hash_per_word: float | None = None
    """Gopher 0.1. No default: Markdown headings of short documents reach 0.16."""
    max_ellipsis_per_word: float | None = None
    """Gopher 0.1. No default: what it means is met by max_ellipsis_lines."""
    max_bullet_lines: float | None = None
    """Gopher 0.9. No default: lists of requirements are nothing but bullets (good documents up to 0.98)."""
    max_ellipsis_lines: float | None = None
    """Gopher 0.3. Default 0.5: truncated teasers; good documents at most 0.2."""
    min_alpha_words: float | None = None
    """Default 0.4: tariffs in statutes come down to 0.48, number tables lie below 0.2."""
    min_alpha_tokens: float | None = None
    """Gopher 0.8 and FineWeb2 0.841, which lose two thirds of Swedish statutes: no default."""
    min_stop_words: float | None = None
    """Gopher and FineWeb2 2 different function words, here of the language that has the most."""
    min_stop_word_share: float | None = None
    """Default 0.09: half of one percent of good documents lie below 0.13; logs, JSON and filler Latin below 0.08."""
    max_dup_lines: float | None = None
    """Gopher 0.3. Default 0.7: forms and timetables repeat lines (good documents up to 0.7)."""
    max_dup_line_chars: float | None = None
    """Gopher 0.2. Default 0.5: good documents up to 0.31."""
    max_dup_paragraphs: float | None = None
    """Gopher 0.3. No default: max_dup_paragraph_chars is the same by weight."""
    max_dup_paragraph_chars: float | None = None
    """Gopher 0.2. Default 0.5: good documents up to 0.12."""
    max_top_2gram: float | None = None
    """Gopher 0.2, FineWeb2 0.242. Default 0.35: good documents up to 0.23."""
    max_top_3gram: float | None = None
    """Gopher 0.18, FineWeb2 0.195. Default 0.5: a short answer that echoes its question has 0.42, longer good documents up to 0.28."""
    max_top_4gram: float | None = None
    """Gopher 0.16, FineWeb2 0.174. Default 0.5: a short answer that echoes its question has 0.48, longer good documents up to 0.33."""
    max_dup_5gram: float | None = None
    """Gopher 0.15. No default for 5 to 9: statutes repeat formulas (good documents up to 0.42)."""
    max_dup_6gram: float | None = None
    """Gopher 0.14."""
    max_dup_7gram: float | None = None
    """Gopher 0.13."""
    max_dup_8gram: float | None = None
    """Gopher 0.12."""
    max_dup_9gram: float | None = None
    """Gopher 0.11."""
    max_dup_10gram: float | None = None
    """Gopher 0.1. Default 0.5: good documents up to 0.29."""
    min_terminal_lines: float | None = None
    """C4 wants every line to end in a mark; FineWeb found that to hurt. No preset sets it."""
    min_sentences: float | None = None
    """C4 5. No default: notices have two or three."""
    max_longest_word: float | None = None
    """C4 1000 code points."""
    max_script_words: float | None = None
    """C4 drops lines with javascript; as a document rule 0."""
    max_filler_words: float | None = None
    """C4 drops pages with lorem ipsum. Default 0.1: filler text has 0.68 and more, good documents at most 0.01."""
    min_line_punct: float | None = None
    """FineWeb 0.12, FineWeb2 0.2 for Swedish. No default: statutes with tables and poems have less."""
    max_short_lines: float | None = None
    """FineWeb 0.67. No default: instructions and poems have more."""
    max_char_dup: float | None = None
    """FineWeb 0.01, FineWeb2 0.1. No default: see max_dup_line_chars."""
    max_newlines_per_word: float | None = None
    """FineWeb 0.3, FineWeb2 0.135 for Swedish. No default: minutes and dialogue have more."""
    max_open_short_lines: float | None = None
    """Default 1, which drops nothing, with a flag from 0.95: menus are nothing but short lines that end no sentence, and so are poems
    and chats without full stops. Other good documents have up to 0.83. The profile web drops from 0.9."""
    max_digit_share: float | None = None
    """No default: annual accounts and tariffs reach 0.3."""
    min_letter_share: float | None = None
    """Default 0.5: good documents 0.73 and more but for one in two hundred, number tables below 0.4."""
    max_upper_share: float | None = None
    """RefinedWeb judges lines by it (0.5). No default: a text in capitals is still a text."""
    max_mark_share: float | None = None
    """Default 0.25: minified scripts 0.26 to 0.38, logs 0.2 to 0.28, good documents up to 0.19."""
    max_code_lines: float | None = None
    """Default 0.4: sources with a brace or semicolon in most lines; Markdown with front matter up to 0.24."""
    max_backslashes: float | None = None
    """Default 0.1 per word: roff 0.13 and more, good documents at most 0.01."""
    max_tag_share: float | None = None
    """No default: guides in Markdown hold up to 0.2 of tags."""
    max_url_share: float | None = None
    """Default 0.6: lists of links without a word about them; law texts with a link per section reach 0.44."""
    max_encoded_share: float | None = None
    """Default 0.1: keys and pictures in base64; no good document had any."""
    max_roff_lines: float | None = None
    """Default 0.15: sources of manual pages 0.29 and more, good documents at most 0.08."""
    max_log_lines: float | None = None
    """Default 0.3: logs 0.47 and more; no good document had any."""
    max_contents_lines: float | None = None
    """Default 0.4: tables of contents 0.5 and more, good documents at most 0.11."""
    max_header_lines: float | None = None
    """No default: glossaries are Key: value too."""
    max_register_words: float | None = None
    """Default 0.6: half of the OCR registers; lists of links in guides reach 0.54."""
    max_shout_chars: float | None = None
    """Default 1, which drops nothing, with a flag from 0.5, RefinedWeb's value for lines: advertisements in capitals. No labelled
    document, good or bad, has more than 0.13. The profile web drops from 0.3."""
    max_number_words: float | None = None
    """Default 0.45: number tables 0.8, registers 0.24 to 0.7; tariffs in statutes up to 0.43."""
    max_odd_words: float | None = None
    """Default 0.25: broken scans and lock files; guides that name GitHub in each line reach 0.19."""
    max_single_letters: float | None = None
    """Default 0.25: minified scripts 0.24 to 0.53, UTF-16 read wrongly nearly 1; good documents up to 0.11."""
    max_consent_lines: float | None = None
    """Default 0.1: cookie notices 0.12 and more, good documents at most 0.06 but for installer dialogues."""
    max_top_word: float | None = None
    """Default 0.2: keyword stuffing; good documents 0.09 but for one in two hundred."""
    max_ocr_noise: float | None = None
    """Default 0.15, with a flag from 0.1: pages of which the engine itself is sure to less than 0.83; good documents reach 0.11
    (a manual with a table of contents in dots)."""
    max_noise_score: float | None = None
    """Default 0.93, flagged from 0.83: see pipeline.stages.noise_score. At 0.9 two more statutes of 359 go, at 0.95 one more register of
    45 stays."""

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise one_of("noise.preset", self.preset, PRESETS)
        if self.profile not in PROFILES:
            raise one_of("noise.profile", self.profile, PROFILES)
        if self.profile != "general" and self.preset != "default":
            raise ConfigError(
                f"noise.profile = {self.profile!r} changes Kvarn's own limits, and noise.preset = {self.preset!r} has others; "
                "set one of the two"
            )
        for key in self.off:
            if key not in LIMIT_KEYS:
                raise one_of("noise.off", key, LIMIT_KEYS)
        for key in LIMIT_KEYS:
            value = getattr(self, key)
            if value is not None and not value >= 0:
                raise ConfigError(f"noise.{key} = {value!r} is not allowed; allowed: a number from 0 up")


LIMIT_KEYS: tuple[str, ...] = tuple(
    field.name for field in dataclasses.fields(NoiseConfig) if field.name.startswith(("min_", "max_"))
)


SWEDISH = "sv"


def for_profile(config: NoiseConfig, profile: Profile | None) -> NoiseConfig:
    """The settings of a source that has a profile of its own: Kvarn's limits for it, whatever the preset of the others.

    Keys that are set in [noise] hold for every source.
    """
    return config if profile is None else dataclasses.replace(config, preset="default", profile=profile)


def own_languages(config: NoiseConfig) -> tuple[str, ...]:
    """The languages that have limits of their own."""
    return tuple(OWN_LANGUAGES if config.preset == "default" else LANGUAGES.get(config.preset, ()))


def bounds_of(config: NoiseConfig, language: str = SWEDISH) -> dict[str, Bound]:
    """The limits in force by key for documents of a language, in the order of LIMIT_KEYS. `language` may be any text: one that
    has no limits of its own, such as "", gets those of the rest.

    >>> bounds_of(NoiseConfig(preset="gopher", min_words=5, off=("max_words",)))["min_words"]
    Bound(value=5, near=0.0)
    >>> bounds_of(NoiseConfig(preset="fineweb2"), "fi")["max_mean_word_length"].value
    14
    """
    preset = _preset(config, language)
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


def _preset(config: NoiseConfig, language: str) -> dict[str, Bound]:
    """The limits of preset, profile and language, before the keys that are set."""
    bounds = dict(LANGUAGES.get(config.preset, {}).get(language, PRESETS[config.preset]))
    if config.preset != "default":
        return bounds
    profile, own = PROFILES[config.profile], OWN_LANGUAGES.get(language, {})
    bounds |= {key: change.bound for key, change in profile.items()}
    for key, change in own.items():
        bounds[key] = wider(key, bounds[key], change.bound) if key in profile else change.bound
    return bounds


def noise_rules(config: NoiseConfig) -> tuple[Rule, ...]:
    """One rule per measure that has a limit, with the reason code noise.MEASURE."""
    rest = _limits(bounds_of(config, ""))
    own = {language: _limits(bounds_of(config, language)) for language in own_languages(config)}
    return tuple(
        Rule(
            f"noise.{measure}",
            measure,
            *limits,
            by_language={
                language: mine[measure] for language, mine in own.items() if mine[measure] != limits
            },
        )
        for measure, limits in rest.items()
    )


def _limits(bounds: dict[str, Bound]) -> dict[str, Limits]:
    """By measure: its low and its high limit, and the wider of their near zones."""
    limits: dict[str, Limits] = {}
    for key, bound in bounds.items():
        limit = limit_of(key)
        mine = limits.get(limit.measure, Limits())
        low, high = (bound.value, mine.high) if limit.is_low else (mine.low, bound.value)
        limits[limit.measure] = Limits(low, high, max(mine.near, bound.near))
    return limits


@dataclass(frozen=True, slots=True)
class Noise:
    """Measure: adds one float32 column per noise measure."""

    config: NoiseConfig = NoiseConfig()

    @property
    def name(self) -> str:
        return "noise"

    @property
    def measures(self) -> tuple[MeasureSpec, ...]:
        return ALL_MEASURES

    @property
    def adds(self) -> pa.Schema:
        return pa.schema([pa.field(measure.name, pa.float32(), nullable=False) for measure in ALL_MEASURES])

    def __call__(self, items: pa.Table) -> pa.Table:
        buffers = text_buffers(items.column("text"))
        measures = np.column_stack([measure_texts(*buffers), ocr_noise(*buffers)])
        columns = [*np.ascontiguousarray(measures.T), noise_score(measures)]
        for field, column in zip(self.adds, columns, strict=True):
            items = put(items, field, pa.array(column))
        return items
