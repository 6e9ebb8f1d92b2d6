"""Progress and result of a search: a live table on a terminal, one line per trial elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tsattn.events import Listener
from tsattn.render import progress, tables
from tsattn.render.console import stderr
from tsattn.render.format import duration

if TYPE_CHECKING:
    from tsattn.workflows.tune import Tried

MOST_ROWS = 12
STYLES = {"done": "", "running": "cyan", "pruned": "dim", "stopped": "dim", "failed": "yellow"}


@contextmanager
def listening(*, quiet: bool = False, brief: bool = False) -> Iterator[Listener]:
    """Yield a Listener that shows a search on stderr."""
    if quiet:
        yield Listener()
        return
    console = stderr()
    if not console.is_terminal:
        with progress.listening(brief=brief) as plain:
            yield replace(plain, trial=lambda one: console.print(Text(line(one))))
        return
    board = Board()
    with Live(board, console=console, refresh_per_second=4, transient=True):
        yield replace(progress.telling(console, brief=brief), progress=board.progress, trial=board.trial)


class Board:
    """Live table of the trials so far, and progress of the running one."""

    def __init__(self) -> None:
        self.trials: dict[int, Tried] = {}
        self.now = ""

    def trial(self, one: Tried) -> None:
        self.trials[one.number] = one
        self.now = ""

    def progress(self, now: Any) -> None:
        self.now = f"{now.phase}, {progress.counted(now)}: {progress.words(now)}"

    def __rich__(self) -> Group:
        return Group(table(list(self.trials.values())), Text(self.now, style="dim"))


def table(trials: Sequence[Tried], title: str = "") -> Table:
    """Return a table of the best and the newest trials, by number, with the best in bold."""
    done = sorted((one for one in trials if one.score is not None), key=lambda one: one.score or 0.0)
    shown = {one.number for one in (*done[: MOST_ROWS // 2], *trials[:1], *trials[-(MOST_ROWS // 2) :])}
    drawn = tables.table(">trial", "", ">error", ">time", "settings that differ from the defaults", title=title)
    for one in trials:
        if one.number not in shown:
            continue
        style = "bold" if done and one.number == done[0].number else STYLES[one.state]
        error = "" if one.score is None else f"{one.score:.4f}"
        cells = (str(one.number), one.state, error, duration(one.seconds) if one.seconds else "", changed(one.changed))
        drawn.add_row(*(Text(cell, style=style) for cell in cells))
    return drawn


def tried(console: Console, trials: Sequence[Tried], best: Tried) -> None:
    """Print the trials of a search, and the improvement by the best one."""
    title = "Trials: error on rolling origins before the test windows (seasonal naive = 1)"
    tables.show(console, table(trials, title))
    first = next((one for one in trials if one.number == 0 and one.score is not None), None)
    if first is None or first.score is None or best.score is None:
        return
    if best.number == first.number:
        console.print(Text("no trial was better than the default settings", style="bold"))
    else:
        gain = f"{(1 - best.score / first.score) * 100:.1f} % lower validation error than the default settings"
        console.print(Text(f"trial {best.number} is the best: {gain}", style="bold"))


def line(one: Tried) -> str:
    """Format a trial as a log line."""
    if one.state == "running":
        return f"trial {one.number}: {changed(one.changed)}"
    score = "" if one.score is None else f", error {one.score:.4f}"
    return f"trial {one.number}: {one.state}{score} after {duration(one.seconds)}"


def changed(values: Mapping[str, Any]) -> str:
    """Format changed settings as `context 256, learning rate 0.0021`, or as `defaults` if there are none."""
    parts = [
        f"{name.replace('_', ' ')} {value:.3g}" if isinstance(value, float) else f"{name.replace('_', ' ')} {value}"
        for name, value in values.items()
    ]
    return ", ".join(parts) or "defaults"
