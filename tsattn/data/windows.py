"""Origins -> WindowBatch, by one gather. Training, backtest and forecast differ only in their origins.

A window's past ends at its origin. Nothing at or after the origin enters `past_*`; nothing at or after the panel's own
wall enters anything but the known covariates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.data import slots
from tsattn.data.freq import DAY, calendar_features, calendar_names
from tsattn.data.panel import Panel
from tsattn.data.periods import days_of, weeks_of
from tsattn.data.timezone import to_utc
from tsattn.errors import ConfigError

if TYPE_CHECKING:
    from tsattn.data.cleaning.prepare import Cleaning


@dataclass(frozen=True, eq=False)
class WindowBatch:
    """B windows, each cut at its origin. All float32.

    past_target: (B, L), NaN where missing or before the item's start. past_cov: (B, L, P). known: (B, L+H, C+K), calendar
    features (NaN where the panel is not dated), then declared ones; NaN where unknown. static: (B, ·). future_target:
    (B, H), NaN where not (yet) observed: for losses and scores only. item: (B,) index into the panel, origin: (B,)
    absolute row of the first step forecast. season_lengths, year: the cycles that the frequency suggests, and a year, in steps
    (0 = unknown). cutoff: (B,) the last observed timestamps on the grid clock, if the predict loop sets them: a window may only
    learn from windows with the same or an earlier cutoff. cleaning: the record of the values that data/cleaning/prepare.py
    removed from past_target, None before; plausible: (B, L), see there. step_slots: (B, H) the slot of each step ahead, and
    past_rows: (B, L) the row of each slot, on the window's season grid (see slots.py); None where every step is its own slot.
    calendar: C, how many of `known` are calendar features. days: (B, L+H) datetime64[D], the first day of each step in
    daily, weekly, monthly or quarterly data, if requested, NaT = none. group: (B,) int64; a model with attention across series
    reads windows with the same number together (see groups.py); None = each window is read alone. parts: (B, G) int64, the parts
    of the name of each series (name_parts.py).
    observed: (B, L) the target as observed, where effects were removed from past_target; None = past_target is as observed.
    """

    past_target: np.ndarray
    past_cov: np.ndarray
    known: np.ndarray
    static: np.ndarray
    future_target: np.ndarray
    item: np.ndarray
    origin: np.ndarray
    season_lengths: tuple[int, ...] = ()
    year: float = 0.0
    cutoff: np.ndarray | None = None
    calendar: int = 0
    plausible: np.ndarray | None = None
    cleaning: Cleaning | None = None
    step_slots: np.ndarray | None = None
    past_rows: np.ndarray | None = None
    days: np.ndarray | None = None
    group: np.ndarray | None = None
    parts: np.ndarray | None = None
    observed: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.item)

    @property
    def context(self) -> int:
        return self.past_target.shape[1]

    @property
    def horizon(self) -> int:
        return self.future_target.shape[1]

    @property
    def as_observed(self) -> np.ndarray:
        """The target (B, L) with the effects that were removed from past_target."""
        return self.past_target if self.observed is None else self.observed

    @property
    def observed_lengths(self) -> np.ndarray:
        """Steps (B,) from the first observed value to the end of the past; 0 where no value is observed."""
        return observed_lengths(self.past_target)

    def first(self, count: int) -> WindowBatch:
        """Return the first `count` windows."""
        return self if count == len(self) else self.rows(slice(count))

    def rows(self, which: slice | np.ndarray) -> WindowBatch:
        """Return some of the windows."""
        made: dict[str, Any] = {name: values[which] for name, values in self._arrays().items()}
        record = None if self.cleaning is None else self.cleaning.rows(np.arange(len(self))[which])
        return replace(self, **made, cleaning=record)

    def _arrays(self) -> dict[str, np.ndarray]:
        """Return the fields that have an entry for each window, by name."""
        every = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: value for name, value in every if isinstance(value, np.ndarray)}

    @classmethod
    def concat(cls, batches: Sequence[WindowBatch]) -> WindowBatch:
        """Join batches of like windows, without their cutoffs and the records of their cleaning."""
        parts = [replace(batch, cutoff=None, plausible=None, cleaning=None) for batch in batches]
        arrays = [part._arrays() for part in parts]
        joined: dict[str, Any] = {name: np.concatenate([one[name] for one in arrays]) for name in arrays[0]}
        return replace(parts[0], **joined)

    def by_step(self, values: np.ndarray, horizon: int) -> np.ndarray:
        """Values (B, H, …) of the slots ahead -> those of the first `horizon` steps."""
        if self.step_slots is None:
            return values[:, :horizon]
        slots = self.step_slots[:, :horizon].reshape(len(self), horizon, *[1] * (values.ndim - 2))
        return np.take_along_axis(values, slots, 1)

    def cleaning_by_step(self) -> Cleaning | None:
        """The record of cleaning with each value's distance from the origin in steps, not in slots."""
        if self.cleaning is None or self.past_rows is None:
            return self.cleaning
        row = self.cleaning.row
        return replace(self.cleaning, ago=self.origin[row] - self.past_rows[row, self.context - self.cleaning.ago])


def observed_lengths(past: np.ndarray) -> np.ndarray:
    """Return the steps (B,) from the first observed value of each row (B, L) to its end; 0 where no value is observed."""
    observed = ~np.isnan(past)
    return np.where(observed.any(1), past.shape[1] - observed.argmax(1), 0)


@dataclass(frozen=True, eq=False)
class Origins:
    """Origins of windows. item: (B,) indices; row: (B,) absolute rows of the origins."""

    item: np.ndarray
    row: np.ndarray

    def __len__(self) -> int:
        return len(self.item)

    def __getitem__(self, which: slice | np.ndarray) -> Origins:
        return Origins(self.item[which], self.row[which])

    def spread(self, most: int) -> Origins:
        """Return at most `most` of the origins, evenly spread."""
        return self if len(self) <= most else self[np.linspace(0, len(self) - 1, most).astype(np.int64)]


def last_origins(panel: Panel) -> Origins:
    """Return the end of every item: the origins of `forecast`."""
    return Origins(np.arange(len(panel)), panel.origin.copy())


def rolling_origins(panel: Panel, horizon: int, windows: int, step: int | None = None, min_history: int = 1) -> Origins:
    """Return for every item `windows` origins `step` (default: the horizon) apart, the last one `horizon` before the item's end.

    If a `step` is given that is a whole number of days, and the data has a time zone, cutoffs keep the local time of the last
    one when the clock changes. Ordered by item, then time. Origins with fewer than `min_history` steps before them are left out.
    """
    if horizon < 1 or windows < 1 or (step is not None and step < 1):
        raise ConfigError(f"horizon, windows and step must be positive, not {horizon}, {windows}, {step}")
    back = horizon + (step or horizon) * np.arange(windows - 1, -1, -1)  # (W,)
    row = panel.origin[:, None] - back[None, :]  # (S, W)
    if step is not None:
        row[:, :-1] = _at_local_time(panel, row, step)[:, :-1]
    item = np.broadcast_to(np.arange(len(panel))[:, None], row.shape)
    fits = row - panel.indptr[:-1, None] >= min_history
    return Origins(item[fits], row[fits])


def _at_local_time(panel: Panel, row: np.ndarray, step: int) -> np.ndarray:
    """Return origins (S, W) `step` apart, moved so that all cutoffs are at the local time of day of the last one.

    Nothing moves unless a step is a whole number of days on a grid that runs on UTC. A local time that a clock change skips is
    read as an hour later, a doubled one as the first. If the grid has no row then, the row before it is the cutoff.
    """
    us = panel.freq.fixed_us
    if panel.tz is None or not panel.dated or not panel.freq.is_subdaily or us is None or step * us % DAY:
        return row
    first, start = panel.indptr[:-1], panel.start
    last = panel.local(panel.freq.advance(start, row[:, -1] - 1 - first))
    back = (step * us * np.arange(row.shape[1] - 1, -1, -1)).astype("timedelta64[us]")
    steps, _ = panel.freq.steps_between(start[:, None], to_utc(last[:, None] - back, panel.tz))
    return first[:, None] + steps + 1


def truth(panel: Panel, origins: Origins, horizon: int) -> np.ndarray:
    """Return (B, H) the observed values at the `horizon` steps after each origin, NaN where there is none."""
    rows = origins.row[:, None] + np.arange(horizon)
    observed = rows < panel.origin[origins.item][:, None]
    return _take(panel.target, np.where(observed, rows, 0), observed)


def gather(
    panel: Panel, origins: Origins, context: int, horizon: int, covariates: bool = True, days: bool = False
) -> WindowBatch:
    """Cut one window of `context` past and `horizon` future steps at each origin; short items are padded on the left.

    Where the clock changes, or days are closed, the columns of a window are the slots of its season grid (see slots.py).
    Without `covariates` the batch carries the target alone (P = C = K = 0, no static features): for forecasters that read
    nothing else and use the whole history, where the calendar of every past step would cost more than the forecast. With `days`
    it carries the date of each step, if a step is a day, or the first day of its week.
    """
    item, origin = origins.item, origins.row
    rows = origin[:, None] + np.arange(-context, horizon)  # (B, L+H)
    first, end, wall = (a[item][:, None] for a in (panel.indptr[:-1], panel.indptr[1:], panel.origin))
    places = slots.places(panel, item, origin, context, horizon)
    index = _Index(
        rows if places is None else places.rows, None if places is None else places.again, (first, wall), context, origin
    )
    past, future = slice(0, context), slice(context, None)
    target = index.take(panel.target)
    past_cov, known = np.zeros((*rows[:, past].shape, 0), np.float32), np.zeros((*rows.shape, 0), np.float32)
    static = np.zeros((len(item), 0), np.float32)

    def local() -> np.ndarray:
        return panel.local(panel.freq.advance(panel.start[item][:, None], rows - first)) if places is None else places.local

    if covariates:
        static = panel.static[item]
        past_cov = index.take(panel.past)[:, past]
        at = rows if places is None else places.nearest
        inside = (at >= first) & (at < end)
        known = _take(panel.known, np.where(inside, at, 0), inside)
        if calendar_names(panel.freq):
            calendar = np.full((*rows.shape, len(calendar_names(panel.freq))), np.nan, np.float32)
            if panel.dated:
                calendar = calendar_features(local(), panel.freq)
            known = np.concatenate([calendar, known], -1)
    return WindowBatch(
        past_target=target[:, past],
        past_cov=past_cov,
        known=known,
        static=static,
        future_target=target[:, future],
        item=item,
        origin=origin,
        season_lengths=panel.freq.season_lengths,
        year=panel.freq.year,
        calendar=known.shape[2] - panel.known.shape[1] if covariates else 0,
        step_slots=None if places is None else places.step_slots,
        past_rows=None if places is None else places.rows[:, past],
        days=days_of(local(), panel.freq, panel.schema.timestamp)[0] if days and _has_days(panel) else None,
        parts=panel.name_parts.codes[item] if covariates or days else None,
    )


def _has_days(panel: Panel) -> bool:
    """Return True if each step of a panel is a known day, week, month or quarter."""
    freq = panel.freq
    return panel.dated and (freq.is_daily or weeks_of(freq) == 1 or (freq.unit == "M" and freq.n in (1, 3)))


class _Index:
    """The observed rows of each slot, from which values are taken: the mean of two where a slot has two."""

    def __init__(
        self, rows: np.ndarray, again: np.ndarray | None, bounds: tuple[np.ndarray, np.ndarray], context: int, origin: np.ndarray
    ) -> None:
        self.bounds, self.is_past, self.origin = bounds, np.arange(rows.shape[1]) < context, origin[:, None]
        self.first, self.second = self._seen(rows), None if again is None else self._seen(again)

    def _seen(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (index, mask of the rows to keep): the item's rows before the wall, on the side of the origin of their slot."""
        first, wall = self.bounds
        seen = (rows >= first) & (rows < wall) & ((rows < self.origin) == self.is_past)
        return np.where(seen, rows, 0), seen

    def take(self, array: np.ndarray) -> np.ndarray:
        """Return (B, L+H, …) values of the slots."""
        one = _take(array, *self.first)
        if self.second is None:
            return one
        two = _take(array, *self.second)
        return np.where(np.isnan(one), two, np.where(np.isnan(two), one, (one + two) / 2)).astype(np.float32, copy=False)


def _take(array: np.ndarray, index: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return the float32 rows `index` of `array`, NaN where `keep` is False; an empty array gives NaN throughout."""

    if len(array) == 0:
        return np.full((*index.shape, *array.shape[1:]), np.nan, np.float32)
    return np.where(keep.reshape(*keep.shape, *[1] * (array.ndim - 1)), array[index], np.float32(np.nan))
