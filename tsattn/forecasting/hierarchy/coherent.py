"""Base forecasts of every level, errors at hold-out origins, and forecasts that add up, at one or several cutoffs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, truth
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.counts import are_counts
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.hierarchy.covariance import ErrorCovariance, error_covariance
from tsattn.forecasting.hierarchy.reconciliation import LARGEST, reconciled
from tsattn.forecasting.hierarchy.structure import Hierarchy
from tsattn.forecasting.predict import observed_before, predict_windows

HOLD_OUTS = 6  # origins whose errors give the covariance, a horizon apart
_NORMAL_80 = 2.563  # width of the 80 % interval of a standard normal distribution


@dataclass(frozen=True)
class ReconciliationReport:
    """Report on how forecasts were reconciled.

    gap: mean absolute difference of a sum and its parts before, relative to the mean of the sum. origins: hold-out origins.
    """

    method: str
    shrinkage: float
    origins: int
    gap: float


class BaseForecasts:
    """Forecasts of all series at cutoffs a number of steps before the panel's end, each made once."""

    def __init__(self, forecaster: Forecaster, panel: Panel, horizon: int, levels: tuple[float, ...]) -> None:
        self.forecaster, self.panel, self.horizon = forecaster, panel, horizon
        self.levels = tuple(sorted({*levels, 0.1, 0.5, 0.9}))
        self._made: dict[int, np.ndarray] = {}

    def origins(self, back: int) -> tuple[Origins, np.ndarray]:
        """Return the origins `back` steps before the end, and the series that have a value before it."""
        first = self.panel.indptr[:-1]
        row = np.maximum(self.panel.origin - back, first)
        every = Origins(np.arange(len(self.panel)), row)
        some = np.flatnonzero((row > first) & observed_before(self.panel, every))
        return every[some], some

    def at(self, back: int) -> np.ndarray:
        """Return (n, H, Q) float64 forecasts; 0 for a series without a value yet, seasonal naive where the forecaster failed."""
        if back in self._made:
            return self._made[back]
        out = np.zeros((len(self.panel), self.horizon, len(self.levels)))
        for forecaster in (self.forecaster, SeasonalNaive(None, self.levels)):
            origins, some = self.origins(back)
            again = forecaster is not self.forecaster
            if again:
                bad = ~np.isfinite(out[some]).all((1, 2))
                origins, some = origins[bad], some[bad]
            if len(some):
                loop = predict_windows(forecaster, self.panel, origins, self.horizon, self.levels, whole=False)
                for which, _, values in loop:
                    out[some[which]] = values
        self._made[back] = out
        return out

    def never_negative(self, back: int) -> np.ndarray:
        """Return (n,) bool: True where the series has no negative value before the cutoff."""
        first, row = self.panel.indptr[:-1], self.panel.origin - back
        return np.array([not (self.panel.target[a:b] < 0).any() for a, b in zip(first, np.maximum(row, first), strict=True)])

    def are_counts(self, back: int) -> np.ndarray:
        """Return (n,) bool: True where the series holds whole numbers, none negative, before the cutoff."""
        first, row = self.panel.indptr[:-1], self.panel.origin - back
        pasts = [self.panel.target[a:b] for a, b in zip(first, np.maximum(row, first), strict=True)]
        return np.array([bool(are_counts(past[None])[0]) for past in pasts])

    def put(self, back: int, values: np.ndarray) -> None:
        """Store forecasts (n, H, Q) that were already made."""
        self._made[back] = values

    def errors(self, back: int) -> np.ndarray:
        """Return (n, H) errors, the truth less the median; NaN where either is unknown."""
        origins, some = self.origins(back)
        out = np.full((len(self.panel), self.horizon), np.nan)
        if len(some):
            median = self.at(back)[some][..., self.levels.index(0.5)]
            out[some] = truth(self.panel, origins, self.horizon) - median
        return out


@dataclass(frozen=True, eq=False)
class Coherent:
    """Coherent forecasts. values: (n, H, Q) float64; medians add up. covariance: of the errors of the base forecasts."""

    values: np.ndarray
    covariance: ErrorCovariance
    report: ReconciliationReport


def coherent(base: BaseForecasts, hierarchy: Hierarchy, back: int, method: str, cutoffs: int = HOLD_OUTS) -> Coherent:
    """Forecasts (n, H, Q) float64 from the cutoff `back` steps before the end, the medians of which add up.

    Each quantile keeps its distance from the median. The errors come from cutoffs 1, 2, … horizons before; without any,
    correlations are taken as zero. Too large a hierarchy is added from the bottom up.
    """
    values = base.at(back)
    middle = base.levels.index(0.5)
    points = values[..., middle]
    if hierarchy.sums * hierarchy.leaves > LARGEST:
        method = "bottom-up"
    covariance = _covariance(base, back, values, cutoffs)
    positive = base.never_negative(back)
    certain = (values[hierarchy.sums :] == 0).all(2)  # zero at every quantile: a closed day stays zero
    made = reconciled(points, hierarchy, covariance, method, positive[hierarchy.sums :], certain)
    out = made[..., None] + (values - points[..., None])
    out = np.where(positive[:, None, None], np.maximum(out, 0.0), out)
    sums = points[: hierarchy.sums]
    apart = np.abs(sums - hierarchy.added(points[hierarchy.sums :])).mean()
    size = np.abs(sums).mean()
    gap = float(apart / size) if size else 0.0
    return Coherent(out, covariance, ReconciliationReport(method, covariance.shrinkage, covariance.origins, gap))


def _covariance(base: BaseForecasts, back: int, values: np.ndarray, cutoffs: int) -> ErrorCovariance:
    """Return the covariance of hold-out errors; series without any have the deviation implied by their intervals."""
    errors = []
    for k in range(1, cutoffs + 1):
        one = base.errors(back + k * base.horizon)
        if not np.isfinite(one).any():
            break
        errors.append(one)
    low, high = (values[..., base.levels.index(q)] for q in (0.1, 0.9))
    deviation = np.sqrt((((high - low) / _NORMAL_80) ** 2).mean(1))
    made = np.stack(errors) if errors else np.zeros((0, *values.shape[:2]))
    return error_covariance(made, deviation)
