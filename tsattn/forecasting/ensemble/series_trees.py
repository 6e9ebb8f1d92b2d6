"""Regression trees on seasonal lags, fitted to each series alone: their median moves the network's forecast.

Trees find effects that a linear regression cannot express and that a network which has not been trained on the series cannot
know, such as a deviation of the newest value that lasts at night but not by day (benchmarks/LOG.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.ridge import fill
from tsattn.forecasting.frame import DEFAULT_QUANTILES
from tsattn.forecasting.trees.gradient_boosting import MEDIAN, Booster, Settings, boosted, unavailable
from tsattn.forecasting.trees.regressors import SeriesRows, layout_of, rows_of_series

TREES = "trees"  # its name among the members
LEAST = 2_000  # minimum steps of history before the earliest hold-out origin: on shorter series, trees gain nothing
ROWS = 3_000  # of a fit
FEWEST = 500  # rows that a fit needs
ROUNDS = 60
_BOUND = 1e6  # of targets, in standard deviations of the steps before the hold-out origins
_LARGEST = float(np.finfo(np.float32).max)
SETTINGS: Settings = {
    **MEDIAN,
    "num_leaves": 8,
    "learning_rate": 0.15,
    "min_data_in_leaf": 30,
    "max_bin": 63,
    "bin_construct_sample_cnt": 2_000,
    "num_threads": 1,  # more threads take longer for so few rows
    "seed": 0,
}


class SeriesTrees:
    """Member that moves the network's forecast to the median of trees.

    `predict_from` returns that median at every quantile, and `corrected` the forecast. The median is NaN for series without a
    season, with too short a history, or with hold-out origins in the first half of it. It is NaN for all series if the network
    has no median, or if LightGBM cannot be loaded; `lacking` then gives the reason. season_length None: the shortest usual
    cycle of the data's frequency.
    """

    covariates = False
    context = None

    def __init__(self, season_length: int | None = None, quantiles: Sequence[float] = DEFAULT_QUANTILES) -> None:
        self.season_length, self.quantiles, self.name = season_length, tuple(quantiles), TREES
        self.lacking = ""
        self.is_able = 0.5 in self.quantiles

    def takes_part(self, longest: int, has_season: bool) -> bool:
        """Return True if the member may forecast series of a panel whose longest series has `longest` steps."""
        return self.is_able and longest >= LEAST and (has_season or self.season_length is not None) and not unavailable()

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32, the median of trees fitted to the whole history."""
        return self.predict_from(batch, np.zeros((0, len(batch)), np.int64))[0]

    def predict_from(self, batch: WindowBatch, shifts: np.ndarray) -> np.ndarray:
        """Return (1 + K, B, H, Q) float32: medians from the end, then from `shifts` (K, B) steps before it.

        The last K come from one fit on the steps before the earliest of these origins. The first is the mean of the medians of
        that fit and of a fit on the whole history: two draws of rows err less than one.
        """
        out = np.full((1 + len(shifts), len(batch), batch.horizon, len(self.quantiles)), np.nan, np.float32)
        back = shifts.max(0) if len(shifts) else np.zeros(len(batch), np.int64)
        early = batch.observed_lengths - back
        seasons = tuple(one for one in (self.season_length or 0, *batch.season_lengths) if one > 1)
        able = np.flatnonzero((early >= LEAST) & (2 * early >= batch.observed_lengths) & (self.is_able and bool(seasons)))
        why = unavailable() if len(able) else ""
        if why:
            self.lacking = f"{TREES}: {why}"
        if not len(able) or why:
            return out
        history = fill(batch.past_target[able].astype(np.float64), seasons[0])
        for row, values in zip(able.tolist(), history, strict=True):
            start = batch.context - int(batch.observed_lengths[row])
            made = _medians(values[start:], batch.past_target[row, start:], shifts[:, row], batch.horizon, seasons)
            if made is not None:
                out[:, row] = made[..., None]
        return out

    def corrected(self, network: np.ndarray, found: np.ndarray, season_lengths: Sequence[int]) -> np.ndarray:
        """Return the network's forecast (..., H, Q), moved to the median `found` (..., H, Q) by `predict_from`."""
        if not self.is_able:
            return found
        middle = network[..., self.quantiles.index(0.5)]
        return np.asarray(network + (found[..., :1] - middle[..., None]), np.float32)


def _medians(
    values: np.ndarray, observed: np.ndarray, shifts: np.ndarray, horizon: int, seasons: tuple[int, ...]
) -> np.ndarray | None:
    """Return medians (1 + K, H) of a series from its end and from `shifts` (K,) steps before it; None without a fit.

    values (n,): the series, filled. observed (n,): the series with its gaps. The medians are NaN where a shift is 0.
    """
    length, early = len(values), len(values) - int(shifts.max(initial=0))
    steps = np.arange(length + horizon)
    phases = np.column_stack([steps % one for one in seasons])
    layout = layout_of(np.array([early]), seasons, horizon, (phases.shape[1], 0, 0))
    if layout is None:
        return None
    series = rows_of_series(values, early, layout, phases, np.zeros(0))
    first = _fitted(series, observed, early)
    if first is None:
        return None
    latest = _fitted(series, observed, length) if early < length else None
    ends = [length, *(length - shifts).tolist()]
    out = np.stack([_ahead(series, first, end) for end in ends])
    if latest is not None:
        out[0] = (out[0] + _ahead(series, latest, length)) / 2
    out[1:][shifts == 0] = np.nan
    return out


def _fitted(series: SeriesRows, observed: np.ndarray, end: int) -> Booster | None:
    """Return trees fitted to the steps of a series before `end`; None if too few of its values are observed."""
    x, y = series.drawn(observed, end, ROWS, np.random.default_rng(end))
    return boosted(x, np.clip(y, -_BOUND, _BOUND), SETTINGS, ROUNDS) if len(y) >= FEWEST else None


def _ahead(series: SeriesRows, trees: Booster, end: int) -> np.ndarray:
    """Return the medians (H,) of the steps after the first `end` ones."""
    ahead = np.arange(1, series.layout.reach + 1)
    x, usual = series.at(np.full(len(ahead), end), ahead)
    return np.clip(series.in_units(usual + trees.predict(x)), -_LARGEST, _LARGEST)
