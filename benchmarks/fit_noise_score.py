"""Fit the terms of pipeline.stages.noise_score and say how well they do on kinds left out.

    python benchmarks/fit_noise_score.py ../shared/data

Reads the documents labelled by provenance (quality/doc_labels.jsonl), the keepers of the e2e stream, and good text of other
registers (Talbanken, questions and answers, textbooks, declarations, handbooks in ten languages, novels, speeches). Each
kind weighs as the square root of its documents, good and bad weigh the same. Deterministic.
"""

import argparse
import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.text_measures import NAMES, measure_texts
from pipeline.stages.noise_score import CLIP, PRIOR_WORDS

FEATURES = (
    "stop_word_share",
    "few_word_lines",
    "number_words",
    "register_words",
    "upper_share",
    "code_marks",
    "odd_words",
    "line_punct",
    "url_share",
)
RIDGE = 10.0
"""Penalty on squared weights; 3 to 30 changed the figures by less than two documents in a hundred."""
PER_SOURCE = 300
LONGEST = 8000
"""Documents per pre-training source and code points of each, like the labelled ones."""
LIMITS = (0.75, 0.8, 0.85, 0.9)

Floats = NDArray[np.float64]


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSONL file, gzipped or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _joined(row: dict[str, Any]) -> str:
    if "messages" in row:
        return "\n".join(message["content"] for message in row["messages"])
    return "\n".join(value for value in row.values() if isinstance(value, str))


def documents(data: Path) -> Iterator[tuple[bool, str, str]]:
    """(is bad, kind, text) of every document that is used."""
    for row in rows_of(data / "quality/doc_labels.jsonl"):
        yield row["label"] == "bad", row["kind"], row["text"]
    with (data / "e2e/gold.tsv").open(encoding="utf-8", newline="") as table:
        gold = {row["id"]: row for row in csv.DictReader(table, delimiter="\t")}
    for row in rows_of(data / "e2e/stream.jsonl"):
        if gold[row["id"]]["drop"] == "" and gold[row["id"]]["kind"] != "upper_copy":
            kind = gold[row["id"]]["kind"]
            yield False, "statute" if kind == "statute" else "interpellation", row["text"]
    yield from _prose(data)
    taken: dict[str, int] = defaultdict(int)
    for language in ("sv", "en"):
        for row in rows_of(data / f"pretrain/{language}.jsonl.gz"):
            taken[row["source"]] += 1
            if taken[row["source"]] <= PER_SOURCE:
                yield False, row["source"], row["text"][:LONGEST]


def _prose(data: Path) -> Iterator[tuple[bool, str, str]]:
    """Good text of registers that the labelled documents lack."""
    for kind, name in (("textbook", "laerebogen_da"), ("question", "swefaq_sv")):
        for row in rows_of(data / f"sft/{name}.jsonl"):
            yield False, kind, _joined(row)
    prose = (data / "sft/talbanken_sv_prose.txt").read_text(encoding="utf-8")
    for start in range(0, len(prose), 2000):
        yield False, "talbanken", prose[start : start + 2000]
    for row in rows_of(data / "lid/udhr.jsonl"):
        if len(row.get("text", "")) > 300:
            yield False, "declaration", row["text"]
    for row in rows_of(data / "lid/mixed_docs.jsonl"):
        yield False, "handbook", "\n".join(segment["text"] for segment in row["segments"])


def fit(scaled: Floats, bad: NDArray[np.bool_], kinds: NDArray[np.str_]) -> Floats:
    """Weights and, last, the bias, by Newton's method."""
    weight = np.zeros(len(bad))
    for label in (False, True):
        for kind in sorted(set(kinds[bad == label])):
            rows = (bad == label) & (kinds == kind)
            weight[rows] = rows.sum() ** -0.5
        weight[bad == label] *= 1000 / weight[bad == label].sum()
    inputs = np.column_stack([scaled, np.ones(len(bad))])
    ridge = np.append(np.full(scaled.shape[1], RIDGE), 1e-6)
    beta = np.zeros(inputs.shape[1])
    for _ in range(30):
        chance = predict(scaled, beta)
        slope = inputs.T @ (weight * (chance - bad)) + ridge * beta
        curve = (inputs.T * (weight * np.maximum(chance * (1 - chance), 1e-6))) @ inputs + np.diag(ridge)
        beta -= np.linalg.solve(curve, slope)
    return beta


def predict(scaled: Floats, beta: Floats) -> Floats:
    """Probability of noise per row."""
    return np.asarray(1 / (1 + np.exp(-(scaled @ beta[:-1] + beta[-1]))))


def scale(values: Floats, bad: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Median of the good documents, and the width of their middle nine tenths (at least .1)."""
    good = values[~bad]
    width = np.quantile(good, 0.95, axis=0) - np.quantile(good, 0.05, axis=0)
    return np.median(good, axis=0), np.maximum(width, 0.1)


def main() -> None:
    """Print the table of terms, then for each kind what a fit without it makes of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    rows = list(documents(parser.parse_args().data))
    bad, kinds = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    raw = [row[2].encode() for row in rows]
    measures = measure_texts(np.cumsum([0, *map(len, raw)]), np.frombuffer(b"".join(raw), np.uint8))
    values = np.nan_to_num(measures[:, [NAMES.index(name) for name in FEATURES]].astype(np.float64))
    centre, width = scale(values, bad)
    words = measures[:, [NAMES.index("words")]].astype(np.float64)
    scaled = np.clip((values - centre) / width, -CLIP, CLIP) * words / (words + PRIOR_WORDS)
    beta = fit(scaled, bad, kinds)
    for name, middle, span, weight in zip(FEATURES, centre, width, beta, strict=False):
        print(f'    Term("{name}", {middle:.4f}, {span:.4f}, {weight:.3f}),')
    print(
        f"BIAS = {beta[-1]:.3f}\n\nkind, documents, above each limit: fitted on all | fitted without the kind"
    )
    chance = predict(scaled, beta)
    for kind in sorted(set(kinds), key=lambda k: (bool(bad[kinds == k].any()), k)):
        here = kinds == kind
        without = predict(scaled[here], fit(scaled[~here], bad[~here], kinds[~here]))
        counts = "  ".join(
            f">{limit}: {(chance[here] > limit).sum()}|{(without > limit).sum()}" for limit in LIMITS
        )
        print(f"{'bad ' if bad[here].any() else 'good'} {kind:40s} {here.sum():5d}  {counts}")


if __name__ == "__main__":
    main()
