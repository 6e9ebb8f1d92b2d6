"""Weights of the generators, and shares of the disturbances. Does not import torch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from tsattn.errors import ConfigError


@dataclass(frozen=True)
class SyntheticConfig:
    """Weights of the generators (non-negative, normalised to sum to one), and shares of the series that are disturbed."""

    # generators, by their names in generate.GENERATORS
    structural: float = 0.13  # trend + seasons + noise
    wandering: float = 0.29  # drifting daily and weekly shapes, levels and amplitudes
    activity: float = 0.08  # traffic, load, visits: day types, holidays, opening hours
    weather: float = 0.08  # temperature, sun, wind, rain, humidity
    economic: float = 0.07  # monthly and quarterly: stochastic trend, multiplicative season
    arima: float = 0.08  # seasonal ARIMA
    random_walk: float = 0.09  # random walks, stochastic volatility, mean reversion
    gaussian_process: float = 0.07  # sums and products of kernels
    regimes: float = 0.03  # switching means, slopes and volatilities
    counts: float = 0.05  # small counts, intermittent demand
    devices: float = 0.03  # duty cycles, ramps, pulses, quantised and stuck sensors
    oscillators: float = 0.03  # quasi-periodic waves, several incommensurate periods
    bursts: float = 0.02  # decaying shots, clusters

    # disturbances: shares of the series
    mixup: float = 0.12  # a weighted sum of two series
    level_shift: float = 0.05
    outliers: float = 0.08  # spikes
    clipping: float = 0.03  # saturation at a quantile
    rounding: float = 0.10  # quantisation
    missing: float = 0.06  # single values and blocks
    short: float = 0.35  # cut on the left, to at least 32 values
    flip: float = 0.08  # sign reversed
    reverse: float = 0.03  # time reversed
    offset: float = 0.65  # shifted, by up to 1,000 standard deviations
    season_input: float = 0.80  # seasonal series with their season lengths as input; half of the others get none, half wrong ones
    season_input_without: float = 0.45  # series without seasons that get season lengths as input nevertheless

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            most = 1.0 if field.name in SHARES else float("inf")
            if not 0 <= value <= most:
                raise ConfigError(f"{field.name} must be {'between 0 and 1' if most == 1 else 'at least 0'}, not {value}")
        if not sum(self.weights) > 0:
            raise ConfigError("every generator is switched off", "give at least one of them a weight above 0")

    @property
    def weights(self) -> tuple[float, ...]:
        """Return the generators' weights, in the order of their fields."""
        return tuple(getattr(self, field.name) for field in dataclasses.fields(self) if field.name not in SHARES)

    def alone(self, kind: str) -> SyntheticConfig:
        """Return these settings with one generator only."""
        return dataclasses.replace(self, **{name: float(name == kind) for name in KINDS})

    def undisturbed(self) -> SyntheticConfig:
        """Return the same generators without disturbances, with true season lengths as input."""
        return dataclasses.replace(self, **{name: float(name == "season_input") for name in SHARES})


SHARES = (
    *("mixup", "level_shift", "outliers", "clipping", "rounding", "missing", "short", "flip", "reverse"),
    *("offset", "season_input", "season_input_without"),
)
KINDS = tuple(field.name for field in dataclasses.fields(SyntheticConfig) if field.name not in SHARES)
