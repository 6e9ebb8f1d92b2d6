"""The network at a coarser step: forecasts of means over k steps correct the level of the forecast at the series' own step.

A network that reads 2,048 steps of means sees k times as far back, and needs fewer passes for a long horizon. Decimation by a
back-tested k lowers the errors of small models at long horizons (RateIN, 2026).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.ensemble.holdout import padded
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.predict import wants_covariates

COARSER = "coarser"  # its name among the members
STEPS = (2, 3, 4, 6, 8, 12, 24)
PASSES = 3
SHARE = 0.5  # of the way from the fine level to the coarse one
LEAST = 32  # means that a history must give


class CoarserStep:
    """Levels of means over k steps, k the least of STEPS that reaches the horizon in PASSES of the network.

    Horizons that one pass reaches at the series' own step have none.
    """

    covariates = False
    context = None

    def __init__(self, network: Forecaster) -> None:
        self.network, self.name = network, COARSER
        self.quantiles = network.quantiles
        self.pass_steps = getattr(network, "pass_steps", 0)  # 0: it forecasts any horizon in one pass

    def step(self, horizon: int) -> int | None:
        """Return the factor k for a horizon; None where one pass of the network reaches it, or the network reads covariates."""
        if not 0 < self.pass_steps < horizon or wants_covariates(self.network) or 0.5 not in self.quantiles:
            return None
        return next((k for k in STEPS if k * PASSES * self.pass_steps >= horizon), STEPS[-1])

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32, the median of the means at every step and quantile; NaN where there is no forecast."""
        out = np.full((len(batch), batch.horizon, len(self.quantiles)), np.nan, np.float32)
        k = self.step(batch.horizon)
        if k is None or batch.context < LEAST * k:
            return out
        coarse = coarsened(batch, k, self.pass_steps)
        able = (~np.isnan(coarse.past_target)).sum(1) >= LEAST
        if not able.any():
            return out
        if self.network.context is not None:
            coarse = padded(coarse, self.network.context)
        made = self.network.predict(coarse)[:, :, self.quantiles.index(0.5)]  # (B, H / k)
        level = between(made, k, batch.horizon)
        out[able] = level[able, :, None]
        return out

    def corrected(self, fine: np.ndarray, level: np.ndarray) -> np.ndarray:
        """Return the fine forecast (..., H, Q), moved half-way to the levels of `predict` (..., H, Q)."""
        k = self.step(fine.shape[-2])
        if k is None:
            return level
        median = fine[..., self.quantiles.index(0.5)]
        shape, horizon = median.shape[:-1], median.shape[-1]
        whole = np.pad(median.reshape(-1, horizon), ((0, 0), (0, -horizon % k)), mode="edge")
        own = between(whole.reshape(len(whole), -1, k).mean(2), k, horizon).reshape(*shape, horizon)
        return np.asarray(fine + SHARE * (level[..., :1] - own[..., None]), np.float32)


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
        past_cov=empty[:, : means.shape[1]],
        known=empty,
        static=np.zeros((rows, 0), np.float32),
        future_target=np.full((rows, horizon), np.nan, np.float32),
        season_lengths=tuple(s // k for s in batch.season_lengths if s % k == 0 and s // k >= 2),
    )


def between(means: np.ndarray, k: int, horizon: int) -> np.ndarray:
    """Means (B, n) of k steps each, interpolated from the middles to every step: (B, H)."""
    middle = (np.arange(means.shape[1]) + 0.5) * k - 0.5
    place = np.clip(np.arange(horizon), middle[0], middle[-1])
    low = np.clip(((place - middle[0]) // k).astype(np.int64), 0, max(0, means.shape[1] - 2))
    high = np.minimum(low + 1, means.shape[1] - 1)
    share = (place - middle[low]) / k
    return means[:, low] * (1 - share) + means[:, high] * share
