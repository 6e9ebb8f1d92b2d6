"""Search for the calendar events that a series of days, weeks, months or quarters follows, in its residuals.

In daily data, an event is a day, or the days before or after a yearly event (event_windows.py). Each occurrence of an event
counts as one observation, since the noise of different years is independent. The evidence is a Bayes factor against no effect
(Kass & Raftery, 1995), computed without the largest deviation; it must outweigh the number of events tried. The mean of a pool
is searched first, since a storm that hits all series on one day is one observation; then each series. Weeks: weekly_events.py.
Months and quarters: monthly_events.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from tsattn.data.freq import WEEKS_IN_YEAR
from tsattn.forecasting.ensemble.calendar_events import Events, events_between
from tsattn.forecasting.ensemble.event_residuals import Residuals, mean_of_pool, residuals_of
from tsattn.forecasting.ensemble.event_search import LEAST_ROWS, MOST, greedy, over_price
from tsattn.forecasting.ensemble.event_windows import SLOPES, Event, name_of, weights_on
from tsattn.forecasting.ensemble.holdout import Pools
from tsattn.forecasting.ensemble.monthly_events import Months
from tsattn.forecasting.ensemble.weekly_events import Weeks

BEYOND = max(shape.days for shape in SLOPES)  # days after the last step: an event there may build up before it
OWN = 32  # series, at most, that are searched alone


@dataclass(frozen=True, eq=False)
class _Days:
    """Residuals (B, T) on an axis of days, NaN = not observed, and the events on it."""

    residuals: Residuals
    events: tuple[Events, Events]


class Found(NamedTuple):
    """Events found on an axis of T days.

    names: C names. on: (C, T) size of an event's effect on each day, 1 at its peak, or a count of days beyond its usual share.
    place: (B, L+H) position of each step on the axis. used: (B, C) bool, True for the events that a window uses.
    """

    names: tuple[str, ...]
    on: np.ndarray
    place: np.ndarray
    used: np.ndarray


def find_events(past: np.ndarray, days: np.ndarray, pools: Pools, seasons: tuple[int, ...]) -> Found:
    """Return the events that windows follow.

    past: (B, L), NaN = missing. days: (B, L+H), the first day of each step, NaT = none. A window uses the events that its own
    past and its pool's show.
    """
    steps = _steps_of(seasons)
    if steps is not None:
        return _find_in_steps(past, days, pools, steps)
    dated = ~np.isnat(days)
    enough = ((~np.isnan(past)) & dated[:, : past.shape[1]]).sum(1) >= LEAST_ROWS
    if not enough.any():
        return _nothing(days)
    number = np.where(dated, days.astype("datetime64[D]").astype(np.int64), 0)
    first, last = int(number[dated].min()), int(number[dated].max()) + BEYOND
    place = np.where(dated, number - first, last - first + 1)  # one more column takes what has no date
    on_axis = []
    for values in residuals_of(past, seasons):
        one = np.full((len(past), last - first + 2), np.nan)
        np.put_along_axis(one, place[:, : past.shape[1]], np.where(enough[:, None], values, np.nan), 1)
        on_axis.append(one[:, :-1])
    axis = _Days(Residuals(*on_axis), events_between(first, last))
    chosen = _chosen(axis, pools)
    every = sorted({event for one in chosen for event in one})
    if not every:
        return _nothing(days)
    used = np.array([[event in one for event in every] for one in chosen])
    on = np.stack([weights_on(axis.events, event, last - first + 1) for event in every])
    on = np.concatenate([on, np.zeros((len(on), 1))], 1)
    names = tuple(name_of(axis.events, event) for event in every)
    return Found(names, on, place, used)


def _nothing(days: np.ndarray) -> Found:
    """Return no events of windows on days (B, L+H)."""
    return Found((), np.zeros((0, 1)), np.zeros(days.shape, np.int64), np.zeros((len(days), 0), bool))


def _chosen(axis: _Days, pools: Pools) -> list[frozenset[Event]]:
    """Return the events of each window: those of its pool's mean, then those of single series of the pool."""
    out: list[frozenset[Event]] = [frozenset()] * len(axis.residuals.z)
    alone: dict[frozenset[Event], _Alone] = {}
    for now, pool in pools:
        common = greedy(mean_of_pool(axis.residuals.z[pool]), axis.residuals.y[pool], axis.events)
        found = dict(common)
        if len(pool) > 1:
            key = frozenset(found)
            if key not in alone:
                alone[key] = _Alone(axis, key)
            for event, evidence in alone[key].of(pool):
                found.setdefault(event, evidence)
        kept = frozenset(sorted(found, key=lambda event: -found[event])[:MOST])
        for row in now.tolist():
            out[row] = kept
    return out


class _Alone:
    """Events of single series beside `common` ones; each series is searched once."""

    def __init__(self, axis: _Days, common: frozenset[Event]) -> None:
        self.axis, self.left_out = axis, np.zeros(axis.residuals.z.shape[1], bool)
        for event in common:
            self.left_out |= weights_on(axis.events, event, len(self.left_out)) > 0
        self.first = np.full(len(axis.residuals.z), np.nan)  # evidence of the clearest event
        self.found: dict[int, list[tuple[Event, float]]] = {}

    def of(self, pool: np.ndarray) -> list[tuple[Event, float]]:
        """Return events of the series `pool` with their evidence."""
        new = pool[np.isnan(self.first[pool])]
        if len(new):
            over = over_price(np.where(self.left_out, np.nan, self.axis.residuals.z[new]), self.axis.events)
            self.first[new] = np.max([one.max(1, initial=-np.inf) for one in over], 0)
        loud = pool[self.first[pool] > np.log(len(pool))]
        out: list[tuple[Event, float]] = []
        for row in loud[np.argsort(-self.first[loud], kind="stable")][:OWN].tolist():
            if row not in self.found:
                z, y = (np.where(self.left_out, np.nan, one[row]) for one in self.axis.residuals)
                self.found[row] = greedy(z, y[None], self.axis.events)
            out += [(event, evidence) for event, evidence in self.found[row] if evidence > np.log(len(pool))]
        return out


class Steps(Protocol):
    """Effects on data of weeks, months or quarters: their names, and the search for them on an axis of such steps.

    unit, step: a step is `step` days ("D") or months ("M"). bar: how clear an effect must be in the mean of a pool.
    most: effects of a window, at most.
    """

    @property
    def unit(self) -> str: ...
    @property
    def step(self) -> int: ...
    @property
    def bar(self) -> float: ...
    @property
    def most(self) -> int: ...
    @property
    def names(self) -> Sequence[str]: ...
    def residuals_of(self, past: np.ndarray) -> np.ndarray:
        """Return residuals of past (B, L), in which effects are searched."""
        ...

    def sizes_on(self, first: int, size: int, which: Sequence[int]) -> np.ndarray:
        """Return (C, size) sizes of the effects `which` in steps that begin on each day, or in each month, from `first` on."""
        ...

    def found_in(self, values: np.ndarray, first: int, before: Sequence[int], bar: float) -> list[int]:
        """Return the effects that the mean of residuals (S, T) shows, those `before` included; the steps begin on `first`.

        bar: how clear an effect must be.
        """
        ...

    def loudest(self, values: np.ndarray, first: int, found: Sequence[int], most: int) -> np.ndarray:
        """Return the series, at most `most` of (S, T), in which an effect beside those `found` is clearest."""
        ...


def _steps_of(seasons: tuple[int, ...]) -> Steps | None:
    if seasons == (WEEKS_IN_YEAR,):
        return Weeks()
    return Months(12 // seasons[0]) if seasons in ((12,), (4,)) else None


def _find_in_steps(past: np.ndarray, days: np.ndarray, pools: Pools, steps: Steps) -> Found:
    """Return the effects that windows of weekly, monthly or quarterly data follow, as `find_events` does."""
    dated = ~np.isnat(days)
    number = np.where(dated, days.astype(f"datetime64[{steps.unit}]").astype(np.int64), 0)
    first = int(number[dated].min()) if dated.any() else 0
    size = int(number[dated].max()) - first + 1 if dated.any() else 0
    place = np.where(dated, number - first, size)  # one more column takes what has no date
    chosen: list[tuple[int, ...]] = [()] * len(past)
    left, length = steps.residuals_of(past), past.shape[1]
    for phase in np.unique(place[dated] % steps.step).tolist():
        # weeks that begin on the same day share an axis, and so do quarters that begin in the same months
        on_axis = np.full((len(past), -(-(size - phase) // steps.step) + 1), np.nan)
        fits = dated[:, :length] & (place[:, :length] % steps.step == phase)
        rows, at = np.nonzero(fits)
        on_axis[rows, place[rows, at] // steps.step] = left[rows, at]
        same = [(now[fits[now].any(1)], pool[fits[pool].any(1)]) for now, pool in pools]
        for row, found in _of_pools(on_axis[:, :-1], first + phase, same, steps):
            chosen[row] = found
    every = sorted({effect for one in chosen for effect in one})
    if not every:
        return _nothing(days)
    on = np.concatenate([steps.sizes_on(first, size, every), np.zeros((len(every), 1))], 1)
    used = np.array([[effect in one for effect in every] for one in chosen])
    return Found(tuple(steps.names[effect] for effect in every), on, place, used)


def _of_pools(
    z: np.ndarray, first: int, pools: Sequence[tuple[np.ndarray, np.ndarray]], steps: Steps
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield windows of residuals z (B, T), and the effects on the mean of their pool and on single series of the pool."""
    alone: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    for now, pool in pools:
        if not len(now):
            continue
        common = steps.found_in(z[pool], first, (), steps.bar)
        found = dict.fromkeys(common)
        bar = float(np.sqrt(steps.bar**2 + 2 * np.log(max(len(pool), 1))))
        for row in steps.loudest(z[pool], first, common, OWN).tolist() if len(pool) > 1 else []:
            key = (int(pool[row]), tuple(common))
            if key not in alone:
                alone[key] = steps.found_in(z[pool[[row]]], first, common, bar)
            found |= dict.fromkeys(alone[key])
        for row in now.tolist():
            yield row, tuple(found)[: steps.most]
