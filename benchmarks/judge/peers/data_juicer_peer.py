"""data-juicer: its filters of language and quality in its own executor, one process, no cache.

`loose`: the limits of its defaults where they suit Swedish, so that a document leaves at the first filter that drops it. `all`:
limits that every document passes, so that every filter measures it, as ours do. `fused`: `all` with its fusion of operators,
which shares words between filters (greedy: the other strategy first runs all of them on a sample). `+edits`: first its mappers for encoding (ftfy), e-mail and IP addresses.
"""

import json
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from common import STOP_WORDS, language_model, run

NEVER = sys.maxsize


def filters(words: Path, *, relaxed: bool) -> list[dict[str, Any]]:
    """The same filters either way; limits are the defaults of data-juicer but for language and stop words."""
    low, high = (-1.0, 2.0) if relaxed else (None, None)

    def limits(name: str, least: Any, most: Any, **other: Any) -> dict[str, Any]:
        given = {f"min_{name}": least, f"max_{name}": most}
        return {key: value for key, value in given.items() if value is not None} | other

    small, large = (0, NEVER) if relaxed else (None, None)
    return [
        {"language_id_score_filter": {"lang": "" if relaxed else "sv", "min_score": 0.0 if relaxed else 0.629}},
        {"alphanumeric_filter": limits("ratio", low, high)},
        {"average_line_length_filter": limits("len", small, large)},
        {"maximum_line_length_filter": limits("len", small, large)},
        {"character_repetition_filter": limits("ratio", low, high)},
        {"word_repetition_filter": limits("ratio", low, high, lang="sv")},
        {"special_characters_filter": limits("ratio", low, high)},
        {"text_length_filter": limits("len", small, large)},
        {"words_num_filter": limits("num", small, large, lang="sv")},
        {"stopwords_filter": limits("ratio", low if relaxed else 0.1, high, lang="sv", stopwords_dir=str(words))},
        {"flagged_words_filter": {"lang": "sv", "max_ratio": high or 0.045, "flagged_words_dir": str(words)}},
    ]  # fmt: skip


MAPPERS: list[dict[str, Any]] = [
    {"fix_unicode_mapper": {}},
    {"clean_email_mapper": {}},
    {"clean_ip_mapper": {}},
]


def judge(source: Path, scratch: Path, *, relaxed: bool, fused: bool, edit: bool) -> int:
    from data_juicer.config import init_configs
    from data_juicer.core import DefaultExecutor
    from data_juicer.utils import model_utils

    # It asks torch to empty a cache after each use of a model. No model here is torch's, so torch (750 MB) is not installed.
    model_utils.torch = SimpleNamespace(cuda=SimpleNamespace(empty_cache=lambda: None))
    out = scratch / "kept.jsonl"
    steps = [*(MAPPERS if edit else []), *filters(words_folder(scratch), relaxed=relaxed)]
    recipe = {
        "project_name": "judge", "dataset_path": str(source), "export_path": str(out), "work_dir": str(scratch / "work"),
        "np": 1, "use_cache": False, "op_fusion": fused, "fusion_strategy": "greedy", "open_monitor": False, "process": steps,
    }  # fmt: skip
    written = scratch / "recipe.yaml"
    # YAML reads JSON.
    written.write_text(json.dumps(recipe))
    DefaultExecutor(init_configs(["--config", str(written)])).run()
    with out.open(encoding="utf-8") as lines:
        return sum(1 for _ in lines)


def words_folder(scratch: Path) -> Path:
    """Word lists that cannot be fetched here: FineWeb2's stop words, and one made-up word as flagged (cost does not depend on them)."""
    found = scratch / "words"
    found.mkdir()
    (found / "stopwords.json").write_text(json.dumps({"sv": STOP_WORDS}))
    (found / "flagged_words.json").write_text(json.dumps({"sv": ["fulord"]}))
    return found


def model_folder() -> str:
    """A folder in which data-juicer finds its language model under the name that it looks for."""
    home = Path(sys.argv[3]) / "models"
    home.mkdir(parents=True, exist_ok=True)
    model = home / "lid.176.bin"
    model.unlink(missing_ok=True)
    model.symlink_to(language_model())
    return str(home)


SETTINGS = {
    "loose": partial(judge, relaxed=False, fused=False, edit=False),
    "all": partial(judge, relaxed=True, fused=False, edit=False),
    "all, fused": partial(judge, relaxed=True, fused=True, edit=False),
    "all+edits": partial(judge, relaxed=True, fused=False, edit=True),
}

if __name__ == "__main__":
    import os

    # Read when data-juicer is imported, which is at the first call.
    os.environ["DATA_JUICER_EXTERNAL_MODELS_HOME"] = model_folder()
    run(SETTINGS)
