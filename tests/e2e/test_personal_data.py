"""Personal data from raw text to release: what the policies do, and that nothing that is masked stands in any file."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e.conftest import article

pytestmark = pytest.mark.slow

Kvarn = Callable[..., Any]

PLANTED = {
    "personnummer": "811228-9874",
    "samordningsnummer": "730288-9931",
    "orgnr": "556036-0793",
    "email": "eva.planterad@exempel-skog.se",
    "phone": "070-174 06 05",
    "iban": "SE45 5000 0000 0583 9825 7466",
    "bank": "5050-1055",
    "card": "4454 7945 1139 0933",
    "ip": "81.233.12.7",
    "address": "Planterargatan 17, 733 07 Kalmar",
}
"""One made-up value of each kind."""
TYPED = "070-174 06 06"
"""Typed by a person into a fix."""
LINE = "; ".join(f"bankgiro {value}" if kind == "bank" else value for kind, value in PLANTED.items())


def plant(raw: Path) -> None:
    """In a text that is kept, one that is dropped, one that is foreign, in meta, and in a repeated line."""
    folder = raw / "hemligt"
    folder.mkdir()
    (folder / "kvar.txt").write_text(f"{article(70)}\n{LINE}\n", encoding="utf-8")
    (folder / "brus.txt").write_text(f"{LINE}\n" * 12, encoding="utf-8")
    english = (
        "The forest belongs to everybody who walks in it, and nobody may fence it in without a permit. " * 6
    )
    (folder / "english.txt").write_text(f"{english}\n{LINE}\n", encoding="utf-8")
    for number in range(6):
        (folder / f"fot-{number}.txt").write_text(f"{article(80 + number)}\n\n{LINE}\n", encoding="utf-8")
    fields = {"bankgiro" if kind == "bank" else kind: value for kind, value in PLANTED.items()}
    rows = [
        {"id": f"m{n}", "text": article(90 + n), "group": PLANTED["email"], "title": LINE, **fields}
        for n in range(3)
    ]
    (folder / "meta.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def contents(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of a release as text: Parquet as the values of its columns, all else as it is."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            yield name, json.dumps(table.to_pylist(), default=str, ensure_ascii=False)
            yield name, json.dumps({str(k): str(v) for k, v in (table.schema.metadata or {}).items()})
        data = path.read_bytes()
        yield name, (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "replace")


def leaks(folder: Path, values: list[str]) -> list[tuple[str, str]]:
    written = {form for value in values for form in (value, value.replace(" ", ""), json.dumps(value)[1:-1])}
    return [(name, value) for name, text in contents(folder) for value in sorted(written) if value in text]


def test_nothing_that_is_masked_stands_in_a_release(kvarn: Kvarn, raw: Path, tmp_path: Path) -> None:
    plant(raw)
    store = tmp_path / "curated"
    run = kvarn("refresh", "--raw", raw, "--curated", store)
    assert run.code == 0, run.out + run.err
    first = store / "releases" / "000001"
    assert leaks(first, list(PLANTED.values())) == []
    kept = next(
        row for row in pq.read_table(first / "ledger.parquet").to_pylist() if row["uri"] == "kvar.txt"
    )
    fix = {
        "content_id": kept["content_id"], "decision": "fix", "by": "eva", "time": "2026-02-01T10:00:00Z",
        "reason": f"ringde {PLANTED['phone']}", "text": f"{article(70)}\n{LINE}\nNytt nummer: {TYPED}.\n",
    }  # fmt: skip
    (store / "decisions.jsonl").write_text(json.dumps(fix) + "\n", encoding="utf-8")
    assert kvarn("refresh", "--raw", raw, "--curated", store).code == 0
    second = store / "releases" / "000002"
    assert leaks(second, [*PLANTED.values(), TYPED]) == []
    texts = [
        row["text"]
        for path in second.glob("data/*")
        for row in pq.read_table(path).to_pylist()
        if row["uri"] == "kvar.txt"
    ]
    assert "Nytt nummer: [TELEFON 2]." in texts[0]


@pytest.mark.parametrize(
    ("policy", "fate", "reasons", "shown"),
    [("mask", "kept", [], False), ("flag", "flagged", ["pii.phone"], True), ("drop", "dropped", ["pii.phone"], True), ("off", "kept", [], True)],
)  # fmt: skip
def test_every_policy_does_what_it_says(
    kvarn: Kvarn, raw: Path, tmp_path: Path, policy: str, fate: str, reasons: list[str], *, shown: bool
) -> None:
    (raw / "brev" / "ring.txt").write_text(
        f"{article(71)}\nRing {PLANTED['phone']} i morgon.\n", encoding="utf-8"
    )
    config = tmp_path / "kvarn.toml"
    config.write_text(f'[pii]\nphone = "{policy}"\n', encoding="utf-8")
    store = tmp_path / "curated"
    run = kvarn("refresh", "--raw", raw, "--curated", store, "--config", config)
    assert run.code == 0, run.out + run.err
    folder = store / "releases" / "000001"
    row = next(
        row for row in pq.read_table(folder / "ledger.parquet").to_pylist() if row["uri"] == "ring.txt"
    )
    assert (row["fate"], row["reasons"]) == (fate, reasons)
    texts = [
        row["text"]
        for path in (*folder.glob("data/*.parquet"), *folder.glob("withheld/*.parquet"))
        for row in pq.read_table(path).to_pylist()
        if row["uri"] == "ring.txt"
    ]
    assert [PLANTED["phone"] in text for text in texts] == [shown]
    assert ("[TELEFON]" in texts[0]) is not shown
