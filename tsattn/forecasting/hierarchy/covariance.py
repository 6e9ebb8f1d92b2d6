"""Covariance of the errors of many series, from few errors: correlations shrunk towards zero."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

TOGETHER = 4  # neighbouring steps of one forecast that err together and count as one observation


@dataclass(frozen=True, eq=False)
class ErrorCovariance:
    """Covariance of n series: D (shrinkage·I + (1 - shrinkage)·X Xᵀ / N) D, never computed as a whole.

    deviation: (n,) the diagonal of D. errors: X (n, N), rows of mean square 1, or of zeros where nothing is known.
    shrinkage: 1 for no correlation, 0 for correlations as measured. origins: hold-out origins of the errors.
    """

    deviation: np.ndarray
    errors: np.ndarray
    shrinkage: float
    origins: int

    @property
    def variance(self) -> np.ndarray:
        """Return the diagonal (n,)."""
        return self.deviation**2

    def combined(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return (p, q): left (p, n) · covariance · rightᵀ, with right (q, n)."""
        a, b = left * self.deviation, right * self.deviation
        own = self._diagonal()
        out = (a * own) @ b.T
        if self.errors.shape[1]:
            out += (1 - self.shrinkage) / self.errors.shape[1] * (a @ self.errors) @ (b @ self.errors).T
        return np.asarray(out)

    def times(self, left: np.ndarray) -> np.ndarray:
        """Return (p, n): left (p, n) · covariance."""
        a = left * self.deviation
        out = a * self._diagonal()
        if self.errors.shape[1]:
            out = out + (1 - self.shrinkage) / self.errors.shape[1] * (a @ self.errors) @ self.errors.T
        return np.asarray(out * self.deviation)

    def _diagonal(self) -> np.ndarray:
        """Return (n,) shares of the identity; 1 where a series has no errors."""
        known = (self.errors != 0).any(1) if self.errors.shape[1] else np.zeros(len(self.deviation), bool)
        return np.where(known, self.shrinkage, 1.0)


def error_covariance(errors: np.ndarray, deviation: np.ndarray) -> ErrorCovariance:
    """Estimate the covariance from errors (K, n, H) at K hold-out origins, NaN where unknown.

    deviation: (n,) of the series that have no errors. Errors of each step ahead are divided by their own root mean square.
    Correlations are shrunk towards zero with the intensity of Schäfer & Strimmer (2005), for which TOGETHER neighbouring steps
    are one observation.
    """
    origins, count, horizon = errors.shape
    if not origins:
        return ErrorCovariance(deviation, np.zeros((count, 0)), 1.0, 0)
    known = ~np.isnan(errors)
    square = np.where(known, errors, 0.0) ** 2
    every = square.sum((0, 2)) / np.maximum(known.sum((0, 2)), 1)  # (n,)
    relative = np.divide(square, every[:, None], out=np.zeros_like(square), where=every[:, None] > 0)
    growth = relative.sum((0, 1)) / np.maximum((known & (every > 0)[:, None]).sum((0, 1)), 1)  # (H,) of the variance, over steps
    scale = np.sqrt(every[:, None] * np.where(growth > 0, growth, 1.0))  # (n, H)
    x = np.divide(np.where(known, errors, 0.0), scale, out=np.zeros_like(errors), where=scale > 0)
    x = x.transpose(1, 0, 2)  # (n, K, H)
    mean = np.sqrt((x**2).mean((1, 2), keepdims=True))
    x = np.divide(x, mean, out=np.zeros_like(x), where=mean > 0)
    blocks = max(1, -(-horizon // TOGETHER))
    edges = np.linspace(0, horizon, blocks + 1).astype(int)
    deviation = np.where(known.any((0, 2)), np.sqrt(every), deviation)
    return ErrorCovariance(deviation, x.reshape(count, -1), _intensity(x, edges), origins)


def _intensity(x: np.ndarray, edges: np.ndarray) -> float:
    """Return the shrinkage of correlations: the sum of their variances over the sum of their squares, between 0 and 1.

    x: standardised errors (n, K, H), cut at `edges` into blocks, each of which is one observation of every correlation.
    """
    origins = x.shape[1]
    seen = np.flatnonzero((x != 0).any((1, 2)))
    if len(seen) > 1000:  # a sample suffices
        seen = seen[np.linspace(0, len(seen) - 1, 1000).astype(int)]
    x = x[seen]
    total, squares, observations = np.zeros((len(x), len(x))), np.zeros((len(x), len(x))), 0
    for low, high in itertools.pairwise(edges.tolist()):
        for k in range(origins):
            product = x[:, k, low:high] @ x[:, k, low:high].T / (high - low)
            total += product
            squares += product**2
            observations += 1
    if observations < 3 or len(x) < 2:
        return 1.0
    correlation = total / observations
    spread = squares / observations - correlation**2
    off = ~np.eye(len(x), dtype=bool)
    variance = spread[off].sum() / (observations - 1)
    strength = (correlation[off] ** 2).sum()
    return float(np.clip(variance / strength, 0.0, 1.0)) if strength > 0 else 1.0
