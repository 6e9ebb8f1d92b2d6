"""Distances of the quantiles from the median, from the residuals of a direct multi-step forecast."""

from __future__ import annotations

import numpy as np

_ALIKE = 8.0  # prior errors of each phase, as large as those of all phases


def spread(error: np.ndarray, quantiles: tuple[float, ...], phase: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Return distances (b, block, Q) of the quantiles from the median, and noise (b, season), of errors (b, E, block).

    Each step's root mean square error (smoothed over neighbouring steps), times the quantiles of all errors over it and over
    the noise: the root mean square at each phase of errors over their step's, drawn towards 1.
    """
    block = error.shape[2]
    square = (error**2).mean(1)
    half = max(1, block // 8) if error.shape[1] > 8 else block
    total = np.concatenate([np.zeros((len(square), 1)), np.cumsum(square, 1)], 1)
    low, high = np.maximum(np.arange(block) - half, 0), np.minimum(np.arange(block) + half + 1, block)
    sigma = np.sqrt((total[:, high] - total[:, low]) / (high - low))
    relative = error / np.where(sigma > 0, sigma, 1.0)[:, None]
    place = (phase + season * np.arange(len(error))[:, None, None]).ravel()
    count = np.bincount(place, minlength=season * len(error))
    total = np.bincount(place, (relative**2).ravel(), season * len(error))
    noise = np.sqrt((total + _ALIKE) / (count + _ALIKE)).reshape(len(error), season)
    relative = relative / np.take_along_axis(noise, phase.reshape(len(error), -1), 1).reshape(phase.shape)
    step = -(-relative[0].size // 4096)
    shape = np.quantile(relative.reshape(len(error), -1)[:, ::step], [*quantiles, 0.5], axis=1).T  # (b, Q + 1)
    return sigma[..., None] * (shape[:, None, :-1] - shape[:, None, -1:]), noise
