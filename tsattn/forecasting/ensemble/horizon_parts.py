"""Parts of the horizon: the first has a few steps, and each next one ends twice as far ahead, such as at 4, 8, 16, 32, … steps.

The best members for near steps are not the best ones far ahead, so weights and widths differ between parts. A longer horizon
begins with the same parts.
"""

from __future__ import annotations

import numpy as np


def edges_of(horizon: int, first: int) -> list[int]:
    """Return the bounds of the parts: 0, `first`, 2 · `first`, 4 · `first`, … and the end of the horizon."""
    edges = [0]
    while edges[-1] < horizon:
        edges.append(min(max(first, 2 * edges[-1]), horizon))
    return edges


def between(edges: list[int]) -> np.ndarray:
    """Return weights (P, H) that interpolate values of the P parts, given at their middles, linearly over the steps.

    A value that jumped where a part ends would show as a step in the forecast.
    """
    middles = (np.array(edges[:-1]) + np.array(edges[1:]) - 1) / 2
    steps = np.arange(edges[-1])
    return np.array([np.interp(steps, middles, one) for one in np.eye(len(middles))])
