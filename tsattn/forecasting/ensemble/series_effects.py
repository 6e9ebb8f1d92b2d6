"""Effects of covariates on one series: generalised least squares after its level and season are taken away.

The series and its covariates pass through the same linear smoother, and the regression is on what is left (a partially linear
model; Speckman, 1988), so a promotion is compared with the days around it and a temperature with its own daily cycle. What is
left is whitened by an autoregression on its own lags (Cochrane & Orcutt, 1949), which corrects the standard errors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tsattn.data.freq import WEEKS_IN_YEAR

CYCLES = 13  # neighbouring cycles, at most, that a phase of the season is averaged over
WIDEST = 4.0  # standard deviations beyond which a residual is cut (Huber, 1964)
FEWEST = 20  # observed rows that a regression needs
ROUNDS = 3  # reweightings
NEAR = 6  # weeks on either side in the level that effects of yearly events in weekly data are compared with
RARE = 1 / 8  # fraction of weeks, at most, in which a yearly event has an effect
KEPT = 0.5  # fraction of its sum of squares that the season leaves of an event whose weeks change from year to year
SEASONAL = 0.1  # standard deviation that the season must leave of a covariate, relative to the one without its level
RIDGE = 1e-6  # of the scaled Gram matrix: identical columns share the effect
SHARING = 12  # series from which on products of pairs of lags cost less than those of each series' own whitened covariates
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
    return estimate_all(values[None], covariates[None], seasons)[0]


def estimate_all(
    values: np.ndarray, covariates: np.ndarray, seasons: tuple[int, ...], whole: np.ndarray | None = None
) -> list[Estimate]:
    """Regress each of R series, values (R, L), on covariates (R, L, K) of its own; see `estimate`.

    Series with the same observed steps and the same covariates, such as dates, share the work on these. whole: (R, L) the values
    including rows at rest; their count decides the season.
    """
    count = covariates.shape[2]
    values, covariates = values[:, -MOST_STEPS:], covariates[:, -MOST_STEPS:]
    known = np.isfinite(covariates).all(2)
    seen = np.isfinite(values) & known
    held = (seen if whole is None else np.isfinite(whole[:, -MOST_STEPS:]) & known).sum(1)
    alike: dict[tuple[bytes, bytes, int], list[int]] = {}
    for row in np.flatnonzero(seen.sum(1) >= FEWEST).tolist():
        key = (seen[row].tobytes(), covariates[row].tobytes(), season_of(int(held[row]), seasons))
        alike.setdefault(key, []).append(row)
    out = [Estimate(np.zeros((count, count)), np.zeros(count), 0.0, float("nan"), 0.0)] * len(values)
    for (_, _, season), rows in alike.items():
        own, there = covariates[rows[0]], seen[rows[0]]
        columns = np.flatnonzero(np.ptp(own[there], axis=0) > 0)
        for row, one in zip(rows, _regressed(values[rows], own[:, columns], there, season), strict=True):
            if one is not None:
                gram, moment = np.zeros((count, count)), np.zeros(count)
                gram[np.ix_(columns, columns)], moment[columns] = one.gram, one.moment
                out[row] = one._replace(gram=gram, moment=moment)
    return out


def _regressed(values: np.ndarray, covariates: np.ndarray, seen: np.ndarray, season: int) -> list[Estimate | None]:
    """Regress values (R, L) on covariates (L, K) that all vary, where `seen` (L,); None where nothing can be fitted."""
    rows = int(seen.sum())
    both = np.where(seen, np.concatenate([values, covariates.T]).astype(np.float64), 0.0)
    both = np.where(seen, both - both.sum(1, keepdims=True) / rows, 0.0)
    left, lost = without_level_and_season(both, seen, season)
    y, x = left[: len(values)], left[len(values) :]
    given = both[len(values) :]
    without_level = np.where(seen, given - moving_level(given, seen, season), 0.0)
    left_of = [np.sqrt((x**2).sum(1) / np.maximum((whole**2).sum(1), 1e-300)) for whole in (given, without_level)]
    # what is left of a covariate that follows the level alone is rounding, and of one that follows the season, such as a week of
    # the year, the little by which the seasons' means differ: the season of the forecast has its effect already
    varies = (left_of[0] > 1e-3) & (left_of[1] > SEASONAL)
    yearly = _yearly(given, seen, left_of[1], season)
    out = _fitted(y, np.where((varies & ~yearly)[:, None], x, 0.0), seen, lost, season)
    if yearly.any():
        near, lost = without_near_level(both, seen)
        others, dates = near[len(values) :], np.where(yearly[:, None], near[len(values) :], 0.0)
        slopes = [np.zeros(covariates.shape[1]) if one is None else _solved(one.gram[None], one.moment[None])[0] for one in out]
        rest = near[: len(values)] - np.stack(slopes) @ others  # what the other covariates explain is not theirs
        out = [_both(*pair) for pair in zip(out, _fitted(rest, dates, seen, lost, season), strict=True)]
    return out


def _yearly(given: np.ndarray, seen: np.ndarray, left_of: np.ndarray, season: int) -> np.ndarray:
    """Return (K,) bool: True for columns (K, L) of events in about the same weeks of each year.

    The season of weekly data is 52 steps, but a year is 52.18 weeks. Christmas keeps its week of the season for some years, and
    then moves on by one: the season does not have its effect. left_of: (K,) what the season leaves of each column.
    """
    if season != WEEKS_IN_YEAR:
        return np.zeros(len(given), bool)
    there = given[:, seen]
    rare = (np.abs(there - np.median(there, 1)[:, None]) > 1e-9).mean(1) <= RARE
    return np.asarray(rare & (left_of**2 < KEPT))


def _both(one: Estimate | None, other: Estimate | None) -> Estimate | None:
    """Join regressions on different columns, the second in units of the noise of the first; None where either is."""
    if one is None or other is None:
        return None
    unit = one.noise / max(other.noise, 1e-300)
    return one._replace(gram=one.gram + unit * other.gram, moment=one.moment + unit * other.moment)


def _fitted(y: np.ndarray, x: np.ndarray, seen: np.ndarray, lost: np.ndarray, season: int) -> list[Estimate | None]:
    """Regress residuals y (R, L) on those of covariates x (K, L), zero for those left out; None where nothing can be fitted."""
    rows = int(seen.sum())
    lags = [lag for lag in dict.fromkeys((1, 2, 3, season, season + 1)) if lag * 8 < rows]
    freedom = rows - float(lost) - int((x != 0).any(1).sum()) - len(lags)
    out: list[Estimate | None] = [None] * len(y)
    able = np.flatnonzero((y[:, seen] != 0).any(1))
    if freedom < FEWEST / 2 or not len(able):
        return out
    gram, moment, noise = _robust(y[able], x, seen, lags, freedom)
    noise *= rows / freedom  # a level and an autoregression fitted to few rows leave too little
    likelihood = -0.5 * (np.log(np.maximum(noise, 1e-300)) + 1)
    for k, row in enumerate(able.tolist()):
        out[row] = Estimate(gram[k], moment[k], float(noise[k]), float(likelihood[k]), freedom)
    return out


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


def _solved(gram: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """Return slopes (R, K) of normal equations gram (R, K, K) and moment (R, K); 0 for covariates that do not vary."""
    size = np.diagonal(gram, axis1=1, axis2=2)
    scale = np.sqrt(np.where(size > 0, size, 1.0))
    matrix = gram / (scale[:, :, None] * scale[:, None]) + RIDGE * np.eye(gram.shape[1])
    at = np.arange(gram.shape[1])
    matrix[:, at, at] += size <= 0
    return np.asarray(np.linalg.solve(matrix, (moment / scale)[..., None])[..., 0] / scale)


def season_of(rows: int, seasons: tuple[int, ...], cycles: int = 8) -> int:
    """Return the longest of `seasons` that a history holds `cycles` of, else the shortest if it holds three, else 1."""
    long = [season for season in seasons if rows >= cycles * season]
    if long:
        return max(long)
    short = min(seasons, default=1)
    return short if rows >= 3 * short else 1


def without_level_and_season(both: np.ndarray, seen: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Subtract from (…, L) a moving level, then a moving mean of each phase; also return the degrees of freedom that takes, (…).

    Zeros where not `seen`, which broadcasts with `both`.
    """
    length = both.shape[-1]
    half, span = spans_of(length, season)
    left = np.where(seen, both - moving_level(both, seen, season), 0.0)
    lost = length / (2 * half + 1)
    if span:
        left = np.where(seen, left - _phase_mean(left, seen, season, span), 0.0)
        lost += -(-length // season) * season / (2 * span + 1)
    return left, lost * seen.mean(-1)


def without_near_level(both: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Subtract from weekly values (…, L) the level of the weeks around; also return the degrees of freedom that takes, (…).

    A moving mean is subtracted twice, which leaves hardly anything of a smooth season.
    """
    left = np.where(seen, both, 0.0)
    for _ in range(2):
        left = np.where(seen, left - _moving_mean(left, seen, NEAR), 0.0)
    return left, 2 * both.shape[-1] / (2 * NEAR + 1) * seen.mean(-1)


def moving_level(both: np.ndarray, seen: np.ndarray, season: int) -> np.ndarray:
    """Return the moving level of (…, L) that `without_level_and_season` subtracts."""
    return _moving_mean(both, seen, spans_of(both.shape[-1], season)[0])


def level_and_season(values: np.ndarray, seasons: tuple[int, ...]) -> np.ndarray:
    """Return (L,) moving level of values (L,), NaN = missing, plus the moving mean of each phase; NaN where no value is near."""
    seen = np.isfinite(values)
    season = season_of(int(seen.sum()), seasons)
    half, span = spans_of(len(values), season)
    filled = np.where(seen, values, 0.0)[None]
    level = _moving_mean(filled, seen, half)
    left = np.where(seen, filled - level, 0.0)
    phase = _phase_mean(left, seen, season, span)[0] if span else 0.0
    near = _moving_mean(seen[None].astype(np.float64), np.ones(len(values), bool), half)[0] > 0
    return np.where(near, level[0] + phase, np.nan)


def spans_of(length: int, season: int) -> tuple[int, int]:
    """Return how many neighbours on either side the level and a phase are averaged over; 0 without a season."""
    whole = 4 * season if season <= 12 else 2 * season
    half = min(whole if season > 1 else 24, max(length // 3, 2)) // 2
    cycles = -(-length // season)
    return half, min(CYCLES, cycles) // 2 if season > 1 and cycles >= 3 else 0


def _phase_mean(left: np.ndarray, seen: np.ndarray, season: int, span: int) -> np.ndarray:
    """Return (…, L) mean over the same phase in the `span` cycles before and after."""
    length = left.shape[-1]

    def by_cycle(values: np.ndarray) -> np.ndarray:
        padded = np.pad(values, (*((0, 0),) * (values.ndim - 1), (0, -length % season)))
        return padded.reshape(*values.shape[:-1], -1, season)

    found = _moving_sum(by_cycle(left), span) / np.maximum(_moving_sum(by_cycle(seen), span), 1)
    return np.asarray(found.reshape(*left.shape[:-1], -1)[..., :length])


def _moving_mean(values: np.ndarray, seen: np.ndarray, half: int) -> np.ndarray:
    """Return (…, n) mean over the `seen` (…, n) of 2 · half + 1 neighbours along the last axis. Values are 0 where not seen."""
    count = np.maximum(_moving_sum(seen[..., None], half), 1)
    return np.asarray((_moving_sum(values[..., None], half) / count)[..., 0])


def _moving_sum(values: np.ndarray, half: int) -> np.ndarray:
    """Return (…, n, k) sums of 2 · half + 1 neighbours along the axis of length n, of fewer at its ends."""
    *many, n, k = values.shape
    total = np.zeros((*many, n + 2 * half + 1, k))  # sums of all before, padded: slices are faster than an index
    np.cumsum(values, -2, out=total[..., half + 1 : half + 1 + n, :])
    total[..., half + 1 + n :, :] = total[..., half + n : half + n + 1, :]
    return np.asarray(total[..., 2 * half + 1 :, :] - total[..., :n, :])


def _robust(
    y: np.ndarray, x: np.ndarray, seen: np.ndarray, lags: list[int], freedom: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gram matrices (R, K, K), moments (R, K) and residual variances (R,) of whitened y (R, L) on x (K, L), residuals clipped.

    A series is whitened by weights of its own. The Gram matrix of whitened covariates is a sum over pairs of lags, which many
    series share.
    """
    lagged = np.stack([x, *(_lagged(x, lag) for lag in lags)]) * seen  # (1 + p, K, L)
    flat = lagged.reshape(-1, lagged.shape[2])
    pairs = flat @ flat.T if len(y) >= SHARING else None
    gram, moment = np.broadcast_to(x @ x.T, (len(y), len(x), len(x))), y @ x.T
    noise = np.ones(len(y))
    for _ in range(ROUNDS):
        explained = _solved(gram, moment) @ x
        plain = np.where(seen, y - explained, 0.0)
        far = WIDEST * _usual(plain[:, seen])[:, None]
        cut = np.where(seen, explained + np.clip(plain, -far, far), 0.0)
        parts = np.concatenate([np.ones((len(y), 1)), -_autoregression(cut - explained, seen, lags)], 1)  # (R, 1 + p)
        white = np.where(seen, _whitened(cut, parts, lags), 0.0)
        gram, moment = _normal(lagged, pairs, parts, white)
        slopes = (parts[:, :, None] * _solved(gram, moment)[:, None]).reshape(len(y), -1)
        noise = ((white - slopes @ flat) ** 2).sum(1) / max(freedom, 1.0)
    return gram, moment, noise


def _normal(lagged: np.ndarray, pairs: np.ndarray | None, parts: np.ndarray, white: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Gram matrices (R, K, K) and moments (R, K) of white (R, L) on lagged covariates (A, K, L) weighted by parts (R, A).

    pairs: (A K, A K) products of the lagged covariates, None = not worth it.
    """
    if pairs is None:
        own = [np.tensordot(part, lagged, 1) for part in parts]  # R arrays (K, L)
        return np.stack([x @ x.T for x in own]), np.stack([x @ one for x, one in zip(own, white, strict=True)])
    lags, count, length = lagged.shape
    half = np.tensordot(parts, pairs.reshape(lags, count, lags, count), 1)  # (R, K, A, K)
    gram = (half.swapaxes(2, 3) @ parts[:, None, :, None])[..., 0]
    moment = (white @ lagged.reshape(-1, length).T).reshape(len(white), lags, count)
    return gram, (parts[:, :, None] * moment).sum(1)


def _usual(residual: np.ndarray) -> np.ndarray:
    """Return (R,) robust standard deviations of residuals (R, n); the plain ones where most residuals are almost 0."""
    plain, robust = residual.std(1), 1.4826 * np.median(np.abs(residual), 1)
    return np.where(robust > 0.05 * plain, robust, plain)


def _autoregression(residual: np.ndarray, seen: np.ndarray, lags: list[int]) -> np.ndarray:
    """Weights of the lags (R, p), by ridge regression of the residuals (R, L) on them."""
    if not lags:
        return np.zeros((len(residual), 0))
    past = np.stack([_lagged(residual, lag) for lag in lags], 1)[..., seen]
    gram = past @ past.swapaxes(1, 2)
    size = np.trace(gram, axis1=1, axis2=2) / len(lags)
    matrix = gram + (0.01 * size + 1e-300)[:, None, None] * np.eye(len(lags))
    return np.asarray(np.linalg.solve(matrix, past @ residual[:, seen, None])[..., 0])


def _whitened(values: np.ndarray, parts: np.ndarray, lags: list[int]) -> np.ndarray:
    """Return values (R, L) plus their lags, times `parts` (R, 1 + p), the first of which is 1."""
    out = values.copy()
    for k, lag in enumerate(lags):
        out[:, lag:] += parts[:, k + 1, None] * values[:, :-lag]
    return out


def _lagged(values: np.ndarray, lag: int) -> np.ndarray:
    """Return values (…, L) `lag` steps later; zeros before the first."""
    out = np.zeros_like(values)
    out[..., lag:] = values[..., :-lag]
    return out
