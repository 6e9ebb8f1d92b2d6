"""Tail probabilities of series that mostly have one value, such as demand of zero: counted in the past, not forecast.

The forecasts of such a series have widths that say little about how large the next order will be. The probability of another
value is the share of other values among earlier rows; their sizes follow a Lomax distribution, the predictive distribution of
an exponential one whose mean is known from few values. It reaches as far as the third largest size has reached.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOSTLY = 0.5  # share of rows with the usual value from which the other values are rare
FEWEST_OTHER, LEAST_SHARE = 3, 0.05  # other values, or their share, from which they are part of the series, not anomalies
SEVERAL = 3  # values of at least this size that make it likely to come again
CLOSE = 0.5  # of the usual size of other values: a median this close to the usual value expects that
SAME = 0.05  # of the usual size of other values: reaches of forecasts that differ by less are equal
REACH = 1.28  # standard deviations, about the 90 % quantile
LEAST_CONSTANT = 20  # rows of a constant past from which another value is less likely than one in a hundred
NEVER = 1.5  # exponent of the rows without another value: between 1, if the next is like them, and 2, if it may never come
MOST_COUNT = 50.0  # largest count of sizes: more of them make no difference


@dataclass(frozen=True, eq=False)
class RareTail:
    """Tails of rare values. share, size, count: (n,) float64, of P(|value - usual| >= x) = share · (1 + x / size) ^ -count.

    usual: (n,) the usual value. A share of 0 is no tail.
    """

    share: np.ndarray
    size: np.ndarray
    count: np.ndarray
    usual: np.ndarray

    @classmethod
    def none(cls, count: int) -> RareTail:
        """Return `count` tails of probability 0."""
        return cls(np.zeros(count), np.ones(count), np.ones(count), np.zeros(count))

    def rows(self, chosen: np.ndarray) -> RareTail:
        """Return the tails of some rows."""
        return RareTail(self.share[chosen], self.size[chosen], self.count[chosen], self.usual[chosen])

    def probability(self, value: np.ndarray) -> np.ndarray:
        """Probability (n,) of a value at least as far from the usual one as `value` (n,); NaN where that is."""
        return np.asarray(self.share * np.exp(-self.count * np.log1p(np.abs(value - self.usual) / self.size)))

    def interval(self, probability: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the bounds (n,) that a value is outside of with this probability; NaN where the tail is thinner than that."""
        likely = self.share > probability
        steps = np.where(likely, np.log(np.where(likely, self.share, 1.0) / probability), np.nan) / self.count
        reach = self.size * np.expm1(np.minimum(steps, 300.0))
        return self.usual - reach, self.usual + reach


@dataclass(frozen=True, eq=False)
class Usual:
    """Usual value of a past (n,). away: (n,) distances from it, NaN = missing. scale: their mean where they are not 0, or 0."""

    value: float
    away: np.ndarray
    scale: float
    count: int

    @property
    def too_short(self) -> bool:
        """True if all values are equal and there are too few of them to call another value an anomaly."""
        return self.scale == 0 and self.count < LEAST_CONSTANT

    def reached(self, expected: np.ndarray, below: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Return the distances (n,) from the usual value that forecasts reach, infinite where they expect another value.

        expected, below, above: (n,) their medians and standard deviations.
        """
        reached = np.maximum(expected + REACH * above - self.value, self.value - expected + REACH * below)
        return np.where(np.abs(expected - self.value) > CLOSE * self.scale, np.inf, reached)


def usual_of(past: np.ndarray) -> Usual | None:
    """Return the value that at least MOSTLY of a past (n,) has; None if there is no such value."""
    known = past[~np.isnan(past)]
    if not len(known):
        return None
    middle = float(np.partition(known, len(known) // 2)[len(known) // 2])  # a majority contains the median
    away = np.abs(past - middle)
    other = away[away > 0]  # NaN compares as False
    if len(known) - len(other) < MOSTLY * len(known):
        return None
    return Usual(middle, away, float(other.mean()) if len(other) else 0.0, len(known))


def rare_tails(usual: Usual, before: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (share, size, count), each (h,) in units of the data, of the tails of rows with a forecast.

    before: (n,) distances from the usual value that the forecasts of the past rows reached, NaN = none; reach: (h,) those of the
    rows, infinite = no tail. A row is compared with the earlier rows whose forecast reached no farther: at night, with nights.
    """
    found = np.zeros((3, len(reach)))
    found[1:] = 1.0
    known = ~np.isnan(usual.away)
    away, before = usual.away[known], np.where(np.isnan(before[known]), -np.inf, before[known])
    for i, edge in enumerate(reach.tolist()):
        if edge == np.inf:
            continue
        alike = away[before <= edge + SAME * usual.scale]
        sizes = alike[alike > 0]
        n, others = len(alike), len(sizes)
        if others > (1 - MOSTLY) * n:
            continue
        if others < FEWEST_OTHER and others < max(1.0, LEAST_SHARE * n):
            found[:, i] = (n + 2) ** -NEVER, usual.scale or 10 * max(abs(usual.value), 1.0), 1.0
        else:
            found[:, i] = _lomax(sizes, n)
    return found[0], found[1], found[2]


def _lomax(sizes: np.ndarray, n: int) -> tuple[float, float, float]:
    """Return (share, size, count) of the tail of `sizes` of other values among n values."""
    share = (len(sizes) + 0.5) / (n + 1)
    count = min(float(len(sizes)), MOST_COUNT)
    size = float(sizes.mean()) * count
    if len(sizes) >= SEVERAL:
        largest = float(np.partition(sizes, len(sizes) - SEVERAL)[len(sizes) - SEVERAL])
        steps = np.log(share * (n + 1) / SEVERAL) / count
        size = max(size, largest / float(np.expm1(steps))) if steps > 0 else size
    return share, size, count
