"""Plot of anomalies: values, the interval forecast before each of them, and the rows outside it."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

import numpy as np

from tsattn.data.names import printable
from tsattn.render.plots import BANDS, INK, MOST_PANELS, axis_values, plain_axes, time_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tsattn.workflows.detect import Detected

ALARM = "#c62828"


def shown_items(found: Detected, most: int = MOST_PANELS) -> list[int]:
    """Return the series to draw: those with the strongest anomalies, in the order of the data."""
    items = np.unique(found.scores.item)
    best = {int(i): float(found.score[found.scores.item == i].max()) for i in items}
    return sorted(sorted(best, key=lambda i: -best[i])[:most])


def draw(found: Detected) -> Figure:
    """Return a matplotlib figure with one panel per series, at most MOST_PANELS of those with the strongest anomalies."""
    from matplotlib.figure import Figure

    from tsattn.render.anomalies import heading

    items = shown_items(found)
    columns = 1 if len(items) <= 3 else 2
    rows = math.ceil(len(items) / columns)
    figure = Figure(figsize=(11, 4.2) if len(items) == 1 else (6.5 * columns if columns > 1 else 11, 2.6 * rows + 0.9))
    figure.set_layout_engine("constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, item in zip(grid, items, strict=False):
        _draw_item(axes, found, item, alone=len(items) == 1)
    for axes in grid[len(items) :]:
        axes.set_visible(False)
    figure.suptitle(heading(found), fontsize=12, color=INK, parse_math=False)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=9, frameon=False)
    return figure


def _draw_item(axes: Axes, found: Detected, item: int, *, alone: bool) -> None:
    panel, scores = found.panel, found.scores
    own = np.flatnonzero(scores.item == item)
    first = int(scores.row[own[0]])
    rows = np.arange(first, int(panel.origin[item]))
    x = axis_values(panel.local(panel.freq.advance(panel.start[item], rows - panel.indptr[item])), panel)
    low, high = np.full((2, len(rows)), np.nan)
    low[scores.row[own] - first], high[scores.row[own] - first] = found.low[own], found.high[own]
    axes.fill_between(x, low, high, color=BANDS[1], linewidth=0, label=f"{100 * found.level:.10g} % interval")
    axes.plot(x, panel.target[rows], color=INK, linewidth=0.9 if len(rows) > 500 else 1.2, label="observed")
    bad = own[found.anomalous[own]]
    axes.plot(x[scores.row[bad] - first], scores.value[bad], "o", color=ALARM, markersize=4, label="anomaly")
    seen = np.concatenate([panel.target[rows], scores.expected[own]])
    bottom, top = float(np.nanmin(seen)), float(np.nanmax(seen))
    room = 0.15 * (top - bottom) or 1.0
    axes.set_ylim(bottom - room, top + room)  # one very wide interval must not flatten the series
    axes.margins(x=0.01)
    plain_axes(axes, size=9 if alone else 8)
    if len(panel) > 1:
        axes.set_title(printable(panel.item_ids[item])[:60], fontsize=10, color=INK, parse_math=False)
    time_axis(axes, panel, alone=alone)


def svg_text(found: Detected) -> str:
    """Return the plot as SVG. The same scores give the same bytes."""
    from matplotlib import rc_context

    out = io.StringIO()
    with rc_context({"svg.hashsalt": "tsattn", "svg.fonttype": "none"}):
        draw(found).savefig(out, format="svg", metadata={"Date": None, "Creator": "tsattn"})
    return out.getvalue()
