"""Effects of known covariates on a batch of windows: pooled, removed from the history, added back to a forecast.

The regressions (window_estimates.py) of a window and of those of its pool (holdout.py) decide whether effects add or multiply,
and how large they are. The bend of a continuous covariate's response is kept only on strong evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tsattn.forecasting.ensemble import closures, knots, recent_level
from tsattn.forecasting.ensemble.effect_pooling import Pooled, groupings_of, pool_by_best
from tsattn.forecasting.ensemble.holdout import Pools
from tsattn.forecasting.ensemble.series_effects import level_and_season, slopes_of
from tsattn.forecasting.ensemble.window_estimates import Bounds, Estimates, Table, chunks_of
from tsattn.forecasting.quantiles import normal_scores

BENT = 0.9  # probability of a bend, below which a response is a straight line
SHARED = 2.0  # weight of the pool in the choice of factors, in mean series
MOST_HEARD = 30.0  # log likelihood by which one series counts there, at most: a long one says little about the others

Solved = dict[tuple[int, bool, bytes], tuple[np.ndarray, np.ndarray]]  # window, form and terms kept -> slopes and variances


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects that B windows add or multiply by.

    beta, variance: (B, T). factor: (B,), True if effects multiply. closing: (B, K) value at which a series is closed, NaN = none.
    width, below, scale: (B,) rows of a level, the relative level below which added effects follow it, and its unit
    (recent_level.py).
    """

    beta: np.ndarray
    variance: np.ndarray
    factor: np.ndarray
    closing: np.ndarray
    width: np.ndarray
    below: np.ndarray
    scale: np.ndarray
    bounds: Bounds

    def scaled(self, share: np.ndarray) -> Effects:
        """Return a share (B, K) of each covariate's effect; without a closing where it is 0."""
        both = np.concatenate([share, share], 1)
        closing = np.where(share > 0, self.closing, np.nan)
        return replace(self, beta=self.beta * both, variance=self.variance * both**2, closing=closing)

    def removed(self, past: np.ndarray, known: Table, seasons: tuple[int, ...]) -> np.ndarray:
        """Return the history (B, L) as if all known covariates (B, L, K) had been as usual; closed rows as if open."""
        closed = self.closed(known)
        shift = np.concatenate([self._shift(known[rows], rows)[0] for rows in chunks_of(known)])
        shift = shift * self._levels(past, closed)[:, :-1]
        out = np.where(self.factor[:, None], past * _exp(-shift), past - shift)
        for row in np.flatnonzero(closed.any(1)).tolist():
            out[row, closed[row]] = np.nan
            usual = level_and_season(out[row], seasons)
            out[row, closed[row]] = usual[closed[row]]
        return out.astype(np.float32)

    def restored(
        self,
        values: np.ndarray,
        known: np.ndarray,
        past: np.ndarray,
        before: Table,
        levels: tuple[float, ...],
        back: np.ndarray | int = 0,
    ) -> np.ndarray:
        """Add the effects of known (B, H, K) to quantiles (B, H, Q) made without them, widened by their uncertainty.

        past (B, L) and before (B, L, K): the history and its covariates, which give the level `back` (B,) steps before the end
        and the values on closed rows.
        """
        shut = self.closed(before)
        level = self._levels(past, shut)[np.arange(len(past)), past.shape[1] - back]
        shift, doubt = (one[..., None] * level[:, None, None] for one in self._shift(known, np.arange(len(known))))
        factor = self.factor[:, None, None]
        out = np.where(factor, values * _exp(shift), values + shift)
        middle = out[..., [int(np.abs(np.array(levels) - 0.5).argmin())]]
        doubt = np.where(factor, np.abs(middle) * doubt, doubt) * np.abs(normal_scores(levels))
        away = out - middle
        out = middle + np.sign(away) * np.sqrt(away**2 + doubt**2)
        closed = self.closed(known)
        if closed.any():
            usual = closures.closed_values(past, shut, levels)
            out = np.where(closed[..., None], usual[:, None], out)
        return np.asarray(out)

    def _shift(self, known: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the effects (B, S) of covariates (B, S, K) in the windows `rows`, and standard deviations; 0 = unknown."""
        there = np.where(known == self.closing[rows, None], np.nan, known)
        terms = np.nan_to_num(self.bounds.of(rows).terms(there))
        shift = (terms @ self.beta[rows, :, None])[..., 0]
        return shift, np.sqrt((terms**2 @ self.variance[rows, :, None])[..., 0])

    def _levels(self, past: np.ndarray, closed: np.ndarray) -> np.ndarray:
        """Return (B, L+1) factors of added effects just before each row of past (B, L), and after the last."""
        out = np.ones((len(past), past.shape[1] + 1))
        rows = np.flatnonzero((self.width > 0) & (self.below > 0) & ~self.factor)
        target = np.where(closed[rows], np.nan, past[rows])
        levels = recent_level.relative_levels(target, self.width[rows], self.scale[rows])
        out[rows] = recent_level.multipliers(levels, self.below[rows])
        return out

    def closed(self, known: Table) -> np.ndarray:
        """Return (B, S) True where a covariate (B, S, K) has its closing value."""
        if np.isnan(self.closing).all():
            return np.zeros(known.shape[:2], bool)
        return np.concatenate([closures.closed_rows(known[rows], self.closing[rows]) for rows in chunks_of(known)])


def effects_of(found: Estimates, groups: np.ndarray, pools: Pools) -> Effects:
    """Effects of B windows after pooling; those of a group share most. groups (B, P): see `groupings_of`."""
    count, terms = len(found), 2 * found.covariates
    beta, variance = np.zeros((count, terms)), np.zeros((count, terms))
    factor, at = np.zeros(count, bool), np.full((count, found.covariates), np.nan)
    solved: Solved = {}
    for now, pooled in pools:
        at[now] = closures.closing(found.counts, now, pooled)
        for form, rows, each in pooled_effects(found, pooled, groups, solved):
            mine = np.isin(rows, now)
            factor[rows[mine]] = form
            unit = np.where(form, 1.0, found.scale[rows[mine]])
            for k, one in enumerate(each):
                known = np.isfinite(one.variance[mine])
                sure = one.sure if one.clear else 0.0
                beta[rows[mine], k] = np.where(known, one.beta[mine] * sure, 0.0) * unit
                variance[rows[mine], k] = np.where(known, one.variance[mine], 0.0) * sure * unit**2
    return Effects(beta, variance, factor, at, found.width, found.below, found.scale, found.bounds)


def pooled_effects(
    found: Estimates, rows: np.ndarray, groups: np.ndarray, solved: Solved | None = None
) -> list[tuple[bool, np.ndarray, list[Pooled]]]:
    """Return, for each form among the windows `rows`: True if it multiplies, the windows, and the effects of each term.

    solved: slopes of windows that other pools have solved, kept for the next.
    """
    forms, solved = _forms(found, rows), {} if solved is None else solved
    return [
        (form, rows[forms == form], _pooled(found, rows[forms == form], form, groups, solved))
        for form in np.unique(forms).tolist()
    ]


def _forms(found: Estimates, rows: np.ndarray) -> np.ndarray:
    """Return (n,) bool: True where effects of the windows `rows` multiply.

    Decided by the likelihoods of both forms (Box & Cox, 1964), the windows' own and the pool's.
    """
    gain = np.full(len(rows), np.nan)
    for i, row in enumerate(rows.tolist()):
        added, multiplied = found.linear[row], found.factor[row]
        if multiplied is not None and min(added.rows, multiplied.rows) > 0:
            each = multiplied.log_likelihood - found.jacobian[row] - added.log_likelihood
            gain[i] = each * min(added.rows, multiplied.rows)
    common = float(np.nanmean(np.clip(gain, -MOST_HEARD, MOST_HEARD))) if np.isfinite(gain).any() else -1.0
    able = np.array([found.factor[row] is not None for row in rows.tolist()])
    return np.asarray(able & (np.nan_to_num(gain) + SHARED * common > 0))


def _pooled(found: Estimates, rows: np.ndarray, form: bool, groups: np.ndarray, solved: Solved) -> list[Pooled]:
    """Pool each term's effects in the windows `rows`; |x| is left out where its effect is uncertain."""
    chosen = [found.factor[row] if form else found.linear[row] for row in rows.tolist()]
    keep = np.any([np.diag(one.gram) > 0 for one in chosen if one is not None], 0)
    each = _pool_all(found, rows, form, groups, keep, solved)
    sure = np.array([k < found.covariates or one.sure > BENT for k, one in enumerate(each)])
    return each if not (keep & ~sure).any() else _pool_all(found, rows, form, groups, keep & sure, solved)


def _pool_all(
    found: Estimates, rows: np.ndarray, form: bool, groups: np.ndarray, keep: np.ndarray, solved: Solved
) -> list[Pooled]:
    chosen = {row: found.factor[row] if form else found.linear[row] for row in rows.tolist()}
    kept = keep.tobytes()
    for row, one in chosen.items():
        if one is not None and (row, form, kept) not in solved:
            solved[row, form, kept] = slopes_of(one, keep)
    slopes = [solved[row, form, kept] for row, one in chosen.items() if one is not None]
    unit = np.ones(len(rows)) if form else found.scale[rows]
    beta = np.stack([b for b, _ in slopes]) / unit[:, None]
    variance = np.stack([v for _, v in slopes]) / unit[:, None] ** 2
    amount = float(sum(one.rows for one in chosen.values() if one is not None))
    tried = int(np.isfinite(variance).any(0).sum())
    tries = [max(tried, 1) * (1 if k < found.covariates else len(knots.QUANTILES)) for k in range(len(keep))]
    groupings = groupings_of(groups[rows])
    return [pool_by_best(beta[:, k], variance[:, k], groupings, amount, tries[k]) for k in range(len(keep))]


def _exp(shift: np.ndarray) -> np.ndarray:
    return np.exp(np.clip(shift, -30.0, 30.0))
