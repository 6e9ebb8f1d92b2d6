"""Reading report, notes and progress on stderr: one live line on a terminal, occasional lines elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tsattn.data.report import ReadReport
from tsattn.events import WARNING, Listener
from tsattn.render import tables
from tsattn.render.console import stderr
from tsattn.render.format import duration

LINE_EVERY = 15.0  # seconds between progress lines when stderr is not a terminal
BAR = 7  # characters of the bar


@contextmanager
def listening(*, quiet: bool = False, brief: bool = False) -> Iterator[Listener]:
    """Yield a Listener that prints on stderr. brief: omit the table of inferred columns. quiet: print nothing."""
    if quiet:
        yield Listener()
        return
    console = stderr()
    with _progress(console) as progress:
        yield replace(telling(console, brief=brief), progress=progress)


def telling(console: Console, *, brief: bool = False) -> Listener:
    """Return a Listener that prints the reading report and notes, but no progress."""

    def report(read: ReadReport) -> None:
        tables.report(console, read, brief=brief)

    def note(text: str) -> None:
        console.print(Text(text, style="yellow" if text.startswith(WARNING) else "dim"))

    return Listener(report=report, note=note)


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[Any], None]]:
    if not console.is_terminal:
        yield Lines(lambda text: console.print(Text(text)))
        return
    line = LiveLine(console)
    try:
        yield line
    finally:
        line.stop()


class LiveLine:
    """Line that is rewritten in place and removed at the end: phase, bar, share, losses, rate, time left."""

    def __init__(self, console: Console) -> None:
        self.console, self.now = console, None
        self.live: Live | None = None

    def __call__(self, now: Any) -> None:
        self.now = now
        if self.live is None:  # the line appears with the first step
            self.live = Live(get_renderable=self.text, console=self.console, refresh_per_second=4, transient=True)
            self.live.start()

    def text(self) -> Text:
        """Return the line, cut to the width of the terminal."""
        if self.now is None:
            return Text("")
        share = share_of(self.now)
        done = round(share * BAR)
        made = Text(f"{self.now.phase:<12} ", no_wrap=True, overflow="crop")
        made.append("━" * done, style="cyan").append("━" * (BAR - done), style="dim")
        return made.append(f" {100 * share:3.0f} %  {words(self.now, clock)}")

    def stop(self) -> None:
        if self.live is not None:
            self.live.stop()


class Lines:
    """Lines for a log: one at the start and the end of each phase, and one every `every` seconds."""

    def __init__(self, say: Callable[[str], None], every: float = LINE_EVERY) -> None:
        self.say, self.every, self.last = say, every, time.monotonic()

    def __call__(self, now: Any) -> None:
        ends = now.step >= now.steps if hasattr(now, "steps") else now.done in (0, now.total)
        if ends or time.monotonic() - self.last >= self.every:
            self.last = time.monotonic()
            self.say(f"{now.phase}, {counted(now)}: {words(now)}")


def share_of(now: Any) -> float:
    """Return the completed share of the work, 0 to 1."""
    share = now.share
    if share is None:
        share = now.step / max(now.steps, 1)
    return min(1.0, max(0.0, float(share)))


def counted(now: Any) -> str:
    """Format progress as `step 12 of 900`, `150 of 600 windows` (scoring) or `512 of 3,000 series` (forecasting)."""
    if hasattr(now, "steps"):
        return f"step {now.step:,} of {'at most ' if now.step < now.steps else ''}{now.steps:,}"
    return f"{now.done:,} of {now.total:,} {now.unit}"


def clock(seconds: float) -> str:
    """Format seconds as `1:03` or `1:01:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def words(now: Any, shown: Callable[[float], str] = duration) -> str:
    """Format progress as `loss 0.1234, best 0.1301, 812 win/s, 1 min 3 s left`.

    When scoring or forecasting, the name of the model replaces the losses.
    """
    if not hasattr(now, "steps"):
        if not now.done:
            return str(now.name)
        rate = "win/s" if now.unit == "windows" else f"{now.unit}/s"
        return f"{now.name}, {per_second(now.rate)} {rate}, {shown(now.remaining)} left"
    parts = [f"loss {now.loss:.4f}"] if math.isfinite(now.loss) else []  # on a GPU, read every few steps only
    best = now.validation if now.best is None else now.best
    if best is not None:
        parts.append(f"best {best:.4f}")
    if now.windows_per_second > 0:
        parts.append(f"{per_second(now.windows_per_second)} win/s")
    if now.remaining is not None:
        parts.append(f"{shown(now.remaining)} left")
    return ", ".join(parts)


def per_second(rate: float) -> str:
    """Format a rate per second as `12,812`, or as `0.08` below 1."""
    return f"{rate:,.0f}" if rate >= 1 else f"{rate:.2g}"
