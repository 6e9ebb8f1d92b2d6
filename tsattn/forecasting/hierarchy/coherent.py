"""Base forecasts of every level, errors at hold-out origins, and forecasts that add up, at one or several cutoffs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tsattn.data.cleaning.prepare import Cleaning
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, truth
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.counts import are_counts
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.hierarchy.covariance import ErrorCovariance, error_covariance
from tsattn.forecasting.hierarchy.rare_demand import CAUTION, Rarity, around, lifts, moved, rarity_of, without_error
from tsattn.forecasting.hierarchy.reconciliation import LARGEST, reconciled
from tsattn.forecasting.hierarchy.structure import Hierarchy
from tsattn.forecasting.predict import observed_before, predict_windows

HOLD_OUTS = 6  # origins whose errors give the covariance, a horizon apart
_ROUNDING = 1e-6  # threshold below which forecasts of a series that was always zero are set to zero
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
    """Forecasts of all series at cutoffs a number of steps before the panel's end, each made once.

    on_progress: called with the number of forecasts that were just made.
    """

    def __init__(
        self,
        forecaster: Forecaster,
        panel: Panel,
        horizon: int,
        levels: tuple[float, ...],
        on_progress: Callable[[int], None] | None = None,
    ) -> None:
        self.forecaster, self.panel, self.horizon, self.on_progress = forecaster, panel, horizon, on_progress
        self.levels = tuple(sorted({*levels, 0.1, 0.5, 0.9}))
        self._made: dict[int, np.ndarray] = {}
        self.cleaned: list[tuple[Origins, Cleaning]] = []  # what was found in the histories before origins

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
                for which, windows, values in loop:
                    out[some[which]] = values
                    if self.on_progress is not None and not again:
                        self.on_progress(len(which))
                    if windows.cleaning is not None:
                        self.cleaned.append((origins[which], windows.cleaning))
        self.put(back, out)
        return self._made[back]

    def pasts(self, back: int) -> list[np.ndarray]:
        """Return the values of each series before the cutoff."""
        first, row = self.panel.indptr[:-1], self.panel.origin - back
        return [self.panel.target[a:b] for a, b in zip(first, np.maximum(row, first), strict=True)]

    def never_negative(self, back: int) -> np.ndarray:
        """Return (n,) bool: True where the series has no negative value before the cutoff."""
        return np.array([not (past < 0).any() for past in self.pasts(back)])

    def are_counts(self, back: int) -> np.ndarray:
        """Return (n,) bool: True where the series holds whole numbers, none negative, before the cutoff."""
        return np.array([bool(are_counts(past[None])[0]) for past in self.pasts(back)])

    def rarity(self, back: int) -> Rarity:
        """Return the rarity of the series, measured before the cutoff."""
        return rarity_of(self.pasts(back), self.panel.freq.season_length)

    def medians(self, back: int) -> np.ndarray:
        """Return the medians (n, H) of the forecasts."""
        return self.at(back)[..., self.levels.index(0.5)]

    def variances(self, back: int) -> np.ndarray:
        """Return the variances (n, H) of the forecasts, from the 80 % interval as if they were normal."""
        low, high = (self.at(back)[..., self.levels.index(q)] for q in (0.1, 0.9))
        return np.asarray(((high - low) / _NORMAL_80) ** 2)

    def put(self, back: int, values: np.ndarray) -> None:
        """Store given forecasts (n, H, Q), without rounding errors in series that were always zero."""
        ended = np.array([not np.nan_to_num(past).any() for past in self.pasts(back)])
        self._made[back] = np.where(ended[:, None, None] & (np.abs(values) < _ROUNDING), 0.0, values)

    def errors(self, back: int) -> np.ndarray:
        """Return (n, H) errors, the truth less the median; NaN where either is unknown."""
        origins, some = self.origins(back)
        out = np.full((len(self.panel), self.horizon), np.nan)
        if len(some):
            out[some] = truth(self.panel, origins, self.horizon) - self.medians(back)[some]
        return out


@dataclass(frozen=True, eq=False)
class Coherent:
    """Coherent forecasts. values: (n, H, Q) float64; medians add up. covariance: of the errors of the base forecasts.

    shift: (n, H) difference of the medians from those of the base forecasts. positive: (n,) bool, True for series never negative.
    """

    values: np.ndarray
    shift: np.ndarray
    rarity: Rarity
    positive: np.ndarray
    covariance: ErrorCovariance
    report: ReconciliationReport

    def moved(self, values: np.ndarray) -> np.ndarray:
        """Return base quantiles (n, H, Q) moved with the medians, except for rare demand; at least 0 if the past is."""
        return moved(values, self.shift, self.rarity, self.positive)


def coherent(base: BaseForecasts, hierarchy: Hierarchy, back: int, method: str, cutoffs: int = HOLD_OUTS) -> Coherent:
    """Return forecasts (n, H, Q) float64 from the cutoff `back` steps before the end; their medians add up.

    Each quantile keeps its distance from the median, or its value if demand is rare (rare_demand.py). The errors come from
    cutoffs 1, 2, … horizons before; without any, correlations are taken as zero. A hierarchy that is too large is reconciled
    bottom-up.
    """
    values = base.at(back)
    medians = base.medians(back)
    if hierarchy.sums * hierarchy.leaves > LARGEST:
        method = "bottom-up"
    rarity = base.rarity(back)
    lift, covariance = _errors(base, hierarchy, back, rarity, cutoffs)
    wary = replace(covariance, deviation=covariance.deviation * (1 + (CAUTION - 1) * rarity.of_leaves(hierarchy)))
    positive = base.never_negative(back)
    certain = without_error(values, rarity)[hierarchy.sums :]  # a closed day stays zero
    made = reconciled(medians + lift, hierarchy, wary, method, positive[hierarchy.sums :], certain)
    shift = made - medians
    out = around(moved(values, shift, rarity, positive), made, base.levels, rarity)
    sums = medians[: hierarchy.sums]
    apart = np.abs(sums - hierarchy.added(medians[hierarchy.sums :])).mean()
    size = np.abs(sums).mean()
    gap = float(apart / size) if size else 0.0
    report = ReconciliationReport(method, covariance.shrinkage, covariance.origins, gap)
    return Coherent(out, shift, rarity, positive, covariance, report)


def _errors(
    base: BaseForecasts, hierarchy: Hierarchy, back: int, rarity: Rarity, cutoffs: int
) -> tuple[np.ndarray, ErrorCovariance]:
    """Return the lifts (n, H) of rare medians, and the covariance of the errors of lifted medians at hold-out origins.

    Series without errors have the deviation implied by their intervals.
    """
    origins = [back]
    errors = []
    for k in range(1, cutoffs + 1):
        one = base.errors(back + k * base.horizon)
        if not np.isfinite(one).any():
            break
        errors.append(one)
        origins.append(back + k * base.horizon)
    variances = [base.variances(at) for at in origins]
    lift, *before = lifts([base.medians(at) for at in origins], variances, rarity, hierarchy)
    made = [error - one for error, one in zip(errors, before, strict=True)]
    deviation = np.sqrt(variances[0].mean(1))
    return lift, error_covariance(np.stack(made) if made else np.zeros((0, *lift.shape)), deviation)
