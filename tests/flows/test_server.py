"""The Prefect server of our own: found where the user has one, started where not, and never left behind."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows import server
from flows.server import QUIET, prefect_api
from pipeline.errors import KvarnError


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """The variables as they were."""
    before = dict(os.environ)
    os.environ.pop("PREFECT_API_URL", None)
    yield
    os.environ.clear()
    os.environ.update(before)


def child(code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)


HEALTHY = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Healthy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()
    def log_message(self, *_): pass
HTTPServer(("127.0.0.1", int(sys.argv[1])), Healthy).serve_forever()
"""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """In place of Prefect's server one that answers its health check, in a moment instead of ten seconds."""
    children: list[Any] = []

    def start(port: int, output: int) -> "subprocess.Popen[bytes]":
        made = subprocess.Popen([sys.executable, "-c", HEALTHY, str(port)], stdout=output, stderr=output)
        children.append(made)
        return made

    monkeypatch.setattr(server, "_start", start)
    return children


def test_the_server_of_the_user_is_taken_where_there_is_one(tmp_path: Path, started: list[Any]) -> None:
    os.environ["PREFECT_API_URL"] = "http://prefect.example/api"
    with prefect_api(tmp_path / "prefect") as url:
        assert url == "http://prefect.example/api"
        assert all(os.environ[name] == value for name, value in QUIET.items())
    assert os.environ["PREFECT_API_URL"] == "http://prefect.example/api"
    assert started == []
    assert not (tmp_path / "prefect").exists()


def test_our_own_server_lives_as_long_as_the_block(tmp_path: Path, started: list[Any]) -> None:
    with prefect_api(tmp_path / "prefect") as url:
        assert os.environ["PREFECT_API_URL"] == url
        assert os.environ["PREFECT_HOME"] == str(tmp_path / "prefect")
        assert os.environ["PREFECT_PROFILES_PATH"].startswith(str(tmp_path))
        assert started[0].poll() is None
    assert "PREFECT_API_URL" not in os.environ
    assert started[0].poll() is not None


def test_an_error_inside_ends_the_server_as_well(tmp_path: Path, started: list[Any]) -> None:
    with pytest.raises(ZeroDivisionError), prefect_api(tmp_path / "prefect"):
        raise ZeroDivisionError
    assert started[0].poll() is not None


def test_a_server_that_ends_at_once_is_told_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(port: int, output: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", "print('no port for me')"], stdout=output)

    monkeypatch.setattr(server, "_start", start)
    with (
        pytest.raises(KvarnError, match=r"(?s)did not answer .*server\.log ends with:\nno port for me"),
        prefect_api(tmp_path / "prefect"),
    ):
        pass
    assert "PREFECT_API_URL" not in os.environ


def test_a_server_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeping = child("import time; time.sleep(60)")
    monkeypatch.setattr(server, "_start", lambda port, output: sleeping)
    monkeypatch.setattr(server, "PATIENCE", 0.3)
    with pytest.raises(KvarnError, match="did not answer"), prefect_api(tmp_path / "prefect"):
        pass
    assert sleeping.wait(5) == -signal.SIGTERM
    assert sleeping.stdout is not None
    sleeping.stdout.close()


def test_a_server_that_does_not_heed_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    stubborn = child(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(60)"
    )
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    real = subprocess.Popen.wait
    monkeypatch.setattr(
        subprocess.Popen, "wait", lambda self, timeout=None: real(self, 0.2 if timeout else None)
    )
    server._stop(stubborn)
    assert stubborn.returncode == -signal.SIGKILL
    stubborn.stdout.close()


def test_the_real_command_starts_a_server_that_dies_with_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Popen:
        def __init__(self, command: list[str], **options: Any) -> None:
            asked.append((command, options))

    monkeypatch.setattr(subprocess, "Popen", Popen)
    server._start(4200, 1)
    ((command, options),) = asked
    assert command[0] == sys.executable
    assert "-P" in command
    assert command[command.index("--host") + 1] == "127.0.0.1"
    ended: list[int] = []
    signals: list[tuple[int, ...]] = []

    class Libc:
        def prctl(self, *arguments: int) -> int:
            signals.append(arguments)
            return 0

    monkeypatch.setattr("ctypes.CDLL", lambda _: Libc())
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr(os, "getppid", os.getpid)
    options["preexec_fn"]()
    assert (signals, ended) == ([(1, signal.SIGKILL)], [])
    server._die_with(os.getpid() + 1)
    assert ended == [1]


def test_a_free_port_can_be_bound() -> None:
    answered = HTTPServer(("127.0.0.1", server._free_port()), BaseHTTPRequestHandler)
    thread = threading.Thread(target=answered.serve_forever)
    thread.start()
    assert thread.is_alive()
    answered.shutdown()
    answered.server_close()
    thread.join()
