"""Series of a panel on one grid of steps, so that they can be added."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.data.panel import Panel
from tsattn.errors import DataError

IMPUTED = 0.25  # share of a sum that may be imputed; above it the sum is missing
CYCLES = 2  # seasons without a value at one phase after which the series counts as closed there


@dataclass(frozen=True, eq=False)
class CommonGrid:
    """Values of m series on T steps from `start`, the earliest of all.

    offset, end: (m,) first step, and the step after the last observed one. values: (m, T) float32, NaN where missing, 0 before
    the first value and, where `closed` (m,), after the last one.
    """

    start: np.datetime64
    offset: np.ndarray
    end: np.ndarray
    values: np.ndarray
    closed: np.ndarray
    season: int

    @property
    def steps(self) -> int:
        return self.values.shape[1]

    def observed(self) -> np.ndarray:
        """Return (m, T) bool: True from the first value of each series to its last."""
        at = np.arange(self.steps)
        return np.asarray((at >= self.offset[:, None]) & (at < self.end[:, None]))

    def filled(self) -> np.ndarray:
        """Return (m, T) values for sums, with missing ones replaced by the last value of their phase.

        Uses earlier values only. A phase without a value in CYCLES seasons, such as the Sundays of a shop, counts as zero.
        """
        values, (count, steps), season = self.values, self.values.shape, self.season
        missing = np.isnan(values)
        if not missing.any():
            return values
        seen = np.where(np.arange(steps) >= self.offset[:, None], values, np.float32(np.nan))
        pad = -steps % season
        cycles = np.pad(seen, ((0, 0), (0, pad)), constant_values=np.nan).reshape(count, -1, season)
        same_phase = _forward(cycles.transpose(0, 2, 1)).transpose(0, 2, 1).reshape(count, -1)[:, :steps]
        old = np.arange(steps) - self.offset[:, None] >= CYCLES * season
        closed = old & np.isnan(same_phase) & (season > 1)
        guess = np.where(closed, np.float32(0), np.where(np.isnan(same_phase), _forward(seen), same_phase))
        return np.where(missing, guess, values)

    def sums(self, parts: tuple[np.ndarray, ...]) -> np.ndarray:
        """Return (a, T) float64 sums of the series of each part; NaN where more than IMPUTED of a sum would be imputed."""
        filled, missing = self.filled(), np.isnan(self.values)
        out = np.empty((len(parts), self.steps))
        for row, part in zip(out, parts, strict=True):
            values = filled[part].astype(np.float64)
            row[:] = values.sum(0)
            gone = missing[part]
            if gone.any():
                size = np.abs(values)
                guessed = np.where(gone, size, 0.0).sum(0)
                row[(guessed > IMPUTED * size.sum(0)) | gone.all(0)] = np.nan
        return out


def common_grid(panel: Panel) -> CommonGrid:
    """Return the observed values of a panel on one grid. Raises DataError for series on different grids."""
    first = panel.start.min()
    offset, exact = panel.freq.steps_between(np.full(len(panel), first, panel.start.dtype), panel.start)
    if not exact.all():
        apart = panel.item_ids[int(np.argmin(exact))]
        raise DataError(
            f"the series {apart!r} has its steps at other times than {panel.item_ids[int(panel.start.argmin())]!r}",
            f"resample them to one grid: --resample {panel.freq.plain.alias} --agg sum",
        )
    end = offset + panel.lengths
    steps = int(end.max())
    closed = steps - end > panel.freq.grace
    values = np.full((len(panel), steps), np.nan, np.float32)
    for i in range(len(panel)):
        values[i, : offset[i]] = 0.0
        values[i, offset[i] : end[i]] = panel.history(i)
        if closed[i]:
            values[i, end[i] :] = 0.0
    return CommonGrid(first, offset, end, values, closed, panel.freq.season_length)


def _forward(values: np.ndarray) -> np.ndarray:
    """Replace missing values along the last axis by the last value before them; NaN where there is none."""
    at = np.where(np.isnan(values), 0, np.arange(values.shape[-1]))
    return np.take_along_axis(values, np.maximum.accumulate(at, -1), -1)
