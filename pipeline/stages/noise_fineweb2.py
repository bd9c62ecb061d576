"""FineWeb2's published limits by language: configs/*.yml of fineweb-2 (arXiv 2506.20920), column by column.

A document gets the column of the language that was measured for it. A language that is not here gets the medians over 43 large
languages for what FineWeb2 varies most (line_punct, newline ratio, words with a letter), and Gopher's values for the rest.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Column(NamedTuple):
    """One language: limits as they stand in its file, word lengths in code points, the rest shares or per word."""

    max_dup_lines: float
    top_grams: tuple[float, float, float]
    dup_grams: tuple[float, float, float, float, float, float]
    min_line_punct: float
    max_newlines_per_word: float
    min_alpha_tokens: float
    word_length: tuple[float, float]


COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "sv": Column(.292, (.242, .195, .174), (.156, .147, .136, .125, .116, .105), .2, .135, .841, (3, 12)),
        "da": Column(.305, (.367, .297, .232), (.169, .158, .147, .134, .123, .112), .1, .182, .798, (3, 11)),
        "nb": Column(.283, (.204, .175, .15), (.146, .139, .128, .119, .11, .099), .107, .167, .783, (3, 12)),
        "nn": Column(.281, (.899, .705, .375), (.16, .149, .135, .125, .114, .102), .125, .195, .815, (3, 11)),
        "fi": Column(.293, (.253, .202, .179), (.153, .143, .133, .122, .112, .101), .114, .161, .755, (3, 14)),
        "is": Column(.292, (.21, .183, .163), (.157, .15, .143, .126, .114, .104), .095, .25, .8, (2, 13)),
        "de": Column(.263, (.169, .153, .137), (.141, .134, .126, .117, .108, .098), 0, .152, .774, (0, 15)),
        "fr": Column(.264, (.161, .149, .134), (.15, .141, .131, .121, .111, .1), .1, .185, .812, (2, 11)),
    }
)  # fmt: skip
"""swe_Latn, dan_Latn, nob_Latn, nno_Latn, fin_Latn, isl_Latn, deu_Latn, fra_Latn."""

REST = Column(0.3, (0.2, 0.18, 0.16), (0.15, 0.14, 0.13, 0.12, 0.11, 0.1), 0.1, 0.175, 0.791, (3, 10))
"""Medians and Gopher's values, see above."""


def limits_of(column: Column) -> dict[str, float]:
    """A column as keys of [noise], with what is the same for all languages.

    >>> limits_of(COLUMNS["fi"])["max_mean_word_length"], limits_of(COLUMNS["de"])["max_dup_10gram"]
    (14, 0.098)
    """
    return {
        "min_words": 50,
        "max_words": 100_000,
        "min_mean_word_length": column.word_length[0],
        "max_mean_word_length": column.word_length[1],
        "max_hash_per_word": 0.1,
        "max_ellipsis_per_word": 0.1,
        "max_bullet_lines": 0.9,
        "max_ellipsis_lines": 0.3,
        "min_alpha_tokens": column.min_alpha_tokens,
        "min_stop_words": 2,
        "max_dup_lines": column.max_dup_lines,
        **{f"max_top_{n}gram": value for n, value in enumerate(column.top_grams, 2)},
        **{f"max_dup_{n}gram": value for n, value in enumerate(column.dup_grams, 5)},
        "min_line_punct": column.min_line_punct,
        "max_char_dup": 0.1,
        "max_newlines_per_word": column.max_newlines_per_word,
    }
