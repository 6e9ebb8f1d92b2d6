"""Effects of covariates on one series: generalised least squares after its level and season are taken away.

The series and its covariates pass through the same linear smoother, and the regression is on what is left (a partially linear
model; Speckman, 1988), so a promotion is compared with the days around it and a temperature with its own daily cycle. What is
left is whitened by an autoregression on its own lags (Cochrane & Orcutt, 1949), which corrects the standard errors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

CYCLES = 13  # neighbouring cycles, at most, that a phase of the season is averaged over
WIDEST = 4.0  # standard deviations beyond which a residual is cut (Huber, 1964)
FEWEST = 20  # observed rows that a regression needs
ROUNDS = 3  # reweightings
RIDGE = 1e-6  # of the scaled Gram matrix: identical columns share the effect
MOST_STEPS = 1 << 14  # newest steps of a history that are read


class Estimate(NamedTuple):
    """Normal equations of one series' whitened regression on K covariates, so that any of them can be left out later.

    gram (K, K), moment (K,), noise: the variance of the whitened residuals. log_likelihood: of one row; rows: how many rows
    there are beyond the degrees of freedom that level, season and slopes take, 0 where nothing could be fitted.
    """

    gram: np.ndarray
    moment: np.ndarray
    noise: float
    log_likelihood: float
    rows: float


def estimate(values: np.ndarray, covariates: np.ndarray, seasons: tuple[int, ...]) -> Estimate:
    """Regress values (L,), NaN = missing, on covariates (L, K), NaN = unknown. Rows where either is missing are left out."""
    count = covariates.shape[1]
    values, covariates = values[-MOST_STEPS:], covariates[-MOST_STEPS:]
    seen = np.isfinite(values) & np.isfinite(covariates).all(1)
    rows = int(seen.sum())
    nothing = Estimate(np.zeros((count, count)), np.zeros(count), 0.0, float("nan"), 0.0)
    if rows < FEWEST:
        return nothing
    moves = np.flatnonzero(np.ptp(covariates[seen], axis=0) > 0)
    both = np.concatenate([values[:, None], covariates[:, moves]], 1).T.astype(np.float64)
    both = np.where(seen, both - np.where(seen, both, 0.0).sum(1, keepdims=True) / rows, 0.0)
    season = season_of(rows, seasons)
    left, lost = without_level_and_season(both, seen, season)
    size = np.sqrt((left[1:] ** 2).sum(1) / np.maximum((both[1:] ** 2).sum(1), 1e-300))
    varies = size > 1e-3  # what is left of a covariate that follows the level or the season alone is rounding
    lags = [lag for lag in dict.fromkeys((1, 2, 3, season, season + 1)) if lag * 8 < rows]
    freedom = rows - lost - int(varies.sum()) - len(lags)
    if freedom < FEWEST / 2 or not (left[0, seen] != 0).any():
        return nothing
    left[1:][~varies] = 0.0
    own_gram, own_moment, noise = _robust(left[0], left[1:], seen, lags, freedom)
    gram, moment = np.zeros((count, count)), np.zeros(count)
    noise *= rows / freedom  # a level and an autoregression fitted to few rows leave too little
    gram[np.ix_(moves, moves)], moment[moves] = own_gram, own_moment
    return Estimate(gram, moment, noise, -0.5 * float(np.log(max(noise, 1e-300)) + 1), float(freedom))


def slopes_of(estimate: Estimate, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Effects (K,) of the covariates in `keep` (K,) and their variances, infinite where the history shows none."""
    beta, variance = np.zeros(len(keep)), np.full(len(keep), np.inf)
    size = np.diag(estimate.gram)
    kept = np.flatnonzero(keep & (size > 0))
    if len(kept) and estimate.rows > 0:
        scale = np.sqrt(size[kept])
        inverse = np.linalg.inv(estimate.gram[np.ix_(kept, kept)] / np.outer(scale, scale) + RIDGE * np.eye(len(kept)))
        beta[kept] = inverse @ (estimate.moment[kept] / scale) / scale
        variance[kept] = np.diag(inverse) * max(estimate.noise, 1e-300) / scale**2
    return beta, variance


def season_of(rows: int, seasons: tuple[int, ...]) -> int:
    """Return the longest of `seasons` that a history holds eight of, else the shortest if it holds three, else 1."""
    long = [season for season in seasons if rows >= 8 * season]
    if long:
        return max(long)
    short = min(seasons, default=1)
    return short if rows >= 3 * short else 1


def without_level_and_season(both: np.ndarray, seen: np.ndarray, season: int) -> tuple[np.ndarray, float]:
    """Subtract from (R, L) a moving level, then a moving mean of each phase; also return the degrees of freedom that takes.

    Zeros where not `seen` (L,) or (R, L).
    """
    length = both.shape[1]
    half, span = _spans(length, season)
    left = np.where(seen, both - _moving_mean(both, seen, half), 0.0)
    lost = length / (2 * half + 1)
    if span:
        left = np.where(seen, left - _phase_mean(left, seen, season, span), 0.0)
        lost += -(-length // season) * season / (2 * span + 1)
    return left, lost * float(seen.mean())


def level_and_season(values: np.ndarray, seasons: tuple[int, ...]) -> np.ndarray:
    """Return (L,) moving level of values (L,), NaN = missing, plus the moving mean of each phase; NaN where no value is near."""
    seen = np.isfinite(values)
    season = season_of(int(seen.sum()), seasons)
    half, span = _spans(len(values), season)
    filled = np.where(seen, values, 0.0)[None]
    level = _moving_mean(filled, seen, half)
    left = np.where(seen, filled - level, 0.0)
    phase = _phase_mean(left, seen, season, span)[0] if span else 0.0
    near = _moving_mean(seen[None].astype(np.float64), np.ones(len(values), bool), half)[0] > 0
    return np.where(near, level[0] + phase, np.nan)


def _spans(length: int, season: int) -> tuple[int, int]:
    """Neighbours on either side that the level is averaged over, and those of a phase; 0 where there is no season."""
    whole = 4 * season if season <= 12 else 2 * season
    half = min(whole if season > 1 else 24, max(length // 3, 2)) // 2
    cycles = -(-length // season)
    return half, min(CYCLES, cycles) // 2 if season > 1 and cycles >= 3 else 0


def _phase_mean(left: np.ndarray, seen: np.ndarray, season: int, span: int) -> np.ndarray:
    """Return (R, L) mean over the same phase in the `span` cycles before and after."""
    rows, length = left.shape
    lack = -length % season
    by_phase = np.pad(left, ((0, 0), (0, lack))).reshape(rows, -1, season).transpose(0, 2, 1)
    there = np.pad(seen, (*((0, 0),) * (seen.ndim - 1), (0, lack))).reshape(*seen.shape[:-1], -1, season).swapaxes(-1, -2)
    return _moving_mean(by_phase, there, span).transpose(0, 2, 1).reshape(rows, -1)[:, :length]


def _moving_mean(values: np.ndarray, seen: np.ndarray, half: int) -> np.ndarray:
    """Return (…, n) mean over the `seen` (…, n) of 2 · half + 1 neighbours along the last axis.

    Values are 0 where not seen.
    """
    n = values.shape[-1]
    low, high = np.maximum(np.arange(n) - half, 0), np.minimum(np.arange(n) + half + 1, n)
    total, count = _running(values), _running(seen)
    return (total[..., high] - total[..., low]) / np.maximum(count[..., high] - count[..., low], 1)


def _running(values: np.ndarray) -> np.ndarray:
    """Return (…, n + 1) sums of the first 0, 1, … n values along the last axis."""
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, -1, dtype=np.float64)], -1)


def _robust(
    y: np.ndarray, x: np.ndarray, seen: np.ndarray, lags: list[int], freedom: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Gram matrix, moments and residual variance of whitened y (L,) on x (K, L), far residuals cut."""
    keep = np.ones(len(x), bool)
    cut, gram, moment, noise = y, x @ x.T, x @ y, 1.0
    for _ in range(ROUNDS):
        slopes = slopes_of(Estimate(gram, moment, noise, 0.0, freedom), keep)[0]
        plain = np.where(seen, y - slopes @ x, 0.0)
        far = WIDEST * _usual(plain[seen])
        cut = np.where(seen, slopes @ x + np.clip(plain, -far, far), 0.0)
        weights = _autoregression(cut - slopes @ x, seen, lags)
        white = np.where(seen, _whitened(np.concatenate([cut[None], x]), weights, lags), 0.0)
        gram, moment = white[1:] @ white[1:].T, white[1:] @ white[0]
        slopes = slopes_of(Estimate(gram, moment, noise, 0.0, freedom), keep)[0]
        noise = float(((white[0] - slopes @ white[1:]) ** 2).sum() / max(freedom, 1.0))
    return gram, moment, noise


def _usual(residual: np.ndarray) -> float:
    """Return a robust standard deviation; the plain one where most residuals are almost 0."""
    plain, robust = float(residual.std()), 1.4826 * float(np.median(np.abs(residual)))
    return robust if robust > 0.05 * plain else plain


def _autoregression(residual: np.ndarray, seen: np.ndarray, lags: list[int]) -> np.ndarray:
    """Weights of the lags (p,), by ridge regression of the residuals (L,) on them."""
    if not lags:
        return np.zeros(0)
    past = np.stack([_lagged(residual, lag) for lag in lags])[:, seen]
    gram = past @ past.T
    size = np.trace(gram) / len(lags)
    return np.linalg.solve(gram + (0.01 * size + 1e-300) * np.eye(len(lags)), past @ residual[seen])


def _whitened(values: np.ndarray, weights: np.ndarray, lags: list[int]) -> np.ndarray:
    """Subtract from values (R, L) the part that the lags explain."""
    out = values.copy()
    for weight, lag in zip(weights, lags, strict=True):
        out -= weight * _lagged(values, lag)
    return out


def _lagged(values: np.ndarray, lag: int) -> np.ndarray:
    """Return values (…, L) `lag` steps later; zeros before the first."""
    out = np.zeros_like(values)
    out[..., lag:] = values[..., :-lag]
    return out
