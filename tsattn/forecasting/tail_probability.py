"""Tail probabilities of forecast errors: a normal body, and a generalised Pareto tail through quantiles of past errors.

A probability is that of the rank among past errors (conformal prediction; Vovk et al., 2005), and beyond them that of the
fitted tail (peaks over threshold; Siffer et al., 2017). Both are shrunk to the normal distribution's where there are few
independent errors. A run of anomalies among the past errors counts once, so that it does not hide later ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

TAIL = 0.1  # share of errors that make the tail
NEAR, FAR = 0.05, 0.02  # shares beyond the two quantiles that measure it; fewer errors than these may be anomalies
START = NormalDist().inv_cdf(1 - TAIL / 2)  # of the normal distribution's tail, in standard deviations
EXCESS = 0.4  # its scale, so that 1 error in 100 lies beyond 2.57
PRIOR = 20.0  # independent errors that count as much as the prior for the start of the tail
BEYOND = 1.0  # the same for its scale, in errors beyond the quantile that measures it
LONGEST = 0.2  # shape of the longest tail: past errors are too few to measure a longer one
DOUBT = 20.0  # errors beyond the farthest quantile that count as much as an exponential tail
FEW_RUNS, RARE_RUNS = 2, 0.003  # most runs of two or more anomalies that count once each: so many, or this share of the errors
MOST_UNUSUAL = 0.2  # share of anomalies among past errors above which all of them count
BIAS_PRIOR, SCALE_PRIOR = 10.0, 40.0  # for the errors of one phase of the cycle: their median, and their size
NARROWEST, WIDEST = 0.2, 50.0  # times the normal distribution


@dataclass(frozen=True, eq=False)
class Tail:
    """Distribution tails. threshold, excess, shape: (n,) float64, of a generalised Pareto distribution, in units of the forecast.

    threshold: the start, which TAIL of the errors exceed. excess: the scale. shape: 0 for an exponential tail, and above for
    longer ones.
    """

    threshold: np.ndarray
    excess: np.ndarray
    shape: np.ndarray

    @classmethod
    def normal(cls, count: int) -> Tail:
        """Return the normal distribution's tail for `count` rows."""
        return cls(np.full(count, START), np.full(count, EXCESS), np.zeros(count))

    def rows(self, chosen: np.ndarray) -> Tail:
        """Return the tails of some rows."""
        return Tail(self.threshold[chosen], self.excess[chosen], self.shape[chosen])

    def probability(self, distance: np.ndarray) -> np.ndarray:
        """Two-sided probability (n,) of an error of at least `distance` (n,); NaN where that is."""
        body = 2 * _normal_tail(START * distance / self.threshold)
        over = np.maximum(distance - self.threshold, 0) / self.excess
        shape = np.maximum(self.shape, 1e-9)  # the limit at 0 is the exponential distribution
        return np.where(distance > self.threshold, TAIL * np.exp(-np.log1p(shape * over) / shape), body)

    def distance(self, probability: float) -> np.ndarray:
        """Return the distance (n,) that an error exceeds with this probability."""
        if probability >= TAIL:
            return self.threshold * NormalDist().inv_cdf(1 - probability / 2) / START
        return self.threshold + self.excess * _stretch(self.shape, np.log(TAIL / probability))


def tail_of(errors: np.ndarray) -> tuple[float, float, float]:
    """Estimate (threshold, excess, shape) from absolute past errors, in units of their forecasts and by time."""
    count = len(errors)
    if not count:
        return START, EXCESS, 0.0
    ordered, independent = np.sort(errors), _independent(errors)
    lowest, highest = NARROWEST * START, WIDEST * START
    start = float(np.clip(_ranked(ordered, TAIL), lowest, highest))
    share = independent / (independent + PRIOR)
    threshold = float(np.exp(share * np.log(start) + (1 - share) * np.log(START)))
    usual = EXCESS * threshold / START
    scales = [usual]  # of exponential tails through the quantiles below
    for probability in (NEAR, FAR):
        # beyond the strongest error there is no quantile: the prior decides
        weight = count * probability / (count * probability + BEYOND) if count * probability >= 1 else 0.0
        own = (_ranked(ordered, probability) - start) / np.log(TAIL / probability)
        own = float(np.clip(own, NARROWEST * usual, WIDEST * usual))
        scales.append(float(np.exp(weight * np.log(own) + (1 - weight) * np.log(scales[-1]))))
    # a generalised Pareto distribution has about this shape if it looks so much wider at the farther quantile
    beyond, steps = independent * FAR, np.log(TAIL / FAR)
    shape = beyond / (beyond + DOUBT) * np.log(scales[2] / scales[1]) / (np.log(NEAR / FAR) / 2)
    shape = float(np.clip(shape, 0.0, LONGEST))
    return threshold, scales[2] * steps / float(_stretch(np.array(shape), steps)), shape


def calibrating(errors: np.ndarray, unusual: np.ndarray) -> np.ndarray:
    """Return the absolute errors that calibrate a tail, from all errors (n,), NaN = unknown, and the anomalies (n,) bool.

    A run of anomalies counts once, with its strongest error. Where runs are common they are no anomalies, and all rows count.
    """
    known = ~np.isnan(errors)
    size, unusual = np.abs(errors[known]), unusual[known]
    edges = np.diff(unusual.astype(np.int8), prepend=0, append=0)
    runs = [
        (first, end)
        for first, end in zip(*(np.flatnonzero(edges == e).tolist() for e in (1, -1)), strict=True)
        if end - first > 1
    ]
    if not runs or len(runs) > max(FEW_RUNS, RARE_RUNS * len(size)) or unusual.mean() > MOST_UNUSUAL:
        return size
    kept = np.ones(len(size), bool)
    for first, end in runs:
        size[first] = size[first:end].max()
        kept[first + 1 : end] = False
    return size[kept]


def _ranked(ordered: np.ndarray, probability: float) -> float:
    """Return the error that a new one exceeds with this probability: the i-th of n is exceeded with 1 - i / (n + 1)."""
    place = min((1 - probability) * (len(ordered) + 1), float(len(ordered)))
    low = int(np.clip(np.floor(place) - 1, 0, len(ordered) - 1))
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (place - 1 - low) * (ordered[high] - ordered[low]) if place >= 1 else ordered[0])


def _independent(errors: np.ndarray) -> float:
    """Return the number of independent errors that are worth as much as these, by time (Bayley and Hammersley, 1946)."""
    x = np.minimum(errors, np.quantile(errors, 0.95))
    x = x - x.mean()
    size = float((x**2).sum())
    follows = min(max(float((x[1:] * x[:-1]).sum()) / size, 0.0), 0.95) if size > 0 else 0.0
    return len(errors) * (1 - follows) / (1 + follows)


def _stretch(shape: np.ndarray, steps: float) -> np.ndarray:
    """(exp(shape · steps) - 1) / shape, and its limit `steps` at 0."""
    shape = np.maximum(shape, 1e-9)
    return np.expm1(shape * steps) / shape


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
