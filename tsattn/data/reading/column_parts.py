"""One column -> one part of a timestamp: year, month, quarter, week, hour and the like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.columns import Column
from tsattn.data.reading.date_parts import NAIVE, month_names, zone_offset
from tsattn.data.reading.date_spelling import normalized
from tsattn.data.reading.date_texts import parse_texts, times_of_day
from tsattn.data.reading.month_names import QUARTER_WORD, ZONE_NAMES
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.reading.time_names import plain, says_time, time_words

# part -> (least, greatest, pattern of a text, where the group n is the number)
_PARTS: dict[str, tuple[int, int, str]] = {
    "year": (1000, 9999, r"^(?:fy ?)?(?P<n>\d{4})\.?$"),
    "month": (1, 12, r"^(?:m|p(?:er(?:iod)?)? ?)?(?P<n>\d{1,2})$"),
    "quarter": (1, 4, rf"^(?:k|{QUARTER_WORD})?(?P<n>[1-4])(?:q|t|\.? ?quartal|st|nd|rd|th)?$"),
    "half": (1, 2, r"^(?:h|s|half ?)?(?P<n>[12])(?:h|s)?$"),
    "week": (1, 53, r"^(?:w|kw|wk|week ?)?(?P<n>\d{1,2})$"),
    "day_of_year": (1, 366, r"^(?P<n>\d{1,3})$"),
    "day": (1, 31, r"^(?P<n>\d{1,2})(?:st|nd|rd|th|\.)?$"),
    "minute": (0, 59, r"^(?P<n>\d{1,2})$"),
    "second": (0, 60, r"^(?P<n>\d{1,2})$"),
}
_ROMAN = ("i", "ii", "iii", "iv")
_SEASONS = [
    "djf",
    "jfm",
    "fma",
    "mam",
    "amj",
    "mjj",
    "jja",
    "jas",
    "aso",
    "son",
    "ond",
    "ndj",
]  # three months each, named by the one in the middle
_YEARLY = ("annual", "average", "avg", "mean", "total", "year", "yearly", "ann", "sum", "all")
LEFT_OUT = -1  # a row of a whole year among rows of months
_HOUR = 3_600_000_000
_MINUTE = _HOUR // 60
_UNITS_OF_DAY = {
    _MINUTE: ("minuteofday", "minofday", "minutesofday", "minutessincemidnight"),
    1_000_000: ("secondofday", "secofday", "secondsofday", "secondssincemidnight"),
}
_SLOT_WORDS = {"slot", "sp", "hh", "qh", "ptu", "pte", "viertelstunde", plain("時刻コード")}
_PERIOD_WORDS = {"period", "interval", "mtu"} | _SLOT_WORDS
# number of periods in a day, including days of 25 hours -> microseconds of each
_PERIODS = {48: _HOUR // 2, 50: _HOUR // 2, 96: _HOUR // 4, 100: _HOUR // 4}


def part_of(column: Column, part: str) -> np.ndarray | None:
    """Return (n,) int64 numbers of a part, LEFT_OUT for rows of whole years among months; None where it is not that part."""
    least, greatest, pattern = _PARTS[part]
    if column.kind == "stamp" or not len(column) or column.missing.any():
        return None
    if column.kind == "number":
        values = column.values.astype(np.float64)
        if np.any(values != np.round(values)):
            return None
        whole = values.astype(np.int64)
    else:
        by_label = _from_texts(normalized(column.labels), part, pattern)
        if by_label is None:
            return None
        whole = by_label[column.values]
    if part == "month" and least <= np.min(whole[whole != LEFT_OUT], initial=13) and whole.max() == 13:
        whole = np.where(whole == 13, LEFT_OUT, whole)
    seen = whole[whole != LEFT_OUT]
    return whole if len(seen) and seen.min() >= least and seen.max() <= greatest else None


def _from_texts(texts: Any, part: str, pattern: str) -> np.ndarray | None:
    import pyarrow.compute as pc

    for number, roman in enumerate(_ROMAN if part == "quarter" else (), 1):
        texts = pc.replace_substring_regex(texts, rf"^{roman}$", str(number))
    whole = _group(texts, pattern)
    failed = whole < 0
    if part == "month" and failed.any():
        bare = pc.utf8_rtrim(texts, ".")
        seasons = pc.index_in(bare, value_set=arrow.strings(_SEASONS))
        if len(texts) == len(_SEASONS) and not seasons.null_count:
            return np.asarray(arrow.values(seasons, 0).astype(np.int64)) + 1
        whole = np.where(failed, month_names(bare), whole)
        yearly = arrow.values(pc.is_in(bare, value_set=arrow.strings(_YEARLY)), False).astype(bool)
        failed = (whole == 0) & ~yearly
        whole = np.where(whole == 0, LEFT_OUT, whole)
    return None if failed.any() else whole


def _group(texts: Any, pattern: str) -> np.ndarray:
    """Return the number in the group n, -1 where a text does not match."""
    import pyarrow as pa
    import pyarrow.compute as pc

    groups = pc.extract_regex(texts, pattern)
    return np.asarray(arrow.values(pc.struct_field(groups, "n").cast(pa.int64()), -1)).copy()


def months_of_periods(column: Column) -> np.ndarray | None:
    """Return the months of the periods M01 to M12, Q01 to Q04, S01 and S02; LEFT_OUT for M13, Q05, S03 and A01 beside them."""
    if column.kind != "text" or column.labels is None or not len(column.labels) or column.missing.any():
        return None
    texts = normalized(column.labels)
    numbers = _group(texts, r"^[mqsa](?P<n>\d{2})$")
    if np.any(numbers < 1):
        return None
    months = np.full(len(numbers), LEFT_OUT)
    used = np.bincount(column.values, minlength=len(numbers)) > 0
    letters = np.array([t[0] for t in texts.to_pylist()])
    kinds = [k for k in "mqsa" if np.any((letters == k) & used & (numbers < {"m": 13, "q": 5, "s": 3, "a": 2}[k]))]
    if not kinds:
        return None
    width = {"m": 1, "q": 3, "s": 6, "a": 12}[kinds[0]]
    fits = (letters == kinds[0]) & (numbers <= 12 // width)
    if len(kinds) > 1 and kinds[1] != "a":
        return None
    months[fits] = (numbers[fits] - 1) * width + 1
    return months[column.values]


def months_numbered(column: Column) -> np.ndarray:
    """Return the months of periods numbered 1 to 12, or the first months of quarters 1 to 4; zeros for other columns."""
    numbers = part_of(column, "month")
    found = set() if numbers is None else set(np.unique(numbers).tolist())
    if numbers is None or LEFT_OUT in found or not ({1, 12} <= found or found == {1, 2, 3, 4}):
        return np.zeros(len(column), np.int64)
    return numbers if 12 in found else (numbers - 1) * 3 + 1


def hours_of(column: Column) -> np.ndarray | None:
    """Return (n,) timedelta64[us] since midnight of a column of times of day, hours 0 to 23, hours ending 1 to 24 or HHMM.

    An hour with an X (02X, 2B), which comes a second time when clocks go back, gets the same time as the first.
    """
    if column.kind == "stamp" or not len(column) or column.missing.any():
        return None
    if column.kind == "text":
        spans, failed = times_of_day(column.labels)
        if not failed.any():
            return np.asarray(_begun(spans, column.name)[column.values])
        by_label = _group(
            normalized(column.labels),
            r"^(?:he|h|hour)? ?(?P<n>\d{1,4}|\d{6})[xab*]?(?:h|th)?(?: ?(?:utc|gmt|z))?(?: ?[-\x{2013}] ?\d{1,2}h?)?$",
        )
        if np.any(by_label < 0):
            return None
        numbers = by_label[column.values]
    else:
        values = column.values.astype(np.float64)
        most = 24 * _HOUR // (_unit_of_day(column.name) or _HOUR // 100)
        if np.any(values != np.round(values)) or values.min() < 0 or values.max() > most:
            return None
        numbers = values.astype(np.int64)
    names = set(time_words(column.name))
    if (unit := _unit_of_day(column.name)) and numbers.max() * unit < 24 * _HOUR:
        return (numbers * unit).astype("timedelta64[us]")
    first = int(numbers.min())
    if names & _PERIOD_WORDS and first in (0, 1) and (size := _PERIODS.get(int(numbers.max()) + 1 - first)):
        return ((numbers - first) * size).astype("timedelta64[us]")
    return _clock_numbers(numbers, ending=bool(names & {"ending", "he", "end", "hourending"}))


def says_slot(name: str) -> bool:
    """Return True if a name says that its column numbers the periods, minutes or seconds of a day."""
    return _unit_of_day(name) > 0 or bool(set(time_words(name)) & _SLOT_WORDS)


def _unit_of_day(name: str) -> int:
    """Return the microseconds of the unit that a column counts from midnight, 0 if its name states none: minute_of_day."""
    joined = "".join(time_words(name))
    return next((unit for unit, ends in _UNITS_OF_DAY.items() if joined in ends), 0)


def _begun(spans: np.ndarray, name: str) -> np.ndarray:
    """Convert times named by their ends, 01:00 to 24:00 or in a column such as HourEnding, to their starts; keep others."""
    found = np.unique(spans.astype(np.int64))
    ends = found[-1] == 24 * _HOUR or bool(set(time_words(name)) & {"ending", "he", "hourending"})
    if not ends or len(found) < 2:
        return spans
    step = int(np.diff(found).min())
    return spans - np.timedelta64(step, "us") if found[0] >= step else spans


def counts_periods(column: Column) -> bool:
    """Return True if a column counts the periods of a day, as settlement periods do, or hours up to 25."""
    if column.kind != "number" or not len(column):
        return False
    return bool(set(time_words(column.name)) & _PERIOD_WORDS) or bool(column.values.max() == 25 and column.values.min() == 1)


def _clock_numbers(numbers: np.ndarray, ending: bool) -> np.ndarray | None:
    low, high = int(numbers.min()), int(numbers.max())
    if (low, high) == (1, 25):
        return ((numbers - 1) * _HOUR).astype("timedelta64[us]")
    if high <= 24:
        us = numbers * _HOUR
        step = _HOUR
        ending = ending or (low >= 1 and high == 24)
    elif high > 2400:
        clock = numbers // 10_000 * _HOUR + numbers // 100 % 100 * _MINUTE + numbers % 100 * 1_000_000  # HHMMSS
        valid = numbers % 100 == 0, numbers // 100 % 100 < 60, clock < 24 * _HOUR
        return clock.astype("timedelta64[us]") if np.all(valid) and high >= 10_000 else None
    else:
        if np.any(numbers % 100 > 59) or high < 100:
            return _minutes_of_day(numbers)
        us = numbers // 100 * _HOUR + numbers % 100 * _MINUTE
        distinct = np.unique(us)
        step = int(np.diff(distinct).min()) if len(distinct) > 1 else _HOUR
        ending = ending or (high == 2400 and low > 0)
    if ending:
        if low < 1:
            return None
        us = us - step
    return us.astype("timedelta64[us]")


def _minutes_of_day(numbers: np.ndarray) -> np.ndarray | None:
    """Return times of numbers that step evenly through the minutes of a day, such as 0, 180, …, 1260; else None."""
    steps = np.unique(np.diff(np.unique(numbers)))
    even = len(steps) == 1 and int(numbers.min()) == 0 and (len(np.unique(numbers)) * int(steps[0])) == 1440
    return (numbers * _MINUTE).astype("timedelta64[us]") if even else None


def offsets_of(column: Column) -> np.ndarray | None:
    """Return (n,) microseconds from UTC of a column of zone names such as EDT and EST, or of offsets such as +01:00."""
    if column.kind == "text" and column.labels is not None and len(column.labels) and not column.missing.any():
        table = np.array([zone_offset(t) for t in column.texts()], np.int64)
        return None if np.any(table <= NAIVE + 1) else table[column.values]
    if column.kind == "number" and {"utc", "offset"} <= set(time_words(column.name)) and not column.missing.any():
        hours = column.values.astype(np.float64)
        return (hours * _HOUR).astype(np.int64) if len(hours) and np.abs(hours).max() <= 14 else None
    return None


def common_zone(column: Column) -> str | None:
    """Return the zone that every zone name of a column belongs to, such as America/New_York for EDT and EST."""
    zones = {ZONE_NAMES[t.lower()][1] for t in column.texts() if t.lower() in ZONE_NAMES}
    return zones.pop() if len(zones) == 1 else None


def years_of(column: Column) -> np.ndarray | None:
    """Return the years of a column that holds them as numbers, as FY2024 or as 2023/24."""
    found = part_of(column, "year")
    if found is not None or column.kind != "text" or column.labels is None or column.missing.any() or as_numbers(column):
        return found
    parsed = parse_texts(column.labels)
    if parsed.failed.any() or not set(parsed.styles) <= {"2000", "FY2000", "2000/01", "FY00/01"}:
        return None
    return (parsed.wall.astype("datetime64[Y]").astype(np.int64) + 1970)[column.values]


def with_names_of_months(named: dict[str, Column], columns: Mapping[str, Column]) -> dict[str, Column]:
    """Return the parts with a column that holds the names of twelve months, beside one of years that is named for time."""
    texts = [c for c in columns.values() if c.kind == "text" and c.labels is not None and len(c.labels) == 12]
    months = next((c for c in texts if all(t.isalpha() for t in c.texts()) and part_of(c, "month") is not None), None)
    years = [c for c in columns.values() if c.kind == "number" and says_time(c.name) and part_of(c, "year") is not None]
    year = named.get("year") or next(iter(years), None)
    return named if months is None or year is None else {"year": year, "month": months}


def with_year_before(named: dict[str, Column], columns: list[Column]) -> dict[str, Column]:
    """Return the parts with the column before that of the month as the year, if it holds years."""
    at = next(k for k, c in enumerate(columns) if c is named["month"])
    years = part_of(columns[at - 1], "year") if at else None
    return {**named, "year": columns[at - 1]} if years is not None and years.min() >= 1800 and years.max() <= 2200 else named
