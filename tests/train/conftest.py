"""A tiny random model, its tokenizer and made-up texts; everything is made here, nothing is fetched."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.train.base.model import Shape, build_model
from pipeline.train.base.tokenizer import EOS, PAD, token_id, train_tokenizer, wrap
from pipeline.train.release import Source, Text, TrainingData
from pipeline.train.settings import TrainSettings

WORDS = [
    "granen",
    "växer",
    "långsamt",
    "i",
    "norr",
    "och",
    "tallen",
    "står",
    "på",
    "heden",
    "medan",
    "björken",
    "fäller",
    "löv",
]


def made_up_text(seed: int, words: int = 120) -> str:
    """Sentences of forest words in paragraphs, different for each seed."""
    chosen = random.Random(seed)
    sentences = [" ".join(chosen.choices(WORDS, k=8)).capitalize() + "." for _ in range(words // 8)]
    return "\n\n".join(" ".join(sentences[at : at + 3]) for at in range(0, len(sentences), 3))


@pytest.fixture(scope="session")
def made_up() -> Callable[..., str]:
    """The maker of texts; test modules cannot import a conftest."""
    return made_up_text


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random model of 2 layers x 32."""
    import torch

    torch.set_num_threads(1)  # on a busy machine two are slower, and sums keep their order
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tokenizer = train_tokenizer([made_up_text(n) for n in range(20)], 320)
    model = build_model(Shape(320, 64, 32, 2, 2, 64), token_id(tokenizer, EOS), token_id(tokenizer, PAD))
    model.save_pretrained(folder)
    wrap(tokenizer, 64).save_pretrained(folder, save_jinja_files=False)
    return folder


@pytest.fixture(scope="session")
def data() -> TrainingData:
    def texts(split: str, seeds: range) -> tuple[Text, ...]:
        return tuple(Text(f"{split}-{seed:03}", made_up_text(seed), "skog") for seed in seeds)

    return TrainingData(
        release=4,
        digest="ab" * 32,
        train=texts("train", range(100, 130)),
        validation=texts("validation", range(200, 204)),
        test=texts("test", range(300, 304)),
        sources=(Source("skog", "CC0-1.0", 30), Source("arkiv|x", "", 8)),
    )


@pytest.fixture(scope="session")
def general(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small replay file: the packaged set would cost more time than it adds here."""
    rows = [{"id": f"g{n}", "text": made_up_text(n + 1000, 64).replace("gran", "båt")} for n in range(40)]
    file = tmp_path_factory.mktemp("general") / "everyday.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def settings(tiny: Path, general: Path) -> TrainSettings:
    """One thread: the same sums in the same order on every machine."""
    return TrainSettings(
        base_model=str(tiny),
        replay=str(general),
        context=64,
        rank=4,
        alpha=8,
        learning_rate=0.02,
        epochs=1,
        gradient_accumulation=2,
        max_steps=12,
        eval_every=6,
        threads=1,
        precision="float32",
        min_train_tokens=500,
    )
