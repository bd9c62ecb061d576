"""Pre-train the embedded base model: python -m pipeline.train.pretrain --data DATA --minutes 65.

DATA holds sv.jsonl.gz and en.jsonl.gz ({id, source, lang, text} a line). The stable part of the
schedule ends when the wall clock says so; the number of steps is then fixed and recorded, and
--steps with that number repeats the run without a clock.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.train.base.card import write_card
from pipeline.train.base.corpus import Document, blocks, is_held_out, read_documents, token_stream
from pipeline.train.base.loop import Corpus, Look, LoopSettings, Progress, held_out_losses, train_loop
from pipeline.train.base.model import Schedule, Shape, build_model
from pipeline.train.base.tokenizer import EOS, PAD, token_id, train_tokenizer, wrap
from pipeline.train.load import quiet_transformers

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

OUTPUT = Path(__file__).parent / "embedded"


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
    stream = token_stream([d.text for d in training], tokenizer, token_id(tokenizer, EOS))
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


def write_model(model: LlamaForCausalLM, corpus: Corpus, out: Path, context: int) -> None:
    """Store a bf16 copy as safetensors with its tokenizer."""
    import torch

    out.mkdir(parents=True, exist_ok=True)
    stored: Any = copy.deepcopy(model)
    with quiet_transformers():
        stored.to(torch.bfloat16).save_pretrained(out)
    # The template lies in tokenizer_config.json: one file less, and packaging knows its suffix.
    wrap(corpus.tokenizer, context).save_pretrained(out, save_jinja_files=False)
    (out / "model.safetensors").chmod(0o644)


def say(text: str) -> None:
    """Write a progress line at once, so that a log file can be followed."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def watch(model: LlamaForCausalLM, corpus: Corpus, args: argparse.Namespace) -> Look:
    """What to do every so often: measure, report, and leave an early copy if asked for."""

    def look(progress: Progress, loss: float) -> None:
        held_out = held_out_losses(model, corpus, args.context)
        point = {"step": progress.steps, "train": loss}
        point |= {lang: held_out[lang]["bits_per_byte"] for lang in held_out}
        progress.curve.append(point)
        rate = progress.tokens / progress.seconds
        shown = " ".join(f"{key} {value:.4f}" for key, value in point.items() if key != "step")
        say(f"step {progress.steps} {progress.seconds:.0f} s {rate:.0f} tokens/s {shown}")
        if args.checkpoint:
            write_model(model, corpus, args.checkpoint, args.context)

    return look


def main(argv: Sequence[str] | None = None) -> None:
    """Train the tokenizer and the model, measure, write everything."""
    import torch

    args = arguments(argv)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    corpus = load_corpus(args)
    shape = Shape(args.vocabulary, args.context, args.width, args.layers, args.heads, args.inner)
    model = build_model(shape, token_id(corpus.tokenizer, EOS), token_id(corpus.tokenizer, PAD))
    parameters = sum(p.numel() for p in model.parameters())
    say(f"{parameters} parameters; {len(corpus.train)} blocks of {args.context} tokens")
    settings = LoopSettings(
        batch=args.batch,
        micro=args.micro,
        matrix_rate=args.matrix_rate,
        other_rate=args.other_rate,
        schedule=Schedule(args.warmup, args.decay_share),
        minutes=args.minutes,
        steps=args.steps,
        eval_every=args.eval_every,
        seed=args.seed,
    )
    progress = train_loop(model, torch.from_numpy(corpus.train), settings, watch(model, corpus, args))
    stored: Any = model
    stored.to(torch.bfloat16)
    facts = {
        "shape": asdict(shape),
        "parameters": parameters,
        "arguments": {k: v for k, v in sorted(vars(args).items()) if not isinstance(v, Path)},
        "corpus": corpus.facts,
        "epochs": progress.tokens / corpus.train[:, 1:].size,
        "held_out": held_out_losses(model, corpus, args.context),
        **asdict(progress),
        "torch": torch.__version__,
    }
    write_model(model, corpus, args.out, args.context)
    path = args.out / "training.json"
    path.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    say(json.dumps(facts["held_out"]))
    write_card(args.out)


if __name__ == "__main__":
    main()
