"""Plot of a forecast in the terminal: braille dots for lines, a light shade for the interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.text import Text

from tsattn.data.names import printable
from tsattn.data.panel import Panel
from tsattn.forecasting.frame import Forecast
from tsattn.render.format import decimals, interval_name, number, stamps
from tsattn.render.plots import View, views

if TYPE_CHECKING:
    from tsattn.workflows.detect import Detected

MOST_PLOTS = 4
HEIGHT, MOST_COLUMNS = 12, 110
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # braille bits by [row][column] of a 4 × 2 cell


def draw_terminal(console: Console, forecast: Forecast, panel: Panel) -> None:
    """Print a plot of each series, at most MOST_PLOTS."""
    for view in views(forecast, panel, MOST_PLOTS):
        _print(console, view, forecast)
    if len(forecast) > MOST_PLOTS:
        console.print(
            f"… {len(forecast) - MOST_PLOTS} more series; choose with --series NAME,… or draw 12 with --plot forecast.png",
            style="dim",
        )


def _print(console: Console, view: View, forecast: Forecast) -> None:
    past, future = len(view.past), len(view.middle)
    lines = [view.past, view.middle] + [edge for band in view.bands[:1] for edge in band[1:]]
    seen = np.concatenate([line[np.isfinite(line)] for line in lines])
    low, high = float(seen.min()), float(seen.max())
    if low == high:
        low, high = low - 1, high + 1
    places = decimals(np.array([low, high]))
    labels = [number(low + (high - low) * (HEIGHT - 1 - row) / (HEIGHT - 1), places) for row in range(HEIGHT)]
    margin = max(map(len, labels))
    room = min(console.width if console.is_terminal else 90, MOST_COLUMNS) - margin - 3
    columns = max(10, min(room, max(60, past + future)))
    canvas = _Canvas(columns, low, high, past + future)
    canvas.line(view.past, 0, "history")
    if past and np.isfinite(view.past[-1]):  # start at the last observation, so that the lines are connected
        canvas.line(np.concatenate([view.past[-1:], view.middle]), past - 1, "forecast")
    else:
        canvas.line(view.middle, past, "forecast")
    for _, bottom, top in view.bands[:1]:
        canvas.shade(bottom, top, past)
    console.print(Text(view.item_id, style="bold"))
    for row, label in enumerate(labels):
        text = Text(f"{label if row % 3 == 2 or row == 0 else '':>{margin}} ┤", style="dim")
        console.print(text.append_text(canvas.row(row)), no_wrap=True, crop=True)
    _axis(console, view, forecast, margin, columns)


def _axis(console: Console, view: View, forecast: Forecast, margin: int, columns: int) -> None:
    """Print the time axis with both ends and the cutoff, and the legend."""
    cutoff = min(columns - 1, max(0, round((len(view.past) - 0.5) / (len(view.past) + len(view.middle)) * columns)))
    console.print(Text(" " * margin + " └" + "─" * cutoff + "┴" + "─" * (columns - cutoff - 1), style="dim"), no_wrap=True)
    ends = [view.past_stamps[:1] if len(view.past) else view.stamps[:1], view.stamps[:1], view.stamps[-1:]]
    first, start, last = (stamps(end, forecast.freq)[0] for end in ends)
    line = list(" " * (columns + len(last)))
    # omit labels that would overlap; the label of the cutoff may be on either side of it
    for at, word in ((0, first), (columns - len(last), last), (cutoff, start), (cutoff - len(start) + 1, start)):
        if at >= 0 and word not in "".join(line) and not "".join(line[max(0, at - 1) : at + len(word) + 1]).strip():
            line[at : at + len(word)] = word
    console.print(Text(" " * (margin + 2) + "".join(line).rstrip(), style="dim"), no_wrap=True)
    legend = Text(" " * (margin + 2))
    legend.append("observed, then ").append(f"{view.name} forecast", style="bold cyan")
    if view.bands:
        legend.append("  ").append("░░", style="cyan").append(f" {interval_name(view.bands[0][0])}")
    console.print(legend, no_wrap=True)


class _Canvas:
    """Grid of cells with 2 × 4 dots each, over `steps` time steps and values from `low` to `high`."""

    def __init__(self, columns: int, low: float, high: float, steps: int) -> None:
        self.columns, self.low, self.high, self.steps = columns, low, high, steps
        self.bits = np.zeros((HEIGHT, columns), np.int64)
        self.kind = np.full((HEIGHT, columns), "", dtype=object)
        self.shaded = np.zeros((HEIGHT, columns), bool)

    def line(self, values: np.ndarray, first: int, kind: str) -> None:
        """Draw values at steps `first`, `first` + 1, …, and connect neighbours that are present."""
        wide, tall = self.columns * 2 - 1, HEIGHT * 4 - 1
        x = (np.arange(len(values)) + first) / max(1, self.steps - 1) * wide
        y = (values - self.low) / (self.high - self.low) * tall
        for i in range(len(values)):
            if np.isfinite(y[i]):
                self._dot(x[i], y[i], kind)
            if i and np.isfinite(y[i - 1]) and np.isfinite(y[i]):
                count = int(max(abs(x[i] - x[i - 1]), abs(y[i] - y[i - 1]))) + 1
                for share in np.linspace(0, 1, count + 1):
                    self._dot(x[i - 1] + share * (x[i] - x[i - 1]), y[i - 1] + share * (y[i] - y[i - 1]), kind)

    def _dot(self, x: float, y: float, kind: str) -> None:
        column, down = round(x), HEIGHT * 4 - 1 - round(y)
        cell = (down // 4, column // 2)
        self.bits[cell] |= _DOTS[down % 4][column % 2]
        self.kind[cell] = kind

    def shade(self, bottom: np.ndarray, top: np.ndarray, first: int) -> None:
        """Shade the cells between two lines."""
        for column in range(self.columns):
            step = column * 2 / max(1, self.columns * 2 - 1) * (self.steps - 1) - first
            if step > -0.5:
                i = min(len(top) - 1, max(0, round(step)))
                if np.isnan(top[i]):
                    continue
                rows = [
                    HEIGHT - 1 - int((v - self.low) / (self.high - self.low) * (HEIGHT - 1) + 0.5) for v in (top[i], bottom[i])
                ]
                self.shaded[max(0, rows[0]) : rows[1] + 1, column] = True

    def row(self, row: int) -> Text:
        """Return one row of the canvas."""
        text = Text()
        for column in range(self.columns):
            if self.bits[row, column]:
                style = "bold cyan" if self.kind[row, column] == "forecast" else ""
                text.append(chr(0x2800 + int(self.bits[row, column])), style=style)
            else:
                text.append("░" if self.shaded[row, column] else " ", style="cyan" if self.shaded[row, column] else "")
        return text


def draw_anomalies(console: Console, found: Detected) -> None:
    """Print the series with the strongest anomalies, at most MOST_PLOTS: values, the interval, and a mark at each anomaly."""
    from tsattn.render.anomalies_plot import shown_items

    for item in shown_items(found, MOST_PLOTS):
        own = np.flatnonzero(found.scores.item == item)[-2 * MOST_COLUMNS :]
        first = int(found.scores.row[own[0]])
        values = found.panel.target[first : int(found.panel.origin[item])].astype(np.float64)
        at = found.scores.row[own] - first
        bounds = np.full((2, len(values)), np.nan)
        seen = values[np.isfinite(values)]
        low, high = float(seen.min()), float(seen.max())
        low, high = (low - 1, high + 1) if low == high else (low, high)
        bounds[:, at] = np.clip(found.low[own], low, high), np.clip(found.high[own], low, high)
        labels = [number(low + (high - low) * part, decimals(np.array([low, high]))) for part in (1, 0.5, 0)]
        margin = max(map(len, labels))
        columns = min((console.width if console.is_terminal else 90) - margin - 3, MOST_COLUMNS)
        canvas = _Canvas(columns, low, high, len(values))
        canvas.line(values, 0, "history")
        canvas.shade(bounds[0], bounds[1], 0)
        marks = [" "] * columns
        for place in at[found.anomalous[own]].tolist():
            marks[min(columns - 1, round(place / max(1, len(values) - 1) * (columns - 1)))] = "▲"
        console.print(Text(printable(found.panel.item_ids[item]), style="bold"))
        for row in range(HEIGHT):
            label = labels[{0: 0, HEIGHT // 2: 1, HEIGHT - 1: 2}[row]] if row in (0, HEIGHT // 2, HEIGHT - 1) else ""
            console.print(Text(f"{label:>{margin}} ┤", style="dim").append_text(canvas.row(row)), no_wrap=True, crop=True)
        console.print(Text(" " * (margin + 2)).append("".join(marks).rstrip(), style="bold red"), no_wrap=True)
        panel = found.panel
        ends = stamps(panel.local(found.timestamps[own[[0, -1]]]), panel.freq)
        console.print(Text(f"{'':{margin + 2}}{ends[0]}{ends[1]:>{max(1, columns - len(ends[0]))}}", style="dim"), no_wrap=True)
        legend = Text(" " * (margin + 2)).append("observed  ").append("░░", style="cyan")
        console.print(
            legend.append(f" {100 * found.level:.10g} % interval  ").append("▲ anomaly", style="bold red"), no_wrap=True
        )
