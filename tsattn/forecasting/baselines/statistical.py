"""AutoETS, AutoTheta and AutoARIMA of statsforecast as Forecasters. An extra: `pip install "tsattn[stats]"`."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import ClassVar

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.errors import ConfigError
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.frame import DEFAULT_QUANTILES

_FEWEST = 4  # observed values that a model can be fitted on


def _library() -> ModuleType:
    """Import statsforecast's models. Raises ConfigError with the command that installs them."""
    try:
        from statsforecast import models
    except ImportError:
        raise ConfigError(
            "AutoETS, AutoTheta and AutoARIMA need the statsforecast package", 'type: pip install "tsattn[stats]"'
        ) from None
    return models


class _StatsForecast:
    """Base of models fitted anew on each window's last `context` steps (longer ones would take minutes each).

    Missing values are interpolated linearly, those at the end repeat the last observed one. A window on which the model
    cannot be fitted gets the seasonal naive forecast and is counted in `fallbacks`. Raises ConfigError when made without
    statsforecast installed.
    """

    name: ClassVar[str]
    model: ClassVar[str]
    context: ClassVar[int | None] = 1000
    covariates: ClassVar[bool] = False
    raw_history: ClassVar[bool] = True

    def __init__(self, season_length: int | None = None, quantiles: tuple[float, ...] = DEFAULT_QUANTILES) -> None:
        _library()
        self.season_length = season_length
        self.quantiles = quantiles
        self.fallbacks = 0

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32; NaN only for a history without an observed value."""
        season = self.season_length or (batch.season_lengths or (1,))[0]
        values = SeasonalNaive(season, self.quantiles).predict(batch)
        for i, history in enumerate(batch.past_target):
            made = self._fit(_filled(history), batch.horizon, season)
            if made is None:
                self.fallbacks += 1
            else:
                values[i] = made
        return values

    def _fit(self, history: np.ndarray, horizon: int, season: int) -> np.ndarray | None:
        """Return (H, Q), or None where the history is too short or the library fails."""
        if len(history) < _FEWEST:
            return None
        season = season if len(history) > 2 * season else 1
        # a quantile q is an end of the interval that covers |2q - 1|; the median is statsforecast's point forecast
        covers = [round(abs(2 * q - 1) * 100, 8) for q in self.quantiles]
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                fitted = getattr(_library(), self.model)(season_length=season)
                found = fitted.forecast(y=history, h=horizon, level=sorted({c for c in covers if c > 0}))
        except Exception:  # the library may raise any numerical error: one series must not end the run
            return None
        names = ["mean" if c == 0 else f"{'lo' if q < 0.5 else 'hi'}-{c}" for q, c in zip(self.quantiles, covers, strict=True)]
        values = np.stack([np.asarray(found[name], np.float64) for name in names], -1)
        largest = np.finfo(np.float32).max
        if not np.isfinite(values).all() or np.abs(values).max() > largest:
            return None
        return np.sort(values, -1).astype(np.float32)


class AutoETS(_StatsForecast):
    """Exponential smoothing, its form chosen by AICc."""

    name = "auto-ets"
    model = "AutoETS"


class AutoTheta(_StatsForecast):
    """Theta method, its variant chosen by in-sample error."""

    name = "auto-theta"
    model = "AutoTheta"


class AutoARIMA(_StatsForecast):
    """Seasonal ARIMA, its orders chosen by a stepwise search on AICc. Slow where the season is long."""

    name = "auto-arima"
    model = "AutoARIMA"


def _filled(history: np.ndarray) -> np.ndarray:
    """Return the history from its first observed value on, float64, with missing values interpolated."""
    at = np.flatnonzero(~np.isnan(history))
    if not len(at):
        return np.zeros(0)
    return np.interp(np.arange(at[0], len(history)), at, history[at].astype(np.float64))
