"""Kvarn's LoRA training against a bare PyTorch loop: same model, adapter, blocks, optimiser and precision.

    python benchmarks/train_speed.py [--steps 40] [--rounds 3]

Both run in this process in turn, on one thread, and are timed by processor time as well as by wall
clock: on a busy machine only the former says something. The ratio is ours / bare, in tokens per second.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.train.evaluate import autocast, resolve_precision
from pipeline.train.examples import Blocks, pack_texts
from pipeline.train.load import load_base, resolve_base
from pipeline.train.replay import load_general, mix
from pipeline.train.settings import TrainSettings

Run = Callable[[], None]


def main() -> None:
    """Time both in turn and print the medians."""
    parser = argparse.ArgumentParser(description="LoRA tokens/s: Kvarn's Trainer run against a bare loop")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    settings = TrainSettings(max_steps=args.steps, threads=1)
    sets, tokens = make_sets(settings)
    runs: dict[str, Callable[[], Run]] = {
        "kvarn": lambda: ours(settings, sets),
        "bare": lambda: bare(settings, sets),
    }
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    wall: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(args.rounds + 1):
        for name, prepare in runs.items():
            run = prepare()
            started, used = time.perf_counter(), time.process_time()
            run()
            if number:  # the first round warms up imports and memory
                wall[name].append(tokens / (time.perf_counter() - started))
                cpu[name].append(tokens / (time.process_time() - used))
    for name in runs:
        print(
            f"{name:6} {statistics.median(cpu[name]):8.0f} tokens per CPU second "
            f"{statistics.median(wall[name]):8.0f} tokens/s wall"
        )
    for what, figures in (("CPU", cpu), ("wall", wall)):
        ratio = statistics.median(figures["kvarn"]) / statistics.median(figures["bare"])
        print(f"ratio by {what}: {ratio:.3f}")


def make_sets(settings: TrainSettings) -> tuple[Any, int]:
    """Packed general text as the domain, and nothing to evaluate on, so that only training is timed."""
    import torch

    from pipeline.train.lora import PlannedBlocks, Sets

    torch.set_num_threads(1)
    loaded = load_base(resolve_base(settings.base_model))
    general = load_general("general")
    domain = pack_texts((*general.replay, *general.evaluation), loaded.tokenizer, settings.context)
    none = Blocks(domain.ids[:0], domain.labels[:0])
    rows = settings.max_steps * settings.batch * settings.gradient_accumulation
    plan = mix(len(domain.ids), 0, 0.0, rows / len(domain.ids), settings.seed)
    sets = Sets(domain, none, none, none, plan)
    return sets, PlannedBlocks(sets).effective_tokens(rows)


def fresh(settings: TrainSettings) -> Any:
    """A base with a new adapter."""
    from pipeline.train.lora import attach

    return attach(load_base(resolve_base(settings.base_model)).model, settings)


def ours(settings: TrainSettings, sets: Any) -> Run:
    """Kvarn's own way, with its Trainer, callbacks and one checkpoint at the end."""
    from pipeline.train.lora import fit

    model, precision = fresh(settings), resolve_precision(settings.precision)
    quiet = replace(settings, eval_every=settings.max_steps)

    def run() -> None:
        with tempfile.TemporaryDirectory() as scratch:
            fit(model, sets, quiet, precision, Path(scratch), lambda _: None)

    return run


def bare(settings: TrainSettings, sets: Any) -> Run:
    """The least that trains the same: autocast, clipping, AdamW, a cosine schedule."""
    import torch

    from pipeline.train.lora import PlannedBlocks

    model, precision = fresh(settings), resolve_precision(settings.precision)
    blocks = PlannedBlocks(sets)
    optimiser = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], lr=settings.learning_rate
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.max_steps)

    def run() -> None:
        model.train()
        for step in range(settings.max_steps):
            rows = [blocks[step * settings.batch + at] for at in range(settings.batch)]
            ids, labels = (torch.stack([row[key] for row in rows]) for key in ("input_ids", "labels"))
            with autocast("cpu", precision):
                loss = model(input_ids=ids, labels=labels).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()

    return run


if __name__ == "__main__":
    main()
