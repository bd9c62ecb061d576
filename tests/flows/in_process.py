"""The refresh flow in this process: its tasks as plain functions, a pool without processes, and suites that have an answer."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from small_store import DirectPool, World, article, pinned_code, write

from pipeline.quality.checks import SUITES
from pipeline.quality.verdicts import Check, Verdict


@dataclass(frozen=True)
class Suites:
    """Stands for the child process that runs the suites."""

    verdict: Verdict = Verdict.PASS

    def __call__(
        self, build: Path, suites: Path, intake: object, out: Path, seconds: float
    ) -> list[dict[str, Any]]:
        assert sorted(path.stem for path in suites.glob("*.json")) == sorted(SUITES)
        out.write_text("[]")
        return [
            asdict(Check(f"gx.{suite}", "svit", "suite", self.verdict, waivable=False)) for suite in SUITES
        ]


class Direct:
    """A task as a plain function; `map` answers at once."""

    def __init__(self, task: Any) -> None:
        self._function = task.fn

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def map(self, run: Any, items: Iterable[Any]) -> "Answers":
        return Answers([self._function(run.value, item) for item in items])


class Answers(list[Any]):
    def result(self) -> list[Any]:
        return list(self)


TASKS = ("measure", "templates", "judge", "resolve", "assemble", "seal", "validate", "report", "publish")


@contextlib.contextmanager
def played(suites: Suites | None = None, pool: DirectPool | None = None) -> Iterator[None]:
    """While it lasts, the flow needs neither a Prefect server nor worker processes nor Great Expectations."""
    from flows import refresh, run, steps

    with pytest.MonkeyPatch.context() as patch:
        for name in TASKS:
            patch.setattr(refresh, name, Direct(getattr(refresh, name)))
        patch.setattr(run, "open_pool", lambda workers: contextlib.nullcontext(pool or DirectPool()))
        patch.setattr(steps, "validate", suites or Suites())
        yield


def refresh(
    world: World, config: Path | None = None, suites: Suites | None = None, pool: DirectPool | None = None
) -> dict[str, Any]:
    """One run of the flow; its facts."""
    from flows.refresh import refresh as flow

    with pinned_code(), played(suites, pool):
        facts: Mapping[str, Any] = flow.fn(
            str(world.raw), str(world.store.root), str(config or world.raw.parent / "kvarn.toml"), 1
        )
    return dict(facts)


Say = pytest.CaptureFixture[str]


def facts(say: Say) -> Any:
    """What a command printed with --json."""
    return json.loads(say.readouterr().out)


def changed(world: World, number: int = 300) -> World:
    """The world with one more document in raw/."""
    write(world.raw / "brev" / f"ny-{number}.txt", article(number))
    return world
