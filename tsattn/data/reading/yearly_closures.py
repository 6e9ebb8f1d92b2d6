"""Dates of the year, such as 25 December, on which no series ever has a value: closed days, in the future too."""

from __future__ import annotations

import calendar

import numpy as np

YEARS = 2  # in which a date must lack values, at least
MOST = 31  # dates; more are a season in which nothing is recorded
CHANCE = 0.05  # largest share of the dates found that may lack values by chance


def closed_dates(observed: np.ndarray, weekdays: set[int]) -> np.ndarray:
    """Return (n,) dates as month * 100 + day that lack a value in each year, among the days since 1970 `observed` (m,).

    weekdays: those that are open, Monday is 0. Other weekdays are no evidence. Far more dates must be found than expected by
    chance; that number follows from the share of missing days among all other dates.
    """
    nothing = np.zeros(0, np.int64)
    if not len(observed):
        return nothing
    days = np.arange(observed.min(), observed.max() + 1)
    days = days[np.isin((days + 3) % 7, list(weekdays))]
    absent = ~np.isin(days, observed)
    dates, place = np.unique(dates_of(days), return_inverse=True)
    count, missing = np.bincount(place), np.bincount(place, absent)
    found = (count >= YEARS) & (missing == count)
    if not found.any() or found.sum() > MOST:
        return nothing
    share = (missing[~found].sum() + 1) / (count[~found].sum() + 2)
    expected = float((share ** count[count >= YEARS]).sum())
    return np.asarray(dates[found]) if expected <= CHANCE * found.sum() else nothing


def dates_of(days: np.ndarray) -> np.ndarray:
    """Return the dates of the year, month * 100 + day, of days since 1970 (n,) int64."""
    day = days.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    return np.asarray((month.astype(np.int64) % 12 + 1) * 100 + (day - month.astype("datetime64[D]")).astype(np.int64) + 1)


def listed_dates(dates: np.ndarray) -> str:
    """Return dates of the year for display, such as `25 December, 1 January`; the first six of many."""
    names = [f"{date % 100} {calendar.month_name[date // 100]}" for date in dates.tolist()]
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more dates" if len(names) > 6 else "")
