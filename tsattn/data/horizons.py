"""Horizons that are forecast when none is given, for each kind of step."""

from __future__ import annotations

DEFAULT_HORIZONS = {
    "year": 6,
    "quarter": 8,
    "several months": 8,
    "month": 12,
    "week": 13,
    "day": 30,
    "business day": 20,
    "step": 24,  # no clock
    "open weeks": 4,  # of a timetable of days (data/calendars.py), in weeks
}
FEWEST, MOST = 24, 48  # steps below a day: two days, within these


def two_days(steps_a_day: int) -> int:
    """Steps of two days, at least FEWEST and at most MOST."""
    return max(FEWEST, min(MOST, 2 * steps_a_day))
