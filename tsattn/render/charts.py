"""Line charts as inline SVG with the values for a hover script: no library, no network, readable without the script."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tsattn.render.format import number, places_of

WIDTH, HEIGHT = 560, 210
LEFT, RIGHT, TOP, BOTTOM = 56, 10, 10, 24


@dataclass(frozen=True, eq=False)
class Line:
    """Named line: values (n,), NaN where one is missing. kind: its CSS class."""

    name: str
    values: np.ndarray
    kind: str


@dataclass(frozen=True, eq=False)
class Chart:
    """Lines and bands over n labelled steps. bands: (name, low (n,), high (n,), CSS class), widest first.

    cutoff: a dotted vertical line after this step. title: what the picture shows, for readers who do not see it.
    """

    title: str
    labels: Sequence[str]
    lines: Sequence[Line]
    bands: Sequence[tuple[str, np.ndarray, np.ndarray, str]] = ()
    cutoff: int | None = None
    from_zero: bool = False


@dataclass
class Values:
    """The values of a page's charts, for its script: label lists, each once, and the numbers of each chart."""

    labels: list[list[str]] = field(default_factory=list)
    charts: list[dict[str, Any]] = field(default_factory=list)

    def add(self, chart: Chart, places: int) -> int:
        """Keep the values of a chart; return its number."""
        labels = list(chart.labels)
        if labels not in self.labels:
            self.labels.append(labels)
        rows = [(line.name, line.values) for line in chart.lines]
        rows += [
            (f"{name}, {end}", values) for name, low, high, _ in chart.bands[:1] for end, values in (("low", low), ("high", high))
        ]
        shown = [
            {"name": name, "values": [None if math.isnan(v) else number(v, places) for v in values.tolist()]}
            for name, values in rows
        ]
        self.charts.append({"labels": self.labels.index(labels), "lines": shown, "box": [LEFT, WIDTH - RIGHT, WIDTH]})
        return len(self.charts) - 1


def svg(chart: Chart, values: Values) -> str:
    """The chart as SVG; its values are added to `values`."""
    every = [line.values for line in chart.lines] + [edge for band in chart.bands for edge in band[1:3]]
    seen = np.concatenate([v[np.isfinite(v)] for v in every] + [np.zeros(1 if chart.from_zero else 0)])
    low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)
    if low == high:
        low, high = low - abs(low) / 10 - 0.5, high + abs(high) / 10 + 0.5
    ticks = round_ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    count = len(chart.labels)
    at = LEFT + np.arange(count) / max(1, count - 1) * (WIDTH - LEFT - RIGHT)

    def down(v: np.ndarray) -> np.ndarray:
        return TOP + (high - v) / (high - low) * (HEIGHT - TOP - BOTTOM)

    places = min(places_of(seen, seen), 6)
    number_of = values.add(chart, places)
    parts = [_grid(ticks, down), _time_labels(chart.labels, at)]
    for _, bottom, top, kind in chart.bands:
        parts.append(_area(at, down(bottom), down(top), kind))
    if chart.cutoff is not None and count > 1:
        x = (at[chart.cutoff] + at[min(chart.cutoff + 1, count - 1)]) / 2
        parts.append(f'<line class="cutoff" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
    parts += [_path(at, down(line.values), line.kind) for line in chart.lines]
    label = html.escape(chart.title, quote=True)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" tabindex="0" data-chart="{number_of}">'
        + "".join(parts)
        + f'<line class="cursor" y1="{TOP}" y2="{HEIGHT - BOTTOM}" visibility="hidden"/></svg>'
    )


def round_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """At most `most` + 1 round numbers that cover low to high."""
    rough = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 2.5, 5, 10) if n * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [n * step for n in range(first, last + 1)]


def _grid(ticks: Sequence[float], down: Callable[[np.ndarray], np.ndarray]) -> str:
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    digits = next((n for n in range(9) if abs(step * 10**n - round(step * 10**n)) < 1e-6 * step * 10**n), 8)
    parts = []
    for tick in ticks:
        y = float(down(np.array(tick)))
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{number(tick, digits)}</text>')
    return "".join(parts)


def _time_labels(labels: Sequence[str], at: np.ndarray) -> str:
    """Draw the first and last labels, and as many between them as fit."""
    if not labels:
        return ""
    room = max(1, int((WIDTH - LEFT - RIGHT) / (7 * max(map(len, labels)) + 16)))
    chosen = np.unique(np.linspace(0, len(labels) - 1, max(2, min(5, room))).round().astype(int)).tolist()
    parts = []
    for i in chosen:
        anchor = "start" if i == 0 else "end" if i == len(labels) - 1 else "middle"
        parts.append(
            f'<text class="tick" x="{at[i]:.1f}" y="{HEIGHT - 7}" text-anchor="{anchor}">{html.escape(labels[i])}</text>'
        )
    return "".join(parts)


def _runs(values: np.ndarray) -> list[np.ndarray]:
    """Indices of the stretches without a gap."""
    seen = np.flatnonzero(np.isfinite(values))
    return np.split(seen, np.flatnonzero(np.diff(seen) > 1) + 1) if len(seen) else []


def _path(at: np.ndarray, y: np.ndarray, kind: str) -> str:
    parts = []
    for run in _runs(y):
        if len(run) == 1:
            parts.append(f'<circle class="{kind} dot" cx="{at[run[0]]:.1f}" cy="{y[run[0]]:.1f}" r="1.6"/>')
        else:
            points = " ".join(f"{at[i]:.1f},{y[i]:.1f}" for i in run.tolist())
            parts.append(f'<polyline class="{kind}" points="{points}"/>')
    return "".join(parts)


def _area(at: np.ndarray, bottom: np.ndarray, top: np.ndarray, kind: str) -> str:
    parts = []
    for run in _runs(bottom + top):
        if len(run) == 1:  # one step has no width to fill
            i = int(run[0])
            parts.append(
                f'<rect class="{kind}" x="{at[i] - 2:.1f}" y="{top[i]:.1f}" width="4" height="{bottom[i] - top[i]:.1f}"/>'
            )
            continue
        edge = [(at[i], top[i]) for i in run.tolist()] + [(at[i], bottom[i]) for i in reversed(run.tolist())]
        parts.append(f'<polygon class="{kind}" points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in edge) + '"/>')
    return "".join(parts)
