"""Starts the validation in a child process and makes sure that its silence is never taken for consent."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.quality.checks import SUITES

ROOT = Path(__file__).resolve().parent.parent
"""Where the packages lie: given to the child, whose own path starts without the working folder (-P)."""

TAIL = 600
"""Characters of the child's last words that a failed check quotes."""


def validate(
    candidate: Path, suites: Path, intake: Mapping[str, Mapping[str, int]], out: Path, timeout: float
) -> list[dict[str, Any]]:
    """Validate a candidate folder with the suites in `suites`; checks as plain dicts, also written to `out`.

    A child that crashes, hangs longer than `timeout` seconds or writes nothing gives an ERROR for every suite.
    """
    out.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="kvarn-gx-") as scratch:
        counts = Path(scratch) / "intake.json"
        counts.write_text(json.dumps(intake, sort_keys=True), encoding="utf-8")
        fault = _run(_command(candidate, suites, counts, out), Path(scratch), timeout)
    checks = _read(out) if fault is None else fault
    if isinstance(checks, str):
        checks = [_error(suite, checks) for suite in SUITES]
        out.write_text(
            json.dumps(checks, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8"
        )
    return checks


def _command(candidate: Path, suites: Path, counts: Path, out: Path) -> list[str]:
    options = {"candidate": candidate, "suites": suites, "intake": counts, "out": out}
    arguments = [part for name, path in options.items() for part in (f"--{name}", str(path.resolve()))]
    return [sys.executable, "-P", "-m", "expectations.runner", *arguments, "--parent", str(os.getpid())]


def _run(command: list[str], home: Path, timeout: float) -> str | None:
    """Run to the end; what went wrong, or None."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    # A HOME of its own: the library looks for settings there, and one machine must validate like the next.
    own = {"PYTHONPATH": path, "HOME": str(home), "GX_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    try:
        done = subprocess.run(  # noqa: S603  # our own module with this interpreter
            command,
            env=os.environ | own,
            capture_output=True,
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return f"validation took longer than {timeout:g} s and was stopped"
    except OSError as error:
        return f"validation could not start: {error.strerror}"
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip()[-TAIL:]
        return f"validation ended with code {done.returncode}: {words}"
    return None


def _read(out: Path) -> list[dict[str, Any]] | str:
    try:
        content = json.loads(out.read_bytes())
    except (OSError, ValueError) as error:
        return f"validation left no readable result: {error}"
    known = isinstance(content, list) and all(
        isinstance(check, dict) and "verdict" in check for check in content
    )
    return content if known else "validation left a result of an unknown form"


def _error(suite: str, note: str) -> dict[str, Any]:
    return {
        "id": f"gx.{suite}",
        "words_sv": f"Sviten {suite} kunde inte köras",
        "words_en": f"The suite {suite} could not be run",
        "verdict": "ERROR",
        "waivable": False,
        "note": note,
    }
