"""Results as tables and sentences for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tsattn.data.cleaning.point_outliers import shown_history
from tsattn.data.names import printable
from tsattn.data.panel import Panel
from tsattn.data.report import ReadReport
from tsattn.forecasting.frame import Forecast
from tsattn.forecasting.predict import Failure
from tsattn.forecasting.scores import Backtest
from tsattn.render.format import count, decimals, duration, interval_levels, interval_name, number, span, stamps
from tsattn.render.sparkline import sparkline

MOST_ITEMS = 20
COLUMNS = ("MASE", "WQL", "RMSE", "sMAPE", "coverage", "skill_MASE", "skill_WQL")
HEADINGS = {"coverage": "80 % coverage", "skill_MASE": "skill (MASE)", "skill_WQL": "skill (WQL)"}


class _Table(Table):
    """A table whose cells hold names from data."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*map(_cell, cells), **options)


def _cell(shown: Any) -> Any:
    """A cell as it is, or as printable text."""
    plain = shown.plain if isinstance(shown, Text) else shown
    if not isinstance(plain, str) or (safe := printable(plain)) == plain:
        return shown
    return Text(safe, style=shown.style) if isinstance(shown, Text) else safe


def table(*columns: str, title: str = "") -> Table:
    """An empty table in the house's style; a column whose name begins with > is aligned to the right."""
    made = _Table(
        box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False, show_edge=False
    )
    for name in columns:
        right = name.startswith(">")
        made.add_column(name.lstrip(">"), justify="right" if right else "left", no_wrap=right, overflow="fold")
    return made


def report(console: Console, read: ReadReport, *, brief: bool = False) -> None:
    """What reading found, with the flag that overrides each guess, what it repaired, and its warnings.

    `brief` leaves the table of what was found out.
    """
    span = f", {read.first} to {read.last}" if read.first else ""
    missing = f" ({read.missing:,} missing)" if read.missing else ""
    summary = f"{read.source}: {count(read.items, 'series', 'series')}, {count(read.rows, 'row')}{missing}{span}"
    console.print(Text(summary, style="bold"))
    if read.found and not brief:
        found = table("found", "value", "to override")
        for finding in read.found:
            found.add_row(Text(finding.what), Text(finding.value), Text(finding.flag, style="dim"))
        console.print(found)
    for repair in read.repaired:
        where = f" (first: {repair.where})" if repair.where else ""
        console.print(Text(f"repaired: {repair.what}: {repair.count:,}{where}"))
    for warning in read.warnings:
        console.print(Text(f"note: {warning}", style="yellow"))


def ingest(console: Console, read: ReadReport, path: Path | None) -> None:
    """The reading report, and the file that was written."""
    report(console, read)
    written(console, [path] if path else [])


def written(console: Console, paths: Iterable[Path], failures: Sequence[Failure] = ()) -> None:
    """The files that were written, and the items that failed."""
    for failure in failures[:MOST_ITEMS]:
        console.print(Text(printable(f"failed: {failure.item_id}: {failure.reason}"), style="red"))
    if len(failures) > MOST_ITEMS:
        console.print(Text(f"… and {len(failures) - MOST_ITEMS:,} more", style="red"))
    for path in paths:
        console.print(Text(f"written: {path}"))


def sentences(console: Console, lines: Iterable[str]) -> None:
    """Each on a line of its own, in bold."""
    for line in lines:
        console.print(Text(line, style="bold"))


def scores(console: Console, rows: Sequence[Mapping[str, Any]], title: str = "") -> None:
    """One row a model, the best value of each column in bold. Absent scores are –."""
    made = table("model", *(f">{HEADINGS.get(c, c)}" for c in COLUMNS), title=title)
    best = {c: _best([row.get(c) for row in rows], c) for c in COLUMNS}
    places = decimals(np.array([_number(row.get("RMSE")) for row in rows]))
    for row in rows:
        cells = [
            Text(_score(row.get(c), c, places), style="bold" if best[c] is not None and row.get(c) == best[c] else "")
            for c in COLUMNS
        ]
        made.add_row(Text(str(row["model"])), *cells)
    console.print(made)


def _best(values: Sequence[Any], column: str) -> Any:
    seen = [v for v in values if v is not None and math.isfinite(v)]
    if len(seen) < 2:
        return None
    if column == "coverage":
        return min(seen, key=lambda v: abs(v - 0.8))
    return max(seen) if column.startswith("skill") else min(seen)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _score(value: Any, column: str, places: int) -> str:
    value = _number(value)
    if not math.isfinite(value):
        return "–"
    if column.startswith("skill"):
        return f"{value * 100:+.1f} %"
    if column == "coverage":
        return f"{value * 100:.0f} %"
    if column == "sMAPE":
        return f"{value:.3f}"
    return number(value, places) if column == "RMSE" else f"{value:.4f}"


def backtest(console: Console, found: Backtest) -> None:
    """The scores of a backtest, what was left out, and what each model notes."""
    rows = found.table()
    windows = f"{count(found.windows, 'window')} of {span(found.horizon, found.freq)}"
    scores(console, rows, f"Backtest: {count(len(found.item_ids), 'series', 'series')}, {windows}")
    left = [(found.too_short, "no observed value before them"), (found.no_truth, "no observed value in them")]
    for windows_left, why in left:
        if windows_left:
            console.print(Text(f"left out: {count(windows_left, 'window')} with {why}", style="dim"))
    if found.unscaled:
        console.print(Text(f"not in MASE: {count(found.unscaled, 'window')} whose history never changes", style="dim"))
    for model, notes in found.notes.items():
        for note in notes:
            console.print(Text(f"note: {model}: {note}", style="yellow"))


def forecast(console: Console, made: Forecast, panel: Panel, model: str, *, saved: bool = False) -> None:
    """Per item: a sparkline of its history and forecast, its next steps and their interval. saved: a file holds them all."""
    levels = interval_levels(made.quantiles)
    shown = min(len(made), MOST_ITEMS)
    steps = min(made.horizon, 8 if shown == 1 else 3 if shown <= 5 else 1)
    title = f"{model}: {count(len(made), 'series', 'series')}, the next {span(made.horizon, made.freq)}"
    name, middle = made.middle
    columns = ["series", "history | forecast", "timestamp", f">{name}"] + ([f">{interval_name(levels)}"] if levels else [])
    drawn = table(*columns, title=title)
    index = {item: i for i, item in enumerate(panel.item_ids)}
    for b in range(shown):
        before, after = sparkline(shown_history(panel, index[made.item_ids[b]]), middle[b])
        line = Text(before, style="dim").append("|").append(after, style="cyan")
        places = decimals(made.values[b])
        when = stamps(made.timestamps[b, :steps], made.freq, made.tz)
        for h in range(steps):
            cells: list[Text | str] = [Text(when[h]), number(float(middle[b, h]), places)]
            if levels:
                low, high = (number(float(made.quantile(q)[b, h]), places) for q in levels)
                cells.append(f"{low} … {high}")
            first = h == 0
            drawn.add_row(Text(made.item_ids[b] if first else ""), line if first else "", *cells)
        if shown > 1 and steps > 1 and b + 1 < shown:
            drawn.add_row(*[""] * len(columns))
    console.print(drawn)
    more = [f"{made.horizon - steps} more steps"] if made.horizon > steps else []
    more += [f"{len(made) - shown:,} more series"] if len(made) > shown else []
    if more:
        where = "" if saved else ": write them all with -o forecast.csv"
        console.print(Text(f"… and {' of each, '.join(more)}{where}", style="dim"))


def models(console: Console, rows: Sequence[Mapping[str, Any]], workspace: str) -> None:
    """The models of a workspace, newest first."""
    if not rows:
        console.print(Text(f"there is no model in {workspace}; train one: tsattn train data.csv"))
        return
    drawn = table(
        "model",
        "created",
        "step",
        ">horizon",
        ">series",
        ">rows",
        ">MASE",
        ">WQL",
        ">skill (WQL)",
        title=f"Models in {workspace}",
    )
    for row in rows:
        if row.get("error"):
            drawn.add_row(Text(str(row["model"])), Text(f"cannot be read: {row['error']}", style="yellow"))
            continue
        score = row.get("scores") or {}
        numbers = [f"{row.get(key) or 0:,}" for key in ("horizon", "items", "rows")]
        numbers += [_score(score.get(key), key, 4) for key in ("MASE", "WQL", "skill_WQL")]
        drawn.add_row(Text(str(row["model"])), str(row["created"]).replace("T", " ")[:16], str(row["freq"]), *numbers)
    console.print(drawn)


def pretrained(console: Console, found: Mapping[str, Any]) -> None:
    """How far pre-training is, and what to type next."""
    fitted = found["fitted"]
    console.print(
        Text(
            f"step {fitted['steps']:,} of {found['steps']:,} after {duration(float(fitted['seconds']))} "
            f"on {fitted['device']} ({fitted['precision']}); {count(int(fitted['parameters']), 'parameter')}"
        )
    )
    if found["model"] is None:
        console.print(Text(f"paused; go on with: tsattn pretrain --out {found['out']} --resume", style="bold"))
    else:
        console.print(Text(f"model: {found['model']}  (use it: tsattn forecast data.csv --model {found['model']})"))


def profile(console: Console, found: Mapping[str, Any]) -> None:
    """Where the time of a training went: see training/profiler.py."""
    seconds, steps = found["seconds"], int(found["steps"])
    total = sum(seconds.values())
    if not steps or not total:
        console.print(Text("no step was made, so there is no profile"))
        return
    shown = table("part", ">seconds", ">share", ">ms a step", title=f"training time, {count(steps, 'step')}")
    for part, spent in seconds.items():
        shown.add_row(part, f"{spent:.2f}", f"{spent / total:.0%}", f"{1000 * spent / steps:.1f}")
    shown.add_row("in all", f"{total:.2f}", "", f"{1000 * total / steps:.1f}", style="bold")
    console.print(shown)


def trained(console: Console, fitted: Mapping[str, Any], where: str, verdict: str) -> None:
    """How a training run went, where the model is, and whether it is worth using."""
    if not fitted["steps"]:
        console.print(Text("what is saved is the model in the package as it is: training did not better it"))
        _ended(console, where, verdict)
        return
    why = {"finished": "finished", "early": "stopped early", "time": "stopped by --max-time", "interrupted": "interrupted"}
    ended = why.get(str(fitted["stopped"]), str(fitted["stopped"]))
    console.print(
        Text(
            f"{ended} after {count(int(fitted['steps']), 'step')} in {duration(float(fitted['seconds']))} "
            f"on {fitted['device']} ({fitted['precision']}); "
            f"best weights of step {int(fitted['best_step']):,}; {count(int(fitted['parameters']), 'parameter')}"
        )
    )
    if fitted["stopped"] == "time" and fitted["best_step"] == fitted["steps"] and fitted["validation"] is not None:
        console.print(Text("it was still getting better when its time was over: --resume --max-time 5m trains on"))
    _ended(console, where, verdict)


def _ended(console: Console, where: str, verdict: str) -> None:
    """What a training leaves behind, and what it is worth."""
    if verdict:
        console.print(Text(verdict, style="bold"))
    console.print(Text(f"model: {where}"))
