"""Regressions of a batch of windows on known covariates, in both forms: effects that add and effects that multiply.

A continuous covariate has two terms, x and |x - knot|, so heating and cooling may have different slopes. The knot is the median,
or another quantile of the past (knots.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from tsattn.forecasting.ensemble import closures, knots, recent_level
from tsattn.forecasting.ensemble.awake_rows import awake, may_multiply
from tsattn.forecasting.ensemble.holdout import Pools
from tsattn.forecasting.ensemble.series_effects import Estimate, estimate_all

DISTINCT = 12  # minimum number of distinct values of a covariate with two slopes
BEYOND = 0.5  # fraction of its historical range by which a covariate may exceed it before it is clipped
OF_WINDOWS = ("scale", "jacobian", "width", "below", "now")  # fields (B,) of Estimates
_CELLS = 1 << 20  # maximum number of covariate values processed at once


class Table(Protocol):
    """Covariates (B, S, K) of B windows, computed for some windows at a time."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray: ...


class Bounds(NamedTuple):
    """Knots of covariates, by default their medians (center), and their clipping bounds (low, high), each (B, K)."""

    center: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def of(self, rows: np.ndarray) -> Bounds:
        """Return those of the windows `rows`."""
        return Bounds(*(one[rows] for one in self))

    def terms(self, known: np.ndarray) -> np.ndarray:
        """Return (B, S, 2 K) terms of known (B, S, K): x less its center, clipped at its bounds, and its absolute value."""
        x = np.clip(known, self.low[:, None], self.high[:, None]) - self.center[:, None]
        return np.concatenate([x, np.abs(x)], 2)


@dataclass(frozen=True, eq=False)
class Estimates:
    """Regressions of B windows on the 2 K terms of K covariates: x of each, then |x| of each.

    linear, factor: for effects that add and that multiply; factor is None where the target is not positive. scale (B,): mean size
    of the target while its level has not collapsed, in which added effects are alike across series; jacobian (B,): its mean
    logarithm. width, below (B,): rows of a level, and the relative level below which added effects follow it; now (B,): their
    factor at the end (recent_level.py).
    """

    linear: tuple[Estimate, ...]
    factor: tuple[Estimate | None, ...]
    scale: np.ndarray
    jacobian: np.ndarray
    width: np.ndarray
    below: np.ndarray
    now: np.ndarray
    bounds: Bounds
    counts: closures.Counts

    def __len__(self) -> int:
        return len(self.linear)

    @property
    def covariates(self) -> int:
        """Number of covariates, K."""
        return self.bounds.center.shape[1]

    @classmethod
    def concat(cls, parts: Sequence[Estimates]) -> Estimates:
        """Join the windows of several batches."""
        own = {name: np.concatenate([getattr(part, name) for part in parts]) for name in OF_WINDOWS}
        bounds = Bounds(*(np.concatenate([part.bounds[i] for part in parts]) for i in range(3)))
        counts = closures.Counts(*(np.concatenate([part.counts[i] for part in parts]) for i in (0, 1)))
        linear = tuple(one for part in parts for one in part.linear)
        factor = tuple(one for part in parts for one in part.factor)
        return cls(linear=linear, factor=factor, **own, bounds=bounds, counts=counts)

    def rows(self, rows: np.ndarray) -> Estimates:
        """Return those of the windows `rows`."""
        linear, factor = (tuple(each[row] for row in rows.tolist()) for each in (self.linear, self.factor))
        counts = closures.Counts(*(one[rows] for one in self.counts))
        own = {name: getattr(self, name)[rows] for name in OF_WINDOWS}
        return Estimates(linear=linear, factor=factor, **own, bounds=self.bounds.of(rows), counts=counts)

    def among(self, columns: np.ndarray, covariates: int) -> Estimates:
        """Return the same with the K covariates at `columns` (K,) of a longer list, without estimates for the others."""
        both = np.concatenate([columns, columns + covariates])

        def wide(one: Estimate) -> Estimate:
            gram, moment = np.zeros((2 * covariates, 2 * covariates)), np.zeros(2 * covariates)
            gram[np.ix_(both, both)], moment[both] = one.gram, one.moment
            return one._replace(gram=gram, moment=moment)

        def spread(values: np.ndarray) -> np.ndarray:
            out = np.zeros((len(self), covariates, *values.shape[2:]), values.dtype)
            out[:, columns] = values
            return out

        linear = tuple(map(wide, self.linear))
        factor = tuple(None if one is None else wide(one) for one in self.factor)
        bounds, counts = Bounds(*map(spread, self.bounds)), closures.Counts(*map(spread, self.counts))
        return replace(self, linear=linear, factor=factor, bounds=bounds, counts=counts)


def estimates_of(
    past: np.ndarray, known: Table, back: np.ndarray, pools: Pools, seasons: tuple[int, ...], declared: int
) -> Estimates:
    """Estimate the effects of known (B, L, K) on past (B, L), NaN = missing, up to `back` (B,) steps before its end.

    declared: the number of first columns that are declared covariates; the others are calendar events.
    """
    length = past.shape[1]
    past = np.where(np.arange(length) < length - back[:, None], past, np.float32(np.nan))
    chunks = list(chunks_of(known))
    bounds, bends, counts = zip(*(_summary(past[rows], known[rows], seasons) for rows in chunks), strict=True)
    every = closures.Counts(*(np.concatenate([one[i] for one in counts]) for i in (0, 1)))
    at = np.full((len(past), known.shape[2]), np.nan)
    for now, pooled in pools:
        at[now] = closures.closing(every, now, pooled)
    center = _knots(past, known, at, np.concatenate(bends), pools, seasons)
    own = Bounds(*(np.concatenate([one[i] for one in bounds]) for i in range(3)))
    own = _borrowed(own if center is None else own._replace(center=center), pools, declared)
    parts = [
        _estimated(past[rows], known[rows], at[rows], (own.of(rows), bends[i], counts[i]), seasons)
        for i, rows in enumerate(chunks)
    ]
    found = Estimates.concat([one for one, _ in parts])
    linear, below = recent_level.chosen(found.linear, recent_level.Alternatives.concat([one for _, one in parts]), pools)
    return replace(found, linear=linear, below=below, now=recent_level.multipliers(found.now[:, None], below)[:, 0])


def _borrowed(bounds: Bounds, pools: Pools, declared: int) -> Bounds:
    """Return bounds of declared covariates that never varied in a window from those in its pool, so that it shares their effect.

    Without them, the first promotion of a new item would be clipped to the item's own range, which has none. Calendar events are
    found in the data, so a series needs one in its own history.
    """
    still = (bounds.low == bounds.high) & (np.arange(bounds.low.shape[1]) < declared)
    if not still.any():
        return bounds
    low, high = bounds.low.copy(), bounds.high.copy()
    for now, pool in pools:
        for k in np.flatnonzero(still[now].any(0) & ~still[pool].all(0)).tolist():
            rows, varied = now[still[now, k]], pool[~still[pool, k]]
            low[rows, k] = np.minimum(bounds.low[rows, k], bounds.low[varied, k].min())
            high[rows, k] = np.maximum(bounds.high[rows, k], bounds.high[varied, k].max())
    return bounds._replace(low=low, high=high)


def _knots(
    past: np.ndarray, known: Table, at: np.ndarray, bends: np.ndarray, pools: Pools, seasons: tuple[int, ...]
) -> np.ndarray | None:
    """Return the knots (B, K) of covariates, or None if none of them may bend."""
    if not bends.any():
        return None
    places, gain = [], []
    for rows in chunks_of(known):
        here, value = known[rows], past[rows]
        seen = ~np.isnan(value)[..., None] & ~np.isnan(here)
        places.append(knots.candidates(np.where(seen, here, np.nan)))
        target = np.where(closures.closed_rows(here, at[rows]), np.nan, value.astype(np.float64))
        gain.append(knots.gains(target, here, places[-1], bends[rows], seasons))
    return knots.chosen(np.concatenate(places), np.concatenate(gain), pools)


def _summary(past: np.ndarray, known: np.ndarray, seasons: tuple[int, ...]) -> tuple[Bounds, np.ndarray, closures.Counts]:
    """Return bounds of covariates (B, L, K) over observed rows of past (B, L), (B, K) True if they may bend, and counts."""
    seen = (~np.isnan(past))[..., None] & ~np.isnan(known)
    where = np.where(seen, known, np.float32(np.nan))
    counts = closures.count(past, where, seasons)
    if (~seen | (known == 0) | (known == 1)).all():  # no need to order zeros and ones
        zeros, ones = counts.rows[..., 0], counts.rows[..., 1]
        low, high = ((ones > 0) & (zeros == 0)) * 1.0, (ones > 0) * 1.0
        center = ((zeros + ones - 1) // 2 >= zeros) * (ones > 0) * 1.0
        bends = np.zeros(low.shape, bool)
    else:
        x = where.astype(np.float64)
        center, low, high = (_quantile(x, q) for q in (0.5, 0.0, 1.0))
        bends = _distinct(x) >= DISTINCT
    room = BEYOND * (high - low)
    return Bounds(center, low - room, high + room), bends, counts


def _estimated(
    past: np.ndarray,
    known: np.ndarray,
    at: np.ndarray,
    summary: tuple[Bounds, np.ndarray, closures.Counts],
    seasons: tuple[int, ...],
) -> tuple[Estimates, recent_level.Alternatives]:
    """Estimate the effects of known (B, L, K) with closing values `at` (B, K); also return amounts that follow the level."""
    bounds, bends, counts = summary
    terms = bounds.terms(known.astype(np.float64))
    terms[..., known.shape[2] :] *= bends[:, None]  # few distinct values: x alone suffices
    target = np.where(closures.closed_rows(known, at), np.nan, past.astype(np.float64))
    there = ~np.isnan(target)
    count = np.maximum(there.sum(1), 1)
    scale = np.where((target > 0).any(1), np.where(there, np.abs(target), 0.0).sum(1) / count, 1.0)
    open_rows = awake(target, seasons)
    able, above = np.flatnonzero(may_multiply(open_rows)), open_rows > 0
    logs = np.where(above, np.log(np.where(above, open_rows, 1.0)), np.nan)
    jacobian = np.zeros(len(past))
    jacobian[able] = np.where(above, logs, 0.0)[able].sum(1) / np.maximum(above[able].sum(1), 1)
    factor: list[Estimate | None] = [None] * len(past)
    for row, one in zip(able.tolist(), estimate_all(logs[able], terms[able], seasons, target[able]), strict=True):
        factor[row] = one
    linear = tuple(estimate_all(open_rows, terms, seasons, target))
    width = recent_level.widths(target, seasons)
    scale = recent_level.live_scale(target, width, scale)
    levels = recent_level.relative_levels(target, width, scale)
    own = (scale, jacobian, width, np.zeros(len(past)), levels[:, -1])
    moved = recent_level.has_moved(target, levels, width, scale) & np.array([one is None for one in factor], bool)
    others = recent_level.alternatives(open_rows, terms, levels, moved, seasons)
    return Estimates(linear, tuple(factor), *own, bounds, counts), others


def chunks_of(known: Table) -> list[np.ndarray]:
    """Split the windows of covariates (B, S, K) into parts whose arrays stay below about ten MB."""
    step = max(1, _CELLS // max(known.shape[1] * known.shape[2], 1))
    return [np.arange(at, min(at + step, known.shape[0])) for at in range(0, known.shape[0], step)]


def _quantile(x: np.ndarray, q: float) -> np.ndarray:
    """Return (B, K) quantiles of x (B, L, K), each one of its values, NaN ignored; 0 where there is none."""
    ordered = np.sort(x, 1)  # NaN last
    count = (~np.isnan(x)).sum(1)
    at = np.maximum(((count - 1) * q).astype(np.int64), 0)
    return np.nan_to_num(np.take_along_axis(ordered, at[:, None], 1)[:, 0])


def _distinct(x: np.ndarray) -> np.ndarray:
    """Return (B, K) numbers of distinct values of x (B, L, K), NaN ignored."""
    ordered = np.sort(x, 1)
    return np.asarray((np.diff(ordered, axis=1) > 0).sum(1) + (~np.isnan(ordered[:, 0])))
