"""A small raw corpus, the command line as a user calls it, and one Prefect server for all runs of a session."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.server import prefect_api

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Result:
    """What one call of the command line came to."""

    code: int
    out: str
    err: str

    def facts(self) -> Any:
        return json.loads(self.out)


Kvarn = Callable[..., Result]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Saves each run the seconds that a server takes to start."""
    before = dict(os.environ)
    with prefect_api(tmp_path_factory.mktemp("prefect")) as url:
        yield url
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def kvarn(server: str) -> Kvarn:
    """Calls `kvarn` in a process of its own, with other environment variables where a test asks for them."""

    def call(*arguments: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> Result:
        command = [sys.executable, "-P", "-m", "flows.cli", *map(str, arguments)]
        environment = {**os.environ, "PREFECT_API_URL": server, **(env or {})}
        done = subprocess.run(
            command, cwd=cwd or ROOT, env=environment, capture_output=True, text=True, timeout=300
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return call


SUBJECTS = (
    "Plantering", "Röjning", "Gallring", "Slutavverkning", "Dikning", "Gödsling", "Markberedning", "Viltskador",
    "Skogsbrand", "Stormskador", "Virkesmätning", "Skogsbilvägar",
)  # fmt: skip

SENTENCES = (
    "{0} kräver planering i god tid, eftersom marken ofta är för blöt under våren och för torr under sommaren.",
    "Den som äger skogen bestämmer själv när arbetet ska göras, men det är klokt att fråga en rådgivare om {1}.",
    "Vid {1} bör man tänka på fukten, på lutningen och på hur långt det är till närmaste väg.",
    "I vår trakt har {1} blivit vanligare sedan priset på virke steg, och flera grannar delar på maskinerna.",
    "Efter {1} lämnas alltid några träd kvar, så att fåglar och insekter har någonstans att ta vägen.",
    "Det viktigaste vid {1} är ändå att ingen skadar sig, och därför arbetar man helst två och två.",
)


def article(number: int) -> str:
    """One of many short Swedish texts, each about its own matter, so that none is a near-duplicate of another."""
    subject = SUBJECTS[number % len(SUBJECTS)]
    other = SUBJECTS[(number * 5 + 3) % len(SUBJECTS)].lower()
    lines = [
        SENTENCES[(number + k) % len(SENTENCES)].format(subject, f"{other} i område {number + k}")
        for k in range(5)
    ]
    return f"{subject} i trakten {number}\n\n" + "\n\n".join(lines) + "\n"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Two sources with prose, a copy, foreign text, noise, personal data, and files that cannot be read."""
    folder = tmp_path / "raw"
    blad, brev = folder / "blad", folder / "brev"
    blad.mkdir(parents=True)
    brev.mkdir()
    (blad / "source.toml").write_text('licence = "CC0-1.0"\npriority = 5\n', encoding="utf-8")
    for number in range(24):
        (blad / f"artikel-{number:02d}.txt").write_text(article(number), encoding="utf-8")
    records = [
        {"id": f"b-{n}", "text": article(n + 100), "date": "2026-01-02", "group": f"g{n // 2}"}
        for n in range(12)
    ]
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    lines[3] = '{"id": "broken", "text": '
    (brev / "brev.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (brev / "kopia.txt").write_text(article(4), encoding="utf-8")
    (brev / "avbruten.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog")
    english = (
        "The forest belongs to everybody who walks in it, and nobody may fence it in without a permit. " * 6
    )
    (brev / "english.txt").write_text(english, encoding="utf-8")
    (brev / "medlem.txt").write_text(
        article(60) + "\nRing mig på 070-1740605 eller skriv till anna@example.se i morgon.\n",
        encoding="utf-8",
    )
    return folder
