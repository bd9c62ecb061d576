"""LoRA with transformers' Trainer: packed blocks, replay, early stopping, the best model reloaded.

Imports torch, transformers and peft: import this module late.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from pipeline.errors import UsageError
from pipeline.train.evaluate import Precision, autocast, score_blocks
from pipeline.train.load import quiet_transformers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.train.examples import Blocks
    from pipeline.train.replay import Plan
    from pipeline.train.settings import TrainSettings

Point = dict[str, float]

_BEYOND_LIMIT = 1000.0
"""Added to the selection value of a checkpoint beyond the general limit: any other one is preferred."""


@dataclass(frozen=True)
class Sets:
    """Packed blocks of one run."""

    domain: Blocks
    replay: Blocks
    validation: Blocks
    watch: Blocks
    """General text that is neither trained on nor part of the final figure."""
    plan: Plan


@dataclass
class Fit:
    """What the training left behind; the model itself is changed in place."""

    steps: int = 0
    best_step: int | None = None
    """The checkpoint that was reloaded; None where no look gave a number to choose by."""
    tokens: int = 0
    """Effective tokens that gradients were computed for, replay and repeats included."""
    rows: int = 0
    """Blocks that gradients were computed for."""
    curves: dict[str, list[Point]] = field(default_factory=dict)


class PlannedBlocks(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """The blocks of a whole run in their planned order."""

    def __init__(self, sets: Sets) -> None:
        self._plan = sets.plan
        self._sets = (sets.domain, sets.replay)

    def __len__(self) -> int:
        return len(self._plan.index)

    def __getitem__(self, at: int) -> dict[str, torch.Tensor]:
        blocks, row = self._sets[int(self._plan.general[at])], self._plan.index[at]
        return {
            "input_ids": torch.from_numpy(blocks.ids[row]),
            "labels": torch.from_numpy(blocks.labels[row]),
        }

    def effective_tokens(self, rows: int) -> int:
        """Tokens with a loss among the first rows of the plan."""
        return sum(int((self[at]["labels"][1:] != -100).sum()) for at in range(min(rows, len(self))))


class WatchingTrainer(Trainer):
    """A Trainer whose evaluation is ours: domain and general loss, token-weighted."""

    def __init__(self, *args: Any, look: Callable[[Any], Point], precision: Precision, **kwargs: Any) -> None:
        self._look = look
        self._precision = precision
        super().__init__(*args, **kwargs)

    def compute_loss(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        """Multiply in bf16 here rather than by the Trainer's own switch, which copies all logits to float32 unused."""
        with autocast(model.device.type, self._precision):
            return super().compute_loss(model, *args, **kwargs)

    def floating_point_ops(self, inputs: Any) -> int:  # noqa: ARG002
        """Nothing reads the estimate, and making it walks over every module at every step."""
        return 0

    def evaluate(self, *_: Any, **__: Any) -> Point:
        """Look at both losses; the names with eval_ are those that callbacks ask for."""
        model: Any = self.model
        model.eval()
        metrics = {f"eval_{key}": value for key, value in self._look(model).items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


class LastLook(TrainerCallback):
    """Look once more at the very end, so that the last steps can be the best ones."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        """Ask for an evaluation and a checkpoint after the last step."""
        if state.global_step >= state.max_steps:
            control.should_evaluate = control.should_save = True
        return control


class Report(TrainerCallback):
    """Hand one line per look to the caller."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Say where the training stands."""
        logs = kwargs["logs"]
        if "eval_domain" in logs:
            self._say(
                f"step {state.global_step}/{state.max_steps}: validation loss {logs['eval_domain']:.4f}, "
                f"general loss {logs['eval_general']:.4f} nats per token"
            )


def attach(model: Any, settings: TrainSettings) -> Any:
    """Wrap the model with a fresh adapter; only the adapter will learn."""
    targets = settings.target_modules
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules="all-linear" if targets == ("all-linear",) else list(targets),
    )
    torch.manual_seed(settings.seed)
    try:
        with warnings.catch_warnings():
            # peft 0.21 asks transformers 5.23 for an attribute by its old name; nothing for the user to do.
            warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
            adapted = get_peft_model(model, config)
    except ValueError as error:
        raise UsageError(
            f"train.target_modules = {list(targets)} does not fit the base model: {error}"
        ) from error
    return adapted


def fit(
    adapted: Any,
    sets: Sets,
    settings: TrainSettings,
    precision: Precision,
    folder: Path,
    say: Callable[[str], None],
) -> Fit:
    """Train the adapter in place and reload its best checkpoint. The folder is scratch space."""
    blocks = PlannedBlocks(sets)
    with adapted.disable_adapter():
        first = _losses(adapted, sets, precision)

    def look(model: Any) -> Point:
        losses = _losses(model, sets, precision)
        return losses | {"selection": selection(losses, first, settings.max_general_loss_increase)}

    trainer = WatchingTrainer(
        model=adapted,
        args=_arguments(settings, len(blocks), folder),
        train_dataset=blocks,
        eval_dataset=blocks,  # asked for by the Trainer; evaluate() above looks at the sets instead
        callbacks=[EarlyStoppingCallback(settings.early_stopping_patience), LastLook(), Report(say)],
        look=look,
        precision=precision,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    with quiet_transformers():
        trainer.train()
    adapted.eval()
    state = trainer.state
    rows = min(len(blocks), state.global_step * settings.batch * settings.gradient_accumulation)
    return Fit(
        steps=state.global_step,
        best_step=state.best_global_step,
        tokens=blocks.effective_tokens(rows),
        rows=rows,
        curves=_curves(state.log_history, first),
    )


def save_adapter(adapted: Any, folder: Path, base_model: str) -> None:
    """Write weights and config of the adapter; the config names the base as the settings do.

    The name is set only now: on every checkpoint peft would look for a base of that name.
    """
    adapted.peft_config["default"].base_model_name_or_path = base_model
    adapted.save_pretrained(str(folder), save_embedding_layers=False)


def _losses(model: Any, sets: Sets, precision: Precision) -> Point:
    """Nats per token on the validation split and on the watched general text."""
    return {
        "domain": score_blocks(model, sets.validation, precision).loss,
        "general": score_blocks(model, sets.watch, precision).loss,
    }


def selection(losses: Point, base: Point, limit: float) -> float:
    """The value that the best checkpoint has least of: domain loss, if general loss is within its limit."""
    excess = losses["general"] / base["general"] - 1 - limit
    return losses["domain"] if excess <= 0 else losses["domain"] + _BEYOND_LIMIT * (1 + excess)


def total_steps(settings: TrainSettings, rows: int) -> int:
    """Optimiser steps for so many planned rows."""
    steps = -(-rows // (settings.batch * settings.gradient_accumulation))
    return min(steps, settings.max_steps) if settings.max_steps else steps


def _arguments(settings: TrainSettings, rows: int, folder: Path) -> TrainingArguments:
    steps = total_steps(settings, rows)
    decay = {"num_decay_steps": max(1, round(0.3 * steps))}
    every = min(settings.eval_every, steps)
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=settings.batch,
        gradient_accumulation_steps=settings.gradient_accumulation,
        train_sampling_strategy="sequential",  # the plan is the order
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        lr_scheduler_kwargs=decay if settings.schedule == "warmup_stable_decay" else None,
        warmup_steps=round(settings.warmup * steps),
        use_cpu=not torch.cuda.is_available(),
        seed=settings.seed,
        logging_steps=max(1, steps // 60),
        logging_nan_inf_filter=False,  # a loss that is not a number must reach the gate
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=1,
        save_only_model=True,
        load_best_model_at_end=True,
        metric_for_best_model="selection",
        greater_is_better=False,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        remove_unused_columns=False,
    )


def _curves(history: list[Point], first: Point) -> dict[str, list[Point]]:
    """Loss over steps of training, validation and general text, and the learning rate."""
    curves: dict[str, list[Point]] = {
        "train": [],
        "validation": [{"step": 0, "loss": first["domain"]}],
        "general": [{"step": 0, "loss": first["general"]}],
        "learning_rate": [],
    }
    for row in history:
        if "eval_domain" in row:
            curves["validation"].append({"step": row["step"], "loss": row["eval_domain"]})
            curves["general"].append({"step": row["step"], "loss": row["eval_general"]})
        elif "loss" in row:
            curves["train"].append({"step": row["step"], "loss": float(row["loss"])})
            curves["learning_rate"].append({"step": row["step"], "rate": float(row["learning_rate"])})
    return curves
