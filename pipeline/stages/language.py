"""Language of every document and of every paragraph, with a second opinion where the first is not sure.

py3langid's model decides (macro accuracy over sv, da, nb, nn .951 on gold sentences, the best of those measured;
langdetect .702, and it has no nn), line by line: one label per document is right for .86-.89 of mixed documents, labels
by paragraph for .999 of the characters. langdetect, seeded, is the second opinion; where it contradicts, the document
is flagged, never dropped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import ConfigError, one_of
from pipeline.kernels.language_id import identify
from pipeline.kernels.measure_spec import MeasureSpec
from pipeline.schema import LANGUAGE_COLUMNS, SEGMENT, text_buffers
from pipeline.stage import Finding, Judge, put
from pipeline.stages.language_model import MODEL_CODES, UNKNOWN, LanguageModel, load_model
from pipeline.stages.second_opinion import disagreement

MEASURES = pa.schema(
    [
        pa.field("target_share", pa.float32(), nullable=False),
        pa.field("language_margin", pa.float32(), nullable=False),
        pa.field("language_disagreement", pa.float32(), nullable=False),
    ]
)

SPECS = (
    MeasureSpec(
        "language_confidence",
        "probability",
        0.0,
        1.0,
        "py3langid's norm_probs",
        "of the main language; 0 where it is unknown",
    ),
    MeasureSpec("target_share", "share", 0.0, 1.0, "Kvarn", "letters in paragraphs of the target languages"),
    MeasureSpec(
        "language_margin",
        "nats per root byte",
        0.0,
        float("inf"),
        "Kvarn",
        "lead of the main language over the second one",
    ),
    MeasureSpec(
        "language_disagreement",
        "0 or 1",
        0.0,
        1.0,
        "langdetect, seeded",
        "1: the second opinion contradicts, 0: it agrees; NaN: not asked",
    ),
)
"""What the numbers of this stage mean."""


@dataclass(frozen=True)
class LanguageConfig:
    """Section [language]."""

    target: tuple[str, ...] = ("sv",)
    """Languages that a release is to hold: ISO 639-1, Norwegian as nb and nn."""

    candidates: tuple[str, ...] = (
        *("sv", "da", "nb", "nn", "en", "de", "fi", "is", "fo", "nl", "fr", "es", "it", "pt", "pl", "et"),
        *("lv", "lt", "ru", "uk", "se", "la", "cs", "el", "ro", "tr", "hr", "so", "ar", "fa", "zh", "ja"),
    )
    """Languages that are told apart. Fewer is faster: with these 32 the gold sentences come out as with all 141."""

    min_target_share: float = 0.5
    """Documents with a smaller share of letters in the target languages are dropped (`language.foreign`)."""

    foreign: Literal["cut", "flag"] = "cut"
    """Documents in between: their foreign paragraphs are cut (and the rest kept), or they are flagged."""

    keep_target_share: float = 0.98
    """With foreign = "flag": documents with a smaller share are flagged (`language.mixed`). Names and quotations stay."""

    price: float = 12.0
    """What a change of language inside a document costs, in nats of the model. On 319 mixed documents .9991 of the
    characters are right from 5 to 12, .998 at 30; lower prices cut Swedish lines of names as Latin or Norwegian."""

    price_related: float = 25.0
    """The same between sv, da, nb and nn, whose short lines are often told apart by two letters only."""

    min_words: int = 3
    """Shorter documents are "unknown": on one or two words every engine guesses."""

    doubt_margin: float = 0.6
    """Best minus second language, in nats per square root of a byte, below which langdetect is asked too."""

    sample: float = 0.01
    """Share of the other documents, chosen by content_id, for which langdetect is asked as well."""

    def __post_init__(self) -> None:
        known = sorted({*MODEL_CODES})
        for key in ("target", "candidates"):
            for code in getattr(self, key):
                if code not in MODEL_CODES:
                    raise one_of(f"language.{key}", code, known)
        lost = [code for code in self.target if code not in self.candidates]
        if lost or not self.target:
            raise ConfigError(
                f"language.target = {list(self.target)!r}: name at least one, all of them in language.candidates"
            )
        for key in ("min_target_share", "keep_target_share", "sample"):
            if not 0 <= getattr(self, key) <= 1:
                raise ConfigError(f"language.{key} = {getattr(self, key)!r} is a share; allowed: 0 to 1")
        for key in ("price", "price_related", "doubt_margin", "min_words"):
            if getattr(self, key) < 0:
                raise ConfigError(f"language.{key} = {getattr(self, key)!r}; allowed: 0 or more")


class Language:
    """Adds LANGUAGE_COLUMNS, target_share (letters), language_margin (nats per root byte) and language_disagreement
    (1 langdetect contradicts, 0 it agrees, NaN not asked).
    """

    name = "language"
    measures = SPECS

    def __init__(self, config: LanguageConfig | None = None) -> None:
        self.config = config or LanguageConfig()
        self.adds = pa.schema([*LANGUAGE_COLUMNS, *MEASURES])

    def __call__(self, items: pa.Table) -> pa.Table:
        model = load_model(self.config.candidates)
        offsets, data = text_buffers(items.column("text"))
        prices = (self.config.price, self.config.price_related)
        letters, scores, counts, segments = identify((offsets, data), model.arrays, model.kin, prices)
        main = np.where(counts[:, 0] >= self.config.min_words, counts[:, 2], -1)
        confidence, margin = certainty(scores, counts[:, 1])
        confidence[main < 0] = 0.0
        margin[main < 0] = np.nan
        names = np.array([*model.languages, UNKNOWN], dtype=object)
        languages = names[main]
        columns: dict[str, pa.Array] = {
            "language": pa.array(languages, pa.string()),
            "language_confidence": pa.array(confidence, pa.float32()),
            "segments": segment_column(segments, counts[:, 3], main, names),
            "target_share": pa.array(self._target_share(letters, main, model)),
            "language_margin": pa.array(margin),
        }
        for field in self.adds.remove(len(columns)):
            items = put(items, field, columns[field.name])
        answers = disagreement(items, languages, self._asked(items, main, margin))
        return put(items, self.adds.field("language_disagreement"), pa.array(answers))

    def _target_share(
        self, letters: NDArray[np.int64], main: NDArray[np.int64], model: LanguageModel
    ) -> NDArray[np.float32]:
        wanted = np.array([code in self.config.target for code in model.languages])
        total = letters.sum(1)
        share = letters[:, wanted].sum(1) / np.maximum(total, 1)
        return np.where((main < 0) | (total == 0), np.nan, share).astype(np.float32)

    def _asked(
        self, items: pa.Table, main: NDArray[np.int64], margin: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Small margins, and a sample fixed by content_id: the same documents in any batch and any process."""
        limit = int(self.config.sample * 0x100000000)
        ids = items.column("content_id").to_pylist()
        drawn = np.fromiter((int(str(content_id)[-8:], 16) < limit for content_id in ids), np.bool_, len(ids))
        asked: NDArray[np.bool_] = (main >= 0) & ((margin < self.config.doubt_margin) | drawn)
        return asked


def certainty(
    scores: NDArray[np.float32], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probability of the best language, and its lead over the second, both tempered by the square root of the bytes.

    The temperature is py3langid's own (norm_probs): it keeps naive Bayes from being certain of everything.
    """
    if not len(scores):
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    tempered = scores.astype(np.float64) / np.sqrt(np.maximum(sizes, 1))[:, None]
    top = np.sort(tempered, axis=1)[:, ::-1]
    share = 1.0 / np.exp(tempered - top[:, :1]).sum(axis=1)
    return share.astype(np.float32), (top[:, 0] - top[:, 1]).astype(np.float32)


def segment_column(
    segments: NDArray[np.int32],
    per_document: NDArray[np.int64],
    main: NDArray[np.int64],
    names: NDArray[np.object_],
) -> pa.Array:
    """list<SEGMENT>; a document of unknown language is one segment of unknown language, an empty one has none."""
    owner = np.repeat(np.arange(len(per_document)), per_document)
    labels = np.where(main[owner] >= 0, segments[:, 2], -1) if len(owner) else np.zeros(0, np.int64)
    # Labels of a document that is too short to judge become one label: its segments melt into one.
    first = np.ones(len(owner), bool)
    last = np.ones(len(owner), bool)
    if len(owner) > 1:
        same = (owner[1:] == owner[:-1]) & (main[owner[1:]] < 0)
        first[1:] = ~same
        last[:-1] = ~same
    starts, ends = segments[first, 0], segments[last, 1]
    bounds = np.zeros(len(per_document) + 1, np.int32)
    np.cumsum(np.bincount(owner[first], minlength=len(per_document)), out=bounds[1:])
    values = pa.StructArray.from_arrays(
        [
            pa.array(starts, pa.int32()),
            pa.array(ends, pa.int32()),
            pa.array(names[labels[first]], pa.string()),
        ],
        fields=list(SEGMENT),
    )
    return pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), values, type=pa.list_(SEGMENT))


def language_findings(config: LanguageConfig) -> Judge:
    """`language.foreign` drops; `language.mixed` (by policy), `language.doubtful` and `language.unknown` flag."""

    def judge(items: pa.Table) -> Iterator[Finding]:
        share = items.column("target_share").to_numpy()
        foreign = share < config.min_target_share
        yield Finding("language.foreign", "drop", foreign)
        if config.foreign == "flag":
            yield Finding("language.mixed", "flag", ~foreign & (share < config.keep_target_share))
        doubted = items.column("language_disagreement").to_numpy() == 1.0
        yield Finding("language.doubtful", "flag", doubted & ~foreign)
        unknown = np.array([code == UNKNOWN for code in items.column("language").to_pylist()], bool)
        yield Finding("language.unknown", "flag", unknown)

    return judge
