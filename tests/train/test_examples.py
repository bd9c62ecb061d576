from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ContractError, UsageError
from pipeline.train.base.tokenizer import EOS, train_tokenizer, wrap
from pipeline.train.examples import (
    IGNORED,
    Blocks,
    Example,
    chat_example,
    chunk,
    pack,
    pack_texts,
    text_examples,
)

SAMPLE = "Granen växer i norr.\n\nTallen står på heden.\nBjörken fäller löv. "
TOKENIZER = wrap(train_tokenizer([SAMPLE * 20, "abcdefghij klmnop åäö 0123"], 300), 64)

texts = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(["Granen", " växer", ". ", "\n", "\n\n", "\n \n", "x" * 30, EOS, "é"]), max_size=80
    ).map("".join),
)


def all_tokens(text: str) -> list[int]:
    return list(TOKENIZER(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])


@given(texts, st.integers(1, 40))
def test_the_chunks_of_a_text_joined_are_all_its_tokens_and_none_is_too_long(text: str, limit: int) -> None:
    pieces = chunk(text, TOKENIZER, limit)
    assert [token for piece in pieces for token in piece] == all_tokens(text)
    assert all(0 < len(piece) <= limit for piece in pieces)


@given(texts)
def test_decoding_all_chunks_in_order_restores_the_text(text: str) -> None:
    tokens = [token for piece in chunk(text, TOKENIZER, 7) for token in piece]
    assert TOKENIZER.backend_tokenizer.decode(tokens, skip_special_tokens=False) == text


def test_a_long_text_is_cut_where_a_paragraph_ends() -> None:
    paragraph = "Granen växer i norr och tallen står."
    text = "\n\n".join([paragraph] * 6)
    limit = 2 * len(all_tokens(paragraph + "\n\n")) + 5
    pieces = [str(TOKENIZER.decode(piece)) for piece in chunk(text, TOKENIZER, limit)]
    assert len(pieces) == 3
    assert all(piece.strip() == f"{paragraph}\n\n{paragraph}" for piece in pieces)


@pytest.mark.parametrize(("joint", "end"), [("\n", "\n"), (". ", " "), (" ", " ")])
def test_without_paragraphs_the_cut_goes_to_a_line_a_sentence_or_a_word(joint: str, end: str) -> None:
    text = joint.join(["granen växer"] * 40)
    pieces = [str(TOKENIZER.decode(piece)) for piece in chunk(text, TOKENIZER, 30)]
    assert len(pieces) > 1
    # A space belongs to the word after it in byte-level pieces, so the cut may stand on either side.
    assert all(piece.endswith(end) or piece.endswith(joint.rstrip() or "r") for piece in pieces[:-1])


def test_a_document_that_spells_out_the_end_token_does_not_end_itself() -> None:
    (example,) = text_examples([f"a {EOS} b"], TOKENIZER, 64)
    assert example.ids.count(TOKENIZER.eos_token_id) == 2
    assert example.ids[-1] == TOKENIZER.eos_token_id


def test_only_the_last_chunk_of_a_document_ends_with_the_end_token() -> None:
    examples = text_examples([SAMPLE * 10], TOKENIZER, 32)
    assert [example.labels[-1] == TOKENIZER.eos_token_id for example in examples] == [False] * (
        len(examples) - 1
    ) + [True]


def test_an_empty_text_makes_no_example() -> None:
    assert text_examples(["", SAMPLE], TOKENIZER, 64) == text_examples([SAMPLE], TOKENIZER, 64)


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ContractError, match="expected at least 1"):
        chunk("x", TOKENIZER, 0)


examples = st.lists(
    st.integers(1, 16).map(lambda n: Example(tuple(range(1, n + 1)), (IGNORED, *range(2, n + 1)))),
    max_size=40,
)


@given(examples)
def test_packing_keeps_every_example_whole_and_counts_its_tokens(made: list[Example]) -> None:
    blocks = pack(made, 16, 0)
    assert blocks.effective_tokens == sum(len(e.ids) - 1 for e in made)
    assert int((blocks.ids != 0).sum()) == sum(len(e.ids) for e in made)
    assert (blocks.labels[blocks.ids == 0] == IGNORED).all()
    starts = int((blocks.ids == 1).sum())
    assert starts == len(made)  # each example begins with 1 and counts upwards without a break
    steps = np.diff(blocks.ids, axis=1)
    assert np.isin(steps[(blocks.ids[:, 1:] > 1)], [1]).all()


@given(examples)
def test_no_two_rows_could_have_shared_one(made: list[Example]) -> None:
    used = np.sort((pack(made, 16, 0).ids != 0).sum(axis=1))
    assert len(used) < 2 or used[0] + used[1] > 16


def test_an_example_longer_than_a_block_is_refused() -> None:
    with pytest.raises(ContractError, match="example 0 has 3 tokens; a block holds 2"):
        pack([Example((1, 2, 3), (1, 2, 3))], 2, 0)


def test_no_examples_make_no_blocks() -> None:
    blocks = pack([], 8, 0)
    assert (blocks.ids.shape, blocks.effective_tokens, blocks.fill) == ((0, 8), 0, 0.0)


@given(st.lists(texts, max_size=6))
def test_every_token_and_one_end_a_document_is_learnt_once(made: list[str]) -> None:
    blocks = pack_texts(made, TOKENIZER, 24)
    kept = [text for text in made if all_tokens(text)]
    assert blocks.effective_tokens == sum(len(all_tokens(text)) + 1 for text in kept)


CHAT = [
    {"role": "user", "content": "Hur gammal blir en gran?"},
    {"role": "assistant", "content": "Ofta över hundra år."},
    {"role": "user", "content": "Och en tall?"},
    {"role": "assistant", "content": "Ännu äldre."},
]


def test_the_loss_of_a_chat_counts_only_what_the_assistant_says() -> None:
    example = chat_example(CHAT, TOKENIZER, 200)
    learnt = TOKENIZER.decode([label for label in example.labels if label != IGNORED])
    assert learnt == f"Ofta över hundra år.{EOS}Ännu äldre.{EOS}"
    whole = str(TOKENIZER.decode(list(example.ids)))
    assert whole.startswith("<|user|>Hur gammal blir en gran?<|assistant|>Ofta")


def test_tokens_cut_from_a_long_chat_are_not_counted_as_learnt() -> None:
    whole, cut = chat_example(CHAT, TOKENIZER, 200), chat_example(CHAT, TOKENIZER, 30)
    assert len(cut.ids) == len(cut.labels) == 30
    assert pack([cut], 64, 0).effective_tokens < pack([whole], 200, 0).effective_tokens


def test_a_chat_template_without_generation_marks_is_refused() -> None:
    plain = SimpleNamespace(chat_template="{% for m in messages %}{{ m['content'] }}{% endfor %}")
    with pytest.raises(UsageError, match="generation"):
        chat_example(CHAT, plain, 64)


@pytest.mark.parametrize("broken", [{"is_fast": False}, {"eos_token_id": None}])
def test_a_tokenizer_without_end_token_or_offsets_is_refused(broken: dict[str, Any]) -> None:
    tokenizer = SimpleNamespace(**({"is_fast": True, "eos_token_id": 0, "bos_token_id": None} | broken))
    with pytest.raises(UsageError, match=r"train\.base_model"):
        text_examples(["x"], tokenizer, 64)


def test_a_first_token_of_a_row_is_not_counted_because_nothing_predicts_it() -> None:
    rows = np.array([[5, 6, 7]])
    assert Blocks(rows, rows).effective_tokens == 2
