"""Sparklines: series as one line of text."""

from __future__ import annotations

import numpy as np

BARS = "▁▂▃▄▅▆▇█"
FLAT = 1e-5  # range, relative to the level, that is drawn as no change: it may be rounding


def sparkline(history: np.ndarray, future: np.ndarray, width: int = 32) -> tuple[str, str]:
    """Return the end of `history` and the median `future` as bars on a common scale.

    Together they have about `width` characters, a third of them for the future. Missing steps are blanks. Long futures are
    averaged into fewer bars, and the history by the same factor.
    """
    most = max(4, width // 3)
    factor = max(1, -(-len(future) // most))
    after = _thin(future, factor, from_end=False)
    before = _thin(history[-factor * (width - len(after)) :], factor, from_end=True)
    both = np.concatenate([before, after])
    seen = both[np.isfinite(both)]
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 0.0)
    if np.unique(before[np.isfinite(before)]).size == 1:  # after a constant history, small steps are not drawn as large ones
        high = max(high, low + float(np.nanmax(history) - np.nanmin(history)))
    return _bars(before, low, high), _bars(after, low, high)


def _thin(values: np.ndarray, factor: int, *, from_end: bool) -> np.ndarray:
    values = np.asarray(values, np.float64)
    rest = -len(values) % factor
    padding = np.full(rest, np.nan)
    values = np.concatenate([padding, values] if from_end else [values, padding]).reshape(-1, factor)
    seen = np.isfinite(values)
    total = np.where(seen, values, 0).sum(1)
    return np.where(seen.any(1), total / np.maximum(seen.sum(1), 1), np.nan)


def _bars(values: np.ndarray, low: float, high: float) -> str:
    if high - low <= FLAT * max(abs(low), abs(high)):
        return "".join(BARS[3] if np.isfinite(v) else " " for v in values)
    level = np.round((np.nan_to_num(values, nan=low) - low) / (high - low) * (len(BARS) - 1)).astype(int)
    return "".join(BARS[i] if ok else " " for i, ok in zip(level.tolist(), np.isfinite(values).tolist(), strict=True))
