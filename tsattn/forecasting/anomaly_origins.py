"""Origins of the rolling forecasts that score the rows of a panel, and the first rows that get no score."""

from __future__ import annotations

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.forecasting.predict import observed_before

CALIBRATION = 100  # origins before a row whose errors calibrate its interval
LEAST_HISTORY = 8


def step_of(panel: Panel) -> int:
    """Steps between origins by default: a quarter of the usual cycle, such as 6 of hours, 2 of days and 3 of months."""
    return min(24, max(1, round(panel.freq.season_length / 4)))


def least_history(panel: Panel) -> int:
    """Rows before the first forecast: two usual cycles, 8 to 48."""
    return min(48, max(LEAST_HISTORY, 2 * panel.freq.season_length))


def silent_rows(panel: Panel) -> np.ndarray:
    """Return (S,) first rows of each item that get no score: a forecast from less than its cycles errs too often.

    Two shortest usual cycles, and one of the longest, such as the week of hours, each where it fits into a quarter of the rows;
    at least `least_history`. Later rows only ever extend them. The forecasts within them still calibrate later scores.
    """
    most, seasons = panel.lengths // 4, panel.freq.season_lengths
    found = np.maximum(least_history(panel), np.minimum(2 * panel.freq.season_length, most))
    for season in seasons:
        found = np.where(season <= most, np.maximum(found, season), found)
    return found


def origins_of(panel: Panel, step: int, last: int | None) -> Origins:
    """Origins `step` apart that score the last rows of each item, and those before them that calibrate; by item and time.

    Origins are counted from the start of each item, so that new rows leave the scores of older ones as they were.
    """
    items, rows = [], []
    least = least_history(panel)
    for item, (first, length) in enumerate(zip(panel.indptr[:-1].tolist(), panel.lengths.tolist(), strict=True)):
        begin = 0 if last is None else max(0, (length - last - least) // step - CALIBRATION)
        own = np.arange(least + begin * step, length, step) + first
        items.append(np.full(len(own), item))
        rows.append(own)
    origins = Origins(np.concatenate(items).astype(np.int64), np.concatenate(rows).astype(np.int64))
    return origins[observed_before(panel, origins)]
