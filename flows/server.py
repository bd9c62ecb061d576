"""A Prefect server of our own, for machines without one: a child that dies with us, in the store's working folder.

Prefect's ephemeral server outlives a kill -9 of its parent and its process runners start one each. Where PREFECT_API_URL is
set, that server is used instead, and the user's own Prefect profile is never touched.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import KvarnError

PATIENCE = 90.0
"""Seconds a server may take to answer: 7 to 14 on an idle machine, several times that on a busy one."""

_PR_SET_PDEATHSIG = 1

QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
}
"""Telemetry off, and no result storage: our own markers say what may be skipped."""


@contextmanager
def prefect_api(home: Path) -> Iterator[str]:
    """The address of a Prefect API: the user's where PREFECT_API_URL is set, else a server that lives inside this block.

    Sets the environment that Prefect reads at import, so Prefect must not have been imported before. Raises KvarnError with
    the end of the server's log when it does not come up.
    """
    os.environ.update(QUIET)
    # Prefect logs a failed task with its traceback; Kvarn says the same in one plain line at the end.
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR" if os.environ.get("KVARN_DEBUG") else "CRITICAL")
    theirs = os.environ.get("PREFECT_API_URL")
    if theirs:
        yield theirs
        return
    home.mkdir(parents=True, exist_ok=True)
    os.environ["PREFECT_HOME"] = str(home.resolve())
    os.environ["PREFECT_PROFILES_PATH"] = str(home.resolve() / "profiles.toml")
    # Nobody can read logs on a server that ends with the run, and the last of them would find it gone.
    os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "false"
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    log = home / "server.log"
    with log.open("wb") as output:
        child = _start(port, output.fileno())
    try:
        _wait(child, url, log)
        os.environ["PREFECT_API_URL"] = url
        yield url
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        _stop(child)


def _start(port: int, output: int) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable, "-P", "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app",
        "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", "--timeout-keep-alive", "30",
    ]  # fmt: skip
    parent = os.getpid()
    return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        preexec_fn=lambda: _die_with(parent),
    )


def _die_with(parent: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # The parent died between fork and prctl: no signal will come.
        os._exit(1)


def _wait(child: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if child.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):  # noqa: S310 - http on loopback
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    tail = log.read_text(encoding="utf-8", errors="replace")[-800:].strip()
    raise KvarnError(f"Kvarn's own Prefect server did not answer on {url}; its log {log} ends with:\n{tail}")


def _stop(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
