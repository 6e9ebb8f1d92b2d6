"""Linear regression of each series on the phases of its seasons: a smooth day for each weekday, or a smooth year for weekly data.

Other members read the last cycles, which differ from the usual one by chance. The profile is fitted to many cycles, so on series
with a regular week, such as electricity loads, it is more accurate (benchmarks/LOG.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.state_space import LONG_SEASON
from tsattn.forecasting.ensemble.term_regression import (
    FEWEST,
    LEVEL,
    SEASON,
    Rule,
    Series,
    TermRegression,
    cycles_of,
    recent_target,
    season_terms,
)

PROFILE = "profile"  # its name among the members
RULE = Rule(over=LEVEL, gain=0.1, gain_of_short=0.1, log=False)
LEAST = 2_000  # steps of a history with a long season: on shorter ones, the profile gains nothing
MOST_STEPS = 1 << 13  # newest steps of a history that are read


@dataclass(frozen=True)
class SeasonalProfile(TermRegression):
    """Member of ensembles. Series without a regular week (hourly or finer data) or year (weekly data) have no forecast (NaN)."""

    name: str = PROFILE

    def terms_of(self, batch: WindowBatch, row: int) -> Series | None:
        """Return a series with its terms; None if it has no such season, or is too short."""
        first, target = recent_target(batch, row, MOST_STEPS)
        season, long = cycles_of(batch, len(target), self.season_length)
        enough = len(target) >= LEAST if long else season > LONG_SEASON and season == round(batch.year)
        if not enough or np.isfinite(target).sum() < FEWEST:
            return None
        terms = season_terms(np.arange(len(target) + batch.horizon), season, long)
        return Series(first, target, terms, np.full(terms.shape[1], SEASON), season, long, RULE)
