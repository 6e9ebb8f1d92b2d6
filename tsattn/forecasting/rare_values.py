"""Tail probabilities of series that mostly have one value, such as zero demand, from past values instead of forecasts.

The width of a forecast of such a series says little about the size of the next order. The probability of another value is the
share of other values among earlier rows. Their sizes follow a Lomax distribution, the predictive distribution of an exponential
one whose mean is estimated from few values. The third largest size has at least its past frequency.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOSTLY = 0.5  # least share of rows with the usual value for other values to be rare
FEWEST_OTHER, LEAST_SHARE = 3, 0.05  # least number, or share, of other values to be part of the series, not anomalies
SEVERAL = 3  # number of values of at least a size after which that size is expected again
CLOSE = 0.5  # times the usual size of other values: a median this close to the usual value predicts it
SAME = 0.05  # times the usual size of other values: reaches that differ by less count as equal
REACH = 1.28  # standard deviations, about the 90 % quantile
LEAST_CONSTANT = 20  # rows of a constant past after which another value is less likely than one in a hundred
NEVER = 1.5  # exponent of the number of rows: between 1, if the next row is like them, and 2, if other values may never come
MOST_COUNT = 50.0  # largest number of sizes that counts


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
        """Return probabilities (n,) of a value at least as far from the usual one as `value` (n,); NaN where `value` is NaN."""
        return np.asarray(self.share * np.exp(-self.count * np.log1p(np.abs(value - self.usual) / self.size)))

    def interval(self, probability: float) -> tuple[np.ndarray, np.ndarray]:
        """Return bounds (n,) outside which a value lies with this probability; NaN where the whole tail is less likely."""
        likely = self.share > probability
        steps = np.where(likely, np.log(np.where(likely, self.share, 1.0) / probability), np.nan) / self.count
        reach = self.size * np.expm1(np.minimum(steps, 300.0))
        return self.usual - reach, self.usual + reach


@dataclass(frozen=True, eq=False)
class Usual:
    """Usual value of a past (n,). away: (n,) distances from it, NaN = missing. scale: mean of the nonzero distances, or 0."""

    value: float
    away: np.ndarray
    scale: float
    count: int

    @property
    def too_short(self) -> bool:
        """True if all values are equal and too few to call another value an anomaly."""
        return self.scale == 0 and self.count < LEAST_CONSTANT

    def reached(self, expected: np.ndarray, below: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Return the distances (n,) from the usual value that forecasts reach, infinite where they predict another value.

        expected, below, above: (n,) their medians and standard deviations.
        """
        reached = np.maximum(expected + REACH * above - self.value, self.value - expected + REACH * below)
        return np.where(np.abs(expected - self.value) > CLOSE * self.scale, np.inf, reached)


def usual_of(past: np.ndarray) -> Usual | None:
    """Return the value that at least a share MOSTLY of a past (n,) has, or None if there is no such value."""
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

    before: (n,) distances from the usual value that the forecasts of the past rows reached, NaN = none. reach: (h,) the same for
    the forecast rows, infinite = no tail. A row is compared with earlier rows whose forecast reached no farther, such
    as nights with nights.
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
    """Return (share, size, count) of the tail, given the sizes of the other values among n values."""
    share = (len(sizes) + 0.5) / (n + 1)
    count = min(float(len(sizes)), MOST_COUNT)
    size = float(sizes.mean()) * count
    if len(sizes) >= SEVERAL:
        largest = float(np.partition(sizes, len(sizes) - SEVERAL)[len(sizes) - SEVERAL])
        steps = np.log(share * (n + 1) / SEVERAL) / count
        size = max(size, largest / float(np.expm1(steps))) if steps > 0 else size
    return share, size, count
