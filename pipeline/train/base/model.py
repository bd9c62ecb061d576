"""The shape of the embedded model and its optimisers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM


@dataclass(frozen=True)
class Shape:
    """A Llama with tied embeddings; weights in bf16 take two bytes a parameter."""

    vocabulary: int
    context: int
    width: int
    layers: int
    heads: int
    inner: int


@dataclass(frozen=True)
class Schedule:
    """Warm-up, stable, decay: the stable part may end at any step, which a wall-clock plan needs."""

    warmup_steps: int
    decay_share: float

    def factor(self, step: int, steps: int | None) -> float:
        """Learning-rate factor before the given step; steps is None until the end is known."""
        warm = min(1.0, (step + 1) / self.warmup_steps)
        if steps is None:
            return warm
        decay = max(1, math.ceil(steps * self.decay_share))
        return warm * min(1.0, (steps - step) / decay)


def build_model(shape: Shape, eos: int, pad: int) -> LlamaForCausalLM:
    """Make a randomly initialised model (float32)."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=shape.context,
        tie_word_embeddings=True,
        bos_token_id=eos,
        eos_token_id=eos,
        pad_token_id=pad,
    )
    return LlamaForCausalLM(config)


def build_optimisers(
    model: LlamaForCausalLM, matrix_rate: float, other_rate: float
) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for embeddings and norms.

    Muon reached a lower loss than AdamW for the same seconds in short trials; its Newton-Schulz
    steps cost about a tenth of the time at this size.
    """
    import torch

    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    return [
        torch.optim.Muon(matrices, lr=matrix_rate, momentum=0.95, weight_decay=0.01),
        torch.optim.AdamW(others, lr=other_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    ]
