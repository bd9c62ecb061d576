"""Loss and perplexity: token-weighted, every token scored exactly once."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from pipeline.train.examples import IGNORED, Blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Precision = Literal["float32", "bf16"]

_CELLS = 2**25
"""Logits held at once (rows x context x vocabulary): 128 MB as float32."""


@dataclass(frozen=True)
class Score:
    """Summed negative log-likelihood (nats) over so many tokens."""

    nats: float
    tokens: int

    @property
    def loss(self) -> float:
        """Nats per token; nan for no tokens."""
        return self.nats / self.tokens if self.tokens else math.nan

    @property
    def perplexity(self) -> float:
        """exp(loss); inf where that is beyond a float, nan for no tokens."""
        loss = self.loss
        return math.exp(loss) if not loss > 700 else math.inf


class Window(NamedTuple):
    """Positions start … stop of a sequence; those from first on are scored."""

    start: int
    stop: int
    first: int


def windows(length: int, context: int) -> list[Window]:
    """Windows over a sequence of length tokens, of which the first is a start token and not scored.

    After the first window each moves on by three quarters of the context, so that a token is judged
    with at least a quarter of it as older text, at four thirds of the cost of no overlap.
    """
    # At least one older token must stay in sight to predict from.
    stride = min(context - context // 4, context - 1)
    found = [Window(0, min(context, length), 1)]
    while found[-1].stop < length:
        last = found[-1].stop
        stop = min(last + stride, length)
        found.append(Window(max(0, stop - context), stop, last))
    return found


def score_texts(loaded: Any, texts: Iterable[str], context: int, precision: Precision) -> Score:
    """Score the tokens of every text; the end token is not counted."""
    tokenizer = loaded.tokenizer
    start = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    rows = []
    for text in texts:
        ids = [
            start,
            *tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)["input_ids"],
        ]
        for window in windows(len(ids), context) if len(ids) > 1 else ():
            labels = [IGNORED] * (window.first - window.start) + ids[window.first : window.stop]
            rows.append((ids[window.start : window.stop], labels))
    rows.sort(key=lambda row: -len(row[0]))
    total = Score(0.0, 0)
    size = rows_at_once(loaded.model, context)
    for at in range(0, len(rows), size):
        total = add(total, _score(loaded.model, _padded(rows[at : at + size]), precision))
    return total


def score_blocks(model: Any, blocks: Blocks, precision: Precision) -> Score:
    """Score packed blocks, as a quick look during training."""
    total = Score(0.0, 0)
    size = rows_at_once(model, blocks.ids.shape[1])
    for at in range(0, len(blocks.ids), size):
        part = Blocks(blocks.ids[at : at + size], blocks.labels[at : at + size])
        total = add(total, _score(model, part, precision))
    return total


def add(one: Score, other: Score) -> Score:
    """Token-weighted sum."""
    return Score(one.nats + other.nats, one.tokens + other.tokens)


def rows_at_once(model: Any, context: int) -> int:
    """As many rows as keep the logits small; at most eight, which a processor's cache likes better."""
    return max(1, min(8, _CELLS // (context * int(model.config.vocab_size))))


def _padded(rows: Sequence[tuple[list[int], list[int]]]) -> Blocks:
    # Right padding under causal attention reaches no scored token, so no mask is needed.
    width = max(len(ids) for ids, _ in rows)
    ids = np.zeros((len(rows), width), dtype=np.int64)
    labels = np.full((len(rows), width), IGNORED, dtype=np.int64)
    for at, (tokens, targets) in enumerate(rows):
        ids[at, : len(tokens)] = tokens
        labels[at, : len(targets)] = targets
    return Blocks(ids, labels)


def _score(model: Any, blocks: Blocks, precision: Precision) -> Score:
    import torch

    ids = torch.from_numpy(blocks.ids).to(model.device)
    targets = torch.from_numpy(blocks.labels[:, 1:]).to(model.device)
    with torch.no_grad(), autocast(model.device.type, precision):
        logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
    # Only scored positions are raised to float32: most of a strided window is context.
    kept = targets != IGNORED
    nats = torch.nn.functional.cross_entropy(logits[kept].float(), targets[kept], reduction="sum")
    return Score(float(nats), int(kept.sum()))


def autocast(device: str, precision: Precision) -> contextlib.AbstractContextManager[Any]:
    """Multiply in bf16 where asked; sums and losses stay float32."""
    import torch

    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device, torch.bfloat16)


def resolve_precision(precision: Literal["auto", "float32", "bf16"]) -> Precision:
    """What "auto" means on this machine: bf16 where the hardware multiplies it, as emulation is slow."""
    import torch

    if precision != "auto":
        return precision
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    able = torch.cpu.get_capabilities()
    return "bf16" if able.get("avx512_bf16") or able.get("amx_bf16") else "float32"
