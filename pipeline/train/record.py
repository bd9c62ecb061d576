"""run.json: everything that is needed to judge a run and to repeat it. No clock, no folder of this machine."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.train.evaluate import Score
    from pipeline.train.gate import GateResult
    from pipeline.train.load import Base
    from pipeline.train.lora import Fit
    from pipeline.train.release import TrainingData
    from pipeline.train.settings import TrainSettings

_LIBRARIES = ("kvarn", "torch", "transformers", "peft", "accelerate", "tokenizers", "safetensors", "numpy")


@dataclass(frozen=True)
class Evaluation:
    """Scores before and after, each on texts that nothing was trained on or chosen by."""

    domain_before: Score
    domain_after: Score
    general_before: Score
    general_after: Score


def run_record(
    data: TrainingData,
    settings: Mapping[str, Mapping[str, Any]],
    base: Mapping[str, Any],
    tokens: Mapping[str, Any],
    outcome: tuple[Fit, Evaluation, GateResult],
) -> dict[str, Any]:
    """Assemble the record, plain JSON types only; what is not a finite number becomes null."""
    fit, evaluation, gate = outcome
    seed = settings["seed"]["value"]
    record = {
        "release": {"number": data.release, "digest": data.digest},
        "base_model": base["name"],
        "base_sha256": base["sha256"],
        "settings": settings,
        "seeds": {"adapter": seed, "order": seed, "dropout": seed},
        "versions": {"python": python_version()} | {name: version(name) for name in _LIBRARIES},
        "device": base["device"],
        "precision": base["precision"],
        "tokens": tokens,
        "steps": {"done": fit.steps, "best": fit.best_step},
        "curves": fit.curves,
        "evaluation": _pairs(evaluation, "perplexity"),
        "loss_nats": _pairs(evaluation, "loss"),
        "verdict": gate.verdict,
        "checks": [asdict(check) for check in gate.checks],
    }
    finite: dict[str, Any] = _finite(record)
    return finite


def _pairs(evaluation: Evaluation, what: str) -> dict[str, dict[str, float]]:
    return {
        part: {when: getattr(getattr(evaluation, f"{part}_{when}"), what) for when in ("before", "after")}
        for part in ("domain", "general")
    }


def settings_with_origin(
    settings: TrainSettings, origins: Mapping[str, str], base: Base
) -> dict[str, dict[str, Any]]:
    """Every resolved setting and where it came from; folders of this machine are shown by name only."""
    shown = {}
    for field in fields(settings):
        value = getattr(settings, field.name)
        if field.name == "base_model":
            value = base.name
        elif field.name == "replay" and value != "general":
            value = Path(value).name
        elif isinstance(value, tuple):
            value = list(value)
        shown[field.name] = {"value": value, "origin": origins.get(field.name, "default")}
    return shown


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Sorted keys and a fixed layout: equal records are equal bytes."""
    text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _finite(value: Any) -> Any:
    """A copy in which nan and infinities, which JSON has no word for, are None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
