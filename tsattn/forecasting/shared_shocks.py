"""Shared shocks of the series of a panel, which give sums of their sample paths the right spread.

Each window loads on standard normal shocks that all windows share, one for each recent step. Its loadings are the normal scores
of sums of its one-step errors up to these steps. The shocks of two windows are then as correlated as the scores are (a Gaussian
copula), which needs STEPS values for each window instead of a matrix of all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from tsattn.data.cleaning.prepare import observed
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, WindowBatch, gather
from tsattn.forecasting.quantiles import normal_scores

STEPS = 512  # steps before each origin whose errors are compared
SPAN = 8  # neighbouring one-step errors that are added: what series share lasts longer than what they do not
FEWEST = 16  # values that a series needs to share shocks
_HISTORY = 768  # steps of the past that the one-step errors are computed from, at least
_SPANS = 64  # of the steps compared, at least: short pasts have shorter sums
_CYCLES = 4  # of the longest season in these steps
_BLOCK = 8  # neighbouring steps that are one observation of a correlation, at least, because large errors come together
_BLOCK_SPANS = 4  # or as many spans
_SAMPLE = 400  # windows that the shrinkage is estimated from
_TOGETHER = 1024  # windows whose errors are computed at once
_PRIOR = 8.0  # weight of a loading of zero on the mean of all windows, in observed steps
_GRID = 2.0**20  # grid of loadings and shared shocks: their sums of products are exact, so the order of addition does not matter
_SHARED = (0, 0, 2)  # ends the seeds of shared shocks, so that they differ from those of single windows


@dataclass(frozen=True, eq=False)
class SharedShocks:
    """Standard normal shocks of B windows: independent over steps, correlated between windows at the same time.

    rows: the row of each window, by (item, origin); other windows share nothing. loadings: (B, K) on K shared shocks; position:
    (B,) steps from the start of the panel to each origin. correlation: the mean over all pairs of windows.
    """

    seed: int
    rows: dict[tuple[int, int], int] = field(default_factory=dict)
    loadings: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    position: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def correlation(self) -> float:
        """Return the mean correlation of two windows, 0 for fewer than two."""
        count = len(self.loadings)
        total = float((self.loadings.sum(0, dtype=np.float64) ** 2).sum() - (self.loadings.astype(np.float64) ** 2).sum())
        return total / (count * (count - 1)) if count > 1 else 0.0

    def blended(self, errors: np.ndarray, shrinkage: float) -> SharedShocks:
        """Return shocks correlated as errors (B, N) of mean square 1 are, shrunk towards these correlations.

        shrinkage: 0 for the correlations of the errors, 1 for those of these shocks, which also hold for windows whose errors are
        all zero.
        """
        weight = np.where(errors.any(1), shrinkage, 1.0)[:, None]
        measured = np.sqrt((1 - weight) / max(errors.shape[1], 1)) * errors
        return replace(self, loadings=_as_loadings(np.concatenate([np.sqrt(weight) * self.loadings, measured], 1)))

    def of(self, windows: WindowBatch, steps: int, paths: int) -> np.ndarray:
        """Return the shocks (b, H, P) of some windows: the same, to the last bit, in any batch and for any longer horizon."""
        keys = list(zip(windows.item.tolist(), windows.origin.tolist(), strict=True))
        made = np.stack([np.random.default_rng([self.seed, *key]).standard_normal((steps, paths)) for key in keys])
        known = np.flatnonzero([key in self.rows for key in keys])
        at = np.array([self.rows[keys[b]] for b in known], np.int64)
        if not self.loadings.shape[1] or not len(at):
            return made
        loadings, first = self.loadings[at].astype(np.float64), self.position[at]
        made[known] *= np.sqrt(np.maximum(1 - (loadings**2).sum(1), 0.0))[:, None, None]
        for time in range(int(first.min()), int(first.max()) + steps):
            here = np.flatnonzero((first <= time) & (time < first + steps))
            if len(here):
                made[known[here], time - first[here]] += loadings[here] @ self._common(time, paths)
        return made

    def _common(self, time: int, paths: int) -> np.ndarray:
        """Return the shared shocks (K, P) of one time."""
        rng = np.random.default_rng([self.seed, time, *_SHARED])
        return _on_grid(rng.standard_normal((self.loadings.shape[1], paths)))


def shared_shocks(panel: Panel, origins: Origins, seed: int) -> SharedShocks:
    """Estimate how the shocks of windows are correlated, from values before each origin.

    The correlations are shrunk towards their mean (Ledoit & Wolf 2004, "Honey, I shrunk the sample covariance matrix").
    A series with fewer than FEWEST values has shocks of its own, and so does a series that overlaps no other in time.
    """
    start = np.full(len(panel), panel.start.min(), panel.start.dtype)
    position = panel.freq.steps_between(start, panel.start)[0][origins.item] + origins.row - panel.indptr[:-1][origins.item]
    clean = observed(panel)
    length = _lengths(clean, origins)
    span = int(np.clip(length.max(initial=0) // _SPANS, 1, SPAN))
    scores = _at_their_time(_scores(clean, origins, length, span), position)
    scores = _filled(scores[:, np.isfinite(scores).any(0)])
    newest = np.unique(origins.item[::-1], return_index=True)[1]  # one window of each series
    mean, shrinkage = mean_and_shrinkage(scores[::-1][newest], max(_BLOCK, _BLOCK_SPANS * span))
    own = np.sqrt((1 - shrinkage) / max(scores.shape[1], 1)) * scores
    common = np.where(scores.any(1), np.sqrt(shrinkage * mean), 0.0)
    loadings = _as_loadings(np.concatenate([common[:, None], own], 1))
    keys = zip(origins.item.tolist(), origins.row.tolist(), strict=True)
    return SharedShocks(seed, {key: row for row, key in enumerate(keys)}, loadings, position)


def mean_and_shrinkage(scores: np.ndarray, block: int = _BLOCK) -> tuple[float, float]:
    """Return the mean correlation between the rows of scores (B, N), at least 0, and the intensity of shrinkage towards it.

    The intensity is the sum of the variances of the correlations, each less the mean, over the sum of the squares of these
    differences, between 0 and 1. `block` neighbouring steps are one observation.
    """
    some = np.flatnonzero(scores.any(1))
    if len(some) > _SAMPLE:
        some = some[np.linspace(0, len(some) - 1, _SAMPLE).astype(np.int64)]
    x = scores[some].astype(np.float64)
    blocks = x.shape[1] // block
    if len(x) < 2 or blocks < 2:
        return 0.0, 1.0
    pairs = np.triu_indices(len(x), 1)
    products = np.stack([(part @ part.T / part.shape[1])[pairs] for part in np.array_split(x, blocks, axis=1)])  # (blocks, pairs)
    correlation = products.mean(0)
    mean = max(float(correlation.mean()), 0.0)
    # a step at which all correlations are high moves their mean too, which is no reason to shrink them towards it
    apart = products - (products.mean(1, keepdims=True) if mean > 0 else 0.0)
    variance = apart.var(0).sum() / (blocks - 1)
    distance = float(((correlation - mean) ** 2).sum())
    return mean, float(np.clip(variance / distance, 0.0, 1.0)) if distance > 0 else 1.0


def _lengths(panel: Panel, origins: Origins) -> np.ndarray:
    """Return the steps (B,) that are read before each origin, from the first observed value of its series."""
    seen = np.append(np.flatnonzero(np.isfinite(panel.target)), len(panel.target))
    first = seen[np.searchsorted(seen, panel.indptr[:-1])]
    most = max(_HISTORY, _CYCLES * max(panel.freq.season_lengths, default=1))
    return np.clip(origins.row - first[origins.item], 0, most)


def _scores(panel: Panel, origins: Origins, length: np.ndarray, span: int) -> np.ndarray:
    """Return normal scores (B, STEPS) float32 of the errors of the last steps before each origin, NaN = unknown.

    Series of similar length (B,) are fitted together, because the number of lags depends on the length.
    """
    from tsattn.forecasting.joint.innovations import innovations  # only forecasts with sample paths load it

    out = np.full((len(origins), STEPS), np.nan, np.float32)
    doubling = np.frexp(length)[1]
    for level in np.unique(doubling[length >= FEWEST]).tolist():
        alike = np.flatnonzero(doubling == level)
        for some in np.array_split(alike, -(-len(alike) // _TOGETHER)):
            past = gather(panel, origins[some], int(length[some].max()), 1, covariates=False).past_target.astype(np.float64)
            found = innovations(past, panel.freq.season_lengths, fewest=FEWEST)
            scores = normal_scores_of(_moving_sums(found.values, found.known, span)[:, -STEPS:])
            out[some, STEPS - scores.shape[1] :] = scores
    return out


def _moving_sums(errors: np.ndarray, known: np.ndarray, span: int) -> np.ndarray:
    """Return sums of the known ones among the last `span` errors (B, N), over the root of their number; NaN where not known."""
    total, count = (np.cumsum(np.pad(part, ((0, 0), (span, 0))), 1) for part in (np.where(known, errors, 0.0), known.astype(int)))
    terms = count[:, span:] - count[:, :-span]
    return np.where(known, (total[:, span:] - total[:, :-span]) / np.sqrt(np.maximum(terms, 1)), np.nan)


def normal_scores_of(values: np.ndarray) -> np.ndarray:
    """Return normal scores (B, N) float32 of the ranks in each row; equal values share their mean rank. NaN = missing.

    Rows have mean square 1 over their known values. Rows of equal values are missing.
    """
    out = np.full(values.shape, np.nan, np.float32)
    for row, made in zip(values, out, strict=True):
        seen = np.flatnonzero(np.isfinite(row))
        _, inverse, counts = np.unique(row[seen], return_inverse=True, return_counts=True)
        if len(counts) > 1:
            doubled = 2 * np.cumsum(counts) - counts - 1  # twice the mean rank, from 0
            scores = _half_ranks(len(seen))[doubled][inverse]
            made[seen] = scores / np.sqrt((scores**2).mean())
    return out


@lru_cache(maxsize=STEPS)
def _half_ranks(count: int) -> np.ndarray:
    """Return the normal scores of the ranks 0, ½, 1, … count - 1 of `count` values (Hazen 1914)."""
    return normal_scores(((np.arange(2 * count - 1) / 2 + 0.5) / count).tolist())


def _at_their_time(scores: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Move scores (B, N) of the last steps before positions (B,) to columns by time, modulo N."""
    out, steps = np.empty_like(scores), scores.shape[1]
    np.put_along_axis(out, (position[:, None] + np.arange(-steps, 0)) % steps, scores, 1)
    return out


def _filled(scores: np.ndarray) -> np.ndarray:
    """Replace missing scores (B, N) by their regression on the mean of all windows, 0 without any.

    Otherwise a short series would be less correlated with the others. The variance around the regression is left to the shocks of
    the window alone.
    """
    known = np.isfinite(scores)
    seen = np.where(known, scores, 0.0)
    mean = seen.sum(0, dtype=np.float64) / np.maximum(known.sum(0), 1)  # (N,)
    weight = (known * mean**2).sum(1) + _PRIOR * (mean**2).mean() if scores.size else np.zeros(len(scores))
    slope = np.divide((seen * mean).sum(1), weight, out=np.zeros(len(scores)), where=weight > 0)
    filled = np.where(known, seen, (slope[:, None] * mean).astype(np.float32))
    filled /= np.maximum(np.sqrt((filled**2).mean(1, keepdims=True)), 1.0) if scores.size else 1.0
    return filled


def _as_loadings(loadings: np.ndarray) -> np.ndarray:
    """Return loadings (B, K) float32 on the grid: K columns, or B if that is fewer, with the same correlations."""
    if len(loadings) < loadings.shape[1]:
        _, upper = np.linalg.qr(loadings.T.astype(np.float64))
        loadings = upper.T
    return _on_grid(loadings).astype(np.float32)


def _on_grid(values: np.ndarray) -> np.ndarray:
    return np.round(values * _GRID) / _GRID
