"""Simple methods, in one dict: the baselines that a model is compared with, and the members of an ensemble.

To add one, write a Forecaster of (season_length, quantiles) in a file of this package and give it a line in METHODS.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tsattn.errors import ConfigError

if TYPE_CHECKING:
    from tsattn.forecasting.frame import Forecaster

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Method:
    """Simple method. `place`: module and class, as text, as importing may need a library. `member`: more arguments of the
    class in an ensemble, None = in no ensemble. `baseline`: may be named with --baseline.
    """

    place: str
    about: str
    member: Mapping[str, Any] | None = field(default_factory=dict)
    baseline: bool = True


METHODS: dict[str, Method] = {
    "ridge": Method("ridge:Ridge", "linear regression on the last 336 values", {"lags": 336}, baseline=False),
    "seasonal-regression": Method(
        "seasonal_regression:SeasonalRegression",
        "linear regression on the last 14 cycles and the newest values",
        baseline=False,
    ),
    "naive": Method("simple:Naive", "the last value"),
    "seasonal-naive": Method("simple:SeasonalNaive", "the last cycle"),
    "seasonal-mean": Method("simple:SeasonalMean", "the mean of the last four cycles"),
    "drift": Method("simple:Drift", "the line through the first and the last value"),
    "holt": Method("holt:Holt", "exponential smoothing with a damped trend"),
    "state-space": Method(
        "state_space:StateSpace", "exponential smoothing and autoregressions, averaged by their probability", {"only": True}
    ),
    "garch": Method("garch:Garch", "a random walk whose volatility clusters", {"only": True}),
    "long-cycle": Method("simple:LongCycle", "the last long cycle: a week of hours, a day of minutes", {"only": True}),
    "historic-quantiles": Method("simple:HistoricQuantiles", "the quantiles of the whole history"),
    "auto-ets": Method("statistical:AutoETS", "AutoETS of statsforecast", None),
    "auto-theta": Method("statistical:AutoTheta", "AutoTheta of statsforecast", None),
    "auto-arima": Method("statistical:AutoARIMA", "AutoARIMA of statsforecast", None),
}
BASELINES = {name: method for name, method in METHODS.items() if method.baseline}
MEMBERS = {name: method for name, method in METHODS.items() if method.member is not None}


def baseline(name: str, season_length: int | None = None, quantiles: Sequence[float] = QUANTILES) -> Forecaster:
    """Return a baseline by its name in BASELINES. Raises ConfigError for an unknown name or a missing library."""
    if name not in BASELINES:
        raise unknown("baseline", name, BASELINES)
    if season_length is not None and season_length < 1:
        raise ConfigError(f"the season length must be positive, not {season_length}")
    return _made(BASELINES[name], season_length, quantiles, {})


def member(name: str, season_length: int | None, quantiles: Sequence[float]) -> Forecaster:
    """Return an ensemble member by its name in MEMBERS. Raises ConfigError for an unknown name."""
    if name not in MEMBERS:
        raise unknown("member", name, MEMBERS)
    method = MEMBERS[name]
    return _made(method, season_length, quantiles, method.member or {})


def unknown(what: str, name: str, known: Collection[str]) -> ConfigError:
    """Return the error for an unknown name; it suggests the nearest known one."""
    near = difflib.get_close_matches(name, known, 1)
    return ConfigError(f"unknown {what} {name!r}", f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known)}")


def _made(method: Method, season_length: int | None, quantiles: Sequence[float], more: Mapping[str, Any]) -> Forecaster:
    module, _, name = method.place.partition(":")
    kind = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    made: Forecaster = kind(season_length=season_length, quantiles=tuple(quantiles), **more)
    return made
