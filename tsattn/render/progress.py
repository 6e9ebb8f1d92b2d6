"""What a verb tells while it runs, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.text import Text

from tsattn.data.report import ReadReport
from tsattn.events import Listener
from tsattn.render import tables
from tsattn.render.console import stderr
from tsattn.render.format import duration

LINE_EVERY = 15.0  # seconds between progress lines when stderr is no terminal


@contextmanager
def listening(*, quiet: bool = False, brief: bool = False) -> Iterator[Listener]:
    """A Listener that prints on stderr, the reading report too; with `brief`, without its table of what was found."""
    if quiet:
        yield Listener()
        return
    console = stderr()
    with _progress(console) as progress:
        yield replace(telling(console, brief=brief), progress=progress)


def telling(console: Console, *, brief: bool = False) -> Listener:
    """A Listener that prints the reading report and notes, and shows no progress."""

    def report(read: ReadReport) -> None:
        tables.report(console, read, brief=brief)

    return Listener(report=report, note=lambda text: console.print(Text(text, style="dim")))


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[Any], None]]:
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (TextColumn("{task.fields[phase]}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    bar = Progress(*columns, console=console)
    task: list[Any] = []

    def show(now: Any) -> None:
        if not task:  # the bar appears with the first step, not before
            bar.start()
            task.append(bar.add_task("", total=now.steps, phase=now.phase))
        bar.update(task[0], completed=now.step, total=now.steps, description=words(now), phase=now.phase)

    try:
        yield show
    finally:
        if task:
            bar.stop()


class _Lines:
    """A line every LINE_EVERY seconds, and one for the last step: what a log file wants."""

    def __init__(self, console: Console) -> None:
        self.console, self.last = console, time.monotonic()

    def __call__(self, now: Any) -> None:
        if now.step >= now.steps or time.monotonic() - self.last >= LINE_EVERY:
            self.last = time.monotonic()
            self.console.print(Text(f"{now.phase}, step {now.step:,} of {now.steps:,}: {words(now)}"))


def words(now: Any) -> str:
    """`loss 0.1234, validation 0.1301, 812 windows/s, 1 min 3 s left`."""
    parts = [f"loss {now.loss:.4f}"] if math.isfinite(now.loss) else []  # on a GPU it is read every few steps only
    if now.validation is not None:
        parts.append(f"validation {now.validation:.4f}")
    parts.append(f"{now.windows_per_second:,.0f} windows/s")
    if now.remaining is not None:
        parts.append(f"{duration(now.remaining)} left")
    return ", ".join(parts)
