"""What the limits of each profile cost good documents of its domain, and what noise they still find.

    python benchmarks/noise_profiles.py ../shared/data benchmarks/.work/profiles

Good is what its publisher made it: statutes, interpellations, handbooks, manual pages, questions and answers, web pages. Left out
are documents of fewer than ten words, lists that the reader makes of an index file, and the handbook's pages that are contents.
Each kind is cut in two by the hash of the file name: limits were set on the even half, the odd half judges. Noise is that of
quality/doc_labels. Prints Markdown.
"""

import argparse
import csv
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.stage import run_measure
from pipeline.stages.noise import Noise, NoiseConfig, noise_rules
from pipeline.stages.noise_profiles import Profile

DOMAINS = {
    "sfs_md": "legal",
    "lovtidend_html": "legal",
    "tables": "legal",
    "riksdag_json": "legal",
    "digg_md": "administrative",
    "digg_pdf": "administrative",
    "interpellationer_tei": "administrative",
    "gnome_mallard": "technical",
    "debian_install_html": "technical",
    "manpages_roff": "technical",
    "18f_md": "technical",
    "debian_edu": "technical",
    "lifelines_latin1": "technical",
    "web_cc": "web",
    "warc": "web",
    "swefaq": "dialogue",
}
FEWEST = 10
NO_DOCUMENTS = re.compile(r"dokumentlista|debian_install_html/../(index|ch\d\d|ap\w\w)\.html$")
"""Index files, and the handbook's chapter pages, which are nothing but contents."""

Bools = NDArray[np.bool_]


def measured(data: Path, work: Path) -> Iterator[tuple[str, str, str, str]]:
    """(source, record_id, language, text) of every document that a domain is judged by."""
    out = work / "raw.parquet"
    if not out.exists():
        command = [sys.executable, "-m", "flows.cli", "measure", str(data / "raw"), "-o", str(out)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for row in pq.read_table(out, columns=["record_id", "language", "text"]).to_pylist():
        source = row["record_id"].split("/")[0]
        # Rows of the tables have the number of their statute for an id.
        source = source if source in DOMAINS or source == "ocr_alto" else "tables"
        yield source, row["record_id"], row["language"], row["text"]
    for line in (data / "sft/swefaq_sv.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield "swefaq", row["id"], "sv", f"{row['instruction']}\n{row['output']}"


def table_of(rows: list[tuple[str, str, str, str]]) -> pa.Table:
    """Noise measures with source, record_id and language."""
    columns = {
        "doc_id": [str(number) for number in range(len(rows))],
        "source": [row[0] for row in rows],
        "record_id": [row[1] for row in rows],
        "language": [row[2] for row in rows],
        "text": pa.array([row[3] for row in rows], pa.large_string()),
    }
    return run_measure(Noise(), pa.table(columns))


def verdicts(table: pa.Table, profile: Profile) -> tuple[Bools, Bools, Counter[str]]:
    """Dropped, flagged and not dropped, and how many each limit drops."""
    drop, flag = np.zeros(table.num_rows, bool), np.zeros(table.num_rows, bool)
    costs: Counter[str] = Counter()
    for rule in noise_rules(NoiseConfig(profile=profile)):
        for found in rule(table):
            if found.action == "drop":
                drop |= found.rows
                costs[rule.measure] += int(found.rows.sum())
            else:
                flag |= found.rows
    return drop, flag & ~drop, +costs


def good_documents(table: pa.Table) -> tuple[NDArray[np.str_], Bools]:
    """Domain of each row ("" for none), and whether it is in the half that judges."""
    names = table["record_id"].to_pylist()
    counted = table["words"].to_numpy() >= FEWEST
    domains = [
        DOMAINS.get(source, "") if wide and not NO_DOCUMENTS.search(name) else ""
        for source, name, wide in zip(table["source"].to_pylist(), names, counted, strict=True)
    ]
    odd = [int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 2 == 1 for name in names]
    return np.array(domains), np.array(odd)


def share(part: Bools, whole: Bools) -> str:
    """`3 (1.2 %)`."""
    count = int((part & whole).sum())
    return f"{count} ({100 * count / max(int(whole.sum()), 1):.1f} %)"


def report_good(table: pa.Table) -> None:
    """Cost of each profile on its own domain, both halves, beside the general limits; then of each limit."""
    domains, odd = good_documents(table)
    print(
        "| domain | half | documents | general: lost | flagged | profile: lost | flagged |\n"
        + "| --- " * 7
        + "|"
    )
    general = verdicts(table, "general")
    for name in [item for item in get_args(Profile) if item != "general"]:
        own = verdicts(table, name)
        for half, rows in (("fitted", ~odd), ("held out", odd)):
            here = (domains == name) & rows
            cells = [share(verdict[at], here) for verdict in (general, own) for at in (0, 1)]
            print(f"| {name} | {half} | {int(here.sum())} | " + " | ".join(cells) + " |")
    print("\n| domain | held-out documents that each limit of its profile drops |\n| --- | --- |")
    for name in [item for item in get_args(Profile) if item != "general"]:
        _, _, costs = verdicts(table.filter(pa.array((domains == name) & odd)), name)
        print(f"| {name} | {', '.join(f'{key} {count}' for key, count in costs.most_common()) or 'none'} |")


def report_noise(data: Path) -> None:
    """Labelled noise that each profile finds, and labelled good documents of any domain that it drops."""
    with (data / "quality/doc_labels.jsonl").open(encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    table = table_of([(row["kind"], row["id"], row["lang"], row["text"]) for row in rows])
    bad, kinds = np.array([row["label"] == "bad" for row in rows]), np.array([row["kind"] for row in rows])
    print(
        "\n| profile | noise found | flagged | not found, by kind | good lost, any domain |\n"
        + "| --- " * 5
        + "|"
    )
    for name in get_args(Profile):
        drop, flag, _ = verdicts(table, name)
        missed = ", ".join(f"{kind} {count}" for kind, count in Counter(kinds[bad & ~drop]).most_common())
        print(
            f"| {name} | {drop[bad].mean():.3f} | {int((flag & bad).sum())} | {missed} | {share(drop, ~bad)} |"
        )


def report_stream(data: Path) -> None:
    """Statutes and interpellations of the e2e stream that general limits and their own profile drop."""
    with (data / "e2e/gold.tsv").open(encoding="utf-8", newline="") as lines:
        gold = {row["id"]: row for row in csv.DictReader(lines, delimiter="\t")}
    texts = [
        json.loads(line) for line in (data / "e2e/stream.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    rows = [row for row in texts if gold[row["id"]]["drop"] == ""]
    table = table_of(
        [(gold[row["id"]]["kind"], row["id"], gold[row["id"]]["lang"], row["text"]) for row in rows]
    )
    statute = np.array(table["source"].to_pylist()) == "statute"
    for name, here in (("legal", statute), ("administrative", ~statute)):
        cells = [share(verdicts(table, profile)[0], here) for profile in ("general", name)]  # type: ignore[arg-type]
        print(
            f"\ne2e stream, {name}, {int(here.sum())} documents: general loses {cells[0]}, {name} {cells[1]}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    report_good(table_of(list(measured(arguments.data, arguments.work))))
    report_noise(arguments.data)
    report_stream(arguments.data)


if __name__ == "__main__":
    main()
