"""Closed-form ridge regression of each series on its own lags: all horizon steps at once, no training, no torch.

From a window of past values, less its mean, the next `block` values less that mean are predicted linearly (direct
multi-step autoregression; Hoerl & Kennard, 1970, for the penalty). The Gram matrix of all windows of a series is Hankel-like:
its first row is a correlation (one FFT), and each next row the one before, shifted, less the window that leaves and plus the
one that enters. So no design matrix is ever made, and a series costs its few solves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.residual_spread import spread
from tsattn.forecasting.baselines.variance_function import log_levels, ratios, slopes
from tsattn.forecasting.frame import DEFAULT_QUANTILES

PENALTIES = (1e-6, 3e-4, 1e-2, 3e-1)  # of the Gram matrix's mean diagonal
FEWEST = 24  # observed steps that a fit needs
FARTHEST = 2.0  # ranges of the history beyond it that a forecast may reach
_TAIL = 64  # held-back origins whose errors choose the penalty and give the spread
_CHUNK = 32  # series at once: their Gram matrices take some 1 MB each
_LARGEST = float(np.finfo(np.float32).max)


class Fit(NamedTuple):
    """Ridge fits of b series: weights (b, lags, block), penalty index (b,), spread of each step and quantile (b, block, Q).

    noise (b, season): what the spread is multiplied by at each phase, which is a position modulo the season.
    """

    weights: np.ndarray
    penalty: np.ndarray
    spread: np.ndarray
    noise: np.ndarray


class Regression(ABC):
    """Base of regressions on each series' own history, which one earlier fit also forecasts from hold-out origins."""

    context: ClassVar[int | None] = None
    covariates: ClassVar[bool | str] = False
    raw_history: ClassVar[bool] = True

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return (B, H, Q) float32; NaN for a history that is too short."""
        return self.predict_from(batch, np.zeros((0, len(batch)), np.int64))[0]

    @abstractmethod
    def predict_from(self, batch: WindowBatch, shifts: np.ndarray) -> np.ndarray:
        """Return (1 + K, B, H, Q) float32: forecasts from the end, then from `shifts` (K, B) steps before it."""


@dataclass(frozen=True)
class Ridge(Regression):
    """`lags`: the longest window; a history of n steps gets at most n / 3, whole cycles where it holds one.

    The penalty is the one of PENALTIES with the smallest error on the last sixth of the windows after a fit on the earlier
    ones. The quantiles come from the errors made there: each phase of the season has its own spread, which grows with the level
    if the noise does (variance_function.py). A missing value is replaced by the newest value of its phase. Steps beyond a fifth
    of the history are rolled out. NaN for a forecast far beyond all values: some autoregressions are unstable.
    `season_length` None: the shortest usual cycle of the data's frequency.
    """

    lags: int = 168
    season_length: int | None = None
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES
    name: str = "ridge"

    def predict_from(self, batch: WindowBatch, shifts: np.ndarray) -> np.ndarray:
        """Return (1 + K, B, H, Q) float32: forecasts from the end, then from `shifts` (K, B) steps before it.

        The latter K come from one fit on what lies before the earliest of them; the penalty is chosen there, too.
        NaN where that leaves fewer than FEWEST steps.
        """
        season = self.season_length or (batch.season_lengths or (1,))[0]
        out = np.full((1 + len(shifts), len(batch), batch.horizon, len(self.quantiles)), np.nan, np.float32)
        history = batch.past_target.astype(np.float64)
        back = shifts.max(0) if len(shifts) else np.zeros(len(batch), np.int64)
        length = batch.observed_lengths
        first = history.shape[1] - length
        # a series too short to be fitted earlier is still forecast from its end
        for rows, early in ((length - back >= FEWEST, back), ((length >= FEWEST) & (length - back < FEWEST), None)):
            n = length - (0 if early is None else early)
            lags = window_lengths(n, self.lags, season)
            block = np.minimum(batch.horizon, n // 5)
            for key in np.unique(np.stack([lags, block], 1)[rows], axis=0).tolist():
                same = np.flatnonzero(rows & (lags == key[0]) & (block == key[1]))
                for at in range(0, len(same), _CHUNK):
                    which = same[at : at + _CHUNK]
                    moved = shifts[:, which] if early is not None else shifts[:0, which]
                    found = self._forecast(history[which], first[which], moved, key[0], key[1], batch.horizon, season)
                    out[: len(found), which] = found
        return out

    def _forecast(
        self, history: np.ndarray, first: np.ndarray, shifts: np.ndarray, lags: int, block: int, horizon: int, season: int
    ) -> np.ndarray:
        """Return (1 + K, b, H, Q) for histories (b, L) that begin at `first` (b,) and share a window length."""
        y, length = fill(history, season), history.shape[1]
        inside = np.arange(length) >= first[:, None]
        end = np.full(len(y), length) - (shifts.max(0) if len(shifts) else 0)
        known = inside & (np.arange(length) < end[:, None])
        count = known.sum(1)
        mean = (np.where(known, y, 0.0) / count[:, None]).sum(1)
        scale = np.sqrt((np.where(known, y - mean[:, None], 0.0) ** 2 / count[:, None]).sum(1))
        scale = np.where(scale > 1e-7 * np.abs(mean), scale, 1.0)  # below float32's own rounding a series is constant
        z = np.where(inside, (y - mean[:, None]) / scale[:, None], 0.0)
        ends = [np.full(len(y), length), *(length - shift for shift in shifts)]
        levels = log_levels(history, season)
        slope = slopes(np.where(known, history, np.nan), season)
        present, *reached = (np.take_along_axis(levels, e[:, None] - 1, 1) for e in (end, *ends))
        size = ratios(slope, levels, present)
        early = fit(z, first, end, lags, block, self.quantiles, season, size)
        fits = [early._replace(noise=early.noise * ratios(slope, present, level)) for level in reached]
        if len(shifts):
            fits[0] = fits[0]._replace(weights=refit(z, first, lags, block, early.penalty))
        made = np.stack([_roll_out(z, e, f, horizon) for e, f in zip(ends, fits, strict=True)])
        low, high = np.where(inside, z, np.inf).min(1), np.where(inside, z, -np.inf).max(1)
        reach = FARTHEST * (high - low)
        middle = made[..., made.shape[3] // 2]
        far = (middle.min(2) < low - reach) | (middle.max(2) > high + reach)
        made[far & (reach > 0)] = np.nan
        values = made * scale[:, None, None] + mean[:, None, None]
        return np.clip(values, -_LARGEST, _LARGEST).astype(np.float32)


def window_lengths(n: np.ndarray, longest: int, season: int) -> np.ndarray:
    """Return (B,) lags for histories of n (B,) steps.

    A third of the steps available, in whole cycles where at least one fits, else rounded down.
    """
    lags = np.minimum(longest, np.maximum(n - n // 5, 0) // 3)
    whole = lags // season * season
    step = np.where(lags >= 64, 16, np.where(lags >= 16, 4, 1))  # few distinct lengths: series of one length are fitted together
    return np.where((season > 1) & (whole > 0), whole, lags // step * step)


def fill(history: np.ndarray, season: int) -> np.ndarray:
    """Return (B, L) with missing values filled.

    A missing value takes the newest earlier value of its phase, else the newest earlier value, else 0.

    Causal: a filled value depends on nothing after it, so that a cut made later changes nothing before it.
    """
    missing = np.isnan(history)
    if not missing.any():
        return history
    rows, length = history.shape
    filled = history
    if season > 1:
        pad = -length % season
        cycles = np.pad(history, ((0, 0), (0, pad)), constant_values=np.nan).reshape(rows, -1, season)
        filled = forward(cycles.transpose(0, 2, 1)).transpose(0, 2, 1).reshape(rows, -1)[:, :length]
    return np.nan_to_num(forward(filled), nan=0.0)


def forward(values: np.ndarray) -> np.ndarray:
    """Replace missing values along the last axis by the last value before them; NaN where there is none."""
    at = np.where(np.isnan(values), 0, np.arange(values.shape[-1]))
    return np.take_along_axis(values, np.maximum.accumulate(at, -1), -1)


def windows_at(z: np.ndarray, ends: np.ndarray, width: int) -> np.ndarray:
    """Return (b, E, width) windows of z (b, L) that end before `ends` (b, E); zeros outside."""
    at = ends[..., None] + np.arange(-width, 0)
    inside = (at >= 0) & (at < z.shape[1])
    taken = np.take_along_axis(z[:, None], np.where(inside, at, 0), 2)
    return np.where(inside, taken, 0.0)


def fit(
    z: np.ndarray,
    first: np.ndarray,
    end: np.ndarray,
    lags: int,
    block: int,
    quantiles: tuple[float, ...],
    season: int,
    size: np.ndarray,
) -> Fit:
    """Fit each series z (b, L) on its steps first … end. Penalty and spread come from the last sixth of its windows.

    size (b, L): factors on the errors in the spread (variance_function.py).
    """
    width = lags + block
    rows = end - first - width + 1  # (b,) windows
    tail = np.maximum(rows // 6, 1)
    head = np.maximum(rows - tail - block, 1)  # their targets end where the tail's first origin stands
    gram, cross = gram_and_cross(z, first, first + head, lags, width)
    # as many for every series, some of them twice where the tail is short, so that a forecast does not depend on the other series
    origins = end[:, None] - block - np.round(np.linspace(0, 1, _TAIL) * (tail[:, None] - 1)).astype(np.int64)  # (b, E)
    past, truth = windows_at(z, origins, lags), windows_at(z, origins + block, block)
    level = past.mean(2, keepdims=True)
    errors = np.stack([truth - level - (past - level) @ solve(gram, cross, p) for p in PENALTIES])  # (P, b, E, block)
    best = np.abs(errors).mean((2, 3)).argmin(0)
    error = errors[best, np.arange(len(z))] * windows_at(size, origins + block, block)
    phase = (origins[..., None] + np.arange(block)) % season
    return Fit(refit(z, first, lags, block, best, end), best, *spread(error, quantiles, phase, season))


def refit(
    z: np.ndarray, first: np.ndarray, lags: int, block: int, penalty: np.ndarray, end: np.ndarray | None = None
) -> np.ndarray:
    """Return weights (b, lags, block) of all windows of first … end (default: the last step), each with its penalty (b,)."""
    end = np.full(len(z), z.shape[1]) if end is None else end
    gram, cross = gram_and_cross(z, first, end - lags - block + 1, lags, lags + block)
    return solve(gram, cross, np.array(PENALTIES)[penalty])


def gram_and_cross(z: np.ndarray, start: np.ndarray, stop: np.ndarray, lags: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return XᵀX (b, lags, lags) and XᵀY (b, lags, width - lags) of the windows that begin at start … stop - 1, less their means.

    X is each window's first `lags` values, Y the rest, both less the mean of the former.
    """
    length = z.shape[1]
    at = np.arange(length)
    began = np.where((at >= start[:, None]) & (at < stop[:, None]), z, 0.0)
    z = np.where(at < stop[:, None] + width - 1, z, 0.0)  # later values must not even change a rounding
    size = 1 << (length + width).bit_length()
    first_row = np.fft.irfft(np.fft.rfft(began, size).conj() * np.fft.rfft(z, size), size)[:, :width]
    leaves, enters = (windows_at(z, (edge + width)[:, None], width)[:, 0] for edge in (start, stop))
    product = np.empty((len(z), lags, width))
    product[:, 0] = first_row
    for i in range(lags - 1):
        changed = enters[:, i, None] * enters[:, i:-1] - leaves[:, i, None] * leaves[:, i:-1]
        product[:, i + 1, i + 1 :] = product[:, i, i:-1] + changed
    gram, cross = product[:, :, :lags], product[:, :, lags:]
    upper = np.triu(np.ones((lags, lags), bool))
    gram = np.where(upper, gram, gram.transpose(0, 2, 1))
    mean = gram.mean(2)  # XᵀX 1 / lags: the part removed by subtracting each window's mean
    cross = cross - mean[:, :, None]
    gram = gram - mean[:, :, None] - mean[:, None, :] + mean.mean(1)[:, None, None]
    return gram, cross - cross.mean(1, keepdims=True)


def solve(gram: np.ndarray, cross: np.ndarray, penalty: float | np.ndarray) -> np.ndarray:
    """Return (b, lags, block) ridge weights; zeros for a constant series, whose forecast is then the window's mean."""
    lags = gram.shape[1]
    size = np.trace(gram, axis1=1, axis2=2) / lags
    flat = ~(size > 1e-12)
    size = np.where(flat, 1.0, size)
    matrix = gram / size[:, None, None]
    diagonal = np.arange(lags)
    matrix[:, diagonal, diagonal] += np.broadcast_to(penalty, size.shape)[:, None]
    return np.where(flat[:, None, None], 0.0, np.linalg.solve(matrix, cross / size[:, None, None]))


def _roll_out(z: np.ndarray, end: np.ndarray, fitted: Fit, horizon: int) -> np.ndarray:
    """Return (b, H, Q) forecasts, block by block.

    Each block is forecast from the window before it, forecasts included; the errors of k blocks add up to sqrt(k) times one's.
    """
    _, lags, block = fitted.weights.shape
    window = windows_at(z, end[:, None], lags)[:, 0]
    out, reach = [], fitted.spread[:, -1:]
    for k in range(-(-horizon // block)):
        level = window.mean(1, keepdims=True)
        middle = level + np.matmul((window - level)[:, None], fitted.weights)[:, 0]
        middle = np.clip(middle, -1e6, 1e6)  # an unstable autoregression must not overflow
        spread = fitted.spread if k == 0 else np.sign(fitted.spread) * np.sqrt(k * reach**2 + fitted.spread**2)
        at = (end[:, None] + k * block + np.arange(block)) % fitted.noise.shape[1]
        out.append(middle[..., None] + spread * np.take_along_axis(fitted.noise, at, 1)[..., None])
        window = np.concatenate([window, middle], 1)[:, -lags:]
    return np.concatenate(out, 1)[:, :horizon]
