"""datatrove: LanguageFilter, Gopher repetition and quality, C4 and FineWeb filters in its own executor, in FineWeb's order.

`swedish`: the limits of FineWeb2's Swedish settings (C4 as FineWeb sets it), so that the first filter that drops a document ends
its way. `all`: limits that every document passes, so that every filter measures all of it, as ours do. `+edits`: then its
formatters for encoding (ftfy) and personal data (e-mail, IP).
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

from common import STOP_WORDS, language_model, run
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    LanguageFilter,
)
from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils import lid

LANGUAGE = "swe_Latn"
DUPLICATES = ((5, 0.156), (6, 0.147), (7, 0.136), (8, 0.125), (9, 0.116), (10, 0.105))
TOPS = ((2, 0.242), (3, 0.195), (4, 0.174))
NEVER = 1e9
"""A limit that nothing exceeds; 0 and None would switch the measure off."""


def swedish() -> list[Any]:
    """Limits: configs/swe_Latn.yml and fineweb-2-pipeline.py of FineWeb2; C4's as in FineWeb's pipeline."""
    return [
        LanguageFilter("sv", 0.629),
        GopherRepetitionFilter(
            dup_line_frac=0.292, dup_para_frac=0, dup_line_char_frac=0, dup_para_char_frac=0,
            top_n_grams=TOPS, dup_n_grams=DUPLICATES, language=LANGUAGE,
        ),
        GopherQualityFilter(
            min_avg_word_length=3, max_avg_word_length=12, stop_words=list(STOP_WORDS), min_stop_words=2,
            max_non_alpha_words_ratio=0.841, language=LANGUAGE,
        ),
        C4QualityFilter(filter_no_terminal_punct=False, language=LANGUAGE),
        FineWebQualityFilter(
            line_punct_thr=0.2, short_line_thr=999, char_duplicates_ratio=0.1, new_line_ratio=0.135, language=LANGUAGE
        ),
    ]  # fmt: skip


def every() -> list[Any]:
    """The same filters, all measures on, no document dropped and no line removed."""
    return [
        LanguageFilter("sv", -1.0),
        GopherRepetitionFilter(
            dup_line_frac=NEVER, dup_para_frac=NEVER, dup_line_char_frac=NEVER, dup_para_char_frac=NEVER,
            top_n_grams=tuple((n, NEVER) for n, _ in TOPS), dup_n_grams=tuple((n, NEVER) for n, _ in DUPLICATES),
            language=LANGUAGE,
        ),
        GopherQualityFilter(
            min_doc_words=-1, max_doc_words=10**9, min_avg_word_length=-1, max_avg_word_length=10**9,
            max_symbol_word_ratio=NEVER, max_bullet_lines_ratio=NEVER, max_ellipsis_lines_ratio=NEVER,
            max_non_alpha_words_ratio=-1.0, min_stop_words=-1, stop_words=list(STOP_WORDS), language=LANGUAGE,
        ),
        # Its other rules end the way of a line or document: off, so that sentences are split in every line.
        C4QualityFilter(
            filter_no_terminal_punct=False, min_num_sentences=0, min_words_per_line=0, max_word_length=10**9,
            filter_lorem_ipsum=False, filter_javascript=False, filter_curly_bracket=False, filter_policy=False,
            language=LANGUAGE,
        ),
        FineWebQualityFilter(
            line_punct_thr=-1.0, short_line_thr=NEVER, char_duplicates_ratio=NEVER, new_line_ratio=NEVER, language=LANGUAGE
        ),
    ]  # fmt: skip


def edits() -> list[Any]:
    return [FTFYFormatter(), PIIFormatter()]


def judge(source: Path, scratch: Path, *, relaxed: bool, edit: bool) -> int:
    steps = [*(every() if relaxed else swedish()), *(edits() if edit else [])]
    # Nothing can be fetched here: the model lies on this disk.
    lid.cached_asset_path_or_download = lambda *_, **__: language_model()
    reader = JsonlReader(str(source.parent), glob_pattern=source.name, recursive=False)
    writer = JsonlWriter(str(scratch / "kept"), compression=None)
    LocalPipelineExecutor(
        [reader, *steps, writer], tasks=1, workers=1, logging_dir=str(scratch / "logs")
    ).run()
    return sum(1 for path in (scratch / "kept").glob("*.jsonl") for line in path.open() if json.loads(line))


SETTINGS = {
    "swedish": partial(judge, relaxed=False, edit=False),
    "all": partial(judge, relaxed=True, edit=False),
    "all+edits": partial(judge, relaxed=True, edit=True),
}

if __name__ == "__main__":
    run(SETTINGS)
