"""Relevance to the user's domain: how much likelier a text's n-grams are among exemplar documents than in general text.

DSIR's importance weight (Xie et al. 2023, arXiv 2302.03169) per n-gram, so that long documents are not more relevant than short
ones. The model is made before any text is measured, from exemplars that the user names and a background that no batch, worker or
corpus decides.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import ConfigError
from pipeline.kernels.measure_spec import MeasureSpec
from pipeline.kernels.relevance import MAX_NGRAM, gram_counts, mean_weights
from pipeline.kernels.tokens import fold_table, settle, settled_table
from pipeline.schema import text_buffers
from pipeline.stage import Rule, put

MEASURES: tuple[MeasureSpec, ...] = (
    MeasureSpec(
        "relevance",
        "nats per n-gram",
        float("-inf"),
        float("inf"),
        "DSIR, arXiv 2302.03169",
        "how much likelier the n-grams are among the exemplars than in general text",
    ),
)
"""NaN without exemplars, and for a text without words."""


@dataclass(frozen=True, slots=True)
class RelevanceConfig:
    """Section [relevance]: how near a text is to exemplars of the domain. A measure; it becomes a rule where min_relevance is set."""

    exemplars: tuple[str, ...] = ()
    """Files or folders beside kvarn.toml, in any format, with ten or more documents that are what the domain should be. Changing
    them measures everything anew."""

    background: tuple[str, ...] = ()
    """General text that the exemplars are held against; the set that comes with Kvarn where none is named. With text like the raw
    corpus, ten exemplars find their domain among five with an AUC of .985, against .978 with that set (docs/log.md)."""

    min_relevance: float | None = None
    """Documents below it are `relevance.low`. It differs by domain: with ten exemplars the middle document of a domain lay at -.4 to
    .5, that of any other at -.6 to -2.2. So look at the measure of documents that are known, then set it."""

    below: Literal["flag", "drop"] = "flag"
    """What is done with a document below min_relevance."""

    ngrams: int = 2
    """Longest n-gram, in words, as in DSIR. Mean AUC of five domains: .976 with 1, .978 with 2, .977 with 3."""

    buckets: int = 200_000
    """Buckets that n-grams are hashed into, four bytes each. DSIR has 10 000, with which the mean AUC is .956; no slower."""

    smoothing: float = 1000.0
    """n-grams of background that the exemplars' are mixed with; from 100 to 10 000 the mean AUC stays between .977 and .980. DSIR adds
    1e-8 to each share instead, which lets single rare words decide: .921."""

    def __post_init__(self) -> None:
        if not 1 <= self.ngrams <= MAX_NGRAM:
            raise ConfigError(f"relevance.ngrams = {self.ngrams} is not allowed; allowed: 1 to {MAX_NGRAM}")
        if not 1000 <= self.buckets <= 4_000_000:
            raise ConfigError(
                f"relevance.buckets = {self.buckets} is not allowed; allowed: 1 000 to 4 000 000"
            )
        if not self.smoothing > 0:
            raise ConfigError(f"relevance.smoothing = {self.smoothing} is not allowed; allowed: above 0")
        if not self.exemplars and self.min_relevance is not None:
            raise ConfigError("relevance.min_relevance is set without relevance.exemplars; name exemplars")


@dataclass(frozen=True)
class RelevanceModel:
    """What each bucket weighs: float32 as bytes, so that models compare, travel to workers and make a fingerprint."""

    weights: bytes = b""
    ngrams: int = 2

    @cached_property
    def digest(self) -> str:
        """Of what the measure depends on; empty without exemplars, whatever the settings are."""
        return hashlib.sha256(bytes([self.ngrams]) + self.weights).hexdigest() if self.weights else ""


def fit(exemplars: Iterable[str], background: Iterable[str], config: RelevanceConfig) -> RelevanceModel:
    """Log of (exemplars' n-grams mixed with `smoothing` n-grams of background) over background, bucket by bucket.

    The background's counts have one added to each bucket. Buckets that no exemplar reaches all weigh the same, however rare they are.
    """
    own = _counts(exemplars, config).astype(np.float64)
    general = _counts(background, config).astype(np.float64) + 1
    general /= general.sum()
    mixed = (own + config.smoothing * general) / (own.sum() + config.smoothing)
    return RelevanceModel(np.log(mixed / general).astype("<f4").tobytes(), config.ngrams)


def _counts(texts: Iterable[str], config: RelevanceConfig) -> NDArray[np.int64]:
    settled = pa.array([settle(text) for text in texts], pa.large_string())
    return gram_counts(*text_buffers(settled), settled_table(), config.buckets, config.ngrams)


class Relevance:
    """Measure: adds `relevance`."""

    name = "relevance"
    measures = MEASURES
    adds = pa.schema([pa.field("relevance", pa.float32(), nullable=False)])

    def __init__(self, model: RelevanceModel | None = None) -> None:
        self.model = model or RelevanceModel()

    def __call__(self, items: pa.Table) -> pa.Table:
        values = np.full(items.num_rows, np.nan, np.float32)
        if self.model.weights:
            values = self._score(items.column("text"))
        return put(items, self.adds.field("relevance"), pa.array(values))

    def _score(self, text: pa.ChunkedArray) -> NDArray[np.float32]:
        weights = np.frombuffer(self.model.weights, "<f4")
        values, odd = mean_weights(*text_buffers(text), fold_table(), weights, self.model.ngrams)
        rows = np.flatnonzero(odd)
        if len(rows):
            settled = pa.array([settle(one) for one in text.take(rows).to_pylist()], pa.large_string())
            values[rows], _ = mean_weights(
                *text_buffers(settled), settled_table(), weights, self.model.ngrams
            )
        return values


def relevance_rules(config: RelevanceConfig) -> tuple[Rule, ...]:
    """`relevance.low`, where a limit is set."""
    if config.min_relevance is None:
        return ()
    return (Rule("relevance.low", "relevance", low=config.min_relevance, action=config.below),)
