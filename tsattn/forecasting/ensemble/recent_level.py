"""Level of a series just before each row, relative to the mean of the rows that its effects are learnt from.

The effect of a promotion on a product with days without sales is an amount, because zeros have no logarithm. The amount is a
mean over the history, so it is wrong for a product that was discontinued or grew. Where amounts follow the level, covariates
are multiplied by the relative level, in the regression and in the forecast. Amounts follow a collapsed level unless the history
contradicts it, as for a product that sells only in promotions. They follow any level if that explains the history clearly
better. The level of a row is a mean of earlier rows, so it is known at the cutoff.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tsattn.forecasting.ensemble.holdout import Pools
from tsattn.forecasting.ensemble.series_effects import Estimate, estimate_all, season_of, slopes_of

LEAST = 28  # minimum number of rows that a level is averaged over, rounded up to whole seasons
SOLD = 8  # minimum average number of rows above zero among them
COLLAPSED = 0.1  # relative level below which amounts follow it by default
NEGATIVE = 0.05  # share of negative values, such as returns, in the sum, above which a series has no level in this sense
STEADY = 2.0  # variance of levels, relative to that of means of unrelated rows, below which levels are treated as constant
CLEARLY = 3.0  # gain in log likelihood that another form needs over the default
SHARED = 2.0  # weight of the pool in that choice, in mean series


class Alternatives(NamedTuple):
    """Estimates of B windows whose amounts follow a collapsed level, or any level; None if it never collapses, or hardly moves.

    gain (B,): log likelihood of the rows at a collapsed level without effects, less that with the effects of other rows.
    """

    collapsed: tuple[Estimate | None, ...]
    gain: np.ndarray
    following: tuple[Estimate | None, ...]

    @classmethod
    def concat(cls, parts: Sequence[Alternatives]) -> Alternatives:
        """Join the windows of several parts."""
        collapsed, following = (tuple(one for part in parts for one in part[i]) for i in (0, 2))
        return cls(collapsed, np.concatenate([part.gain for part in parts]), following)


def widths(target: np.ndarray, seasons: tuple[int, ...]) -> np.ndarray:
    """Return (B,) rows that the level of targets (B, L), NaN = missing, is averaged over; 0 for a series without a level."""
    rows, above = (~np.isnan(target)).sum(1), (target > 0).sum(1)
    gained, lost = np.where(target > 0, target, 0.0).sum(1), np.where(target < 0, -target, 0.0).sum(1)
    season = np.array([season_of(count, seasons) for count in rows.tolist()], np.int64)
    least = np.maximum(LEAST, -(-SOLD * rows // np.maximum(above, 1)))
    return np.where((above > 0) & (lost <= NEGATIVE * gained), -(-least // season) * season, 0)


def relative_levels(target: np.ndarray, width: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return (B, L+1) levels just before each row of targets (B, L), NaN = missing, and after the last, in units of scale (B,).

    A level is the mean of the last `width` (B,) observed rows; the first of them all have their mean. 1 where the width is 0.
    """
    seen = ~np.isnan(target)
    order = np.argsort(~seen, axis=1, kind="stable")  # observed rows first
    size = np.take_along_axis(np.nan_to_num(np.abs(target)).astype(np.float64), order, 1)
    total, count = (np.pad(np.cumsum(one, 1), ((0, 0), (1, 0))) for one in (size, seen))
    span = np.minimum(width, count[:, -1])[:, None]
    high = np.maximum(count, span)
    level = np.take_along_axis(total, high, 1) - np.take_along_axis(total, high - span, 1)
    level = np.where(level > 1e-9 * total[:, -1:], level, 0.0) / np.maximum(span, 1)
    return np.where(width[:, None] > 0, level / scale[:, None], 1.0)


def live_scale(target: np.ndarray, width: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return (B,) mean sizes of targets (B, L), NaN = missing, whose mean is `scale` (B,), without rows at a collapsed level."""
    live = ~np.isnan(target) & (relative_levels(target, width, scale)[:, :-1] >= COLLAPSED)
    size = np.where(live, np.abs(target), 0.0).sum(1) / np.maximum(live.sum(1), 1)
    return np.where(size > 0, size, scale)


def multipliers(levels: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return (B, ·) factors of amounts at relative levels (B, ·): the level where it is under `below` (B,), else 1."""
    return np.where(levels < below[:, None], levels, 1.0)


def has_moved(target: np.ndarray, levels: np.ndarray, width: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return (B,) bool: True where levels (B, L+1) of targets (B, L) vary more than means of unrelated rows would."""
    seen = ~np.isnan(target)
    count = np.maximum(seen.sum(1), 1)
    filled = np.where(seen, target, 0.0)
    spread = np.where(seen, filled - (filled.sum(1) / count)[:, None], 0.0)
    noise = (spread**2).sum(1) / count / np.maximum(width, 1) / scale**2
    return np.asarray((width > 0) & (levels.var(1) > STEADY * noise))


def alternatives(
    target: np.ndarray, terms: np.ndarray, levels: np.ndarray, moved: np.ndarray, seasons: tuple[int, ...]
) -> Alternatives:
    """Estimate the amounts of terms (B, L, T) on targets (B, L), NaN = missing, that follow relative levels (B, L+1).

    moved: (B,), the windows whose amounts may follow any level.
    """
    low = levels[:, :-1] < COLLAPSED
    live = np.where(low, np.nan, target)
    collapsed: list[Estimate | None] = [None] * len(target)
    following: list[Estimate | None] = [None] * len(target)
    gain = np.full(len(target), np.nan)
    rows = np.flatnonzero((low & ~np.isnan(target)).any(1))
    for row, one in zip(rows.tolist(), estimate_all(live[rows], terms[rows], seasons), strict=True):
        collapsed[row] = one
        if one.rows > 0:
            amount = np.where(low[row], terms[row] @ slopes_of(one, np.diag(one.gram) > 0)[0], 0.0)
            gain[row] = 0.5 * np.nansum((target[row] - amount) ** 2 - target[row] ** 2) / max(one.noise, 1e-300)
    rows = np.flatnonzero(moved)
    scaled = terms[rows] * levels[rows, :-1, None]
    for row, one in zip(rows.tolist(), estimate_all(live[rows], scaled, seasons), strict=True):
        following[row] = one
    return Alternatives(tuple(collapsed), gain, tuple(following))


def chosen(fixed: tuple[Estimate, ...], others: Alternatives, pools: Pools) -> tuple[tuple[Estimate, ...], np.ndarray]:
    """Return estimates of amounts and (B,) relative levels below which they follow the level: 0 never, COLLAPSED, or infinity.

    Decided by the likelihoods of the forms, the windows' own and the pool's.
    """
    below = np.where(_votes(others.gain, pools) < -CLEARLY, 0.0, COLLAPSED)
    default = [one if one is not None and below[i] else fixed[i] for i, one in enumerate(others.collapsed)]
    gain = np.full(len(fixed), np.nan)
    for row, (before, after) in enumerate(zip(default, others.following, strict=True)):
        if after is not None and below[row] and min(before.rows, after.rows) > 0:
            gain[row] = (after.log_likelihood - before.log_likelihood) * min(before.rows, after.rows)
    follow = np.isfinite(gain) & (_votes(gain, pools) > CLEARLY)
    linear = tuple(one if one is not None and follow[i] else default[i] for i, one in enumerate(others.following))
    return linear, np.where(follow, np.inf, below)


def _votes(gain: np.ndarray, pools: Pools) -> np.ndarray:
    """Return (B,) gains in log likelihood (B,), NaN = none, plus the mean of the pool's times its weight."""
    out = np.nan_to_num(gain)
    for now, pool in pools:
        heard = gain[pool][np.isfinite(gain[pool])]
        out[now] += SHARED * float(heard.mean()) if len(heard) else 0.0
    return out
