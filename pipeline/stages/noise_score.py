"""One learned measure beside the rules: how little of a text is made of sentences.

A logistic regression over ten measures of form, none of which is about one kind of noise; the kinds have rules of their
own. Fitted by benchmarks/fit_noise_score.py on documents labelled by provenance. It earns its place by what it finds of
kinds that it never saw: with each kind left out of the fit in turn it finds, at the default limit of 0.93, all of lock files,
logs and metadata headers, 13 of 14 JSON files, 42 of 45 OCR registers and 24 of 25 roff sources; the rules without it find none
of the metadata headers and 33 of the registers. What it costs when statutes are left out of the fit: 3 of 359. It does not see
filler Latin, tables of contents (3 of 19) or cookie notices of a kind that it was not shown; those have rules.

How much of it is fitted to what it saw: balanced accuracy on the labelled documents, Swedish noise found, Swedish good documents
lost of 206, each for score and limits together: in-sample .989, .955, 0; by a fit without the source that it judges (all that one
publisher made) .987, .955, 1; without the limits, too, that no noise of another source calls for: .976, .940, 1.

Addresses of pages speak for a text: handbooks and consolidated statutes link what they name, and their lists of links look
like registers otherwise. Pages that are little else than links have a rule of their own (max_url_share).
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels.measure_spec import MeasureSpec
from pipeline.kernels.misreadings import OCR_NOISE
from pipeline.kernels.text_measures import NAMES

SCORE = MeasureSpec(
    "noise_score", "probability", 0.0, 1.0, "Kvarn", "how little of the text is made of sentences (learned)"
)


INPUTS: tuple[str, ...] = (*NAMES, OCR_NOISE.name)
"""Names of the columns that the score is made of."""


class Term(NamedTuple):
    """A measure enters as (value - centre) / scale, cut to -4..4, times its weight."""

    measure: str
    centre: float
    scale: float
    weight: float


CLIP = 4.0
"""Keeps one extreme measure from deciding alone: with every other term at its centre, none but the function words can."""

PRIOR_WORDS = 20.0
"""Short texts say less about themselves: every term shrinks by words / (words + this). It halves the good question and
answer pairs and recipes lost, and costs one table of contents in nineteen, which has a rule of its own."""

TERMS: tuple[Term, ...] = (
    Term("stop_word_share", 0.3544, 0.1630, -3.191),
    Term("few_word_lines", 0.0000, 0.3636, 1.547),
    Term("number_words", 0.0143, 0.1149, 0.313),
    Term("register_words", 0.0000, 0.1000, 0.710),
    Term("upper_share", 0.0226, 0.1000, 0.687),
    Term("code_marks", 0.0000, 0.1000, 0.247),
    Term("odd_words", 0.0000, 0.1000, 0.135),
    Term("line_punct", 0.6667, 0.8125, -0.386),
    Term("url_share", 0.0000, 0.1000, -0.916),
    Term("ocr_noise", 0.0000, 0.0200, 0.584),
)
BIAS = -3.776


@njit(cache=True, nogil=True)
def _score(
    values: NDArray[np.float32], words: NDArray[np.float32], terms: NDArray[np.float64], bias: float
) -> NDArray[np.float32]:
    # One row after another in a fixed order: a matrix product may sum differently from one batch size to the next.
    out = np.empty(len(values), np.float32)
    for row in range(len(values)):
        total = bias
        trust = words[row] / (words[row] + PRIOR_WORDS)
        for term in range(len(terms)):
            scaled = (values[row, term] - terms[term, 0]) / terms[term, 1]
            if not math.isnan(scaled):
                total += terms[term, 2] * trust * min(max(scaled, -CLIP), CLIP)
        out[row] = 1.0 / (1.0 + math.exp(-total))
    return out


def noise_score(measures: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32[rows] from float32[rows, len(INPUTS)]. A measure that is NaN counts as its centre.

    >>> row = np.zeros((1, len(INPUTS)), np.float32)
    >>> row[0, INPUTS.index("words")] = 100
    >>> bool(noise_score(row)[0] > 0.85)
    True
    >>> row[0, INPUTS.index("stop_word_share")] = 0.35
    >>> bool(noise_score(row)[0] < 0.1)
    True
    """
    columns = np.ascontiguousarray(measures[:, [INPUTS.index(term.measure) for term in TERMS]])
    terms = np.array([term[1:] for term in TERMS], np.float64)
    return np.asarray(
        _score(columns, np.ascontiguousarray(measures[:, INPUTS.index("words")]), terms, BIAS), np.float32
    )
