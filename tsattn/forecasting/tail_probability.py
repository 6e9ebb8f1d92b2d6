"""Tail probabilities of forecast errors: a normal body, and an exponential tail whose start and mean are those of past errors.

Both are robust, so that anomalies among the past errors do not hide later ones, and both are shrunk to the normal
distribution's where there are few errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

TAIL = 0.1  # share of errors that make the tail
START = NormalDist().inv_cdf(1 - TAIL / 2)  # of the normal distribution's tail, in standard deviations
EXCESS = 0.4  # its mean excess over the start
PRIOR = 30.0  # errors that count as much as the prior
BIAS_PRIOR, SCALE_PRIOR = 10.0, 40.0  # the same for the errors of one phase of the cycle: their median, and their size
NARROWEST, WIDEST = 0.2, 50.0  # times the normal distribution


@dataclass(frozen=True, eq=False)
class Tail:
    """Distribution tails. threshold, excess: (n,) float64, the start and the mean excess, in units of the forecast."""

    threshold: np.ndarray
    excess: np.ndarray

    @classmethod
    def normal(cls, count: int) -> Tail:
        """Return the normal distribution's tail for `count` rows."""
        return cls(np.full(count, START), np.full(count, EXCESS))

    def rows(self, chosen: np.ndarray) -> Tail:
        """Return the tails of some rows."""
        return Tail(self.threshold[chosen], self.excess[chosen])

    def probability(self, distance: np.ndarray) -> np.ndarray:
        """Two-sided probability (n,) of an error of at least `distance` (n,); NaN where that is."""
        body = 2 * _normal_tail(START * distance / self.threshold)
        beyond = np.minimum(TAIL * np.exp(-(distance - self.threshold) / self.excess), TAIL)
        return np.where(distance > self.threshold, beyond, body)

    def distance(self, probability: float) -> np.ndarray:
        """Return the distance (n,) that an error exceeds with this probability."""
        if probability >= TAIL:
            return self.threshold * NormalDist().inv_cdf(1 - probability / 2) / START
        return self.threshold + self.excess * np.log(TAIL / probability)


def tail_of(errors: np.ndarray) -> tuple[float, float]:
    """Estimate (threshold, excess) from absolute past errors in units of their forecasts."""
    count = len(errors)
    if not count:
        return START, EXCESS
    start = float(np.clip(np.quantile(errors, 1 - TAIL), NARROWEST * START, WIDEST * START))
    share = count / (count + PRIOR)
    threshold = float(np.exp(share * np.log(start) + (1 - share) * np.log(START)))
    over = errors[errors > start] - start
    if not len(over):
        return threshold, EXCESS * threshold / START
    # the median of an exponential distribution is ln 2 means, and one anomaly does not move it
    own = float(np.median(over)) / np.log(2)
    usual = EXCESS * threshold / START
    own = float(np.clip(own, NARROWEST * usual, WIDEST * usual))
    weight = len(over) / (len(over) + PRIOR * TAIL * 2)
    return threshold, float(np.exp(weight * np.log(own) + (1 - weight) * np.log(usual)))


def phase_errors(past: np.ndarray, every: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (bias, scale), each (h,), from the past errors (h, n) at the phase of h rows and at all phases; NaN = unknown.

    bias: the median error, in units of the forecast. scale: the size of the errors around it, relative to the usual. Both are
    shrunk to none where few errors are known.
    """
    count = (~np.isnan(past)).sum(1)
    bias = count / (count + BIAS_PRIOR) * _median(past)
    usual = _median(np.abs(every)[None])[0]
    own = _median(np.abs(past - bias[:, None]))
    ratio = np.divide(own, usual, out=np.ones_like(own), where=(own > 0) & (usual > 0))
    return bias, np.exp(count / (count + SCALE_PRIOR) * np.log(np.clip(ratio, NARROWEST, WIDEST)))


def _median(values: np.ndarray) -> np.ndarray:
    """Return (h,) medians of the rows of values (h, n), NaN ignored; 0 for a row without values."""
    ordered = np.sort(values, 1)  # NaN last
    count = (~np.isnan(values)).sum(1)
    if not values.shape[1]:
        return np.zeros(len(values))
    rows, middle = np.arange(len(values)), np.maximum(count - 1, 0)
    return np.where(count > 0, (ordered[rows, middle // 2] + ordered[rows, (middle + 1) // 2]) / 2, 0.0)


def _normal_tail(z: np.ndarray) -> np.ndarray:
    """P(Z > z) of the standard normal distribution, by the approximation of Abramowitz and Stegun (1964), 26.2.17."""
    z = np.asarray(z, np.float64)
    t = 1 / (1 + 0.2316419 * z)
    terms = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    return np.asarray(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * terms)
