"""Deviations of a series from its last cycle: their usual size, and whether they persist as those of weather do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tsattn.data.panel import Panel
from tsattn.forecasting.quantiles import row_medians

LASTING = 0.3  # autocorrelation of deviations, from one origin to the next, above which they persist
FEWEST = 48  # pairs of deviations that measure it
LEAST_ROWS = 1024  # rows before a row that are read; at least CYCLES of the longest season
CYCLES = 3
RARE = 0.02  # share of the deviations that exceed the large ones
LEAST_UNIT = 1e-30  # of constant values
BEYOND = 1.5  # multiple of the large deviations above which a deviation is no part of a drift


@dataclass(frozen=True)
class Deviations:
    """Deviations of the values before an origin from those a cycle earlier.

    cycle: the season with the smallest deviations, in steps; 0 if none is known. large: the size that RARE of the deviations
    exceed. persist: True if they are autocorrelated by LASTING or more from one origin to the next.
    """

    cycle: int
    large: float
    persist: bool

    @property
    def limit(self) -> float:
        """Return the deviation from a forecast above which a value is a fault and not a part of the drift of the series."""
        return BEYOND * self.large if self.persist else 0.0

    @property
    def unit(self) -> float:
        """Return the standard deviation of the normal distribution in which RARE of the deviations exceed `large`."""
        return self.large / NormalDist().inv_cdf(1 - RARE / 2)


def deviations_of(past: np.ndarray, seasons: Sequence[int], step: int) -> Deviations:
    """Return the deviations of a past (n,) from its last cycle; `step` steps between origins.

    Of several cycles, such as a day and a week, the one with the smallest deviations counts: weekends differ from the day
    before, and so do the hours after it. For their autocorrelation, deviations are clipped at their usual size, so that a few
    anomalies have little influence.
    """
    every = [(*_centred(past[season:] - past[:-season]), season) for season in seasons if len(past) >= CYCLES * season]
    away, spread, cycle = min(every or [(*_centred(past), 0)], key=lambda found: found[1])
    size = np.abs(away[~np.isnan(away)])
    if not len(size):
        return Deviations(0, math.inf, persist=False)
    away = np.clip(away, -spread, spread)
    before, after = away[:-step], away[step:]
    both = ~np.isnan(before) & ~np.isnan(after)
    scale = float(np.sqrt((before[both] ** 2).sum() * (after[both] ** 2).sum()))
    persist = both.sum() >= FEWEST and scale > 0 and (before[both] * after[both]).sum() >= LASTING * scale
    return Deviations(cycle, float(np.quantile(size, 1 - RARE)), bool(persist))


def _centred(away: np.ndarray) -> tuple[np.ndarray, float]:
    """Return deviations (n,) from their median, and their usual size: infinite if none is known."""
    if np.isnan(away).all():
        return away, math.inf
    away = away - np.nanmedian(away)
    size = np.abs(away)
    return away, float(np.nanmedian(size)) or float(np.nanmean(size))


class PastDeviations:
    """The deviations before the rows of a panel, estimated every few rows from the start of each item."""

    def __init__(self, panel: Panel, values: np.ndarray, step: int) -> None:
        self.panel, self.values, self.step = panel, values, step
        self.seasons = panel.freq.season_lengths
        self.rows = max(LEAST_ROWS, CYCLES * max(self.seasons, default=0))
        self.every = max(step, self.rows // 256)
        self.known: dict[int, Deviations] = {}

    def before(self, item: int, row: int) -> Deviations:
        """Return the deviations before a row, from at least its newest `every` rows on."""
        first = int(self.panel.indptr[item])
        end = row - (row - first) % self.every
        if end not in self.known:
            past = self.values[max(first, end - self.rows) : end]
            self.known[end] = deviations_of(past, self.seasons, self.step)
        return self.known[end]

    def continued(self, item: int, end: int, rows: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the values (n,) expected at `rows` from those before a row `end` alone, and their standard deviation.

        Each is the median of the values at its phase in the last CYCLES cycles; NaN without one, or if no deviation is known.
        """
        deviations, first = self.before(item, end), int(self.panel.indptr[item])
        cycle = max(1, deviations.cycle)
        newest = rows - cycle * -((end - 1 - rows) // cycle)
        at = newest[:, None] - cycle * np.arange(CYCLES)
        known = (at >= first) & math.isfinite(deviations.large)
        past = np.where(known, self.values[np.maximum(at, first)], np.nan)
        return row_medians(past), max(deviations.unit, LEAST_UNIT)
