"""Tail probabilities of forecast errors: a normal body, and a tail of peaks over a threshold (Siffer et al., 2017).

If few past errors lie far outside it, the tail is exponential and fitted robustly, so that past anomalies do not hide later ones.
If many do, large errors are normal for the series: the tail is then a generalised Pareto distribution through the ranks of all
past errors, as in conformal prediction (Vovk et al., 2005). With few errors, both are shrunk to the normal tail.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tsattn.forecasting.quantiles import row_medians

TAIL = 0.1  # share of errors that make the tail
NEAR, FAR = 0.05, 0.01  # shares beyond the two quantiles that a tail through ranks goes through
START = NormalDist().inv_cdf(1 - TAIL / 2)  # of the normal distribution's tail, in standard deviations
EXCESS = 0.4  # its scale, so that 1 error in 100 lies beyond 2.57
PRIOR = 30.0  # errors that count as much as the prior
EARLY_SHAPE = 0.2  # shape of the prior, for errors of unknown scale
BEYOND = 1.0  # the same for a tail through ranks, in errors beyond the quantile
LONGEST, DOUBT = 0.3, 4.0  # largest shape of a tail, and errors beyond FAR that count as much as an exponential one
OUTSIDE = 0.01  # probability of errors that are outside an exponential tail
TOO_MANY = 2.0  # an exponential tail with this many times that share outside is too short
FEW = 3  # errors outside that are always acceptable
FEW_RUNS, RARE_RUNS = 1, 0.002  # longest runs treated as anomalies: a number, and a share of the errors
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


def tail_of(errors: np.ndarray, unusual: np.ndarray | None = None, *, width: float = 1.0) -> tuple[float, float, float]:
    """Estimate (threshold, excess, shape) from past errors (n,) by time, in units of their forecasts; NaN = unknown.

    unusual: (n,) bool, True for errors of anomalies. width: scale of the prior, in units of the normal distribution.
    """
    known = ~np.isnan(errors)
    size = np.abs(errors[known])
    start = START * width
    if not len(size):
        return start, EXCESS * width, EARLY_SHAPE
    usual = size if unusual is None else size[~unusual[known]]
    threshold, excess = _exponential(usual if len(usual) >= (1 - MOST_UNUSUAL) * len(size) else size, start)
    outside = size > threshold + excess * np.log(TAIL / OUTSIDE)
    edges = np.diff(outside.astype(np.int8), prepend=0, append=0)
    runs = np.sort(np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1))
    others = runs[: max(0, len(runs) - int(FEW_RUNS + RARE_RUNS * len(size)))].sum()
    if others <= max(FEW, TOO_MANY * OUTSIDE * len(size)):
        return threshold, excess, EARLY_SHAPE * PRIOR / (PRIOR + len(usual))
    return _through_ranks(np.sort(size), start)


def _exponential(errors: np.ndarray, prior: float) -> tuple[float, float]:
    """Return (threshold, excess) of an exponential tail that a few anomalies among the absolute errors do not move."""
    count = len(errors)
    start = float(np.clip(np.quantile(errors, 1 - TAIL), NARROWEST * START, WIDEST * START))
    share = count / (count + PRIOR)
    threshold = float(np.exp(share * np.log(start) + (1 - share) * np.log(prior)))
    usual = EXCESS * threshold / START
    over = errors[errors > start] - start
    if not len(over):
        return threshold, usual
    # the median of an exponential distribution is ln 2 means, and one anomaly does not move it
    own = float(np.clip(np.median(over) / np.log(2), NARROWEST * usual, WIDEST * usual))
    weight = len(over) / (len(over) + PRIOR * TAIL * 2)
    return threshold, float(np.exp(weight * np.log(own) + (1 - weight) * np.log(usual)))


def _through_ranks(ordered: np.ndarray, prior: float) -> tuple[float, float, float]:
    """Return (threshold, excess, shape) of a tail through the quantiles of all absolute errors, in rising order."""
    count = len(ordered)
    start = float(np.clip(_ranked(ordered, TAIL), NARROWEST * START, WIDEST * START))
    share = count / (count + PRIOR)
    threshold = float(np.exp(share * np.log(start) + (1 - share) * np.log(prior)))
    usual = EXCESS * threshold / START
    scales = [usual]  # of exponential tails through each of the quantiles
    for probability in (NEAR, FAR):
        # beyond the largest error there is no quantile
        weight = count * probability / (count * probability + BEYOND) if count * probability >= 1 else 0.0
        own = (_ranked(ordered, probability) - start) / np.log(TAIL / probability)
        own = float(np.clip(own, NARROWEST * usual, WIDEST * max(usual, EXCESS)))  # most errors of rain are 0, the others far
        scales.append(float(np.exp(weight * np.log(own) + (1 - weight) * np.log(scales[-1]))))
    # a generalised Pareto distribution has about this shape if it looks so much wider at the farther quantile
    beyond, steps = count * FAR, np.log(TAIL / FAR)
    shape = beyond / (beyond + DOUBT) * np.log(scales[2] / scales[1]) / (np.log(NEAR / FAR) / 2)
    shape = float(np.clip(shape, 0.0, LONGEST))
    return threshold, scales[2] * steps / float(_stretch(np.array(shape), steps)), shape


def _ranked(ordered: np.ndarray, probability: float) -> float:
    """Return the error that a new one exceeds with this probability: the i-th of n is exceeded with 1 - i / (n + 1)."""
    levels = np.arange(1, len(ordered) + 1) / (len(ordered) + 1)
    return float(np.interp(1 - probability, levels, ordered))


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
    found = row_medians(values)
    return np.where(np.isnan(found), 0.0, found)


def _normal_tail(z: np.ndarray) -> np.ndarray:
    """P(Z > z) of the standard normal distribution, by the approximation of Abramowitz and Stegun (1964), 26.2.17."""
    z = np.asarray(z, np.float64)
    t = 1 / (1 + 0.2316419 * z)
    terms = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    return np.asarray(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * terms)
