"""Plots of forecasts: history, median and intervals, one panel per item."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.atomic import write_atomic
from tsattn.data.cleaning.prepare import shown_history
from tsattn.data.names import printable
from tsattn.data.panel import Panel
from tsattn.data.sinks import checked_suffix
from tsattn.data.timezone import to_local
from tsattn.forecasting.frame import Forecast
from tsattn.render.format import interval_levels, interval_name, span, stamps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 12
INK, FORECAST, GRID = "#2b2f36", "#0b6fc2", "#d9dde3"
BANDS = ("#d3e5f4", "#98c4e6")  # wide interval, narrow interval


@dataclass(frozen=True, eq=False)
class View:
    """End of an item's history and its forecast, with timestamps (datetime64[us])."""

    item_id: str
    past_stamps: np.ndarray  # (n,)
    past: np.ndarray  # (n,), NaN where missing
    stamps: np.ndarray  # (H,)
    middle: np.ndarray  # (H,)
    name: str  # name of the middle line: "median", or another quantile
    bands: tuple[tuple[tuple[float, float], np.ndarray, np.ndarray], ...]  # widest first: levels, low (H,), high (H,)


def views(forecast: Forecast, panel: Panel, most: int = MOST_PANELS, shown: int | None = None) -> list[View]:
    """Return the views of the first `most` items of a forecast.

    shown: steps of history; by default a multiple of the horizon.
    """
    index = {item: i for i, item in enumerate(panel.item_ids)}
    shown = shown or max(3 * forecast.horizon, 2 * panel.freq.season_length, 40)
    made = []
    name, middle = forecast.middle
    for b in range(min(len(forecast), most)):
        i = index[forecast.item_ids[b]]
        # in a backtest, the history ends at the cutoff, before the panel's end
        steps, _ = panel.freq.steps_between(panel.start[i], forecast.cutoffs[b])
        end = int(panel.indptr[i] + steps + 1)
        first = max(int(panel.indptr[i]), end - shown)
        past_stamps = panel.freq.advance(panel.start[i], np.arange(first, end) - panel.indptr[i])
        made.append(
            View(
                item_id=printable(forecast.item_ids[b]),
                past_stamps=local_times(past_stamps, panel),
                past=shown_history(panel, i, end, forecast.cleaning.at(b))[first - end :].astype(np.float64),
                stamps=local_times(forecast.timestamps[b], panel),
                middle=middle[b].astype(np.float64),
                name=name,
                bands=_bands(forecast, b),
            )
        )
    return made


def _bands(forecast: Forecast, b: int) -> tuple[tuple[tuple[float, float], np.ndarray, np.ndarray], ...]:
    outer = interval_levels(forecast.quantiles)
    if outer is None:
        return ()
    inner = next((p for p in ((0.25, 0.75), (0.3, 0.7)) if set(p) <= set(forecast.quantiles) and p[0] > outer[0]), None)
    pairs = [outer] + ([inner] if inner else [])
    return tuple((p, forecast.quantile(p[0])[b].astype(np.float64), forecast.quantile(p[1])[b].astype(np.float64)) for p in pairs)


def local_times(values: np.ndarray, panel: Panel) -> np.ndarray:
    """Timestamps as clocks show them where the panel has a zone."""
    return to_local(values, panel.tz) if panel.tz is not None and panel.freq.is_subdaily else values


def title(forecast: Forecast, panel: Panel) -> str:
    """Return a title such as `price: forecast of the next 12 months after 2010-03`."""
    names = panel.schema.target
    what = (
        forecast.item_ids[0]
        if len(forecast) == 1 and len(panel) > 1
        else names[0]
        if len(names) == 1
        else f"{len(forecast)} series"
    )
    text = f"{printable(what)}: forecast of the next {span(forecast.horizon, forecast.freq)}"
    if len(np.unique(forecast.cutoffs)) == 1:
        text += f" after {stamps(forecast.cutoffs[:1], forecast.freq, forecast.tz)[0]}"
    return text if len(forecast) <= MOST_PANELS else f"{text}\n(the first {MOST_PANELS} of {len(forecast)} series)"


def draw(forecast: Forecast, panel: Panel, heading: str = "") -> Figure:
    """Return a matplotlib figure with one panel per item, at most MOST_PANELS."""
    from matplotlib.figure import Figure

    shown = views(forecast, panel)
    columns = 1 if len(shown) == 1 else 2 if len(shown) <= 4 else 3
    rows = math.ceil(len(shown) / columns)
    size = (10, 4.2) if len(shown) == 1 else (5.0 * columns, 2.7 * rows + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, view in zip(grid, shown, strict=False):
        _draw_item(axes, view, panel, alone=len(shown) == 1)
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    figure.suptitle(heading or title(forecast, panel), fontsize=12, color=INK, parse_math=False)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=9, frameon=False)
    return figure


def _draw_item(axes: Axes, view: View, panel: Panel, *, alone: bool) -> None:
    past_x, x = axis_values(view.past_stamps, panel), axis_values(view.stamps, panel)
    for number, (levels, low, high) in enumerate(view.bands):
        # opaque, so that a band has the same colour in the legend and on a wider band
        color = BANDS[number]
        if len(x) == 1:  # a single step has no width to fill
            axes.vlines(x, low, high, color=color, linewidth=6, label=interval_name(levels))
        else:
            axes.fill_between(x, low, high, color=color, linewidth=0, label=interval_name(levels))
    axes.plot(past_x, view.past, color=INK, linewidth=1.2, label="observed")
    alone_points = _lonely(view.past)
    if alone_points.any():  # a value between two gaps has no line
        axes.plot(past_x[alone_points], view.past[alone_points], ".", color=INK, markersize=3)
    marker = "." if len(x) == 1 else None
    axes.plot(x, view.middle, color=FORECAST, linewidth=1.6, marker=marker, label=f"forecast ({view.name})")
    if len(past_x) and np.isfinite(view.past[-1]):  # a thin line from the last observation to the forecast
        axes.plot([past_x[-1], x[0]], [view.past[-1], view.middle[0]], color=FORECAST, linewidth=0.8)
    if len(past_x):
        axes.axvline(past_x[-1], color=INK, linewidth=0.8, linestyle=":")
    axes.margins(x=0.01)
    plain_axes(axes, size=8 if not alone else 9)
    _label_axes(axes, view, panel, alone=alone)


def plain_axes(axes: Axes, size: int = 9) -> None:
    """Draw a light grid behind the data and hide the top and right spines."""
    axes.grid(True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=size, colors=INK)


def _label_axes(axes: Axes, view: View, panel: Panel, *, alone: bool) -> None:
    names = panel.schema.target
    if not alone:
        axes.set_title(view.item_id[:60], fontsize=10, color=INK, parse_math=False)
    wide = len(names) > 1 or not names
    label = view.item_id if alone and wide else "" if wide else printable(names[0])
    axes.set_ylabel(label[:40], fontsize=9, color=INK, parse_math=False)
    time_axis(axes, panel, alone=alone)


def time_axis(axes: Axes, panel: Panel, *, alone: bool) -> None:
    """Label the x-axis with a few dates, or with step numbers."""
    if panel.freq.has_clock:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator(minticks=3, maxticks=8 if alone else 6)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axes.xaxis.get_offset_text().set(size=8 if not alone else 9, color=INK)
    elif alone:
        axes.set_xlabel("step", fontsize=9, color=INK)
    if alone and panel.tz is not None:
        axes.set_xlabel(f"time ({panel.tz})", fontsize=9, color=INK)


def axis_values(values: np.ndarray, panel: Panel) -> np.ndarray:
    """Return x values for matplotlib: timestamps, or step numbers."""
    return values if panel.freq.has_clock else values.astype(np.int64)


def _lonely(values: np.ndarray) -> np.ndarray:
    seen = np.isfinite(values)
    before, after = np.append(False, seen[:-1]), np.append(seen[1:], False)
    return seen & ~before & ~after


def save_plot(forecast: Forecast, panel: Panel, path: str | Path, heading: str = "") -> Path:
    """Write the plot to .png, .svg or .html. Raises ConfigError for another suffix."""
    path = checked_suffix(path, tuple(PLOTS))
    with write_atomic(path) as beside:
        PLOTS[path.suffix.lower()](forecast, panel, beside, heading)
    return path


def _png(forecast: Forecast, panel: Panel, path: Path, heading: str) -> None:
    draw(forecast, panel, heading).savefig(path, format="png", dpi=130)


def svg_text(forecast: Forecast, panel: Panel, heading: str = "") -> str:
    """Return the plot as SVG. The same forecast gives the same bytes."""
    import io

    from matplotlib import rc_context

    out = io.StringIO()
    with rc_context({"svg.hashsalt": "tsattn", "svg.fonttype": "none"}):
        draw(forecast, panel, heading).savefig(out, format="svg", metadata={"Date": None, "Creator": "tsattn"})
    return out.getvalue()


def _svg(forecast: Forecast, panel: Panel, path: Path, heading: str) -> None:
    path.write_text(svg_text(forecast, panel, heading), "utf-8")


def _html(forecast: Forecast, panel: Panel, path: Path, heading: str) -> None:
    from tsattn.render.html import page

    path.write_text(page(forecast, panel, heading), "utf-8")


PLOTS: dict[str, Callable[[Any, Any, Path, str], None]] = {".png": _png, ".svg": _svg, ".html": _html}
