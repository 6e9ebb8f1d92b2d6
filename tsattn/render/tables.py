"""Tables and sentences that present results."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from tsattn.data.freq import Freq, months_of
from tsattn.data.names import printable
from tsattn.data.report import ReadReport
from tsattn.forecasting.predict import Failure
from tsattn.forecasting.scores import Backtest
from tsattn.render.format import count, decimals, duration, number, span
from tsattn.render.short_names import ShortNames, shortened

MOST_ITEMS = 20
COLUMNS = ("MASE", "WQL", "RMSE", "sMAPE", "coverage", "skill_MASE", "skill_WQL")
WIDE_COLUMNS = ("MASE", "WQL", "RMSE", "coverage", "coverage_95", "skill_MASE", "skill_WQL")
# in two lines, so that the table fits 80 columns
HEADINGS = {"coverage": "80 %\ncover", "coverage_95": "95 %\ncover", "skill_MASE": "skill\nMASE", "skill_WQL": "skill\nWQL"}
AIMS = {"coverage": 0.8, "coverage_95": 0.95}
TREND = 20  # least number of steps for a trend of the loss
MONTHLY = re.compile(r"\d*[MQY][SE]")  # frequencies whose timestamps are shown as months
NARROW = 80  # columns: least width of tables on a terminal; in files and pipes, width that sparklines are fitted to
MOST_MODEL = 22  # longest model name in a table of scores, in characters


class _Table(Table):
    """Table that escapes control characters in names from data."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*map(_cell, cells), **options)


def _cell(shown: Any) -> Any:
    """Escape a text; return anything else unchanged."""
    plain = shown.plain if isinstance(shown, Text) else shown
    if not isinstance(plain, str) or (safe := printable(plain)) == plain:
        return shown
    return Text(safe, style=shown.style) if isinstance(shown, Text) else safe


def table(*columns: str, title: str = "") -> Table:
    """Return an empty table in the common style. Columns whose name begins with > are right-aligned."""
    made = _Table(
        box=box.SIMPLE_HEAD,
        title=title or None,
        title_justify="left",
        title_style="bold",
        padding=(0, 1, 0, 0),  # two spaces between columns
        pad_edge=False,
        show_edge=False,
    )
    for name in columns:
        right = name.startswith(">")
        made.add_column(name.lstrip(">"), justify="right" if right else "left", no_wrap=right, overflow="fold")
    return made


def show(console: Console, drawn: RenderableType) -> None:
    """Print a table or a tree. Its rows are wrapped on a terminal only: in files and pipes, each row is one line."""
    console.print(drawn, width=max(NARROW, console.width))


def report(console: Console, read: ReadReport, *, brief: bool = False) -> None:
    """Print the reading report: inferred values with the options that override them, repairs and warnings.

    brief: omit the inferred values.
    """
    missing = f" ({read.missing:,} missing)" if read.missing else ""
    summary = f"{read.source}: {count(read.items, 'series', 'series')}, {count(read.rows, 'row')}{missing}{_extent(read)}"
    console.print(Text(summary, style="bold"))
    if read.found and not brief:
        found = table("inferred", "value", "override with")
        for finding in read.found:
            found.add_row(Text(finding.what), Text(finding.value), Text(finding.flag, style="dim"))
        show(console, found)
    for repair in read.repaired:
        console.print(Text(str(repair)))
    for warning in read.warnings:
        console.print(Text(f"warning: {warning}", style="yellow"))


def _extent(read: ReadReport) -> str:
    """Format the first and the last timestamp, with months as in tables of forecasts."""
    if not read.first:
        return ""
    ends = [read.first, read.last]
    freq = next((finding.value for finding in read.found if finding.what == "frequency"), "")
    if MONTHLY.fullmatch(freq):
        ends = months_of(np.array(ends, "datetime64[us]"), Freq.parse(freq)) or ends
    return f", {ends[0]} to {ends[1]}"


def ingest(console: Console, read: ReadReport, path: Path | None) -> None:
    """Print the reading report and the path of the written file."""
    report(console, read)
    written(console, [path] if path else [])


def written(console: Console, paths: Iterable[Path], failures: Sequence[Failure] = ()) -> None:
    """Print the written files, the failed items, and those without a forecast because they ended long ago."""
    for failure in failures[:MOST_ITEMS]:
        what, style = ("left out", "yellow") if failure.ended else ("failed", "red")
        console.print(Text(printable(f"{what}: {failure.item_id}: {failure.reason}"), style=style))
    if len(failures) > MOST_ITEMS:
        console.print(Text(f"… and {len(failures) - MOST_ITEMS:,} more", style="red"))
    files = list(paths)
    for path in files[:MOST_ITEMS]:
        console.print(Text(f"written: {path}"))
    if len(files) > MOST_ITEMS:
        console.print(Text(f"… and {len(files) - MOST_ITEMS:,} more files"))


def name_note(console: Console, names: ShortNames) -> None:
    """Print what the names of the series in a table share, if it is left out."""
    if names.note:
        console.print(Text(names.note, style="dim"))


def sentences(console: Console, lines: Iterable[str]) -> None:
    """Print each sentence in bold on its own line."""
    for line in lines:
        console.print(Text(line, style="bold"))


def scores(console: Console, rows: Sequence[Mapping[str, Any]], title: str = "", columns: Sequence[str] = COLUMNS) -> None:
    """Print one row per model, with the best value of each column in bold. A missing score is –."""
    made = table("model", *(f">{HEADINGS.get(c, c)}" for c in columns), title=title)
    best = {c: _best([row.get(c) for row in rows], c) for c in columns}
    places = {c: decimals(np.array([_number(row.get(c)) for row in rows])) for c in columns}
    for row in rows:
        cells = [
            Text(_score(row.get(c), c, places[c]), style="bold" if best[c] is not None and row.get(c) == best[c] else "")
            for c in columns
        ]
        made.add_row(Text(shortened(str(row["model"]), MOST_MODEL)), *cells)
    show(console, made)


def _best(values: Sequence[Any], column: str) -> Any:
    seen = [v for v in values if v is not None and math.isfinite(v)]
    if len(seen) < 2:
        return None
    if column in AIMS:
        return min(seen, key=lambda v: abs(v - AIMS[column]))
    return max(seen) if column.startswith("skill") else min(seen)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _score(value: Any, column: str, places: int) -> str:
    value = _number(value)
    if not math.isfinite(value):
        return "–"
    if column.startswith("skill"):
        return f"{value * 100:+.1f} %"
    if column in AIMS:
        return f"{value * 100:.0f} %"
    if column == "sMAPE":
        return f"{value:.3f}"
    return number(value, places) if column in ("RMSE", "MAE") else f"{value:.4f}"


def backtest(console: Console, found: Backtest, metrics: Sequence[str] = ()) -> None:
    """Print the scores of a backtest, the omitted windows, and notes on models.

    metrics: columns of the table; () for COLUMNS, or WIDE_COLUMNS where the quantiles have a 95 % interval.
    """
    rows = found.table()
    usual = WIDE_COLUMNS if any(math.isfinite(_number(row["coverage_95"])) for row in rows) else COLUMNS
    windows = f"{count(found.windows, 'window')} of {span(found.horizon, found.freq)}"
    scores(console, rows, f"Backtest: {count(len(found.item_ids), 'series', 'series')}, {windows}", metrics or usual)
    left = [(found.too_short, "no observed value before the cutoff"), (found.no_truth, "no observed value after the cutoff")]
    for windows_left, why in left:
        if windows_left:
            console.print(Text(f"left out: {count(windows_left, 'window')} with {why}", style="dim"))
    if found.unscaled:
        console.print(Text(f"not in MASE: {count(found.unscaled, 'window')} with a constant history", style="dim"))
    for model, notes in found.notes.items():
        for note in notes:
            console.print(Text(f"note: {model}: {note}", style="yellow"))


def models(console: Console, rows: Sequence[Mapping[str, Any]], workspace: str) -> None:
    """Print the models of a workspace, newest first."""
    if not rows:
        console.print(Text(f"no models in {workspace}; train one: tsattn train data.csv"))
        return
    drawn = table(
        "model",
        "created",
        "freq",
        ">horizon",
        ">series",
        ">rows",
        ">MASE",
        ">WQL",
        ">skill\nWQL",
        title=f"Models in {workspace}",
    )
    broken: list[str] = []
    for row in rows:
        if row.get("error"):
            broken.append(f"{row['model']} cannot be read: {row['error']}")
            continue
        score = row.get("scores") or {}
        numbers = [f"{row.get(key) or 0:,}" for key in ("horizon", "items", "rows")]
        numbers += [_score(score.get(key), key, 4) for key in ("MASE", "WQL", "skill_WQL")]
        name = Text(shortened(str(row["model"]), MOST_MODEL))
        drawn.add_row(name, str(row["created"])[:10], str(row["freq"]), *numbers)
    show(console, drawn)
    for line in broken:
        console.print(Text(line, style="yellow"))


def pretrained(console: Console, found: Mapping[str, Any]) -> None:
    """Print the progress of pre-training and the command that continues it."""
    fitted = found["fitted"]
    console.print(
        Text(
            f"step {fitted['steps']:,} of {found['steps']:,} after {duration(float(fitted['seconds']))} "
            f"on {fitted['device']} ({fitted['precision']}); {count(int(fitted['parameters']), 'parameter')}"
        )
    )
    if found.get("data_share") is not None:
        console.print(Text(f"{found['data_share']:.1%} of the time was spent generating series"))
    if found["model"] is None:
        console.print(Text(f"paused; continue with: tsattn pretrain --out {found['out']} --resume", style="bold"))
    else:
        console.print(Text(f"saved: {found['model']}\nforecast with it: tsattn forecast data.csv --model {found['model']}"))


def profile(console: Console, found: Mapping[str, Any]) -> None:
    """Print the time spent in each part of a training step; see training/profiler.py."""
    seconds, steps = found["seconds"], int(found["steps"])
    total = sum(seconds.values())
    if not steps or not total:
        console.print(Text("no profile: no training step was run"))
        return
    shown = table("part", ">seconds", ">share", ">ms/step", title=f"Training time, {count(steps, 'step')}")
    for part, spent in seconds.items():
        shown.add_row(part, f"{spent:.2f}", f"{spent / total:.0%}", f"{1000 * spent / steps:.1f}")
    shown.add_row("total", f"{total:.2f}", "", f"{1000 * total / steps:.1f}", style="bold")
    show(console, shown)


def trained(console: Console, fitted: Mapping[str, Any], model: str, path: Path, untrained: str = "", options: str = "") -> None:
    """Print the outcome of a training run, the path of the model and the next command.

    untrained: the reason why the zero-shot model was saved; "" if a note has already given it. options: of the next command.
    """
    if fitted["steps"]:
        why = {"finished": "finished", "early": "stopped early", "time": "stopped by --max-time", "interrupted": "interrupted"}
        console.print(
            Text(
                f"{why.get(str(fitted['stopped']), str(fitted['stopped']))} after {count(int(fitted['steps']), 'step')} in "
                f"{duration(float(fitted['seconds']))} on {fitted['device']} ({fitted['precision']}); "
                f"best weights at step {int(fitted['best_step']):,}; {count(int(fitted['parameters']), 'parameter')}"
            )
        )
    elif untrained:
        console.print(Text(untrained))
    fell = fitted["best_step"] == fitted["steps"] >= TREND and fitted["validation"] is not None
    if fitted["stopped"] == "time" and fell:
        console.print(Text("the loss was still falling; train on with: --resume --max-time 5m"))
    console.print(Text(f"saved: {model} in {path}"))
    console.print(Text(f"next: tsattn forecast {options}".rstrip(), style="dim"))
