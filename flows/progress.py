"""Progress of a run on a terminal: one bar over all steps. Silent where nobody watches."""

import sys
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

T = TypeVar("T")


class _Shown:
    """The bar of the process, if any: flows have no way to hand an object to their tasks that is not a parameter."""

    bar: Progress | None = None
    task: TaskID | None = None


def start(steps: int) -> None:
    """Show a bar of `steps` steps if standard error is a terminal."""
    if not sys.stderr.isatty():
        return
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    _Shown.bar = Progress(*columns, console=Console(stderr=True), transient=True)
    _Shown.task = _Shown.bar.add_task("reading", total=steps)
    _Shown.bar.start()


def tell_of_compiling() -> None:
    """Say why the first run after an installation or upgrade takes longer. On standard error, where no program reads facts."""
    from pipeline.kernels import are_compiled

    if not are_compiled():
        sys.stderr.write("first use: compiling the kernels for this machine, once\n")


def advance(word: str, result: T) -> T:
    """One step is done; `result` is passed through so that a step and its tick are one expression."""
    if _Shown.bar is not None and _Shown.task is not None:
        _Shown.bar.update(_Shown.task, advance=1, description=word)
    return result


def stop() -> None:
    """Take the bar away."""
    if _Shown.bar is not None:
        _Shown.bar.stop()
        _Shown.bar = None
