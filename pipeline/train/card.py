"""The model card of a run: Markdown from the run record alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.train.release import Source


def model_card(name: str, record: Mapping[str, Any], sources: Sequence[Source]) -> str:
    """Write the card that lies beside the adapter (or beside the record of a run that failed its gate)."""
    parts = [
        _front_matter(record),
        f"# {name}",
        _summary(record),
        "## Data\n\n" + _data(record, sources),
        "## Evaluation\n\n" + _evaluation(record),
        "## Model gate\n\n" + _checks(record),
        "## Training\n\n" + _training(record),
        "![Losses and learning rate over steps](curves.svg)",
        "## Limits\n\n" + _limits(record),
    ]
    if record["verdict"] == "PASS":
        parts.append("## How to load\n\n" + _loading(name, record))
    return "\n\n".join(parts) + "\n"


def _front_matter(record: Mapping[str, Any]) -> str:
    return f"---\nlibrary_name: peft\nbase_model: {record['base_model']}\npipeline_tag: text-generation\n---"


def _summary(record: Mapping[str, Any]) -> str:
    release = record["release"]
    verdict = {
        "PASS": "It passed the model gate.",
        "FAIL": "It failed the model gate; the adapter was not released.",
        "ERROR": "A check of the model gate could not be made; the adapter was not released.",
    }[record["verdict"]]
    return (
        f"A LoRA adapter on the base model `{record['base_model']}`, trained on data release "
        f"{release['number']}. {verdict}"
    )


def _data(record: Mapping[str, Any], sources: Sequence[Source]) -> str:
    release, tokens = record["release"], record["tokens"]
    lines = [
        f"Release {release['number']}, manifest sha256 `{release['digest']}`.",
        "",
        "| source | documents | licence |",
        "|---|---:|---|",
        *(f"| {_cell(s.name)} | {s.documents} | {_cell(s.licence) or 'not stated'} |" for s in sources),
        "",
        f"Tokens: {tokens['train']} to train on, {tokens['validation']} for validation, {tokens['test']} for the "
        f"test, {tokens['replay']} of general text to replay. Gradients were computed for {tokens['trained']} "
        "tokens, repeats and replay included. Documents longer than the context were cut at paragraph ends; "
        "none was truncated.",
    ]
    return "\n".join(lines)


def _evaluation(record: Mapping[str, Any]) -> str:
    lines = [
        "| text | perplexity before | after | nats per token before | after |",
        "|---|---:|---:|---:|---:|",
    ]
    for part, shown in (("domain", "domain (test split)"), ("general", "general (held out)")):
        figures = [
            record[table][part][when] for table in ("evaluation", "loss_nats") for when in ("before", "after")
        ]
        cells = [
            _number(figures[0], 2),
            _number(figures[1], 2),
            _number(figures[2], 4),
            _number(figures[3], 4),
        ]
        lines.append(f"| {shown} | {' | '.join(cells)} |")
    lines += ["", "Every token is scored once, in windows that overlap, and weighs the same."]
    return "\n".join(lines)


def _checks(record: Mapping[str, Any]) -> str:
    lines = ["| check | verdict | in words |", "|---|---|---|"]
    lines += [
        f"| `{check['id']}` | {check['verdict']} | {_cell(check['words'])} |" for check in record["checks"]
    ]
    return "\n".join(lines)


def _training(record: Mapping[str, Any]) -> str:
    steps, precision, device = record["steps"], record["precision"], record["device"]
    lines = [
        f"{steps['done']} optimiser steps, the best at step {steps['best'] or 'unknown'}; {precision} on {device}. "
        "`run.json` has the curves, seeds and versions.",
        "",
        "| setting | value | origin |",
        "|---|---|---|",
    ]
    for key, row in record["settings"].items():
        value = ", ".join(row["value"]) if isinstance(row["value"], list) else row["value"]
        lines.append(f"| {key} | {_cell(str(value))} | {_cell(row['origin'])} |")
    return "\n".join(lines)


def _limits(record: Mapping[str, Any]) -> str:
    text = (
        "The figures hold for text like that of the test split. A lower perplexity says that the model predicts "
        "such text better, not that what it writes is true: do not use its output without a person's judgement."
    )
    if record["base_model"] == "embedded":
        text += (
            " The embedded base model has a few million parameters. It shows that data and training work; it "
            "writes poor prose and is no chat model."
        )
    return text


def _loading(name: str, record: Mapping[str, Any]) -> str:
    base = record["base_model"]
    if base == "embedded":
        note = "The base model is part of Kvarn:"
        load = "AutoModelForCausalLM.from_pretrained(EMBEDDED)"
        extra = "from pipeline.train.load import EMBEDDED\n"
    else:
        note, extra = "The base model is loaded by its name or from its folder:", ""
        load = f'AutoModelForCausalLM.from_pretrained("{base}")'
    return (
        f"{note}\n\n```python\nfrom peft import PeftModel\nfrom transformers import AutoModelForCausalLM\n"
        f'{extra}\nmodel = PeftModel.from_pretrained({load}, "models/{name}")\n```'
    )


def _number(value: float | None, digits: int) -> str:
    return "not a number" if value is None else f"{value:.{digits}f}"


def _cell(text: str) -> str:
    """Text that cannot end a table's cell or start markup of its own."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
    return " ".join(escaped.split())
