"""Missing values of a seasonal series: the value one season away is a better estimate than the value before the gap."""

from __future__ import annotations

import numpy as np

SEASONS = 4  # seasons looked at on either side
CLEAR = 0.3  # autocorrelation at a season, from which on it is one


def fill_gaps(past: np.ndarray, seasons: np.ndarray) -> np.ndarray:
    """Windows (B, L), their missing values filled where the same place of a near season was observed: the longer season of
    `find_seasons` (B, 4) first, the nearest of SEASONS on either side.

    What lies before the first observation stays missing, and so does what is missing in every season (a shop that is
    closed on Sundays). Only the window is read, which ends at the origin.
    """
    gaps = np.isnan(past)
    inside = gaps & np.logical_or.accumulate(~gaps, 1)
    periods = np.where(seasons[:, 2:] >= CLEAR, seasons[:, :2], 0).astype(np.int64)[:, ::-1]
    rows = np.flatnonzero(inside.any(1) & (periods > 1).any(1))
    if not len(rows):
        return past
    past = past.copy()
    for row in rows:
        observed, places = past[row].copy(), np.flatnonzero(inside[row])
        for period in periods[row][periods[row] > 1]:
            for away in (sign * k * period for k in range(1, SEASONS + 1) for sign in (1, -1)):
                there = places + away
                there = np.where((there >= 0) & (there < past.shape[1]), there, places)  # itself: missing
                past[row, places] = observed[there]
                places = places[np.isnan(observed[there])]
    return past
