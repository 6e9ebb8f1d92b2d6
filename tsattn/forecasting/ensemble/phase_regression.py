"""Linear regression of each series on its known covariates, whose effects may bend and may differ between phases of the season.

Heating raises the load more in the morning than at night, and promotions sell more on Saturdays. The effects of
covariate_regression.py are common to all phases, so this regression joins the ensemble as a member. It has terms for the phase of
the season, slopes of each covariate between knots, and products of the two (term_regression.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.ensemble.term_regression import (
    FEWEST,
    SEASON,
    Rule,
    Series,
    TermRegression,
    cycles_of,
    products,
    recent_target,
    season_terms,
    waves,
)
from tsattn.forecasting.ensemble.window_estimates import DISTINCT

RULE = Rule(over=SEASON, gain=0.04, gain_of_short=0.06, log=True)
KNOTS = (0.2, 0.4, 0.6, 0.8)  # quantiles of a covariate at which its slope may change
BEYOND = 0.25  # fraction of its range by which a covariate may exceed it before it is clipped
WAVES_OF_EFFECTS = 6  # most harmonics of effects
MOST_TERMS = 400  # beyond which effects do not differ between phases
MOST_STEPS = 1 << 14  # newest steps of a history that are read


@dataclass(frozen=True)
class PhaseRegression(TermRegression):
    """Member of ensembles that reads the declared known covariates. A series that they do not help has no forecast (NaN)."""

    name: str = "covariates"
    covariates: ClassVar[bool | str] = "known"

    def terms_of(self, batch: WindowBatch, row: int) -> Series | None:
        """Return a series with its terms; None if it is too short, or its covariates never vary."""
        first, target = recent_target(batch, row, MOST_STEPS)
        known = batch.known[row, first:, batch.calendar :].astype(np.float64)
        past = known[: len(target)]
        known = known[:, np.nanmin(past, 0, initial=np.inf) < np.nanmax(past, 0, initial=-np.inf)]
        if not known.shape[1] or np.isfinite(target).sum() < FEWEST:
            return None
        season, long = cycles_of(batch, len(target), self.season_length)
        return Series(first, target, *_terms(known, len(target), season, long), season, long, RULE)


def _terms(known: np.ndarray, length: int, season: int, long: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the terms (n + H, T) of covariates (n + H, K), NaN = unknown, and their kinds (T,).

    Knots and bounds come from the first `length` steps.
    """
    steps = np.arange(len(known))
    slopes, bends = _slopes(known, length)
    effects = np.concatenate([slopes, bends], 1)
    parts = [season_terms(steps, season, long), effects, products(effects, waves(steps, season, WAVES_OF_EFFECTS))]
    parts = parts if sum(part.shape[1] for part in parts) <= MOST_TERMS else parts[:2]
    return np.concatenate(parts, 1), np.repeat(SEASON + np.arange(len(parts)), [part.shape[1] for part in parts])


def _slopes(known: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return standardised covariates (n, K), clipped, and their excess (n, ·) over each of their knots; 0 where unknown."""
    past = known[:length]
    low, high = np.nanmin(past, 0), np.nanmax(past, 0)
    room = BEYOND * (high - low)
    scaled = (np.clip(known, low - room, high + room) - np.nanmean(past, 0)) / np.nanstd(past, 0)
    bends = [
        np.maximum(scaled[:, k] - knot, 0.0)
        for k in range(known.shape[1])
        if len(np.unique(past[:, k])) >= DISTINCT
        for knot in np.unique(np.nanquantile(scaled[:length, k], KNOTS)).tolist()
    ]
    return np.nan_to_num(scaled), np.nan_to_num(np.stack(bends, 1)) if bends else np.zeros((len(known), 0))
