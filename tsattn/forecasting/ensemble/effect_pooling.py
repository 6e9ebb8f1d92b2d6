"""Effects of many series, partly pooled: each is drawn towards its group's, and the groups' towards the common one.

A normal hierarchy with variances by the method of moments (DerSimonian & Laird, 1986): series within groups within all. An
outlying effect, such as that of irradiance on the one solar plant among loads, is kept, but moves the means only as the largest
usual effect would. How sure it is that a covariate has any effect is a Bayes factor by the information criterion (Kass &
Raftery, 1995), so that a column of noise gets next to nothing and a clear effect is not diminished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

CLEAR = 0.5
FAR = 5.0  # robust standard deviations from the median, beyond which an effect is an outlier
FEWEST = 3  # effects of which one can be an outlier
BETTER = 3.0  # log likelihood that another grouping must gain over the first
_MOST_ROWS = 1000.0  # beyond which more rows do not raise the evidence required of a covariate


class Mean(NamedTuple):
    """Mean effect and its variance; infinite where there is no evidence."""

    value: float
    variance: float


class Grouping(NamedTuple):
    """Groups 0 … G - 1 of S series, place (S,), from a column of several."""

    column: int
    place: np.ndarray


@dataclass(frozen=True, eq=False)
class Pooled:
    """Effects of one covariate on S series in G groups.

    beta, variance: (S,) of each series after pooling. common: of all. groups: (G,) means. odds: the logarithm of the odds that
    there is an effect at all. differ: the groups' effects differ by more than chance would make them. likelihood: the logarithm
    of that of the estimates, to compare groupings. grouping: the column of groups, if there were several.
    """

    beta: np.ndarray
    variance: np.ndarray
    common: Mean
    groups: tuple[Mean, ...]
    odds: float
    differ: bool
    likelihood: float = 0.0
    grouping: int = 0

    @property
    def sure(self) -> float:
        """Probability that there is an effect."""
        return float(1 / (1 + np.exp(-np.clip(self.odds, -700, 700)))) if self.odds > float("-inf") else 0.0

    @property
    def clear(self) -> bool:
        """Return True if an effect is more likely than none."""
        return self.sure > CLEAR


def pool(beta: np.ndarray, variance: np.ndarray, group: np.ndarray, rows: float, tried: int = 1) -> Pooled:
    """Pool estimates beta (S,) with variances (S,), infinite = unknown, of series in groups 0 … G - 1 (S,).

    rows: degrees of freedom of all of them together. tried: how many effects are looked for, each of which must prove more the
    more there are (Chen & Chen, 2008).
    """
    count = int(group.max(initial=-1)) + 1
    known = np.flatnonzero(np.isfinite(variance))
    if not len(known):
        nothing = Mean(0.0, float("inf"))
        return Pooled(np.zeros(len(beta)), np.full(len(beta), np.inf), nothing, (nothing,) * count, float("-inf"), False)
    value, spread, place = beta[known], np.maximum(variance[known], 1e-300), group[known]
    within = _between(value, spread, place)
    mean, error = _means(value, spread + within, place, count)
    have = np.isfinite(error)
    across = _between(mean[have], error[have], np.zeros(int(have.sum()), np.int64))
    common = _means(mean[have], error[have] + across, np.zeros(int(have.sum()), np.int64), 1)[0][0]
    near, nearness, drawn, left, usual = _towards_usual(value, spread, group, known, within)
    evidence = _evidence(value, spread, place, mean, error, within, across, common, have)
    evidence = 0.5 * rows * np.log1p(2 * max(evidence, 0.0) / max(rows, 1.0))  # variances are estimates too: Student's t
    price = 0.5 * np.log(min(max(rows, 2.0), _MOST_ROWS)) * (1 + (within > 0) + (across > 0)) + np.log(tried)
    groups = tuple(Mean(float(m), float(v)) for m, v in zip(near, nearness, strict=True))
    likelihood = _likelihood(value, spread + within, place, mean[have], error[have], across, common)
    likelihood -= 0.5 * np.log(len(value)) * (float(within > 0) + float(across > 0))
    return Pooled(drawn, left, usual, groups, float(evidence - price), bool(across > 0), likelihood)


def _towards_usual(
    value: np.ndarray, spread: np.ndarray, group: np.ndarray, known: np.ndarray, within: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Mean]:
    """Return means of groups and their variances, effects of series and their variances, and the common mean.

    value, spread (n,): the estimates and their variances of the series `known` (n,), of all with groups (S,).
    Outlying effects count as the largest usual one, and keep the variance `within` groups that includes them.
    """
    count, place = int(group.max(initial=-1)) + 1, group[known]
    usual = _clipped(value, spread, place)
    core = _between(usual, spread, place)
    mean, error = _means(usual, spread + core, place, count)
    have = np.flatnonzero(np.isfinite(error))
    alone = np.zeros(len(have), np.int64)
    tame = _clipped(mean[have], error[have], alone)
    across = _between(tame, error[have], alone)
    common, doubt = (one[0] for one in _means(tame, error[have] + across, alone, 1))
    between = np.full(count, across)
    between[have[tame != mean[have]]] = _between(mean[have], error[have], alone)
    near, nearness = _drawn(mean, error, common, between, doubt)
    own, own_error, room = np.full(len(group), 0.0), np.full(len(group), np.inf), np.full(len(group), core)
    own[known], own_error[known], room[known] = value, spread, np.where(usual != value, within, core)
    return near, nearness, *_drawn(own, own_error, near[group], room, nearness[group]), Mean(float(common), float(doubt))


def groupings_of(groups: np.ndarray) -> list[Grouping]:
    """Return the first column of groups (S, P), and others unless they have nearly as many groups as series."""
    made = [Grouping(k, np.unique(column, return_inverse=True)[1].reshape(-1)) for k, column in enumerate(groups.T)]
    return [one for one in made if one.column == 0 or 0 < one.place.max(initial=0) < most_groups(len(groups))]


def pool_by_best(beta: np.ndarray, variance: np.ndarray, groupings: Sequence[Grouping], rows: float, tried: int = 1) -> Pooled:
    """Pool estimates as `pool` does, by the grouping that explains them best. The first is the default."""
    made = [pool(beta, variance, one.place, rows, tried * (len(groupings) if one.column else 1)) for one in groupings]
    best = max(range(len(made)), key=lambda at: made[at].likelihood - (BETTER if at else 0.0))
    return replace(made[best], grouping=groupings[best].column)


def most_groups(series: int) -> int:
    """Return the largest number of groups of so many series that can share anything."""
    return max(2, series // 3)


def _between(value: np.ndarray, variance: np.ndarray, group: np.ndarray) -> float:
    """Return the variance of true effects within groups, by the method of moments."""
    weight = 1 / variance
    count = int(group.max(initial=-1)) + 1
    total, square, size = (np.bincount(group, w, count) for w in (weight, weight**2, np.ones(len(weight))))
    center = np.bincount(group, weight * value, count) / np.where(total > 0, total, 1.0)
    scatter = float((weight * (value - center[group]) ** 2).sum())
    freedom = float((size - 1)[size > 0].sum())
    scale = float((total - square / np.where(total > 0, total, 1.0))[size > 0].sum())
    return max(0.0, (scatter - freedom) / scale) if freedom > 0 and scale > 0 else 0.0


def _clipped(value: np.ndarray, variance: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return values at most FAR robust standard deviations from the median of their group (Huber, 1964)."""
    out = value.copy()
    for place in np.flatnonzero(np.bincount(group) >= FEWEST).tolist():
        rows = np.flatnonzero(group == place)
        middle = np.median(value[rows])
        scale = 1.4826 * np.median(np.abs(value[rows] - middle))
        far = FAR * np.sqrt(scale**2 + variance[rows])
        out[rows] = np.clip(value[rows], middle - far, middle + far)
    return out


def _means(value: np.ndarray, variance: np.ndarray, group: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Weighted means (G,) of groups and their variances; 0 and infinity for an empty group."""
    weight = 1 / variance
    total = np.bincount(group, weight, count)
    some = total > 0
    mean = np.divide(np.bincount(group, weight * value, count), total, out=np.zeros(count), where=some)
    return mean, np.divide(1.0, total, out=np.full(count, np.inf), where=some)


def _drawn(
    value: np.ndarray, variance: np.ndarray, center: np.ndarray | float, between: np.ndarray, doubt: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Estimates drawn towards `center`, around which true effects have the variance `between`; `center` is uncertain, too."""
    share = np.where(np.isfinite(variance), between / (between + np.where(np.isfinite(variance), variance, 1.0)), 0.0)
    drawn = share * value + (1 - share) * center
    left = share * np.where(np.isfinite(variance), variance, 0.0) + (1 - share) ** 2 * doubt
    return drawn, np.where(share > 0, left, between + doubt)


def _evidence(
    value: np.ndarray,
    spread: np.ndarray,
    place: np.ndarray,
    mean: np.ndarray,
    error: np.ndarray,
    within: float,
    across: float,
    common: float,
    have: np.ndarray,
) -> float:
    """Log likelihood of the estimates under the hierarchy, less that under no effect: of groups, and within them."""
    away = (value - mean[place]) ** 2
    inside = -0.5 * (away / (spread + within) + np.log1p(within / spread) - away / spread).sum()
    m, v = mean[have], error[have]
    groups = -0.5 * ((m - common) ** 2 / (v + across) + np.log1p(across / v) - m**2 / v).sum()
    return float(inside + groups)


def _likelihood(
    value: np.ndarray, variance: np.ndarray, place: np.ndarray, mean: np.ndarray, error: np.ndarray, across: float, common: float
) -> float:
    """Log likelihood of values (n,) with variances (n,) in the groups `place` (n,), whose means vary around `common`.

    mean, error (G,): the weighted means of the groups that have values, and their variances.
    """
    _, at = np.unique(place, return_inverse=True)
    inside = -0.5 * ((value - mean[at]) ** 2 / variance + np.log(variance)).sum()
    return float(inside - 0.5 * ((mean - common) ** 2 / (error + across) + np.log1p(across / error)).sum())
