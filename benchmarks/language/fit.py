"""Fits what the lexica's patterns are worth for telling Swedish, Danish, Bokmål and Nynorsk apart: nordic/weights.json.

    python -m benchmarks.language.fit            # fit, check by cross-validation, write
    python -m benchmarks.language.fit --check    # fit and check only

Multinomial logistic regression over three kinds of evidence for each relative: the general model's score (one factor for all),
a lead, and how many words of the sentence have each of the 16 patterns of membership in the four lexica. All are divided by the
square root of the sentence's bytes, as everything in pipeline.stages.language is. The sentences are parallel and written for this
project (parallel.tsv), so that the languages differ in nothing but the language; a piece of each long one is added, since short
lines are where help is needed. No labelled set that quality is measured on is read.
"""

import argparse
import json
import random
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.optimize import minimize

from pipeline.kernels.language_id import identify
from pipeline.kernels.lexica import PATTERN_BITS, add_evidence
from pipeline.schema import text_buffers
from pipeline.stages.language import LanguageConfig
from pipeline.stages.language_model import load_model
from pipeline.stages.relatives import NORDIC

SENTENCES = Path(__file__).with_name("parallel.tsv")
WEIGHTS = Path(__file__).parents[2] / "pipeline" / "stages" / "nordic" / "weights.json"
COLUMNS = ("da", "nb", "nn", "sv")
PATTERNS = 1 << PATTERN_BITS
RIDGE = 0.3
"""Penalty on squared weights: the largest of .03, .1, .3, 1 whose cross-validated accuracy is within one standard error (.0035)
of the best (.937), as Breiman and others choose the size of a tree (CART, 1984, section 3.4.3)."""
PIECE, LONG = 5, 8
"""Words of a piece, and of the shortest sentence that gives one."""
FOLDS = 5


class Sample(NamedTuple):
    """Sentences as features: labels (n,), general scores (n, 4) and patterns (n, 16), tempered; row of the file (n,)."""

    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    patterns: NDArray[np.float64]
    rows: NDArray[np.int64]

    def only(self, chosen: NDArray[np.bool_]) -> "Sample":
        return Sample(self.labels[chosen], self.scores[chosen], self.patterns[chosen], self.rows[chosen])


class Fitted(NamedTuple):
    """Factor of the general scores, leads (4,) and weights (16, 4)."""

    factor: float
    leads: NDArray[np.float64]
    weights: NDArray[np.float64]

    def logits(self, sample: Sample) -> NDArray[np.float64]:
        total: NDArray[np.float64] = self.factor * sample.scores + self.leads + sample.patterns @ self.weights
        return total


def sentences(path: Path) -> tuple[list[str], list[int], list[int]]:
    """Texts, their relatives (index in NORDIC) and the rows they come from."""
    draw = random.Random(1)
    texts, labels, rows = [], [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        for code, text in zip(COLUMNS, line.split("\t"), strict=True):
            words = text.split()
            start = draw.randrange(max(len(words) - PIECE, 1))
            pieces = [text, " ".join(words[start : start + PIECE])] if len(words) >= LONG else [text]
            texts += pieces
            labels += [NORDIC.index(code)] * len(pieces)
            rows += [number] * len(pieces)
    return texts, labels, rows


def features(texts: list[str], labels: list[int], rows: list[int]) -> Sample:
    """What the fit sees of each text; the general scores are those before relatives are settled."""
    model = load_model(LanguageConfig().candidates)
    offsets, data = text_buffers(pa.chunked_array([pa.array(texts, pa.large_string())]))
    columns, unsettled = model.kin.columns, model.kin._replace(doubt=0.0)
    scores = identify((offsets, data), model.arrays, unsettled, (0.0, 0.0))[1][:, columns].astype(float)
    each = np.eye(PATTERNS, dtype=np.float32)
    patterns = np.zeros((len(texts), PATTERNS), np.float32)
    for i in range(len(texts)):
        bounds = (int(offsets[i]), int(offsets[i + 1]))
        add_evidence(data, bounds, texts[i].isupper(), unsettled.table, each, patterns[i])
    root = np.sqrt(np.maximum(np.diff(offsets), 1))[:, None]
    scores -= scores.mean(axis=1, keepdims=True)
    return Sample(np.array(labels), scores / root, patterns / root, np.array(rows))


def fit(sample: Sample) -> Fitted:
    """The penalised maximum of likelihood, by L-BFGS."""
    size, kin = len(sample.labels), len(NORDIC)
    wanted = np.eye(kin)[sample.labels]

    def unpack(v: NDArray[np.float64]) -> Fitted:
        return Fitted(float(v[0]), v[1 : 1 + kin], v[1 + kin :].reshape(PATTERNS, kin))

    def loss(v: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        model = unpack(v)
        logits = model.logits(sample)
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        value = -np.log(shares[np.arange(size), sample.labels]).sum() + RIDGE / 2 * (model.weights**2).sum()
        wrong = shares - wanted
        slope = (sample.patterns.T @ wrong + RIDGE * model.weights).ravel()
        return float(value), np.concatenate(([(wrong * sample.scores).sum()], wrong.sum(axis=0), slope))

    start = np.zeros(1 + kin + PATTERNS * kin)
    start[0] = 1.0
    return unpack(minimize(loss, start, jac=True, method="L-BFGS-B").x)


def macro(sample: Sample, logits: NDArray[np.float64]) -> float:
    """Mean over the relatives of the share that is told right."""
    right = logits.argmax(axis=1) == sample.labels
    return float(np.mean([right[sample.labels == r].mean() for r in range(len(NORDIC))]))


def cross_validate(sample: Sample) -> tuple[float, float]:
    """Macro accuracy with the general scores alone and with the fit, on rows that the fit did not see."""
    fold = sample.rows % FOLDS
    logits = np.zeros_like(sample.scores)
    for k in range(FOLDS):
        logits[fold == k] = fit(sample.only(fold != k)).logits(sample.only(fold == k))
    return macro(sample, sample.scores), macro(sample, logits)


def write(model: Fitted, path: Path) -> None:
    """In nats of the general model: everything is divided by its factor."""
    stored = {
        "relatives": NORDIC,
        "leads": np.round(model.leads / model.factor, 4).tolist(),
        "weights": np.round(model.weights / model.factor, 4).tolist(),
    }
    rows = ",\n  ".join(json.dumps(row) for row in stored["weights"])
    head = f'"relatives": {json.dumps(NORDIC)},\n "leads": {json.dumps(stored["leads"])}'
    path.write_text(f'{{{head},\n "weights": [\n  {rows}\n ]\n}}\n', encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    sample = features(*sentences(SENTENCES))
    before, after = cross_validate(sample)
    print(
        f"{len(sample.labels)} sentences and pieces; macro accuracy by {FOLDS}-fold cross-validation over rows: "
        f"{before:.4f} before, {after:.4f} with the lexica"
    )
    if not arguments.check:
        write(fit(sample), WEIGHTS)
        print(f"written: {WEIGHTS}")


if __name__ == "__main__":
    main()
