"""Columns of numbers that only repeat the timestamp: its parts, dates as numbers, clocks of devices."""

from __future__ import annotations

import numpy as np

from tsattn.data.names import words
from tsattn.data.reading.column_blocks import where
from tsattn.data.reading.columns import Table
from tsattn.data.reading.name_shapes import names_that
from tsattn.data.reading.numeric_dates import parse_numbers
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.time_names import parts_named

FEWEST_ROWS = 20  # fewest rows that show that a column copies the timestamps
DAY = 86_400_000_000  # microseconds
_LAST_WEEK = 54
# words that may stand beside the name of a part, as in fiscal_year and Calendar Quarter Number
_BESIDE = {"fiscal", "fy", "calendar", "cal", "record", "number", "num", "no", "nbr", "nr", "of"}
_WEEKDAYS = ("dayofweek", "weekday", "dow", "wochentag", "wotag")
_DAYS_OF_YEAR = ("doy", "dayofyear", "yday", "jday", "julianday", "julian", "jul")
_UNITS = {"elapsed", "step", "time", "second", "seconds", "secs", "sec", "s", "minutes", "min", "hours", "h"}
_SHORT_PARTS = {"mnth": "month", "mon": "month", "qtr": "quarter", "dom": "day", "mday": "day", "daymonth": "day"}


def calendar_copies(table: Table, clock: Clock, busy: set[str]) -> set[str]:
    """Return columns such as "year" or "hour", or the date as a number, that only repeat the timestamp."""
    if clock.counted or not table.rows:
        return set()
    some = slice(0, 100_000)
    stamps = clock.stamps[some]
    day = stamps.astype("datetime64[D]")
    month = stamps.astype("datetime64[M]")
    parts = {
        "year": stamps.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": month.astype(np.int64) % 12 + 1,
        "day": (day - month.astype("datetime64[D]")).astype(np.int64) + 1,
        "hour": (stamps - day).astype(np.int64) // 3_600_000_000,
        "minute": (stamps - day).astype(np.int64) // 60_000_000 % 60,
        "quarter": month.astype(np.int64) % 12 // 3 + 1,
        **dict.fromkeys(_DAYS_OF_YEAR, (day - stamps.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64) + 1),
        **dict.fromkeys(_WEEKDAYS, (day.astype(np.int64) + 3) % 7),
    }
    numbers = [n for n in table.columns.numeric if n not in busy]
    called = names_that(numbers, lambda n: _part(n) in parts)
    found = {n for n in called if _repeats(table.columns[n].values[some], _part(n), parts)}
    hour, week = parts["hour"], _iso_week(day)
    found |= {n for n in numbers if "hour" in parts_named(n) and _is_hour(table.columns[n].values[some], hour)}
    found |= {n for n in names_that(numbers, _names_week) if _is_week(table.columns[n].values[some], week)}
    timed = names_that(numbers, _may_count_time) if len(numbers) > 1 else []
    found |= {n for n in timed if _follows(table.columns[n].values[some].astype(np.float64), stamps)}
    others = [n for n in numbers if n not in found]
    if table.rows >= 2 * 12 and np.ptp(parts["month"]) == 11:  # whatever its name, if other numbers remain
        months = where(table, others, lambda values: np.all(values == parts["month"], axis=1), some)
        found |= set(months) if len(months) < len(others) else set()
    left = set(called)
    likely = where(table, [n for n in numbers if n not in left], lambda values: _may_be_dates(values, stamps), some)
    return found | {n for n in likely if _is_date_copy(table.columns[n].values[some].astype(np.float64), stamps)}


def _may_count_time(name: str) -> bool:
    """Return True for names such as time, Seconds and Elapsed (min), but not for Minutes Sedentary."""
    found = set(words(name))
    return bool(parts_named(name) & {"time", "moment", "epoch"}) or bool(found and found <= _UNITS)


def _part(name: str) -> str:
    """Return the part of a date that a name may mean: year for fiscal_year, weekday for Weekday."""
    joined = "".join(words(name))
    left = [w for w in words(name) if w not in _BESIDE]
    return joined if joined in _WEEKDAYS else _SHORT_PARTS.get("".join(left), "".join(left))


def _repeats(values: np.ndarray, part: str, parts: dict[str, np.ndarray]) -> bool:
    """Return True if numbers repeat a part of the rows' dates, counted from 0 or 1, from another weekday, or in fiscal years."""
    own = parts[part]
    if any(np.array_equal(values, own + shift) for shift in ((0, 1) if np.ptp(own) else (0,))):
        return True
    if part == "year":
        return _is_fiscal_year(values, own, parts["month"] - 1)
    if part == "quarter":
        return _is_fiscal_quarter(values, parts["month"] - 1)
    return part in _WEEKDAYS and _is_counted_from(values, own, 7)


def _is_fiscal_year(values: np.ndarray, year: np.ndarray, month: np.ndarray) -> bool:
    """Return True if numbers are fiscal years that begin in February to December, named by their first or last day."""
    return any(np.array_equal(values, year + (month >= first) - shift) for first in range(1, 12) for shift in (0, 1))


def _is_fiscal_quarter(values: np.ndarray, month: np.ndarray) -> bool:
    """Return True if numbers are the quarters of fiscal years that begin in any month. month: 0 to 11."""
    return any(np.array_equal(values, (month - first) % 12 // 3 + 1) for first in range(12))


def _is_counted_from(values: np.ndarray, part: np.ndarray, cycle: int) -> bool:
    """Return True if numbers count the days of a week from a day other than Monday."""
    whole = not np.isnan(values).any() and values.min() >= 0 and values.max() <= cycle and np.ptp(part) > 0
    return bool(whole and np.ptp((values - part) % cycle) == 0)


def _follows(values: np.ndarray, stamps: np.ndarray) -> bool:
    """Return True if numbers rise by one per unit of time, from microseconds to days, as a device clock does.

    The unit may also be a millionth of a day.
    """
    at = (stamps - stamps[0]).astype(np.float64)
    if len(values) < FEWEST_ROWS or at.max() <= 0 or np.isnan(values).any():
        return False
    rate = (values[np.argmax(at)] - values[0]) / at.max()
    if not any(np.isclose(rate * us, 1, rtol=1e-3) for us in (1, 1e3, 1e6, 60e6, 3600e6, DAY / 1e6, DAY)):
        return False
    return bool(np.allclose(values - values[0], rate * at, rtol=0, atol=1e-6 * rate * at.max()))


def _names_week(name: str) -> bool:
    return "".join(words(name)) in {
        "week",
        "weekofyear",
        "isoweek",
        "epiweek",
        "mmwrweek",
        "cdcweek",
        "weeknumber",
        "weekno",
        "kw",
    }


def _iso_week(day: np.ndarray) -> np.ndarray:
    """Return the ISO week of each date."""
    thursday = day + (3 - (day.astype(np.int64) + 3) % 7).astype("timedelta64[D]")
    return (thursday - thursday.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64) // 7 + 1


def _is_week(values: np.ndarray, week: np.ndarray) -> bool:
    """Return True if numbers are the weeks of the rows by any rule for the first week of a year."""
    if np.isnan(values).any() or values.min() < 0 or values.max() > _LAST_WEEK:
        return False
    apart = np.abs(values - week)
    return bool(np.ptp(week) > 0 and np.all((apart <= 1) | (apart >= 51)))


def _is_hour(values: np.ndarray, hour: np.ndarray) -> bool:
    """Return True if numbers are the hours of the rows on the clock of another zone, which may change once in the rows."""
    if np.ptp(hour) < 6 or np.isnan(values).any() or np.any(values != np.round(values)) or values.min() < 0 or values.max() > 25:
        return False
    return len(np.unique((values.astype(np.int64) - hour) % 24)) <= 2


def _may_be_dates(values: np.ndarray, stamps: np.ndarray) -> np.ndarray:
    """Return (C,) bool, False for the rows of (C, n) that do not begin and end as the dates of these stamps would.

    The first and the last value rule out nearly every other column, such as sales.
    """
    likely = np.isfinite(values).all(1)
    for at in (0, -1):
        one = values[:, at].astype(np.float64)
        day = int(stamps[at].astype("datetime64[D]").astype(np.int64))
        year = int(stamps[at].astype("datetime64[Y]").astype(np.int64)) + 1970
        in_year = np.abs(np.floor(one / 100) - year) <= 1  # 202405, a month or a week
        likely &= (np.abs(one - year) <= 1.1) | (np.floor(one) == day + 25569) | in_year | (np.abs(values).max(1) >= 1e6)
    return np.asarray(likely)


def _is_date_copy(values: np.ndarray, stamps: np.ndarray) -> bool:
    """Return True if numbers repeat the rows' dates: 20240131, a decimal year, an epoch, a day of a spreadsheet."""
    if (
        len(values) < 3
        or not np.isfinite(values).all()
        or np.abs(values).max() > 2**62
        or np.all(values == values[0])
        or np.all(stamps == stamps[0])
    ):
        return False
    if np.abs(values).max() < 1000 and stamps.min() > np.datetime64("1903-01-01"):
        return False  # neither a year of these dates nor a day of a spreadsheet
    day = stamps.astype("datetime64[D]")
    year = stamps.astype("datetime64[Y]")
    if np.array_equal(values, year.astype(np.int64) + 1970):
        return True
    if np.abs(values - (year.astype(np.int64) + 1970)).max() <= 1.1 and np.any(values != np.round(values)):
        fraction = (day - year.astype("datetime64[D]")).astype(np.int64) / 365.25
        return bool(np.abs(values - (year.astype(np.int64) + 1970) - fraction).max() < 0.09)
    if np.array_equal(np.floor(values).astype(np.int64), day.astype(np.int64) + 25569):
        return True
    if np.abs(values).max() < 1e6:
        return _is_month_or_week(values, stamps)
    found = parse_numbers(values)
    return found is not None and bool(np.array_equal(found[0].astype("datetime64[D]"), day))


def _is_month_or_week(values: np.ndarray, stamps: np.ndarray) -> bool:
    """Return True if numbers such as 202405 are the months of the rows, or their weeks by any rule for the first week."""
    if np.any(values != np.round(values)) or values.min() < 100_000:
        return False
    years, parts = np.divmod(values, 100)
    month = stamps.astype("datetime64[M]").astype(np.int64)
    if np.array_equal(years * 12 + parts - 1, month + 1970 * 12):
        return True
    week = _iso_week(stamps.astype("datetime64[D]"))
    apart = np.abs(years - (stamps.astype("datetime64[Y]").astype(np.int64) + 1970)).max()
    return bool(apart <= 1 and parts.min() >= 1 and _is_week(parts, week))
