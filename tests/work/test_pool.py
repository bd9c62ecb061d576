"""The pool of a run and what lives inside its processes: answers, limits and messages, tried here without forking."""

import dataclasses
import mmap
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from small_store import World

from pipeline.errors import KvarnError, UsageError
from pipeline.stage import Measure, run_measure
from pipeline.storage.manifest import FileEntry
from pipeline.work import confine, heartbeat, nursery, sandbox
from pipeline.work import measure as measuring
from pipeline.work import pool as pooling
from pipeline.work.frames import LONGEST, Frames
from pipeline.work.jobs import run_job
from pipeline.work.markers import Marker
from pipeline.work.measure import ITEMS, MeasureJob, MeasureSettings
from pipeline.work.pool import marker, open_pool, warm_up
from pipeline.work.sandbox import SandboxPool


@pytest.fixture
def pair() -> Iterator[tuple[Frames, Frames]]:
    one, two = map(Frames, socket.socketpair())
    yield one, two
    one.close()
    two.close()


def test_a_real_pool_measures_a_shard_like_this_process(world: World, tmp_path: Path) -> None:
    run = world.refresh()
    (shard,) = [shard for shard in run.plan.shards if shard.source == "brev"]
    files = tuple(run.plan.files[item.source, item.uri] for item in shard.inputs)
    with open_pool(1) as pool:
        job = MeasureJob(tmp_path / "shard", files, run.plan.specs["brev"], MeasureSettings())
        done = run_job(pool, job)
    here = run.measure(shard)
    assert done == here.marker
    assert (tmp_path / "shard" / ITEMS).read_bytes() == (here.folder / ITEMS).read_bytes()


def test_an_answer_becomes_the_marker_that_it_was() -> None:
    made = Marker({"a": FileEntry("0" * 64, 3, 2)}, {"faults": {"read.crash": 1}})
    assert marker(dataclasses.asdict(made)) == made


def test_after_warming_up_a_worker_loads_nothing_at_first_use() -> None:
    texts = (
        "Räkningen frÃ¥n byn: SE45 5000 0000 0583 9825 7466, frågor till 070-1740605 eller 0470-123 45.",
        "Et bidrag til et norsk eller dansk blad som ingen av dem kjenner igjen, og som derfor må spørres om to ganger.",
    )
    script = f"""
import sys
from pipeline.schema import RAW
from pipeline.storage.readers import Record, table
from pipeline.work.measure import MeasureSettings, measured
from pipeline.work.pool import warm_up
from pipeline.stages.language import LanguageConfig

warm_up()
before = set(sys.modules)
records = [Record("a", n, "a", text, None, None, None, {{}}, None, (), "0" * 64) for n, text in enumerate({texts!r})]
settings = MeasureSettings(language=LanguageConfig(sample=1.0))
list(measured([table(records, "a").cast(RAW)], settings.stages()))
print(sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_warming_up_runs_every_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def run(stage: Measure, items: pa.Table) -> pa.Table:
        ran.append(stage.name)
        return run_measure(stage, items)

    monkeypatch.setattr(measuring, "run_measure", run)
    monkeypatch.setattr(pooling, "run_measure", run)
    warm_up()
    assert ran == ["repair", "language", "noise", "pii", "relevance", "terms", "decide"]


# Messages


def test_messages_arrive_whole_however_they_are_cut(pair: tuple[Frames, Frames]) -> None:
    one, two = pair
    one.send_json({"text": "å" * 20_000})
    one.send(b"")
    assert two.receive_json() == {"text": "å" * 20_000}
    assert two.receive() == b""
    two.connection.sendall(b"\0\0\0\x05ab")
    with pytest.raises(TimeoutError):
        one.receive(0.01)
    two.connection.sendall(b"cde")
    assert one.receive(1.0) == b"abcde"


def test_a_lost_sender_is_none(pair: tuple[Frames, Frames]) -> None:
    one, two = pair
    two.close()
    assert one.receive() is None
    assert one.receive_json() is None


@pytest.mark.parametrize("body", [b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_object_comes_from_nobody_to_trust(pair: tuple[Frames, Frames], body: bytes) -> None:
    pair[0].send(body)
    assert pair[1].receive_json() is None


def test_messages_that_are_too_long_are_neither_sent_nor_awaited(pair: tuple[Frames, Frames]) -> None:
    one, two = pair
    with pytest.raises(ValueError, match="send its path"):
        one.send(bytes(LONGEST + 1))
    one.connection.sendall(b"\xff\xff\xff\xff")
    with pytest.raises(ConnectionError, match="was announced"):
        two.receive()


def test_a_reset_connection_is_a_lost_sender() -> None:
    class Reset:
        def settimeout(self, _: float | None) -> None: ...

        def recv(self, _: int) -> bytes:
            raise ConnectionResetError

    assert Frames(Reset()).receive() is None  # type: ignore[arg-type]


# The life of a worker


def raises(job: Any) -> Any:
    raise job


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (MemoryError(), {"died": "memory"}),
        (UsageError("so not"), {"error": "so not", "exit_code": 2}),
        (KvarnError("disk"), {"error": "disk", "exit_code": 1}),
    ],
)
def test_an_error_in_a_worker_is_told_in_words(error: Exception, answer: dict[str, Any]) -> None:
    assert nursery._answer(raises, pickle.dumps(error)) == answer


def test_a_bug_in_a_worker_is_told_with_its_place() -> None:
    told = nursery._answer(raises, pickle.dumps(ZeroDivisionError("bug")))
    assert told["exit_code"] == 1
    assert "ZeroDivisionError: bug" in told["error"]
    assert __name__.rsplit(".", 1)[-1] in told["error"]


def test_a_result_is_told_as_plain_values() -> None:
    body = pickle.dumps(Marker({}, {"n": 1}))
    assert nursery._answer(lambda job: job, body) == {"result": {"files": {}, "facts": {"n": 1}}}


def test_a_function_is_found_by_name() -> None:
    assert nursery.load("pipeline.work.pool:marker") is marker
    with pytest.raises(ModuleNotFoundError):
        nursery.load("no.such.module:f")


class Ended(BaseException):
    """Stands for the end of the process."""


def test_a_worker_serves_until_its_parent_hangs_up(
    pair: tuple[Frames, Frames], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[Any] = []

    def ended(status: int) -> None:
        raise Ended(status)

    monkeypatch.setattr(confine, "limit_cpu", limits.append)
    monkeypatch.setattr(confine, "forbid_calls", lambda: True)
    monkeypatch.setattr(os, "_exit", ended)
    monkeypatch.setattr(heartbeat, "_beat", [])
    monkeypatch.setattr(heartbeat, "_page", [])
    page = mmap.mmap(-1, heartbeat.PAGE_BYTES)
    ours, theirs = pair
    for job in ("a", MemoryError()):
        ours.send(pickle.dumps(job))

    def perform(job: Any) -> Any:
        heartbeat.now_at("fil.txt")
        heartbeat.at_part(4)
        return raises(job) if isinstance(job, Exception) else job

    with pytest.raises(Ended):
        nursery._work(theirs, perform, 7.5, page)
    told = [ours.receive_json(1) for _ in range(5)]
    at = {"at": "fil.txt"}
    assert told == [{"network": "blocked"}, at, {"result": "a"}, at, {"died": "memory"}]
    # With each job and the first file of each.
    assert limits == [7.5] * 4
    assert heartbeat.place_in(page) == ("fil.txt", 4)


def test_a_page_holds_the_last_file_and_part_whatever_was_written_before() -> None:
    with mmap.mmap(-1, heartbeat.PAGE_BYTES) as page:
        assert heartbeat.place_in(page) == (None, 0)
        for uri in ("kort", "en längre väg/" * 300, "å", "", "\U0001f332.txt"):
            heartbeat.note(page, uri)
            assert heartbeat.place_in(page) == (uri or None, 0)
        heartbeat.note(page, "x" * 100_000)
        assert set(heartbeat.place_in(page)[0] or "") == {"x"}
        page[:] = b"\xff" * heartbeat.PAGE_BYTES
        assert heartbeat.place_in(page)[1] == -1


def test_many_small_files_are_few_messages(
    pair: tuple[Frames, Frames], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confine, "limit_cpu", lambda _: None)
    monkeypatch.setattr(confine, "forbid_calls", lambda: True)
    monkeypatch.setattr(os, "_exit", lambda _: None)
    monkeypatch.setattr(heartbeat, "_beat", [])
    monkeypatch.setattr(heartbeat, "_page", [])
    monkeypatch.setattr(nursery, "TELL_SECONDS", 1000.0)
    monkeypatch.setattr("time.monotonic", lambda: 5000.0)
    ours, theirs = pair
    for _ in range(2):
        ours.send(pickle.dumps("a"))
    ours.connection.shutdown(socket.SHUT_WR)
    page = mmap.mmap(-1, heartbeat.PAGE_BYTES)

    def many(_: object) -> None:
        for number in range(500):
            heartbeat.now_at(str(number))

    nursery._work(theirs, many, 5.0, page)
    told = [ours.receive_json() for _ in range(5)]
    first = {"at": "0"}
    assert told == [{"network": "blocked"}, first, {"result": None}, first, {"result": None}]
    assert heartbeat.place_in(page) == ("499", 0)


def test_the_nursery_forks_ends_and_stops_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """`main` in a thread of this process: a fork is played, since a real one would copy this test."""
    ours, theirs = socket.socketpair()
    ended: list[tuple[int, int]] = []
    monkeypatch.setattr(sys, "argv", ["x", str(os.dup(theirs.fileno()))])
    monkeypatch.setattr(os, "fork", lambda: 4711)
    monkeypatch.setattr(os, "kill", lambda pid, number: ended.append((pid, number)))
    monkeypatch.setattr(os, "waitpid", lambda pid, _: (pid, signal.SIGKILL))
    monkeypatch.setattr(nursery, "PARENT_POLL", 0.02)
    opened: list[Frames] = []

    def frames(connection: socket.socket) -> Frames:
        opened.append(Frames(connection))
        return opened[-1]

    monkeypatch.setattr(nursery, "Frames", frames)
    theirs.close()
    serving = threading.Thread(target=nursery.main)
    serving.start()
    control = Frames(ours)
    control.send_json({"function": "pipeline.work.pool:marker", "warm_up": "pipeline.work.pool:warm_up"})
    assert control.receive_json(30) == {"ready": True}
    control.send_json({"address_bytes": 1 << 30, "cpu_seconds": 5})
    _, handles, _, _ = socket.recv_fds(control.connection, 1, 1)
    os.close(handles[0])
    assert control.receive_json(5) == {"pid": 4711}
    control.send_json({"end": 4711})
    assert control.receive_json(5) == {"status": -signal.SIGKILL, "at": None, "part": 0}
    assert ended == [(4711, signal.SIGKILL)]
    control.close()
    serving.join(5)
    assert not serving.is_alive()
    # The end of a real nursery closes it.
    opened[0].close()


def test_a_nursery_whose_parent_left_before_it_began_ends(
    pair: tuple[Frames, Frames], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pair
    ours.close()
    monkeypatch.setattr(sys, "argv", ["x", str(os.dup(theirs.connection.fileno()))])
    opened: list[Frames] = []

    def frames(connection: socket.socket) -> Frames:
        opened.append(Frames(connection))
        return opened[-1]

    monkeypatch.setattr(nursery, "Frames", frames)
    monkeypatch.setattr(nursery, "load", raises)
    nursery.main()
    opened[0].close()


def test_a_forked_worker_keeps_only_its_own_end(
    pair: tuple[Frames, Frames], monkeypatch: pytest.MonkeyPatch
) -> None:
    control, _ = pair

    def work(frames: Frames, function: object, cpu_seconds: float, page: mmap.mmap) -> None:
        assert control.connection.fileno() == -1
        frames.close()
        raise Ended

    limits: list[object] = []
    monkeypatch.setattr(os, "fork", lambda: 0)
    monkeypatch.setattr(nursery, "_work", work)
    monkeypatch.setattr(confine, "die_with", limits.append)
    monkeypatch.setattr(confine, "limit_resources", limits.append)
    with pytest.raises(Ended):
        nursery._fork(control, raises, 1 << 30, 5.0)
    assert limits == [os.getpid(), 1 << 30]


def test_a_worker_whose_parent_hangs_up_between_jobs_ends_well(
    pair: tuple[Frames, Frames], monkeypatch: pytest.MonkeyPatch
) -> None:
    statuses: list[int] = []
    monkeypatch.setattr(confine, "forbid_calls", lambda: False)
    monkeypatch.setattr(os, "_exit", statuses.append)
    monkeypatch.setattr(heartbeat, "_beat", [])
    monkeypatch.setattr(heartbeat, "_page", [])
    ours, theirs = pair
    ours.connection.shutdown(socket.SHUT_WR)
    nursery._work(theirs, raises, 5.0, mmap.mmap(-1, heartbeat.PAGE_BYTES))
    assert ours.receive_json(1) == {"network": "open"}
    assert statuses == [0]


# What the pool says where its processes are gone


def test_a_pool_whose_nursery_is_gone_says_so() -> None:
    pool = SandboxPool[dict[str, Any], Any](1, "pipeline.work.heartbeat:plain")
    assert pool.submit({"a": 1}) == {"a": 1}
    assert pool.describe()["workers"] == 1
    pool._nursery.kill()
    pool._nursery.wait()
    with pytest.raises(KvarnError):
        pool.submit({"a": 1})
    with pytest.raises(KvarnError):
        pool.submit({"a": 1})
    pool.close()


def test_a_nursery_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = SandboxPool[dict[str, Any], Any](1, "pipeline.work.heartbeat:plain")
    assert pool.describe()["network"] in ("blocked", "open")
    os.kill(pool._nursery.pid, signal.SIGSTOP)
    real = pool._nursery.wait
    monkeypatch.setattr(pool._nursery, "wait", lambda timeout=None: real(0.2 if timeout else None))
    pool.close()
    assert pool._nursery.returncode == -signal.SIGKILL


def test_a_nursery_that_is_never_ready_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "START_SECONDS", 0.2)
    with SandboxPool[dict[str, Any], Any](1, "pipeline.work.heartbeat:plain") as pool:
        os.kill(pool._nursery.pid, signal.SIGSTOP)
        with pytest.raises(KvarnError, match=r"not ready after 0\.2 s"):
            pool.submit({"a": 1})
        os.kill(pool._nursery.pid, signal.SIGCONT)
