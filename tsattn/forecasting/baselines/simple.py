"""Simple methods that a model must beat: naive, seasonal naive, drift, seasonal mean, quantiles. Vectorised over the batch.

Intervals are normal, from the in-sample residuals: sigma at one step (or cycle) ahead, growing as the method
assumes (Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 5.5). If the noise grows with
the level, residuals are rescaled to the present level (variance_function.py). Residuals with a missing value are dropped; a
missing value in the last cycle is replaced by the newest observed value of its phase.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.variance_function import present_size
from tsattn.forecasting.frame import DEFAULT_QUANTILES
from tsattn.forecasting.quantiles import normal_scores

COMPARED = 4  # newest long cycles over which the errors of cycles are compared
_LARGEST = float(np.finfo(np.float32).max)


class _Ends(NamedTuple):
    """First and last observed value of each history: positions and values, all (B,)."""

    first: np.ndarray
    last: np.ndarray
    first_value: np.ndarray
    last_value: np.ndarray


@dataclass(frozen=True)
class _Normal(ABC):
    """Base of the methods here. `season_length` None: the shortest usual cycle of the data's frequency."""

    season_length: int | None = None
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES

    name: ClassVar[str]
    context: ClassVar[int | None] = None
    covariates: ClassVar[bool] = False
    raw_history: ClassVar[bool] = True

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32; NaN only for a history without an observed value."""
        history = batch.past_target.astype(np.float64)
        season = self.season_length or (batch.season_lengths or (1,))[0]
        mean, sigma = self.mean_and_sigma(history, batch.horizon, season)
        values = mean[..., None] + sigma[..., None] * normal_scores(self.quantiles)
        return np.clip(values, -_LARGEST, _LARGEST).astype(np.float32)

    @abstractmethod
    def mean_and_sigma(self, history: np.ndarray, horizon: int, season: int) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation (B, H) of the forecasts of `history` (B, L)."""


class Naive(_Normal):
    """Repeat the last observed value; the spread grows with the square root of the steps since."""

    name = "naive"

    def mean_and_sigma(self, history: np.ndarray, horizon: int, season: int) -> tuple[np.ndarray, np.ndarray]:
        ends = _ends(history)
        steps = _steps_since(history, ends, horizon)
        return np.repeat(ends.last_value[:, None], horizon, 1), _step_sigma(history, season)[:, None] * np.sqrt(steps)


class Drift(_Normal):
    """Random walk with drift: the straight line through the first and the last observed value."""

    name = "drift"

    def mean_and_sigma(self, history: np.ndarray, horizon: int, season: int) -> tuple[np.ndarray, np.ndarray]:
        ends = _ends(history)
        span = np.maximum(ends.last - ends.first, 1)
        slope = (ends.last_value - ends.first_value) / span
        steps = _steps_since(history, ends, horizon)
        sigma = _step_sigma(history, season, slope)[:, None] * np.sqrt(steps * (1 + steps / span[:, None]))
        return ends.last_value[:, None] + slope[:, None] * steps, sigma


class SeasonalNaive(_Normal):
    """Repeat the last cycle. A history shorter than a cycle gets the naive forecast."""

    name = "seasonal-naive"

    def mean_and_sigma(self, history: np.ndarray, horizon: int, season: int) -> tuple[np.ndarray, np.ndarray]:
        naive = Naive().mean_and_sigma(history, horizon, season)
        ends = _ends(history)
        short = history.shape[1] - ends.first < season
        if season <= 1 or short.all():
            return naive
        cycle, age = _last_cycle(history, season)
        phase, ahead = np.arange(horizon) % season, np.arange(horizon) // season
        cycle = np.where(np.isnan(cycle), ends.last_value[:, None], cycle)
        sigma = _cycle_sigma(history, season, history[:, season:] - history[:, :-season])
        spread = sigma[:, None] * np.sqrt(ahead + 1 + age[:, phase])
        return np.where(short[:, None], naive[0], cycle[:, phase]), np.where(short[:, None], naive[1], spread)


@dataclass(frozen=True)
class LongCycle(SeasonalNaive):
    """Repeat the last long cycle: a week of hours, or a day of minutes where the history holds less than two weeks.

    It is the longest cycle of which the history holds two. A history without one gets the seasonal naive forecast.

    only: no forecast there, for an ensemble in which seasonal naive is a member of its own.
    """

    only: bool = False
    name: ClassVar[str] = "long-cycle"

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32; NaN, with `only`, where the history does not hold two long cycles."""
        longest = self.longest(batch)
        if self.only and not longest.any():
            return np.full((len(batch), batch.horizon, len(self.quantiles)), np.nan, np.float32)
        values = super().predict(batch) if not self.only else np.full((1, 1, 1), np.nan, np.float32)
        for cycle in np.unique(longest[longest > 0]).tolist():
            own = (longest == cycle)[:, None, None]
            values = np.where(own, SeasonalNaive(cycle, self.quantiles).predict(batch), values)
        return values

    def longest(self, batch: WindowBatch) -> np.ndarray:
        """Return (B,) the longest cycle of which the history holds two, if it is longer than the season; else 0."""
        season = self.season_length or (batch.season_lengths or (1,))[0]
        cycles = np.array([cycle for cycle in batch.season_lengths if cycle > season], np.int64)
        return np.where(batch.observed_lengths[:, None] >= 2 * cycles, cycles, 0).max(1, initial=0)


@dataclass(frozen=True)
class BestCycle(SeasonalNaive):
    """Repeat the last cycle of a usual length, such as a day or a week: the length with the smallest errors in the history.

    The errors are those at the lags that a forecast of the horizon repeats, over the steps at which all lags are observed.
    """

    name: ClassVar[str] = "best-cycle"

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32; NaN only for a history without an observed value."""
        seasons = (self.season_length,) if self.season_length else batch.season_lengths or (1,)
        made = np.stack([SeasonalNaive(season, self.quantiles).predict(batch) for season in seasons])  # (M, B, H, Q)
        best = self._best(batch, seasons)
        return np.asarray(np.take_along_axis(made, best[None, :, None, None], 0)[0])

    def _best(self, batch: WindowBatch, seasons: tuple[int, ...]) -> np.ndarray:
        """Return (B,) the index of the best season; the first of equal ones, or if no step allows a comparison."""
        past, longest = batch.past_target.astype(np.float64), max(seasons)
        ahead = np.arange(1, min(batch.horizon, longest) + 1)
        lags = [np.unique(-(-ahead // season) * season) for season in seasons]
        if len(seasons) == 1 or past.shape[1] <= longest:
            return np.zeros(len(past), np.int64)
        start = np.maximum(longest, past.shape[1] - COMPARED * longest)
        errors = np.stack([_lag_errors(past, some, start) for some in lags])  # (M, B, T)
        errors[:, np.isnan(errors).any(0)] = np.nan
        return np.argmin(np.nan_to_num(_mean(errors, 2), nan=np.inf), 0)


@dataclass(frozen=True)
class SeasonalMean(_Normal):
    """Repeat the mean of the last `cycles` cycles. A history shorter than a cycle gets the naive forecast.

    The spread grows as it would if each phase were a random walk over the cycles, k cycles ahead by
    sqrt((k + a) / (1 + a)), a = (c - 1)(2c - 1) / 6c for c cycles; with one cycle that is the seasonal naive's.
    """

    cycles: int = 4
    name: ClassVar[str] = "seasonal-mean"

    def mean_and_sigma(self, history: np.ndarray, horizon: int, season: int) -> tuple[np.ndarray, np.ndarray]:
        newest, spread = SeasonalNaive().mean_and_sigma(history, horizon, season)
        short = history.shape[1] - _ends(history).first < season
        if season <= 1 or short.all():
            return newest, spread
        phase, ahead = np.arange(horizon) % season, np.arange(horizon) // season
        padded = _pad(history, self.cycles * season)[:, -self.cycles * season :]
        mean = _mean(padded.reshape(len(history), self.cycles, season), 1)
        total, count = np.zeros_like(history), np.zeros_like(history)
        for lag in range(season, min(self.cycles * season, history.shape[1] - 1) + 1, season):
            earlier = history[:, :-lag]
            total[:, lag:] += np.nan_to_num(earlier)
            count[:, lag:] += ~np.isnan(earlier)
        fitted = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
        a = (self.cycles - 1) * (2 * self.cycles - 1) / (6 * self.cycles)
        sigma = _cycle_sigma(history, season, history - fitted)[:, None] * np.sqrt((ahead + 1 + a) / (1 + a))
        mean = np.where(np.isnan(mean[:, phase]), newest, mean[:, phase])
        return np.where(short[:, None], newest, mean), np.where(short[:, None], spread, sigma)


class HistoricQuantiles(_Normal):
    """Quantiles of all values observed so far, the same at every step; known in meteorology as climatology.

    Hard to beat where nothing but the distribution can be known, as with rare counts: its median is zero where most are.
    Quantiles lie between values at (i - 1) / (n - 1), Hyndman and Fan's type 7.
    """

    name = "historic-quantiles"

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32; NaN only for a history without an observed value."""
        ordered = np.sort(batch.past_target, 1)  # missing values come last
        last = np.maximum((~np.isnan(ordered)).sum(1, keepdims=True) - 1, 0)
        place = last * np.array(self.quantiles)  # (B, Q)
        low = np.floor(place).astype(np.int64)
        first, second = (np.take_along_axis(ordered, np.minimum(at, last), 1).astype(np.float64) for at in (low, low + 1))
        values = np.where(first == second, first, first + (place - low) * (second - first))
        return np.repeat(values[:, None], batch.horizon, 1).astype(np.float32)

    def mean_and_sigma(self, history: np.ndarray, horizon: int, season: int) -> tuple[np.ndarray, np.ndarray]:
        mean = _mean(history, 1)
        sigma = np.sqrt(_mean((history - mean[:, None]) ** 2, 1))
        return np.repeat(mean[:, None], horizon, 1), np.repeat(sigma[:, None], horizon, 1)


def _ends(history: np.ndarray) -> _Ends:
    observed = ~np.isnan(history)
    first = observed.argmax(1)
    last = history.shape[1] - 1 - observed[:, ::-1].argmax(1)
    row = np.arange(len(history))
    return _Ends(first, last, history[row, first], history[row, last])


def _steps_since(history: np.ndarray, ends: _Ends, horizon: int) -> np.ndarray:
    """Return (B, H) steps from the last observed value to each forecast step."""
    return (history.shape[1] - ends.last)[:, None] + np.arange(horizon)


def _lag_errors(history: np.ndarray, lags: np.ndarray, start: int) -> np.ndarray:
    """Return (B, T) mean absolute differences, over the lags, of the steps from `start` on; NaN if one is not observed."""
    end = history.shape[1]
    with np.errstate(invalid="ignore"):  # infinite values
        return np.asarray(np.mean([np.abs(history[:, start:] - history[:, start - lag : end - lag]) for lag in lags], 0))


def _last_cycle(history: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the newest observed value of each phase (B, m), NaN where there is none, and its age in cycles."""
    cycle = _pad(history, season)[:, -season:]
    if not np.isnan(cycle).any():
        return cycle, np.zeros(cycle.shape, np.int64)
    whole = _pad(history, -(-history.shape[1] // season) * season).reshape(len(history), -1, season)[:, ::-1]
    age = (~np.isnan(whole)).argmax(1)  # 0, too, where the phase was never observed
    return np.take_along_axis(whole, age[:, None], 1)[:, 0], age


def _pad(history: np.ndarray, length: int) -> np.ndarray:
    return np.pad(history, ((0, 0), (max(0, length - history.shape[1]), 0)), constant_values=np.nan)


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the mean of the observed values, NaN (without a warning) where there is none."""
    count = (~np.isnan(values)).sum(axis)
    return np.divide(np.nansum(values, axis), count, out=np.full(count.shape, np.nan), where=count > 0)


def _root_mean_square(residuals: np.ndarray) -> np.ndarray:
    return np.sqrt(_mean(residuals**2, 1))


def _step_sigma(history: np.ndarray, season: int, slope: np.ndarray | float = 0.0) -> np.ndarray:
    """Return (B,) root mean square of one-step differences less the slope, over the observed pairs; 0 for a single value."""
    slope = np.broadcast_to(slope, len(history))
    sigma = _root_mean_square((np.diff(history) - slope[:, None]) * present_size(history, season)[:, 1:])
    for i in np.flatnonzero(np.isnan(sigma)):  # no two neighbours observed: each pair brought to one step
        at = np.flatnonzero(~np.isnan(history[i]))
        gap = np.diff(at)
        step = (np.diff(history[i, at]) - slope[i] * gap) / np.sqrt(gap)
        sigma[i] = np.sqrt(np.mean(step**2)) if len(gap) else 0.0
    return sigma


def _cycle_sigma(history: np.ndarray, season: int, residuals: np.ndarray) -> np.ndarray:
    """Return (B,) root mean square of the residuals one cycle ahead, or of one-step differences where there are none."""
    size = present_size(history, season)
    sigma = _root_mean_square(residuals * size[:, size.shape[1] - residuals.shape[1] :])
    lacking = np.isnan(sigma)
    if lacking.any():
        sigma[lacking] = _step_sigma(history[lacking], season)
    return sigma
