"""The training loop of the base model, and its held-out measurements."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from pipeline.train.base.corpus import blocks, token_stream
from pipeline.train.base.model import Schedule, build_optimisers
from pipeline.train.base.tokenizer import EOS, token_id

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM


@dataclass(frozen=True)
class Corpus:
    """Token blocks to train on, and held-out texts per language."""

    train: np.ndarray
    held_out: dict[str, list[str]]
    tokenizer: Tokenizer
    facts: dict[str, dict[str, int]]


@dataclass(frozen=True)
class LoopSettings:
    """How the loop runs; pretrain.py documents each and gives the defaults."""

    batch: int
    micro: int
    matrix_rate: float
    other_rate: float
    schedule: Schedule
    minutes: float
    steps: int | None
    """Exact number of steps; None lets the clock fix it."""
    eval_every: int
    seed: int


@dataclass
class Progress:
    """What the run has done so far; everything in it goes into training.json."""

    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)


Look = Callable[[Progress, float], None]
"""Called with the progress and the smoothed training loss."""


def train_loop(model: LlamaForCausalLM, rows: torch.Tensor, settings: LoopSettings, look: Look) -> Progress:
    """Train in place until the step count, or until the one that the clock fixes before the decay."""
    optimisers = build_optimisers(model, settings.matrix_rate, settings.other_rate)
    groups = [group for optimiser in optimisers for group in optimiser.param_groups]
    rates = [group["lr"] for group in groups]
    picks = _Picks(len(rows), settings.seed)
    progress, steps, recent, started = Progress(), settings.steps, math.nan, time.monotonic()
    while steps is None or progress.steps < steps:
        factor = settings.schedule.factor(progress.steps, steps)
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate * factor
        loss = _accumulate(model, rows[picks.take(settings.batch)], settings.micro)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad()
        recent = loss if progress.steps == 0 else 0.99 * recent + 0.01 * loss
        progress.steps += 1
        progress.tokens += settings.batch * (rows.shape[1] - 1)
        progress.seconds = time.monotonic() - started
        if steps is None:
            steps = _end(progress, settings)
        if progress.steps % settings.eval_every == 0:
            look(progress, recent)
    return progress


class _Picks:
    """Rows in a shuffled order, every row once before any comes again."""

    def __init__(self, rows: int, seed: int) -> None:
        self._rows, self._queue = rows, list[int]()
        self._generator = torch.Generator().manual_seed(seed)

    def take(self, count: int) -> list[int]:
        while len(self._queue) < count:
            self._queue += torch.randperm(self._rows, generator=self._generator).tolist()
        taken, self._queue = self._queue[:count], self._queue[count:]
        return taken


def _end(progress: Progress, settings: LoopSettings) -> int | None:
    """The total number of steps once the stable part has used its share of the clock, else None."""
    share = 1 - settings.schedule.decay_share
    if progress.seconds < settings.minutes * 60 * share:
        return None
    return math.ceil(progress.steps / share)


def _accumulate(model: LlamaForCausalLM, rows: torch.Tensor, micro: int) -> float:
    """Add the gradient of one step's rows, a few at a time, and return their mean loss."""
    total = 0.0
    for part in rows.split(micro):
        with torch.autocast("cpu", torch.bfloat16):
            loss = _loss(model, part) * (len(part) / len(rows))
        loss.backward()
        total += loss.item()
    return total


def _loss(model: LlamaForCausalLM, rows: torch.Tensor) -> torch.Tensor:
    """Mean next-token loss (nats) of rows of context + 1 tokens."""
    logits = model(input_ids=rows[:, :-1], use_cache=False).logits
    assert logits is not None
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())


def held_out_losses(model: LlamaForCausalLM, corpus: Corpus, context: int) -> dict[str, Any]:
    """Perplexity per token and bits per byte of each language's held-out documents."""
    result: dict[str, Any] = {}
    model.eval()
    eos = token_id(corpus.tokenizer, EOS)
    for lang, texts in corpus.held_out.items():
        stream = token_stream(texts, corpus.tokenizer, eos)
        rows = torch.from_numpy(blocks(stream, context))
        nats = 0.0
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            for part in rows.split(8):
                nats += _loss(model, part).item() * part.shape[0]
        loss = nats / rows.shape[0]
        size = sum(len(text.encode()) for text in texts)
        result[lang] = {
            "loss": loss,
            "perplexity": math.exp(loss),
            "bits_per_byte": loss / math.log(2) * (len(stream) - 1) / size,
            "documents": len(texts),
            "bytes": size,
        }
    model.train()
    return result
