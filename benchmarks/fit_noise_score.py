"""Fit the terms of pipeline.stages.noise_score and say how well they do on kinds, sources and documents left out.

    python benchmarks/fit_noise_score.py ../shared/data

Reads the documents labelled by provenance (quality/doc_labels.jsonl), the keepers of the e2e stream, and good text of other
registers (Talbanken, questions and answers, textbooks, declarations, handbooks in ten languages, novels, speeches). Each
kind weighs as the square root of its documents, good and bad weigh the same. Deterministic.

Cross-validation leaves out one source at a time (all that one publisher made, whatever set it stands in), and one fifth of the
documents by the hash of their text; the figures are those of the labelled documents that were left out, with the limits of the
default preset beside the score. "limits too": a limit that finds no noise of any other source is taken not to exist.
"""

import argparse
import csv
import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.misreadings import ocr_noise
from pipeline.kernels.text_measures import measure_texts
from pipeline.stages.noise import NoiseConfig, bounds_of
from pipeline.stages.noise_limits import limit_of
from pipeline.stages.noise_score import CLIP, INPUTS, PRIOR_WORDS

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
    "ocr_noise",
)
RIDGE = 10.0
"""Penalty on squared weights; 3 to 30 changed the figures by less than two documents in a hundred."""
LEAST_WIDTH = {"ocr_noise": 0.02}
"""Least scale of a measure, else 0.1. Good documents have next to no misread words (one in twenty more than 0.01), scanned registers
0.02 to 0.12: at 0.1 the score hardly sees them."""
PER_SOURCE = 300
LONGEST = 8000
"""Documents per pre-training source and code points of each, like the labelled ones."""
LIMITS = (0.8, 0.85, 0.9, 0.93, 0.95)
LIMIT = 0.93
FOLDS = 5
PUBLISHERS = {
    "statute": "se-lex/sfs",
    "interpellation": "swerik",
    "riksdagen-interpellations": "swerik",
    "handbook": "gnome-user-docs",
    "regulation": "lovdata",
}
"""Source of the kinds that stand in several sets, as the labelled documents name it."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Document(NamedTuple):
    """One document: label, kind, who made it, whether it is one of the labelled set, language there."""

    bad: bool
    kind: str
    source: str
    text: str
    labelled: bool = False
    language: str = ""


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSONL file, gzipped or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _joined(row: dict[str, Any]) -> str:
    if "messages" in row:
        return "\n".join(message["content"] for message in row["messages"])
    return "\n".join(value for value in row.values() if isinstance(value, str))


def _good(kind: str, text: str) -> Document:
    return Document(False, kind, PUBLISHERS.get(kind, kind), text)


def documents(data: Path) -> Iterator[Document]:
    """Every document that is used."""
    for row in rows_of(data / "quality/doc_labels.jsonl"):
        yield Document(row["label"] == "bad", row["kind"], row["source"], row["text"], True, row["lang"])
    with (data / "e2e/gold.tsv").open(encoding="utf-8", newline="") as table:
        gold = {row["id"]: row for row in csv.DictReader(table, delimiter="\t")}
    for row in rows_of(data / "e2e/stream.jsonl"):
        if gold[row["id"]]["drop"] == "" and gold[row["id"]]["kind"] != "upper_copy":
            kind = gold[row["id"]]["kind"]
            yield _good("statute" if kind == "statute" else "interpellation", row["text"])
    yield from _prose(data)
    taken: dict[str, int] = defaultdict(int)
    for language in ("sv", "en"):
        for row in rows_of(data / f"pretrain/{language}.jsonl.gz"):
            taken[row["source"]] += 1
            if taken[row["source"]] <= PER_SOURCE:
                yield _good(row["source"], row["text"][:LONGEST])


def _prose(data: Path) -> Iterator[Document]:
    """Good text of registers that the labelled documents lack."""
    for kind, name in (("textbook", "laerebogen_da"), ("question", "swefaq_sv")):
        for row in rows_of(data / f"sft/{name}.jsonl"):
            yield _good(kind, _joined(row))
    prose = (data / "sft/talbanken_sv_prose.txt").read_text(encoding="utf-8")
    for start in range(0, len(prose), 2000):
        yield _good("talbanken", prose[start : start + 2000])
    for row in rows_of(data / "lid/udhr.jsonl"):
        if len(row.get("text", "")) > 300:
            yield _good("declaration", row["text"])
    for row in rows_of(data / "lid/mixed_docs.jsonl"):
        yield _good("handbook", "\n".join(segment["text"] for segment in row["segments"]))


def fit(scaled: Floats, bad: Bools, kinds: NDArray[np.str_]) -> Floats:
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


def scale(values: Floats, bad: Bools) -> tuple[Floats, Floats]:
    """Median of the good documents, and the width of their middle nine tenths, which has a least value."""
    good = values[~bad]
    width = np.quantile(good, 0.95, axis=0) - np.quantile(good, 0.05, axis=0)
    least = [LEAST_WIDTH.get(name, 0.1) for name in FEATURES]
    return np.median(good, axis=0), np.maximum(width, least)


class Sample:
    """Measures and labels of all documents."""

    def __init__(self, rows: list[Document]) -> None:
        raw = [row.text.encode() for row in rows]
        buffers = np.cumsum([0, *map(len, raw)]), np.frombuffer(b"".join(raw), np.uint8)
        self.measures = np.column_stack([measure_texts(*buffers), ocr_noise(*buffers)])
        self.bad = np.array([row.bad for row in rows])
        self.kinds = np.array([row.kind for row in rows])
        self.sources = np.array([row.source for row in rows])
        self.labelled = np.array([row.labelled for row in rows])
        self.swedish = np.array([row.language == "sv" for row in rows])
        self.fold = np.array([int(hashlib.sha256(text).hexdigest()[:8], 16) % FOLDS for text in raw])
        self._values = np.nan_to_num(
            self.measures[:, [INPUTS.index(name) for name in FEATURES]].astype(np.float64)
        )
        words = self.measures[:, [INPUTS.index("words")]].astype(np.float64)
        self._trust = words / (words + PRIOR_WORDS)

    def fitted(self, train: Bools) -> tuple[Floats, Floats, Floats]:
        """Centres, widths and weights from the rows of `train`."""
        centre, width = scale(self._values[train], self.bad[train])
        return centre, width, fit(self._scaled(centre, width)[train], self.bad[train], self.kinds[train])

    def scores(self, train: Bools) -> Floats:
        """The score of every document, by a fit on the rows of `train`."""
        centre, width, beta = self.fitted(train)
        return predict(self._scaled(centre, width), beta)

    def held_out(self, groups: NDArray[Any]) -> Floats:
        """The score of each document by a fit without its group."""
        out = np.zeros(len(self.bad))
        for group in sorted(set(groups.tolist())):
            out[groups == group] = self.scores(groups != group)[groups == group]
        return out

    def ruled_out(self) -> Bools:
        """What the other limits of the default preset drop: bool[limits, documents]."""
        rows = []
        for key, bound in bounds_of(NoiseConfig(off=("max_noise_score",))).items():
            limit = limit_of(key)
            values = self.measures[:, INPUTS.index(limit.measure)]
            rows.append(values < bound.value if limit.is_low else values > bound.value)
        return np.array(rows)

    def ruled_out_elsewhere(self) -> Bools:
        """What limits drop of each source, left out those that no noise of another source calls for: bool[documents]."""
        rules, out = self.ruled_out(), np.zeros(len(self.bad), bool)
        for source in sorted(set(self.sources.tolist())):
            here = self.sources == source
            known = rules[:, self.bad & ~here].any(axis=1)
            out[here] = rules[known][:, here].any(axis=0)
        return out

    def _scaled(self, centre: Floats, width: Floats) -> Floats:
        return np.asarray(np.clip((self._values - centre) / width, -CLIP, CLIP) * self._trust)


def figures(sample: Sample, chance: Floats, rules: Bools) -> str:
    """Of the labelled documents: what the score alone and the score with the limits make of them."""
    bad, good = sample.labelled & sample.bad, sample.labelled & ~sample.bad
    parts = []
    for name, gone in (("score alone", chance > LIMIT), ("with the limits", (chance > LIMIT) | rules)):
        balanced = (gone[bad].mean() + 1 - gone[good].mean()) / 2
        swedish = gone[bad & sample.swedish].mean()
        lost = gone[good & sample.swedish].sum()
        parts.append(
            f"{name}: balanced {balanced:.4f}, Swedish bad found {swedish:.4f}, Swedish good lost {lost} of "
            f"{(good & sample.swedish).sum()}, all good lost {gone[~sample.bad].sum()} of {(~sample.bad).sum()}"
        )
    return "; ".join(parts)


def main() -> None:
    """Print the table of terms, what cross-validation says, then for each kind what a fit without it makes of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    sample = Sample(list(documents(parser.parse_args().data)))
    every = np.ones(len(sample.bad), bool)
    centre, width, beta = sample.fitted(every)
    for name, middle, span, weight in zip(FEATURES, centre, width, beta, strict=False):
        print(f'    Term("{name}", {middle:.4f}, {span:.4f}, {weight:.3f}),')
    print(f"BIAS = {beta[-1]:.3f}\n")
    chance, rules = sample.scores(every), sample.ruled_out().any(axis=0)
    by_source = sample.held_out(sample.sources)
    for name, scores, limits in (
        ("in-sample", chance, rules),
        ("by document", sample.held_out(sample.fold), rules),
        ("by source", by_source, rules),
        ("by source, limits too", by_source, sample.ruled_out_elsewhere()),
    ):
        print(f"{name}: {figures(sample, scores, limits)}")
    without = sample.held_out(sample.kinds)
    print("\nkind, documents, above each limit: fitted on all | fitted without the kind")
    for kind in sorted(set(sample.kinds), key=lambda k: (bool(sample.bad[sample.kinds == k].any()), k)):
        here = sample.kinds == kind
        counts = "  ".join(
            f">{limit}: {(chance[here] > limit).sum()}|{(without[here] > limit).sum()}" for limit in LIMITS
        )
        print(f"{'bad ' if sample.bad[here].any() else 'good'} {kind:40s} {here.sum():5d}  {counts}")


if __name__ == "__main__":
    main()
