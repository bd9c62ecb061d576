"""Do our noise measures say what datatrove's filters say? Measure by measure, on the same texts: docs/agreement.md.

    python -m benchmarks.judge.agreement                 # write docs/agreement.md
    python -m benchmarks.judge.agreement --write-cases   # the values that the test compares with, for texts of our own, too

The values come out of datatrove's own filters (peers/datatrove_values.py), with our words, so that arithmetic is compared and not
tokenizers. The labelled texts are third-party ones in ../shared/data; where they are missing, only our own are compared.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.judge.tools import HERE, PEERS
from pipeline.kernels.text_measures import MEASURES, NAMES, measure_texts
from pipeline.kernels.vocabulary import STOP_WORDS

ROOT = HERE.parent.parent
LABELLED = ROOT.parent / "shared" / "data" / "quality" / "doc_labels.jsonl"
CASES = ROOT / "tests" / "cases" / "noise"
VALUES = CASES / "peer_values.jsonl"
PAGE = ROOT / "docs" / "agreement.md"

EXACT = 2e-6
"""Relative to 1 or the value: halving, and float32."""

DIFFERENT = {
    "words": "a word of underscores only is a word; datatrove leaves words without letter and digit out here",
    "mean_word_length": "as for `words`",
    "dup_line_chars": "lines of blanks are no lines; datatrove counts them as repeated ones",
    "line_punct": "blanks behind the mark do not count; datatrove wants the mark to be the last character",
    **{
        f"dup_{n}gram": "datatrove joins words without a blank, so that `1 12` and `11 2` are the same to it; with a blank it agrees"
        for n in range(5, 11)
    },
    "ellipsis_per_word": "a run of dots is one ellipsis; datatrove counts every three of it, so a table of contents has hundreds",
    "bullet_lines": "a hyphen or asterisk is a bullet before a blank only; datatrove also counts `-----` and `--option`, and no asterisk",
    "ellipsis_lines": "of lines that are not blank; datatrove's lines are all of them",
    "dup_lines": "of lines that are not blank; datatrove also counts the empty piece before a first and behind a last line feed",
    "terminal_lines": "datatrove, as C4, does not count a line that ends in three dots",
    "stop_words": "words of addresses do not count",
}
"""Measures that differ on purpose, and how."""


def own_texts() -> dict[str, str]:
    """Texts of the labelled cases, by the start of their sha256."""
    found = {}
    for path in sorted(CASES.glob("must_*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line and (text := json.loads(line)["text"]).strip():
                found[hashlib.sha256(text.encode()).hexdigest()[:16]] = text
    return found


def labelled_texts() -> dict[str, str]:
    """The labelled third-party texts; none where they are not on this machine."""
    if not LABELLED.is_file():
        sys.stderr.write(f"{LABELLED} is not there: only texts of our own are compared\n")
        return {}
    rows = (json.loads(line) for line in LABELLED.read_text(encoding="utf-8").split("\n") if line)
    return {row["id"]: row["text"] for row in rows}


def peer_values(texts: dict[str, str]) -> dict[str, dict[str, float]]:
    """What datatrove says of each text, from a process in its own environment."""
    (peer,) = [peer for peer in PEERS if peer.name == "datatrove"]
    with tempfile.TemporaryDirectory() as folder:
        source, lists, out = (
            Path(folder) / name for name in ("texts.jsonl", "stop_words.json", "values.jsonl")
        )
        lists.write_text(json.dumps({code: words.split() for code, words in STOP_WORDS.items()}))
        source.write_text("\n".join(json.dumps({"id": key, "text": text}) for key, text in texts.items()))
        script = HERE / "peers" / "datatrove_values.py"
        subprocess.run([peer.python(), script, source, lists, out], check=True)
        rows = [json.loads(line) for line in out.read_text().split("\n") if line]
    return {row["id"]: row["values"] for row in rows}


def our_values(texts: Sequence[str]) -> list[dict[str, float]]:
    """What our kernel says of each text."""
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)])
    rows = measure_texts(offsets, np.frombuffer(b"".join(encoded), np.uint8))
    return [dict(zip(NAMES, row.tolist(), strict=True)) for row in rows]


def differences(texts: dict[str, str], theirs: dict[str, dict[str, float]]) -> dict[str, NDArray[np.float64]]:
    """By measure, the difference of every text, relative to the value where that is more than 1."""
    ours = our_values(list(texts.values()))
    names = next(iter(theirs.values()))
    pairs = [(mine, theirs[key]) for mine, key in zip(ours, texts, strict=True)]
    return {
        name: np.array([abs(mine[name] - yours[name]) / max(1.0, yours[name]) for mine, yours in pairs])
        for name in names
    }


def page(found: dict[str, NDArray[np.float64]]) -> str:
    """The table as Markdown."""
    sources = {spec.name: spec.source for spec in MEASURES}
    count = len(next(iter(found.values())))
    lines = [
        "# Agreement with datatrove",
        "",
        f"Written by `python -m benchmarks.judge.agreement`: {count:,} texts, the labelled documents and the labelled cases of the tests. "
        "The values are those of datatrove's own filters, found by halving their limits, with our words (runs of letters, digits and "
        "underscores in small letters). Differences are relative where a value is above 1; `off` is the share of texts that differ "
        f"by more than {EXACT:g}. An n-gram that stands once in a text is no repetition for us; there datatrove's value counts as 0. "
        "C4's rules for lines are compared as shares of lines that are not blank. Not here: `sentences`, for which datatrove asks a "
        "splitter that makes a sentence of every line; `alpha_tokens`, which counts words and marks as datatrove's English tokenizer "
        "parts them (`alpha_words` is the same rule over words); and C4's rules for single words and signs (`lorem ipsum`, `javascript`, braces, "
        "phrases about cookies), which have no value.",
        "",
        "| measure | source | median difference | largest | off | why |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, values in found.items():
        off = float((~(values <= EXACT)).mean())
        why = DIFFERENT.get(name, "not explained yet") if off else ""
        lines.append(
            f"| `{name}` | {sources[name]} | {np.median(values):.1g} | {values.max():.2g} | {off:.3f} | {why} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write-cases", action="store_true", help=f"write {VALUES.name} as well")
    arguments = parser.parse_args()
    own = own_texts()
    texts = own | labelled_texts()
    theirs = peer_values(texts)
    PAGE.write_text(page(differences(texts, theirs)), encoding="utf-8")
    if arguments.write_cases:
        rows = [json.dumps({"sha256": key, "values": theirs[key]}) for key in own]
        VALUES.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
