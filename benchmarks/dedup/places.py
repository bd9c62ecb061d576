"""Where things lie: real text beside the repository, made files under benchmarks/.work/, results in docs/."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
WORK = ROOT / "benchmarks" / ".work"
CORPORA = WORK / "dedup"
VENVS = WORK / "venvs"
HERE = Path(__file__).resolve().parent
RESULTS = ROOT / "docs" / "bench-dedup.json"
