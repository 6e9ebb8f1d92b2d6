"""The network at a coarser step: its forecast of means over k steps corrects the level of its forecast at the series' own step.

A network that reads 2,048 means sees k times as far back, and its errors differ from those at the series' own step
(benchmarks/LOG.md). Decimation by a back-tested k also lowers the errors of other small models (RateIN, 2026).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.ensemble.holdout import padded
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.predict import wants_covariates

COARSER = "coarser"  # its name among the members
STEP = 4  # steps per mean, unless the season is one of SEASONS
SEASONS = range(4, 9)  # season lengths used as the step, so that means have no season: 7 days, 8 steps of three hours
LEAST = 1024  # minimum steps of history: on shorter series, the network is better at the series' own step alone


class CoarserStep:
    """Member that moves the network's forecast to the level of its forecast of means over k steps.

    `predict` returns the level alone, and `corrected` the forecast, so that an ensemble runs the network once at its own step.
    """

    covariates = False
    context = None

    def __init__(self, network: Forecaster) -> None:
        self.network, self.name = network, COARSER
        self.quantiles = network.quantiles
        self.pass_steps = getattr(network, "pass_steps", 0)
        # without passes there is no horizon of whole passes to ask for
        self.is_able = self.pass_steps > 0 and 0.5 in self.quantiles and not wants_covariates(network)

    def able(self, batch: WindowBatch) -> np.ndarray:
        """Return (B,) bool, True for histories of at least LEAST steps; all False if the network reads covariates."""
        return (batch.observed_lengths >= LEAST) & self.is_able

    def takes_part(self, longest: int, has_season: bool) -> bool:
        """Return True if the member may forecast series of a panel whose longest series has `longest` steps."""
        return self.is_able and longest >= LEAST

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32, the median of the means at every step and quantile; NaN where there is no forecast."""
        out = np.full((len(batch), batch.horizon, len(self.quantiles)), np.nan, np.float32)
        able = np.flatnonzero(self.able(batch))
        if not len(able):
            return out
        k = step_of(batch.season_lengths)
        coarse = coarsened(batch.rows(able), k, self.pass_steps)
        if self.network.context is not None:
            coarse = padded(coarse, self.network.context)
        means = self.network.predict(coarse)[:, :, self.quantiles.index(0.5)]  # (b, H / k)
        seen = ~np.isnan(coarse.past_target).all(1)
        out[able[seen]] = between(means, k, batch.horizon)[seen, :, None]
        return out

    def corrected(self, network: np.ndarray, found: np.ndarray, season_lengths: Sequence[int]) -> np.ndarray:
        """Return the network's forecast (..., H, Q), moved to the level `found` (..., H, Q) by `predict`."""
        if not self.is_able:
            return found
        k, median = step_of(season_lengths), network[..., self.quantiles.index(0.5)]
        shape, horizon = median.shape[:-1], median.shape[-1]
        whole = np.pad(median.reshape(-1, horizon), ((0, 0), (0, -horizon % k)), mode="edge")
        own = between(whole.reshape(len(whole), -1, k).mean(2), k, horizon).reshape(*shape, horizon)
        return np.asarray(network + (found[..., :1] - own[..., None]), np.float32)


def step_of(season_lengths: Sequence[int]) -> int:
    """Return the number of steps per mean for series with these seasons."""
    season = season_lengths[0] if season_lengths else 1
    return season if season in SEASONS else STEP


def coarsened(batch: WindowBatch, k: int, block: int) -> WindowBatch:
    """Means over k steps, counted from the origin back; season lengths that are whole numbers of k are divided by it."""
    rows, length = len(batch), batch.context // k * k
    past = batch.past_target[:, batch.context - length :].reshape(rows, -1, k)
    seen = ~np.isnan(past)
    count = seen.sum(2)
    total = np.where(seen, past, 0).sum(2, dtype=np.float64)
    means = np.where(2 * count >= k, total / np.maximum(count, 1), np.nan).astype(np.float32)
    horizon = -(-batch.horizon // k)
    horizon = -(-horizon // block) * block
    empty = np.zeros((rows, means.shape[1] + horizon, 0), np.float32)
    return replace(
        batch,
        past_target=means,
        observed=None,
        past_cov=empty[:, : means.shape[1]],
        known=empty,
        static=np.zeros((rows, 0), np.float32),
        future_target=np.full((rows, horizon), np.nan, np.float32),
        season_lengths=tuple(s // k for s in batch.season_lengths if s % k == 0 and s // k >= 2),
        year=batch.year / k,
    )


def between(means: np.ndarray, k: int, horizon: int) -> np.ndarray:
    """Means (B, n) of k steps each, interpolated from the middles to every step: (B, H)."""
    middle = (np.arange(means.shape[1]) + 0.5) * k - 0.5
    place = np.clip(np.arange(horizon), middle[0], middle[-1])
    low = np.clip(((place - middle[0]) // k).astype(np.int64), 0, max(0, means.shape[1] - 2))
    high = np.minimum(low + 1, means.shape[1] - 1)
    share = (place - middle[low]) / k
    return means[:, low] * (1 - share) + means[:, high] * share
