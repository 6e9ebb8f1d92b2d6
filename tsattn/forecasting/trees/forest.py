"""A sum of regression trees, as arrays. LightGBM fits one (training/boosting.py); forecasts need only NumPy."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

_CHUNK = 1 << 20  # (row, tree) pairs at once


@dataclass(frozen=True, eq=False)
class Forest:
    """T trees of at most N nodes. The first node of a tree is its root; the children of a leaf are the leaf itself.

    feature (T, N) int32: column that a node compares. threshold (T, N) float32: a value up to it goes left. left, right (T, N)
    int32. missing_left (T, N) bool: True if NaN goes left. value (T, N) float32: output of a leaf. depth: most comparisons of a
    tree.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    value: np.ndarray
    depth: int

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the sum of the trees' outputs, (N,) float64, for rows x (N, F) float32, NaN = missing."""
        trees, size = self.feature.shape
        out, step = np.zeros(len(x)), max(1, _CHUNK // max(trees, 1))
        flat = {
            name: getattr(self, name).reshape(-1) for name in ("feature", "threshold", "left", "right", "missing_left", "value")
        }
        root = np.arange(trees) * size
        for at in range(0, len(x), step):
            rows = x[at : at + step]
            row = np.arange(len(rows))[:, None]
            node = np.broadcast_to(root, (len(rows), trees))
            for _ in range(self.depth):
                values = rows[row, flat["feature"][node]]
                goes_left = np.where(np.isnan(values), flat["missing_left"][node], values <= flat["threshold"][node])
                node = root + np.where(goes_left, flat["left"][node], flat["right"][node])
            out[at : at + step] = flat["value"][node].sum(1, dtype=np.float64)
        return out

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the fields that are arrays, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "depth"}
