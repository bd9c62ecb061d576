"""How well ten exemplars find their domain among five, with a TF-IDF cosine beside it; and the speed of relevance and terms.

`python -m benchmarks.relevance` prints both; `make quality` takes the figures of finding into docs/quality.md. The peer is scikit-learn,
which Kvarn does not need: where it is not installed its columns are left out (PYTHONPATH may name a folder that has it).
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flows.named import general_texts
from pipeline.stages.glossary import Entry, Glossary
from pipeline.stages.relevance import Relevance, RelevanceConfig, fit
from pipeline.stages.terms import Terms

ROOT = Path(__file__).resolve().parent.parent
RAW = ROOT.parent / "shared" / "data" / "raw"
EXEMPLARS, DRAWS = 10, 3
DOMAINS = {
    "statutes": (RAW / "sfs_md", ""),
    "interpellations": (RAW / "interpellationer_tei", ""),
    "desktop help": (RAW / "gnome_mallard", "sv/"),
    "digital government": (RAW / "digg_md", ""),
    "forestry": (ROOT / "raw" / "handbok", ""),
}
"""Folder, and what the record_ids that count begin with."""

TERMS = 500
"""Terms of the glossary whose speed is measured: the words ranked TERMS and on, most of which stand in any statute."""

Scorer = Callable[[Sequence[str], Sequence[str]], NDArray[np.float64]]


def texts_of(folder: Path, begins: str) -> list[str]:
    """The texts of a domain, in an order that no file system decides."""
    command = [sys.executable, "-m", "flows.cli", "extract", str(folder), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = [row for row in json.loads(done.stdout) if row["text"] and row["record_id"].startswith(begins)]
    return [row["text"] for row in sorted(rows, key=lambda row: row["record_id"])]


def ours(exemplars: Sequence[str], texts: Sequence[str]) -> NDArray[np.float64]:
    """Relevance with the default settings and background."""
    stage = Relevance(fit(exemplars, general_texts(), RelevanceConfig(exemplars=("x",))))
    values = stage(pa.table({"text": pa.array(texts, pa.large_string())}))["relevance"].to_numpy()
    return np.nan_to_num(values.astype(np.float64), nan=-np.inf)


def tfidf(idf: Sequence[str] | None) -> Scorer:
    """Cosine with the mean of the exemplars, unigrams and bigrams, sublinear; idf from these texts, or from those that are scored."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-not-found]

    def score(exemplars: Sequence[str], texts: Sequence[str]) -> NDArray[np.float64]:
        made = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        made.fit([*(texts if idf is None else idf), *exemplars])
        centre = np.asarray(made.transform(exemplars).mean(axis=0)).ravel()
        return np.asarray(made.transform(texts) @ (centre / np.linalg.norm(centre)))

    return score


def scorers() -> dict[str, Scorer]:
    found: dict[str, Scorer] = {"Kvarn": ours}
    try:
        found["TF-IDF, idf of the same background"] = tfidf(list(general_texts()))
        found["TF-IDF, idf of all five domains"] = tfidf(None)
    except ImportError:
        sys.stderr.write("scikit-learn is not installed: no peer\n")
    return found


def auc(high: NDArray[np.float64], low: NDArray[np.float64]) -> float:
    """Share of pairs in which the first lies above the second; ties count half."""
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, "left") + np.searchsorted(ordered, high, "right")
    return float(below.mean() / 2 / len(low))


def found_by_exemplars() -> dict[str, dict[str, Any]]:
    """Mean AUC of each domain against the other four over draws of exemplars, which themselves do not count."""
    domains = {name: texts_of(*where) for name, where in DOMAINS.items()}
    every = [text for texts in domains.values() for text in texts]
    label = np.array([name for name, texts in domains.items() for _ in texts])
    table: dict[str, dict[str, Any]] = {}
    for name, scorer in scorers().items():
        for domain in domains:
            mine = np.flatnonzero(label == domain)
            values = []
            for draw in range(DRAWS):
                order = sorted(mine, key=lambda at: hashlib.sha256(f"{draw}{every[at]}".encode()).digest())
                scored = scorer([every[at] for at in order[:EXEMPLARS]], every)
                values.append(auc(scored[order[EXEMPLARS:]], scored[label != domain]))
            table.setdefault(f"{domain}, {len(mine)} documents", {})[name] = f"{np.mean(values):.4f}"
    return table


def speed() -> dict[str, str]:
    """Megabytes of UTF-8 a second of processor time, best of five, of a table of statutes and interpellations."""
    texts = [text for name in ("statutes", "interpellations") for text in texts_of(*DOMAINS[name])]
    items = pa.table({"text": pa.array(texts, pa.large_string())})
    size = sum(len(text.encode()) for text in texts) / 1e6
    counts = Counter(
        word for text in texts for word in text.lower().split() if word.isalpha() and len(word) > 4
    )
    words = [word for word, _ in counts.most_common(2 * TERMS)[TERMS:]]
    stages = {
        "relevance": Relevance(fit(texts[:EXEMPLARS], general_texts(), RelevanceConfig(exemplars=("x",)))),
        f"terms, {TERMS} of them": Terms(Glossary(tuple(Entry(word) for word in words))),
    }
    figures = {}
    for name, stage in stages.items():
        seconds = []
        for _ in range(6):
            start = time.process_time()
            stage(items)
            seconds.append(time.process_time() - start)
        figures[name] = (
            f"{size / min(seconds[1:]):.0f} MB/s; the first time, with compiling, {size / seconds[0]:.0f}"
        )
    return {"text": f"{size:.1f} MB", **figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["found", "speed"])
    asked = parser.parse_args().only
    if not RAW.is_dir():
        raise SystemExit(f"needs the texts in {RAW}; nothing was measured")
    parts: dict[str, Callable[[], Any]] = {"found": found_by_exemplars, "speed": speed}
    made = {name: part() for name, part in parts.items() if asked in (None, name)}
    print(json.dumps(made, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
