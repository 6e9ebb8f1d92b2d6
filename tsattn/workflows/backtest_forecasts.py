"""The forecasts of a backtest beside the truth, and windows at given cutoffs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tsattn.data.as_of import on_grid, parse_moment
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.errors import ConfigError
from tsattn.forecasting.frame import Forecast, clock_column, quantile_name
from tsattn.forecasting.predict import show, stamps_of

if TYPE_CHECKING:
    import pyarrow as pa


class BacktestForecasts:
    """Collects the forecasts of every model in a table: model, item_id, cutoff, timestamp, target, and the quantiles."""

    def __init__(self, panel: Panel, quantiles: Sequence[float]) -> None:
        self.panel, self.quantiles = panel, tuple(quantiles)
        self.parts: list[tuple[str, Origins, np.ndarray, np.ndarray]] = []

    def add(self, model: str, origins: Origins, truth: np.ndarray, values: np.ndarray) -> None:
        """Add windows of a model: truth (B, H), values (B, H, Q)."""
        self.parts.append((model, origins, truth, values))

    def table(self, models: Sequence[str]) -> pa.Table:
        """Return one row for each of `models`, window and step, ordered by model, series and cutoff. A missing truth is null."""
        import pyarrow as pa

        names = [name for name in dict.fromkeys(model for model, *_ in self.parts) if name in models]
        return pa.concat_tables([self._rows(name, *self._of(name)) for name in names])

    def forecast(self, model: str) -> Forecast:
        """The forecasts of one model, one for each window, ordered by series and cutoff."""
        origins, truth, values = self._of(model)
        stamps = stamps_of(self.panel, origins, truth.shape[1])
        ids = tuple(self.panel.item_ids[i] for i in origins.item)
        freq, tz = self.panel.freq, self.panel.tz
        return Forecast(ids, stamps[:, 0], stamps[:, 1:], self.quantiles, values, freq, tz, history=self.panel)

    def _of(self, model: str) -> tuple[Origins, np.ndarray, np.ndarray]:
        """The windows of a model, truth (B, H) and values (B, H, Q), ordered by series and cutoff."""
        own = [part for part in self.parts if part[0] == model]
        origins = Origins(*(np.concatenate([getattr(p[1], f) for p in own]) for f in ("item", "row")))
        truth, values = (np.concatenate([p[i] for p in own]) for i in (2, 3))
        order = np.lexsort((origins.row, origins.item))
        return origins[order], truth[order], values[order]

    def _rows(self, model: str, origins: Origins, truth: np.ndarray, values: np.ndarray) -> pa.Table:
        import pyarrow as pa

        panel, horizon = self.panel, truth.shape[1]
        stamps = stamps_of(panel, origins, horizon)
        ids = pa.array(list(panel.item_ids), pa.string()).take(pa.array(np.repeat(origins.item, horizon)))
        columns = {
            "model": pa.array([model] * truth.size),
            "item_id": ids,
            "cutoff": clock_column(np.repeat(stamps[:, 0], horizon), panel.freq, panel.tz),
            "timestamp": clock_column(stamps[:, 1:].reshape(-1), panel.freq, panel.tz),
            "target": pa.array(truth.reshape(-1), pa.float32(), from_pandas=True),
        }
        for i, level in enumerate(self.quantiles):
            columns[quantile_name(level)] = pa.array(np.ascontiguousarray(values[..., i]).reshape(-1), pa.float32())
        return pa.table(columns)


def origins_at(panel: Panel, cutoffs: Sequence[str], horizon: int, scored: Sequence[int] | None = None) -> Origins:
    """Return the windows of all series whose last observed timestamp is one of `cutoffs`.

    Raises ConfigError for a cutoff that lies within no series with `horizon` steps after it, or if no window belongs to a
    `scored` series.
    """
    if not panel.freq.has_clock:
        raise ConfigError("--cutoffs needs timestamps, but the data has none", "use --windows and --step")
    first, last = panel.indptr[:-1], panel.origin
    items, rows = [], []
    for text in cutoffs:
        stamp = on_grid(parse_moment(text, "--cutoffs"), panel)
        steps, exact = panel.freq.steps_between(panel.start, np.full(len(panel), stamp))
        row = first + steps + 1
        fits = np.flatnonzero(exact & (steps >= 0) & (row + horizon <= last))
        if not len(fits):
            raise ConfigError(f"no series has a row at {text} and {horizon} steps after it", _nearest(panel, stamp, horizon))
        items.append(fits)
        rows.append(row[fits])
    item, row = np.concatenate(items), np.concatenate(rows)
    if scored is not None and not np.isin(item, scored).any():
        raise ConfigError(
            f"none of the chosen series has a row at {', '.join(cutoffs)} and {horizon} steps after it",
            "choose other --cutoffs or other --series",
        )
    order = np.lexsort((row, item))
    return Origins(item[order].astype(np.int64), row[order].astype(np.int64))


def _nearest(panel: Panel, stamp: np.datetime64, horizon: int) -> str:
    """Return a hint with the nearest cutoff on each side of a time that have `horizon` steps after them."""
    last = panel.lengths - 1 - horizon  # steps from the start of each series to its last cutoff
    able = last >= 0
    if not able.any():
        return "use a shorter --horizon"
    start, last = panel.start[able], last[able]
    steps, exact = panel.freq.steps_between(start, np.full(len(start), stamp))
    around = np.clip(np.concatenate([steps, steps + ~exact]), 0, np.tile(last, 2))
    cutoffs = np.unique(panel.freq.advance(np.tile(start, 2), around))
    sides = [*cutoffs[cutoffs <= stamp][-1:], *cutoffs[cutoffs > stamp][:1]]
    said = " and ".join(show(panel, cutoff) for cutoff in sides)
    return f"the nearest cutoff{'s are' if len(sides) > 1 else ' is'} {said}; or use a shorter --horizon"
