"""Augmentations of training windows, in units of each window's past.

All windows of a batch are changed at once, from one generator. Past and future of a window are changed alike, except by
`hide`, which removes observations from the past.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.config import AugmentationConfig

BENDS = 4  # control points of a smooth curve over a window
SPAN = 8  # steps of a hidden span


def flip_and_mix(
    target: np.ndarray, context: int, rng: np.random.Generator, flip: float, mixup: float, together: Together | None = None
) -> np.ndarray:
    """Flip a random share of the windows, and mix a random share with another one (Zhang et al. 2018).

    target: (B, L + H); the result has the same shape. flip, mixup: shares of the windows, 0 to 1. together: groups of windows
    that are changed alike, so that relations between series stay.
    """
    mean, spread = units_of(target, context)
    z = (target - mean) / spread
    groups, of = (len(target), np.arange(len(target))) if together is None else (together.count, together.group)
    share = np.where(rng.random((groups, 1)) < mixup, rng.uniform(0.5, 1.0, (groups, 1)), 1.0)[of]
    order = rng.permutation(groups)
    partner = z[order if together is None else together.partners(order)]
    z = np.where(share < 1, share * z + (1 - share) * partner, z)
    z = np.where((rng.random((groups, 1)) < flip)[of], -z, z)
    # restore the level, so that windows are not all centred
    return (z * spread + mean).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Together:
    """Groups of windows: group (B,), numbered from 0; item (B,), the series of each window."""

    group: np.ndarray
    item: np.ndarray

    @property
    def count(self) -> int:
        """Number of groups."""
        return int(self.group.max(initial=-1)) + 1

    def partners(self, order: np.ndarray) -> np.ndarray:
        """Return the partner of each window, (B,): the window of its series in the group given by `order` (groups,).

        A window is its own partner if that group has no window of its series.
        """
        place = {pair: row for row, pair in enumerate(zip(self.group.tolist(), self.item.tolist(), strict=True))}
        wanted = zip(order[self.group].tolist(), self.item.tolist(), strict=True)
        return np.array([place.get(pair, row) for row, pair in enumerate(wanted)], np.int64)


def units_of(target: np.ndarray, context: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and standard deviation of the observed past of each window: (B, L + H) -> two (B, 1)."""
    seen = np.isfinite(target[:, :context])
    count = np.maximum(seen.sum(1, keepdims=True), 1)
    mean = np.where(seen, target[:, :context], 0).sum(1, keepdims=True) / count
    spread = np.sqrt((np.where(seen, target[:, :context] - mean, 0) ** 2).sum(1, keepdims=True) / count)
    return mean, np.maximum(spread, np.maximum(1e-6 * np.abs(mean), 1e-20))  # floor for a constant past


def disturb(target: np.ndarray, context: int, train: AugmentationConfig, rng: np.random.Generator) -> np.ndarray:
    """Add jitter, slow changes of amplitude and hidden spans: (B, L + H) -> the same shape.

    train.jitter: standard deviation of the noise, as a share of the window's. train.rescale: amplitudes are multiplied by the
    exponential of a smooth curve of this standard deviation (magnitude warping, Um et al. 2017). train.hide: share of the past
    set to missing, in spans.
    """
    mean, spread = units_of(target, context)
    z = (target - mean) / spread
    if train.rescale:
        z = z * np.exp(train.rescale * _curves(rng, *z.shape))
    if train.jitter:
        z = z + train.jitter * rng.standard_normal(z.shape)
    if train.hide:
        starts = rng.random((len(z), context)) < train.hide / SPAN
        begun = starts.cumsum(1)
        over = np.concatenate([np.zeros_like(begun[:, :SPAN]), begun[:, :-SPAN]], 1)[:, :context]
        z[:, :context][begun > over] = np.nan
    return (z * spread + mean).astype(np.float32)


def warp(
    target: np.ndarray, most: float, rng: np.random.Generator, together: Together | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Play windows faster or slower, by a factor of up to exp(most): (B, L + H) -> the same shape, and the speeds (B, 1).

    together: groups of windows that have one speed. The last step stays in place. Values between two steps are interpolated;
    steps before the first are missing.
    """
    rows, length = target.shape
    speed = np.exp(rng.uniform(-most, most, (rows if together is None else together.count, 1)))
    speed = speed if together is None else speed[together.group]
    place = (length - 1) - (length - 1 - np.arange(length)) * speed  # (B, L + H): position that each step is read from
    low = np.clip(np.floor(place).astype(np.int64), 0, length - 2)
    first, second = (np.take_along_axis(target, low + i, 1) for i in (0, 1))
    share = place - low
    between = np.where(share == 0, first, np.where(share == 1, second, first + share * (second - first)))
    return np.where(place >= 0, between, np.nan).astype(np.float32), speed


def _curves(rng: np.random.Generator, rows: int, length: int) -> np.ndarray:
    """Return smooth random curves with a standard deviation of about 1 at every step: (B, length)."""
    points = rng.standard_normal((rows, BENDS))
    place = np.linspace(0, BENDS - 1, length)
    low = np.minimum(place.astype(np.int64), BENDS - 2)
    share = (1 - np.cos(np.pi * (place - low))) / 2
    return points[:, low] * (1 - share) + points[:, low + 1] * share
