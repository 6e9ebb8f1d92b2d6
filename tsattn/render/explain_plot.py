"""Figure of a forecast's inputs: history with attention, lags, covariates, components of the median."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.atomic import write_atomic
from tsattn.data.names import printable
from tsattn.render.format import span, stamps
from tsattn.render.plots import BANDS, FORECAST, INK, View, axis_values, plain_axes, time_axis, views

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tsattn.forecasting.importance import Effect
    from tsattn.workflows.explain import Explained

PICTURES = (".png", ".svg")
HINT, FAINT, SEASON, REST = "#b05fb8", "#b9c0ca", "#d98324", "#4c9f70"
MOST_COVARIATES = 8


def save_picture(found: Explained, path: Path) -> None:
    """Write the figure to .png or .svg."""
    from matplotlib import rc_context

    with write_atomic(path) as beside, rc_context({"svg.hashsalt": "tsattn", "svg.fonttype": "none"}):
        kind = path.suffix.lower().lstrip(".")
        meta = {"Date": None, "Creator": "tsattn"} if kind == "svg" else None
        draw(found).savefig(beside, format=kind, dpi=130, metadata=meta)


def draw(found: Explained) -> Figure:
    """Return the figure: forecast and attention; lags and covariates; blocks of the past and components of the median."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 10.5), layout="constrained")
    rows = figure.add_gridspec(4, 2, height_ratios=(2.4, 0.3, 1.9, 1.9), width_ratios=(1.5, 1))
    view = views(found.forecast, found.panel, 1, shown=_shown(found))[0]
    main = figure.add_subplot(rows[0, :])
    _forecast(main, found, view)
    _attention(figure.add_subplot(rows[1, :], sharex=main), found, view)
    _lags(figure.add_subplot(rows[2, 0] if found.covariates else rows[2, :]), found)
    if found.covariates:
        _covariates(figure.add_subplot(rows[2, 1]), found)
    _parts(figure.add_subplot(rows[3, 0]), found)
    _blocks(figure.add_subplot(rows[3, 1]), found)
    cutoff = stamps(found.forecast.cutoffs[:1], found.forecast.freq, found.forecast.tz)[0]
    ahead = span(found.forecast.horizon, found.forecast.freq)
    what = f"{printable(found.item_id)}: inputs of the forecast of {ahead} after {cutoff}"
    figure.suptitle(what, fontsize=14, color=INK, fontweight="bold", parse_math=False)
    figure.supxlabel(
        "Attention is a hint: it shows which steps the network weighted, not why. Bars and dots are the test:\n"
        f"the rise of the loss on {found.windows} held-back windows when that input is replaced by another window's "
        "(thin lines: 95 % intervals).",
        fontsize=9,
        color=INK,
    )
    return figure


def _shown(found: Explained) -> int:
    """Return the number of past steps to draw: those with 90 % of the attention, within limits set by the horizon."""
    usual = max(3 * found.forecast.horizon, 2 * found.panel.freq.season_length, 40)
    if found.attention is None:
        return usual
    needed = int(np.searchsorted(np.cumsum(found.attention[::-1]), 0.9)) + 1
    return int(np.clip(needed, usual, 12 * found.forecast.horizon))


def _forecast(axes: Axes, found: Explained, view: View) -> None:
    plain_axes(axes)
    x, past_x = axis_values(view.stamps, found.panel), axis_values(view.past_stamps, found.panel)
    for number, (_, low, high) in enumerate(view.bands):
        axes.fill_between(x, low, high, color=BANDS[number], linewidth=0)
    axes.plot(past_x, view.past, color=INK, linewidth=1.2)
    axes.plot(x, view.middle, color=FORECAST, linewidth=1.8, marker="." if len(x) == 1 else None)
    if len(past_x):
        axes.plot([past_x[-1], x[0]], [view.past[-1], view.middle[0]], color=FORECAST, linewidth=0.8)
        axes.axvline(past_x[-1], color=INK, linewidth=0.8, linestyle=":")
    axes.margins(x=0.005)
    axes.tick_params(labelbottom=False)
    axes.set_title("Observed values, forecast with intervals; attention below", **_small())


def _attention(axes: Axes, found: Explained, view: View) -> None:
    """Draw attention as a ribbon below the history; darker is more."""
    axes.tick_params(labelsize=9, colors=INK)
    time_axis(axes, found.panel, alone=True)
    axes.set_yticks([])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_ylabel("attention", fontsize=8, color=HINT, rotation=0, ha="right", va="center")
    if found.attention is None or not len(view.past):
        axes.text(
            0.5, 0.5, "this network has no attention", transform=axes.transAxes, ha="center", va="center", fontsize=9, color=FAINT
        )
        return
    seen = found.attention[-len(view.past) :]
    x = axis_values(view.past_stamps[-len(seen) :], found.panel)
    edges = x[np.append(np.flatnonzero(np.diff(seen, prepend=-1.0)), len(x) - 1)]
    shares = seen[np.flatnonzero(np.diff(seen, prepend=-1.0))]
    axes.pcolormesh(edges, [0, 1], shares[None], cmap=_shades(), vmin=0, vmax=float(found.attention.max()))


def _shades() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("hint", ["#ffffff", "#ecd5ee", HINT, "#5b2161"])


def _lags(axes: Axes, found: Explained) -> None:
    """Draw one stem with interval per lag, and label clear ones. Longer lags follow a break in the axis."""
    plain_axes(axes)
    lags = [int(effect.name.removeprefix("lag ")) for effect in found.lags]
    near = [lag for i, lag in enumerate(lags) if lag == i + 1]
    gap = max(2, len(near) // 12)
    x = np.array([lag if lag in near else len(near) + gap * (i - len(near) + 1) for i, lag in enumerate(lags)])
    color = [FORECAST if e.clear else FAINT for e in found.lags]
    rise = 100 * np.array([e.rise for e in found.lags])
    axes.vlines(x, 0, rise, color=color, linewidth=3 if len(x) < 40 else 2)
    axes.scatter(x, rise, color=color, s=18, zorder=3)
    for at, effect in zip(x, found.lags, strict=True):
        if np.isfinite(effect.low):
            axes.vlines(at, 100 * effect.low, 100 * effect.high, color=INK if effect.clear else FAINT, linewidth=0.9, zorder=4)
    top = float(np.nanmax([100 * (e.high if np.isfinite(e.high) else e.rise) for e in found.lags]))
    for at, lag, effect in zip(x, lags, found.lags, strict=True):
        if effect.clear:
            axes.annotate(f"{lag}", (at, 100 * (effect.high if np.isfinite(effect.high) else effect.rise)), xytext=(0, 4),
                          textcoords="offset points", ha="center", fontsize=9, fontweight="bold", color=INK)  # fmt: skip
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_ylim(top=top * 1.18 if top > 0 else None)
    ticks = [lag for lag in near if lag == 1 or lag % max(1, _round(len(near) / 8)) == 0]
    far = [(at, lag) for at, lag in zip(x, lags, strict=True) if lag not in near]
    if far:
        axes.text((len(near) + far[0][0]) / 2, 0, "//", transform=axes.get_xaxis_transform(), ha="center", va="center",
                  fontsize=10, color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1}, zorder=5)  # fmt: skip
    axes.set_xticks([*ticks, *(at for at, _ in far)], [*map(str, ticks), *(str(lag) for _, lag in far)])
    axes.set_xlabel(f"lag, in steps of {found.panel.freq}", fontsize=9, color=INK)
    axes.set_title("Lags: rise of the loss (%)", **_small())


def _round(value: float) -> int:
    return next((n for n in (1, 2, 5, 7, 10, 12, 24) if n >= value), 24)


def _covariates(axes: Axes, found: Explained) -> None:
    shown = sorted(found.covariates, key=lambda e: -e.rise)[:MOST_COVARIATES]
    _bars(axes, shown, [printable(effect.name) for effect in shown], np.arange(len(shown)), 0.55)
    axes.set_title("Covariates: rise of the loss (%)", **_small())
    axes.set_ylim(max(len(shown), 3) - 0.3, -0.7)


def _bars(axes: Axes, effects: list[Effect], names: list[str], y: np.ndarray, height: float) -> None:
    """Draw horizontal bars with their intervals."""
    plain_axes(axes)
    axes.barh(y, [100 * e.rise for e in effects], color=[FORECAST if e.clear else FAINT for e in effects], height=height)
    for at, effect in zip(y, effects, strict=True):
        if np.isfinite(effect.low):
            axes.hlines(at, 100 * effect.low, 100 * effect.high, color=INK, linewidth=0.9)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(np.round(y), [name[:28] for name in names], parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")


def _parts(axes: Axes, found: Explained) -> None:
    plain_axes(axes)
    axes.set_title("Parts of the median: level + season + remainder", **_small())
    if found.parts is None:
        axes.set_axis_off()
        axes.text(
            0.5,
            0.5,
            "this network has no components",
            transform=axes.transAxes,
            ha="center",
            va="center",
            fontsize=10,
            color=FAINT,
        )
        return
    parts = found.parts
    x = axis_values(found.panel.local(found.forecast.timestamps[0, : len(parts.level)]), found.panel)
    with_season = parts.level + parts.season
    median = with_season + parts.remainder
    axes.plot(x, parts.level, color=INK, linewidth=1.4, linestyle="--", label="level")
    axes.fill_between(x, parts.level, with_season, color=SEASON, alpha=0.35, linewidth=0, label="season")
    axes.fill_between(x, with_season, median, color=REST, alpha=0.45, linewidth=0, label="remainder")
    axes.plot(x, median, color=FORECAST, linewidth=1.8, label="median", marker="." if len(x) < 15 else None)
    axes.margins(x=0.02, y=0.12)
    axes.legend(fontsize=8, frameon=False, ncols=4, loc="best")
    time_axis(axes, found.panel, alone=False)


def _blocks(axes: Axes, found: Explained) -> None:
    """Draw attention beside the permutation effect of each block of the past."""
    y, names = np.arange(len(found.blocks)), [f"{b.first}–{b.last} back" for b in found.blocks]
    alone = found.attention is None
    _bars(axes, [b.effect for b in found.blocks], names, y - (0 if alone else 0.2), 0.55 if alone else 0.38)
    axes.set_ylim(len(y) - 0.4, -0.6)
    title = "Parts of the past: rise of the loss (%)"
    if not alone:
        shares = [100 * (b.attention or 0.0) for b in found.blocks]
        axes.barh(y + 0.2, shares, color=HINT, alpha=0.55, height=0.3)
        title += ", attention in purple"
    axes.set_title(title, **_small())


def _small() -> dict[str, Any]:
    return {"fontsize": 10, "color": INK, "loc": "left"}
