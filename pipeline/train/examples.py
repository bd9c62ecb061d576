"""Documents and chats -> token examples -> fixed blocks. Nothing of a document is ever truncated."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import ContractError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

IGNORED = -100
"""The label that torch's cross entropy leaves out of the loss."""

_BREAKS = (
    re.compile(r"\n[^\S\n]*\n\s*"),
    re.compile(r"\n\s*"),
    re.compile(r"[.!?:;]\s+"),
    re.compile(r"\s+"),
)
"""Where a long document may be cut, best first: paragraph, line, sentence, word."""


@dataclass(frozen=True)
class Example:
    """Token ids and their labels; both have the same length."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]


@dataclass(frozen=True)
class Blocks:
    """Rows of context tokens, int64; padding and other tokens outside the loss have the label -100."""

    ids: np.ndarray
    labels: np.ndarray

    @property
    def effective_tokens(self) -> int:
        """Tokens that the loss counts; a row's first token is predicted by nothing."""
        return int((self.labels[:, 1:] != IGNORED).sum())

    @property
    def fill(self) -> float:
        """Share of the cells that the loss counts."""
        return self.effective_tokens / self.labels.size if self.labels.size else 0.0


def chunk(text: str, tokenizer: Any, limit: int) -> list[list[int]]:
    """Cut the tokens of a text into pieces of at most limit tokens; joined they are all its tokens.

    A cut goes to the last paragraph end that leaves the piece at least a quarter full, else to the
    last line end, sentence end or word end, else (one long word) to the limit itself.
    """
    if limit < 1:
        raise ContractError(f"a chunk of {limit} tokens holds nothing; expected at least 1")
    # A document that spells out "<|endoftext|>" must not end itself: special tokens are split as plain text.
    encoded = tokenizer(
        text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True, verbose=False
    )
    ids: list[int] = list(encoded["input_ids"])
    if len(ids) <= limit:
        return [ids] if ids else []
    starts = [start for start, _ in encoded["offset_mapping"]]
    cuts = [_token_positions(pattern, text, starts) for pattern in _BREAKS]
    pieces, start = [], 0
    while len(ids) - start > limit:
        end = _best_cut(cuts, start + limit // 4, start + limit)
        pieces.append(ids[start:end])
        start = end
    pieces.append(ids[start:])
    return pieces


def _token_positions(pattern: re.Pattern[str], text: str, starts: list[int]) -> list[int]:
    """Indices of the first token at or after the end of every match."""
    return [bisect_left(starts, match.end()) for match in pattern.finditer(text)]


def _best_cut(cuts: list[list[int]], above: int, highest: int) -> int:
    for positions in cuts:
        place = bisect_left(positions, highest + 1) - 1
        if place >= 0 and positions[place] > above:
            return positions[place]
    return highest


def text_examples(texts: Iterable[str], tokenizer: Any, context: int) -> list[Example]:
    """Chunks with a start token each and an end token after a document's last.

    The start token is the tokenizer's BOS (EOS where it has none) and is outside the loss.
    """
    end = _end_token(tokenizer)
    start = end if tokenizer.bos_token_id is None else int(tokenizer.bos_token_id)
    examples = []
    for text in texts:
        pieces = chunk(text, tokenizer, context - 2)
        for number, piece in enumerate(pieces, start=1):
            body = [*piece, end] if number == len(pieces) else piece
            examples.append(Example((start, *body), (IGNORED, *body)))
    return examples


def chat_example(messages: Sequence[Mapping[str, str]], tokenizer: Any, context: int) -> Example:
    """One conversation; the loss counts only what the assistant says. Cut at the context's end.

    Raises UsageError where the tokenizer has no chat template with generation marks.
    """
    template = tokenizer.chat_template
    if not template or "{% generation %}" not in template.replace("{%-", "{%").replace("-%}", "%}"):
        raise UsageError(
            "the base model's chat template has no {% generation %} marks, so the assistant's words cannot be "
            "told from the rest; give the tokenizer a template with them, or train on plain text"
        )
    encoded = tokenizer.apply_chat_template(
        list(messages), tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    ids = list(encoded["input_ids"])[:context]
    mask = list(encoded["assistant_masks"])[:context]
    labels = [token if said else IGNORED for token, said in zip(ids, mask, strict=True)]
    return Example(tuple(ids), tuple(labels))


def pack(examples: Sequence[Example], context: int, pad: int) -> Blocks:
    """Put examples into rows, longest first, each into the fullest row that still has room.

    No example is split over rows. Raises ContractError for one that is longer than a row.
    """
    rows: list[list[int]] = []
    rooms: list[tuple[int, int]] = []  # (free tokens, row), sorted
    for number in sorted(range(len(examples)), key=lambda i: (-len(examples[i].ids), i)):
        size = len(examples[number].ids)
        if size > context:
            raise ContractError(
                f"example {number} has {size} tokens; a block holds {context}. Chunk it first"
            )
        place = bisect_left(rooms, (size, -1))
        if place == len(rooms):
            rows.append([number])
            room, row = context - size, len(rows) - 1
        else:
            free, row = rooms.pop(place)
            rows[row].append(number)
            room = free - size
        rooms.insert(bisect_left(rooms, (room, row)), (room, row))
    ids = np.full((len(rows), context), pad, dtype=np.int64)
    labels = np.full((len(rows), context), IGNORED, dtype=np.int64)
    for row, members in enumerate(rows):
        at = 0
        for number in members:
            example = examples[number]
            ids[row, at : at + len(example.ids)] = example.ids
            labels[row, at : at + len(example.ids)] = example.labels
            at += len(example.ids)
    return Blocks(ids, labels)


def pack_texts(texts: Iterable[str], tokenizer: Any, context: int) -> Blocks:
    """Chunk and pack plain documents."""
    pad = tokenizer.pad_token_id
    examples = text_examples(texts, tokenizer, context)
    return pack(examples, context, _end_token(tokenizer) if pad is None else int(pad))


def _end_token(tokenizer: Any) -> int:
    if not getattr(tokenizer, "is_fast", False) or tokenizer.eos_token_id is None:
        raise UsageError(
            "the base model's tokenizer has no end-of-text token, or no tokenizer.json; "
            "choose another train.base_model, or convert it with transformers first"
        )
    return int(tokenizer.eos_token_id)
