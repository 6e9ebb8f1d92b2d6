"""Numbers such as 230502 beside hours: days with a year of two digits, since months and weeks have no hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.numeric_dates import days_of_short_years
from tsattn.data.reading.row_times import Clock
from tsattn.errors import DataError

_FEWEST = 3  # fewest dates that show what they are
_MOSTLY = 0.9  # least share of steps of one day


def with_days_of_hours(clock: Clock, columns: Mapping[str, Column]) -> Clock:
    """Return the clock with numbers that were read as months or weeks as days (YYMMDD), if these are consecutive."""
    date = _months_or_weeks(clock, columns)
    days = None if date is None or date.missing.any() else days_of_short_years(date.values.astype(np.float64))
    if days is None:
        return clock
    steps = np.diff(np.unique(days)).astype("timedelta64[D]").astype(np.int64)
    return replace(clock, stamps=days) if len(steps) and np.mean(steps == 1) >= _MOSTLY else clock


def stop_at_hours_of_months(table: Table, clock: Clock, columns: Mapping[str, Column]) -> None:
    """Raise DataError where numbers such as 191002 were read as months or weeks, but have hours beside them: they may be days."""
    date = _months_or_weeks(clock, columns)
    if date is None:
        return
    raise DataError(
        f"{table.where(0)}, column {date.name!r}: {date.text_at(0)} is read as a month or week, which has no hours; "
        "it may be a day with a two-digit year",
        "write dates as 2000-01-31",
    )


def _months_or_weeks(clock: Clock, columns: Mapping[str, Column]) -> Column | None:
    """Return the numbers that are the dates of a clock, if all of these are first days of months or Mondays; else None."""
    date = columns[clock.columns[0]] if len(clock.columns) == 1 else None
    days = np.unique(clock.stamps[~np.isnat(clock.stamps)])
    if date is None or date.kind != "number" or len(days) < _FEWEST:
        return None
    months = np.all(days.astype("datetime64[M]") == days)
    weeks = np.all((days.astype("datetime64[D]").astype(np.int64) + 3) % 7 == 0)
    return date if months or weeks else None
