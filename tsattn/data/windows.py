"""Origins -> WindowBatch, by one gather. Training, backtest and forecast differ only in the origins they ask for.

A window's past ends at its origin. Nothing at or after the origin enters `past_*`; nothing at or after the panel's own
wall enters anything but the known covariates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.data.freq import calendar_features, calendar_names
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError


@dataclass(frozen=True, eq=False)
class WindowBatch:
    """B windows, each cut at its origin. All float32.

    past_target: (B, L), NaN where missing or before the item's start. past_cov: (B, L, P). known: (B, L+H, C+K), calendar
    features (NaN where the panel is not dated), then declared ones; NaN where unknown. static: (B, ·). future_target:
    (B, H), NaN where not (yet) observed: for losses and scores only. item: (B,) index into the panel, origin: (B,)
    absolute row of the first step forecast. cutoff: (B,) the last observed timestamps on the grid clock, where the predict
    loop told them: what may be learnt from one window for another must not come from a later one. calendar: C, how many of
    `known` are calendar features.
    """

    past_target: np.ndarray
    past_cov: np.ndarray
    known: np.ndarray
    static: np.ndarray
    future_target: np.ndarray
    item: np.ndarray
    origin: np.ndarray
    season_lengths: tuple[int, ...] = ()
    cutoff: np.ndarray | None = None
    calendar: int = 0

    def __len__(self) -> int:
        return len(self.item)

    @property
    def context(self) -> int:
        return self.past_target.shape[1]

    @property
    def horizon(self) -> int:
        return self.future_target.shape[1]


@dataclass(frozen=True, eq=False)
class Origins:
    """Where to cut: item (B,) indices and origin (B,) absolute rows."""

    item: np.ndarray
    row: np.ndarray

    def __len__(self) -> int:
        return len(self.item)

    def __getitem__(self, which: slice | np.ndarray) -> Origins:
        return Origins(self.item[which], self.row[which])


def last_origins(panel: Panel) -> Origins:
    """The end of every item: what `forecast` asks for."""
    return Origins(np.arange(len(panel)), panel.origin.copy())


def rolling_origins(panel: Panel, horizon: int, windows: int, step: int | None = None, min_history: int = 1) -> Origins:
    """For every item, `windows` origins `step` (default: the horizon) apart, the last one `horizon` before the item's end.

    Ordered by item, then time. Origins with fewer than `min_history` steps before them are left out.
    """
    if horizon < 1 or windows < 1 or (step is not None and step < 1):
        raise ConfigError(f"horizon, windows and step must be positive, not {horizon}, {windows}, {step}")
    back = horizon + (step or horizon) * np.arange(windows - 1, -1, -1)  # (W,)
    row = panel.origin[:, None] - back[None, :]  # (S, W)
    item = np.broadcast_to(np.arange(len(panel))[:, None], row.shape)
    fits = row - panel.indptr[:-1, None] >= min_history
    return Origins(item[fits], row[fits])


def gather(panel: Panel, origins: Origins, context: int, horizon: int, covariates: bool = True) -> WindowBatch:
    """Cut one window of `context` past and `horizon` future steps at each origin; short items are padded on the left.

    Without `covariates` the batch carries the target alone (P = C = K = 0): for forecasters that read nothing else, and want
    the whole history, for which the calendar of every past step would cost more than the forecast.
    """
    item, origin = origins.item, origins.row
    offset = np.arange(-context, horizon)
    rows = origin[:, None] + offset  # (B, L+H)
    first, end, wall = (a[item][:, None] for a in (panel.indptr[:-1], panel.indptr[1:], panel.origin))
    inside = (rows >= first) & (rows < end)
    index = np.where(inside, rows, 0)
    seen = inside & (rows < wall)
    past, future = slice(0, context), slice(context, None)

    target = _take(panel.target, index, seen)
    past_cov, known = np.zeros((*index[:, past].shape, 0), np.float32), np.zeros((*index.shape, 0), np.float32)
    if covariates:
        past_cov = _take(panel.past, index[:, past], seen[:, past])
        known = _take(panel.known, index, inside)
        if calendar_names(panel.freq):
            calendar = np.full((*rows.shape, len(calendar_names(panel.freq))), np.nan, np.float32)
            if panel.dated:
                stamps = panel.freq.advance(panel.start[item][:, None], rows - first)
                calendar = calendar_features(panel.local(stamps), panel.freq)
            known = np.concatenate([calendar, known], -1)
    return WindowBatch(
        past_target=target[:, past],
        past_cov=past_cov,
        known=known,
        static=panel.static[item],
        future_target=target[:, future],
        item=item,
        origin=origin,
        season_lengths=panel.freq.season_lengths,
        calendar=known.shape[2] - panel.known.shape[1] if covariates else 0,
    )


def _take(array: np.ndarray, index: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """float32 rows `index` of `array`, NaN where not to `keep`; an empty array has no row to point at, and gives NaN."""
    if len(array) == 0:
        return np.full((*index.shape, *array.shape[1:]), np.nan, np.float32)
    return np.where(keep.reshape(*keep.shape, *[1] * (array.ndim - 1)), array[index], np.float32(np.nan))
