"""Every quality figure, from the command line's own outputs, into docs/quality.md.

Run by `make quality`. Needs the labelled sets in ../shared/data and the scorers in ../shared/scorers; says so where they are not.
"""

import argparse
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import encoded, names, relevance

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
DATA, SCORERS = SHARED / "data", SHARED / "scorers"
KVARN = [sys.executable, "-m", "flows.cli"]


@dataclass
class Run:
    """One call of the command line."""

    seconds: float
    code: int
    output: str


@dataclass
class Figures:
    """What was measured, by section."""

    scores: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    megabytes: dict[str, float] = field(default_factory=dict)


class Watch(threading.Thread):
    """Peak proportional memory (PSS) of a process and its descendants, the Prefect server left out, looked at twice a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.5):
            self.peak = max(self.peak, sum(map(_pss, _descendants(self._pid))))

    def stop(self) -> None:
        self._over.set()
        self.join()


def _descendants(pid: int) -> list[int]:
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [below for child in path.read_text().split() for below in _descendants(int(child))]
        except OSError:
            # The process ended between the listing and the look.
            continue
    return found


def _pss(pid: int) -> int:
    try:
        if b"uvicorn" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return 0
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        # It ended meanwhile, and holds nothing any more.
        return 0
    return sum(int(line.split()[1]) * 1024 for line in text.split("\n") if line.startswith("Pss:"))


def kvarn(*arguments: object, name: str, figures: Figures) -> Run:
    """Run `kvarn` with the arguments; its wall time is kept under `name`."""
    start = time.monotonic()
    command = [*KVARN, *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        watch = Watch(child.pid)
        watch.start()
        out, err = child.communicate()
    watch.stop()
    run = Run(time.monotonic() - start, child.returncode, out)
    figures.seconds[name] = run.seconds
    figures.megabytes[name] = watch.peak / 1e6
    if run.code not in (0, 3):
        raise SystemExit(f"kvarn {' '.join(map(str, arguments))} ended with {run.code}:\n{err[-2000:]}")
    sys.stderr.write(f"{name}: {run.seconds:.1f} s\n")
    return run


def score(scorer: str, *predictions: Path) -> dict[str, Any]:
    """The figures of one scorer as it prints them."""
    command = [sys.executable, str(SCORERS / f"score_{scorer}.py"), str(DATA), *map(str, predictions)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def make_inputs(work: Path) -> Path:
    """The labelled sets without their labels."""
    inputs = work / "in"
    if not inputs.exists():
        subprocess.run([sys.executable, str(SCORERS / "make_inputs.py"), str(DATA), str(inputs)], check=True)
    return inputs


def measure_all(work: Path, figures: Figures) -> None:
    """The sets that `kvarn measure` answers."""
    inputs = make_inputs(work)
    sets = {
        "lid": "lid.jsonl", "mixed": "mixed.jsonl", "quality": "quality.jsonl", "mojibake": "mojibake.jsonl",
        "encoding": "encoding", "html": "html", "pii": "pii.jsonl", "sfs": "sfs",
    }  # fmt: skip
    for name, source in sets.items():
        kvarn(
            "measure",
            inputs / source,
            "-o",
            work / f"{name}.parquet",
            name=f"measure {name}",
            figures=figures,
        )
    figures.scores["language, per language"] = by_language(work / "lid.parquet")
    for name in ("lid", "mixed", "quality", "mojibake", "encoding", "html"):
        figures.scores[name] = score(name, work / f"{name}.parquet")
    figures.scores["encoding, sentences (sv)"] = encoded_sentences(work, figures)
    figures.scores["ocr"] = ocr_pages(work, figures)
    figures.scores["pii"] = score("pii", work / "pii.parquet", work / "sfs.parquet")
    figures.scores["pii, names extra"] = names_extra(work, figures)


def names_extra(work: Path, figures: Figures) -> dict[str, Any]:
    """Names by lists: recall on both sets; precision where all names are labelled; and recall on signatures of real people."""
    from pipeline.stages.pii_names import installed

    if not installed():
        return {"skipped": 'the extra `names` is not installed (pip install "kvarn[names]")'}
    config, inputs = work / "names.toml", make_inputs(work)
    config.write_text('[pii]\nperson = "flag"\nnames = "lists"\n', encoding="utf-8")
    runs = {"pii": inputs / "pii.jsonl", "signed": DATA / "raw" / "interpellationer_tei"}
    for name, source in runs.items():
        out = work / f"names-{name}.parquet"
        kvarn("measure", source, "-o", out, "--config", config, name=f"measure names {name}", figures=figures)
    scores = {
        name: names.score(DATA / "pii" / f"{name}.jsonl", work / "names-pii.parquet") for name in names.SETS
    }
    return {
        **scores,
        "signatures under questions in Parliament": names.signatures(work / "names-signed.parquet"),
    }


def encoded_sentences(work: Path, figures: Figures) -> dict[str, Any]:
    """Text that comes back from files of one, five and thirty sentences in old encodings."""
    folder = work / "encoded"
    shutil.rmtree(folder, ignore_errors=True)
    wanted = encoded.write(DATA / "lid" / "sentences.jsonl", folder)
    run = kvarn("extract", folder, "--json", name="extract encoded", figures=figures)
    return encoded.score(wanted, json.loads(run.output))


def ocr_pages(work: Path, figures: Figures) -> dict[str, Any]:
    """Rank correlation of the share of misread words with what the OCR engine says of its own doubt, page by page."""
    import numpy as np
    import pyarrow.parquet as pq

    lines = (DATA / "quality/ocr_pages.jsonl").read_text(encoding="utf-8").splitlines()
    pages = {page["id"]: page for page in map(json.loads, lines)}
    source, out = work / "ocr.jsonl", work / "ocr.parquet"
    rows = [
        json.dumps({"id": name, "text": page["text"]}, ensure_ascii=False) for name, page in pages.items()
    ]
    source.write_text("\n".join(rows), encoding="utf-8")
    kvarn("measure", source, "-o", out, name="measure ocr", figures=figures)
    table = pq.read_table(out, columns=["record_id", "ocr_noise"]).to_pylist()
    noise = np.array([row["ocr_noise"] for row in table])
    doubt = np.array([1 - pages[row["record_id"]]["mean_wc"] for row in table])
    return {"pages": len(table), "spearman": round(float(np.corrcoef(ranks(noise), ranks(doubt))[0, 1]), 4)}


def ranks(values: Any) -> Any:
    """Rank of each value; equal ones share the mean of theirs."""
    import numpy as np

    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[index]


def by_language(predictions: Path) -> dict[str, Any]:
    """Share of the gold sentences of each language that got that label."""
    import pyarrow.parquet as pq

    table = pq.read_table(predictions, columns=["record_id", "language"]).to_pylist()
    labels = {row["record_id"]: row["language"] for row in table}
    right: dict[str, list[bool]] = {}
    for path in sorted((DATA / "lid").glob("sentences*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.strip():
                gold = json.loads(line)
                right.setdefault(gold["lang"], []).append(labels.get(gold["id"]) == gold["lang"])
    return {code: f"{sum(hits) / len(hits):.4f} of {len(hits)}" for code, hits in sorted(right.items())}


def dedup_all(work: Path, figures: Figures) -> None:
    """Near-duplicate pairs down to .7, as the scorer wants them."""
    found = work / "neardup"
    found.mkdir(exist_ok=True)
    for path in sorted((make_inputs(work) / "neardup").glob("*.jsonl")):
        out = found / f"{path.stem}.parquet"
        kvarn("dedup", path, "-o", out, "--threshold", ".7", name=f"dedup {path.stem}", figures=figures)
    figures.scores["neardup"] = score("neardup", found)


def relevance_all(_work: Path, figures: Figures) -> None:
    """How well ten exemplars find their domain: AUC against four others, mean of three draws."""
    figures.scores["relevance: AUC by ten exemplars"] = relevance.found_by_exemplars()


def refresh_all(work: Path, figures: Figures) -> None:
    """The end-to-end stream, then everything in ../shared/data/raw."""
    stores = {"e2e": make_inputs(work) / "e2e", "raw": DATA / "raw"}
    for name, raw in stores.items():
        store = work / f"curated-{name}"
        shutil.rmtree(store, ignore_errors=True)
        kvarn("refresh", "--raw", raw, "--curated", store, name=f"refresh {name}", figures=figures)
    e2e = work / "curated-e2e"
    figures.scores["e2e"] = score("e2e", _folder(e2e))
    figures.scores["raw"] = _fates(_folder(work / "curated-raw"))


def _folder(store: Path) -> Path:
    """The newest release, or the candidate that was held back."""
    released = sorted((store / "releases").glob("[0-9]*/"))
    return (released or sorted(store.glob(".work/candidates/*/")))[-1]


def _fates(folder: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "ledger.parquet", columns=["source", "fate"])
    fates: dict[str, dict[str, int]] = {}
    for row in table.to_pylist():
        mine = fates.setdefault(row["source"], {"kept": 0, "dropped": 0, "flagged": 0, "quarantined": 0})
        mine[row["fate"]] += 1
    return fates


def write(figures: Figures, path: Path) -> None:
    """The figures as Markdown."""
    lines = [
        "# Quality",
        "",
        "Computed by `make quality` from the outputs of the command line on labelled third-party sets; nothing is written by hand.",
        "",
    ]
    for name, scores in figures.scores.items():
        if name == "raw":
            lines += _raw_table(scores)
            continue
        lines += [f"## {name}", "", "| figure | value |", "| --- | --- |"]
        lines += [f"| {key} | {value} |" for key, value in _flat(scores)]
        lines.append("")
    lines += [
        "## Cost",
        "",
        "Wall time, and peak proportional memory of all processes without the Prefect server.",
        "",
    ]
    lines += ["| command | seconds | MB |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | {seconds:.1f} | {figures.megabytes[name]:,.0f} |"
        for name, seconds in figures.seconds.items()
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _raw_table(scores: dict[str, Any]) -> list[str]:
    head = [
        "## raw: fates per source",
        "",
        "| source | in | kept | dropped | flagged | quarantined |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    rows = [
        f"| {source} | {sum(fates.values())} | " + " | ".join(str(count) for count in fates.values()) + " |"
        for source, fates in scores.items()
    ]
    return [*head, *rows, ""]


def _flat(scores: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Nested figures as rows: the names on the way down, then the value."""
    for key, value in scores.items():
        name = f"{above} · {key}" if above else key
        if isinstance(value, dict) and value and any(isinstance(item, dict) for item in value.values()):
            yield from _flat(value, name)
        elif isinstance(value, dict):
            yield name, ", ".join(f"{inner} {item}" for inner, item in value.items()) or "none"
        else:
            yield name, str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=ROOT / "benchmarks" / ".work" / "quality")
    parser.add_argument(
        "--only",
        choices=["measure", "dedup", "relevance", "refresh"],
        help="one part; docs/quality.md is not written",
    )
    arguments = parser.parse_args()
    if not DATA.is_dir() or not SCORERS.is_dir():
        raise SystemExit(
            f"needs the labelled sets in {DATA} and the scorers in {SCORERS}; nothing was measured"
        )
    arguments.work.mkdir(parents=True, exist_ok=True)
    figures = Figures()
    parts = {"measure": measure_all, "dedup": dedup_all, "relevance": relevance_all, "refresh": refresh_all}
    for name, part in parts.items():
        if arguments.only in (None, name):
            part(arguments.work, figures)
    if arguments.only is None:
        write(figures, ROOT / "docs" / "quality.md")
    print(json.dumps({"scores": figures.scores, "seconds": figures.seconds}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
