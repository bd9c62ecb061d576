"""One training run, as a recipe: data and settings in, a released adapter or a recorded failure out."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UsageError
from pipeline.train import folders
from pipeline.train.card import model_card
from pipeline.train.curves import draw_curves
from pipeline.train.examples import Blocks, pack_texts
from pipeline.train.gate import Check, GateLimits, GateMeasures, GateResult, decide
from pipeline.train.load import Base, Loaded, base_digest, load_adapter, load_base, resolve_base
from pipeline.train.record import Evaluation, run_record, settings_with_origin, write_json
from pipeline.train.release import Text, TrainingData, require_splits, require_tokens
from pipeline.train.replay import GeneralText, load_general, mix
from pipeline.train.settings import TrainSettings

if TYPE_CHECKING:
    from pipeline.train.evaluate import Precision, Score
    from pipeline.train.lora import Fit, Sets

Report = Callable[[str], None]


@dataclass(frozen=True)
class RunResult:
    """What a run ended in."""

    name: str
    folder: Path
    """models/<name>, or models/.failed/<name> where the gate said no."""
    released: bool
    verdict: str
    checks: tuple[Check, ...]
    record: dict[str, Any]
    """The content of run.json."""


@dataclass(frozen=True)
class Exam:
    """The texts that judge a model: the release's test split and the general part kept apart."""

    data: TrainingData
    general: GeneralText
    context: int
    precision: Precision

    def domain(self, loaded: Loaded) -> Score:
        """Score the test split."""
        from pipeline.train.evaluate import score_texts

        return score_texts(loaded, _plain(self.data.test), self.context, self.precision)

    def take(self, loaded: Loaded) -> tuple[Score, Score]:
        """Score the test split and the general text."""
        from pipeline.train.evaluate import score_texts

        return self.domain(loaded), score_texts(loaded, self.general.evaluation, self.context, self.precision)


def train(
    data: TrainingData,
    settings: TrainSettings,
    origins: Mapping[str, str],
    models: Path,
    name: str | None = None,
    report: Report | None = None,
) -> RunResult:
    """Train, measure, decide, and release the adapter if the model gate lets it through.

    origins says for a setting where its value came from ("kvarn.toml", "--set" …); others are
    "default". Raises Blocked where the data is too little to train on.
    """
    from pipeline.train.lora import save_adapter

    started = time.monotonic()
    say = report or (lambda _: None)
    require_splits(data)
    name = folders.choose_name(models, data.release, name)
    base = resolve_base(settings.base_model)
    current = folders.current_run(models, base.name, settings.compare_with)
    shown = settings_with_origin(settings, origins, base)
    for key, row in shown.items():
        say(f"{key} = {row['value']} ({row['origin']})")
    general = load_general(settings.replay)
    loaded, precision = _prepare(base, settings)
    sets = _sets(data, general, loaded.tokenizer, settings)
    require_tokens(data, sets.domain.effective_tokens, settings.min_train_tokens)
    say(_volume(sets, settings))
    exam = Exam(data, general, settings.context, precision)
    before = exam.take(loaded)
    say(f"before: domain perplexity {before[0].perplexity:.2f}, general {before[1].perplexity:.2f}")
    with folders.workspace(models, name) as folder:
        fit, adapted = _fit(loaded, sets, settings, precision, folder, say)
        after = exam.take(adapted)
        say(f"after: domain perplexity {after[0].perplexity:.2f}, general {after[1].perplexity:.2f}")
        evaluation = Evaluation(before[0], after[0], before[1], after[1])
        rival = exam.domain(load_adapter(current, settings.base_model)).perplexity if current else None
        gate = _decide(evaluation, fit, sets, settings, (current, rival))
        facts = _base_facts(base, loaded, precision)
        record = run_record(data, shown, facts, _tokens(sets, fit, evaluation), (fit, evaluation, gate))
        record["seconds"] = round(time.monotonic() - started, 1)
        save_adapter(adapted.model, folder, settings.base_model)
        _write(folder, name, record, data)
        target = folders.publish(folder, models, name, released=gate.verdict == "PASS")
    for check in gate.checks:
        say(f"{check.verdict} {check.id}: {check.words}")
    return RunResult(name, target, gate.verdict == "PASS", gate.verdict, gate.checks, record)


def _prepare(base: Base, settings: TrainSettings) -> tuple[Loaded, Precision]:
    """Load the base, set threads and seeds, resolve the precision."""
    loaded = load_base(base)
    import torch
    from transformers import set_seed

    from pipeline.train.evaluate import resolve_precision

    limit = int(loaded.model.config.max_position_embeddings)
    if settings.context > limit:
        raise UsageError(
            f"train.context = {settings.context}: {base.name} has a context of {limit} tokens at most"
        )
    torch.set_num_threads(settings.threads or _threads_for(loaded.model.num_parameters()))
    set_seed(settings.seed)
    return loaded, resolve_precision(settings.precision)


_SMALL = 20_000_000
"""Parameters below which one thread is as good as several (4 M measured: two threads on a busy machine took 2.5 times
as long as one)."""


def _threads_for(parameters: int) -> int:
    return 1 if parameters < _SMALL else len(os.sched_getaffinity(0))


def _plain(texts: tuple[Text, ...]) -> list[str]:
    """Texts in the order of their content_id: shards and file order must not matter."""
    return [text.text for text in sorted(texts, key=lambda text: text.content_id)]


def _sets(data: TrainingData, general: GeneralText, tokenizer: Any, settings: TrainSettings) -> Sets:
    """Chunk and pack every split, and plan the order of the blocks."""
    from pipeline.train.lora import Sets

    def packed(texts: Iterable[str]) -> Blocks:
        return pack_texts(texts, tokenizer, settings.context)

    domain, replay = packed(_plain(data.train)), packed(general.replay)
    plan = mix(len(domain.ids), len(replay.ids), settings.replay_share, settings.epochs, settings.seed)
    return Sets(domain, replay, packed(_plain(data.validation)), packed(general.watch), plan)


def _passes(sets: Sets, rows: int) -> float:
    """How often the first so many planned rows go through the training split."""
    return float((~sets.plan.general[:rows]).sum() / len(sets.domain.ids))


def _volume(sets: Sets, settings: TrainSettings) -> str:
    """What there is to learn from, and how much of it the limit on steps lets in."""
    from pipeline.train.lora import total_steps

    domain, planned = sets.domain, len(sets.plan.index)
    steps = total_steps(settings, planned)
    passes = _passes(sets, steps * settings.batch * settings.gradient_accumulation)
    text = (
        f"{domain.effective_tokens} tokens in {len(domain.ids)} blocks, {domain.fill:.0%} full; "
        f"{steps} steps, {passes:.2f} passes"
    )
    if settings.max_steps and passes < settings.epochs - 0.005:
        text += f" (train.max_steps ends the run before {settings.epochs:g} epochs)"
    return text


def _fit(
    loaded: Loaded, sets: Sets, settings: TrainSettings, precision: Precision, folder: Path, say: Report
) -> tuple[Fit, Loaded]:
    """Train in a scratch folder beside the run's own, so that no checkpoint can slip into it."""
    from pipeline.train.lora import attach, fit

    adapted = attach(loaded.model, settings)
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix="checkpoints-", suffix=f".{os.getpid()}"
    ) as scratch:
        done = fit(adapted, sets, settings, precision, Path(scratch), say)
    return done, Loaded(adapted, loaded.tokenizer)


def _decide(
    evaluation: Evaluation,
    fit: Fit,
    sets: Sets,
    settings: TrainSettings,
    rival: tuple[Path | None, float | None],
) -> GateResult:
    """Hand the figures to the gate."""
    current, perplexity = rival
    measures = GateMeasures(
        domain_before=evaluation.domain_before.perplexity,
        domain_after=evaluation.domain_after.perplexity,
        general_before=evaluation.general_before.loss,
        general_after=evaluation.general_after.loss,
        train_losses=tuple(point["loss"] for point in fit.curves["train"]),
        train_tokens=sets.domain.effective_tokens,
        current=current.name if current else None,
        domain_current=perplexity,
    )
    limits = GateLimits(
        settings.min_domain_gain, settings.max_general_loss_increase, settings.min_train_tokens
    )
    return decide(measures, limits)


def _base_facts(base: Base, loaded: Loaded, precision: Precision) -> dict[str, Any]:
    return {
        "name": base.name,
        "sha256": base_digest(base),
        "device": loaded.model.device.type,
        "precision": precision,
    }


def _tokens(sets: Sets, fit: Fit, evaluation: Evaluation) -> dict[str, Any]:
    """Effective tokens of every part; test and general are those that were scored."""
    return {
        "train": sets.domain.effective_tokens,
        "validation": sets.validation.effective_tokens,
        "test": evaluation.domain_after.tokens,
        "replay": sets.replay.effective_tokens,
        "general": evaluation.general_after.tokens,
        "trained": fit.tokens,
        "passes": round(_passes(sets, fit.rows), 4),
        "blocks": len(sets.domain.ids),
        "fill": round(sets.domain.fill, 4),
    }


def _write(folder: Path, name: str, record: Mapping[str, Any], data: TrainingData) -> None:
    """Add record, card and curves to the adapter."""
    write_json(folder / "run.json", record)
    title = f"{name}: {record['base_model']} on release {data.release}"
    (folder / "curves.svg").write_text(draw_curves(record["curves"], title), encoding="utf-8")
    (folder / "README.md").write_text(model_card(name, record, data.sources), encoding="utf-8")
