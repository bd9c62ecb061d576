"""The embedded model's card, written from training.json alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError

LICENCES = {
    "riksdagen-interpellations": (
        "Interpellations in the Swedish Riksdag. Source: Sveriges riksdag (Riksdagens öppna data), "
        "by way of SWERIK, The Swedish Parliament Corpus",
        "free re-use, name the source",
    ),
    "GITenberg/Great-Expectations_1400": ("Charles Dickens, Great Expectations (GITenberg)", "public domain"),
    "GITenberg/Pride-and-Prejudice_1342": ("Jane Austen, Pride and Prejudice (GITenberg)", "public domain"),
    "GITenberg/The-Adventures-of-Sherlock-Holmes_1661": (
        "Arthur Conan Doyle, The Adventures of Sherlock Holmes (GITenberg)",
        "public domain",
    ),
    "GITenberg/War-and-Peace_2600": ("Leo Tolstoy, War and Peace, in English (GITenberg)", "public domain"),
    "nltk_data/state_union": ("US State of the Union addresses (nltk_data)", "public domain"),
    "nltk_data/inaugural": ("US inaugural addresses (nltk_data)", "public domain"),
}
"""What every source is and on what terms it may be used; a source that is not listed stops the card."""


def write_card(folder: Path) -> None:
    """Write README.md beside training.json. Raises UsageError for a source without known terms."""
    facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    (folder / "README.md").write_text(base_card(facts), encoding="utf-8")


def base_card(facts: dict[str, Any]) -> str:
    """Describe the model: purpose, sources, training, measured quality, limits."""
    return (
        "\n\n".join(
            (
                "---\nlanguage:\n- sv\n- en\nlibrary_name: transformers\npipeline_tag: text-generation\n---",
                "# Kvarn's embedded base model",
                _purpose(facts),
                "## Sources\n\n" + _sources(facts["corpus"]),
                "## Training\n\n" + _training(facts),
                "## Held-out quality\n\n" + _quality(facts["held_out"]),
                "## Limits\n\n" + _LIMITS,
            )
        )
        + "\n"
    )


_LIMITS = (
    "The model has seen parliamentary Swedish and mostly 19th-century English, and little of either. It states "
    "falsehoods, repeats itself, and carries the views and prejudices of its sources. It has learnt no chat: the role "
    "tokens `<|system|>`, `<|user|>` and `<|assistant|>` exist so that chat data can be packed and measured."
)


def _purpose(facts: dict[str, Any]) -> str:
    shape = facts["shape"]
    return (
        f"A Llama-style language model with {facts['parameters']:,} parameters ({shape['layers']} layers of width "
        f"{shape['width']}, {shape['vocabulary']} byte-level BPE pieces, context {shape['context']}, tied embeddings), "
        "stored in bf16. It makes a first fine-tuning run real without a network: a LoRA learns on it, forgets on it, "
        "and is measured on it, in about a minute on a processor. It is meant for mechanics and measurements. "
        "It is never a chat model, and its prose is poor."
    )


def _sources(corpus: dict[str, dict[str, int]]) -> str:
    lines = ["| source | documents | of these held out | text | terms |", "|---|---:|---:|---:|---|"]
    for name, row in corpus.items():
        if name not in LICENCES:
            raise UsageError(f"source {name!r} has no terms in pipeline/train/base/card.py; add them first")
        title, terms = LICENCES[name]
        size = f"{row['bytes'] / 1e6:.1f} MB"
        lines.append(f"| {title} | {row['documents']} | {row['held_out']} | {size} | {terms} |")
    return "\n".join(lines)


def _training(facts: dict[str, Any]) -> str:
    used = facts["arguments"]
    return (
        f"{facts['steps']:,} steps of {used['batch']} x {used['context']} tokens: {facts['tokens'] / 1e6:.1f} million "
        f"tokens, {facts['epochs']:.2f} passes, {facts['seconds'] / 60:.0f} minutes with {used['threads']} processor "
        f"thread(s). Muon ({used['matrix_rate']}) for the matrices inside the layers, AdamW ({used['other_rate']}) for "
        f"embeddings and norms; {used['warmup']} steps of warm-up, then constant, then a linear decay over the last "
        f"{used['decay_share']:.0%}; gradients clipped at 1; bf16 autocast over float32 weights; seed {used['seed']}; "
        f"torch {facts['torch']}. Documents were packed with `<|endoftext|>` between them. "
        f"`python -m pipeline.train.pretrain --data DATA --steps {facts['steps']}` repeats the run; `training.json` "
        "has every argument and the curve."
    )


def _quality(held_out: dict[str, dict[str, float]]) -> str:
    lines = ["| language | documents | perplexity per token | bits per byte |", "|---|---:|---:|---:|"]
    for lang, row in held_out.items():
        name = {"sv": "Swedish", "en": "English"}[lang]
        cells = f"{row['documents']} | {row['perplexity']:.1f} | {row['bits_per_byte']:.3f}"
        lines.append(f"| {name} | {cells} |")
    lines.append("\nAbout 1 % of the documents, chosen by a hash of their id, were never trained on.")
    return "\n".join(lines)
