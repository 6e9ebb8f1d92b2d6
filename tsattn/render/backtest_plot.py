"""A backtest as a picture: observations, and the forecast of each window over them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tsattn.atomic import write_atomic
from tsattn.data.names import printable
from tsattn.data.panel import Panel
from tsattn.data.sinks import checked_suffix
from tsattn.forecasting.frame import Forecast
from tsattn.render.format import interval_levels, interval_name
from tsattn.render.plots import BANDS, FORECAST, INK, MOST_PANELS, axis_values, local_times, plain_axes, time_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PICTURES = (".png", ".svg")
BEFORE = 2  # horizons of observations that are drawn before the first window


def save_backtest_plot(forecast: Forecast, panel: Panel, path: str | Path, model: str) -> Path:
    """Draw a model's forecasts of all windows, at most MOST_PANELS series. Raises ConfigError for another suffix."""
    path = checked_suffix(path, PICTURES)
    figure = draw(forecast, panel, model)
    with write_atomic(path) as beside:
        figure.savefig(beside, format=path.suffix.lower().lstrip("."), dpi=130)
    return path


def draw(forecast: Forecast, panel: Panel, model: str) -> Figure:
    """A figure with a panel for each series. A series may have several windows in `forecast`."""
    from matplotlib.figure import Figure

    items = list(dict.fromkeys(forecast.item_ids))
    shown = items[:MOST_PANELS]
    columns = 1 if len(shown) == 1 else 2 if len(shown) <= 4 else 3
    rows = math.ceil(len(shown) / columns)
    size = (10, 4.2) if len(shown) == 1 else (5.0 * columns, 2.7 * rows + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, item in zip(grid, shown, strict=False):
        _draw_item(axes, forecast, panel, item, alone=len(shown) == 1)
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    more = f", {len(shown)} of {len(items):,} series" if len(items) > len(shown) else ""
    figure.suptitle(f"{printable(model)}: forecasts at past cutoffs{more}", fontsize=12, color=INK, parse_math=False)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=9, frameon=False)
    return figure


def _draw_item(axes: Axes, forecast: Forecast, panel: Panel, item: str, *, alone: bool) -> None:
    windows = [b for b, name in enumerate(forecast.item_ids) if name == item]
    i = panel.item_ids.index(item)
    outer, (name, middle) = interval_levels(forecast.quantiles), forecast.middle
    low, high = (None, None) if outer is None else (forecast.quantile(outer[0]), forecast.quantile(outer[1]))
    for k, b in enumerate(windows):
        x = axis_values(local_times(forecast.timestamps[b], panel), panel)
        if outer is not None and low is not None and high is not None:
            band = interval_name(outer) if k == 0 else None
            axes.fill_between(x, low[b], high[b], color=BANDS[0], linewidth=0, label=band)
        axes.plot(x, middle[b], color=FORECAST, linewidth=1.5, label=f"forecast ({name})" if k == 0 else None)
        cutoff = axis_values(local_times(forecast.cutoffs[b : b + 1], panel), panel)[0]
        axes.axvline(cutoff, color=INK, linewidth=0.7, linestyle=":", label="cutoff" if k == 0 else None)
    steps, _ = panel.freq.steps_between(panel.start[i], forecast.cutoffs[windows[0]])
    first = max(int(panel.indptr[i]), int(panel.indptr[i] + steps + 1) - BEFORE * forecast.horizon)
    end = int(panel.origin[i])
    stamps = panel.freq.advance(panel.start[i], np.arange(first, end) - panel.indptr[i])
    observed = axis_values(local_times(stamps, panel), panel)
    axes.plot(observed, panel.target[first:end], color=INK, linewidth=1.1, label="observed")
    axes.margins(x=0.01)
    plain_axes(axes, size=9 if alone else 8)
    axes.set_title("" if alone and len(panel) == 1 else printable(item)[:60], fontsize=10, color=INK, parse_math=False)
    time_axis(axes, panel, alone=alone)
