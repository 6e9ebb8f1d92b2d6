"""Tables of batch runs and of the monitor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.text import Text

from tsattn.render.format import duration
from tsattn.render.tables import show, table

LINE_EVERY = 60.0  # seconds between progress lines in a log
_STYLES = {"done": "green", "partial": "yellow", "running": "cyan"}


def runs(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print one row per run; below the table, the errors of failed runs and the outputs that kept stored forecasts."""
    if not rows:
        console.print(Text("no runs yet; start one: tsattn run jobs.toml"))
        return
    recorded = "started" in rows[0]
    fallback = [">fall-\nback"] if any(row["fallback"] for row in rows) else []  # else none: rows are in --json
    ended = [">ended\nitems"] if any(row["ended_items"] for row in rows) else []
    detects = any(_anomalies(row) for row in rows)
    anomalies = [">anomalies"] if detects else []
    columns = ["job", "status", "cutoff", ">items", *fallback, ">failed", *ended, *anomalies, "model", ">time"]
    drawn = table(*(["started", *columns] if recorded else columns))
    drawn.columns[0].no_wrap = recorded  # a time on one line can be searched for
    for row in rows:
        status, model = str(row["status"]), row["model"]
        version = f"{model}/{row['version']}" if model and row["version"] else str(model or "–")
        keys = ("items", *(["fallback"] if fallback else []), "failed", *(["ended_items"] if ended else []))
        counts = [f"{row[key]:,}" if row[key] is not None else "–" for key in keys]
        cells: list[Text | str] = [
            Text(str(row["job"])),
            Text(status, style=_STYLES.get(status, "red")),
            Text(str(row["cutoff"] or "–")),
            *counts,
        ]
        cells += [_anomalies(row) or "–"] if detects else []
        cells += [Text(version), "–" if row["seconds"] is None else duration(float(row["seconds"]))]
        drawn.add_row(*([str(row["started"]).replace("T", " ")[:16]] if recorded else []), *cells)
    show(console, drawn)
    for row in rows:
        for kept in [] if recorded else (row["details"] or {}).get("kept", []):
            console.print(Text(f"{row['job']}: {kept}", style="yellow"))
        if lost := (row.get("details") or {}).get("lost_series"):
            console.print(Text(f"{row['job']}: {lost}", style="yellow"))
        if row["error"]:
            console.print(Text(f"{row['job']}: {row['error']}", style="red"))


def _anomalies(row: Mapping[str, Any]) -> str:
    """Format the anomalies of a run, such as `1 new of 3`; "" for a run that looked for none."""
    details = row.get("details") or {}
    if "new_anomalies" not in details:
        return ""
    return f"{details['new_anomalies']:,} new of {details['anomalous_rows']:,}"


def verdicts(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print one row per job with its verdict, and the problems below the table."""
    detects = any(row["new_anomalies"] is not None for row in rows)
    anomalies = [">new ano-\nmalies"] if detects else []
    drawn = table("job", "verdict", "last good run", "newest row", ">MASE\nsince", ">80 %\ncover", *anomalies)
    for row in rows:
        good = not row["problems"]
        scored = [f"{row['mase']:.3f}" if row["mase"] is not None else "–"]
        scored += [f"{row['coverage'] * 100:.0f} %" if row["coverage"] is not None else "–"]
        scored += [f"{row['new_anomalies']:,}" if row["new_anomalies"] is not None else "–"] if detects else []
        style = "green" if good else "red"
        last = str(row["last_good"] or "never").replace("T", " ")[:19]
        newest = Text(str(row["newest_row"] or "–"))
        drawn.add_row(Text(str(row["job"])), Text("good" if good else "bad", style=style), last, newest, *scored)
    show(console, drawn)
    for row in rows:
        for problem in row["problems"]:
            console.print(Text(f"{row['job']}: {problem}", style="red"))
        if worst := row["worst_item"]:
            said = f"lowest coverage of the 80 % interval: {worst['item_id']}, {worst['coverage'] * 100:.0f} %"
            console.print(Text(f"{row['job']}: {said}", style="yellow"))


@contextmanager
def progress(console: Console, log: Callable[..., None], *, quiet: bool, plain: bool) -> Iterator[Callable[[Any], None]]:
    """Yield a handler that shows the progress of jobs: a bar on a terminal, else one log line a minute."""
    if quiet:
        yield lambda _: None
        return
    if plain or not console.is_terminal:
        yield _Lines(log)
        return
    columns = (TextColumn("{task.fields[job]}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    bar = Progress(*columns, console=console, transient=True)
    tasks: dict[str, TaskID] = {}

    def show(now: Any) -> None:
        if now.job not in tasks:
            for done in tasks.values():
                bar.update(done, visible=False)
            tasks[now.job] = bar.add_task("", total=1.0, job=now.job)
            bar.start()
        bar.update(tasks[now.job], completed=now.share, description=said(now))

    try:
        yield show
    finally:
        bar.stop()


class _Lines:
    def __init__(self, log: Callable[..., None]) -> None:
        self.log, self.last = log, time.monotonic()

    def __call__(self, now: Any) -> None:
        if time.monotonic() - self.last >= LINE_EVERY:
            self.last = time.monotonic()
            self.log("info", f"{now.share:.0%}: {said(now)}", job=now.job, items=now.items, items_per_second=round(now.rate, 1))


def said(now: Any) -> str:
    """Format progress as `12,288 items, 512 items/s, 3 min left`."""
    left = "" if now.remaining is None else f", {duration(now.remaining)} left"
    return f"{now.items:,} items, {now.rate:,.0f} items/s{left}"
