"""What a training run takes from a release; the caller has verified every byte of it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import Blocked


@dataclass(frozen=True)
class Text:
    """One published document."""

    content_id: str
    text: str
    source: str = ""


@dataclass(frozen=True)
class Source:
    """Where documents come from, for the model card."""

    name: str
    licence: str
    """As the source states it; empty if it states none."""
    documents: int


@dataclass(frozen=True)
class TrainingData:
    """The three splits of one release."""

    release: int
    digest: str
    """sha256 of the release's manifest, which the run record names."""
    train: tuple[Text, ...]
    validation: tuple[Text, ...]
    test: tuple[Text, ...]
    sources: tuple[Source, ...] = ()


def require_splits(data: TrainingData) -> None:
    """Raise Blocked where a split has no text: nothing could be trained, stopped early or measured."""
    for name in ("train", "validation", "test"):
        texts: tuple[Text, ...] = getattr(data, name)
        if not any(text.text.strip() for text in texts):
            raise Blocked(
                f"release {data.release}: the split {name} holds no text; expected at least one document. "
                "Add documents to raw/ or change the split shares, then refresh and train again"
            )


def require_tokens(data: TrainingData, tokens: int, minimum: int) -> None:
    """Raise Blocked where too few tokens would be learnt from after truncation and masking."""
    if tokens < minimum:
        raise Blocked(
            f"release {data.release}: {tokens} effective training tokens; expected at least {minimum} "
            "(train.min_train_tokens). Add documents to raw/, or lower the limit if so little is intended"
        )
