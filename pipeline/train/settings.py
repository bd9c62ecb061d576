"""The [train] section: every key with its reason, unit and cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.errors import ConfigError


@dataclass(frozen=True)
class TrainSettings:
    """How an adapter is trained and when it may be released.

    The defaults fit the embedded base model.
    """

    base_model: str = "embedded"
    """"embedded" (a few MB, no network), a folder, or a hub name such as "owner/model" (needs a network once)."""

    context: int = 512
    """Tokens per block. Longer documents are cut at paragraph ends. Memory and time grow with it."""

    rank: int = 16
    """LoRA rank: the adapter's capacity and its size (1.2 MB at 16 on the embedded base)."""

    alpha: int = 32
    """LoRA scale: updates are multiplied by alpha / rank. Twice the rank is the usual choice."""

    dropout: float = 0.0
    """Share of adapter inputs that are zeroed in training. Early stopping already guards small corpora."""

    target_modules: tuple[str, ...] = (
        "q_proj",
        "k_proj",
        "v_proj",
        "o_proj",
        "gate_proj",
        "up_proj",
        "down_proj",
    )
    """Layers that get an adapter, by the names of Llama-like models; ["all-linear"] for any architecture."""

    learning_rate: float = 5e-3
    """Peak rate of AdamW. High, because the embedded base is small; a model from a hub wants about 2e-4."""

    schedule: Literal["cosine", "linear", "constant_with_warmup", "warmup_stable_decay"] = "cosine"
    """Shape of the learning rate after the warm-up; all but the constant one decay to zero."""

    warmup: float = 0.05
    """Share of the steps over which the rate rises from zero."""

    epochs: float = 2.0
    """Passes over the training split at most; early stopping may end sooner. Time grows in proportion."""

    max_steps: int = 400
    """Optimiser steps at most; 0 means no limit but epochs. 400 keep a run on the embedded base within minutes on
    one processor core; a run that ends before its epochs says how far it came."""

    batch: int = 2
    """Blocks at once: memory and, on a processor, the fit to its cache."""

    gradient_accumulation: int = 1
    """Batches per optimiser step: a larger step at no more memory."""

    eval_every: int = 50
    """Steps between two looks at validation and general loss; each costs a pass over both."""

    early_stopping_patience: int = 3
    """Looks without improvement before the training stops."""

    replay: str = "general"
    """General text mixed in against forgetting: "general" (the packaged set), or a .jsonl, .txt or .md file
    or a folder of them. One third of it is never trained on and measures what was forgotten."""

    replay_share: float = 0.25
    """Share of the training blocks that are general text. Costs time in proportion."""

    seed: int = 17
    """Seeds adapter weights, order and dropout. Same seed, threads and machine: same adapter."""

    threads: int = 0
    """Processor threads for torch. 0 takes one for a base of less than 20 million parameters, where a second thread
    gains little and on a busy machine costs more than it gains, else every core that the process may use."""

    precision: Literal["auto", "float32", "bf16"] = "auto"
    """"auto" is bf16 where the device multiplies it natively (GPU, AVX512-BF16, AMX), else float32."""

    min_train_tokens: int = 2000
    """Fewer effective tokens than this in the training split: the run refuses to start."""

    min_domain_gain: float = 0.05
    """The adapter must lower the domain perplexity by this share, else it is not released."""

    max_general_loss_increase: float = 0.02
    """The general loss (nats per token) may rise by this share, else the adapter is not released."""

    compare_with: str = "latest"
    """The adapter that a new one must not fall behind: "latest" released on the same base, "none", or a run's name."""

    def __post_init__(self) -> None:
        """Refuse values that cannot work, naming the key."""
        _check_positive(self)
        _check_shares(self)
        if not self.target_modules:
            raise ConfigError(
                'train.target_modules = []: expected layer names, such as "q_proj" or "all-linear"'
            )
        for key in ("base_model", "replay", "compare_with"):
            if not getattr(self, key).strip():
                raise ConfigError(f"train.{key} = '': expected a name or a path")


_AT_LEAST = {
    "context": 16,
    "rank": 1,
    "alpha": 1,
    "batch": 1,
    "gradient_accumulation": 1,
    "eval_every": 1,
    "early_stopping_patience": 1,
    "max_steps": 0,
    "threads": 0,
    "seed": 0,
    "min_train_tokens": 1,
}


def _check_positive(settings: TrainSettings) -> None:
    for key, least in _AT_LEAST.items():
        value = getattr(settings, key)
        if value < least:
            raise ConfigError(f"train.{key} = {value}: expected at least {least}")
    for key in ("learning_rate", "epochs"):
        value = getattr(settings, key)
        if not value > 0:
            raise ConfigError(f"train.{key} = {value}: expected a number above 0")


def _check_shares(settings: TrainSettings) -> None:
    for key in ("dropout", "warmup", "replay_share", "min_domain_gain"):
        value = getattr(settings, key)
        if not 0 <= value < 1:
            raise ConfigError(f"train.{key} = {value}: expected a share, 0 or more and below 1")
    # A rise of 1.0 doubles the general loss: beyond it nothing would be protected.
    if not 0 <= settings.max_general_loss_increase <= 1:
        value = settings.max_general_loss_increase
        raise ConfigError(f"train.max_general_loss_increase = {value}: expected a share from 0 to 1")
