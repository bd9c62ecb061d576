"""Pre-train the embedded base model: python -m pipeline.train.pretrain --data DATA --minutes 65.

DATA holds sv.jsonl.gz and en.jsonl.gz ({id, source, lang, text} a line). The stable part of the
schedule ends when the wall clock says so; the number of steps is then fixed and recorded, and
--steps with that number repeats the run without a clock.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.train.base.corpus import Document, blocks, is_held_out, read_documents, token_stream
from pipeline.train.base.model import Schedule, Shape, build_model, build_optimisers
from pipeline.train.base.tokenizer import EOS, PAD, train_tokenizer, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

OUTPUT = Path(__file__).parent / "embedded"


@dataclass
class Progress:
    """What the run has done so far; everything in it goes into training.json."""

    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Corpus:
    """Token blocks to train on, and held-out texts per language."""

    train: np.ndarray
    held_out: dict[str, list[str]]
    tokenizer: Tokenizer
    facts: dict[str, dict[str, int]]


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; every default is the value that the shipped model was trained with."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    data = parser.add_argument_group("data")
    data.add_argument("--data", type=Path, required=True, help="folder with sv and en .jsonl.gz")
    data.add_argument("--out", type=Path, default=OUTPUT, help="where the model is written")
    data.add_argument("--checkpoint", type=Path, help="where an early copy is written (none)")
    shape = parser.add_argument_group("model")
    shape.add_argument("--vocabulary", type=int, default=4096, help="BPE pieces")
    shape.add_argument("--context", type=int, default=512, help="tokens")
    shape.add_argument("--width", type=int, default=256, help="hidden size")
    shape.add_argument("--layers", type=int, default=4)
    shape.add_argument("--heads", type=int, default=4)
    shape.add_argument("--inner", type=int, default=640, help="width of the MLP")
    run = parser.add_argument_group("run")
    run.add_argument("--minutes", type=float, default=65.0, help="wall clock to plan from")
    run.add_argument("--steps", type=int, help="exact number of steps; overrides --minutes")
    run.add_argument("--batch", type=int, default=4, help="blocks a step")
    run.add_argument("--micro", type=int, default=2, help="blocks at once: two fit the CPU's cache")
    run.add_argument("--matrix-rate", type=float, default=0.015, help="Muon learning rate")
    run.add_argument("--other-rate", type=float, default=0.005, help="AdamW learning rate")
    run.add_argument("--warmup", type=int, default=100, help="steps")
    run.add_argument("--decay-share", type=float, default=0.3, help="part of the steps")
    run.add_argument("--eval-every", type=int, default=400, help="steps")
    run.add_argument("--threads", type=int, default=1, help="torch threads")
    run.add_argument("--seed", type=int, default=17)
    return parser.parse_args(argv)


def load_corpus(args: argparse.Namespace) -> Corpus:
    """Read both languages, train the tokenizer on the training half, pack the blocks."""
    documents = [d for lang in ("sv", "en") for d in read_documents(args.data / f"{lang}.jsonl.gz")]
    training = [d for d in documents if not is_held_out(d.id)]
    random.Random(args.seed).shuffle(training)
    tokenizer = train_tokenizer((d.text for d in training), args.vocabulary)
    stream = token_stream([d.text for d in training], tokenizer, tokenizer.token_to_id(EOS))
    held_out: dict[str, list[str]] = {"sv": [], "en": []}
    for document in documents:
        if is_held_out(document.id):
            held_out[document.lang].append(document.text)
    return Corpus(blocks(stream, args.context), held_out, tokenizer, corpus_facts(documents))


def corpus_facts(documents: list[Document]) -> dict[str, dict[str, int]]:
    """Documents and bytes per source, for the model card."""
    facts: dict[str, dict[str, int]] = {}
    for document in documents:
        row = facts.setdefault(document.source, {"documents": 0, "bytes": 0, "held_out": 0})
        row["documents"] += 1
        row["bytes"] += len(document.text.encode())
        row["held_out"] += is_held_out(document.id)
    return facts


def held_out_losses(model: LlamaForCausalLM, corpus: Corpus, context: int) -> dict[str, Any]:
    """Perplexity per token and bits per byte of each language's held-out documents."""
    import torch

    result: dict[str, Any] = {}
    model.eval()
    eos = corpus.tokenizer.token_to_id(EOS)
    for lang, texts in corpus.held_out.items():
        stream = token_stream(texts, corpus.tokenizer, eos)
        rows = torch.from_numpy(blocks(stream, context))
        nats = 0.0
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            for part in rows.split(8):
                nats += step_loss(model, part).item() * part.shape[0]
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


def step_loss(model: LlamaForCausalLM, rows: Any) -> Any:
    """Mean next-token loss of rows of context + 1 tokens (nats)."""
    import torch

    logits = model(input_ids=rows[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())


def accumulate(model: LlamaForCausalLM, rows: Any, micro: int) -> float:
    """Add the gradient of one step's rows, a few at a time, and return their mean loss."""
    import torch

    total = 0.0
    for part in rows.split(micro):
        with torch.autocast("cpu", torch.bfloat16):
            loss = step_loss(model, part) * (len(part) / len(rows))
        loss.backward()
        total += loss.item()
    return total


def train(model: LlamaForCausalLM, corpus: Corpus, args: argparse.Namespace) -> Progress:
    """Run the schedule; the end is a step count, or is fixed by the clock before the decay."""
    import torch

    optimisers = build_optimisers(model, args.matrix_rate, args.other_rate)
    rates = [group["lr"] for o in optimisers for group in o.param_groups]
    schedule = Schedule(args.warmup, args.decay_share)
    order = torch.Generator().manual_seed(args.seed)
    rows = torch.from_numpy(corpus.train)
    queue: list[int] = []
    progress, steps, started = Progress(), args.steps, time.monotonic()
    recent = 0.0
    while steps is None or progress.steps < steps:
        if len(queue) < args.batch:
            queue += torch.randperm(len(rows), generator=order).tolist()
        picked, queue = queue[: args.batch], queue[args.batch :]
        factor = schedule.factor(progress.steps, steps)
        groups = [group for o in optimisers for group in o.param_groups]
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate * factor
        loss = accumulate(model, rows[picked], args.micro)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad()
        recent = loss if progress.steps == 0 else 0.99 * recent + 0.01 * loss
        progress.steps += 1
        progress.tokens += args.batch * args.context
        progress.seconds = time.monotonic() - started
        if steps is None and progress.seconds >= args.minutes * 60 * (1 - args.decay_share):
            steps = math.ceil(progress.steps / (1 - args.decay_share))
            say(f"the clock fixed the end: {steps} steps")
        if progress.steps % args.eval_every == 0:
            record(model, corpus, args, progress, recent)
    return progress


def record(
    model: LlamaForCausalLM, corpus: Corpus, args: argparse.Namespace, p: Progress, loss: float
) -> None:
    """Add a point to the curve and, if asked for, leave an early copy of the model."""
    held_out = held_out_losses(model, corpus, args.context)
    point = {"step": p.steps, "train": loss}
    point |= {lang: held_out[lang]["bits_per_byte"] for lang in held_out}
    p.curve.append(point)
    rate = p.tokens / p.seconds
    shown = " ".join(f"{key} {value:.4f}" for key, value in point.items() if key != "step")
    say(f"step {p.steps} {p.seconds:.0f} s {rate:.0f} tokens/s {shown}")
    if args.checkpoint:
        write_model(model, corpus, args.checkpoint, args.context)


def write_model(model: LlamaForCausalLM, corpus: Corpus, out: Path, context: int) -> None:
    """Store a bf16 copy as safetensors with its tokenizer."""
    import copy

    import torch

    out.mkdir(parents=True, exist_ok=True)
    copy.deepcopy(model).to(torch.bfloat16).save_pretrained(out)
    wrap(corpus.tokenizer, context).save_pretrained(out)


def say(text: str) -> None:
    """Write a progress line at once, so that a log file can be followed."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> None:
    """Train the tokenizer and the model, measure, write everything."""
    import torch

    args = arguments(argv)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    corpus = load_corpus(args)
    say(f"{len(corpus.train)} blocks of {args.context} tokens")
    get = corpus.tokenizer.token_to_id
    shape = Shape(args.vocabulary, args.context, args.width, args.layers, args.heads, args.inner)
    model = build_model(shape, get(EOS), get(PAD))
    parameters = sum(p.numel() for p in model.parameters())
    say(f"{parameters} parameters")
    progress = train(model, corpus, args)
    stored = model.to(torch.bfloat16)
    facts = {
        "shape": asdict(shape),
        "parameters": parameters,
        "arguments": {k: v for k, v in sorted(vars(args).items()) if not isinstance(v, Path)},
        "corpus": corpus.facts,
        "epochs": progress.tokens / corpus.train[:, 1:].size,
        "held_out": held_out_losses(stored, corpus, args.context),
        **asdict(progress),
        "torch": torch.__version__,
    }
    write_model(stored, corpus, args.out, args.context)
    path = args.out / "training.json"
    path.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    say(json.dumps(facts["held_out"]))
    from pipeline.train.base.card import write_card  # last, so that a card can be mended mid-run

    write_card(args.out)


if __name__ == "__main__":
    main()
