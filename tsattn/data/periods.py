"""Days that a timestamp stands for in data of steps of a day or longer: a day, weeks, months or a year."""

from __future__ import annotations

import numpy as np

from tsattn.data.freq import US, Freq
from tsattn.data.reading.time_names import says_end, says_start

_MONDAY = 4  # days from 1970-01-01, a Thursday, to a Monday


def spans_days(freq: Freq) -> bool:
    """Return True if a step is longer than a day, so that its value belongs to several days."""
    if freq.unit == "B":
        return freq.n > 1
    return freq.unit == "M" or (freq.fixed_us or 0) > US["D"]


def weeks_of(freq: Freq) -> int:
    """Return the number of weeks in a step; 0 if it is not a whole number of weeks."""
    weeks, rest = divmod(freq.fixed_us or 0, US["W"])
    return 0 if rest else weeks


def days_of(stamps: np.ndarray, freq: Freq, column: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the first day of the period of each local timestamp (n,), and the day after its last: datetime64[D].

    A month is the calendar month of its timestamp, and the last one of a quarter or a year where timestamps are month ends.
    A week begins on its timestamp if that is a Monday, else it ends there, unless the name of the timestamp `column` says
    start or end. Other periods begin on their timestamps.
    """
    day = stamps.astype("datetime64[D]")
    if freq.unit == "M":
        first = stamps.astype("datetime64[M]") - (freq.n - 1 if freq.month_end else 0)
        return first.astype("datetime64[D]"), (first + freq.n).astype("datetime64[D]")
    if freq.is_daily:
        return day, day + 1
    days = 7 * weeks_of(freq)
    if not days:
        return day, freq.advance(stamps, np.ones(stamps.shape, np.int64)).astype("datetime64[D]")
    name = column or ""
    is_monday = day.astype(np.int64) % 7 == _MONDAY
    begins = np.full(stamps.shape, True) if says_start(name) else is_monday & (not says_end(name))
    first = np.where(begins, day, day - (days - 1))
    return first, first + days
