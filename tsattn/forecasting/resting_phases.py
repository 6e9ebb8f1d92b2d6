"""Phases of a day or week at which a series rests: solar power at night, a shop before it opens and on Sundays.

Forecasts of these steps are zero, whatever method makes them: averages and effects of covariates do not know what a night is.
Phases are found in the observed history, because a history without the effect of irradiance is not zero at night.
"""

from __future__ import annotations

import numpy as np

from tsattn.data.windows import WindowBatch

CYCLES = 7  # newest cycles in which a resting phase is always zero; of weeks of days, all that are known
SEEN = 5  # minimum number of observed values of a phase in these cycles
AWAKE = 0.3  # maximum share of zeros at all other phases: demand that is rare at every hour does not rest
FINE = 24  # minimum number of steps per cycle, but for weeks of days
WEEK = 7


def resting(batch: WindowBatch, shift: np.ndarray | None = None) -> np.ndarray:
    """Return (B, H) bool, True for the steps at which a series rests; shift (B,): steps by which the forecast starts earlier.

    More than CYCLES days ahead, where the nights may be shorter, a phase counts only if both its neighbours also rest.
    """
    season, ahead = (batch.season_lengths or (1,))[0], np.arange(batch.horizon)
    is_day = season >= FINE
    if not (is_day or season == WEEK) or batch.context < CYCLES * season:
        return np.zeros((len(batch), batch.horizon), bool)
    cycles = CYCLES if is_day else batch.context // season  # a shop may open on some Sundays of the year
    newest = batch.as_observed[:, -cycles * season :]
    rests = phases_at_rest(newest, season, least=SEEN)
    inner = rests & np.roll(rests, 1, 1) & np.roll(rests, -1, 1)
    phase = (ahead - (np.zeros(len(batch), np.int64) if shift is None else shift)[:, None]) % season
    far = is_day & (ahead >= CYCLES * season)
    return np.where(far, np.take_along_axis(inner, phase, 1), np.take_along_axis(rests, phase, 1))


def phases_at_rest(values: np.ndarray, season: int, share: float = 1.0, least: int = 1) -> np.ndarray:
    """Return (B, season) bool: phases, from the first step on, at which values (B, L) are zero, if they rarely are at others.

    share: of a phase's values that are zero, at least. least: values of it that are observed, at least.
    """
    padded = np.pad(values, ((0, 0), (0, -values.shape[1] % season)), constant_values=np.nan).reshape(len(values), -1, season)
    zeros, seen = (padded == 0).sum(1), (~np.isnan(padded)).sum(1)
    rests = (zeros >= share * seen) & (seen >= least)
    awake = np.where(rests, 0, seen).sum(1)
    rests &= ((np.where(rests, 0, zeros).sum(1) <= AWAKE * awake) & (awake > 0))[:, None]
    return np.asarray(rests)


def zero_at_rest(values: np.ndarray, batch: WindowBatch) -> np.ndarray:
    """Return quantiles or paths (B, H, ·) with zeros at the steps at which a series rests."""
    return np.where(resting(batch)[..., None], values.dtype.type(0), values)
