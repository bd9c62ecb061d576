"""What is taken from a worker, tried here on played systems: this process would lose it too."""

import os
import resource
import sys

import pytest

from pipeline.work import confine


def test_limits_are_lowered_and_never_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds = {
        resource.RLIMIT_CORE: (5, 9),
        resource.RLIMIT_NOFILE: (20, 50),
        resource.RLIMIT_AS: (-1, resource.RLIM_INFINITY),
    }
    monkeypatch.setattr(resource, "getrlimit", bounds.__getitem__)
    monkeypatch.setattr(resource, "setrlimit", bounds.__setitem__)
    confine.limit_resources(1 << 32, open_files=256)
    assert bounds[resource.RLIMIT_CORE] == (0, 0)
    assert bounds[resource.RLIMIT_NOFILE] == (50, 50)
    assert bounds[resource.RLIMIT_AS] == (1 << 32, 1 << 32)


def test_another_system_gets_no_address_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(resource, "setrlimit", lambda kind, _: asked.append(kind))
    confine.limit_resources(1 << 32)
    assert resource.RLIMIT_AS not in asked
    assert not confine.forbid_calls()


def test_an_unknown_machine_has_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert not confine.forbid_calls()


class Libc:
    """Answers prctl and remembers what it was asked."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.asked: list[int] = []

    def prctl(self, option: int, *_: object) -> int:
        self.asked.append(option)
        return self.answers.pop(0)


@pytest.mark.parametrize(("answers", "blocked"), [((0, 0), True), ((-1,), False), ((0, -1), False)])
def test_the_network_counts_as_blocked_only_if_the_kernel_says_so(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[int, ...], blocked: bool
) -> None:
    libc = Libc(*answers)
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: libc)
    assert confine.forbid_calls() is blocked
    assert len(libc.asked) == len(answers)


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_worker_whose_parent_is_gone_already_ends(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    libc = Libc(0, 0)
    ended: list[int] = []
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: libc)
    monkeypatch.setattr(os, "_exit", ended.append)
    confine.die_with(os.getppid())
    assert ended == []
    confine.die_with(os.getppid() + 1)
    assert ended == [1]
    assert bool(libc.asked) == (platform == "linux")


def test_memory_and_time_of_a_process_are_told_and_those_of_none_are_nothing() -> None:
    assert confine.resident_bytes(os.getpid()) > 1 << 20
    assert confine.resident_bytes(1 << 30) == 0
    assert confine.cpu_seconds(os.getpid()) > 0
    assert confine.cpu_seconds(1 << 30) == 0


@pytest.mark.parametrize(("hard", "soft"), [(resource.RLIM_INFINITY, 108), (105, 105)])
def test_the_bound_on_cpu_time_moves_with_the_clock(
    monkeypatch: pytest.MonkeyPatch, hard: int, soft: int
) -> None:
    set_to: list[object] = []
    monkeypatch.setattr("time.process_time", lambda: 99.5)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, bounds: set_to.append((kind, bounds)))
    confine.limit_cpu(7.0)
    assert set_to == [(resource.RLIMIT_CPU, (soft, hard))]
