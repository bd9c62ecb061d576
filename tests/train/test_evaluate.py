import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.train.evaluate import (
    Score,
    add,
    autocast,
    resolve_precision,
    rows_at_once,
    score_blocks,
    score_texts,
    windows,
)
from pipeline.train.examples import pack_texts
from pipeline.train.load import Loaded, load_base, resolve_base


@given(st.integers(2, 400), st.integers(2, 50))
def test_every_token_but_the_start_is_scored_once_and_in_order(length: int, context: int) -> None:
    scored: list[int] = []
    for window in windows(length, context):
        assert 0 < window.stop - window.start <= context
        assert window.start < window.first  # there is always something to predict from
        scored += range(window.first, window.stop)
    assert scored == list(range(1, length))


@pytest.fixture(scope="module")
def loaded(tiny: Path) -> Loaded:
    return load_base(resolve_base(str(tiny)))


def test_all_tokens_of_all_texts_are_counted(made_up: Callable[..., str], loaded: Loaded) -> None:
    texts = [made_up(n, 40 * n) for n in range(1, 5)]
    tokens = sum(len(loaded.tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts)
    assert score_texts(loaded, texts, 64, "float32").tokens == tokens


def test_a_short_text_scores_as_in_one_plain_pass(loaded: Loaded) -> None:
    import torch

    text = "granen växer i norr"
    ids = [loaded.tokenizer.bos_token_id, *loaded.tokenizer(text)["input_ids"]]
    with torch.no_grad():
        rows = torch.tensor([ids])
        expected = loaded.model(input_ids=rows, labels=rows).loss.item()
    assert score_texts(loaded, [text], 64, "float32").loss == pytest.approx(expected, rel=1e-5)


def test_texts_weigh_by_their_tokens_and_their_company_changes_nothing(
    made_up: Callable[..., str], loaded: Loaded
) -> None:
    texts = [made_up(1, 16), made_up(2, 300)]
    alone = [score_texts(loaded, [text], 64, "float32") for text in texts]
    both = score_texts(loaded, texts, 64, "float32")
    assert both.nats == pytest.approx(add(*alone).nats, rel=1e-5)
    assert both.tokens == alone[0].tokens + alone[1].tokens


def test_packed_blocks_count_their_effective_tokens(made_up: Callable[..., str], loaded: Loaded) -> None:
    blocks = pack_texts([made_up(n) for n in range(30)], loaded.tokenizer, 64)
    score = score_blocks(loaded.model, blocks, "float32")
    assert score.tokens == blocks.effective_tokens
    assert math.log(100) < score.loss < math.log(1000)  # a random model over 320 pieces


def test_bf16_scores_nearly_the_same(made_up: Callable[..., str], loaded: Loaded) -> None:
    text = [made_up(1)]
    exact, rough = (score_texts(loaded, text, 64, precision).loss for precision in ("float32", "bf16"))
    assert rough == pytest.approx(exact, rel=0.01)


def test_no_text_has_no_loss(loaded: Loaded) -> None:
    empty = score_texts(loaded, ["", ""], 64, "float32")
    assert empty == Score(0.0, 0)
    assert math.isnan(empty.loss)
    assert math.isnan(empty.perplexity)


def test_a_loss_beyond_floats_is_an_infinite_perplexity() -> None:
    assert Score(8000.0, 10).perplexity == math.inf


def test_a_large_vocabulary_is_scored_in_fewer_rows(loaded: Loaded) -> None:
    assert rows_at_once(loaded.model, 64) == 8
    assert rows_at_once(loaded.model, 10**6) == 1


def test_automatic_precision_is_one_that_exists_and_a_choice_is_kept() -> None:
    assert resolve_precision("auto") in ("float32", "bf16")
    assert resolve_precision("bf16") == "bf16"
    with autocast("cpu", "float32"):
        pass
