import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ContractError, UsageError
from pipeline.train.base.card import LICENCES, base_card
from pipeline.train.base.corpus import blocks, is_held_out, token_stream
from pipeline.train.base.model import Schedule
from pipeline.train.base.tokenizer import EOS, SPECIAL_TOKENS, token_id, train_tokenizer
from pipeline.train.load import EMBEDDED
from pipeline.train.pretrain import main


@given(st.integers(1, 200), st.integers(1, 20))
def test_blocks_predict_each_token_of_the_stream_once_and_drop_less_than_one_block(
    length: int, context: int
) -> None:
    cut = blocks(np.arange(length), context)
    targets = cut[:, 1:].ravel()
    assert (targets == np.arange(1, 1 + len(targets))).all()
    assert (cut[:, :-1].ravel() == targets - 1).all()
    assert 0 <= length - 1 - len(targets) < context


def test_about_one_document_in_a_hundred_is_held_out() -> None:
    assert sum(is_held_out(f"d{n}") for n in range(20000)) == pytest.approx(200, abs=60)


def test_every_document_of_a_stream_is_preceded_and_followed_by_the_end_token() -> None:
    tokenizer = train_tokenizer(["granen växer"] * 5, 280)
    eos = token_id(tokenizer, EOS)
    stream = token_stream(["granen", "växer"], tokenizer, eos)
    assert [int(stream[0]), int(stream[-1]), int((stream == eos).sum())] == [eos, eos, 3]


def test_a_tokenizer_without_the_end_token_is_refused() -> None:
    with pytest.raises(ContractError, match="no token"):
        token_id(train_tokenizer(["x"], 280), "<|okänd|>")


def test_special_tokens_have_the_first_numbers() -> None:
    tokenizer = train_tokenizer(["granen växer"] * 5, 280)
    assert [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS] == [0, 1, 2, 3, 4]


@given(st.integers(1, 50), st.floats(0.05, 0.9), st.integers(1, 500))
def test_the_rate_rises_stays_and_falls_to_nearly_nothing(warmup: int, decay: float, steps: int) -> None:
    schedule = Schedule(warmup, decay)
    factors = [schedule.factor(step, steps) for step in range(steps)]
    assert all(0 < factor <= 1 for factor in factors)
    assert factors[-1] <= 1 / (steps * decay) + 1e-9
    first_decay = steps - -(-steps * decay // 1)
    before = [schedule.factor(step, None) for step in range(int(max(0, first_decay)))]
    assert before == factors[: len(before)]  # not knowing the end changes nothing until the decay begins


@pytest.fixture(scope="module")
def corpus(made_up: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for lang, source in (("sv", "riksdagen-interpellations"), ("en", "nltk_data/inaugural")):
        with gzip.open(folder / f"{lang}.jsonl.gz", "wt", encoding="utf-8") as file:
            for number in range(150):
                row = {
                    "id": f"{lang}{number}",
                    "source": source,
                    "lang": lang,
                    "text": made_up(number, 40),
                }
                file.write(json.dumps(row) + "\n")
    return folder


def test_a_base_model_is_trained_measured_and_described_and_its_steps_repeat_it(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = (
        "--vocabulary 300 --context 32 --width 16 --layers 1 --heads 2 --inner 32 --batch 2 --eval-every 2"
    )
    common = ["--data", str(corpus), *small.split()]
    main([*common, "--out", str(tmp_path / "a"), "--checkpoint", str(tmp_path / "c"), "--minutes", "0.0001"])
    facts = json.loads((tmp_path / "a" / "training.json").read_text(encoding="utf-8"))
    assert facts["steps"] >= 1
    assert set(facts["held_out"]) == {"sv", "en"}
    assert facts["held_out"]["sv"]["perplexity"] > 1
    assert sum(row["documents"] for row in facts["corpus"].values()) == 300
    main([*common, "--out", str(tmp_path / "b"), "--steps", str(facts["steps"])])
    weights = "model.safetensors"
    assert (tmp_path / "a" / weights).read_bytes() == (tmp_path / "b" / weights).read_bytes()
    assert "Sveriges riksdag" in (tmp_path / "a" / "README.md").read_text(encoding="utf-8")
    assert "bits_per_byte" in capsys.readouterr().out


def test_a_source_without_known_terms_stops_the_card() -> None:
    facts = json.loads((EMBEDDED / "training.json").read_text(encoding="utf-8"))
    facts["corpus"]["okänd"] = {"documents": 1, "bytes": 1, "held_out": 0}
    with pytest.raises(UsageError, match="'okänd' has no terms"):
        base_card(facts)


def test_the_embedded_card_names_every_source_and_every_terms_entry_is_used() -> None:
    card = (EMBEDDED / "README.md").read_text(encoding="utf-8")
    facts = json.loads((EMBEDDED / "training.json").read_text(encoding="utf-8"))
    assert set(facts["corpus"]) == set(LICENCES)
    assert all(title in card for title, _ in LICENCES.values())
    assert card == base_card(facts)
    assert f"{facts['held_out']['sv']['perplexity']:.1f}" in card


def test_the_embedded_model_is_small_and_holds_no_pickle() -> None:
    files = {file.name: file.stat().st_size for file in EMBEDDED.iterdir()}
    assert sum(files.values()) < 12_000_000
    assert set(files) == {
        "README.md",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "training.json",
    }
