"""Regressors of trees for each step ahead: seasonal lags, and either calendar and covariates or the phases of the seasons.

The lags are those of baselines/seasonal_regression.py. Trees forecast how far a step lies from the mean of the last cycles at its
phase, in units of the series' standard deviation, so they serve series of different levels and sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.ridge import fill
from tsattn.forecasting.baselines.seasonal_regression import CYCLES, Lags

SHARE = 2  # cycles of history for each cycle that is read
LONG = 3  # long cycles of history, if the newest one is read

Widths = tuple[int, int, int]  # numbers of calendar, known and static columns


@dataclass(frozen=True)
class Layout:
    """What the rows of a panel's trees hold.

    season: steps of a cycle. long: steps of a long cycle, such as a week of hours; 0 = none. cycles: how many cycles are read.
    reach: steps ahead that the trees were fitted for. calendar, known, static: numbers of columns.
    """

    season: int
    long: int
    cycles: int
    reach: int
    calendar: int
    known: int
    static: int

    @property
    def widths(self) -> Widths:
        return self.calendar, self.known, self.static

    @property
    def first(self) -> int:
        """Steps before the earliest origin."""
        return max((self.cycles + 1) * self.season, self.long)


def widths_of(batch: WindowBatch) -> Widths:
    """Return the numbers of columns of a batch."""
    return batch.calendar, batch.known.shape[2] - batch.calendar, batch.static.shape[1]


def layout_of(lengths: np.ndarray, seasons: tuple[int, ...], horizon: int, widths: Widths) -> Layout | None:
    """Return the layout for series of `lengths` (S,) steps; None without a season, or if the series are too short.

    seasons: usual season lengths, shortest first.
    """
    season = next((one for one in seasons if one > 1), 0)
    typical = int(np.quantile(lengths, 0.25)) if len(lengths) else 0  # a quarter of the series may be shorter
    # two horizons are left for origins and their targets
    cycles = min(CYCLES, typical // season // SHARE, (typical - 2 * horizon) // season - 1) if season else 0
    if cycles < 1:
        return None
    long = next((one for one in seasons if one > season and one % season == 0 and LONG * one < typical), 0)
    return Layout(season, long, cycles, horizon, *widths)


@dataclass(frozen=True, eq=False)
class SeriesRows:
    """Rows of trees for one series of n steps, and for the steps after it.

    lags: of the series, filled and scaled by `mean` and `scale`. known (n + H, C): calendar columns, or others that are known
    at every step, and known covariates; NaN = unknown. static (S,).
    """

    layout: Layout
    lags: Lags
    mean: float
    scale: float
    known: np.ndarray
    static: np.ndarray

    @property
    def length(self) -> int:
        return len(self.lags.z)

    def in_units(self, z: np.ndarray) -> np.ndarray:
        """Return scaled values in the units of the series."""
        return z * self.scale + self.mean

    def at(self, origin: np.ndarray, ahead: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows (N, F) float32 of the steps `ahead` (N,), from 1, of origins (N,), and the mean cycles (N,).

        A row depends on no target value from the origin on.
        """
        layout, target = self.layout, origin + ahead - 1
        x, usual = self.lags.at(origin, ahead)
        spread, newest = x[:, : layout.cycles].std(1), self.lags.z[origin - 1] - usual
        parts = [x, spread, ahead, usual, self.lags.level(origin), newest, self.known[target]]
        if layout.known:
            covariates = self.known[:, layout.calendar :]
            last = target - layout.season * -(-ahead // layout.season)  # the newest cycle at the step's phase
            before = covariates[last[:, None] - layout.season * np.arange(layout.cycles)]  # (N, cycles, K)
            parts += [covariates[target] - before.mean(1), covariates[target] - before[:, 0]]
        parts.append(np.broadcast_to(self.static, (len(origin), layout.static)))
        with np.errstate(over="ignore"):  # a series that explodes: infinity is the largest value for a tree
            return np.column_stack(parts).astype(np.float32), usual

    def drawn(self, observed: np.ndarray, end: int, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return at most `count` random rows (N, F) with targets before step `end`, and these targets minus mean cycles (N,).

        observed (n,): the series with its gaps. Rows whose target is missing are left out.
        """
        ahead = rng.integers(1, self.layout.reach + 1, count)
        origin = rng.integers(self.layout.first, end - ahead + 1)
        target = origin + ahead - 1
        seen = np.isfinite(observed[target])
        x, usual = self.at(origin[seen], ahead[seen])
        return x, self.scaled(observed[target[seen]].astype(np.float64)) - usual

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Return values standardized by the mean and the standard deviation of the series."""
        return (values - self.mean) / self.scale


def series_rows(batch: WindowBatch, layout: Layout) -> list[SeriesRows | None]:
    """Return the rows of each window's series; None where the history is too short."""
    history = fill(batch.past_target.astype(np.float64), layout.season)
    found: list[SeriesRows | None] = []
    for row, length in enumerate(batch.observed_lengths.tolist()):
        if length < layout.first:
            found.append(None)
            continue
        start = batch.context - length
        found.append(rows_of_series(history[row, start:], length, layout, batch.known[row, start:], batch.static[row]))
    return found


def rows_of_series(values: np.ndarray, seen: int, layout: Layout, known: np.ndarray, static: np.ndarray) -> SeriesRows:
    """Return the rows of a filled series (n,), scaled by the mean and standard deviation of its first `seen` steps."""
    mean, scale = float(values[:seen].mean()), float(values[:seen].std())
    scale = scale if scale > 1e-7 * abs(mean) else 1.0  # below float32's own rounding a series is constant
    lags = Lags((values - mean) / scale, layout.season, layout.long, layout.cycles)
    return SeriesRows(layout, lags, mean, scale, known, static)
