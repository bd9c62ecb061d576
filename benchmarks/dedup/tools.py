"""What is measured: ours two ways, and the peers, each in an environment of its own with pinned packages."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.dedup import ours
from benchmarks.dedup.places import HERE, ROOT, VENVS


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to measure: a corpus, a number of cores, a threshold, where the results go."""

    source: Path
    out: Path
    scratch: Path
    cores: int
    threshold: float


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    label: str
    says: str
    """What it does and what it does not, for the table."""
    max_mb: float
    """Larger corpora would take it too long."""
    cores: tuple[int, ...]
    command: Callable[[Job], list[str]]
    version: Callable[[], str]
    thresholds: tuple[float, ...] = (0.8,)
    is_peer: bool = True


def wanted_python(requirements: Path) -> str:
    """The interpreter that the first line of the requirements names, such as `# python 3.12`."""
    named = re.match(r"# python (\d+\.\d+)", requirements.read_text())
    version = named.group(1) if named else f"{sys.version_info.major}.{sys.version_info.minor}"
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    found = [shutil.which(f"python{version}"), *_managed(version)]
    for path in found:
        if path and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return path
    raise FileNotFoundError(f"needs Python {version}, which is not installed here")


def _managed(version: str) -> list[str]:
    """Interpreters of pyenv, whose commands on the path start only the versions it was told to."""
    folders = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*"), reverse=True)
    return [str(folder / "bin" / "python") for folder in folders]


def environment(peer: str, requirements: Path | None = None) -> Path:
    """Python of the peer's environment, made where it is not there yet (a failed one is made anew)."""
    requirements = requirements or HERE / "requirements" / f"{peer}.txt"
    folder = VENVS / peer
    done = folder / ".done"
    pinned = requirements.read_text()
    if not done.exists() or done.read_text() != pinned:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([wanted_python(requirements), "-m", "venv", str(folder)], check=True)
        install = [
            str(folder / "bin" / "pip"),
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        result = subprocess.run(
            [*install, "-r", str(requirements)], capture_output=True, text=True, check=False
        )
        if result.returncode:
            raise RuntimeError(f"its packages do not install: {result.stderr.strip().splitlines()[-1][:200]}")
        done.write_text(pinned)
    return folder / "bin" / "python"


def _peer_command(peer: str, job: Job) -> list[str]:
    script = HERE / "peers" / f"{peer.replace('-', '_')}_peer.py"
    python = VENVS / peer / "bin" / "python"
    return [str(python), str(script), str(job.source), str(job.out), str(job.scratch), str(job.cores)]


def _peer_version(peer: str) -> str:
    pins = (HERE / "requirements" / f"{peer}.txt").read_text()
    return re.search(rf"^{peer}==(\S+)", pins, re.MULTILINE).group(1)  # type: ignore[union-attr]


def our_version() -> str:
    project = (ROOT / "pyproject.toml").read_text()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    version = re.search(r'^version = "(.+)"', project, re.MULTILINE).group(1)  # type: ignore[union-attr]
    return f"{version} {commit.stdout.strip()}"


def _peer(name: str, max_mb: float, cores: tuple[int, ...], says: str) -> Tool:
    return Tool(name, name, says, max_mb, cores, partial(_peer_command, name), partial(_peer_version, name))


TOOLS = [
    Tool(
        "kvarn", "kvarn dedup", "the command: Parquet to verified pairs and clusters; ids checked, pairs written",
        1e9, (1, 2), lambda job: ours.command_line(job.source, job.out, job.threshold), our_version, (0.8, 0.7), False,
    ),
    Tool(
        "kvarn-engine", "Kvarn's engine", "Parquet to verified pairs and clusters inside one process",
        1e9, (1, 2), lambda job: ours.engine_command(job.source, job.out, job.threshold, job.cores), our_version,
        (0.8, 0.7), False,
    ),
    _peer("daft", 500, (1, 2), "own reading, normalisation and signatures; bands and clusters in numpy; verifies nothing"),
    _peer("gaoya", 100, (1, 2), "Rust shingles, signatures and index; pairs filtered by similarity of signatures at .8"),
    _peer("rensa", 100, (1,), "Rust signatures and index (RMinHash); shingles by plain Python; verifies nothing"),
    _peer("datasketch", 100, (1,), "xxh32, affine32, signatures in bulk; shingles by plain Python; verifies nothing"),
    _peer("text-dedup", 100, (1, 2), "its MinHash command, xxh3, without its check of false positives"),
    _peer("datatrove", 20, (1,), "its four stages, Swedish spaCy tokenizer, 64-bit hashes; verifies nothing"),
]  # fmt: skip
