r"""The value of every measure that datatrove's filters compare with a limit, from the filters themselves.

A filter says only whether a document is over a limit. So each value is found by halving: the filter is asked again and again with
that one limit, all others off, until the limit at which it changes its mind is known to within 2e-9 of its range. Words are those of
`\\w+` in small letters, as in Kvarn, so that what differs is arithmetic and not a tokenizer.

Of C4's rules, which drop lines, the share of lines that one of them leaves is counted.

    python datatrove_values.py TEXTS.jsonl STOP_WORDS.json VALUES.jsonl
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    fineweb_quality_filter,
    gopher_quality_filter,
    gopher_repetition_filter,
)

HALVINGS = 32
OFF = {
    "quality": dict.fromkeys(
        ("min_doc_words", "max_doc_words", "min_avg_word_length", "max_avg_word_length", "max_symbol_word_ratio",
         "max_bullet_lines_ratio", "max_ellipsis_lines_ratio", "max_non_alpha_words_ratio", "min_stop_words")
    ),
    "repetition": {
        **dict.fromkeys(("dup_line_frac", "dup_para_frac", "dup_line_char_frac", "dup_para_char_frac")),
        "top_n_grams": (), "dup_n_grams": (),
    },
    "fineweb": {"line_punct_thr": 0.0, "short_line_thr": 1e9, "char_duplicates_ratio": 1e9, "new_line_ratio": 1e9},
}  # fmt: skip
NO_RULE = {
    "remove_citations": False, "filter_no_terminal_punct": False, "min_num_sentences": -1, "min_words_per_line": -1,
    "max_word_length": -1, "filter_lorem_ipsum": False, "filter_javascript": False, "filter_curly_bracket": False,
    "filter_policy": False, "language": "swe_Latn",
}  # fmt: skip
FILTERS = {
    "quality": GopherQualityFilter,
    "repetition": GopherRepetitionFilter,
    "fineweb": FineWebQualityFilter,
}


def words_of(text: str, _language: str = "") -> list[str]:
    """What Kvarn counts as words."""
    return re.findall(r"\w+", text.lower())


def limit(
    kind: str, text: str, setting: Callable[[float], dict[str, Any]], high: float, *, above: bool
) -> float:
    """The limit at which the filter changes its mind; `above`: it drops what lies over the limit, else what lies under it."""
    low, document = 0.0, Document(text=text, id="0")
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        chosen = FILTERS[kind](**{**OFF[kind], **setting(middle)})
        dropped = chosen.filter(document) is not True
        # Dropped although the limit is an upper one: the value lies above the middle.
        if dropped == above:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def left_by(text: str, **rules: Any) -> list[str]:
    """The lines that C4's filter keeps with these rules and no others; blank ones are none."""
    document = Document(text=text, id="0")
    if C4QualityFilter(**{**NO_RULE, **rules}).filter(document) is not True:
        return []
    return [line for line in document.text.split("\n") if line.strip()]


def stop_words_of(text: str, words: list[str]) -> float:
    """The largest number of different function words that the filter can ask for and still keep the text."""
    settings, document = {**OFF["quality"], "stop_words": words}, Document(text=text, id="0")
    asked = range(1, len(words) + 2)
    dropped = (
        n
        for n in asked
        if GopherQualityFilter(**{**settings, "min_stop_words": n}).filter(document) is not True
    )
    return next(dropped) - 1.0


def values_of(text: str, lists: dict[str, list[str]]) -> dict[str, float]:
    """By the names of Kvarn's measures."""
    words, plain = words_of(text), text.replace("#", " ")

    def share(kind: str, key: str, *, above: bool = True, high: float = 1.0, of: str = text) -> float:
        return limit(kind, of, lambda x: {key: x}, high, above=above)

    found = {
        "words": float(round(share("quality", "max_doc_words", high=len(words) + 1.0) + 1e-6)),
        "mean_word_length": share("quality", "max_avg_word_length", high=200.0),
        "hash_per_word": share(
            "quality", "max_symbol_word_ratio", high=20.0, of=re.sub(r"\.{3}|…", " ", text)
        ),
        "ellipsis_per_word": share("quality", "max_symbol_word_ratio", high=20.0, of=plain),
        "bullet_lines": share("quality", "max_bullet_lines_ratio"),
        "ellipsis_lines": share("quality", "max_ellipsis_lines_ratio"),
        "alpha_words": share("quality", "max_non_alpha_words_ratio", above=False),
        "dup_lines": share("repetition", "dup_line_frac"),
        "dup_line_chars": share("repetition", "dup_line_char_frac"),
        "dup_paragraphs": share("repetition", "dup_para_frac"),
        "dup_paragraph_chars": share("repetition", "dup_para_char_frac"),
        "line_punct": share("fineweb", "line_punct_thr", above=False),
        "short_lines": share("fineweb", "short_line_thr"),
        "char_dup": share("fineweb", "char_duplicates_ratio"),
        "newlines_per_word": share("fineweb", "new_line_ratio", high=50.0),
    }
    for n in (2, 3, 4):
        grams = Counter(gopher_repetition_filter.get_n_grams(words, n))
        # datatrove counts the first n-gram of a text in which none repeats; for Kvarn that is no repetition.
        repeats = bool(grams) and max(grams.values()) > 1
        over = limit("repetition", text, lambda x, n=n: {"top_n_grams": ((n, x),)}, float(n), above=True)
        found[f"top_{n}gram"] = over if repeats else 0.0
    for n in range(5, 11):
        found[f"dup_{n}gram"] = limit(
            "repetition", text, lambda x, n=n: {"dup_n_grams": ((n, x),)}, 1.0, above=True
        )
    lines = len(left_by(text))
    found["terminal_lines"] = len(left_by(text, filter_no_terminal_punct=True)) / lines
    # C4's words go from blank to blank: between blanks, here, lie our words.
    spaced = "\n".join(" ".join(words_of(line)) or line.strip()[:1] for line in text.split("\n"))
    found["few_word_lines"] = 1 - len(left_by(spaced, min_words_per_line=3)) / lines
    lengths = range(1, len(spaced) + 1)
    found["longest_word"] = float(
        next(n for n in lengths if len(left_by(spaced, max_word_length=n)) == lines)
    )
    found["stop_words"] = max(stop_words_of(text, words) for words in lists.values())
    return {name: 0.0 if value < 1e-8 else round(value, 9) for name, value in found.items()}


def main() -> None:
    for module in (gopher_quality_filter, gopher_repetition_filter, fineweb_quality_filter):
        module.split_into_words = words_of
    source, lists, out = map(Path, sys.argv[1:4])
    stop_words = json.loads(lists.read_text(encoding="utf-8"))
    with out.open("w", encoding="utf-8") as file:
        for line in source.read_text(encoding="utf-8").split("\n"):
            if line:
                row = json.loads(line)
                file.write(json.dumps({"id": row["id"], "values": values_of(row["text"], stop_words)}) + "\n")


if __name__ == "__main__":
    main()
