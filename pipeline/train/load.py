"""Load a base model by name, a base with an adapter, and let them write."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from logging import Filter, LogRecord
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

EMBEDDED = Path(__file__).parent / "embedded"
"""The packaged base model."""

_QUIET = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "TOKENIZERS_PARALLELISM": "false"}
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


@dataclass(frozen=True)
class Base:
    """A base model that was found, or that a hub is to deliver."""

    name: str
    """As a run record may show it: no folder of this machine."""
    location: str
    """A folder, or a hub name."""
    local: bool


@dataclass(frozen=True)
class Loaded:
    """A model in evaluation mode with its tokenizer; both are transformers objects."""

    model: Any
    tokenizer: Any


def resolve_base(base_model: str) -> Base:
    """Tell the packaged model, a folder and a hub name apart. Raises UsageError for none of them."""
    if base_model == "embedded":
        return Base("embedded", str(EMBEDDED), local=True)
    folder = Path(base_model).expanduser()
    if (folder / "config.json").is_file():
        return Base(folder.resolve().name, str(folder), local=True)
    if base_model.count("/") == 1 and not base_model.startswith((".", "/", "~")) and not folder.exists():
        return Base(base_model, base_model, local=False)
    raise UsageError(
        f'train.base_model = {base_model!r}: no such model; expected "embedded", a folder with config.json '
        'and model.safetensors, or a hub name such as "owner/model"'
    )


def prepare_environment(base: Base) -> None:
    """Forbid the network unless a hub must be asked; must run before transformers is first imported.

    transformers reads these variables at import. A local base is also loaded with
    local_files_only, so an earlier import by someone else opens no way out.
    """
    os.environ.update(_QUIET)
    if base.local:
        os.environ.update(_OFFLINE)


def load_base(base: Base) -> Loaded:
    """Load weights from safetensors only, never code from a model's folder."""
    prepare_environment(base)
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    safe = {"trust_remote_code": False, "local_files_only": base.local}
    # bf16 halves a large model's memory on a GPU; a processor keeps float32 and casts as it goes.
    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    with quiet_transformers():
        try:
            tokenizer = AutoTokenizer.from_pretrained(base.location, **safe)
            model: Any = AutoModelForCausalLM.from_pretrained(
                base.location, use_safetensors=True, dtype=dtype, **safe
            )
        except (OSError, ValueError) as error:
            raise UsageError(f"train.base_model = {base.name!r} cannot be loaded: {error}") from error
    return Loaded(model.to("cuda" if torch.cuda.is_available() else "cpu").eval(), tokenizer)


def load_adapter(folder: Path, base_model: str | None = None) -> Loaded:
    """Load a trained run's adapter on the base that it names (or on the one given)."""
    config = folder / "adapter_config.json"
    if not config.is_file():
        raise UsageError(
            f"{folder}: no adapter here; expected adapter_config.json as `kvarn train` writes it"
        )
    named = json.loads(config.read_text(encoding="utf-8"))["base_model_name_or_path"]
    loaded = load_base(resolve_base(base_model or named))
    from peft import PeftModel

    with warnings.catch_warnings():
        # peft 0.21 asks transformers 5.23 for an attribute by its old name; nothing for the user to do.
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        model = PeftModel.from_pretrained(loaded.model, str(folder), local_files_only=True)
    return Loaded(model.eval(), loaded.tokenizer)


def generate(
    loaded: Loaded, prompt: str, *, tokens: int = 60, temperature: float = 0.0, seed: int = 17
) -> str:
    """Continue a prompt by at most so many tokens; temperature 0 takes the likeliest token each time."""
    import torch

    tokenizer, model = loaded.tokenizer, loaded.model
    start = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    ids = [start, *tokenizer(prompt, add_special_tokens=False)["input_ids"]]
    room = model.config.max_position_embeddings - tokens
    if len(ids) > room:
        raise UsageError(
            f"the prompt has {len(ids)} tokens; with {tokens} to write, {room} fit into the context"
        )
    inputs = torch.tensor([ids], device=model.device)
    choice: Mapping[str, Any] = (
        {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}
    )
    torch.manual_seed(seed)
    with torch.no_grad():
        output = model.generate(
            input_ids=inputs,
            attention_mask=torch.ones_like(inputs),
            max_new_tokens=tokens,
            pad_token_id=tokenizer.eos_token_id,
            **choice,
        )
    return str(tokenizer.decode(output[0, len(ids) :], skip_special_tokens=True))


def base_digest(base: Base) -> str | None:
    """sha256 over the weight files of a local base, so that a record names what was trained on."""
    if not base.local:
        return None
    digest = hashlib.sha256()
    for file in sorted(Path(base.location).glob("*.safetensors")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence progress bars, and one remark that says nothing to a user; other warnings stay."""
    from transformers.utils import logging

    was_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    checkpoints = logging.get_logger("transformers.trainer_utils")
    remark = _NoMtimeRemark()
    checkpoints.addFilter(remark)
    try:
        yield
    finally:
        checkpoints.removeFilter(remark)
        if was_on:
            logging.enable_progress_bar()


class _NoMtimeRemark(Filter):
    """Checkpoints within one second are told apart by their number, which is what we want."""

    def filter(self, record: LogRecord) -> bool:
        return "mtime may not be reliable" not in record.getMessage()
